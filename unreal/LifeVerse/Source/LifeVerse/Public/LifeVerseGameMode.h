#pragma once

#include "CoreMinimal.h"
#include "GameFramework/GameMode.h"
#include "GameFramework/GameModeBase.h"

#include "LifeVerseGameMode.generated.h"

/** A game mode whose players are admitted by join ticket. */
UCLASS()
class LIFEVERSE_API ALifeVerseGameModeBase : public AGameModeBase
{
	GENERATED_BODY()

public:
	virtual void PreLoginAsync(const FString& Options, const FString& Address, const FUniqueNetIdRepl& UniqueId, const FOnPreLoginCompleteDelegate& OnComplete) override;
};

/** The same for games with match states. */
UCLASS()
class LIFEVERSE_API ALifeVerseGameMode : public AGameMode
{
	GENERATED_BODY()

public:
	virtual void PreLoginAsync(const FString& Options, const FString& Address, const FUniqueNetIdRepl& UniqueId, const FOnPreLoginCompleteDelegate& OnComplete) override;
};
