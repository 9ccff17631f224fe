#pragma once

class FHttpManager
{
public:
	virtual ~FHttpManager();
	virtual bool Tick(float DeltaSeconds);
};
