// The bridge's news as they happen, by its WebSocket. Whoever uses it asks by held calls whenever it is not live: a transport or a bridge
// may have no streams, and every stream breaks some day.
//
//   away ──open──▶ opening ──welcome──▶ live ──closed, silent, nonsense──▶ away (held calls; again after a backoff, from the same position)
//     ▲               └── refused, too late ──┐
//     └───────────────────────────────────────┘
#pragma once

#include <functional>
#include <string>

#include "backoff.h"
#include "stream-message.h"
#include "transport.h"

namespace lifeverse {

class StreamHost {
 public:
  virtual ~StreamHost() = default;
  // From now on the stream brings the news; first, whatever is other than at its last position.
  virtual void streamOpened() = 0;
  virtual void streamBroke() = 0;
  virtual void streamed(const BridgeSession& session) = 0;
  virtual void streamed(const Notices& notices) = 0;
  virtual void streamed(const AllAcks& acks) = 0;
};

class BridgeStream {
 public:
  // `luck` gives numbers in [0, 1) for the jitter of retries. The transport must outlive the stream.
  BridgeStream(Transport& transport, std::function<double()> luck, StreamHost& host);
  ~BridgeStream() { drop(); }
  BridgeStream(const BridgeStream&) = delete;
  BridgeStream& operator=(const BridgeStream&) = delete;

  // Opens it, or again, when that is due, and gives it up when it is silent. Call it every frame, after the transport's events.
  void tick(Millis now);
  // Until the next tick: nothing is told meanwhile, and what was not heard is told then.
  void drop();
  // For good: nothing more is told.
  void close();
  bool live() const { return live_; }

 private:
  void open();
  void heard(const std::string& text);
  void broke();

  Transport& transport_;
  std::function<double()> luck_;
  StreamHost& host_;
  Backoff backoff_{250, 15'000};
  Millis now_ = 0;
  bool closed_ = false;

  Transport::StreamId id_ = 0;
  bool live_ = false;
  Millis liveAt_ = 0;
  // When it is given up unless something is heard.
  Millis until_ = 0;
  bool isHeard_ = false;
  Millis silenceMs_ = 0;
  // Of the last message that was taken.
  std::string position_;
  Millis openAt_ = 0;
  int retries_ = 0;
};

}  // namespace lifeverse
