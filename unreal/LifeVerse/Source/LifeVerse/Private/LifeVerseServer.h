#pragma once

#include <map>

#include "CoreMinimal.h"
#include "LifeVerseTransport.h"
#include "LifeVerseTypes.h"
#include "core/game-server.h"

class APlayerController;
class ULifeVerseServerSubsystem;
class UNetConnection;
class UWorld;

/** The core in this process, and what it asks of the engine. */
class FLifeVerseServer final : public lifeverse::GameServerHost
{
public:
	FLifeVerseServer(ULifeVerseServerSubsystem& Owner, int32 BridgePort, lifeverse::GameServerOptions Options);

	/** Once a frame: tells the core which map stands and who is connected, and lets it go on. */
	void Tick(UWorld* World);
	void CheckConnections() { ConnectionsDue = 0.0; }
	/** The engine exits: what is still to be said goes by HTTP alone. */
	void BeginExit() { Transport.EndStreams(); }

	lifeverse::GameServer& GetCore() { return Core; }
	const lifeverse::GameServer& GetCore() const { return Core; }
	bool IsOver() const { return bOver; }

	/** 0 for a local player, who has no connection. */
	lifeverse::ConnectionId IdOf(const UNetConnection* Connection);
	UNetConnection* ConnectionOf(lifeverse::ConnectionId Id) const;

	//~ lifeverse::GameServerHost
	virtual void travel(const std::string& Map) override;
	virtual void restore(const lifeverse::SessionInfo& Info, const lifeverse::Restore* World) override;
	virtual void joinable(const lifeverse::SessionInfo& Info) override;
	virtual void noticed(const std::vector<lifeverse::Notice>& Notices) override;
	virtual void draining(const std::string& Reason, lifeverse::Millis LeftMs) override;
	virtual void ended(const std::string& Reason, bool bClean) override;
	virtual void drop(lifeverse::ConnectionId Connection, const std::string& Reason) override;
	virtual void accepted(lifeverse::Seq Seq) override;
	virtual void durable(lifeverse::Seq Seq) override;
	virtual void refused(const lifeverse::Refusal& Refusal) override;
	virtual std::string capture() override;
	virtual void readOnly() override;
	virtual void inventoryAccepted(const std::string& Player, lifeverse::Seq Seq) override;
	virtual void inventoryDurable(const std::string& Player, lifeverse::Seq Seq) override;
	virtual void inventoryRefused(const std::string& Player, const lifeverse::Refusal& Refusal) override;
	virtual std::string captureInventory(const std::string& Player) override;
	virtual void inventoryReadOnly(const std::string& Player) override;

private:
	std::vector<lifeverse::ConnectionId> OpenConnections(const UWorld& World);

	ULifeVerseServerSubsystem& Owner;
	FLifeVerseTransport Transport;
	lifeverse::GameServer Core;
	bool bOver = false;
	/** The map that the core was told of. */
	TWeakObjectPtr<UWorld> Standing;
	double ConnectionsDue = 0.0;
	lifeverse::ConnectionId LastId = 0;
	std::map<lifeverse::ConnectionId, TWeakObjectPtr<UNetConnection>> Connections;
};

FLifeVerseSession SessionFromCore(const lifeverse::SessionInfo& Info);
FLifeVerseRestore RestoreFromCore(const lifeverse::Restore& Restore);
TArray<FLifeVerseNotice> NoticesFromCore(const std::vector<lifeverse::Notice>& Notices);
