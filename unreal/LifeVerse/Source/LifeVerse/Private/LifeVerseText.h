// Unreal's texts and the core's: UTF-16 there, UTF-8 here.
#pragma once

#include <string>
#include <string_view>

#include "CoreMinimal.h"

inline std::string ToCore(const FString& Text)
{
	const FTCHARToUTF8 Converted(*Text);
	return std::string(reinterpret_cast<const char*>(Converted.Get()), static_cast<std::size_t>(Converted.Length()));
}

inline FString FromCore(std::string_view Text)
{
	const FUTF8ToTCHAR Converted(Text.data(), static_cast<int32>(Text.size()));
	return FString::ConstructFromPtrSize(Converted.Get(), Converted.Length());
}
