#include "http-response-reader.h"

#include <cstdlib>

namespace sample {

namespace {

constexpr std::size_t kLongestHead = 64 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool sameName(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (lower(line[i]) != name[i]) return false;
  }
  return true;
}

std::string valueOf(std::string_view line) {
  std::string_view value = line.substr(line.find(':') + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  return std::string(value);
}

// Digits of the base only; nothing for anything else.
std::optional<std::size_t> sizeOf(const std::string& text, int base) {
  if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text.c_str(), &end, base);
  if (*end != '\0' || value > HttpResponseReader::kLargest) return std::nullopt;
  return static_cast<std::size_t>(value);
}

}  // namespace

HttpResponseReader::State HttpResponseReader::feed(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() > kLargest) return State::Broken;
  if (!headDone_) {
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) return buffer_.size() > kLongestHead ? State::Broken : State::More;
    bodyAt_ = end + 4;
    if (!readHead()) return State::Broken;
    headDone_ = true;
  }
  return readBody();
}

bool HttpResponseReader::readHead() {
  // The status stands in the first line, not in what came after a shorter one.
  if (buffer_.rfind("HTTP/1.", 0) != 0 || buffer_.find("\r\n") < 12) return false;
  const auto status = sizeOf(buffer_.substr(9, 3), 10);
  if (!status) return false;
  status_ = static_cast<int>(*status);
  for (std::size_t at = buffer_.find("\r\n") + 2; at < bodyAt_ - 2;) {
    const std::size_t end = buffer_.find("\r\n", at);
    const std::string_view line = std::string_view(buffer_).substr(at, end - at);
    if (sameName(line, "content-length")) {
      length_ = sizeOf(valueOf(line), 10);
      if (!length_) return false;
    } else if (sameName(line, "transfer-encoding")) {
      chunked_ = valueOf(line) == "chunked";
    } else if (sameName(line, "retry-after")) {
      retryAfterMs_ = static_cast<lifeverse::Millis>(sizeOf(valueOf(line), 10).value_or(0)) * 1'000;
    }
    at = end + 2;
  }
  return true;
}

HttpResponseReader::State HttpResponseReader::readBody() {
  if (chunked_) return readChunks();
  if (!length_) return State::More;
  if (buffer_.size() - bodyAt_ < *length_) return State::More;
  body_ = buffer_.substr(bodyAt_, *length_);
  return State::Complete;
}

HttpResponseReader::State HttpResponseReader::readChunks() {
  for (;;) {
    const std::size_t lineEnd = buffer_.find("\r\n", bodyAt_);
    if (lineEnd == std::string::npos) return State::More;
    std::string line = buffer_.substr(bodyAt_, lineEnd - bodyAt_);
    const auto size = sizeOf(line.substr(0, line.find(';')), 16);
    if (!size) return State::Broken;
    // The last chunk; trailers are of no use to us.
    if (*size == 0) return State::Complete;
    if (buffer_.size() < lineEnd + 2 + *size + 2) return State::More;
    body_.append(buffer_, lineEnd + 2, *size);
    bodyAt_ = lineEnd + 2 + *size + 2;
  }
}

HttpResponseReader::State HttpResponseReader::close() {
  if (!headDone_ || chunked_ || length_) return State::Broken;
  body_ = buffer_.substr(bodyAt_);
  return State::Complete;
}

lifeverse::HttpResponse HttpResponseReader::response() const {
  return {lifeverse::HttpResponse::Outcome::Answered, status_, body_, retryAfterMs_};
}

}  // namespace sample
