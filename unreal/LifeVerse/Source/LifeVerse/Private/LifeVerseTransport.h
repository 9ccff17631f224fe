#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CoreMinimal.h"
#include "Interfaces/IHttpRequest.h"
#include "LifeVerseStream.h"
#include "core/transport.h"

/** The core's transport on FHttpModule and WebSockets, to one port of this machine. What comes is kept until Pump, so that nothing comes from inside a call. */
class FLifeVerseTransport final : public lifeverse::Transport
{
public:
	explicit FLifeVerseTransport(int32 Port);
	virtual ~FLifeVerseTransport() override;

	virtual RequestId send(const lifeverse::HttpRequest& Request, Done OnDone) override;
	virtual void cancel(RequestId Id) override;
	virtual StreamId openStream(const lifeverse::StreamRequest& Request, lifeverse::StreamEvents Events) override;
	virtual void closeStream(StreamId Id) override;

	/** Delivers what has come. */
	void Pump();
	/** Streams end, and no other is opened: the engine serves WebSockets no more while it exits, but HTTP it does. */
	void EndStreams();

private:
	struct FExchange
	{
		FHttpRequestPtr Request;
		Done OnDone;
	};

	struct FOpenStream
	{
		std::unique_ptr<FLifeVerseStream> Stream;
		std::shared_ptr<lifeverse::StreamEvents> Events;
	};

	void PumpRequests();
	void PumpStreams();

	FString Host;
	bool bStreams = true;
	RequestId Last = 0;
	std::map<RequestId, FExchange> Exchanges;
	std::map<StreamId, FOpenStream> Streams;
	std::vector<std::pair<RequestId, lifeverse::HttpResponse>> Arrived;
};
