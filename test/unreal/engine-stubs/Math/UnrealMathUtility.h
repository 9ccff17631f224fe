#pragma once

struct FMath
{
	static float FRand();
};
