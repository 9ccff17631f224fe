// Where players' datagrams come in: handshake, decryption, replay check. Behind it there are only genuine messages.
//
//   hello ──▶ Greeting ──key came──▶ Open ──join──▶ Joining ──admitted──▶ Joined ──leave──▶ Left
//                                      ▲───refused─────┘
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/bridge-types.h"
#include "core/json.h"
#include "core/transport.h"
#include "packet-cipher.h"
#include "packets.h"
#include "udp-socket.h"

namespace sample {

using LinkId = std::uint64_t;

struct Link {
  enum class Stage { Greeting, Open, Joining, Joined, Left };

  LinkId id = 0;
  Peer peer = 0;
  // Who it says it is; proved by the packet key from Open on.
  std::string player;
  std::string role;
  // The bridge's number of this connection, once joined.
  lifeverse::SeatConnection connection = 0;
  Random client{};
  Random server{};
  std::optional<PacketCipher> cipher;
  Stage stage = Stage::Greeting;
  // When the last genuine datagram came, or the hello.
  lifeverse::Millis heardAt = 0;
};

class GateHost {
 public:
  virtual ~GateHost() = default;
  // Find out the player's packet key; then call `Gate::keyCame`.
  virtual void askKey(LinkId link, const std::string& player) = 0;
  virtual void message(Link& link, const lifeverse::Json& message) = 0;
};

class Gate {
 public:
  // Strangers may cost us no more than this.
  static constexpr std::size_t kMostLinks = 4'000;
  static constexpr std::size_t kMostGreeting = 128;
  static constexpr int kMostPerFrame = 4'000;

  Gate(UdpSocket& socket, GateHost& host) : socket_(socket), host_(host) {}

  // Takes in what has come since the last frame.
  void receive(lifeverse::Millis now);
  // `key` is nothing where the player has no seat.
  void keyCame(LinkId id, const std::optional<Key>& key);
  void send(Link& link, const lifeverse::Json& message);

  Link* find(LinkId id);
  // The link by which this player is in the game, or null.
  Link* joined(const std::string& player);
  // Every link at this moment.
  std::vector<LinkId> links() const;
  void drop(LinkId id);

 private:
  void hello(Peer from, std::string_view datagram, lifeverse::Millis now);
  void sealed(Peer from, std::string_view datagram, lifeverse::Millis now);

  UdpSocket& socket_;
  GateHost& host_;
  LinkId nextId_ = 1;
  std::map<LinkId, Link> links_;
  std::map<Peer, LinkId> byPeer_;
};

}  // namespace sample
