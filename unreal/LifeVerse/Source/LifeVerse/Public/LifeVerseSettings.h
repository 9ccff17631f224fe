#pragma once

#include "CoreMinimal.h"
#include "Engine/DeveloperSettings.h"

#include "LifeVerseSettings.generated.h"

/** Project Settings → Plugins → LifeVerse; kept in DefaultGame.ini. The command line wins where it names the same thing. */
UCLASS(Config = Game, DefaultConfig, meta = (DisplayName = "LifeVerse"))
class LIFEVERSE_API ULifeVerseSettings : public UDeveloperSettings
{
	GENERATED_BODY()

public:
	virtual FName GetCategoryName() const override { return FName(TEXT("Plugins")); }

	/** Off: the plugin does nothing, as for a listen server without a backend. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	bool bEnabled = true;

	/** The bridge's port on 127.0.0.1. Command line: -LifeVerseBridgePort= */
	UPROPERTY(Config, EditAnywhere, Category = "Server", meta = (ClampMin = "1", ClampMax = "65535"))
	int32 BridgePort = 9358;

	/** What this server claims to be; the fleet's build has to be the same. Command line: -LifeVerseBuild= */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	FString Build = TEXT("dev");

	/** Servers of Play In Editor talk to a bridge, too: start one by `npm run bridge -- --solo`. The editor's -server always does. */
	UPROPERTY(Config, EditAnywhere, Category = "Server")
	bool bRunInEditor = true;

	/** The game calls MarkWarm itself; otherwise the first map that stands is enough for Ready. */
	UPROPERTY(Config, EditAnywhere, Category = "Session")
	bool bWarmByGame = false;

	/** The game calls MarkReady once its world is restored; otherwise it stands when OnRestoreWorld has returned. */
	UPROPERTY(Config, EditAnywhere, Category = "Session")
	bool bReadyByGame = false;

	/** Travel to the session's map; off, the game sees to it. */
	UPROPERTY(Config, EditAnywhere, Category = "Session")
	bool bTravelToMap = true;

	/** Players without a join ticket are refused. */
	UPROPERTY(Config, EditAnywhere, Category = "Seats")
	bool bRequireTickets = true;

	/** The same in Play In Editor, where players seldom have one. */
	UPROPERTY(Config, EditAnywhere, Category = "Seats")
	bool bRequireTicketsInEditor = false;

	/** How long a player may take from login to the game, and back after a travel. */
	UPROPERTY(Config, EditAnywhere, Category = "Seats", meta = (ClampMin = "5"))
	float ArriveSeconds = 60.0f;

	/** How long the end waits for entries to become durable. */
	UPROPERTY(Config, EditAnywhere, Category = "Saves", meta = (ClampMin = "0"))
	float FlushSeconds = 10.0f;

	/** A snapshot is taken after so many entries … */
	UPROPERTY(Config, EditAnywhere, Category = "Saves", meta = (ClampMin = "1"))
	int32 SnapshotEveryEntries = 500;

	/** … or when one entry is this old. */
	UPROPERTY(Config, EditAnywhere, Category = "Saves", meta = (ClampMin = "1"))
	float SnapshotEverySeconds = 10.0f;

	/** Time to say goodbye on a server that is taken away without saying when. */
	UPROPERTY(Config, EditAnywhere, Category = "Drain", meta = (ClampMin = "0"))
	float DrainSeconds = 30.0f;

	/** A dedicated server exits when its session is over: one session a process. Never in the editor. */
	UPROPERTY(Config, EditAnywhere, Category = "Drain")
	bool bExitWhenOver = true;

	/** Longest time that an exit which nobody announced waits for saves. */
	UPROPERTY(Config, EditAnywhere, Category = "Drain", meta = (ClampMin = "0"))
	float ExitFlushSeconds = 5.0f;
};
