#pragma once

#include "CoreMinimal.h"
#include "Containers/Ticker.h"
#include "Engine/EngineBaseTypes.h"
#include "Engine/NetworkDelegates.h"
#include "LifeVerseTypes.h"
#include "Subsystems/GameInstanceSubsystem.h"
#include "Templates/Function.h"
#include "Templates/PimplPtr.h"

#include "LifeVerseServerSubsystem.generated.h"

class AController;
class AGameModeBase;
class APlayerController;
class FLifeVerseServer;
class UNetConnection;
class UWorld;
struct FWorldContext;

/**
 * The server's side of LifeVerse: one session for each game instance that serves a world, so one for each world of Play In Editor.
 * It begins by itself where the world is a dedicated or listen server's, and never blocks the game thread.
 *
 * What is decided is decided by the engine-free core; this class passes on.
 */
UCLASS()
class LIFEVERSE_API ULifeVerseServerSubsystem : public UGameInstanceSubsystem
{
	GENERATED_BODY()

public:
	//~ USubsystem
	virtual void Initialize(FSubsystemCollectionBase& Collection) override;
	virtual void Deinitialize() override;

	/** The subsystem of the world that this object is in; null where there is none. */
	static ULifeVerseServerSubsystem* Get(const UObject* WorldContextObject);

	// ---- the session

	/** Start-up is done: with bWarmByGame, Ready waits for this. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Session")
	void MarkWarm();

	/** The world of OnRestoreWorld stands: with bReadyByGame, players are let in after this. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Session")
	void MarkReady();

	/** The session is over: saves are flushed, the bridge is told, the server leaves. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Session")
	void EndSession(const FString& Reason);

	UFUNCTION(BlueprintPure, Category = "LifeVerse|Session")
	ELifeVerseStage GetStage() const;

	/** False before a session is claimed. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Session")
	bool GetSession(FLifeVerseSession& Session) const;

	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Session")
	TArray<FLifeVerseNotice> GetNotices() const;

	/** Build the world; the restore's Subject is empty where no persistent world is played. */
	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Session")
	FLifeVerseRestoreWorld OnRestoreWorld;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Session")
	FLifeVerseJoinable OnJoinable;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Session")
	FLifeVerseNotices OnNotices;

	/** The server is being taken away: say goodbye; in SecondsLeft saves are flushed and it stops by itself. */
	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Session")
	FLifeVerseDraining OnDraining;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Session")
	FLifeVerseEnded OnEnded;

	// ---- seats

	/** For a game mode that is not one of the plugin's: call it from PreLoginAsync. OnComplete gets the refusal, empty for none. */
	void PreLogin(const FString& Options, TFunction<void(const FString&)> OnComplete);

	/** Empty where this player has no seat. */
	UFUNCTION(BlueprintPure, Category = "LifeVerse|Seats")
	FString GetPlayerId(const APlayerController* Player) const;

	/** Null where the player is not in. */
	UFUNCTION(BlueprintPure, Category = "LifeVerse|Seats")
	APlayerController* GetPlayer(const FString& PlayerId) const;

	/** The seat is over, and so is every ticket for it. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Seats")
	void KickPlayer(const FString& PlayerId, const FString& Reason);

	/** The player has said goodbye: the seat is given up at once, and not kept for the grace. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Seats")
	void LeaveForGood(const APlayerController* Player);

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Seats")
	FLifeVersePlayerSeated OnPlayerSeated;

	// ---- saves

	/**
	 * Appends to the world's journal.
	 * @param Data a JSON object
	 * @param Shares what the entry brings to open inventories, player → JSON object: all have it, or none
	 * @return the entry's number; 0 where it is not taken: read-only, no JSON object, with something in it that is not kept (a warning says where), too large, or too much waits already
	 */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Saves")
	int64 AppendWorld(const FString& Data, const TMap<FString, FString>& Shares);

	/** Loads what is durable of a seated player's inventory; from then on it takes entries, until the player leaves. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Saves")
	void OpenInventory(const FString& PlayerId, const FLifeVerseInventoryOpened& OnOpened);

	/** As AppendWorld, to one inventory; with Shares of others it is a trade. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Saves")
	int64 AppendInventory(const FString& PlayerId, const FString& Data, const TMap<FString, FString>& Shares);

	/** How the game gives the world, and an inventory, as text: they are asked on the cadence of the settings and at the end. */
	UFUNCTION(BlueprintCallable, Category = "LifeVerse|Saves")
	void SetSaveHooks(const FLifeVerseCaptureWorld& World, const FLifeVerseCaptureInventory& Inventory);

	/** All entries up to this are on the pod's disk. */
	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseSeq OnWorldAccepted;

	/** All entries up to this are stored: only now they are promised. */
	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseSeq OnWorldDurable;

	/** Nothing of this entry will ever be kept, nor of its shares: undo what it did. Said before OnWorldDurable passes it. */
	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseRefused OnWorldRefused;

	/** Another session has the world: stop changing it. */
	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseReadOnly OnWorldReadOnly;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseInventorySeq OnInventoryAccepted;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseInventorySeq OnInventoryDurable;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseInventoryRefused OnInventoryRefused;

	UPROPERTY(BlueprintAssignable, Category = "LifeVerse|Saves")
	FLifeVerseInventoryReadOnly OnInventoryReadOnly;

private:
	friend class FLifeVerseServer;

	bool Tick(float DeltaSeconds);
	bool ServesHere(const UWorld& World) const;
	void Start(UWorld& World);
	void Stop();

	void HandlePreLoadMap(const FWorldContext& Context, const FString& Map);
	void HandleSeamlessTravelStart(UWorld* World, const FString& Map);
	void HandleTravelFailure(UWorld* World, ETravelFailure::Type Failure, const FString& Detail);
	void HandlePostLogin(AGameModeBase* GameMode, APlayerController* Player);
	void HandleLogout(AGameModeBase* GameMode, AController* Player);
	void HandleEncryptionToken(const FString& Token, const FOnEncryptionKeyResponse& Delegate);

	bool IsOurs(const UWorld* World) const;

	FTSTicker::FDelegateHandle Ticker;
	TPimplPtr<FLifeVerseServer> Server;

	UPROPERTY()
	FLifeVerseCaptureWorld CaptureWorld;

	UPROPERTY()
	FLifeVerseCaptureInventory CaptureInventory;
};
