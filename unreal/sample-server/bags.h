// What each player who is in has picked up, as their inventory keeps it (pure).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/bridge-types.h"

namespace sample {

class Bags {
 public:
  // What a move that takes a pickup brings to the player's inventory.
  static lifeverse::Json pickup() { return lifeverse::Json::object().set("kind", "pickup"); }

  // False where the snapshot cannot be read.
  bool open(const std::string& player, const lifeverse::Restore& inventory) {
    std::int64_t pickups = 0;
    if (inventory.snapshot) {
      const auto kept = lifeverse::Json::parse(inventory.snapshot->data);
      if (!kept || !kept->at("pickups").isInteger()) return false;
      pickups = kept->at("pickups").asInt();
    }
    for (const lifeverse::JournalEntry& entry : inventory.entries) pickups += !entry.refused && entry.data.at("kind").asString() == "pickup" ? 1 : 0;
    pickups_[player] = pickups;
    return true;
  }

  bool isOpen(const std::string& player) const { return pickups_.count(player) > 0; }
  void add(const std::string& player) { ++pickups_[player]; }
  void close(const std::string& player) { pickups_.erase(player); }

  std::int64_t count(const std::string& player) const {
    const auto found = pickups_.find(player);
    return found == pickups_.end() ? 0 : found->second;
  }

  // The snapshot of one inventory.
  std::string write(const std::string& player) const { return lifeverse::Json::object().set("pickups", count(player)).write(); }

 private:
  std::map<std::string, std::int64_t> pickups_;
};

}  // namespace sample
