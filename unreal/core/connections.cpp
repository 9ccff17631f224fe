#include "connections.h"

#include <algorithm>
#include <utility>

#include "login-options.h"

namespace lifeverse {

namespace {

// The player's client can tell by what stands before the second colon.
std::string refusalOf(const std::string& code, const std::string& detail) { return "lifeverse:" + code + ": " + detail; }

}  // namespace

void Connections::tick(Millis now) {
  now_ = now;
  openDoor();
  giveUpLate();
}

void Connections::preLogin(const std::string& loginOptions, std::function<void(const std::string&)> then) {
  const auto ticket = ticketOf(loginOptions);
  const bool shown = !optionOf(loginOptions, kTicketOption).value_or("").empty();
  if (!shown && !options_.requireTickets) return then("");
  if (!ticket) return then(refusalOf("malformed", shown ? "the join ticket cannot be one" : "a join ticket is needed"));
  if (session_.stage() < Stage::Playing) return waiting_.push_back({*ticket, std::move(then), now_ + options_.openMs});
  admit(*ticket, std::move(then));
}

// Whoever was sent here by the allocator may be faster than the bridge's answer to our accept.
void Connections::openDoor() {
  const auto goes = [this](const Waiting& waiting) { return session_.stage() < Stage::Playing && now_ < waiting.until; };
  const auto first = std::stable_partition(waiting_.begin(), waiting_.end(), goes);
  std::vector<Waiting> due(std::make_move_iterator(first), std::make_move_iterator(waiting_.end()));
  waiting_.erase(first, waiting_.end());
  for (Waiting& waiting : due) admit(waiting.ticket, std::move(waiting.then));
}

void Connections::admit(const std::string& ticket, std::function<void(const std::string&)> then) {
  session_.admit(ticket, [this, ticket, then = std::move(then)](const Result<Verdict>& result) {
    if (!result) return then(refusalOf("unavailable", "the ticket could not be checked"));
    if (!result.value->admitted) return then(refusalOf(result.value->refusal, result.value->detail));
    arriving_[ticket] = {result.value->seat, result.value->connection, 0, now_ + options_.arriveMs};
    then("");
  });
}

Arrival Connections::postLogin(ConnectionId connection, const std::string& loginOptions) {
  if (seatOf(connection) != nullptr) return Arrival::Seated;
  const auto ticket = ticketOf(loginOptions);
  const auto found = ticket ? arriving_.find(*ticket) : arriving_.end();
  if (found == arriving_.end()) return options_.requireTickets ? Arrival::Refused : Arrival::WithoutSeat;
  Player player = std::move(found->second);
  arriving_.erase(found);
  const std::string id = player.seat.playerId;
  Player& seated = in_[id];
  const ConnectionId old = seated.connection;
  player.connection = connection;
  player.seat.state = SeatState::Present;
  seated = std::move(player);
  session_.present(id, seated.number);
  if (old != 0 && old != connection) host_.drop(old, refusalOf("replaced", "joined from elsewhere"));
  return Arrival::Seated;
}

void Connections::live(const std::vector<ConnectionId>& open) {
  std::vector<std::string> gone;
  for (auto& [id, player] : in_) {
    if (player.connection == 0 || std::find(open.begin(), open.end(), player.connection) != open.end()) continue;
    if (travelling_) player.connection = 0;
    else gone.push_back(id);
  }
  for (const std::string& id : gone) {
    const SeatConnection number = in_.at(id).number;
    in_.erase(id);
    session_.leave(id, number, false, nullptr);
  }
}

void Connections::leaveForGood(ConnectionId connection) {
  const Seat* seat = seatOf(connection);
  if (seat == nullptr) return;
  const std::string id = seat->playerId;
  const SeatConnection number = in_.at(id).number;
  in_.erase(id);
  session_.leave(id, number, true, nullptr);
}

void Connections::travelEnds(const std::vector<ConnectionId>& open) {
  if (!travelling_) return;
  live(open);
  travelling_ = false;
  for (auto& [id, player] : in_) {
    if (player.connection == 0) player.until = now_ + options_.travelMs;
  }
}

// An admitted player who never came, and one who did not come back from a travel.
void Connections::giveUpLate() {
  std::vector<Player> late;
  const auto take = [this, &late](std::map<std::string, Player>& players, bool arriving) {
    for (auto at = players.begin(); at != players.end();) {
      const bool over = now_ >= at->second.until && (arriving || (at->second.connection == 0 && !travelling_));
      if (over) late.push_back(std::move(at->second));
      at = over ? players.erase(at) : std::next(at);
    }
  };
  take(arriving_, true);
  take(in_, false);
  for (const Player& player : late) session_.leave(player.seat.playerId, player.number, false, nullptr);
}

void Connections::kicked(const std::string& player, const std::string& reason) {
  for (auto at = arriving_.begin(); at != arriving_.end();) {
    if (at->second.seat.playerId != player) {
      ++at;
      continue;
    }
    session_.leave(player, at->second.number, true, nullptr);
    at = arriving_.erase(at);
  }
  const auto found = in_.find(player);
  if (found == in_.end()) return;
  const Player gone = std::move(found->second);
  in_.erase(found);
  session_.leave(player, gone.number, true, nullptr);
  if (gone.connection != 0) host_.drop(gone.connection, refusalOf("kicked", reason));
}

const Seat* Connections::seatOf(ConnectionId connection) const {
  if (connection == 0) return nullptr;
  for (const auto& [id, player] : in_) {
    if (player.connection == connection) return &player.seat;
  }
  return nullptr;
}

ConnectionId Connections::connectionOf(const std::string& player) const {
  const auto found = in_.find(player);
  return found == in_.end() ? 0 : found->second.connection;
}

}  // namespace lifeverse
