#pragma once

#include "CoreMinimal.h"
#include "Engine/NetworkDelegates.h"
#include "Subsystems/GameInstanceSubsystem.h"

#include "LifeVerseClientSubsystem.generated.h"

class APlayerController;

/** Of the connection that is made next: 16 bytes, or none where the address is the game server's own. */
DECLARE_DELEGATE_OneParam(FLifeVerseRoutingToken, const TArray<uint8>&);

/** The player's side: joins by the address, ticket and packet key that the backend gave. */
UCLASS()
class LIFEVERSE_API ULifeVerseClientSubsystem : public UGameInstanceSubsystem
{
	GENERATED_BODY()

public:
	//~ USubsystem
	virtual void Deinitialize() override;

	/**
	 * Travels to the server. Nothing secret is sent in the clear: the token names the player, the ticket follows encrypted.
	 * @param Address host:port
	 * @param PacketKey base64url, 32 bytes; empty joins without encryption
	 * @param RoutingToken base64url, 16 bytes, where the backend gave one: the address is an edge's. Empty otherwise
	 * @return false where a part cannot be one, such as a ticket with a question mark, or where nobody takes the routing token
	 */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Client")
	bool Join(APlayerController* Player, const FString& Address, const FString& PlayerId, const FString& Ticket, const FString& PacketKey, const FString& RoutingToken = FString());

	/** The same URL for a travel of the game's own; the packet key is kept for the server's answer. Empty where a part cannot be one. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Client")
	FString PrepareJoin(const FString& Address, const FString& PlayerId, const FString& Ticket, const FString& PacketKey, const FString& RoutingToken = FString());

	/**
	 * Bound by whatever ends each datagram with the token, below the engine's packet handlers, which write behind their last component:
	 * Quilkin's own plugin (docs/unreal.md). Told by each join before its socket is made. While nobody is bound, a join through an edge is refused.
	 */
	FLifeVerseRoutingToken OnRoutingToken;

	/** The same text without tickets and tokens, for a log. */
	UFUNCTION(BlueprintPure, Category = "LifeVerse|Client")
	static FString Redact(const FString& Text);

private:
	/** Also for the other game instances of this process. */
	void HandleEncryptionAck(const FOnEncryptionKeyResponse& Delegate);

	/** Of the connection that is being made; never logged, never saved. */
	TArray<uint8> Key;
};
