#include "bridge-client.h"

#include <cstdio>
#include <utility>

namespace lifeverse {

namespace {

// The contract's limits of the bridge's own answer, plus room for the way back.
constexpr Millis kOrdinaryMs = 12'000;
constexpr Millis kLongMs = 32'000;
constexpr Millis kEndMs = 42'000;
constexpr Millis kGraceMs = 5'000;

constexpr Millis kOnce = 0;
constexpr Millis kBrief = 15'000;
constexpr Millis kPatient = 60'000;
constexpr Millis kAsLongAsItTakes = INT64_C(1) << 60;

// What may succeed when it is sent again: `RETRYABLE` of contracts/app-error.ts, and no answer at all.
bool retryable(const HttpResponse& response) {
  if (response.outcome != HttpResponse::Outcome::Answered) return true;
  return response.status == 429 || response.status == 502 || response.status == 503 || response.status == 504;
}

Failure failureOf(const HttpResponse& response) {
  switch (response.outcome) {
    case HttpResponse::Outcome::Unreachable: return {0, "unreachable", "the bridge cannot be reached"};
    case HttpResponse::Outcome::TimedOut: return {0, "timeout", "the bridge did not answer in time"};
    case HttpResponse::Outcome::Answered: break;
  }
  const auto problem = Json::parse(response.body);
  if (!problem || !problem->at("code").isString()) return {response.status, "unexpected_answer", "an answer without a problem document"};
  return {response.status, problem->at("code").asString(), problem->at("detail").asString()};
}

HttpRequest get(std::string path, Millis timeoutMs) { return {"GET", "/lifeverse/v1" + std::move(path), "", timeoutMs}; }

HttpRequest post(std::string path, const Json& body, Millis timeoutMs) { return {"POST", "/lifeverse/v1" + std::move(path), body.write(), timeoutMs}; }

HttpRequest put(std::string path, const Json& body, Millis timeoutMs) { return {"PUT", "/lifeverse/v1" + std::move(path), body.write(), timeoutMs}; }

std::string seatPath(const std::string& player, const char* verb, SeatConnection connection) {
  const std::string path = "/lifeverse/v1/seats/" + escaped(player) + "/" + verb;
  return connection > 0 ? path + "?connection=" + std::to_string(connection) : path;
}

// Not in the middle of a character: the bridge takes UTF-8 only.
std::string shortened(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::optional<Nothing> readNothing(const Json& body) {
  if (!body.isObject()) return std::nullopt;
  return Nothing{};
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    if (plain) out.push_back(c);
    else out += hex;
  }
  return out;
}

std::string worldPath() { return "/world"; }

std::string inventoryPath(const std::string& player) { return "/inventories/" + escaped(player); }

BridgeClient::BridgeClient(Transport& transport, std::function<double()> luck, Backoff backoff)
    : transport_(transport), luck_(std::move(luck)), backoff_(backoff) {}

BridgeClient::~BridgeClient() { abandon(); }

void BridgeClient::cancel(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  if (found->second.out) transport_.cancel(found->second.requestId);
  calls_.erase(found);
}

void BridgeClient::abandon() {
  for (auto& [id, call] : calls_) {
    if (call.out) transport_.cancel(call.requestId);
  }
  calls_.clear();
}

void BridgeClient::tick(Millis now) {
  now_ = now;
  // By id, since a `then` may add calls or abandon all.
  std::vector<CallId> ids;
  for (const auto& [id, call] : calls_) ids.push_back(id);
  for (const CallId id : ids) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) continue;
    Call& call = found->second;
    if (call.out && now >= call.tryEndsAt) {
      transport_.cancel(call.requestId);
      answered(id, {HttpResponse::Outcome::TimedOut, 0, "", 0});
    } else if (!call.out && now >= call.retryAt) {
      send(id, call);
    }
  }
}

void BridgeClient::send(CallId id, Call& call) {
  call.out = true;
  call.tryEndsAt = now_ + call.request.timeoutMs;
  call.requestId = transport_.send(call.request, [this, id](const HttpResponse& response) { answered(id, response); });
}

void BridgeClient::answered(CallId id, const HttpResponse& response) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Call& call = found->second;
  call.out = false;
  if (retryable(response)) {
    const Millis retryAt = now_ + backoff_.delayOf(call.retries, luck_(), response.retryAfterMs);
    if (retryAt - call.startedAt < call.budgetMs) {
      call.retries += 1;
      call.retryAt = retryAt;
      return;
    }
  }
  const Transport::Done settle = std::move(call.settle);
  calls_.erase(found);
  settle(response);
}

template <typename T>
BridgeClient::CallId BridgeClient::call(HttpRequest request, Millis budgetMs, std::function<std::optional<T>(const Json&)> read, Then<T> then) {
  const CallId id = nextId_++;
  Call& call = calls_[id];
  call.request = std::move(request);
  call.budgetMs = budgetMs;
  call.startedAt = now_;
  call.settle = [read = std::move(read), then = std::move(then)](const HttpResponse& response) {
    if (response.outcome != HttpResponse::Outcome::Answered || response.status != 200) return then({std::nullopt, failureOf(response)});
    std::string fault;
    const auto body = Json::parse(response.body, &fault);
    if (!body) return then({std::nullopt, {200, "unexpected_answer", fault}});
    auto value = read(*body);
    if (!value) return then({std::nullopt, {200, "unexpected_answer", "a body of another shape"}});
    then({std::move(value), {}});
  };
  send(id, call);
  return id;
}

void BridgeClient::hello(const std::string& build, const std::string& plugin, Then<Welcome> then, std::int64_t pid) {
  Json body = Json::object();
  // Whoever hosts a journal is told of refused entries: the bridge need not close it for them.
  body.set("build", build).set("plugin", plugin).set("refusals", true);
  if (pid > 0) body.set("pid", pid);
  call<Welcome>(post("/hello", body, kOrdinaryMs), kAsLongAsItTakes, readWelcome, std::move(then));
}

void BridgeClient::warm(Then<Nothing> then) {
  call<Nothing>(post("/warm", Json::object(), kOrdinaryMs), kAsLongAsItTakes, readNothing, std::move(then));
}

BridgeClient::CallId BridgeClient::session(int waitSeconds, SessionPhase from, Then<BridgeSession> then) {
  const std::string path = "/session?wait=" + std::to_string(waitSeconds) + "&from=" + nameOf(from);
  return call<BridgeSession>(get(path, waitSeconds * 1'000 + kGraceMs), kOnce, readBridgeSession, std::move(then));
}

void BridgeClient::accept(int port, const std::string& build, Then<BridgeSession> then) {
  Json body = Json::object();
  body.set("port", port).set("build", build);
  call<BridgeSession>(post("/accept", body, kOrdinaryMs), kPatient, readBridgeSession, std::move(then));
}

void BridgeClient::end(const std::string& reason, Then<BridgeSession> then) {
  Json body = Json::object();
  body.set("reason", shortened(reason, 1'000));
  call<BridgeSession>(post("/end", body, kEndMs), kPatient, readBridgeSession, std::move(then));
}

void BridgeClient::admit(const std::string& ticket, Then<Verdict> then) {
  Json body = Json::object();
  body.set("ticket", ticket);
  call<Verdict>(post("/admit", body, kOrdinaryMs), kBrief, readVerdict, std::move(then));
}

void BridgeClient::present(const std::string& player, SeatConnection connection, Then<Seat> then) {
  call<Seat>({"POST", seatPath(player, "present", connection), "", kOrdinaryMs}, kPatient, readSeat, std::move(then));
}

void BridgeClient::leave(const std::string& player, SeatConnection connection, bool forGood, Then<Seat> then) {
  Json body = Json::object();
  body.set("forGood", forGood);
  call<Seat>({"POST", seatPath(player, "leave", connection), body.write(), kOrdinaryMs}, kPatient, readSeat, std::move(then));
}

void BridgeClient::kick(const std::string& player, const std::string& reason, Then<Seat> then) {
  Json body = Json::object();
  body.set("reason", shortened(reason, 256));
  call<Seat>({"POST", seatPath(player, "kick", 0), body.write(), kOrdinaryMs}, kPatient, readSeat, std::move(then));
}

void BridgeClient::putRoster(const std::vector<std::string>& present, Then<std::vector<Seat>> then) {
  Json players = Json::array();
  for (const std::string& player : present) players.push(player);
  Json body = Json::object();
  body.set("present", std::move(players));
  call<std::vector<Seat>>(put("/roster", body, kOrdinaryMs), kOnce, readRoster, std::move(then));
}

void BridgeClient::packetKey(const std::string& player, Then<std::string> then) {
  call<std::string>(get("/keys/" + escaped(player), kOrdinaryMs), kBrief, readPacketKey, std::move(then));
}

BridgeClient::CallId BridgeClient::notices(int waitSeconds, const std::string& from, Then<Notices> then) {
  std::string path = "/notices?wait=" + std::to_string(waitSeconds);
  if (!from.empty()) path += "&from=" + escaped(from);
  return call<Notices>(get(path, waitSeconds * 1'000 + kGraceMs), kOnce, readNotices, std::move(then));
}

void BridgeClient::world(Then<Restore> then) {
  call<Restore>(get(worldPath(), kLongMs), kPatient, [](const Json& body) { return readRestore(body, "world"); }, std::move(then));
}

void BridgeClient::inventory(const std::string& player, Then<Restore> then) {
  call<Restore>(get(inventoryPath(player), kLongMs), kPatient, [](const Json& body) { return readRestore(body, "playerId"); }, std::move(then));
}

void BridgeClient::append(const std::string& subject, const std::string& entries, Then<Acks> then) {
  call<Acks>({"POST", "/lifeverse/v1" + subject + "/entries", "{\"entries\":" + entries + "}", kOrdinaryMs}, kOnce, readAcks, std::move(then));
}

void BridgeClient::putSnapshot(const std::string& subject, const Snapshot& snapshot, Then<Nothing> then) {
  Json body = Json::object();
  body.set("seq", snapshot.seq).set("data", snapshot.data);
  call<Nothing>(put(subject + "/snapshot", body, kLongMs), kPatient, readNothing, std::move(then));
}

BridgeClient::CallId BridgeClient::acks(int waitSeconds, const std::string& from, Then<AllAcks> then) {
  std::string path = "/acks?wait=" + std::to_string(waitSeconds);
  if (!from.empty()) path += "&from=" + escaped(from);
  return call<AllAcks>(get(path, waitSeconds * 1'000 + kGraceMs), kOnce, readAllAcks, std::move(then));
}

void BridgeClient::frame(const FrameReport& report, Then<Nothing> then) {
  Json body = Json::object();
  body.set("frames", report.frames).set("longestMs", report.longestMs).set("meanMs", report.meanMs).set("p99Ms", report.p99Ms).set("hitches", report.hitches);
  if (report.travelling) body.set("travelling", true);
  call<Nothing>(post("/frame", body, 3'000), kOnce, readNothing, std::move(then));
}

}  // namespace lifeverse
