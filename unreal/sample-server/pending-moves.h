// Moves that are in the world and not durable yet, in the order of the journal (pure).
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/bridge-types.h"

namespace sample {

struct PendingMove {
  lifeverse::Seq seq;
  std::string player;
  std::int64_t n;
};

class PendingMoves {
 public:
  // With a restored world: everything up to `seq` is settled.
  void restart(lifeverse::Seq seq) { accepted_ = seq; }

  void add(PendingMove move) { moves_.push_back(std::move(move)); }

  // Null where this move is durable, or was never made.
  const PendingMove* find(const std::string& player, std::int64_t n) const {
    for (const PendingMove& move : moves_) {
      if (move.n == n && move.player == player) return &move;
    }
    return nullptr;
  }

  bool isAccepted(const PendingMove& move) const { return move.seq <= accepted_; }

  // Those that have become accepted by this.
  std::vector<PendingMove> accept(lifeverse::Seq seq) {
    std::vector<PendingMove> now;
    for (const PendingMove& move : moves_) {
      if (move.seq > accepted_ && move.seq <= seq) now.push_back(move);
    }
    if (seq > accepted_) accepted_ = seq;
    return now;
  }

  // Those that have become durable by this; they are forgotten here.
  std::vector<PendingMove> settle(lifeverse::Seq seq) {
    std::vector<PendingMove> now;
    for (; !moves_.empty() && moves_.front().seq <= seq; moves_.pop_front()) now.push_back(std::move(moves_.front()));
    return now;
  }

  // The one that nothing is kept of.
  std::optional<PendingMove> remove(lifeverse::Seq seq) {
    const auto found = std::find_if(moves_.begin(), moves_.end(), [seq](const PendingMove& move) { return move.seq == seq; });
    if (found == moves_.end()) return std::nullopt;
    PendingMove move = std::move(*found);
    moves_.erase(found);
    return move;
  }

 private:
  std::deque<PendingMove> moves_;
  lifeverse::Seq accepted_ = 0;
};

}  // namespace sample
