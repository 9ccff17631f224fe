#pragma once

#include "CoreMinimal.h"

#include "LifeVerseTypes.generated.h"

class APlayerController;

LIFEVERSE_API DECLARE_LOG_CATEGORY_EXTERN(LogLifeVerse, Log, All);

/** Where the session is. */
UENUM(BlueprintType)
enum class ELifeVerseStage : uint8
{
	Off,
	Greeting,
	Warming,
	Waiting,
	Restoring,
	Loading,
	Accepting,
	Playing,
	Ending,
	Ended
};

UENUM(BlueprintType)
enum class ELifeVerseNotice : uint8
{
	Maintenance,
	SessionEnd,
	Kick,
	Drain,
	ReadOnly,
	Other
};

USTRUCT(BlueprintType)
struct LIFEVERSE_API FLifeVerseSession
{
	GENERATED_BODY()

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString AllocationId;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	int32 Attempt = 0;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Mode;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Map;

	/** Empty: no persistent world is played. */
	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString World;

	/** What whoever asked for the session gave it, as JSON. */
	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Data;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	int32 Capacity = 0;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	int32 Spectators = 0;
};

USTRUCT(BlueprintType)
struct LIFEVERSE_API FLifeVerseEntry
{
	GENERATED_BODY()

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	int64 Seq = 0;

	/** A JSON object. */
	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Data;
};

/** What is durable of a world or an inventory: the snapshot, and the entries after it in order. */
USTRUCT(BlueprintType)
struct LIFEVERSE_API FLifeVerseRestore
{
	GENERATED_BODY()

	/** The world's or the player's id. */
	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Subject;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	int64 DurableSeq = 0;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	bool bHasSnapshot = false;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Snapshot;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	TArray<FLifeVerseEntry> Entries;
};

USTRUCT(BlueprintType)
struct LIFEVERSE_API FLifeVerseNotice
{
	GENERATED_BODY()

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	ELifeVerseNotice Kind = ELifeVerseNotice::Other;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString Reason;

	/** UTC; the beginning of time where it is not said. */
	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FDateTime StartsAt;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FDateTime EndsAt;

	/** Of a maintenance: the session is ended at StartsAt. */
	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	bool bEndsSessions = false;

	UPROPERTY(BlueprintReadOnly, Category = "LifeVerse")
	FString PlayerId;
};

DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FLifeVerseRestoreWorld, const FLifeVerseSession&, Session, const FLifeVerseRestore&, World);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(FLifeVerseJoinable, const FLifeVerseSession&, Session);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(FLifeVerseNotices, const TArray<FLifeVerseNotice>&, Notices);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FLifeVerseDraining, const FString&, Reason, float, SecondsLeft);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FLifeVerseEnded, const FString&, Reason, bool, bClean);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_ThreeParams(FLifeVersePlayerSeated, APlayerController*, Player, const FString&, PlayerId, const FString&, Role);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(FLifeVerseSeq, int64, Seq);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FLifeVerseRefused, int64, Seq, const FString&, Code);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_ThreeParams(FLifeVerseInventoryRefused, const FString&, PlayerId, int64, Seq, const FString&, Code);
DECLARE_DYNAMIC_MULTICAST_DELEGATE(FLifeVerseReadOnly);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FLifeVerseInventorySeq, const FString&, PlayerId, int64, Seq);
DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(FLifeVerseInventoryReadOnly, const FString&, PlayerId);

DECLARE_DYNAMIC_DELEGATE_RetVal(FString, FLifeVerseCaptureWorld);
DECLARE_DYNAMIC_DELEGATE_RetVal_OneParam(FString, FLifeVerseCaptureInventory, const FString&, PlayerId);
DECLARE_DYNAMIC_DELEGATE_ThreeParams(FLifeVerseInventoryOpened, bool, bOpened, const FString&, Failure, const FLifeVerseRestore&, Inventory);
