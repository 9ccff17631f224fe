#pragma once
#include "GameFramework/GameModeBase.h"

class AGameMode : public AGameModeBase
{
};
