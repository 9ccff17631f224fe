#include "LifeVerseServerSubsystem.h"

#include <utility>

#include "Engine/Engine.h"
#include "Engine/GameInstance.h"
#include "Engine/NetConnection.h"
#include "Engine/World.h"
#include "GameFramework/GameModeBase.h"
#include "GameFramework/PlayerController.h"
#include "HAL/PlatformProcess.h"
#include "HAL/PlatformTime.h"
#include "HttpManager.h"
#include "HttpModule.h"
#include "LifeVerseServer.h"
#include "LifeVerseSettings.h"
#include "LifeVerseText.h"
#include "Misc/CommandLine.h"
#include "Misc/Parse.h"
#include "UObject/UObjectGlobals.h"

namespace
{
lifeverse::Millis Millis(float Seconds) { return static_cast<lifeverse::Millis>(static_cast<double>(Seconds) * 1000.0); }

lifeverse::GameServerOptions OptionsOf(const ULifeVerseSettings& Settings, const FString& Build)
{
	lifeverse::GameServerOptions Options;
	Options.session.build = ToCore(Build);
	Options.session.plugin = "LifeVerse/0.1.0";
	Options.session.pid = static_cast<std::int64_t>(FPlatformProcess::GetCurrentProcessId());
	Options.session.flushMs = Millis(Settings.FlushSeconds);
	Options.session.drainMs = Millis(Settings.DrainSeconds);
	Options.session.snapshots.everyEntries = Settings.SnapshotEveryEntries;
	Options.session.snapshots.everyMs = Millis(Settings.SnapshotEverySeconds);
	const double MaxTickRate = GEngine ? static_cast<double>(GEngine->GetMaxTickRate(0.0f, false)) : 0.0;
	if (MaxTickRate > 0.0)
	{
		Options.session.tickMs = 1000.0 / MaxTickRate;
	}
	Options.connections.requireTickets = GIsEditor ? Settings.bRequireTicketsInEditor : Settings.bRequireTickets;
	Options.connections.arriveMs = Millis(Settings.ArriveSeconds);
	Options.connections.travelMs = Millis(Settings.ArriveSeconds);
	Options.warmByGame = Settings.bWarmByGame;
	Options.readyByGame = Settings.bReadyByGame;
	Options.travelToMap = Settings.bTravelToMap;
	return Options;
}

/** Nothing where a text is no JSON object. */
std::optional<lifeverse::Json> ObjectOf(const FString& Text)
{
	auto Value = lifeverse::Json::parse(ToCore(Text));
	if (const auto Fault = Value ? Value->notKept() : std::nullopt)
	{
		UE_LOG(LogLifeVerse, Warning, TEXT("An entry is not taken, since this in it would not come back as it is: %s"), *FromCore(*Fault));
	}
	return Value && Value->isObject() ? Value : std::nullopt;
}

std::optional<lifeverse::Shares> SharesOf(const TMap<FString, FString>& Shares)
{
	lifeverse::Shares Out;
	for (const TPair<FString, FString>& Share : Shares)
	{
		auto Data = ObjectOf(Share.Value);
		if (!Data)
		{
			return std::nullopt;
		}
		Out.emplace_back(ToCore(Share.Key), std::move(*Data));
	}
	return Out;
}

UNetConnection* ConnectionOf(const APlayerController* Player) { return Player ? Cast<UNetConnection>(Player->Player) : nullptr; }
} // namespace

ULifeVerseServerSubsystem* ULifeVerseServerSubsystem::Get(const UObject* WorldContextObject)
{
	const UWorld* World = GEngine ? GEngine->GetWorldFromContextObject(WorldContextObject, EGetWorldErrorMode::ReturnNull) : nullptr;
	return World ? UGameInstance::GetSubsystem<ULifeVerseServerSubsystem>(World->GetGameInstance()) : nullptr;
}

void ULifeVerseServerSubsystem::Initialize(FSubsystemCollectionBase& Collection)
{
	UGameInstanceSubsystem::Initialize(Collection);
	if (!GetDefault<ULifeVerseSettings>()->bEnabled)
	{
		return;
	}
	Ticker = FTSTicker::GetCoreTicker().AddTicker(FTickerDelegate::CreateUObject(this, &ULifeVerseServerSubsystem::Tick));
}

void ULifeVerseServerSubsystem::Deinitialize()
{
	FTSTicker::GetCoreTicker().RemoveTicker(Ticker);
	Stop();
	UGameInstanceSubsystem::Deinitialize();
}

bool ULifeVerseServerSubsystem::Tick(float)
{
	UWorld* World = GetWorld();
	if (!Server.IsValid() && World && ServesHere(*World))
	{
		Start(*World);
	}
	if (Server.IsValid())
	{
		// The delegate is the engine's only one: a client's game instance that begins later, as in Play In Editor, takes it.
		if (!FNetDelegates::OnReceivedNetworkEncryptionToken.IsBoundToObject(this))
		{
			FNetDelegates::OnReceivedNetworkEncryptionToken.BindUObject(this, &ULifeVerseServerSubsystem::HandleEncryptionToken);
		}
		Server->Tick(World);
	}
	return true;
}

bool ULifeVerseServerSubsystem::ServesHere(const UWorld& World) const
{
	const ENetMode Mode = World.GetNetMode();
	return World.IsGameWorld() && (Mode == NM_DedicatedServer || Mode == NM_ListenServer) && (!GIsEditor || GetDefault<ULifeVerseSettings>()->bRunInEditor);
}

void ULifeVerseServerSubsystem::Start(UWorld&)
{
	const ULifeVerseSettings* Settings = GetDefault<ULifeVerseSettings>();
	int32 Port = Settings->BridgePort;
	FParse::Value(FCommandLine::Get(), TEXT("LifeVerseBridgePort="), Port);
	FString Build = Settings->Build;
	FParse::Value(FCommandLine::Get(), TEXT("LifeVerseBuild="), Build);
	UE_LOG(LogLifeVerse, Log, TEXT("Build %s greets the bridge on port %d"), *Build, Port);
	Server = MakePimpl<FLifeVerseServer>(*this, Port, OptionsOf(*Settings, Build));

	FCoreUObjectDelegates::PreLoadMapWithContext.AddUObject(this, &ULifeVerseServerSubsystem::HandlePreLoadMap);
	FWorldDelegates::OnSeamlessTravelStart.AddUObject(this, &ULifeVerseServerSubsystem::HandleSeamlessTravelStart);
	GEngine->OnTravelFailure().AddUObject(this, &ULifeVerseServerSubsystem::HandleTravelFailure);
	FGameModeEvents::OnGameModePostLoginEvent().AddUObject(this, &ULifeVerseServerSubsystem::HandlePostLogin);
	FGameModeEvents::OnGameModeLogoutEvent().AddUObject(this, &ULifeVerseServerSubsystem::HandleLogout);
}

void ULifeVerseServerSubsystem::Stop()
{
	if (!Server.IsValid())
	{
		return;
	}
	FCoreUObjectDelegates::PreLoadMapWithContext.RemoveAll(this);
	FWorldDelegates::OnSeamlessTravelStart.RemoveAll(this);
	FGameModeEvents::OnGameModePostLoginEvent().RemoveAll(this);
	FGameModeEvents::OnGameModeLogoutEvent().RemoveAll(this);
	if (GEngine)
	{
		GEngine->OnTravelFailure().RemoveAll(this);
	}
	if (FNetDelegates::OnReceivedNetworkEncryptionToken.IsBoundToObject(this))
	{
		FNetDelegates::OnReceivedNetworkEncryptionToken.Unbind();
	}
	// The engine is going and will call no tick any more: here, and only here, saves are waited for.
	Server->BeginExit();
	Server->GetCore().terminate("the game server exits");
	const double Until = FPlatformTime::Seconds() + static_cast<double>(GetDefault<ULifeVerseSettings>()->ExitFlushSeconds);
	while (!Server->IsOver() && FPlatformTime::Seconds() < Until)
	{
		FHttpModule::Get().GetHttpManager().Tick(0.01f);
		Server->Tick(nullptr);
		FPlatformProcess::Sleep(0.01f);
	}
	Server.Reset();
}

bool ULifeVerseServerSubsystem::IsOurs(const UWorld* World) const { return World && World->GetGameInstance() == GetGameInstance(); }

void ULifeVerseServerSubsystem::HandlePreLoadMap(const FWorldContext& Context, const FString&)
{
	if (Context.OwningGameInstance == GetGameInstance())
	{
		Server->GetCore().mapStarts();
	}
}

void ULifeVerseServerSubsystem::HandleSeamlessTravelStart(UWorld* World, const FString&)
{
	if (IsOurs(World))
	{
		Server->GetCore().mapStarts();
	}
}

void ULifeVerseServerSubsystem::HandleTravelFailure(UWorld* World, ETravelFailure::Type, const FString& Detail)
{
	if (IsOurs(World))
	{
		Server->GetCore().travelFailed(ToCore(Detail));
	}
}

void ULifeVerseServerSubsystem::PreLogin(const FString& Options, TFunction<void(const FString&)> OnComplete)
{
	if (!Server.IsValid())
	{
		OnComplete(FString());
		return;
	}
	Server->GetCore().connections().preLogin(ToCore(Options), [OnComplete = MoveTemp(OnComplete)](const std::string& Refusal)
	{
		OnComplete(FromCore(Refusal));
	});
}

void ULifeVerseServerSubsystem::HandlePostLogin(AGameModeBase* GameMode, APlayerController* Player)
{
	UNetConnection* Connection = ConnectionOf(Player);
	if (!GameMode || !IsOurs(GameMode->GetWorld()) || !Connection)
	{
		return;
	}
	const lifeverse::ConnectionId Id = Server->IdOf(Connection);
	lifeverse::Connections& Connections = Server->GetCore().connections();
	switch (Connections.postLogin(Id, ToCore(Connection->RequestURL)))
	{
	case lifeverse::Arrival::Refused:
		Server->drop(Id, "lifeverse:malformed: a join ticket is needed");
		break;
	case lifeverse::Arrival::Seated:
		if (const lifeverse::Seat* Seat = Connections.seatOf(Id))
		{
			OnPlayerSeated.Broadcast(Player, FromCore(Seat->playerId), FromCore(Seat->role));
		}
		break;
	case lifeverse::Arrival::WithoutSeat:
		break;
	}
}

void ULifeVerseServerSubsystem::HandleLogout(AGameModeBase* GameMode, AController*)
{
	// A controller also goes when a travel gives its player another one: which connections are left is what counts.
	if (GameMode && IsOurs(GameMode->GetWorld()))
	{
		Server->CheckConnections();
	}
}

void ULifeVerseServerSubsystem::HandleEncryptionToken(const FString& Token, const FOnEncryptionKeyResponse& Delegate)
{
	Server->GetCore().session().packetKey(ToCore(Token), [Delegate](const std::optional<lifeverse::PacketKey>& Key)
	{
		FEncryptionKeyResponse Response(EEncryptionResponse::NoKey, TEXT("This player has no seat here"));
		if (Key)
		{
			Response.Response = EEncryptionResponse::Success;
			Response.ErrorMsg = FString();
			Response.EncryptionData.Key.Append(Key->data(), static_cast<int32>(Key->size()));
		}
		Delegate.ExecuteIfBound(Response);
	});
}

void ULifeVerseServerSubsystem::MarkWarm()
{
	if (Server.IsValid())
	{
		Server->GetCore().warm();
	}
}

void ULifeVerseServerSubsystem::MarkReady()
{
	if (Server.IsValid())
	{
		Server->GetCore().ready();
	}
}

void ULifeVerseServerSubsystem::EndSession(const FString& Reason)
{
	if (Server.IsValid())
	{
		Server->GetCore().session().end(ToCore(Reason));
	}
}

ELifeVerseStage ULifeVerseServerSubsystem::GetStage() const
{
	static_assert(static_cast<int>(ELifeVerseStage::Ended) == static_cast<int>(lifeverse::Stage::Ended) + 1, "the stages are in one order, after Off");
	return Server.IsValid() ? static_cast<ELifeVerseStage>(static_cast<int>(Server->GetCore().session().stage()) + 1) : ELifeVerseStage::Off;
}

bool ULifeVerseServerSubsystem::GetSession(FLifeVerseSession& Session) const
{
	if (!Server.IsValid() || !Server->GetCore().session().info())
	{
		return false;
	}
	Session = SessionFromCore(*Server->GetCore().session().info());
	return true;
}

TArray<FLifeVerseNotice> ULifeVerseServerSubsystem::GetNotices() const
{
	return Server.IsValid() ? NoticesFromCore(Server->GetCore().session().notices()) : TArray<FLifeVerseNotice>();
}

FString ULifeVerseServerSubsystem::GetPlayerId(const APlayerController* Player) const
{
	const UNetConnection* Connection = ConnectionOf(Player);
	const lifeverse::Seat* Seat = Server.IsValid() && Connection ? Server->GetCore().connections().seatOf(Server->IdOf(Connection)) : nullptr;
	return Seat ? FromCore(Seat->playerId) : FString();
}

APlayerController* ULifeVerseServerSubsystem::GetPlayer(const FString& PlayerId) const
{
	UNetConnection* Connection = Server.IsValid() ? Server->ConnectionOf(Server->GetCore().connections().connectionOf(ToCore(PlayerId))) : nullptr;
	return Connection ? Connection->PlayerController.Get() : nullptr;
}

void ULifeVerseServerSubsystem::KickPlayer(const FString& PlayerId, const FString& Reason)
{
	if (Server.IsValid())
	{
		Server->GetCore().session().kick(ToCore(PlayerId), ToCore(Reason));
	}
}

void ULifeVerseServerSubsystem::LeaveForGood(const APlayerController* Player)
{
	if (const UNetConnection* Connection = Server.IsValid() ? ConnectionOf(Player) : nullptr)
	{
		Server->GetCore().connections().leaveForGood(Server->IdOf(Connection));
	}
}

int64 ULifeVerseServerSubsystem::AppendWorld(const FString& Data, const TMap<FString, FString>& Shares)
{
	const auto Entry = ObjectOf(Data);
	const auto Brought = SharesOf(Shares);
	return Server.IsValid() && Entry && Brought ? Server->GetCore().session().saves().addWorld(*Entry, *Brought).value_or(0) : 0;
}

void ULifeVerseServerSubsystem::OpenInventory(const FString& PlayerId, const FLifeVerseInventoryOpened& OnOpened)
{
	if (!Server.IsValid())
	{
		OnOpened.ExecuteIfBound(false, TEXT("no_session"), FLifeVerseRestore());
		return;
	}
	Server->GetCore().session().saves().openInventory(ToCore(PlayerId), [OnOpened](const lifeverse::Result<lifeverse::Restore>& Result)
	{
		OnOpened.ExecuteIfBound(static_cast<bool>(Result), FromCore(Result.failure.code), Result ? RestoreFromCore(*Result.value) : FLifeVerseRestore());
	});
}

int64 ULifeVerseServerSubsystem::AppendInventory(const FString& PlayerId, const FString& Data, const TMap<FString, FString>& Shares)
{
	const auto Entry = ObjectOf(Data);
	const auto Brought = SharesOf(Shares);
	return Server.IsValid() && Entry && Brought ? Server->GetCore().session().saves().addInventory(ToCore(PlayerId), *Entry, *Brought).value_or(0) : 0;
}

void ULifeVerseServerSubsystem::SetSaveHooks(const FLifeVerseCaptureWorld& World, const FLifeVerseCaptureInventory& Inventory)
{
	CaptureWorld = World;
	CaptureInventory = Inventory;
}
