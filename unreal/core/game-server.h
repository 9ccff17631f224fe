// A game server as an engine sees it: maps, logins, connections in; what the engine has to do out. Everything that is decided is decided
// here, so that the engine's side only passes on.
//
//   first map stands ──▶ warm ──▶ claimed ──▶ travel to the session's map ──▶ it stands ──▶ restore ──▶ ready ──▶ joinable ──▶ … ──▶ ended
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connections.h"
#include "session.h"

namespace lifeverse {

class GameServerHost : public SavesHost, public ConnectionsHost {
 public:
  // Load this map, and travel there with everybody; `mapStarts` and `mapStands` follow, or `travelFailed`.
  virtual void travel(const std::string& map) = 0;
  // Build the session's world, null where none is played; with `readyByGame` call `ready` once it stands.
  virtual void restore(const SessionInfo& info, const Restore* world) = 0;
  virtual void joinable(const SessionInfo& info) = 0;
  virtual void noticed(const std::vector<Notice>& notices) = 0;
  virtual void draining(const std::string& reason, Millis leftMs) = 0;
  // Nothing more will come; the process should leave. `clean`: the bridge has confirmed the end.
  virtual void ended(const std::string& reason, bool clean) = 0;
};

struct GameServerOptions {
  SessionOptions session;
  ConnectionOptions connections;
  // The game says `warm` itself; otherwise the first map that stands is enough.
  bool warmByGame = false;
  // The game says `ready` itself; otherwise the world stands when `restore` returns.
  bool readyByGame = false;
  // The session's map is travelled to; otherwise the game sees to it, and every map that stands is right.
  bool travelToMap = true;
};

// Whether two names mean one map: folders, package and the editor's prefix aside, without case. `/Game/Maps/UEDPIE_0_Arena.Arena` is `arena`.
bool sameMap(const std::string& one, const std::string& other);

class GameServer final : private SessionHost {
 public:
  GameServer(Transport& transport, std::function<double()> luck, GameServerHost& host, GameServerOptions options);

  // Every frame.
  void tick(Millis now);

  // A map is about to be loaded, by whatever kind of travel.
  void mapStarts();
  // It stands, and the game listens on `port` (0: on none). `open` are the connections that came along.
  void mapStands(const std::string& map, int port, const std::vector<ConnectionId>& open);
  void travelFailed(const std::string& reason);
  void warm() { session_.markWarm(); }
  void ready();
  // The process was asked to stop. Without a session that is at once; otherwise saves are flushed first.
  void terminate(const std::string& reason);

  Session& session() { return session_; }
  const Session& session() const { return session_; }
  Connections& connections() { return connections_; }
  const Connections& connections() const { return connections_; }

 private:
  void load(const SessionInfo& info, const Restore* world) override;
  void playing() override { host_.joinable(*session_.info()); }
  void ended(const std::string& reason, bool clean) override { host_.ended(reason, clean); }
  void noticed(const std::vector<Notice>& notices) override { host_.noticed(notices); }
  void kicked(const std::string& player, const std::string& reason) override { connections_.kicked(player, reason); }
  void draining(const std::string& reason, Millis leftMs) override { host_.draining(reason, leftMs); }
  void accepted(Seq seq) override { host_.accepted(seq); }
  void durable(Seq seq) override { host_.durable(seq); }
  void refused(const Refusal& refusal) override { host_.refused(refusal); }
  std::string capture() override { return host_.capture(); }
  void readOnly() override { host_.readOnly(); }
  void inventoryAccepted(const std::string& player, Seq seq) override { host_.inventoryAccepted(player, seq); }
  void inventoryDurable(const std::string& player, Seq seq) override { host_.inventoryDurable(player, seq); }
  void inventoryRefused(const std::string& player, const Refusal& refusal) override { host_.inventoryRefused(player, refusal); }
  std::string captureInventory(const std::string& player) override { return host_.captureInventory(player); }
  void inventoryReadOnly(const std::string& player) override { host_.inventoryReadOnly(player); }

  void restoreWhenItStands();

  GameServerHost& host_;
  GameServerOptions options_;
  Session session_;
  Connections connections_;

  bool stands_ = false;
  std::string map_;
  int port_ = 0;
  // From the claim to `ready`.
  enum class Loading { No, Travelling, Restoring };
  Loading loading_ = Loading::No;
  std::optional<Restore> world_;
};

}  // namespace lifeverse
