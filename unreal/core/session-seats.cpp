// The session's seats: who may come in, who is in, who has to go.
#include <algorithm>
#include <iterator>
#include <utility>

#include "login-options.h"
#include "session.h"

namespace lifeverse {

namespace {

// How long a leave waits for the player's last entries to be on the pod's disk.
constexpr Millis kLeaveMs = 3'000;

}  // namespace

void Session::admit(const std::string& ticket, Then<Verdict> then) {
  const bool closed = stage_ != Stage::Playing;
  if (closed || isDraining()) {
    Verdict verdict;
    verdict.refusal = closed ? "not-joinable" : "draining";
    verdict.detail = closed ? "the session is not joinable" : "this server is being taken away";
    return then({verdict, {}});
  }
  ++seatCalls_;
  client_.admit(ticket, [this, then = std::move(then)](const Result<Verdict>& result) {
    --seatCalls_;
    if (result && result.value->admitted) inside_[result.value->seat.playerId] = result.value->connection;
    then(result);
  });
}

void Session::present(const std::string& player, SeatConnection connection) {
  const auto found = inside_.find(player);
  if (found == inside_.end() || found->second != connection) return;
  present_.insert(player);
  ++seatCalls_;
  client_.present(player, connection, [this](const Result<Seat>&) { --seatCalls_; });
}

void Session::leave(const std::string& player, SeatConnection connection, bool forGood, std::function<void()> then) {
  const auto found = inside_.find(player);
  if (found == inside_.end() || found->second != connection) {
    if (then) then();
    return;
  }
  inside_.erase(found);
  present_.erase(player);
  saves_.closeInventory(player);
  leaving_.push_back({player, connection, forGood, now_ + kLeaveMs, std::move(then)});
  sendLeaves();
}

void Session::sendLeaves() {
  std::vector<Leaving> due;
  const auto waits = [this](const Leaving& leaving) { return !saves_.accepted(leaving.player) && now_ < leaving.until; };
  const auto first = std::stable_partition(leaving_.begin(), leaving_.end(), waits);
  std::move(first, leaving_.end(), std::back_inserter(due));
  leaving_.erase(first, leaving_.end());
  for (Leaving& leaving : due) {
    ++seatCalls_;
    client_.leave(leaving.player, leaving.connection, leaving.forGood, [this, then = std::move(leaving.then)](const Result<Seat>& result) {
      --seatCalls_;
      // The bridge did not hear it: the roster will say so soon.
      if (!result) rosterAt_ = now_;
      if (then) then();
    });
  }
}

void Session::kick(const std::string& player, const std::string& reason) {
  ++seatCalls_;
  // The bridge's notice is what drops the connection, so that a kick by the game and one by the allocator go one way.
  client_.kick(player, reason, [this](const Result<Seat>&) { --seatCalls_; });
}

void Session::packetKey(const std::string& token, std::function<void(const std::optional<PacketKey>&)> then) {
  if (!isPlayerId(token)) return then(std::nullopt);
  client_.packetKey(token, [then = std::move(then)](const Result<std::string>& result) {
    then(result ? decodePacketKey(*result.value) : std::nullopt);
  });
}

void Session::kicked(const std::string& player, const std::string& reason) {
  if (inside_.count(player) > 0) host_.kicked(player, reason);
}

// Waits while seats are being changed, so that no list from before such a change undoes it.
void Session::mendRoster() {
  if (now_ < rosterAt_ || seatCalls_ > 0 || !leaving_.empty()) return;
  rosterAt_ = now_ + options_.rosterEveryMs;
  ++seatCalls_;
  client_.putRoster({present_.begin(), present_.end()}, [this](const Result<std::vector<Seat>>&) { --seatCalls_; });
}

}  // namespace lifeverse
