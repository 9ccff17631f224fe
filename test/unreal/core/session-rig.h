// A session with a scripted bridge and a game that remembers what it was told.
#pragma once

#include <string>

#include "core/session.h"
#include "scripted-transport.h"

namespace session_rig {

using namespace lifeverse;

class Game final : public SessionHost {
 public:
  void load(const SessionInfo& info, const WorldRestore* world) override {
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
  std::string capture() override { return "captured"; }
  void readOnly() override { isReadOnly = true; }

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

struct Rig {
  ScriptedTransport bridge;
  Game game;
  Session session;
  Millis now = 0;

  Rig() : session(bridge, [] { return 0.5; }, game, {"b", "spec", 10'000, 15'000, 30'000, {3, 10'000}}) {}

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
    return accepted && game.joinable && session.stage() == Stage::Playing;
  }
};

}  // namespace session_rig
