// The world's journal on the game server's side (pure): numbers entries, says what to send next, keeps both acks.
//
//     add ──▶ [ waiting ][ sent, not accepted ][ accepted: on the pod's disk ][ durable: in saves, forgotten here ]
//
// Entries are kept until they are durable, so that a bridge that lost its disk can be given them again.
#pragma once

#include <deque>
#include <optional>
#include <string>

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

  explicit Journal(Seq durableSeq) : accepted_(durableSeq), durable_(durableSeq), last_(durableSeq) {}

  // The entry's number, or nothing: it is too large, or too many wait.
  std::optional<Seq> add(const Json& data);

  // The next entries to append as a JSON array, in order; nothing where all is accepted or a batch is out already.
  // The batch is out until `acknowledge` or `failed`.
  std::optional<std::string> takeBatch();

  // From an append's answer or from the acks. A smaller number is only an older answer that came late.
  void acknowledge(const Acks& acks, bool answersBatch);
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
  // Entries durable_ + 1 … last_, written as JSON.
  std::deque<std::string> kept_;
  Seq accepted_;
  Seq durable_;
  Seq last_;
  bool out_ = false;
};

}  // namespace lifeverse
