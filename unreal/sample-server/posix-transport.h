// The core's transport on plain sockets: HTTP/1.1 to one port of 127.0.0.1, one connection a request, nothing blocks.
#pragma once

#include <poll.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/transport.h"
#include "http-response-reader.h"

namespace sample {

class PosixTransport final : public lifeverse::Transport {
 public:
  explicit PosixTransport(std::uint16_t port) : port_(port) {}
  ~PosixTransport() override;
  PosixTransport(const PosixTransport&) = delete;
  PosixTransport& operator=(const PosixTransport&) = delete;

  RequestId send(const lifeverse::HttpRequest& request, Done done) override;
  void cancel(RequestId id) override;

  // Waits for the sockets, `mostMs` at most, does what can be done and delivers the answers.
  void pump(int mostMs);

 private:
  struct Exchange {
    int socket = -1;
    std::string out;
    std::size_t written = 0;
    HttpResponseReader reader;
    Done done;
  };
  enum class Step { Going, Done, Failed };

  Step step(Exchange& exchange);
  Step read(Exchange& exchange);

  std::uint16_t port_;
  RequestId nextId_ = 1;
  std::map<RequestId, Exchange> exchanges_;
};

}  // namespace sample
