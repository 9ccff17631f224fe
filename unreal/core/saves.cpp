#include "saves.h"

#include <algorithm>

namespace lifeverse {

namespace {

constexpr int kFollowSeconds = 20;
constexpr Millis kFollowRetryMs = 500;

}  // namespace

// One player's journal, under the player's name.
class Saves::Inventory final : private JournalHost {
 public:
  Inventory(Saves& saves, const std::string& player, Seq durableSeq)
      : link(saves.client_, inventoryPath(player), *this, saves, durableSeq, saves.cadence_, saves.now_), host_(saves.host_), player_(player) {}

  JournalLink link;
  bool closing = false;

 private:
  void accepted(Seq seq) override { host_.inventoryAccepted(player_, seq); }
  void durable(Seq seq) override { host_.inventoryDurable(player_, seq); }
  void refused(const Refusal& refusal) override { host_.inventoryRefused(player_, refusal); }
  std::string capture() override { return host_.captureInventory(player_); }
  void readOnly() override { host_.inventoryReadOnly(player_); }

  SavesHost& host_;
  std::string player_;
};

Saves::Saves(BridgeClient& client, SavesHost& host, SnapshotCadence cadence) : client_(client), host_(host), cadence_(cadence) {}

Saves::~Saves() = default;

void Saves::tick(Millis now) {
  now_ = now;
  if (world_) world_->tick(now);
  for (auto& [player, inventory] : inventories_) inventory->link.tick(now);
  forgetClosed();
  follow();
}

void Saves::openWorld(Seq durableSeq) {
  JournalPeers& peers = *this;
  world_ = std::make_unique<JournalLink>(client_, worldPath(), host_, peers, durableSeq, cadence_, now_);
}

void Saves::openInventory(const std::string& player, Then<Restore> then) {
  if (open(player) != nullptr || opening_.count(player) > 0) return then({std::nullopt, {0, "inventory_open", "this inventory is open already"}});
  opening_[player].then = std::move(then);
  if (inventories_.count(player) == 0) load(player);
}

void Saves::load(const std::string& player) {
  opening_[player].asked = true;
  client_.inventory(player, [this, player](const Result<Restore>& result) {
    const auto found = opening_.find(player);
    if (found == opening_.end()) return;
    const Then<Restore> then = std::move(found->second.then);
    opening_.erase(found);
    if (result && !result.value->complete()) return then({std::nullopt, {200, "inventory_gap", "the inventory came with a gap"}});
    if (result) inventories_[player] = std::make_unique<Inventory>(*this, player, result.value->durableSeq);
    then(result);
  });
}

void Saves::closeInventory(const std::string& player) {
  // What is still being loaded is for nobody any more.
  const auto loading = opening_.find(player);
  if (loading != opening_.end()) {
    const Then<Restore> then = std::move(loading->second.then);
    opening_.erase(loading);
    return then({std::nullopt, {0, "inventory_closed", "the inventory was closed before it was there"}});
  }
  Inventory* inventory = open(player);
  if (inventory == nullptr) return;
  inventory->link.close();
  inventory->closing = true;
}

Saves::Inventory* Saves::open(const std::string& player) {
  const auto found = inventories_.find(player);
  return found == inventories_.end() || found->second->closing ? nullptr : found->second.get();
}

const JournalLink* Saves::inventory(const std::string& player) const {
  const auto found = inventories_.find(player);
  return found == inventories_.end() || found->second->closing ? nullptr : &found->second->link;
}

void Saves::forgetClosed() {
  for (auto at = inventories_.begin(); at != inventories_.end();) {
    const Inventory& inventory = *at->second;
    const bool over = inventory.closing && inventory.link.quiet() && (inventory.link.settled() || inventory.link.readOnly());
    at = over ? inventories_.erase(at) : std::next(at);
  }
  for (const auto& [player, opening] : opening_) {
    if (opening.asked || inventories_.count(player) > 0) continue;
    // An answer may change the list: the rest has its turn with the next frame.
    return load(player);
  }
}

std::optional<Seq> Saves::addWorld(const Json& data, const Shares& shares) { return add(world_.get(), "", data, shares); }

std::optional<Seq> Saves::addInventory(const std::string& player, const Json& data, const Shares& shares) {
  Inventory* inventory = open(player);
  return add(inventory == nullptr ? nullptr : &inventory->link, player, data, shares);
}

std::optional<Seq> Saves::add(JournalLink* journal, const std::string& owner, const Json& data, const Shares& shares) {
  if (journal == nullptr || journal->readOnly() || !journal->entries().hasRoom()) return std::nullopt;
  std::vector<Share> numbered;
  std::vector<Journal*> touched;
  for (const auto& [player, brought] : shares) {
    Inventory* inventory = open(player);
    const auto same = [&player = player](const Share& other) { return other.player == player; };
    if (inventory == nullptr || player == owner || std::any_of(numbered.begin(), numbered.end(), same)) return std::nullopt;
    if (inventory->link.readOnly() || !inventory->link.entries().hasRoom()) return std::nullopt;
    numbered.push_back({player, inventory->link.journal().last() + 1, brought, false});
    touched.push_back(&inventory->link.entries());
  }
  // All that can refuse is asked before the first journal is changed.
  const auto seq = journal->entries().add(data, numbered);
  if (!seq) return std::nullopt;
  for (Journal* inventory : touched) inventory->addCarried();
  return seq;
}

bool Saves::ready(const std::string& player, Seq seq) {
  const auto found = inventories_.find(player);
  return found == inventories_.end() || found->second->link.journal().accepted() >= seq - 1;
}

void Saves::brought(const std::string& player, Seq seq) {
  const auto found = inventories_.find(player);
  if (found != inventories_.end()) found->second->link.entries().carried(seq);
}

void Saves::lostDisk() {
  if (world_) world_->entries().rewind();
  for (auto& [player, inventory] : inventories_) inventory->link.entries().rewind();
}

void Saves::snapshotNow() {
  if (world_) world_->snapshotNow();
  for (auto& [player, inventory] : inventories_) {
    if (!inventory->closing) inventory->link.snapshotNow();
  }
}

bool Saves::settled() const {
  const auto over = [](const JournalLink& link) { return link.readOnly() || link.settled(); };
  return (!world_ || over(*world_)) && std::all_of(inventories_.begin(), inventories_.end(), [&](const auto& entry) { return over(entry.second->link); });
}

bool Saves::allAccepted() const {
  if (world_ && !world_->readOnly() && !world_->journal().allAccepted()) return false;
  return std::all_of(inventories_.begin(), inventories_.end(), [this](const auto& entry) { return accepted(entry.first); });
}

bool Saves::accepted(const std::string& player) const {
  const auto found = inventories_.find(player);
  return found == inventories_.end() || found->second->link.readOnly() || found->second->link.journal().allAccepted();
}

// One held call for all journals; a lost lease is heard of here, too.
void Saves::follow() {
  if (streamed_ || following_ || now_ < followAt_ || (!world_ && inventories_.empty())) return;
  // Without a version the bridge would hold the call for news of an unknown present: the first answer is asked for at once.
  following_ = client_.acks(version_.empty() ? 0 : kFollowSeconds, version_, [this](const Result<AllAcks>& result) {
    following_.reset();
    if (!result) {
      version_.clear();
      followAt_ = now_ + kFollowRetryMs;
      return;
    }
    heard(*result.value);
  });
}

void Saves::heard(const AllAcks& acks) {
  version_ = acks.version;
  if (world_ && acks.world) world_->heard(*acks.world);
  for (const auto& [player, own] : acks.inventories) {
    const auto found = inventories_.find(player);
    if (found != inventories_.end()) found->second->link.heard(own);
  }
}

void Saves::streamed(bool live) {
  streamed_ = live;
  if (following_) client_.cancel(*following_);
  following_.reset();
  followAt_ = 0;
}

}  // namespace lifeverse
