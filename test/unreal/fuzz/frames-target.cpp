#include "fuzz/targets.h"
#include "sample-server/web-socket-reader.h"

using sample::WebSocketReader;

// What comes by a WebSocket is the same however it was cut into pieces, and nothing comes after its end.
void fuzz::frames(std::string_view bytes) {
  const auto outcomeOf = [bytes](std::size_t piece) {
    WebSocketReader reader("digest=", "lifeverse.v1");
    std::string out;
    bool isOver = false;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      for (const WebSocketReader::Event& event : reader.feed(bytes.substr(at, piece))) {
        must(!isOver, "nothing comes after the end");
        must(event.bytes.size() <= WebSocketReader::kLargest, "a message is bounded");
        isOver = event.kind == WebSocketReader::Event::Kind::Close || event.kind == WebSocketReader::Event::Kind::Broken;
        out += static_cast<char>('0' + static_cast<int>(event.kind)) + event.bytes + '\n';
      }
    }
    return out;
  };
  const std::string whole = outcomeOf(bytes.size() + 1);
  must(whole == outcomeOf(1) && whole == outcomeOf(7), "pieces make no difference");
}
