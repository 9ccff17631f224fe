// The bridge's LifeVerse surface as typed calls. Each has a deadline; each that the contract calls repeatable is sent again
// with backoff while its budget lasts. Nothing blocks: answers come from inside the transport or `tick`, on the game thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backoff.h"
#include "bridge-types.h"
#include "frame-meter.h"
#include "transport.h"

namespace lifeverse {

struct Failure {
  // 0 where no answer came.
  int status = 0;
  // The problem document's code, or `unreachable`, `timeout`, `unexpected_answer`.
  std::string code;
  std::string detail;
};

template <typename T>
struct Result {
  std::optional<T> value;
  Failure failure;
  explicit operator bool() const { return value.has_value(); }
};

struct Nothing {};

template <typename T>
using Then = std::function<void(const Result<T>&)>;

// As it may stand in a path or a query.
std::string escaped(const std::string& text);
std::string worldPath();
std::string inventoryPath(const std::string& player);

class BridgeClient {
 public:
  using CallId = std::uint64_t;

  // `luck` gives numbers in [0, 1) for the jitter of retries. The transport must outlive the client.
  BridgeClient(Transport& transport, std::function<double()> luck, Backoff backoff = {});
  ~BridgeClient();
  BridgeClient(const BridgeClient&) = delete;
  BridgeClient& operator=(const BridgeClient&) = delete;

  // Gives up what is past its deadline and sends again what is due. Call it every frame.
  void tick(Millis now);

  // Calls under way; their `then` is still to come.
  std::size_t pending() const { return calls_.size(); }
  // Its `then` is not called any more. One that is over already is passed over.
  void cancel(CallId id);
  // Forgets every call: none of their `then` is called any more.
  void abandon();

  // `pid` of this process, so that its death is noticed; 0 where it is not told.
  void hello(const std::string& build, const std::string& plugin, Then<Welcome> then, std::int64_t pid = 0);
  void warm(Then<Nothing> then);
  // Held by the bridge up to `waitSeconds` while the phase is `from`. Not sent again by itself.
  CallId session(int waitSeconds, SessionPhase from, Then<BridgeSession> then);
  void accept(int port, const std::string& build, Then<BridgeSession> then);
  void end(const std::string& reason, Then<BridgeSession> then);
  void admit(const std::string& ticket, Then<Verdict> then);
  // Of a connection that is no longer the player's newest, `present` and `leave` change nothing.
  void present(const std::string& player, SeatConnection connection, Then<Seat> then);
  void leave(const std::string& player, SeatConnection connection, bool forGood, Then<Seat> then);
  // The seat is over, and so is every ticket for it.
  void kick(const std::string& player, const std::string& reason, Then<Seat> then);
  void putRoster(const std::vector<std::string>& present, Then<std::vector<Seat>> then);
  void packetKey(const std::string& player, Then<std::string> then);
  // Held by the bridge up to `waitSeconds` while the notices are those of `from`. Not sent again by itself.
  CallId notices(int waitSeconds, const std::string& from, Then<Notices> then);
  void world(Then<Restore> then);
  void inventory(const std::string& player, Then<Restore> then);
  // Of the journal at `subject`: `worldPath()` or `inventoryPath(player)`. `entries` is the JSON array, written already. Not sent again
  // by itself: the journal decides what is due next.
  void append(const std::string& subject, const std::string& entries, Then<Acks> then);
  void putSnapshot(const std::string& subject, const Snapshot& snapshot, Then<Nothing> then);
  // Of every journal; held by the bridge up to `waitSeconds` while they are as in `from`. Not sent again by itself.
  CallId acks(int waitSeconds, const std::string& from, Then<AllAcks> then);
  // Not sent again: the next second brings a newer one.
  void frame(const FrameReport& report, Then<Nothing> then);

 private:
  struct Call {
    HttpRequest request;
    // Time from the first try in which the call may be sent again; 0 for a single try.
    Millis budgetMs = 0;
    Millis startedAt = 0;
    Millis tryEndsAt = 0;
    // When it is sent again, while no request is out.
    Millis retryAt = 0;
    int retries = 0;
    bool out = false;
    Transport::RequestId requestId = 0;
    Transport::Done settle;
  };

  template <typename T>
  CallId call(HttpRequest request, Millis budgetMs, std::function<std::optional<T>(const Json&)> read, Then<T> then);
  void send(CallId id, Call& call);
  void answered(CallId id, const HttpResponse& response);

  Transport& transport_;
  std::function<double()> luck_;
  Backoff backoff_;
  Millis now_ = 0;
  CallId nextId_ = 1;
  std::map<CallId, Call> calls_;
};

}  // namespace lifeverse
