#pragma once
#include "GameFramework/GameModeBase.h"

class AGameSession : public AActor
{
public:
	virtual bool KickPlayer(APlayerController* Player, const FText& Reason);
};
