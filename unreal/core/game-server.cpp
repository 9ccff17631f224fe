#include "game-server.h"

#include <algorithm>
#include <utility>

namespace lifeverse {

namespace {

std::string shortName(const std::string& map) {
  std::string name = map.substr(map.find_last_of('/') == std::string::npos ? 0 : map.find_last_of('/') + 1);
  name = name.substr(0, name.find('.'));
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::transform(name.begin(), name.end(), name.begin(), lower);
  // The editor plays copies of a map, one for each of its worlds.
  const std::string prefix = "uedpie_";
  if (name.rfind(prefix, 0) != 0) return name;
  const std::size_t end = name.find('_', prefix.size());
  return end == std::string::npos ? name : name.substr(end + 1);
}

}  // namespace

bool sameMap(const std::string& one, const std::string& other) { return !one.empty() && shortName(one) == shortName(other); }

GameServer::GameServer(Transport& transport, std::function<double()> luck, GameServerHost& host, GameServerOptions options)
    : host_(host), options_(std::move(options)), session_(transport, std::move(luck), *this, options_.session), connections_(session_, host, options_.connections) {}

void GameServer::tick(Millis now) {
  session_.tick(now);
  connections_.tick(now);
}

void GameServer::mapStarts() {
  stands_ = false;
  connections_.travelBegins();
  session_.travels(true);
}

void GameServer::mapStands(const std::string& map, int port, const std::vector<ConnectionId>& open) {
  stands_ = true;
  map_ = map;
  port_ = port;
  connections_.travelEnds(open);
  session_.travels(false);
  if (!options_.warmByGame) session_.markWarm();
  restoreWhenItStands();
}

void GameServer::load(const SessionInfo& info, const Restore* world) {
  loading_ = Loading::Travelling;
  if (world != nullptr) world_ = *world;
  if (options_.travelToMap && !sameMap(info.map, map_)) return host_.travel(info.map);
  restoreWhenItStands();
}

void GameServer::restoreWhenItStands() {
  if (loading_ != Loading::Travelling || !stands_) return;
  const SessionInfo& info = *session_.info();
  if (options_.travelToMap && !sameMap(info.map, map_)) return;
  loading_ = Loading::Restoring;
  host_.restore(info, world_ ? &*world_ : nullptr);
  if (!options_.readyByGame) ready();
}

void GameServer::ready() {
  if (loading_ != Loading::Restoring) return;
  loading_ = Loading::No;
  world_.reset();
  if (port_ <= 0) return session_.end("the game server does not listen");
  session_.loaded(port_);
}

void GameServer::travelFailed(const std::string& reason) {
  session_.travels(false);
  if (loading_ == Loading::Travelling) session_.end("the session's map could not be loaded: " + reason);
}

void GameServer::terminate(const std::string& reason) {
  if (session_.stage() >= Stage::Restoring) return session_.stop(reason);
  session_.abandon(reason);
}

}  // namespace lifeverse
