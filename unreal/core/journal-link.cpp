#include "journal-link.h"

#include <utility>

namespace lifeverse {

JournalLink::JournalLink(BridgeClient& client, std::string subject, JournalHost& host, JournalPeers& peers, Seq durableSeq, SnapshotCadence cadence,
                         Millis now)
    : client_(client),
      subject_(std::move(subject)),
      host_(host),
      peers_(peers),
      cadence_(cadence),
      journal_(durableSeq),
      now_(now),
      refusedTold_(durableSeq),
      snapshotSeq_(durableSeq),
      snapshotAt_(now) {}

void JournalLink::tick(Millis now) {
  now_ = now;
  if (readOnly_) return;
  append();
  snapshot();
}

void JournalLink::append() {
  if (now_ < appendAt_) return;
  const auto batch = journal_.takeBatch([this](const std::string& player, Seq seq) { return peers_.ready(player, seq); });
  if (!batch) return;
  appending_ = true;
  client_.append(subject_, *batch, [this](const Result<Acks>& result) {
    appending_ = false;
    if (!result) return failed(result.failure);
    appendFailures_ = 0;
    rewound_ = false;
    take(*result.value, true);
  });
}

void JournalLink::failed(const Failure& failure) {
  if (failure.code == "sequence_gap" && !rewound_) {
    rewound_ = true;
    return peers_.lostDisk();
  }
  journal_.failed();
  // Another holder has it, or the bridge has none for us: no repetition will help. But 413 and 429 say how, not who.
  if (failure.status >= 400 && failure.status < 500 && failure.status != 413 && failure.status != 429) return loseLease();
  appendAt_ = now_ + backoff_.delayOf(appendFailures_++, 0.5);
}

void JournalLink::heard(const Acks& acks) { take(acks, false); }

void JournalLink::take(const Acks& acks, bool answersBatch) {
  const Seq accepted = journal_.accepted();
  const Seq durable = journal_.durable();
  for (const Share& share : journal_.acknowledge(acks, answersBatch)) peers_.brought(share.player, share.seq);
  if (journal_.accepted() > accepted) host_.accepted(journal_.accepted());
  for (const Refusal& refusal : acks.refused) {
    if (refusal.seq <= refusedTold_ || refusal.seq > journal_.last()) continue;
    refusedTold_ = refusal.seq;
    host_.refused(refusal);
  }
  if (journal_.durable() > durable) host_.durable(journal_.durable());
  if (acks.readOnly) loseLease();
}

void JournalLink::close() {
  closed_ = true;
  const Seq have = captured_ ? captured_->seq : snapshotSeq_;
  if (!readOnly_ && journal_.last() > have) last_ = Snapshot{journal_.last(), host_.capture()};
}

bool JournalLink::settled() const {
  if (!journal_.allDurable()) return false;
  return closed_ ? !captured_ && !last_ : !hurry_ || snapshotSeq_ == journal_.last();
}

void JournalLink::snapshot() {
  if (!captured_ && closed_) {
    captured_ = std::move(last_);
    last_.reset();
    if (!captured_) return;
  }
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
  client_.putSnapshot(subject_, *captured_, [this](const Result<Nothing>& result) {
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

void JournalLink::loseLease() {
  if (readOnly_) return;
  readOnly_ = true;
  host_.readOnly();
}

}  // namespace lifeverse
