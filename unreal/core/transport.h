// How the core reaches the bridge. FHttpModule and WebSockets are behind it in Unreal, plain sockets in the sample server, a script in
// tests.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace lifeverse {

// Milliseconds on a clock that never goes back; only differences mean something.
using Millis = std::int64_t;

struct HttpRequest {
  std::string method;
  // With the query: `/lifeverse/v1/session?wait=25`.
  std::string path;
  // JSON, or empty for none.
  std::string body;
  // The client cancels a request that outlives this; a transport may use it as well.
  Millis timeoutMs = 0;
};

struct HttpResponse {
  enum class Outcome { Answered, Unreachable, TimedOut };
  Outcome outcome = Outcome::Unreachable;
  int status = 0;
  std::string body;
  // From Retry-After; zero for none.
  Millis retryAfterMs = 0;
};

// A WebSocket that is only read.
struct StreamRequest {
  // With the query.
  std::string path;
  // The one subprotocol that is offered; a stream on which the other side chose none may be given up.
  std::string protocol;
};

struct StreamEvents {
  // One whole text message.
  std::function<void(const std::string&)> message;
  // It is over, or could not be opened: the last event.
  std::function<void()> closed;
};

class Transport {
 public:
  using Done = std::function<void(const HttpResponse&)>;
  using RequestId = std::uint64_t;
  using StreamId = std::uint64_t;

  virtual ~Transport() = default;

  // Returns at once. `done` is called once, on the game thread, never from inside `send` and never after `cancel`.
  virtual RequestId send(const HttpRequest& request, Done done) = 0;
  virtual void cancel(RequestId id) = 0;

  // Returns at once. Events come on the game thread, never from inside `openStream` and never after `closeStream`, which may be called
  // from inside one. Of what has come meanwhile, a stream's messages come before the answers of requests: an answer that was given after a
  // message is never told before it. 0: this transport has no streams; what they would bring is asked for by held requests.
  virtual StreamId openStream(const StreamRequest&, StreamEvents) { return 0; }
  virtual void closeStream(StreamId) {}
};

}  // namespace lifeverse
