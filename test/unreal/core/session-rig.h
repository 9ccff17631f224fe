// A session with a scripted bridge and a game that remembers what it was told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/session.h"
#include "scripted-transport.h"

namespace session_rig {

using namespace lifeverse;

class Game final : public SessionHost {
 public:
  void load(const SessionInfo& info, const Restore* world) override {
    map = info.map;
    restored = world == nullptr ? -1 : world->durableSeq;
  }
  void playing() override { joinable = true; }
  void ended(const std::string& why, bool confirmed) override {
    reason = why;
    clean = confirmed;
  }
  void accepted(Seq seq) override { acceptedSeq = seq; }
  void durable(Seq seq) override { durableSeq = seq; }
  void refused(const Refusal& refusal) override { refusals.push_back(std::to_string(refusal.seq) + " " + refusal.code + " at " + std::to_string(durableSeq)); }
  std::string capture() override { return "captured"; }
  void readOnly() override { isReadOnly = true; }

  void noticed(const std::vector<Notice>& notices) override { heard = notices; }
  void kicked(const std::string& player, const std::string& why) override { kicks.push_back(player + ": " + why); }
  void draining(const std::string&, Millis left) override { drainLeftMs = left; }
  void inventoryAccepted(const std::string& player, Seq seq) override { inventoryAcks[player].accepted = seq; }
  void inventoryDurable(const std::string& player, Seq seq) override { inventoryAcks[player].durable = seq; }
  void inventoryRefused(const std::string& player, const Refusal& refusal) override { refusals.push_back(player + " " + std::to_string(refusal.seq)); }
  std::string captureInventory(const std::string& player) override {
    ++captures;
    return "inventory of " + player;
  }
  void inventoryReadOnly(const std::string& player) override { inventoryAcks[player].readOnly = true; }

  std::vector<Notice> heard;
  std::vector<std::string> kicks;
  std::vector<std::string> refusals;
  int captures = 0;
  Millis drainLeftMs = -1;
  std::map<std::string, Acks> inventoryAcks;
  std::string map;
  Seq restored = -2;
  bool joinable = false;
  bool isReadOnly = false;
  Seq acceptedSeq = 0;
  Seq durableSeq = 0;
  std::string reason;
  bool clean = false;
};

inline std::string claimed(const std::string& world, const std::string& phase = "claimed") {
  return R"({"phase":")" + phase + R"(","readOnly":false,"session":{"allocationId":"m1","uid":"u","attempt":2,"mode":"duel","build":"b",)" +
         R"("session":{"map":"meadow",)" + (world.empty() ? "" : R"("world":")" + world + R"(",)") + R"("data":{"a":1},"capacity":4,"spectators":0},"seats":[]}})";
}

// An answer of `acks`, of its own version each time.
inline std::string acks(Seq accepted, Seq durable, const std::string& inventories = "", bool readOnly = false) {
  static int version = 0;
  return R"({"version":"v)" + std::to_string(++version) + R"(","world":{"accepted":)" + std::to_string(accepted) + R"(,"durable":)" + std::to_string(durable) +
         R"(,"readOnly":)" + (readOnly ? "true" : "false") + R"(},"inventories":[)" + inventories + "]}";
}

struct Rig {
  ScriptedTransport bridge;
  Game game;
  Millis now = 0;
  Session session;

  // What the wall clock says when `now` is 0.
  static constexpr std::int64_t kEpoch = 1'790'000'000'000;

  Rig() : session(bridge, [] { return 0.5; }, game, options()) {}

  SessionOptions options() {
    SessionOptions out;
    out.build = "b";
    out.plugin = "spec";
    out.snapshots = {3, 10'000};
    out.wallClock = [this] { return kEpoch + now; };
    return out;
  }

  void run(Millis ms) {
    for (const Millis end = now + ms; now < end; now += 33) session.tick(now);
  }
  bool greet() {
    run(40);
    const bool hello = bridge.answer("/hello", 200, R"({"gameServer":"gs","heartbeatSeconds":1})");
    session.markWarm();
    run(40);
    const bool warm = bridge.answer("/warm", 200, "{}");
    run(40);
    return hello && warm && session.stage() == Stage::Waiting;
  }
  // To Playing with the world "w", of which 5 entries are durable.
  bool play() {
    if (!greet() || !bridge.answer("/session", 200, claimed("w"))) return false;
    if (!bridge.answer("/world", 200, R"({"world":"w","durableSeq":5,"snapshot":{"seq":4,"data":"s"},"entries":[{"seq":5,"data":{}}]})")) return false;
    session.loaded(7777);
    const bool accepted = bridge.answer("/accept", 200, claimed("w", "joinable"));
    run(40);
    bridge.answer("/acks", 200, acks(5, 5));
    run(40);
    return accepted && game.joinable && session.stage() == Stage::Playing;
  }
};

}  // namespace session_rig
