#pragma once
#include "CoreMinimal.h"

class FInternetAddr;
class UNetConnection;

class UNetDriver : public UObject
{
public:
	TArray<TObjectPtr<UNetConnection>> ClientConnections;
	virtual TSharedPtr<const FInternetAddr> GetLocalAddr();
};
