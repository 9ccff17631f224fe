#pragma once
#include "CoreMinimal.h"

class IWebSocket
{
public:
	virtual ~IWebSocket();
	virtual void Connect() = 0;
	virtual void Close(int32 Code = 1000, const FString& Reason = FString()) = 0;

	DECLARE_EVENT_OneParam(IWebSocket, FWebSocketConnectionErrorEvent, const FString&);
	virtual FWebSocketConnectionErrorEvent& OnConnectionError() = 0;
	DECLARE_EVENT_ThreeParams(IWebSocket, FWebSocketClosedEvent, int32, const FString&, bool);
	virtual FWebSocketClosedEvent& OnClosed() = 0;
	DECLARE_EVENT_OneParam(IWebSocket, FWebSocketMessageEvent, const FString&);
	virtual FWebSocketMessageEvent& OnMessage() = 0;
};
