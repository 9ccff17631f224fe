#pragma once
#include "CoreMinimal.h"

class FInternetAddr
{
public:
	virtual ~FInternetAddr();
	virtual int32 GetPort() const = 0;
};
