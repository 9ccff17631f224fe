#pragma once
#include "CoreMinimal.h"
#include "Engine/EngineBaseTypes.h"

class UGameInstance;

struct FWorldContext
{
	TObjectPtr<UGameInstance> OwningGameInstance;
};

enum class EGetWorldErrorMode
{
	ReturnNull,
	LogAndReturnNull,
	Assert
};

class UEngine : public UObject
{
public:
	using FOnTravelFailure = TMulticastDelegate<UWorld*, ETravelFailure::Type, const FString&>;
	FOnTravelFailure& OnTravelFailure();
	UWorld* GetWorldFromContextObject(const UObject* Object, EGetWorldErrorMode ErrorMode) const;
	virtual float GetMaxTickRate(float DeltaTime, bool bAllowFrameRateSmoothing = true) const;
};

extern UEngine* GEngine;
