#include "fuzz/targets.h"
#include "sample-server/http-response-reader.h"

using sample::HttpResponseReader;

// A response is the same however it was cut into pieces.
void fuzz::http(std::string_view bytes) {
  const auto outcomeOf = [bytes](std::size_t piece) {
    HttpResponseReader reader;
    auto state = HttpResponseReader::State::More;
    for (std::size_t at = 0; at < bytes.size() && state == HttpResponseReader::State::More; at += piece) state = reader.feed(bytes.substr(at, piece));
    if (state == HttpResponseReader::State::More) state = reader.close();
    std::string out = std::to_string(static_cast<int>(state));
    if (state == HttpResponseReader::State::Complete) out += std::to_string(reader.response().status) + reader.response().body;
    return out;
  };
  must(outcomeOf(bytes.size() + 1) == outcomeOf(1) && outcomeOf(1) == outcomeOf(7), "pieces make no difference");
}
