// The sample's moves and pickups: from a player's message to the journals and back.
#include <cmath>

#include "sample-game.h"

using namespace lifeverse;

namespace sample {

namespace {

// How far a move's number may run ahead of the newest one known: packets that overtake each other.
constexpr std::int64_t kMostAhead = 256;
constexpr double kFarthest = 1e9;

Json typed(const char* type) { return Json::object().set("t", type); }

}  // namespace

void SampleGame::move(Link& link, const Json& message) {
  const std::int64_t n = message.at("n").asInt();
  const double x = message.at("x").asDouble(NAN);
  const double y = message.at("y").asDouble(NAN);
  if (link.stage != Link::Stage::Joined) return refuseMove(link, n, "not-joined");
  if (n < 1 || !(std::fabs(x) <= kFarthest) || !(std::fabs(y) <= kFarthest)) return refuseMove(link, n, "invalid");
  const PlayerState* player = world_.player(link.player);
  if (player != nullptr && player->moves.contains(n)) {
    // Sent again: its ack was lost. What is no longer pending is durable, or in no world that is kept.
    const PendingMove* known = pending_.find(link.player, n);
    if (known == nullptr) return sendAck(link, n, 0, session_.saves().world() != nullptr);
    if (pending_.isAccepted(*known)) sendAck(link, n, known->seq, false);
    return;
  }
  if (n > (player == nullptr ? 0 : player->moves.last()) + kMostAhead) return refuseMove(link, n, "gap");
  const Json entry = WorldState::move(link.player, n, x, y);
  if (const JournalLink* world = session_.saves().world()) {
    if (session_.stage() != Stage::Playing) return refuseMove(link, n, "ending");
    // A pickup is one entry of two journals: the world has it and the player, or neither.
    const bool picks = WorldState::hasPickup(x, y) && bags_.isOpen(link.player);
    const auto seq = session_.saves().addWorld(entry, picks ? Shares{{link.player, Bags::pickup()}} : Shares{});
    if (!seq) return refuseMove(link, n, world->readOnly() ? "read-only" : "busy");
    pending_.add({*seq, link.player, n});
    if (picks) bags_.add(link.player);
    return world_.apply(entry);
  }
  world_.apply(entry);
  sendAck(link, n, 0, false);
}

void SampleGame::accepted(Seq seq) {
  for (const PendingMove& move : pending_.accept(seq)) {
    if (Link* link = gate_.joined(move.player)) sendAck(*link, move.n, move.seq, false);
  }
}

void SampleGame::durable(Seq seq) {
  for (const PendingMove& move : pending_.settle(seq)) {
    if (Link* link = gate_.joined(move.player)) sendAck(*link, move.n, move.seq, true);
  }
}

// The world moves on by absolute places: the next move of the player mends what this one did.
void SampleGame::refused(const Refusal& refusal) {
  log_.warn("a move is not kept", Json::object().set("seq", refusal.seq).set("code", refusal.code));
  const auto move = pending_.remove(refusal.seq);
  Link* link = move ? gate_.joined(move->player) : nullptr;
  if (link != nullptr) refuseMove(*link, move->n, "not-kept");
}

void SampleGame::sendAck(Link& link, std::int64_t n, Seq seq, bool durable) {
  Json out = typed("ack");
  out.set("n", n).set("durable", durable);
  if (seq > 0) out.set("seq", seq);
  gate_.send(link, out);
}

void SampleGame::refuseMove(Link& link, std::int64_t n, const char* reason) { gate_.send(link, typed("nack").set("n", n).set("reason", reason)); }

// A spectator has none, nor has a session without saves: then nothing is picked up.
void SampleGame::openBag(const std::string& player) {
  if (bags_.isOpen(player)) return sendBag(player);
  session_.saves().openInventory(player, [this, player](const Result<Restore>& result) {
    if (!result) return log_.info("no inventory", Json::object().set("code", result.failure.code));
    if (bags_.open(player, *result.value)) return sendBag(player);
    log_.warn("an inventory cannot be read");
    session_.saves().closeInventory(player);
  });
}

void SampleGame::sendBag(const std::string& player) {
  const JournalLink* inventory = session_.saves().inventory(player);
  Link* link = gate_.joined(player);
  if (link == nullptr || inventory == nullptr) return;
  gate_.send(*link, typed("bag").set("pickups", bags_.count(player)).set("durableSeq", inventory->journal().durable()));
}

void SampleGame::inventoryDurable(const std::string& player, Seq) { sendBag(player); }

}  // namespace sample
