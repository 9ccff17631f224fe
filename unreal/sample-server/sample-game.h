// The sample's game: lets players in, turns their moves into world entries, tells them what became of each.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bags.h"
#include "core/session.h"
#include "gate.h"
#include "log.h"
#include "options.h"
#include "pending-moves.h"
#include "script.h"
#include "world-state.h"

namespace sample {

class SampleGame final : public lifeverse::SessionHost, public GateHost {
 public:
  SampleGame(const Options& options, UdpSocket& socket, std::uint16_t port, lifeverse::Transport& transport, std::function<double()> luck, Log& log);

  // One frame.
  void tick(lifeverse::Millis now);
  // The process was asked to stop.
  void terminate();

  // The exit code, once all is over.
  std::optional<int> exitCode() const { return exitCode_; }

  // SessionHost
  void load(const lifeverse::SessionInfo& info, const lifeverse::Restore* world) override;
  void playing() override;
  void accepted(lifeverse::Seq seq) override;
  void durable(lifeverse::Seq seq) override;
  void refused(const lifeverse::Refusal& refusal) override;
  std::string capture() override { return world_.write(); }
  void readOnly() override;
  void ended(const std::string& reason, bool clean) override;
  std::string captureInventory(const std::string& player) override { return bags_.write(player); }
  void inventoryDurable(const std::string& player, lifeverse::Seq seq) override;
  void noticed(const std::vector<lifeverse::Notice>& notices) override;
  void kicked(const std::string& player, const std::string& reason) override;
  void draining(const std::string& reason, lifeverse::Millis leftMs) override;

  // GateHost
  void askKey(LinkId link, const std::string& player) override;
  void message(Link& link, const lifeverse::Json& message) override;

 private:
  void join(Link& link, const std::string& ticket);
  void admitted(LinkId id, const lifeverse::Result<lifeverse::Verdict>& result);
  void sendJoined(Link& link);
  void openBag(const std::string& player);
  void sendBag(const std::string& player);
  void goodbye(Link& link, bool forGood);
  void move(Link& link, const lifeverse::Json& message);
  void sendAck(Link& link, std::int64_t n, lifeverse::Seq seq, bool durable);
  void refuseMove(Link& link, std::int64_t n, const char* reason);
  void leave(Link& link, bool forGood);

  void dropSilent();
  void broadcastState();
  void runScript();
  void endWhenOver();

  Options options_;
  Log& log_;
  std::uint16_t port_;
  Gate gate_;
  lifeverse::Session session_;
  WorldState world_;
  Bags bags_;
  PendingMoves pending_;
  Script script_;
  lifeverse::Millis now_ = 0;
  lifeverse::Millis stateAt_ = 0;
  std::optional<lifeverse::Millis> playingSince_;
  lifeverse::Millis occupiedAt_ = 0;
  bool everJoined_ = false;
  bool streaming_ = false;
  std::optional<int> exitCode_;
};

}  // namespace sample
