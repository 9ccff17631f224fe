#pragma once
#include "CoreMinimal.h"
#include "Engine/EngineBaseTypes.h"

class AGameModeBase;
class UGameInstance;
class UNetDriver;

class UWorld : public UObject
{
public:
	bool HasBegunPlay() const;
	bool IsGameWorld() const;
	bool IsInSeamlessTravel() const;
	ENetMode GetNetMode() const;
	UNetDriver* GetNetDriver() const;
	FString GetMapName() const;
	UGameInstance* GetGameInstance() const;
	AGameModeBase* GetAuthGameMode() const;
	bool ServerTravel(const FString& Url, bool bAbsolute = false, bool bShouldSkipGameNotify = false);
};

class FWorldDelegates
{
public:
	using FOnSeamlessTravelStart = TMulticastDelegate<UWorld*, const FString&>;
	static FOnSeamlessTravelStart OnSeamlessTravelStart;
};
