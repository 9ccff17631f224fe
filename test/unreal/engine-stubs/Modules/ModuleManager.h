#pragma once
#include "CoreMinimal.h"

class FModuleManager
{
public:
	template <typename T>
	static T& LoadModuleChecked(const FName Name);
};

class FDefaultModuleImpl
{
};

#define IMPLEMENT_MODULE(Class, Name) [[maybe_unused]] static Class* Name##ModuleStub = nullptr;
