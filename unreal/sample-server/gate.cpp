#include "gate.h"

#include <algorithm>

using lifeverse::Json;
using lifeverse::Millis;

namespace sample {

void Gate::receive(Millis now) {
  Peer from = 0;
  std::string datagram;
  for (int i = 0; i < kMostPerFrame && socket_.receive(from, datagram); ++i) {
    if (datagram.empty()) continue;
    if (datagram[0] == static_cast<char>(PacketKind::Hello)) hello(from, datagram, now);
    if (datagram[0] == static_cast<char>(PacketKind::Sealed)) sealed(from, datagram, now);
  }
}

void Gate::hello(Peer from, std::string_view datagram, Millis now) {
  const auto greeting = readHello(datagram);
  if (!greeting) return;
  const auto known = byPeer_.find(from);
  if (known != byPeer_.end()) {
    Link& link = links_.at(known->second);
    if (link.client == greeting->random) {
      // Our welcome was lost. Where the key is still awaited, the welcome comes with it.
      if (link.cipher) socket_.send(from, writeWelcome(link.client, link.server));
      return;
    }
    // A hello proves nothing: it must not end the game of who plays from there.
    if (link.stage == Link::Stage::Joining || link.stage == Link::Stage::Joined) return;
    drop(link.id);
  }
  const auto greetings = std::count_if(links_.begin(), links_.end(), [](const auto& entry) { return entry.second.stage == Link::Stage::Greeting; });
  const auto random = freshRandom();
  if (links_.size() >= kMostLinks || static_cast<std::size_t>(greetings) >= kMostGreeting || !random) {
    return socket_.send(from, writeNo(greeting->random, "busy"));
  }
  const LinkId id = nextId_++;
  Link& link = links_[id];
  link.id = id;
  link.peer = from;
  link.player = greeting->player;
  link.client = greeting->random;
  link.server = *random;
  link.heardAt = now;
  byPeer_[from] = id;
  host_.askKey(id, greeting->player);
}

void Gate::keyCame(LinkId id, const std::optional<Key>& key) {
  Link* link = find(id);
  if (link == nullptr || link->stage != Link::Stage::Greeting) return;
  if (!key) {
    socket_.send(link->peer, writeNo(link->client, "no-seat"));
    return drop(id);
  }
  link->cipher.emplace(*key, link->client, link->server);
  link->stage = Link::Stage::Open;
  socket_.send(link->peer, writeWelcome(link->client, link->server));
}

void Gate::sealed(Peer from, std::string_view datagram, Millis now) {
  const auto known = byPeer_.find(from);
  if (known == byPeer_.end()) return;
  Link& link = links_.at(known->second);
  if (!link.cipher) return;
  const auto text = link.cipher->open(datagram);
  if (!text) return;
  link.heardAt = now;
  const auto message = Json::parse(*text);
  if (message && message->isObject()) host_.message(link, *message);
}

void Gate::send(Link& link, const Json& message) {
  if (link.cipher) socket_.send(link.peer, link.cipher->seal(message.write()));
}

Link* Gate::find(LinkId id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : &found->second;
}

Link* Gate::joined(const std::string& player) {
  for (auto& [id, link] : links_) {
    if (link.stage == Link::Stage::Joined && link.player == player) return &link;
  }
  return nullptr;
}

std::vector<LinkId> Gate::links() const {
  std::vector<LinkId> ids;
  for (const auto& [id, link] : links_) ids.push_back(id);
  return ids;
}

void Gate::drop(LinkId id) {
  const Link* link = find(id);
  if (link == nullptr) return;
  byPeer_.erase(link->peer);
  links_.erase(id);
}

}  // namespace sample
