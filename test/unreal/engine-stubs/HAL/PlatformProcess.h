#pragma once

struct FPlatformProcess
{
	static void Sleep(float Seconds);
};
