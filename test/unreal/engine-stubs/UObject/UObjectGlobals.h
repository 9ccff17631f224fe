#pragma once
#include "CoreMinimal.h"

struct FWorldContext;

struct FCoreUObjectDelegates
{
	using FPreLoadMapWithContextDelegate = TMulticastDelegate<const FWorldContext&, const FString&>;
	static FPreLoadMapWithContextDelegate PreLoadMapWithContext;
};
