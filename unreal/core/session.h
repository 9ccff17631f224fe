// One session on one game server, from start-up to shutdown. Never blocks: call `tick(now)` every frame.
//
//   Greeting ─hello─▶ Warming ─markWarm, warm─▶ Waiting ─claimed─▶ Restoring ─world─▶ Loading ─loaded─▶ Accepting ─▶ Playing
//                        ▲─────── bridge away ──────┘       (no world: straight to Loading)                             │
//                                            Ended ◀── end ── Ending ◀── end(), stop(), drained ────────────────────────┤
//                                              ▲────────── the bridge says ended (lost lease, maintenance, …) ──────────┘
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge-client.h"
#include "bridge-stream.h"
#include "frame-meter.h"
#include "notice-watch.h"
#include "packet-key.h"
#include "saves.h"

namespace lifeverse {

enum class Stage { Greeting, Warming, Waiting, Restoring, Loading, Accepting, Playing, Ending, Ended };

const char* nameOf(Stage stage);

// What the game does when the session asks. Each returns at once. What no game needs to answer does nothing by itself.
class SessionHost : public SavesHost {
 public:
  // Load the map, and the world where one is played; then call `Session::loaded`.
  virtual void load(const SessionInfo& info, const Restore* world) = 0;
  // The session is joinable.
  virtual void playing() = 0;
  // Nothing more will come; the process should leave. `clean`: the bridge has confirmed the end.
  virtual void ended(const std::string& reason, bool clean) = 0;

  // All notices that hold now.
  virtual void noticed(const std::vector<Notice>&) {}
  // This player, who is in or on the way in, has to go: drop the connection and call `leave`.
  virtual void kicked(const std::string&, const std::string&) {}
  // The server is being taken away: nobody else comes in, and in `leftMs` the session flushes its saves and stops by itself.
  virtual void draining(const std::string&, Millis) {}

  void inventoryAccepted(const std::string&, Seq) override {}
  void inventoryDurable(const std::string&, Seq) override {}
  std::string captureInventory(const std::string&) override { return {}; }
  void inventoryRefused(const std::string&, const Refusal&) override {}
  void inventoryReadOnly(const std::string&) override {}
};

std::int64_t systemMillis();

struct SessionOptions {
  std::string build;
  std::string plugin;
  // How long the end waits for entries to become durable and for the last snapshot.
  Millis flushMs = 10'000;
  // A world whose lease is lost stands still until the bridge ends the session; after this long the game ends it itself.
  Millis readOnlyMs = 15'000;
  // How often the bridge hears who is really present, which mends lost leaves.
  Millis rosterEveryMs = 30'000;
  // Time to say goodbye on a server that is taken away without saying when.
  Millis drainMs = 30'000;
  // A frame that takes more than three of these is a hitch.
  double tickMs = 1'000.0 / 30;
  SnapshotCadence snapshots;
  // Of this process; 0 where it is not told to the bridge.
  std::int64_t pid = 0;
  // Milliseconds since 1970.
  std::function<std::int64_t()> wallClock = systemMillis;
};

class Session final : private NoticeHost, private StreamHost {
 public:
  Session(Transport& transport, std::function<double()> luck, SessionHost& host, SessionOptions options);

  void tick(Millis now);

  // Start-up is done. May be said before the bridge has answered.
  void markWarm() { warm_ = true; }
  // The map of `load` stands and the game listens on this port.
  void loaded(int port);
  // A map is about to be loaded, or stands: the bridge hears it at once, since the game thread may be busy with it.
  void travels(bool travelling);
  // The session is over: saves are flushed, then the bridge is told.
  void end(const std::string& reason);
  // The process has to go, the session need not: saves are flushed, and the bridge sees to it that it goes on elsewhere.
  void stop(const std::string& reason);

  // There is no session yet, and none is wanted: over at once, and nobody is told.
  void abandon(const std::string& reason) { finish(reason, true); }

  // May the holder of this ticket come in? Where yes, say `present` once they are in the game, or `leave`.
  void admit(const std::string& ticket, Then<Verdict> then);
  // `connection` is the verdict's.
  void present(const std::string& player, SeatConnection connection);
  // Of an older connection than the player's newest this changes nothing. `then` (which may be empty) comes once the bridge has heard it,
  // or will not. What the player's inventory still has to say goes first, for a moment.
  void leave(const std::string& player, SeatConnection connection, bool forGood, std::function<void()> then);
  // The seat is over, and so is every ticket for it; `kicked` follows where the player is in.
  void kick(const std::string& player, const std::string& reason);
  // By EncryptionToken, before login: the token is the player's id. Nothing where that has no seat here, or the bridge is away.
  void packetKey(const std::string& token, std::function<void(const std::optional<PacketKey>&)> then);

  Saves& saves() { return saves_; }
  const Saves& saves() const { return saves_; }
  Stage stage() const { return stage_; }
  // Whether news come by the stream; otherwise they are asked for by held calls.
  bool isStreaming() const { return stream_.live(); }
  bool isDraining() const { return stopAt_.has_value(); }
  const std::optional<SessionInfo>& info() const { return info_; }
  const std::set<std::string>& present() const { return present_; }
  const std::vector<Notice>& notices() const { return watch_.notices(); }

 private:
  struct Leaving {
    std::string player;
    SeatConnection connection = 0;
    bool forGood = false;
    Millis until = 0;
    std::function<void()> then;
  };

  void enter(Stage stage) { stage_ = stage; }
  void greet();
  void warm();
  void watch();
  void watched(const Result<BridgeSession>& result);
  void claimed(const SessionInfo& info);
  void restore();
  void accept();
  void reportFrames();
  void mendRoster();
  void sendLeaves();
  void stopWhenDrained();
  void endWhenFenced();
  void flushAndLeave(const std::string& reason, bool tellEnd);
  void endedByBridge(const std::string& reason);
  void finishWhenFlushed();
  void finish(const std::string& reason, bool clean);

  void noticed(const std::vector<Notice>& notices) override { host_.noticed(notices); }
  void kicked(const std::string& player, const std::string& reason) override;
  void draining(const std::string& reason, std::optional<Millis> leftMs) override;
  void endsIn(const std::string& reason, Millis leftMs) override;

  // Whether the bridge's word on the session, and its notices, are for us.
  bool follows() const { return stage_ >= Stage::Waiting && stage_ <= Stage::Playing; }
  void streamOpened() override;
  void streamBroke() override;
  void streamed(const BridgeSession& session) override { watched({session, {}}); }
  void streamed(const Notices& notices) override;
  void streamed(const AllAcks& acks) override { saves_.heard(acks); }

  SessionHost& host_;
  SessionOptions options_;
  BridgeClient client_;
  Saves saves_;
  NoticeWatch watch_;
  BridgeStream stream_;
  Stage stage_ = Stage::Greeting;
  Millis now_ = 0;
  bool started_ = false;
  bool warm_ = false;
  bool warmSent_ = false;
  int port_ = 0;

  SessionPhase phase_ = SessionPhase::Idle;
  // While a held call is out.
  std::optional<BridgeClient::CallId> watching_;
  Millis watchAgainAt_ = 0;
  std::optional<SessionInfo> info_;

  // The newest connection of everyone who was let in and has not left.
  std::map<std::string, SeatConnection> inside_;
  std::set<std::string> present_;
  std::vector<Leaving> leaving_;
  int seatCalls_ = 0;
  Millis rosterAt_ = 0;

  FrameMeter meter_;
  Millis reportEveryMs_ = 1'000;
  Millis reportAt_ = 0;
  bool travelling_ = false;

  std::string stopReason_;
  // When a server that is taken away stops by itself.
  std::optional<Millis> stopAt_;
  // When a session that is ended from outside takes its last snapshot.
  std::optional<Millis> lastSnapshotAt_;

  std::string endReason_;
  Millis flushUntil_ = 0;
  Millis readOnlyUntil_ = 0;
  // How the flush closes: by telling the bridge, by going, or by going since the bridge has ended it.
  enum class Close { TellEnd, Go, EndedByBridge };
  Close close_ = Close::TellEnd;
  bool endSent_ = false;
};

}  // namespace lifeverse
