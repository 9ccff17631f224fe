#pragma once
#include "CoreMinimal.h"

struct FPlatformProcess
{
	static uint32 GetCurrentProcessId();
	static void Sleep(float Seconds);
};
