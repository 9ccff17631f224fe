#include "stream-message.h"

#include <utility>

namespace lifeverse {

namespace {

constexpr std::size_t kLongestPosition = 200;
// An hour; what is longer is no sign of life.
constexpr double kSlowestSeconds = 3'600;

template <typename T>
std::optional<StreamMessage> placed(std::string position, std::optional<T> content) {
  if (!content || position.empty()) return std::nullopt;
  return StreamMessage{std::move(position), std::move(*content)};
}

}  // namespace

std::optional<StreamMessage> readStreamMessage(const std::string& text) {
  const auto body = Json::parse(text);
  if (!body || !body->at("type").isString() || body->at("position").asString().size() > kLongestPosition) return std::nullopt;
  const std::string& type = body->at("type").asString();
  const std::string& position = body->at("position").asString();
  if (type == "session") return placed(position, readBridgeSession(body->at("session")));
  if (type == "notices") return placed(position, readNotices(body->at("notices")));
  if (type == "acks") return placed(position, readAllAcks(body->at("acks")));
  if (type != "welcome") return StreamMessage{position, StreamMessage::Other{}};
  const double seconds = body->at("aliveSeconds").asDouble(-1);
  if (!(seconds > 0 && seconds <= kSlowestSeconds)) return std::nullopt;
  return StreamMessage{"", StreamMessage::Welcome{static_cast<Millis>(seconds * 1'000)}};
}

}  // namespace lifeverse
