// What the bridge is told and answers: `contracts/bridge.ts` in C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
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
  // Why the player has to go; empty where they need not.
  std::string kicked;
};

// Number of one connection of a player, counted by the bridge; 0 where it is not told.
using SeatConnection = std::int64_t;

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
  SeatConnection connection = 0;
  // The player is in already: the old connection has to be dropped, the seat goes on with this one.
  bool replaces = false;
  // Stable, where not admitted: `expired`, `used` …
  std::string refusal;
  std::string detail;
};

// An entry that was accepted and that saves never takes: its place stays empty.
struct Refusal {
  Seq seq = 0;
  // Stable: `input_invalid`, `body_too_large` …
  std::string code;
  std::string detail;
};

struct Acks {
  Seq accepted = 0;
  Seq durable = 0;
  bool readOnly = false;
  // In order; every one since the journal was opened.
  std::vector<Refusal> refused = {};
};

// What an entry of one journal brings to an inventory, whose next entry it is.
struct Share {
  std::string player;
  Seq seq = 0;
  Json data = Json::object();
  // Another session had the inventory by then: it has nothing of this.
  bool refused = false;
};

struct JournalEntry {
  Seq seq = 0;
  Json data = Json::object();
  std::vector<Share> shares;
  // Saves never took what had this place: there is nothing to apply.
  bool refused = false;
};

struct Snapshot {
  // The newest entry that it contains.
  Seq seq = 0;
  std::string data;
};

// What is durable of a world or of a player's inventory.
struct Restore {
  // The world's or the player's id.
  std::string subject;
  Seq durableSeq = 0;
  std::optional<Snapshot> snapshot;
  std::vector<JournalEntry> entries;

  // Whether snapshot and entries together hold every entry up to durableSeq, in order.
  bool complete() const;
};

// How far every journal of the session is.
struct AllAcks {
  // To be given back, so that the next answer comes when something has changed.
  std::string version;
  std::optional<Acks> world;
  std::vector<std::pair<std::string, Acks>> inventories;
};

struct Notice {
  // `Other` is one that this core does not know yet.
  enum class Kind { Maintenance, SessionEnd, Kick, Drain, ReadOnly, Other };

  Kind kind = Kind::Other;
  std::string reason;
  // Milliseconds since 1970 in UTC; nothing where it is not said.
  std::optional<std::int64_t> startsAt;
  std::optional<std::int64_t> endsAt;
  // Of a maintenance: the session is ended at startsAt.
  bool endsSessions = false;
  // The maintenance window.
  std::string window;
  // Of a kick: who has to go. Of read-only: whose inventory is lost; empty for the world's.
  std::string playerId;
  // Of a kick: when it was said, which tells it from an earlier one of the same player.
  std::string at;
};

struct Notices {
  // To be given back, so that the next answer comes when something has changed.
  std::string version;
  std::vector<Notice> notices;
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
// `subjectKey` is where the id stands: `world` or `playerId`.
std::optional<Restore> readRestore(const Json& body, const char* subjectKey);
std::optional<AllAcks> readAllAcks(const Json& body);
std::optional<Notices> readNotices(const Json& body);

// An instant as the contract writes it (ISO 8601 in UTC, `2026-01-31T12:00:00.5Z`), in milliseconds since 1970.
std::optional<std::int64_t> readInstant(const std::string& text);

}  // namespace lifeverse
