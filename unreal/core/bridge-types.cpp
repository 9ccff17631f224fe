#include "bridge-types.h"

#include <array>

namespace lifeverse {

namespace {

struct PhaseName {
  SessionPhase phase;
  const char* name;
};
constexpr std::array<PhaseName, 4> kPhases{{
    {SessionPhase::Idle, "idle"}, {SessionPhase::Claimed, "claimed"}, {SessionPhase::Joinable, "joinable"}, {SessionPhase::Ended, "ended"}}};

struct SeatName {
  SeatState state;
  const char* name;
};
constexpr std::array<SeatName, 5> kSeats{{{SeatState::Held, "held"},
                                          {SeatState::Admitted, "admitted"},
                                          {SeatState::Present, "present"},
                                          {SeatState::Away, "away"},
                                          {SeatState::Left, "left"}}};

std::optional<SessionPhase> phaseOf(const std::string& name) {
  for (const PhaseName& known : kPhases) {
    if (name == known.name) return known.phase;
  }
  return std::nullopt;
}

std::optional<SessionInfo> readSessionInfo(const Json& body) {
  const Json& session = body.at("session");
  if (!body.at("allocationId").isString() || !body.at("attempt").isInteger() || !session.at("map").isString()) return std::nullopt;
  auto seats = readRoster(body);
  if (!seats) return std::nullopt;
  SessionInfo info;
  info.allocationId = body.at("allocationId").asString();
  info.uid = body.at("uid").asString();
  info.attempt = body.at("attempt").asInt();
  info.mode = body.at("mode").asString();
  info.build = body.at("build").asString();
  info.map = session.at("map").asString();
  info.world = session.at("world").asString();
  if (session.at("data").isObject()) info.data = session.at("data");
  info.capacity = session.at("capacity").asInt();
  info.spectators = session.at("spectators").asInt();
  info.seats = std::move(*seats);
  return info;
}

std::optional<JournalEntry> readEntry(const Json& body) {
  if (!body.at("seq").isInteger() || !body.at("data").isObject()) return std::nullopt;
  return JournalEntry{body.at("seq").asInt(), body.at("data")};
}

}  // namespace

const char* nameOf(SessionPhase phase) {
  for (const PhaseName& known : kPhases) {
    if (phase == known.phase) return known.name;
  }
  return "idle";
}

std::optional<Welcome> readWelcome(const Json& body) {
  if (!body.at("gameServer").isString() || !body.at("heartbeatSeconds").isNumber()) return std::nullopt;
  return Welcome{body.at("gameServer").asString(), body.at("heartbeatSeconds").asDouble()};
}

std::optional<Seat> readSeat(const Json& body) {
  if (!body.at("playerId").isString() || !body.at("role").isString()) return std::nullopt;
  for (const SeatName& known : kSeats) {
    if (body.at("state").asString() == known.name) return Seat{body.at("playerId").asString(), body.at("role").asString(), known.state};
  }
  return std::nullopt;
}

std::optional<std::vector<Seat>> readRoster(const Json& body) {
  if (!body.at("seats").isArray()) return std::nullopt;
  std::vector<Seat> seats;
  for (const Json& item : body.at("seats").items()) {
    auto seat = readSeat(item);
    if (!seat) return std::nullopt;
    seats.push_back(std::move(*seat));
  }
  return seats;
}

std::optional<BridgeSession> readBridgeSession(const Json& body) {
  const auto phase = phaseOf(body.at("phase").asString());
  if (!phase) return std::nullopt;
  BridgeSession state;
  state.phase = *phase;
  state.readOnly = body.at("readOnly").asBool();
  state.reason = body.at("reason").asString();
  if (body.has("session")) {
    state.session = readSessionInfo(body.at("session"));
    if (!state.session) return std::nullopt;
  }
  return state;
}

std::optional<Verdict> readVerdict(const Json& body) {
  if (!body.at("admitted").isBool()) return std::nullopt;
  Verdict verdict;
  verdict.admitted = body.at("admitted").asBool();
  if (!verdict.admitted) {
    verdict.refusal = body.at("refusal").asString();
    verdict.detail = body.at("detail").asString();
    return verdict;
  }
  auto seat = readSeat(body.at("seat"));
  if (!seat || !body.at("packetKey").isString()) return std::nullopt;
  verdict.seat = std::move(*seat);
  verdict.packetKey = body.at("packetKey").asString();
  return verdict;
}

std::optional<Acks> readAcks(const Json& body) {
  if (!body.at("accepted").isInteger() || !body.at("durable").isInteger() || !body.at("readOnly").isBool()) return std::nullopt;
  return Acks{body.at("accepted").asInt(), body.at("durable").asInt(), body.at("readOnly").asBool()};
}

std::optional<std::string> readPacketKey(const Json& body) {
  if (!body.at("packetKey").isString()) return std::nullopt;
  return body.at("packetKey").asString();
}

std::optional<WorldRestore> readWorldRestore(const Json& body) {
  if (!body.at("world").isString() || !body.at("durableSeq").isInteger() || !body.at("entries").isArray()) return std::nullopt;
  WorldRestore restore;
  restore.world = body.at("world").asString();
  restore.durableSeq = body.at("durableSeq").asInt();
  if (body.has("snapshot")) {
    const Json& snapshot = body.at("snapshot");
    if (!snapshot.at("seq").isInteger() || !snapshot.at("data").isString()) return std::nullopt;
    restore.snapshot = Snapshot{snapshot.at("seq").asInt(), snapshot.at("data").asString()};
  }
  for (const Json& item : body.at("entries").items()) {
    auto entry = readEntry(item);
    if (!entry) return std::nullopt;
    restore.entries.push_back(std::move(*entry));
  }
  return restore;
}

bool WorldRestore::complete() const {
  Seq seq = snapshot ? snapshot->seq : 0;
  for (const JournalEntry& entry : entries) {
    if (entry.seq != ++seq) return false;
  }
  return seq == durableSeq;
}

}  // namespace lifeverse
