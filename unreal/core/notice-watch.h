// Follows what the bridge has to say: maintenance, drain, kicks, the session's end. Each is told to the game once, whichever way it came.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge-client.h"

namespace lifeverse {

class NoticeHost {
 public:
  virtual ~NoticeHost() = default;
  // All notices that hold now; comes whenever they have changed.
  virtual void noticed(const std::vector<Notice>& notices) = 0;
  // This player has to go.
  virtual void kicked(const std::string& player, const std::string& reason) = 0;
  // The server is being taken away; `leftMs` where it is known.
  virtual void draining(const std::string& reason, std::optional<Millis> leftMs) = 0;
  // The session is ended from outside in `leftMs`: what is saved by then is saved.
  virtual void endsIn(const std::string& reason, Millis leftMs) = 0;
};

class NoticeWatch {
 public:
  // `wallClock` gives milliseconds since 1970, which the instants of notices are held against.
  NoticeWatch(BridgeClient& client, NoticeHost& host, std::function<std::int64_t()> wallClock)
      : client_(client), host_(host), wallClock_(std::move(wallClock)) {}

  // Asks by a held call, for as long as this is called.
  void tick(Millis now);
  // They came by the stream.
  void heard(const Notices& notices);
  // The stream brings them from now on: an answer that is still out could be older than what that tells.
  void hush();
  const std::vector<Notice>& notices() const { return notices_; }

 private:
  void tell(const Notice& notice);

  BridgeClient& client_;
  NoticeHost& host_;
  std::function<std::int64_t()> wallClock_;
  // While a held call is out.
  std::optional<BridgeClient::CallId> watching_;
  Millis now_ = 0;
  Millis watchAt_ = 0;
  std::string version_;
  std::vector<Notice> notices_;
  // Those that were told, by what makes them one.
  std::set<std::string> told_;
};

}  // namespace lifeverse
