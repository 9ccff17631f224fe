// A journal's line to the bridge, the world's or an inventory's: entries out, both acks in, snapshots on their cadence.
#pragma once

#include <optional>
#include <string>

#include "bridge-client.h"
#include "journal.h"

namespace lifeverse {

// What is told of a journal, and asked for it.
class JournalHost {
 public:
  virtual ~JournalHost() = default;
  // All entries up to `seq` are on the pod's disk; then: are stored in saves, which alone is promised. Each when it has come further.
  virtual void accepted(Seq seq) = 0;
  virtual void durable(Seq seq) = 0;
  // Said before `durable` passes its place: nothing of this entry is kept, nor of its shares. What it did has to be undone.
  virtual void refused(const Refusal& refusal) = 0;
  // All of it as it now is, every entry added so far included; text.
  virtual std::string capture() = 0;
  // The lease is lost: what is changed from now on will not be kept.
  virtual void readOnly() = 0;
};

// What one journal asks of those beside it.
class JournalPeers {
 public:
  virtual ~JournalPeers() = default;
  // Whether all that is before this share is accepted in its inventory's journal.
  virtual bool ready(const std::string& player, Seq seq) = 0;
  // The entry that brings this share is accepted.
  virtual void brought(const std::string& player, Seq seq) = 0;
  // The bridge lost its disk: every journal has to be sent again from what is durable.
  virtual void lostDisk() = 0;
};

struct SnapshotCadence {
  // A snapshot is due after this many entries, or when one entry is this old.
  Seq everyEntries = 500;
  Millis everyMs = 10'000;
};

class JournalLink {
 public:
  JournalLink(BridgeClient& client, std::string subject, JournalHost& host, JournalPeers& peers, Seq durableSeq, SnapshotCadence cadence, Millis now);

  void tick(Millis now);

  Journal& entries() { return journal_; }
  const Journal& journal() const { return journal_; }
  void heard(const Acks& acks);
  void loseLease();
  bool readOnly() const { return readOnly_; }

  // Take a snapshot as soon as may be, the cadence aside.
  void snapshotNow() { hurry_ = true; }
  // No more entries come. The last snapshot is captured now: afterwards the host is asked for nothing.
  void close();
  // Everything is durable and, after `snapshotNow` or `close`, in a snapshot, unless that failed.
  bool settled() const;
  // No answer is awaited that would come to this object.
  bool quiet() const { return !appending_ && !storing_; }

 private:
  void append();
  void snapshot();
  void failed(const Failure& failure);
  void take(const Acks& acks, bool answersBatch);

  BridgeClient& client_;
  std::string subject_;
  JournalHost& host_;
  JournalPeers& peers_;
  SnapshotCadence cadence_;
  Journal journal_;
  Backoff backoff_;
  Millis now_;
  bool readOnly_ = false;

  bool appending_ = false;
  Millis appendAt_ = 0;
  int appendFailures_ = 0;
  bool rewound_ = false;
  // The newest entry that was told as refused.
  Seq refusedTold_;

  // Captured, and kept until all that it contains is durable: then it may be stored.
  std::optional<Snapshot> captured_;
  bool storing_ = false;
  Seq snapshotSeq_;
  Millis snapshotAt_;
  // After a failed snapshot, when the next one may be tried.
  Millis snapshotFrom_ = 0;
  bool hurry_ = false;
  bool closed_ = false;
  // Captured by `close`, while an older one was still on its way.
  std::optional<Snapshot> last_;
};

}  // namespace lifeverse
