// Which network connection of the game server holds which seat: from the login's ticket to the end, through travel.
//
//   preLogin ──admit──▶ arriving ──postLogin──▶ in ──connection gone──▶ away (the bridge's grace)
//                           │ nobody came            │ ▲
//                           └──────▶ away            ▼ │ logs in again with the same ticket, or never lost its connection
//                                                 travelling ──too long──▶ away
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "session.h"

namespace lifeverse {

// A connection as the host counts them; never used twice. 0 is none.
using ConnectionId = std::uint64_t;

class ConnectionsHost {
 public:
  virtual ~ConnectionsHost() = default;
  // Close this connection; its player reads the reason.
  virtual void drop(ConnectionId connection, const std::string& reason) = 0;
};

struct ConnectionOptions {
  // Without: who shows no ticket comes in without a seat, as in an editor. A ticket that is shown is judged all the same.
  bool requireTickets = true;
  // How long the way from the verdict to the game may take.
  Millis arriveMs = 60'000;
  // How long after a travel a player may take to be back.
  Millis travelMs = 60'000;
  // How long a login waits for the session to become joinable.
  Millis openMs = 15'000;
};

enum class Arrival { Seated, WithoutSeat, Refused };

class Connections {
 public:
  Connections(Session& session, ConnectionsHost& host, ConnectionOptions options) : session_(session), host_(host), options_(options) {}

  void tick(Millis now);

  // `then` comes once: empty lets the player in, anything else is what they read, such as `lifeverse:expired: the ticket is over`.
  void preLogin(const std::string& loginOptions, std::function<void(const std::string&)> then);
  // The player of the verdict is in the game. Refused: the host has to close the connection.
  Arrival postLogin(ConnectionId connection, const std::string& loginOptions);
  // The connections that are open now: whoever is in by another one has lost it.
  void live(const std::vector<ConnectionId>& open);
  // The player has said goodbye: the seat is given up.
  void leaveForGood(ConnectionId connection);

  // Between these, a lost connection is no leave. `open` is what is still open when the new map stands.
  void travelBegins() { travelling_ = true; }
  void travelEnds(const std::vector<ConnectionId>& open);

  void kicked(const std::string& player, const std::string& reason);

  // Null where the connection holds no seat.
  const Seat* seatOf(ConnectionId connection) const;
  // 0 where the player is not in.
  ConnectionId connectionOf(const std::string& player) const;

 private:
  struct Player {
    Seat seat;
    SeatConnection number = 0;
    // 0 while travelling.
    ConnectionId connection = 0;
    Millis until = 0;
  };
  struct Waiting {
    std::string ticket;
    std::function<void(const std::string&)> then;
    Millis until = 0;
  };

  void admit(const std::string& ticket, std::function<void(const std::string&)> then);
  void openDoor();
  void giveUpLate();

  Session& session_;
  ConnectionsHost& host_;
  ConnectionOptions options_;
  Millis now_ = 0;
  bool travelling_ = false;
  // Logins from before the session was joinable.
  std::vector<Waiting> waiting_;
  // By ticket, which the player shows again in PostLogin. In memory only.
  std::map<std::string, Player> arriving_;
  std::map<std::string, Player> in_;
};

}  // namespace lifeverse
