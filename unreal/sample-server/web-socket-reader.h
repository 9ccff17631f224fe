// The reading side of one WebSocket (RFC 6455), from the answer to the upgrade on, as its bytes come in (pure).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sample {

class WebSocketReader {
 public:
  // Longest message; one that is longer breaks the stream.
  static constexpr std::size_t kLargest = 1024 * 1024;

  // What has come, in order.
  struct Event {
    // Ping has to be answered by a pong of the same bytes, Close by a close; after Close or Broken comes nothing more.
    enum class Kind { Opened, Text, Ping, Close, Broken };
    Kind kind = Kind::Broken;
    std::string bytes;
  };

  // `accept` and `protocol` are what the other side has to answer: the key's digest, and the subprotocol that was offered.
  WebSocketReader(std::string accept, std::string protocol) : accept_(std::move(accept)), protocol_(std::move(protocol)) {}

  std::vector<Event> feed(std::string_view bytes);

 private:
  bool readHead(std::string_view head) const;
  // False where the frame is not whole yet.
  bool readFrame(std::vector<Event>& events);
  bool take(unsigned char first, std::string payload, std::vector<Event>& events);
  bool broken(std::vector<Event>& events);

  std::string accept_;
  std::string protocol_;
  std::string buffer_;
  bool isOpen_ = false;
  bool isOver_ = false;
  // Of a message in several frames.
  bool inMessage_ = false;
  bool isText_ = false;
  std::string message_;
};

// A frame as a client has to write it: whole, masked. `mask` is four random bytes; `opcode` of the standard's.
std::string maskedFrame(unsigned char opcode, std::string_view payload, std::string_view mask);

constexpr unsigned char kCloseFrame = 8;
constexpr unsigned char kPongFrame = 10;

}  // namespace sample
