#include "LifeVerseClientSubsystem.h"

#include "Engine/Engine.h"
#include "Engine/GameInstance.h"
#include "Engine/PendingNetGame.h"
#include "GameFramework/PlayerController.h"
#include "LifeVerseText.h"
#include "LifeVerseTypes.h"
#include "core/login-options.h"
#include "core/packet-key.h"
#include "core/routing-token.h"

namespace
{
/** Of the game instance whose connection waits for this answer, or null. The engine asks one handler for all of a process, as in Play In Editor. */
const ULifeVerseClientSubsystem* JoiningBy(const FOnEncryptionKeyResponse& Delegate)
{
	for (const FWorldContext& Context : GEngine->GetWorldContexts())
	{
		if (Context.PendingNetGame && Delegate.IsBoundToObject(Context.PendingNetGame.Get()))
		{
			return UGameInstance::GetSubsystem<ULifeVerseClientSubsystem>(Context.OwningGameInstance);
		}
	}
	return nullptr;
}
} // namespace

void ULifeVerseClientSubsystem::Deinitialize()
{
	if (FNetDelegates::OnReceivedNetworkEncryptionAck.IsBoundToObject(this))
	{
		FNetDelegates::OnReceivedNetworkEncryptionAck.Unbind();
	}
	UGameInstanceSubsystem::Deinitialize();
}

bool ULifeVerseClientSubsystem::Join(APlayerController* Player, const FString& Address, const FString& PlayerId, const FString& Ticket, const FString& PacketKey, const FString& RoutingToken)
{
	const FString Url = PrepareJoin(Address, PlayerId, Ticket, PacketKey, RoutingToken);
	if (!Player || Url.IsEmpty())
	{
		return false;
	}
	Player->ClientTravel(Url, TRAVEL_Absolute);
	return true;
}

FString ULifeVerseClientSubsystem::PrepareJoin(const FString& Address, const FString& PlayerId, const FString& Ticket, const FString& PacketKey, const FString& RoutingToken)
{
	const auto Decoded = lifeverse::decodePacketKey(ToCore(PacketKey));
	const auto Url = lifeverse::writeJoinUrl({ToCore(Address), ToCore(PlayerId), ToCore(Ticket), Decoded.has_value()});
	const auto Token = lifeverse::decodeRoutingToken(ToCore(RoutingToken));
	if (!Url || (!Decoded && !PacketKey.IsEmpty()) || (!Token && !RoutingToken.IsEmpty()))
	{
		return FString();
	}
	// Whatever comes without its token an edge drops: the player would wait for a time-out, and never learn why.
	if (Token && !OnRoutingToken.IsBound())
	{
		UE_LOG(LogLifeVerse, Error, TEXT("The address is an edge's, and nothing is bound to OnRoutingToken"));
		return FString();
	}
	TArray<uint8> Route;
	if (Token)
	{
		Route.Append(Token->data(), static_cast<int32>(Token->size()));
	}
	OnRoutingToken.ExecuteIfBound(Route);
	Key.Reset();
	if (Decoded)
	{
		Key.Append(Decoded->data(), static_cast<int32>(Decoded->size()));
		FNetDelegates::OnReceivedNetworkEncryptionAck.BindUObject(this, &ULifeVerseClientSubsystem::HandleEncryptionAck);
	}
	return FromCore(*Url);
}

FString ULifeVerseClientSubsystem::Redact(const FString& Text) { return FromCore(lifeverse::redacted(ToCore(Text))); }

void ULifeVerseClientSubsystem::HandleEncryptionAck(const FOnEncryptionKeyResponse& Delegate)
{
	FEncryptionKeyResponse Response(EEncryptionResponse::NoKey, TEXT("No join was prepared"));
	const ULifeVerseClientSubsystem* Joining = JoiningBy(Delegate);
	if (Joining && Joining->Key.Num() > 0)
	{
		Response.Response = EEncryptionResponse::Success;
		Response.ErrorMsg = FString();
		Response.EncryptionData.Key = Joining->Key;
	}
	Delegate.ExecuteIfBound(Response);
}
