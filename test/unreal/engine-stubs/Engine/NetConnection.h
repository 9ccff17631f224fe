#pragma once
#include "CoreMinimal.h"

class APlayerController;

enum EConnectionState
{
	USOCK_Invalid,
	USOCK_Closed,
	USOCK_Pending,
	USOCK_Open
};

class UPlayer : public UObject
{
public:
	TObjectPtr<APlayerController> PlayerController;
};

class UNetConnection : public UPlayer
{
public:
	FString RequestURL;
	EConnectionState GetConnectionState() const;
	void Close();
};
