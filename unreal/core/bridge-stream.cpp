#include "bridge-stream.h"

#include <algorithm>
#include <utility>

#include "bridge-client.h"

namespace lifeverse {

namespace {

constexpr const char* kProtocol = "lifeverse.v1";
constexpr Millis kOpenMs = 10'000;
constexpr Millis kLeastSilenceMs = 5'000;
// One that breaks sooner is no better than none: the next try waits longer.
constexpr Millis kSteadyMs = 10'000;

}  // namespace

BridgeStream::BridgeStream(Transport& transport, std::function<double()> luck, StreamHost& host)
    : transport_(transport), luck_(std::move(luck)), host_(host) {}

void BridgeStream::tick(Millis now) {
  now_ = now;
  if (closed_) return;
  if (id_ == 0) {
    if (now >= openAt_) open();
    return;
  }
  // By the clock of now: what came during a long frame was not late.
  if (isHeard_) until_ = now + silenceMs_;
  isHeard_ = false;
  if (now < until_) return;
  transport_.closeStream(id_);
  broke();
}

void BridgeStream::drop() {
  live_ = false;
  if (id_ != 0) transport_.closeStream(id_);
  id_ = 0;
}

void BridgeStream::close() {
  drop();
  closed_ = true;
}

void BridgeStream::open() {
  isHeard_ = false;
  until_ = now_ + kOpenMs;
  const std::string since = position_.empty() ? "" : "?since=" + escaped(position_);
  id_ = transport_.openStream({"/lifeverse/v1/stream" + since, kProtocol}, {[this](const std::string& text) { heard(text); }, [this] { broke(); }});
  if (id_ == 0) closed_ = true;
}

void BridgeStream::heard(const std::string& text) {
  const auto message = readStreamMessage(text);
  const auto* welcome = message ? std::get_if<StreamMessage::Welcome>(&message->content) : nullptr;
  // Another server, or another version of this one, answers so. The position stays where it was: held calls tell what this would have.
  if (!message || (!live_ && welcome == nullptr)) {
    transport_.closeStream(id_);
    return broke();
  }
  isHeard_ = true;
  if (!message->position.empty()) position_ = message->position;
  if (welcome != nullptr) {
    silenceMs_ = std::max(kLeastSilenceMs, welcome->aliveMs * 5 / 2);
    if (live_) return;
    live_ = true;
    liveAt_ = now_;
    return host_.streamOpened();
  }
  // The host may close this by what it hears.
  if (const auto* session = std::get_if<BridgeSession>(&message->content)) host_.streamed(*session);
  else if (const auto* notices = std::get_if<Notices>(&message->content)) host_.streamed(*notices);
  else if (const auto* acks = std::get_if<AllAcks>(&message->content)) host_.streamed(*acks);
}

void BridgeStream::broke() {
  const bool was = live_;
  id_ = 0;
  live_ = false;
  if (was && now_ - liveAt_ >= kSteadyMs) retries_ = 0;
  openAt_ = now_ + backoff_.delayOf(retries_++, luck_());
  if (was) host_.streamBroke();
}

}  // namespace lifeverse
