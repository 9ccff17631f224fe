// Reads one HTTP/1.1 response as its bytes come in (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/transport.h"

namespace sample {

class HttpResponseReader {
 public:
  static constexpr std::size_t kLargest = 64 * 1024 * 1024;

  enum class State { More, Complete, Broken };

  State feed(std::string_view bytes);
  // The other side has closed: complete where nothing said how long the body is.
  State close();
  // Once complete.
  lifeverse::HttpResponse response() const;

 private:
  bool readHead();
  State readBody();
  State readChunks();

  std::string buffer_;
  std::size_t bodyAt_ = 0;
  bool headDone_ = false;
  int status_ = 0;
  lifeverse::Millis retryAfterMs_ = 0;
  bool chunked_ = false;
  std::optional<std::size_t> length_;
  std::string body_;
};

}  // namespace sample
