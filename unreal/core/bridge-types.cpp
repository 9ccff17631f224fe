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
  JournalEntry entry{body.at("seq").asInt(), body.at("data"), {}, body.has("refused")};
  for (const Json& item : body.at("inventories").items()) {
    if (!item.at("playerId").isString() || !item.at("seq").isInteger() || !item.at("data").isObject()) return std::nullopt;
    entry.shares.push_back({item.at("playerId").asString(), item.at("seq").asInt(), item.at("data"), item.at("refused").asBool()});
  }
  return entry;
}

struct NoticeName {
  Notice::Kind kind;
  const char* name;
};
constexpr std::array<NoticeName, 5> kNotices{{{Notice::Kind::Maintenance, "maintenance"},
                                              {Notice::Kind::SessionEnd, "session-end"},
                                              {Notice::Kind::Kick, "kick"},
                                              {Notice::Kind::Drain, "drain"},
                                              {Notice::Kind::ReadOnly, "read-only"}}};

std::optional<Notice> readNotice(const Json& body) {
  if (!body.at("kind").isString()) return std::nullopt;
  Notice notice;
  for (const NoticeName& known : kNotices) {
    if (body.at("kind").asString() == known.name) notice.kind = known.kind;
  }
  notice.reason = body.at("reason").asString();
  notice.startsAt = readInstant(body.at("startsAt").asString());
  notice.endsAt = readInstant(body.at("endsAt").asString());
  notice.endsSessions = body.at("end").asString() == "end-sessions";
  notice.window = body.at("window").asString();
  notice.playerId = body.at("playerId").asString();
  notice.at = body.at("at").asString();
  if (notice.kind == Notice::Kind::Kick && notice.playerId.empty()) return std::nullopt;
  return notice;
}

// Days from 1970-01-01 to a day of the Gregorian calendar: whole years, then the months of a year that begins in March.
std::int64_t daysOf(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t y = month > 2 ? year : year - 1;
  const std::int64_t m = month > 2 ? month - 3 : month + 9;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719'468;
}

// The number that stands in `length` digits at `at`; -1 where they are none.
std::int64_t digitsAt(const std::string& text, std::size_t at, std::size_t length) {
  if (at + length > text.size()) return -1;
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + length; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
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
    if (body.at("state").asString() != known.name) continue;
    return Seat{body.at("playerId").asString(), body.at("role").asString(), known.state, body.at("kicked").asString()};
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
  verdict.connection = body.at("connection").asInt();
  verdict.replaces = body.at("replace").asString() == "connection";
  return verdict;
}

std::optional<Acks> readAcks(const Json& body) {
  if (!body.at("accepted").isInteger() || !body.at("durable").isInteger() || !body.at("readOnly").isBool()) return std::nullopt;
  Acks acks{body.at("accepted").asInt(), body.at("durable").asInt(), body.at("readOnly").asBool(), {}};
  for (const Json& item : body.at("refused").items()) {
    if (!item.at("seq").isInteger()) return std::nullopt;
    acks.refused.push_back({item.at("seq").asInt(), item.at("code").asString(), item.at("detail").asString()});
  }
  return acks;
}

std::optional<std::string> readPacketKey(const Json& body) {
  if (!body.at("packetKey").isString()) return std::nullopt;
  return body.at("packetKey").asString();
}

std::optional<Restore> readRestore(const Json& body, const char* subjectKey) {
  if (!body.at(subjectKey).isString() || !body.at("durableSeq").isInteger() || !body.at("entries").isArray()) return std::nullopt;
  Restore restore;
  restore.subject = body.at(subjectKey).asString();
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

bool Restore::complete() const {
  // In this order, so that no number of the bridge's can overflow.
  const Seq first = snapshot ? snapshot->seq : 0;
  if (first < 0 || durableSeq < first || durableSeq - first != static_cast<Seq>(entries.size())) return false;
  Seq seq = first;
  for (const JournalEntry& entry : entries) {
    if (entry.seq != ++seq) return false;
  }
  return true;
}

std::optional<AllAcks> readAllAcks(const Json& body) {
  if (!body.at("version").isString() || !body.at("inventories").isArray()) return std::nullopt;
  AllAcks all;
  all.version = body.at("version").asString();
  if (body.has("world")) {
    all.world = readAcks(body.at("world"));
    if (!all.world) return std::nullopt;
  }
  for (const Json& item : body.at("inventories").items()) {
    const auto acks = readAcks(item);
    if (!acks || !item.at("playerId").isString()) return std::nullopt;
    all.inventories.emplace_back(item.at("playerId").asString(), *acks);
  }
  return all;
}

std::optional<Notices> readNotices(const Json& body) {
  if (!body.at("version").isString() || !body.at("notices").isArray()) return std::nullopt;
  Notices notices;
  notices.version = body.at("version").asString();
  for (const Json& item : body.at("notices").items()) {
    auto notice = readNotice(item);
    if (!notice) return std::nullopt;
    notices.notices.push_back(std::move(*notice));
  }
  return notices;
}

std::optional<std::int64_t> readInstant(const std::string& text) {
  const std::int64_t year = digitsAt(text, 0, 4);
  const std::int64_t month = digitsAt(text, 5, 2);
  const std::int64_t day = digitsAt(text, 8, 2);
  const std::int64_t hour = digitsAt(text, 11, 2);
  const std::int64_t minute = digitsAt(text, 14, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':') return std::nullopt;
  std::int64_t millis = ((daysOf(year, month, day) * 24 + hour) * 60 + minute) * 60'000;
  std::size_t at = 16;
  if (at < text.size() && text[at] == ':') {
    const std::int64_t second = digitsAt(text, at + 1, 2);
    if (second < 0 || second > 60) return std::nullopt;
    millis += second * 1'000;
    at += 3;
    // Of a fraction only the milliseconds count.
    if (at < text.size() && text[at] == '.') {
      std::int64_t weight = 100;
      for (++at; digitsAt(text, at, 1) >= 0; ++at, weight /= 10) millis += digitsAt(text, at, 1) * weight;
    }
  }
  if (text.substr(at) != "Z") return std::nullopt;
  return millis;
}

}  // namespace lifeverse
