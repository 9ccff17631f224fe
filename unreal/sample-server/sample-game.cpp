#include "sample-game.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

using namespace lifeverse;

namespace sample {

namespace {

constexpr Millis kStateEveryMs = 250;
constexpr Millis kForgetMs = 5'000;
constexpr std::size_t kMostInState = 16;

Json typed(const char* type) {
  Json out = Json::object();
  out.set("t", type);
  return out;
}

SessionOptions sessionOptions(const Options& options) {
  SessionOptions session;
  session.build = options.build;
  session.plugin = "sample-server";
  session.pid = ::getpid();
  return session;
}

double secondsOf(const Json& data, const char* key, double fallback) {
  const double given = data.at(key).asDouble(-1);
  return given >= 0 ? given : fallback;
}

}  // namespace

SampleGame::SampleGame(const Options& options, UdpSocket& socket, std::uint16_t port, Transport& transport, std::function<double()> luck, Log& log)
    : options_(options), log_(log), port_(port), gate_(socket, *this), session_(transport, std::move(luck), *this, sessionOptions(options)) {
  // Nothing has to be warmed up.
  session_.markWarm();
}

void SampleGame::tick(Millis now) {
  now_ = now;
  gate_.receive(now);
  session_.tick(now);
  if (exitCode_) return;
  if (session_.isStreaming() != streaming_) {
    streaming_ = !streaming_;
    log_.info(streaming_ ? "news come by the stream" : "news are asked for");
  }
  dropSilent();
  broadcastState();
  if (session_.stage() != Stage::Playing) return;
  runScript();
  endWhenOver();
}

void SampleGame::terminate() {
  // Without a session there is nothing to save and nobody to tell.
  if (session_.stage() < Stage::Restoring) exitCode_ = 0;
  else session_.stop("the game server was told to stop");
}

void SampleGame::load(const SessionInfo& info, const Restore* world) {
  options_.emptySeconds = secondsOf(info.data, "emptySeconds", options_.emptySeconds);
  options_.noShowSeconds = secondsOf(info.data, "noShowSeconds", options_.noShowSeconds);
  options_.durationSeconds = secondsOf(info.data, "durationSeconds", options_.durationSeconds);
  script_ = Script(info.data.at("script"), world != nullptr && world->durableSeq > 0);
  if (world != nullptr) {
    if (world->snapshot) {
      auto restored = WorldState::read(world->snapshot->data);
      if (!restored) return session_.end("the world's snapshot cannot be read");
      world_ = std::move(*restored);
    }
    for (const JournalEntry& entry : world->entries) {
      if (!entry.refused) world_.apply(entry.data);
    }
    pending_.restart(world->durableSeq);
  }
  Json fields = Json::object();
  fields.set("allocationId", info.allocationId).set("attempt", info.attempt).set("map", info.map);
  if (world != nullptr) fields.set("world", info.world).set("durableSeq", world->durableSeq).set("tail", world->entries.size());
  log_.info("map loaded", fields);
  session_.loaded(port_);
}

void SampleGame::playing() {
  playingSince_ = now_;
  occupiedAt_ = now_;
  log_.info("joinable", Json::object().set("port", port_));
}

void SampleGame::readOnly() { log_.warn("the world is read-only"); }

void SampleGame::noticed(const std::vector<Notice>& notices) {
  Json reasons = Json::array();
  for (const Notice& notice : notices) reasons.push(notice.reason);
  log_.info("notices", Json::object().set("reasons", std::move(reasons)));
}

void SampleGame::kicked(const std::string& player, const std::string& reason) {
  Link* link = gate_.joined(player);
  if (link == nullptr) return;
  log_.info("player kicked", Json::object().set("reason", reason));
  gate_.send(*link, typed("bye").set("reason", "kicked: " + reason));
  goodbye(*link, true);
  gate_.drop(link->id);
}

void SampleGame::draining(const std::string& reason, Millis leftMs) {
  log_.info("draining", Json::object().set("reason", reason).set("leftMs", leftMs));
  for (const LinkId id : gate_.links()) {
    Link* link = gate_.find(id);
    if (link->stage == Link::Stage::Joined) gate_.send(*link, typed("draining").set("reason", reason).set("leftMs", leftMs));
  }
}

void SampleGame::ended(const std::string& reason, bool clean) {
  log_.info("ended", Json::object().set("reason", reason).set("clean", clean));
  for (const LinkId id : gate_.links()) {
    Link* link = gate_.find(id);
    gate_.send(*link, typed("bye").set("reason", reason));
  }
  exitCode_ = clean ? 0 : 1;
}

void SampleGame::askKey(LinkId link, const std::string& player) {
  session_.packetKey(player, [this, link](const std::optional<PacketKey>& key) { gate_.keyCame(link, key); });
}

void SampleGame::message(Link& link, const Json& message) {
  const std::string& type = message.at("t").asString();
  if (type == "join") join(link, message.at("ticket").asString());
  if (type == "move") move(link, message);
  if (type == "leave") leave(link, message.at("forGood").asBool());
  if (type == "ping") gate_.send(link, typed("pong").set("at", message.at("at")));
}

void SampleGame::join(Link& link, const std::string& ticket) {
  if (link.stage == Link::Stage::Joined) return sendJoined(link);
  // The allocator may have sent the player before we have heard that we are joinable: the join is sent again in a moment.
  if (link.stage != Link::Stage::Open || session_.stage() < Stage::Playing) return;
  link.stage = Link::Stage::Joining;
  const LinkId id = link.id;
  session_.admit(ticket, [this, id](const Result<Verdict>& result) { admitted(id, result); });
}

void SampleGame::admitted(LinkId id, const Result<Verdict>& result) {
  Link* link = gate_.find(id);
  if (result && result.value->admitted) {
    const std::string& seat = result.value->seat.playerId;
    const SeatConnection connection = result.value->connection;
    if (link != nullptr && link->player == seat) {
      // The same player from elsewhere: the old connection gives way, the seat goes on.
      if (Link* old = gate_.joined(seat)) {
        gate_.send(*old, typed("bye").set("reason", "joined from elsewhere"));
        gate_.drop(old->id);
      }
      link->connection = connection;
      link->stage = Link::Stage::Joined;
      link->role = result.value->seat.role;
      everJoined_ = true;
      session_.present(seat, connection);
      openBag(seat);
      log_.info("player joined");
      return sendJoined(*link);
    }
    // Whoever showed it has gone, or the ticket is another player's: nobody took the seat.
    session_.leave(seat, connection, false, nullptr);
  }
  if (link == nullptr) return;
  link->stage = Link::Stage::Open;
  const bool judged = result && !result.value->admitted;
  const std::string refusal = judged ? result.value->refusal : result ? "other-player" : "unavailable";
  const std::string detail = judged ? result.value->detail : result ? "the ticket is another player's" : "the bridge did not answer";
  log_.info("player refused", Json::object().set("refusal", refusal));
  gate_.send(*link, typed("refused").set("refusal", refusal).set("detail", detail));
}

void SampleGame::goodbye(Link& link, bool forGood) {
  // The inventory's last snapshot is captured by this.
  session_.leave(link.player, link.connection, forGood, nullptr);
  bags_.close(link.player);
}

void SampleGame::sendJoined(Link& link) {
  Json you = Json::object();
  const PlayerState* player = world_.player(link.player);
  const PlayerState none;
  const PlayerState& state = player == nullptr ? none : *player;
  you.set("x", state.x).set("y", state.y).set("count", state.moves.count()).set("lastN", state.moves.last()).set("moves", state.moves.write());
  const JournalLink* world = session_.saves().world();
  Json out = typed("joined");
  out.set("player", link.player).set("role", link.role).set("map", session_.info()->map);
  out.set("world", world == nullptr ? Json() : Json(session_.info()->world));
  out.set("durableSeq", world == nullptr ? 0 : world->journal().durable());
  out.set("readOnly", world != nullptr && world->readOnly());
  out.set("entities", world_.entities()).set("pickups", world_.pickups()).set("you", std::move(you));
  gate_.send(link, out);
}

void SampleGame::leave(Link& link, bool forGood) {
  const bool was = link.stage == Link::Stage::Joined;
  link.stage = Link::Stage::Left;
  gate_.send(link, typed("left"));
  if (!was) return;
  log_.info("player left");
  goodbye(link, forGood);
}

void SampleGame::dropSilent() {
  for (const LinkId id : gate_.links()) {
    Link* link = gate_.find(id);
    const bool in = link->stage == Link::Stage::Joined;
    const Millis most = in || link->stage == Link::Stage::Joining ? static_cast<Millis>(options_.silenceSeconds * 1'000) : kForgetMs;
    if (now_ - link->heardAt < most) continue;
    if (in) {
      log_.info("player fell silent");
      goodbye(*link, false);
    }
    gate_.drop(id);
  }
}

void SampleGame::broadcastState() {
  if (now_ < stateAt_) return;
  stateAt_ = now_ + kStateEveryMs;
  Json players = Json::array();
  std::vector<Link*> present;
  for (const LinkId id : gate_.links()) {
    Link* link = gate_.find(id);
    if (link->stage == Link::Stage::Joined) present.push_back(link);
  }
  for (std::size_t i = 0; i < present.size() && i < kMostInState; ++i) {
    const PlayerState* state = world_.player(present[i]->player);
    if (state != nullptr) players.push(Json::array().push(present[i]->player).push(state->x).push(state->y));
  }
  const JournalLink* world = session_.saves().world();
  Json out = typed("state");
  out.set("present", present.size()).set("pickups", world_.pickups()).set("players", std::move(players));
  out.set("durableSeq", world == nullptr ? 0 : world->journal().durable());
  for (Link* link : present) gate_.send(*link, out);
}

void SampleGame::runScript() {
  for (const ScriptStep& step : script_.due(now_ - *playingSince_)) {
    switch (step.deed) {
      case Deed::Hitch:
        log_.warn("the script says hitch", Json::object().set("ms", step.ms));
        std::this_thread::sleep_for(std::chrono::milliseconds(step.ms));
        break;
      case Deed::Hang:
        log_.warn("the script says hang");
        for (;;) ::pause();
      case Deed::Crash:
        log_.warn("the script says crash");
        std::abort();
      case Deed::End: session_.end("the script says end"); break;
    }
  }
}

void SampleGame::endWhenOver() {
  if (session_.stage() != Stage::Playing) return;
  if (!session_.present().empty()) occupiedAt_ = now_;
  const auto longerThan = [](Millis ms, double seconds) { return static_cast<double>(ms) >= seconds * 1'000; };
  const double patience = everJoined_ ? options_.emptySeconds : options_.noShowSeconds;
  if (session_.present().empty() && longerThan(now_ - occupiedAt_, patience)) return session_.end(everJoined_ ? "everybody has left" : "nobody came");
  if (options_.durationSeconds > 0 && longerThan(now_ - *playingSince_, options_.durationSeconds)) session_.end("the time is up");
}

}  // namespace sample
