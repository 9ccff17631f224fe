// One journal on the game server's side, the world's or a player's inventory's (pure): numbers entries, says what to send next, keeps
// both acks.
//
//     add ──▶ [ waiting ][ sent, not accepted ][ accepted: on the pod's disk ][ durable: in saves, forgotten here ]
//
// Entries are kept until they are durable, so that a bridge that lost its disk can be given them again. An entry may carry shares of
// inventories: each is the next entry of that inventory's journal too, where it holds the place (`addCarried`) and is not sent.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bridge-types.h"

namespace lifeverse {

class Journal {
 public:
  // Bounds of one append, well inside the contract's 1,000 entries and 4 MiB.
  static constexpr std::size_t kMostPerBatch = 500;
  static constexpr std::size_t kMostBytesPerBatch = 1024 * 1024;
  static constexpr std::size_t kMostBytesPerEntry = 64 * 1024;
  // Entries that may wait for durability; beyond it the game has to slow down.
  static constexpr std::size_t kMostKept = 20'000;
  // The contract's bound of one entry's shares.
  static constexpr std::size_t kMostShares = 8;

  // Whether everything before this share has been accepted in its own inventory's journal, so that it may go out.
  using Ready = std::function<bool(const std::string& player, Seq seq)>;

  explicit Journal(Seq durableSeq) : accepted_(durableSeq), durable_(durableSeq), last_(durableSeq) {}

  // Whether one more entry may be added.
  bool hasRoom() const { return kept_.size() < kMostKept; }
  // The entry as it would be sent; nothing where it is too large, or holds what is not kept (`Json::notKept`).
  std::optional<std::string> write(const Json& data, const std::vector<Share>& shares) const;

  // The entry's number, or nothing: it is too large, holds what is not kept, has too many shares, or too many entries wait.
  std::optional<Seq> add(const Json& data, const std::vector<Share>& shares = {});
  // The number of a share that an entry of another journal brings.
  std::optional<Seq> addCarried();

  // The next entries to append as a JSON array, in order; nothing where all is accepted, the next has to wait, or a batch is out already.
  // The batch is out until `acknowledge` or `failed`.
  std::optional<std::string> takeBatch(const Ready& ready = nullptr);

  // From an append's answer or from the acks. A smaller number is only an older answer that came late.
  // The shares whose entries have become accepted by it.
  std::vector<Share> acknowledge(const Acks& acks, bool answersBatch);
  // The entry of the other journal that brings this share is accepted.
  void carried(Seq seq);
  // The batch that was out got no answer: it will be taken again (an append is repeatable).
  void failed() { out_ = false; }
  // The bridge misses entries that it had accepted: it lost its disk. All that is not durable is sent again.
  void rewind() {
    out_ = false;
    accepted_ = durable_;
  }

  Seq accepted() const { return accepted_; }
  Seq durable() const { return durable_; }
  Seq last() const { return last_; }
  bool allAccepted() const { return accepted_ >= last_; }
  bool allDurable() const { return durable_ >= last_; }

 private:
  struct Kept {
    // As JSON; empty for a share that another journal brings.
    std::string text;
    // Of which only player and number are kept.
    std::vector<Share> shares;
  };

  // Entries durable_ + 1 … last_.
  std::deque<Kept> kept_;
  Seq accepted_;
  Seq durable_;
  Seq last_;
  bool out_ = false;
};

}  // namespace lifeverse
