#include "world-state.h"

#include <algorithm>
#include <cmath>

using lifeverse::Json;

namespace sample {

bool MoveSet::contains(std::int64_t n) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [n](const auto& range) { return range.first <= n && n <= range.second; });
}

bool MoveSet::add(std::int64_t n) {
  if (contains(n)) return false;
  // The first range that begins after n; n joins it, its predecessor, both, or stands alone.
  auto next = std::find_if(ranges_.begin(), ranges_.end(), [n](const auto& range) { return range.first > n; });
  const bool joinsNext = next != ranges_.end() && next->first == n + 1;
  const bool joinsBefore = next != ranges_.begin() && std::prev(next)->second == n - 1;
  if (joinsBefore && joinsNext) {
    std::prev(next)->second = next->second;
    ranges_.erase(next);
  } else if (joinsBefore) {
    std::prev(next)->second = n;
  } else if (joinsNext) {
    next->first = n;
  } else {
    ranges_.insert(next, {n, n});
  }
  return true;
}

std::int64_t MoveSet::count() const {
  std::int64_t total = 0;
  for (const auto& range : ranges_) total += range.second - range.first + 1;
  return total;
}

Json MoveSet::write() const {
  Json out = Json::array();
  for (const auto& range : ranges_) out.push(Json::array().push(range.first).push(range.second));
  return out;
}

std::optional<MoveSet> MoveSet::read(const Json& value) {
  if (!value.isArray()) return std::nullopt;
  MoveSet moves;
  std::int64_t before = 0;
  for (const Json& range : value.items()) {
    const Json& first = range.item(0);
    const Json& last = range.item(1);
    if (!first.isInteger() || !last.isInteger() || first.asInt() <= before || last.asInt() < first.asInt()) return std::nullopt;
    moves.ranges_.emplace_back(first.asInt(), last.asInt());
    before = last.asInt();
  }
  return moves;
}

Json WorldState::move(const std::string& player, std::int64_t n, double x, double y) {
  Json entry = Json::object();
  entry.set("kind", "move").set("player", player).set("n", n).set("x", x).set("y", y);
  return entry;
}

void WorldState::apply(const Json& entry) {
  const std::int64_t n = entry.at("n").asInt();
  if (entry.at("kind").asString() != "move" || !entry.at("player").isString() || n < 1) return;
  PlayerState& player = players_[entry.at("player").asString()];
  if (!player.moves.add(n)) return;
  player.x = entry.at("x").asDouble();
  player.y = entry.at("y").asDouble();
  if (hasPickup(player.x, player.y)) ++pickups_;
}

bool WorldState::hasPickup(double x, double y) { return std::fmod(std::floor(x) + std::floor(y), static_cast<double>(kPickupLattice)) == 0; }

const PlayerState* WorldState::player(const std::string& id) const {
  const auto found = players_.find(id);
  return found == players_.end() ? nullptr : &found->second;
}

std::string WorldState::write() const {
  // Not through Json::set, which looks for the key each time: a world may know many players.
  std::string out = "{\"pickups\":" + std::to_string(pickups_) + ",\"players\":[";
  bool first = true;
  for (const auto& [id, player] : players_) {
    if (!first) out.push_back(',');
    first = false;
    Json entry = Json::object();
    entry.set("id", id).set("x", player.x).set("y", player.y).set("moves", player.moves.write());
    entry.writeTo(out);
  }
  return out + "]}";
}

std::optional<WorldState> WorldState::read(const std::string& snapshot) {
  const auto value = Json::parse(snapshot);
  if (!value || !value->at("pickups").isInteger() || !value->at("players").isArray()) return std::nullopt;
  WorldState world;
  world.pickups_ = value->at("pickups").asInt();
  for (const Json& item : value->at("players").items()) {
    auto moves = MoveSet::read(item.at("moves"));
    if (!moves || !item.at("id").isString() || !item.at("x").isNumber() || !item.at("y").isNumber()) return std::nullopt;
    world.players_[item.at("id").asString()] = PlayerState{item.at("x").asDouble(), item.at("y").asDouble(), std::move(*moves)};
  }
  return world;
}

}  // namespace sample
