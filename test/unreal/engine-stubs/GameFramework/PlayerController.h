#pragma once
#include "Engine/EngineBaseTypes.h"
#include "GameFramework/GameModeBase.h"

class UPlayer;

class AController : public AActor
{
};

class APlayerController : public AController
{
public:
	TObjectPtr<UPlayer> Player;
	// Its defaulted further parameters are left out.
	void ClientTravel(const FString& Url, ETravelType Type);
};
