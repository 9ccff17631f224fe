#pragma once
#include "CoreMinimal.h"

class UPendingNetGame : public UObject
{
};
