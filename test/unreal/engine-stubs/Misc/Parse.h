#pragma once
#include "CoreMinimal.h"

struct FParse
{
	static bool Value(const TCHAR* Stream, const TCHAR* Match, int32& Value);
	static bool Value(const TCHAR* Stream, const TCHAR* Match, FString& Value);
};
