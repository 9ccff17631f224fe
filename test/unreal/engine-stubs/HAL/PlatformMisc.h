#pragma once
#include "CoreMinimal.h"

struct FPlatformMisc
{
	static void RequestExit(bool bForce, const TCHAR* CallSite = nullptr);
};
