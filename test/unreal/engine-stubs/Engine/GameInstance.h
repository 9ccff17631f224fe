#pragma once
#include "CoreMinimal.h"

class UGameInstance : public UObject
{
public:
	template <typename T>
	static T* GetSubsystem(const UGameInstance* GameInstance);
};
