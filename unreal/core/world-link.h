// A played world's line to the bridge: entries out, both acks in, snapshots on their cadence.
#pragma once

#include <optional>
#include <string>

#include "bridge-client.h"
#include "journal.h"

namespace lifeverse {

class WorldHost {
 public:
  virtual ~WorldHost() = default;
  // All entries up to `seq` are on the pod's disk; then: are stored in saves, which alone is promised.
  virtual void accepted(Seq seq) = 0;
  virtual void durable(Seq seq) = 0;
  // The world as it now is, every entry added so far included; text.
  virtual std::string capture() = 0;
  // The world's lease is lost: what is changed from now on will not be kept.
  virtual void readOnly() = 0;
};

struct SnapshotCadence {
  // A snapshot is due after this many entries, or when one entry is this old.
  Seq everyEntries = 500;
  Millis everyMs = 10'000;
};

class WorldLink {
 public:
  WorldLink(BridgeClient& client, WorldHost& host, Seq durableSeq, SnapshotCadence cadence, Millis now);

  void tick(Millis now);

  // The entry's number; nothing where the world is read-only, the entry too large, or too many wait already.
  std::optional<Seq> add(const Json& data);

  // Take a snapshot as soon as may be, the cadence aside.
  void snapshotNow() { hurry_ = true; }

  const Journal& journal() const { return journal_; }
  bool readOnly() const { return readOnly_; }
  // Everything is durable and, after `snapshotNow`, in a snapshot, unless that failed.
  bool settled() const;

 private:
  void append();
  void follow();
  void snapshot();
  void heard(const Acks& acks);
  void refused(const Failure& failure);
  void loseLease();

  BridgeClient& client_;
  WorldHost& host_;
  SnapshotCadence cadence_;
  Journal journal_;
  Backoff backoff_;
  Millis now_;
  bool readOnly_ = false;

  Millis appendAt_ = 0;
  int appendFailures_ = 0;
  bool rewound_ = false;
  bool following_ = false;
  Millis followAt_ = 0;

  // Captured, and kept until all that it contains is durable: then it may be stored.
  std::optional<Snapshot> captured_;
  bool storing_ = false;
  Seq snapshotSeq_;
  Millis snapshotAt_;
  // After a failed snapshot, when the next one may be tried.
  Millis snapshotFrom_ = 0;
  bool hurry_ = false;
};

}  // namespace lifeverse
