#pragma once
#include "CoreMinimal.h"

enum ENetMode
{
	NM_Standalone,
	NM_DedicatedServer,
	NM_ListenServer,
	NM_Client
};

enum ETravelType
{
	TRAVEL_Absolute,
	TRAVEL_Partial,
	TRAVEL_Relative
};

namespace ETravelFailure
{
enum Type
{
	NoLevel,
	LoadMapFailure
};
}
