// One session on one game server, from start-up to shutdown. Never blocks: call `tick(now)` every frame.
//
//   Greeting ─hello─▶ Warming ─markWarm, warm─▶ Waiting ─claimed─▶ Restoring ─world─▶ Loading ─loaded─▶ Accepting ─▶ Playing
//                        ▲─────── bridge away ──────┘       (no world: straight to Loading)                             │
//                                            Ended ◀── end ── Ending ◀── end(), stop() ─────────────────────────────────┤
//                                              ▲────────── the bridge says ended (lost lease, maintenance, …) ──────────┘
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "bridge-client.h"
#include "frame-meter.h"
#include "journal.h"
#include "world-link.h"

namespace lifeverse {

enum class Stage { Greeting, Warming, Waiting, Restoring, Loading, Accepting, Playing, Ending, Ended };

const char* nameOf(Stage stage);

// What the game does when the session asks. Each returns at once.
class SessionHost : public WorldHost {
 public:
  // Load the map, and the world where one is played; then call `Session::loaded`.
  virtual void load(const SessionInfo& info, const WorldRestore* world) = 0;
  // The session is joinable.
  virtual void playing() = 0;
  // Nothing more will come; the process should leave. `clean`: the bridge has confirmed the end.
  virtual void ended(const std::string& reason, bool clean) = 0;
};

struct SessionOptions {
  std::string build;
  std::string plugin;
  // How long the end waits for entries to become durable and for the last snapshot.
  Millis flushMs = 10'000;
  // A world whose lease is lost stands still until the bridge ends the session; after this long the game ends it itself.
  Millis readOnlyMs = 15'000;
  // How often the bridge hears who is really present, which mends lost leaves.
  Millis rosterEveryMs = 30'000;
  SnapshotCadence snapshots;
};

class Session {
 public:
  Session(Transport& transport, std::function<double()> luck, SessionHost& host, SessionOptions options);

  void tick(Millis now);

  // Start-up is done. May be said before the bridge has answered.
  void markWarm() { warm_ = true; }
  // The map of `load` stands and the game listens on this port.
  void loaded(int port);
  // The session is over: saves are flushed, then the bridge is told.
  void end(const std::string& reason);
  // The process has to go, the session need not: saves are flushed, and the bridge sees to it that it goes on elsewhere.
  void stop(const std::string& reason);

  // May the holder of this ticket come in? Where yes, the seat counts as present until `leave`.
  void admit(const std::string& ticket, Then<Verdict> then);
  // `then` (which may be empty) comes once the bridge has heard it, or will not.
  void leave(const std::string& player, bool forGood, std::function<void()> then);
  void packetKey(const std::string& player, Then<std::string> then) { client_.packetKey(player, std::move(then)); }

  // The world that is played, or null.
  WorldLink* world() { return world_ ? &*world_ : nullptr; }
  Stage stage() const { return stage_; }
  const std::optional<SessionInfo>& info() const { return info_; }
  const std::set<std::string>& present() const { return present_; }

 private:
  void enter(Stage stage);
  void greet();
  void warm();
  void watch();
  void watched(const Result<BridgeSession>& result);
  void claimed(const SessionInfo& info);
  void restore();
  void accept();
  void reportFrames();
  void mendRoster();
  void endWhenFenced();
  void flushAndLeave(const std::string& reason, bool tellEnd);
  void finishWhenFlushed();
  void finish(const std::string& reason, bool clean);

  SessionHost& host_;
  SessionOptions options_;
  BridgeClient client_;
  Stage stage_ = Stage::Greeting;
  Millis now_ = 0;
  bool started_ = false;
  bool warm_ = false;
  bool warmSent_ = false;
  int port_ = 0;

  SessionPhase phase_ = SessionPhase::Idle;
  bool watching_ = false;
  Millis watchAgainAt_ = 0;
  std::optional<SessionInfo> info_;
  std::optional<WorldLink> world_;

  std::set<std::string> present_;
  int seatCalls_ = 0;
  Millis rosterAt_ = 0;

  FrameMeter meter_;
  Millis reportEveryMs_ = 1'000;
  Millis reportAt_ = 0;

  std::string endReason_;
  Millis flushUntil_ = 0;
  Millis readOnlyUntil_ = 0;
  bool tellEnd_ = true;
  bool endSent_ = false;
};

}  // namespace lifeverse
