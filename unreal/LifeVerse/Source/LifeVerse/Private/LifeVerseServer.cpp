#include "LifeVerseServer.h"

#include <utility>

#include "Engine/NetConnection.h"
#include "Engine/NetDriver.h"
#include "Engine/World.h"
#include "GameFramework/GameModeBase.h"
#include "GameFramework/GameSession.h"
#include "GameFramework/PlayerController.h"
#include "HAL/PlatformMisc.h"
#include "HAL/PlatformTime.h"
#include "IPAddress.h"
#include "LifeVerseServerSubsystem.h"
#include "LifeVerseSettings.h"
#include "LifeVerseText.h"
#include "Math/UnrealMathUtility.h"

namespace
{
/** A lost connection is seen by a logout at once, otherwise within this. */
constexpr double ConnectionsEverySeconds = 1.0;

int32 PortOf(const UWorld& World)
{
	UNetDriver* Driver = World.GetNetDriver();
	const TSharedPtr<const FInternetAddr> Local = Driver ? Driver->GetLocalAddr() : nullptr;
	return Local.IsValid() ? Local->GetPort() : 0;
}
} // namespace

FLifeVerseServer::FLifeVerseServer(ULifeVerseServerSubsystem& InOwner, int32 BridgePort, lifeverse::GameServerOptions Options)
	: Owner(InOwner)
	, Transport(BridgePort)
	, Core(Transport, [] { return static_cast<double>(FMath::FRand()); }, *this, std::move(Options))
{
}

void FLifeVerseServer::Tick(UWorld* World)
{
	Transport.Pump();
	const double Now = FPlatformTime::Seconds();
	if (World && World->HasBegunPlay() && !World->IsInSeamlessTravel())
	{
		if (Standing.Get() != World)
		{
			Standing = World;
			Core.mapStands(ToCore(World->GetMapName()), PortOf(*World), OpenConnections(*World));
		}
		if (Now >= ConnectionsDue)
		{
			ConnectionsDue = Now + ConnectionsEverySeconds;
			Core.connections().live(OpenConnections(*World));
		}
	}
	Core.tick(static_cast<lifeverse::Millis>(Now * 1000.0));
}

lifeverse::ConnectionId FLifeVerseServer::IdOf(const UNetConnection* Connection)
{
	if (!Connection)
	{
		return 0;
	}
	for (const auto& [Id, Known] : Connections)
	{
		if (Known.Get() == Connection)
		{
			return Id;
		}
	}
	Connections[++LastId] = const_cast<UNetConnection*>(Connection);
	return LastId;
}

UNetConnection* FLifeVerseServer::ConnectionOf(lifeverse::ConnectionId Id) const
{
	const auto Found = Connections.find(Id);
	return Found == Connections.end() ? nullptr : Found->second.Get();
}

std::vector<lifeverse::ConnectionId> FLifeVerseServer::OpenConnections(const UWorld& World)
{
	for (auto At = Connections.begin(); At != Connections.end();)
	{
		At = At->second.IsValid() ? std::next(At) : Connections.erase(At);
	}
	std::vector<lifeverse::ConnectionId> Open;
	if (const UNetDriver* Driver = World.GetNetDriver())
	{
		for (const UNetConnection* Connection : Driver->ClientConnections)
		{
			if (Connection && Connection->GetConnectionState() != USOCK_Closed)
			{
				Open.push_back(IdOf(Connection));
			}
		}
	}
	return Open;
}

void FLifeVerseServer::travel(const std::string& Map)
{
	UWorld* World = Owner.GetWorld();
	// Relative, so that the port and the other options of the server's own URL stay.
	if (!World || !World->ServerTravel(FromCore(Map), false))
	{
		Core.travelFailed("the engine refused the travel");
	}
}

void FLifeVerseServer::restore(const lifeverse::SessionInfo& Info, const lifeverse::Restore* World)
{
	Owner.OnRestoreWorld.Broadcast(SessionFromCore(Info), World ? RestoreFromCore(*World) : FLifeVerseRestore());
}

void FLifeVerseServer::joinable(const lifeverse::SessionInfo& Info)
{
	UE_LOG(LogLifeVerse, Log, TEXT("The session %s is joinable"), *FromCore(Info.allocationId));
	Owner.OnJoinable.Broadcast(SessionFromCore(Info));
}

void FLifeVerseServer::noticed(const std::vector<lifeverse::Notice>& Notices)
{
	Owner.OnNotices.Broadcast(NoticesFromCore(Notices));
}

void FLifeVerseServer::draining(const std::string& Reason, lifeverse::Millis LeftMs)
{
	UE_LOG(LogLifeVerse, Log, TEXT("The server is being taken away: %s"), *FromCore(Reason));
	Owner.OnDraining.Broadcast(FromCore(Reason), static_cast<float>(LeftMs) / 1000.0f);
}

void FLifeVerseServer::ended(const std::string& Reason, bool bClean)
{
	bOver = true;
	UE_LOG(LogLifeVerse, Log, TEXT("The session is over: %s"), *FromCore(Reason));
	Owner.OnEnded.Broadcast(FromCore(Reason), bClean);
	if (GetDefault<ULifeVerseSettings>()->bExitWhenOver && IsRunningDedicatedServer() && !GIsEditor)
	{
		FPlatformMisc::RequestExit(false);
	}
}

void FLifeVerseServer::drop(lifeverse::ConnectionId Id, const std::string& Reason)
{
	UNetConnection* Connection = ConnectionOf(Id);
	if (!Connection)
	{
		return;
	}
	const UWorld* World = Owner.GetWorld();
	AGameModeBase* GameMode = World ? World->GetAuthGameMode() : nullptr;
	APlayerController* Player = Connection->PlayerController;
	const bool bKicked = Player && GameMode && GameMode->GameSession && GameMode->GameSession->KickPlayer(Player, FText::FromString(FromCore(Reason)));
	if (!bKicked)
	{
		Connection->Close();
	}
}

void FLifeVerseServer::accepted(lifeverse::Seq Seq) { Owner.OnWorldAccepted.Broadcast(Seq); }

void FLifeVerseServer::durable(lifeverse::Seq Seq) { Owner.OnWorldDurable.Broadcast(Seq); }

void FLifeVerseServer::refused(const lifeverse::Refusal& Refusal)
{
	UE_LOG(LogLifeVerse, Error, TEXT("Nothing is kept of entry %lld of the world: %s"), Refusal.seq, *FromCore(Refusal.detail));
	Owner.OnWorldRefused.Broadcast(Refusal.seq, FromCore(Refusal.code));
}

std::string FLifeVerseServer::capture() { return Owner.CaptureWorld.IsBound() ? ToCore(Owner.CaptureWorld.Execute()) : std::string(); }

void FLifeVerseServer::readOnly()
{
	UE_LOG(LogLifeVerse, Warning, TEXT("The world is read-only: another session holds it"));
	Owner.OnWorldReadOnly.Broadcast();
}

void FLifeVerseServer::inventoryAccepted(const std::string& Player, lifeverse::Seq Seq) { Owner.OnInventoryAccepted.Broadcast(FromCore(Player), Seq); }

void FLifeVerseServer::inventoryDurable(const std::string& Player, lifeverse::Seq Seq) { Owner.OnInventoryDurable.Broadcast(FromCore(Player), Seq); }

void FLifeVerseServer::inventoryRefused(const std::string& Player, const lifeverse::Refusal& Refusal)
{
	UE_LOG(LogLifeVerse, Error, TEXT("Nothing is kept of entry %lld of an inventory: %s"), Refusal.seq, *FromCore(Refusal.detail));
	Owner.OnInventoryRefused.Broadcast(FromCore(Player), Refusal.seq, FromCore(Refusal.code));
}

std::string FLifeVerseServer::captureInventory(const std::string& Player)
{
	return Owner.CaptureInventory.IsBound() ? ToCore(Owner.CaptureInventory.Execute(FromCore(Player))) : std::string();
}

void FLifeVerseServer::inventoryReadOnly(const std::string& Player) { Owner.OnInventoryReadOnly.Broadcast(FromCore(Player)); }

FLifeVerseSession SessionFromCore(const lifeverse::SessionInfo& Info)
{
	FLifeVerseSession Out;
	Out.AllocationId = FromCore(Info.allocationId);
	Out.Attempt = static_cast<int32>(Info.attempt);
	Out.Mode = FromCore(Info.mode);
	Out.Map = FromCore(Info.map);
	Out.World = FromCore(Info.world);
	Out.Data = FromCore(Info.data.write());
	Out.Capacity = static_cast<int32>(Info.capacity);
	Out.Spectators = static_cast<int32>(Info.spectators);
	return Out;
}

FLifeVerseRestore RestoreFromCore(const lifeverse::Restore& Restore)
{
	FLifeVerseRestore Out;
	Out.Subject = FromCore(Restore.subject);
	Out.DurableSeq = Restore.durableSeq;
	Out.bHasSnapshot = Restore.snapshot.has_value();
	Out.Snapshot = Restore.snapshot ? FromCore(Restore.snapshot->data) : FString();
	for (const lifeverse::JournalEntry& Entry : Restore.entries)
	{
		if (Entry.refused)
		{
			continue;
		}
		FLifeVerseEntry& Added = Out.Entries.AddDefaulted_GetRef();
		Added.Seq = Entry.seq;
		Added.Data = FromCore(Entry.data.write());
	}
	return Out;
}

TArray<FLifeVerseNotice> NoticesFromCore(const std::vector<lifeverse::Notice>& Notices)
{
	const auto Instant = [](const std::optional<std::int64_t>& Ms)
	{
		return Ms ? FDateTime::FromUnixTimestamp(*Ms / 1000) : FDateTime();
	};
	TArray<FLifeVerseNotice> Out;
	for (const lifeverse::Notice& Notice : Notices)
	{
		FLifeVerseNotice& Added = Out.AddDefaulted_GetRef();
		Added.Kind = static_cast<ELifeVerseNotice>(Notice.kind);
		Added.Reason = FromCore(Notice.reason);
		Added.StartsAt = Instant(Notice.startsAt);
		Added.EndsAt = Instant(Notice.endsAt);
		Added.bEndsSessions = Notice.endsSessions;
		Added.PlayerId = FromCore(Notice.playerId);
	}
	return Out;
}

static_assert(static_cast<int>(ELifeVerseNotice::Other) == static_cast<int>(lifeverse::Notice::Kind::Other), "the kinds of notices are in one order");
