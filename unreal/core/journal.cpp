#include "journal.h"

#include <algorithm>

namespace lifeverse {

std::optional<std::string> Journal::write(const Json& data, const std::vector<Share>& shares) const {
  const auto lost = [](const Share& share) { return share.data.notKept().has_value(); };
  if (data.notKept() || std::any_of(shares.begin(), shares.end(), lost)) return std::nullopt;
  std::string text = "{\"seq\":" + std::to_string(last_ + 1) + ",\"data\":";
  data.writeTo(text);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    text += i == 0 ? ",\"inventories\":[" : ",";
    Json share = Json::object();
    share.set("playerId", shares[i].player).set("seq", shares[i].seq).set("data", shares[i].data);
    share.writeTo(text);
  }
  if (!shares.empty()) text.push_back(']');
  text.push_back('}');
  if (text.size() > kMostBytesPerEntry || shares.size() > kMostShares) return std::nullopt;
  return text;
}

std::optional<Seq> Journal::add(const Json& data, const std::vector<Share>& shares) {
  if (!hasRoom()) return std::nullopt;
  auto text = write(data, shares);
  if (!text) return std::nullopt;
  Kept kept{std::move(*text), {}};
  for (const Share& share : shares) kept.shares.push_back({share.player, share.seq, Json(), false});
  kept_.push_back(std::move(kept));
  return ++last_;
}

std::optional<Seq> Journal::addCarried() {
  if (!hasRoom()) return std::nullopt;
  kept_.emplace_back();
  return ++last_;
}

std::optional<std::string> Journal::takeBatch(const Ready& ready) {
  if (out_ || allAccepted()) return std::nullopt;
  std::string batch = "[";
  std::size_t count = 0;
  for (auto at = static_cast<std::size_t>(accepted_ - durable_); at < kept_.size() && count < kMostPerBatch; ++at, ++count) {
    const Kept& next = kept_[at];
    const auto waits = [&ready](const Share& share) { return ready && !ready(share.player, share.seq); };
    if (next.text.empty() || std::any_of(next.shares.begin(), next.shares.end(), waits)) break;
    if (count > 0 && batch.size() + next.text.size() > kMostBytesPerBatch) break;
    if (count > 0) batch.push_back(',');
    batch += next.text;
  }
  if (count == 0) return std::nullopt;
  batch.push_back(']');
  out_ = true;
  return batch;
}

std::vector<Share> Journal::acknowledge(const Acks& acks, bool answersBatch) {
  if (answersBatch) out_ = false;
  std::vector<Share> brought;
  // An ack beyond what was added is none of ours.
  const Seq durable = std::min(acks.durable, last_);
  const Seq accepted = std::max({accepted_, durable, std::min(acks.accepted, last_)});
  for (Seq seq = accepted_ + 1; seq <= accepted; ++seq) {
    const Kept& kept = kept_[static_cast<std::size_t>(seq - durable_ - 1)];
    brought.insert(brought.end(), kept.shares.begin(), kept.shares.end());
  }
  accepted_ = accepted;
  for (; durable_ < durable; ++durable_) kept_.pop_front();
  return brought;
}

void Journal::carried(Seq seq) {
  if (seq == accepted_ + 1 && seq <= last_) accepted_ = seq;
}

}  // namespace lifeverse
