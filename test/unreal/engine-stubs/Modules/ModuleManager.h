#pragma once

class FDefaultModuleImpl
{
};

#define IMPLEMENT_MODULE(Class, Name) [[maybe_unused]] static Class* Name##ModuleStub = nullptr;
