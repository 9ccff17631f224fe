#include "journal.h"

#include <algorithm>

namespace lifeverse {

std::optional<Seq> Journal::add(const Json& data) {
  if (kept_.size() >= kMostKept) return std::nullopt;
  std::string text = "{\"seq\":" + std::to_string(last_ + 1) + ",\"data\":";
  data.writeTo(text);
  text.push_back('}');
  if (text.size() > kMostBytesPerEntry) return std::nullopt;
  kept_.push_back(std::move(text));
  return ++last_;
}

std::optional<std::string> Journal::takeBatch() {
  if (out_ || allAccepted()) return std::nullopt;
  std::string batch = "[";
  auto at = static_cast<std::size_t>(accepted_ - durable_);
  for (std::size_t count = 0; at < kept_.size() && count < kMostPerBatch; ++at, ++count) {
    if (count > 0 && batch.size() + kept_[at].size() > kMostBytesPerBatch) break;
    if (count > 0) batch.push_back(',');
    batch += kept_[at];
  }
  batch.push_back(']');
  out_ = true;
  return batch;
}

void Journal::acknowledge(const Acks& acks, bool answersBatch) {
  if (answersBatch) out_ = false;
  // An ack beyond what was added is none of ours.
  const Seq durable = std::min(acks.durable, last_);
  while (durable_ < durable) {
    kept_.pop_front();
    ++durable_;
  }
  accepted_ = std::max({accepted_, durable_, std::min(acks.accepted, last_)});
}

}  // namespace lifeverse
