#pragma once
#include "Interfaces/IHttpRequest.h"

class FHttpManager;

class FHttpModule
{
public:
	static FHttpModule& Get();
	TSharedRef<IHttpRequest, ESPMode::ThreadSafe> CreateRequest();
	FHttpManager& GetHttpManager();
};
