#include "LifeVerseTransport.h"

#include <utility>

#include "HttpModule.h"
#include "Interfaces/IHttpResponse.h"
#include "LifeVerseText.h"

namespace
{
lifeverse::HttpResponse Read(const FHttpResponsePtr& Response, bool bConnected)
{
	lifeverse::HttpResponse Out;
	if (!bConnected || !Response.IsValid())
	{
		return Out;
	}
	Out.outcome = lifeverse::HttpResponse::Outcome::Answered;
	Out.status = Response->GetResponseCode();
	const TArray<uint8>& Content = Response->GetContent();
	Out.body.assign(reinterpret_cast<const char*>(Content.GetData()), static_cast<std::size_t>(Content.Num()));
	Out.retryAfterMs = static_cast<lifeverse::Millis>(FCString::Atoi(*Response->GetHeader(TEXT("Retry-After")))) * 1000;
	return Out;
}
} // namespace

FLifeVerseTransport::FLifeVerseTransport(int32 Port)
	: Host(FString::Printf(TEXT("127.0.0.1:%d"), Port))
{
}

FLifeVerseTransport::~FLifeVerseTransport()
{
	while (!Exchanges.empty())
	{
		cancel(Exchanges.begin()->first);
	}
}

lifeverse::Transport::RequestId FLifeVerseTransport::send(const lifeverse::HttpRequest& Request, Done OnDone)
{
	const RequestId Id = ++Last;
	const TSharedRef<IHttpRequest, ESPMode::ThreadSafe> Http = FHttpModule::Get().CreateRequest();
	Http->SetVerb(FromCore(Request.method));
	Http->SetURL(FString(TEXT("http://")) + Host + FromCore(Request.path));
	Http->SetHeader(TEXT("Accept"), TEXT("application/json"));
	if (!Request.body.empty())
	{
		Http->SetHeader(TEXT("Content-Type"), TEXT("application/json"));
		TArray<uint8> Body;
		Body.Append(reinterpret_cast<const uint8*>(Request.body.data()), static_cast<int32>(Request.body.size()));
		Http->SetContent(MoveTemp(Body));
	}
	// The core cancels what is too late; a held call has no activity meanwhile, so neither limit of the module's may be shorter.
	const float Seconds = static_cast<float>(Request.timeoutMs) / 1000.0f + 5.0f;
	Http->SetTimeout(Seconds);
	Http->SetActivityTimeout(Seconds);
	Http->OnProcessRequestComplete().BindLambda([this, Id](FHttpRequestPtr, FHttpResponsePtr Response, bool bConnected)
	{
		Arrived.emplace_back(Id, Read(Response, bConnected));
	});
	Exchanges[Id] = {Http, std::move(OnDone)};
	Http->ProcessRequest();
	return Id;
}

void FLifeVerseTransport::cancel(RequestId Id)
{
	const auto Found = Exchanges.find(Id);
	if (Found == Exchanges.end())
	{
		return;
	}
	// Unbound first: a cancelled request completes, too.
	Found->second.Request->OnProcessRequestComplete().Unbind();
	Found->second.Request->CancelRequest();
	Exchanges.erase(Found);
}

lifeverse::Transport::StreamId FLifeVerseTransport::openStream(const lifeverse::StreamRequest& Request, lifeverse::StreamEvents Events)
{
	if (!bStreams)
	{
		return 0;
	}
	const StreamId Id = ++Last;
	const FString Url = FString(TEXT("ws://")) + Host + FromCore(Request.path);
	Streams[Id] = {std::make_unique<FLifeVerseStream>(Url, FromCore(Request.protocol)), std::make_shared<lifeverse::StreamEvents>(std::move(Events))};
	return Id;
}

void FLifeVerseTransport::closeStream(StreamId Id) { Streams.erase(Id); }

void FLifeVerseTransport::EndStreams()
{
	bStreams = false;
	for (const auto& [Id, Open] : Streams)
	{
		Open.Stream->Close();
	}
}

void FLifeVerseTransport::Pump()
{
	// Streams first: an answer may have been given after what they bring, and is not told before it.
	PumpStreams();
	PumpRequests();
}

void FLifeVerseTransport::PumpStreams()
{
	std::vector<StreamId> Ids;
	for (const auto& [Id, Open] : Streams)
	{
		Ids.push_back(Id);
	}
	for (const StreamId Id : Ids)
	{
		const auto Found = Streams.find(Id);
		if (Found == Streams.end())
		{
			continue;
		}
		const bool bOver = Found->second.Stream->IsOver();
		const std::vector<std::string> Messages = Found->second.Stream->Take();
		// Its own events may close it.
		const std::shared_ptr<lifeverse::StreamEvents> Events = Found->second.Events;
		for (const std::string& Message : Messages)
		{
			if (Streams.count(Id) > 0)
			{
				Events->message(Message);
			}
		}
		if (bOver && Streams.erase(Id) > 0)
		{
			Events->closed();
		}
	}
}

void FLifeVerseTransport::PumpRequests()
{
	std::vector<std::pair<RequestId, lifeverse::HttpResponse>> Batch;
	Batch.swap(Arrived);
	for (const auto& [Id, Response] : Batch)
	{
		// One that was delivered before it may have cancelled this one.
		const auto Found = Exchanges.find(Id);
		if (Found == Exchanges.end())
		{
			continue;
		}
		const Done OnDone = std::move(Found->second.OnDone);
		Exchanges.erase(Found);
		OnDone(Response);
	}
}
