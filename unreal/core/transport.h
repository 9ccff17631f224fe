// How the core reaches the bridge. FHttpModule is behind it in Unreal, plain sockets in the sample server, a script in tests.
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

class Transport {
 public:
  using Done = std::function<void(const HttpResponse&)>;
  using RequestId = std::uint64_t;

  virtual ~Transport() = default;

  // Returns at once. `done` is called once, on the game thread, never from inside `send` and never after `cancel`.
  virtual RequestId send(const HttpRequest& request, Done done) = 0;
  virtual void cancel(RequestId id) = 0;
};

}  // namespace lifeverse
