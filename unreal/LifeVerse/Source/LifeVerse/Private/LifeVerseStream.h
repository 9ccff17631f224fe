#pragma once

#include <string>
#include <vector>

#include "CoreMinimal.h"

class IWebSocket;

/** One of the core's streams on the engine's WebSockets. What it brings is kept until it is taken, so that nothing comes from inside a call. */
class FLifeVerseStream
{
public:
	FLifeVerseStream(const FString& Url, const FString& Protocol);
	~FLifeVerseStream();
	FLifeVerseStream(const FLifeVerseStream&) = delete;
	FLifeVerseStream& operator=(const FLifeVerseStream&) = delete;

	/** The messages since the last call. */
	std::vector<std::string> Take();
	/** Nothing more will come than what can be taken now. */
	bool IsOver() const { return bOver; }
	void Close();

private:
	void HandleMessage(const FString& Message);
	void HandleClosed(int32 Status, const FString& Reason, bool bClean);
	void HandleError(const FString& Error);

	TSharedPtr<IWebSocket> Socket;
	std::vector<std::string> Arrived;
	bool bOver = false;
};
