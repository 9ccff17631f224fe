#pragma once
#include "CoreMinimal.h"

class AController;
class AGameSession;
class APlayerController;

struct FUniqueNetIdRepl
{
};

class AActor : public UObject
{
};

class AGameModeBase : public AActor
{
public:
	DECLARE_DELEGATE_OneParam(FOnPreLoginCompleteDelegate, const FString&);
	TObjectPtr<AGameSession> GameSession;
	virtual void PreLogin(const FString& Options, const FString& Address, const FUniqueNetIdRepl& UniqueId, FString& ErrorMessage);
	virtual void PreLoginAsync(const FString& Options, const FString& Address, const FUniqueNetIdRepl& UniqueId, const FOnPreLoginCompleteDelegate& OnComplete);
};

class FGameModeEvents
{
public:
	using FGameModePostLoginEvent = TMulticastDelegate<AGameModeBase*, APlayerController*>;
	using FGameModeLogoutEvent = TMulticastDelegate<AGameModeBase*, AController*>;
	static FGameModePostLoginEvent& OnGameModePostLoginEvent();
	static FGameModeLogoutEvent& OnGameModeLogoutEvent();
};
