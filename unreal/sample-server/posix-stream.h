// One WebSocket of the transport on a plain socket: it is read, and only what the standard wants answered is written. Nothing blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/transport.h"
#include "web-socket-reader.h"

namespace sample {

class PosixStream {
 public:
  PosixStream(const lifeverse::StreamRequest& request, std::uint16_t port);
  ~PosixStream();
  PosixStream(const PosixStream&) = delete;
  PosixStream& operator=(const PosixStream&) = delete;

  // To be polled: -1 where there is none.
  int socket() const { return socket_; }
  // What to poll it for.
  short wants() const;
  // Does what can be done now; the texts that have come whole. Afterwards `isOver` says whether there is more to come.
  std::vector<std::string> step();
  bool isOver() const { return socket_ < 0; }

 private:
  PosixStream(const lifeverse::StreamRequest& request, std::uint16_t port, const std::string& key);
  void write();
  void close();

  int socket_;
  std::string out_;
  WebSocketReader reader_;
};

}  // namespace sample
