#include "world-link.h"

namespace lifeverse {

namespace {

constexpr int kFollowSeconds = 20;
constexpr Millis kFollowRetryMs = 500;

}  // namespace

WorldLink::WorldLink(BridgeClient& client, WorldHost& host, Seq durableSeq, SnapshotCadence cadence, Millis now)
    : client_(client), host_(host), cadence_(cadence), journal_(durableSeq), now_(now), snapshotSeq_(durableSeq), snapshotAt_(now) {}

void WorldLink::tick(Millis now) {
  now_ = now;
  if (readOnly_) return;
  append();
  follow();
  snapshot();
}

std::optional<Seq> WorldLink::add(const Json& data) {
  if (readOnly_) return std::nullopt;
  return journal_.add(data);
}

bool WorldLink::settled() const { return journal_.allDurable() && (!hurry_ || snapshotSeq_ == journal_.last()); }

void WorldLink::append() {
  if (now_ < appendAt_) return;
  const auto batch = journal_.takeBatch();
  if (!batch) return;
  client_.appendWorld(*batch, [this](const Result<Acks>& result) {
    if (result) {
      appendFailures_ = 0;
      rewound_ = false;
      journal_.acknowledge(*result.value, true);
      heard(*result.value);
    } else {
      refused(result.failure);
    }
  });
}

void WorldLink::refused(const Failure& failure) {
  if (failure.code == "sequence_gap" && !rewound_) {
    rewound_ = true;
    journal_.rewind();
    return;
  }
  journal_.failed();
  // Another holder has the world, or the bridge has none for us: no repetition will help.
  if (failure.status >= 400 && failure.status < 500 && failure.status != 429) return loseLease();
  appendAt_ = now_ + backoff_.delayOf(appendFailures_++, 0.5);
}

void WorldLink::follow() {
  // Nothing is awaited between the newest durable entry and the next one; but a lost lease is heard of here, too.
  if (following_ || now_ < followAt_) return;
  following_ = true;
  client_.worldAcks(kFollowSeconds, journal_.durable(), [this](const Result<Acks>& result) {
    following_ = false;
    if (!result) {
      followAt_ = now_ + kFollowRetryMs;
      return;
    }
    journal_.acknowledge(*result.value, false);
    heard(*result.value);
  });
}

void WorldLink::heard(const Acks& acks) {
  host_.accepted(journal_.accepted());
  host_.durable(journal_.durable());
  if (acks.readOnly) loseLease();
}

void WorldLink::snapshot() {
  if (!captured_) {
    const Seq since = journal_.last() - snapshotSeq_;
    const bool due = since >= cadence_.everyEntries || now_ - snapshotAt_ >= cadence_.everyMs || hurry_;
    if (since == 0 || !due || now_ < snapshotFrom_) {
      // The age that counts is that of the oldest entry outside a snapshot.
      if (since == 0) snapshotAt_ = now_;
      return;
    }
    captured_ = Snapshot{journal_.last(), host_.capture()};
  }
  if (storing_ || journal_.durable() < captured_->seq) return;
  storing_ = true;
  client_.putWorldSnapshot(*captured_, [this](const Result<Nothing>& result) {
    storing_ = false;
    snapshotAt_ = now_;
    if (result) {
      snapshotSeq_ = captured_->seq;
    } else {
      // Saves hold every entry all the same; whether the lease is lost, the acks tell.
      snapshotFrom_ = now_ + cadence_.everyMs;
      hurry_ = false;
    }
    captured_.reset();
  });
}

void WorldLink::loseLease() {
  if (readOnly_) return;
  readOnly_ = true;
  host_.readOnly();
}

}  // namespace lifeverse
