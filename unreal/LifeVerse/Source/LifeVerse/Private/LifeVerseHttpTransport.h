#pragma once

#include <map>
#include <string>
#include <vector>

#include "CoreMinimal.h"
#include "Interfaces/IHttpRequest.h"
#include "core/transport.h"

/** The core's transport on FHttpModule, to one port of this machine. Answers are kept until Pump, so that none comes from inside a call. */
class FLifeVerseHttpTransport final : public lifeverse::Transport
{
public:
	explicit FLifeVerseHttpTransport(int32 Port);
	virtual ~FLifeVerseHttpTransport() override;

	virtual RequestId send(const lifeverse::HttpRequest& Request, Done OnDone) override;
	virtual void cancel(RequestId Id) override;

	/** Delivers what has come. */
	void Pump();

private:
	struct FExchange
	{
		FHttpRequestPtr Request;
		Done OnDone;
	};

	FString Address;
	RequestId Last = 0;
	std::map<RequestId, FExchange> Exchanges;
	std::vector<std::pair<RequestId, lifeverse::HttpResponse>> Arrived;
};
