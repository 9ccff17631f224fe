#pragma once
#include "CoreMinimal.h"
#include "Modules/ModuleManager.h"

class IWebSocket;

class FWebSocketsModule
{
public:
	TSharedRef<IWebSocket> CreateWebSocket(const FString& Url, const FString& Protocol = FString());
};
