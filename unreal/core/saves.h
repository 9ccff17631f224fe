// What the session keeps: the world's journal and one journal for each open inventory, followed by the stream, or by one held call.
//
//   openInventory ──restore──▶ open ──addInventory, shares of other entries──▶ … ──closeInventory──▶ closing ──all durable──▶ forgotten
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal-link.h"

namespace lifeverse {

// The world's journal by JournalHost's names; those of players by these.
class SavesHost : public JournalHost {
 public:
  virtual void inventoryAccepted(const std::string& player, Seq seq) = 0;
  virtual void inventoryDurable(const std::string& player, Seq seq) = 0;
  virtual void inventoryRefused(const std::string& player, const Refusal& refusal) = 0;
  virtual std::string captureInventory(const std::string& player) = 0;
  virtual void inventoryReadOnly(const std::string& player) = 0;
};

// Player → what the entry brings to their inventory.
using Shares = std::vector<std::pair<std::string, Json>>;

class Saves final : private JournalPeers {
 public:
  Saves(BridgeClient& client, SavesHost& host, SnapshotCadence cadence);
  ~Saves() override;

  void tick(Millis now);

  // They came by the stream.
  void heard(const AllAcks& acks);
  // The stream brings acks from now on, or no longer. An answer that is still out could be older than what it tells.
  void streamed(bool live);

  void openWorld(Seq durableSeq);
  // The world that is played, or null.
  const JournalLink* world() const { return world_.get(); }

  // What is durable of an admitted player's inventory; from then on it takes entries. One that is still being closed is waited for.
  void openInventory(const std::string& player, Then<Restore> then);
  // An open inventory, or null.
  const JournalLink* inventory(const std::string& player) const;
  // Its last snapshot is captured before this returns; it is forgotten here once all of it is durable.
  void closeInventory(const std::string& player);

  // The entry's number; nothing where the journal is not open or read-only, the entry too large, or too many wait already. With `shares`
  // it is one entry of several journals: all of them have it, or none.
  std::optional<Seq> addWorld(const Json& data, const Shares& shares = {});
  std::optional<Seq> addInventory(const std::string& player, const Json& data, const Shares& shares = {});

  // A last snapshot of everything, the cadence aside.
  void snapshotNow();
  // Everything is durable and in a snapshot, as far as it can still be.
  bool settled() const;
  // Nothing waits to be on the pod's disk.
  bool allAccepted() const;
  // Nothing more that concerns this player waits to be on the pod's disk.
  bool accepted(const std::string& player) const;

 private:
  class Inventory;

  bool ready(const std::string& player, Seq seq) override;
  void brought(const std::string& player, Seq seq) override;
  void lostDisk() override;

  std::optional<Seq> add(JournalLink* journal, const std::string& owner, const Json& data, const Shares& shares);
  Inventory* open(const std::string& player);
  void load(const std::string& player);
  void forgetClosed();
  void follow();

  BridgeClient& client_;
  SavesHost& host_;
  SnapshotCadence cadence_;
  Millis now_ = 0;
  std::unique_ptr<JournalLink> world_;
  std::map<std::string, std::unique_ptr<Inventory>> inventories_;
  // Asked for; the request is out where `asked`.
  struct Opening {
    Then<Restore> then;
    bool asked = false;
  };
  std::map<std::string, Opening> opening_;

  bool streamed_ = false;
  // While a held call is out.
  std::optional<BridgeClient::CallId> following_;
  Millis followAt_ = 0;
  std::string version_;
};

}  // namespace lifeverse
