// Stand-ins for the parts of Unreal Engine that the plugin's shell uses: names and signatures only, written for this repository, so that a
// compiler can check the shell where no engine is. They are no engine: nothing here is defined, and nothing that passes is thereby run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#define UCLASS(...)
#define USTRUCT(...)
#define UENUM(...)
#define UPROPERTY(...)
#define UFUNCTION(...)
#define GENERATED_BODY()
#define LIFEVERSE_API
// UnrealBuildTool says it of each platform.
#define WITH_WEBSOCKETS 1
#define TEXT(text) u##text

using int8 = std::int8_t;
using int32 = std::int32_t;
using int64 = std::int64_t;
using uint8 = std::uint8_t;
using uint32 = std::uint32_t;
using uint64 = std::uint64_t;
using ANSICHAR = char;
using TCHAR = char16_t;

template <typename T>
std::remove_reference_t<T>&& MoveTemp(T&& Value)
{
	return static_cast<std::remove_reference_t<T>&&>(Value);
}

template <typename T>
class TArray
{
public:
	int32 Num() const;
	T* GetData();
	const T* GetData() const;
	void Append(const T* Items, int32 Count);
	T& AddDefaulted_GetRef();
	void Reset(int32 NewSize = 0);
	T* begin();
	T* end();
	const T* begin() const;
	const T* end() const;
};

template <typename T>
class TIndirectArray
{
public:
	const T* begin() const;
	const T* end() const;
};

class FString
{
public:
	FString();
	FString(const TCHAR* Text);
	const TCHAR* operator*() const;
	bool IsEmpty() const;
	FString operator+(const FString& Other) const;
	FString operator+(const TCHAR* Other) const;
	static FString ConstructFromPtrSize(const TCHAR* Text, int32 Size);
	template <typename... Types>
	static FString Printf(const TCHAR* Format, Types... Values);
};

class FName
{
public:
	explicit FName(const TCHAR* Name);
};

class FText
{
public:
	static FText FromString(const FString& Text);
};

struct FCString
{
	static int32 Atoi(const TCHAR* Text);
};

class FTCHARToUTF8
{
public:
	explicit FTCHARToUTF8(const TCHAR* Text);
	const ANSICHAR* Get() const;
	int32 Length() const;
};

class FUTF8ToTCHAR
{
public:
	FUTF8ToTCHAR(const ANSICHAR* Text, int32 Size);
	const TCHAR* Get() const;
	int32 Length() const;
};

template <typename K, typename V>
struct TPair
{
	K Key;
	V Value;
};

template <typename K, typename V>
class TMap
{
public:
	const TPair<K, V>* begin() const;
	const TPair<K, V>* end() const;
};

struct FDateTime
{
	FDateTime();
	static FDateTime FromUnixTimestamp(int64 Seconds);
};

enum class ESPMode : uint8
{
	NotThreadSafe,
	ThreadSafe
};

template <typename T, ESPMode Mode = ESPMode::ThreadSafe>
class TSharedRef
{
public:
	T* operator->() const;
	T& operator*() const;
};

template <typename T, ESPMode Mode = ESPMode::ThreadSafe>
class TSharedPtr
{
public:
	TSharedPtr();
	TSharedPtr(std::nullptr_t);
	TSharedPtr(const TSharedRef<T, Mode>& Ref);
	T* operator->() const;
	bool IsValid() const;
};

// ---- objects

class UWorld;

class UObjectBase
{
};

class UObject : public UObjectBase
{
public:
	virtual ~UObject();
	virtual UWorld* GetWorld() const;
};

template <typename T>
class TObjectPtr
{
public:
	TObjectPtr();
	TObjectPtr(T* Object);
	operator T*() const;
	T* operator->() const;
	T* Get() const;
};

template <typename T>
class TWeakObjectPtr
{
public:
	TWeakObjectPtr();
	TWeakObjectPtr(T* Object);
	TWeakObjectPtr& operator=(T* Object);
	T* Get() const;
	bool IsValid() const;
};

template <typename To, typename From>
To* Cast(From* Object);
template <typename To, typename From>
To* Cast(const TObjectPtr<From>& Object);
template <typename T>
const T* GetDefault();

// ---- logging

namespace ELogVerbosity
{
enum Type : uint8
{
	Error,
	Warning,
	Log
};
}
struct FLogCategoryStub
{
	template <typename... Types>
	void Line(ELogVerbosity::Type Verbosity, const TCHAR* Format, Types... Values);
};
#define DECLARE_LOG_CATEGORY_EXTERN(Name, Default, Most) extern FLogCategoryStub Name
#define DEFINE_LOG_CATEGORY(Name) FLogCategoryStub Name
#define UE_LOG(Name, Verbosity, Format, ...) Name.Line(ELogVerbosity::Verbosity, Format __VA_OPT__(, ) __VA_ARGS__)

// ---- delegates

template <typename Signature>
class TDelegate;

template <typename R, typename... Types>
class TDelegate<R(Types...)>
{
public:
	template <typename T>
	static TDelegate CreateUObject(T* Object, R (T::*Method)(Types...));
	template <typename T>
	void BindUObject(T* Object, R (T::*Method)(Types...));
	template <typename F, typename = std::enable_if_t<std::is_invocable_r_v<R, F, Types...>>>
	void BindLambda(F&&)
	{
	}
	bool IsBound() const;
	bool IsBoundToObject(const void* Object) const;
	void Unbind();
	bool ExecuteIfBound(Types... Values) const;
};

template <typename... Types>
class TMulticastDelegate
{
public:
	template <typename T>
	void AddUObject(T* Object, void (T::*Method)(Types...));
	template <typename T>
	void AddRaw(T* Object, void (T::*Method)(Types...));
	int32 RemoveAll(const void* Object);
	void Broadcast(Types... Values) const;
};

template <typename R, typename... Types>
class TDynamicDelegateStub
{
public:
	bool IsBound() const;
	R Execute(Types... Values) const;
	void ExecuteIfBound(Types... Values) const;
};

#define DECLARE_DELEGATE_OneParam(Name, T1) using Name = TDelegate<void(T1)>
#define DECLARE_DELEGATE_TwoParams(Name, T1, T2) using Name = TDelegate<void(T1, T2)>
#define DECLARE_DELEGATE_ThreeParams(Name, T1, T2, T3) using Name = TDelegate<void(T1, T2, T3)>
#define DECLARE_DELEGATE_RetVal_OneParam(R, Name, T1) using Name = TDelegate<R(T1)>
#define DECLARE_EVENT_OneParam(Owner, Name, T1) using Name = TMulticastDelegate<T1>
#define DECLARE_EVENT_ThreeParams(Owner, Name, T1, T2, T3) using Name = TMulticastDelegate<T1, T2, T3>
#define DECLARE_DYNAMIC_MULTICAST_DELEGATE(Name) using Name = TMulticastDelegate<>
#define DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(Name, T1, N1) using Name = TMulticastDelegate<T1>
#define DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(Name, T1, N1, T2, N2) using Name = TMulticastDelegate<T1, T2>
#define DECLARE_DYNAMIC_MULTICAST_DELEGATE_ThreeParams(Name, T1, N1, T2, N2, T3, N3) using Name = TMulticastDelegate<T1, T2, T3>
#define DECLARE_DYNAMIC_DELEGATE_RetVal(R, Name) using Name = TDynamicDelegateStub<R>
#define DECLARE_DYNAMIC_DELEGATE_RetVal_OneParam(R, Name, T1, N1) using Name = TDynamicDelegateStub<R, T1>
#define DECLARE_DYNAMIC_DELEGATE_ThreeParams(Name, T1, N1, T2, N2, T3, N3) using Name = TDynamicDelegateStub<void, T1, T2, T3>

extern bool GIsEditor;
bool IsRunningDedicatedServer();
