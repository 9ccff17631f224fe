#pragma once
#include "CoreMinimal.h"
#include "Engine/EngineBaseTypes.h"

class UGameInstance;
class UPendingNetGame;

struct FWorldContext
{
	TObjectPtr<UGameInstance> OwningGameInstance;
	TObjectPtr<UPendingNetGame> PendingNetGame;
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
	const TIndirectArray<FWorldContext>& GetWorldContexts() const;
	UWorld* GetWorldFromContextObject(const UObject* Object, EGetWorldErrorMode ErrorMode) const;
	virtual float GetMaxTickRate(float DeltaTime, bool bAllowFrameRateSmoothing = true) const;
};

extern UEngine* GEngine;
