// What the bridge is told and answers: `contracts/bridge.ts` in C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json.h"

namespace lifeverse {

// Position of an entry in a world's journal; the first is 1, and 0 means none.
using Seq = std::int64_t;

struct Welcome {
  std::string gameServer;
  double heartbeatSeconds = 1;
};

enum class SeatState { Held, Admitted, Present, Away, Left };

struct Seat {
  std::string playerId;
  std::string role;
  SeatState state = SeatState::Held;
};

enum class SessionPhase { Idle, Claimed, Joinable, Ended };

struct SessionInfo {
  std::string allocationId;
  std::string uid;
  std::int64_t attempt = 0;
  std::string mode;
  std::string build;
  std::string map;
  // Empty: no persistent world is played.
  std::string world;
  // Handed through by the allocator as the client gave it.
  Json data = Json::object();
  std::int64_t capacity = 0;
  std::int64_t spectators = 0;
  std::vector<Seat> seats;
};

struct BridgeSession {
  SessionPhase phase = SessionPhase::Idle;
  std::optional<SessionInfo> session;
  bool readOnly = false;
  std::string reason;
};

struct Verdict {
  bool admitted = false;
  Seat seat;
  std::string packetKey;
  // Stable, where not admitted: `expired`, `used` …
  std::string refusal;
  std::string detail;
};

struct Acks {
  Seq accepted = 0;
  Seq durable = 0;
  bool readOnly = false;
};

struct JournalEntry {
  Seq seq = 0;
  Json data = Json::object();
};

struct Snapshot {
  // The newest entry that it contains.
  Seq seq = 0;
  std::string data;
};

struct WorldRestore {
  std::string world;
  Seq durableSeq = 0;
  std::optional<Snapshot> snapshot;
  std::vector<JournalEntry> entries;

  // Whether snapshot and entries together hold every entry up to durableSeq, in order.
  bool complete() const;
};

const char* nameOf(SessionPhase phase);

// Readers of the bridge's answers: nothing where the body has another shape.
std::optional<Welcome> readWelcome(const Json& body);
std::optional<Seat> readSeat(const Json& body);
std::optional<std::vector<Seat>> readRoster(const Json& body);
std::optional<BridgeSession> readBridgeSession(const Json& body);
std::optional<Verdict> readVerdict(const Json& body);
std::optional<Acks> readAcks(const Json& body);
std::optional<std::string> readPacketKey(const Json& body);
std::optional<WorldRestore> readWorldRestore(const Json& body);

}  // namespace lifeverse
