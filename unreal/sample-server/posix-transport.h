// The core's transport on plain sockets: HTTP/1.1 and WebSockets to one port of 127.0.0.1, one connection each, nothing blocks.
#pragma once

#include <poll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "http-response-reader.h"
#include "posix-stream.h"

namespace sample {

class PosixTransport final : public lifeverse::Transport {
 public:
  explicit PosixTransport(std::uint16_t port) : port_(port) {}
  ~PosixTransport() override;
  PosixTransport(const PosixTransport&) = delete;
  PosixTransport& operator=(const PosixTransport&) = delete;

  RequestId send(const lifeverse::HttpRequest& request, Done done) override;
  void cancel(RequestId id) override;
  StreamId openStream(const lifeverse::StreamRequest& request, lifeverse::StreamEvents events) override;
  void closeStream(StreamId id) override;
  // Since the beginning.
  std::size_t streamsOpened() const { return streamsOpened_; }

  // Waits for the sockets, `mostMs` at most, does what can be done and delivers answers and news.
  void pump(int mostMs);

 private:
  struct Exchange {
    int socket = -1;
    std::string out;
    std::size_t written = 0;
    HttpResponseReader reader;
    Done done;
  };
  struct OpenStream {
    std::unique_ptr<PosixStream> stream;
    std::shared_ptr<lifeverse::StreamEvents> events;
  };
  enum class Step { Going, Done, Failed };

  void settle(RequestId id, bool ready);
  void read(StreamId id);
  Step step(Exchange& exchange);
  Step read(Exchange& exchange);

  std::uint16_t port_;
  RequestId nextId_ = 1;
  std::map<RequestId, Exchange> exchanges_;
  std::map<StreamId, OpenStream> streams_;
  std::size_t streamsOpened_ = 0;
};

}  // namespace sample
