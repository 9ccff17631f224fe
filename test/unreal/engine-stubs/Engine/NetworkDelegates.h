#pragma once
#include "CoreMinimal.h"

struct FEncryptionData
{
	TArray<uint8> Key;
	TArray<uint8> Fingerprint;
	FString Identifier;
};

enum class EEncryptionResponse : uint8
{
	Failure,
	Success,
	InvalidToken,
	NoKey,
	SessionIdMismatch,
	InvalidParams
};

struct FEncryptionKeyResponse
{
	FEncryptionKeyResponse(EEncryptionResponse InResponse, const FString& InErrorMsg);
	EEncryptionResponse Response;
	FString ErrorMsg;
	FEncryptionData EncryptionData;
};

DECLARE_DELEGATE_OneParam(FOnEncryptionKeyResponse, const FEncryptionKeyResponse&);

class FNetDelegates
{
public:
	DECLARE_DELEGATE_TwoParams(FReceivedNetworkEncryptionToken, const FString&, const FOnEncryptionKeyResponse&);
	static FReceivedNetworkEncryptionToken OnReceivedNetworkEncryptionToken;
	DECLARE_DELEGATE_OneParam(FReceivedNetworkEncryptionAck, const FOnEncryptionKeyResponse&);
	static FReceivedNetworkEncryptionAck OnReceivedNetworkEncryptionAck;
};
