#include "session.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lifeverse {

namespace {

constexpr int kWatchSeconds = 25;
constexpr Millis kWatchRetryMs = 500;
// How long entries that the bridge has not yet are offered to one that has ended the session.
constexpr Millis kLateMs = 3'000;

}  // namespace

const char* nameOf(Stage stage) {
  switch (stage) {
    case Stage::Greeting: return "greeting";
    case Stage::Warming: return "warming";
    case Stage::Waiting: return "waiting";
    case Stage::Restoring: return "restoring";
    case Stage::Loading: return "loading";
    case Stage::Accepting: return "accepting";
    case Stage::Playing: return "playing";
    case Stage::Ending: return "ending";
    case Stage::Ended: return "ended";
  }
  return "ended";
}

std::int64_t systemMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Session::Session(Transport& transport, std::function<double()> luck, SessionHost& host, SessionOptions options)
    : host_(host),
      options_(std::move(options)),
      client_(transport, luck),
      saves_(client_, host, options_.snapshots),
      watch_(client_, *this, options_.wallClock),
      stream_(transport, luck, *this),
      meter_(options_.tickMs) {}

void Session::tick(Millis now) {
  now_ = now;
  meter_.frame(now);
  if (stage_ == Stage::Ended) return;
  client_.tick(now);
  if (!started_) {
    started_ = true;
    greet();
  }
  if (stage_ == Stage::Warming && warm_ && !warmSent_) warm();
  if (stage_ != Stage::Greeting && stage_ != Stage::Ended) reportFrames();
  if (stage_ >= Stage::Waiting && stage_ <= Stage::Ending) stream_.tick(now);
  if (follows() && !stream_.live()) watch();
  if (follows() && !stream_.live()) watch_.tick(now);
  if (stage_ == Stage::Playing) mendRoster();
  if (stage_ == Stage::Playing || stage_ == Stage::Ending) {
    saves_.tick(now);
    sendLeaves();
  }
  if (stage_ == Stage::Playing) endWhenFenced();
  if (follows()) stopWhenDrained();
  if (stage_ == Stage::Ending) finishWhenFlushed();
}

void Session::greet() {
  enter(Stage::Greeting);
  // What it tells of the session is heard from Waiting on.
  stream_.drop();
  saves_.streamed(false);
  client_.hello(options_.build, options_.plugin, [this](const Result<Welcome>& result) {
    if (stage_ != Stage::Greeting) return;
    if (!result) return finish("the bridge refused hello: " + result.failure.code, false);
    if (result.value->heartbeatSeconds >= 0.1 && result.value->heartbeatSeconds < 1) {
      reportEveryMs_ = static_cast<Millis>(result.value->heartbeatSeconds * 1'000);
    }
    warmSent_ = false;
    enter(Stage::Warming);
  }, options_.pid);
}

void Session::warm() {
  warmSent_ = true;
  client_.warm([this](const Result<Nothing>& result) {
    if (stage_ != Stage::Warming) return;
    if (!result) return finish("the bridge refused warm: " + result.failure.code, false);
    enter(Stage::Waiting);
  });
}

// One held request at a time while there is no stream, from warm to the end: it brings the session, and later the news that it is over.
void Session::watch() {
  if (watching_ || now_ < watchAgainAt_) return;
  watching_ = client_.session(kWatchSeconds, phase_, [this](const Result<BridgeSession>& result) {
    watching_.reset();
    watchAgainAt_ = now_ + (result && result.value->phase != phase_ ? 0 : kWatchRetryMs);
    watched(result);
  });
}

void Session::watched(const Result<BridgeSession>& result) {
  if (!follows()) return;
  if (!result) {
    // A bridge that was started anew knows nothing of us yet.
    if (stage_ == Stage::Waiting) greet();
    return;
  }
  const BridgeSession& state = *result.value;
  if (state.phase == SessionPhase::Ended) return endedByBridge(state.reason.empty() ? "the bridge ended the session" : state.reason);
  if (stage_ == Stage::Waiting) {
    if (state.phase == SessionPhase::Idle) return;
    if (!state.session) return end("the bridge claimed a session without telling which");
    phase_ = state.phase;
    return claimed(*state.session);
  }
  if (state.phase == SessionPhase::Idle) return end("the bridge lost the session");
  phase_ = state.phase;
}

// What held calls still bring could be older than what the stream tells, and is forgotten.
void Session::streamOpened() {
  if (watching_) client_.cancel(*watching_);
  watching_.reset();
  watchAgainAt_ = 0;
  watch_.hush();
  saves_.streamed(true);
}

void Session::streamBroke() {
  saves_.streamed(false);
  // A bridge that was started anew knows nothing of us yet.
  if (stage_ == Stage::Waiting) greet();
}

void Session::streamed(const Notices& notices) {
  if (follows()) watch_.heard(notices);
}

void Session::claimed(const SessionInfo& info) {
  info_ = info;
  if (!info.world.empty()) return restore();
  enter(Stage::Loading);
  host_.load(*info_, nullptr);
}

void Session::restore() {
  enter(Stage::Restoring);
  client_.world([this](const Result<Restore>& result) {
    if (stage_ != Stage::Restoring) return;
    if (!result) return end("the world could not be had: " + result.failure.code);
    if (!result.value->complete()) return end("the world came with a gap");
    saves_.openWorld(result.value->durableSeq);
    enter(Stage::Loading);
    host_.load(*info_, &*result.value);
  });
}

void Session::loaded(int port) {
  if (stage_ != Stage::Loading) return;
  port_ = port;
  accept();
}

void Session::accept() {
  enter(Stage::Accepting);
  client_.accept(port_, options_.build, [this](const Result<BridgeSession>& result) {
    if (stage_ != Stage::Accepting) return;
    if (!result) return end("accept was refused: " + result.failure.code);
    if (result.value->phase != SessionPhase::Joinable) return end("the session ended before it was joinable");
    phase_ = SessionPhase::Joinable;
    rosterAt_ = now_ + options_.rosterEveryMs;
    enter(Stage::Playing);
    host_.playing();
  });
}

void Session::reportFrames() {
  if (now_ < reportAt_) return;
  reportAt_ = now_ + reportEveryMs_;
  FrameReport report = meter_.report();
  report.travelling = travelling_;
  client_.frame(report, [](const Result<Nothing>&) {});
  meter_.restart();
}

void Session::travels(bool travelling) {
  if (travelling == travelling_) return;
  travelling_ = travelling;
  reportAt_ = now_;
  if (stage_ != Stage::Greeting && stage_ != Stage::Ended) reportFrames();
}

void Session::end(const std::string& reason) { flushAndLeave(reason, true); }

void Session::stop(const std::string& reason) {
  // Who is told to stop while the bridge is ending the session need not wait for its answer.
  if (stage_ == Stage::Ending && endSent_) return finish(endReason_, true);
  flushAndLeave(reason, false);
}

void Session::draining(const std::string& reason, std::optional<Millis> leftMs) {
  // What is said of the end leaves time for the flush.
  const Millis left = std::max<Millis>(0, leftMs ? *leftMs - options_.flushMs : options_.drainMs);
  stopReason_ = reason.empty() ? "the game server is taken away" : reason;
  stopAt_ = now_ + left;
  host_.draining(stopReason_, left);
}

void Session::endsIn(const std::string&, Millis leftMs) { lastSnapshotAt_ = now_ + std::max<Millis>(0, leftMs - options_.flushMs); }

void Session::stopWhenDrained() {
  if (lastSnapshotAt_ && now_ >= *lastSnapshotAt_) {
    lastSnapshotAt_.reset();
    saves_.snapshotNow();
  }
  if (stopAt_ && now_ >= *stopAt_) stop(stopReason_);
}

// The bridge tells the allocator that this attempt has failed, not that the session is over; so it goes first.
void Session::endWhenFenced() {
  if (saves_.world() == nullptr || !saves_.world()->readOnly()) return;
  if (readOnlyUntil_ == 0) readOnlyUntil_ = now_ + options_.readOnlyMs;
  if (now_ >= readOnlyUntil_) end("the world's lease is lost");
}

void Session::flushAndLeave(const std::string& reason, bool tellEnd) {
  if (stage_ == Stage::Ending || stage_ == Stage::Ended) return;
  enter(Stage::Ending);
  endReason_ = reason;
  close_ = tellEnd ? Close::TellEnd : Close::Go;
  flushUntil_ = now_ + options_.flushMs;
  saves_.snapshotNow();
}

void Session::endedByBridge(const std::string& reason) {
  if (saves_.allAccepted()) return finish(reason, true);
  enter(Stage::Ending);
  endReason_ = reason;
  close_ = Close::EndedByBridge;
  flushUntil_ = now_ + kLateMs;
}

void Session::finishWhenFlushed() {
  if (endSent_) return;
  const bool flushed = close_ == Close::EndedByBridge ? saves_.allAccepted() : saves_.settled();
  if (!flushed && now_ < flushUntil_) return;
  if (close_ != Close::TellEnd) return finish(endReason_, true);
  endSent_ = true;
  client_.end(endReason_, [this](const Result<BridgeSession>& result) { finish(endReason_, static_cast<bool>(result)); });
}

void Session::finish(const std::string& reason, bool clean) {
  if (stage_ == Stage::Ended) return;
  enter(Stage::Ended);
  stream_.close();
  client_.abandon();
  host_.ended(reason, clean);
}

}  // namespace lifeverse
