// The sample's world (pure): where each player is, which of their moves it contains, and how many pickups were taken.
// It is a function of the entries applied to it, in order, so a snapshot and the entries after it give the same world.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"

namespace sample {

// Numbers of moves, as closed ranges in ascending order: a hole in the middle is seen.
class MoveSet {
 public:
  bool contains(std::int64_t n) const;
  // False where it was in already.
  bool add(std::int64_t n);
  std::int64_t count() const;
  std::int64_t last() const { return ranges_.empty() ? 0 : ranges_.back().second; }
  lifeverse::Json write() const;
  static std::optional<MoveSet> read(const lifeverse::Json& value);

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges_;
};

struct PlayerState {
  double x = 0;
  double y = 0;
  MoveSet moves;
};

class WorldState {
 public:
  // Whole positions on this lattice hold a pickup: those where x + y is a multiple of it.
  static constexpr std::int64_t kPickupLattice = 7;

  static bool hasPickup(double x, double y);

  // The journal entry of a move.
  static lifeverse::Json move(const std::string& player, std::int64_t n, double x, double y);

  // An entry that is no move, or was applied before, changes nothing.
  void apply(const lifeverse::Json& entry);

  const PlayerState* player(const std::string& id) const;
  std::size_t entities() const { return players_.size(); }
  std::int64_t pickups() const { return pickups_; }

  std::string write() const;
  static std::optional<WorldState> read(const std::string& snapshot);

 private:
  std::map<std::string, PlayerState> players_;
  std::int64_t pickups_ = 0;
};

}  // namespace sample
