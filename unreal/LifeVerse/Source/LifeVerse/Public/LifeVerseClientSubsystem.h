#pragma once

#include "CoreMinimal.h"
#include "Engine/NetworkDelegates.h"
#include "Subsystems/GameInstanceSubsystem.h"

#include "LifeVerseClientSubsystem.generated.h"

class APlayerController;

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
	 * @return false where a part cannot be one, such as a ticket with a question mark
	 */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Client")
	bool Join(APlayerController* Player, const FString& Address, const FString& PlayerId, const FString& Ticket, const FString& PacketKey);

	/** The same URL for a travel of the game's own; the packet key is kept for the server's answer. Empty where a part cannot be one. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Client")
	FString PrepareJoin(const FString& Address, const FString& PlayerId, const FString& Ticket, const FString& PacketKey);

	/** The same text without tickets and tokens, for a log. */
	UFUNCTION(BlueprintPure, Category = "LifeVerse|Client")
	static FString Redact(const FString& Text);

private:
	/** Also for the other game instances of this process. */
	void HandleEncryptionAck(const FOnEncryptionKeyResponse& Delegate);

	/** Of the connection that is being made; never logged, never saved. */
	TArray<uint8> Key;
};
