#include "LifeVerseStream.h"

#include <utility>

#include "IWebSocket.h"
#include "LifeVerseText.h"
#include "Modules/ModuleManager.h"
#include "WebSocketsModule.h"

FLifeVerseStream::FLifeVerseStream(const FString& Url, const FString& Protocol)
{
#if WITH_WEBSOCKETS
	Socket = FModuleManager::LoadModuleChecked<FWebSocketsModule>(FName(TEXT("WebSockets"))).CreateWebSocket(Url, Protocol);
	// The engine calls back on the game thread, with whole messages.
	Socket->OnMessage().AddRaw(this, &FLifeVerseStream::HandleMessage);
	Socket->OnClosed().AddRaw(this, &FLifeVerseStream::HandleClosed);
	Socket->OnConnectionError().AddRaw(this, &FLifeVerseStream::HandleError);
	Socket->Connect();
#else
	// A platform without WebSockets runs clients; where one serves, held calls do.
	bOver = true;
#endif
}

FLifeVerseStream::~FLifeVerseStream()
{
	// Unbound first: one that is closed by us says so, too.
	if (Socket.IsValid())
	{
		Socket->OnMessage().RemoveAll(this);
		Socket->OnClosed().RemoveAll(this);
		Socket->OnConnectionError().RemoveAll(this);
	}
	Close();
}

std::vector<std::string> FLifeVerseStream::Take() { return std::exchange(Arrived, {}); }

void FLifeVerseStream::Close()
{
	if (!bOver)
	{
		bOver = true;
		Socket->Close();
	}
}

void FLifeVerseStream::HandleMessage(const FString& Message) { Arrived.push_back(ToCore(Message)); }

void FLifeVerseStream::HandleClosed(int32, const FString&, bool) { bOver = true; }

void FLifeVerseStream::HandleError(const FString&) { bOver = true; }
