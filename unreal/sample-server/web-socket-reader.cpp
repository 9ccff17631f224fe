#include "web-socket-reader.h"

#include <cstdint>
#include <utility>

namespace sample {

namespace {

constexpr std::size_t kLongestHead = 16 * 1024;
constexpr unsigned char kFinal = 0x80;
constexpr unsigned char kReserved = 0x70;
constexpr unsigned char kMasked = 0x80;
constexpr std::size_t kLongestControl = 125;

enum Opcode : unsigned char { kContinuation = 0, kText = 1, kBinary = 2, kClose = kCloseFrame, kPing = 9, kPong = kPongFrame };

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool sameText(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (lower(one[i]) != lower(other[i])) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The header's only value; empty where it is absent or comes twice.
std::string_view headerOf(std::string_view head, std::string_view name) {
  std::string_view found;
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at == std::string_view::npos ? at : at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !sameText(line.substr(0, colon), name)) continue;
    if (!found.empty()) return {};
    found = trimmed(line.substr(colon + 1));
  }
  return found;
}

bool lists(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    if (sameText(trimmed(value.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
  return false;
}

std::uint64_t numberOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8) | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

std::vector<WebSocketReader::Event> WebSocketReader::feed(std::string_view bytes) {
  std::vector<Event> events;
  if (isOver_) return events;
  buffer_ += bytes;
  if (!isOpen_) {
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (buffer_.size() > kLongestHead + 4) broken(events);
      return events;
    }
    if (end > kLongestHead || !readHead(std::string_view(buffer_).substr(0, end))) {
      broken(events);
      return events;
    }
    isOpen_ = true;
    buffer_.erase(0, end + 4);
    events.push_back({Event::Kind::Opened, ""});
  }
  while (!isOver_ && readFrame(events)) {
  }
  return events;
}

bool WebSocketReader::readHead(std::string_view head) const {
  const std::string_view status = head.substr(0, head.find("\r\n"));
  return status.substr(0, 12) == "HTTP/1.1 101" && (status.size() == 12 || status[12] == ' ') && sameText(headerOf(head, "upgrade"), "websocket") &&
         lists(headerOf(head, "connection"), "upgrade") && headerOf(head, "sec-websocket-accept") == accept_ &&
         headerOf(head, "sec-websocket-protocol") == protocol_ && headerOf(head, "sec-websocket-extensions").empty();
}

bool WebSocketReader::readFrame(std::vector<Event>& events) {
  if (buffer_.size() < 2) return false;
  const unsigned char first = static_cast<unsigned char>(buffer_[0]);
  const unsigned char second = static_cast<unsigned char>(buffer_[1]);
  // A server masks nothing, and no extension was agreed that would give the reserved bits a meaning.
  if ((first & kReserved) != 0 || (second & kMasked) != 0) return broken(events);
  std::uint64_t length = second;
  std::size_t at = 2;
  if (length >= 126) {
    const std::size_t digits = length == 126 ? 2 : 8;
    if (buffer_.size() < at + digits) return false;
    length = numberOf(std::string_view(buffer_).substr(at, digits));
    at += digits;
  }
  if (length > kLargest - message_.size()) return broken(events);
  if (buffer_.size() - at < length) return false;
  std::string payload = buffer_.substr(at, static_cast<std::size_t>(length));
  buffer_.erase(0, at + static_cast<std::size_t>(length));
  return take(first, std::move(payload), events);
}

bool WebSocketReader::take(unsigned char first, std::string payload, std::vector<Event>& events) {
  const bool isFinal = (first & kFinal) != 0;
  const unsigned char opcode = first & 0x0F;
  if (opcode >= kClose) {
    if (!isFinal || payload.size() > kLongestControl) return broken(events);
    if (opcode == kPing) events.push_back({Event::Kind::Ping, std::move(payload)});
    else if (opcode == kClose) events.push_back({Event::Kind::Close, payload.substr(0, 2)});
    else if (opcode != kPong) return broken(events);
    isOver_ = opcode == kClose;
    return true;
  }
  // A message is begun by its kind and continued without one.
  if (opcode > kBinary || (opcode == kContinuation) != inMessage_) return broken(events);
  if (!inMessage_) isText_ = opcode == kText;
  message_ += payload;
  inMessage_ = !isFinal;
  if (!isFinal) return true;
  if (isText_) events.push_back({Event::Kind::Text, std::move(message_)});
  message_.clear();
  return true;
}

bool WebSocketReader::broken(std::vector<Event>& events) {
  isOver_ = true;
  events.push_back({Event::Kind::Broken, ""});
  return false;
}

std::string maskedFrame(unsigned char opcode, std::string_view payload, std::string_view mask) {
  // Only control frames are written, and those are short.
  payload = payload.substr(0, kLongestControl);
  std::string frame;
  frame.push_back(static_cast<char>(kFinal | opcode));
  frame.push_back(static_cast<char>(kMasked | payload.size()));
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return frame;
}

}  // namespace sample
