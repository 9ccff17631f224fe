#include "session.h"

#include <utility>

namespace lifeverse {

namespace {

constexpr int kWatchSeconds = 25;
constexpr Millis kWatchRetryMs = 500;

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

Session::Session(Transport& transport, std::function<double()> luck, SessionHost& host, SessionOptions options)
    : host_(host), options_(std::move(options)), client_(transport, std::move(luck)) {}

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
  if (stage_ >= Stage::Waiting && stage_ <= Stage::Playing) watch();
  if (stage_ == Stage::Playing) mendRoster();
  if (world_ && (stage_ == Stage::Playing || stage_ == Stage::Ending)) {
    world_->tick(now);
    if (world_->readOnly() && stage_ == Stage::Playing) endWhenFenced();
  }
  if (stage_ == Stage::Ending) finishWhenFlushed();
}

void Session::enter(Stage stage) { stage_ = stage; }

void Session::greet() {
  enter(Stage::Greeting);
  client_.hello(options_.build, options_.plugin, [this](const Result<Welcome>& result) {
    if (stage_ != Stage::Greeting) return;
    if (!result) return finish("the bridge refused hello: " + result.failure.code, false);
    if (result.value->heartbeatSeconds >= 0.1 && result.value->heartbeatSeconds < 1) {
      reportEveryMs_ = static_cast<Millis>(result.value->heartbeatSeconds * 1'000);
    }
    warmSent_ = false;
    enter(Stage::Warming);
  });
}

void Session::warm() {
  warmSent_ = true;
  client_.warm([this](const Result<Nothing>& result) {
    if (stage_ != Stage::Warming) return;
    if (!result) return finish("the bridge refused warm: " + result.failure.code, false);
    enter(Stage::Waiting);
  });
}

// One held request at a time, from warm to the end: it brings the session, and later the news that it is over.
void Session::watch() {
  if (watching_ || now_ < watchAgainAt_) return;
  watching_ = true;
  client_.session(kWatchSeconds, phase_, [this](const Result<BridgeSession>& result) {
    watching_ = false;
    watchAgainAt_ = now_ + (result && result.value->phase != phase_ ? 0 : kWatchRetryMs);
    watched(result);
  });
}

void Session::watched(const Result<BridgeSession>& result) {
  if (stage_ < Stage::Waiting || stage_ > Stage::Playing) return;
  if (!result) {
    // A bridge that was started anew knows nothing of us yet.
    if (stage_ == Stage::Waiting) greet();
    return;
  }
  const BridgeSession& state = *result.value;
  if (state.phase == SessionPhase::Ended) return finish(state.reason.empty() ? "the bridge ended the session" : state.reason, true);
  if (stage_ == Stage::Waiting) {
    if (state.phase == SessionPhase::Idle) return;
    if (!state.session) return end("the bridge claimed a session without telling which");
    phase_ = state.phase;
    return claimed(*state.session);
  }
  if (state.phase == SessionPhase::Idle) return end("the bridge lost the session");
  phase_ = state.phase;
}

void Session::claimed(const SessionInfo& info) {
  info_ = info;
  if (!info.world.empty()) return restore();
  enter(Stage::Loading);
  host_.load(*info_, nullptr);
}

void Session::restore() {
  enter(Stage::Restoring);
  client_.world([this](const Result<WorldRestore>& result) {
    if (stage_ != Stage::Restoring) return;
    if (!result) return end("the world could not be had: " + result.failure.code);
    if (!result.value->complete()) return end("the world came with a gap");
    world_.emplace(client_, host_, result.value->durableSeq, options_.snapshots, now_);
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

void Session::admit(const std::string& ticket, Then<Verdict> then) {
  if (stage_ != Stage::Playing) {
    Verdict verdict;
    verdict.refusal = "not-joinable";
    verdict.detail = "the session is not joinable";
    return then({verdict, {}});
  }
  ++seatCalls_;
  client_.admit(ticket, [this, then = std::move(then)](const Result<Verdict>& result) {
    --seatCalls_;
    if (result && result.value->admitted) {
      present_.insert(result.value->seat.playerId);
      ++seatCalls_;
      client_.present(result.value->seat.playerId, [this](const Result<Seat>&) { --seatCalls_; });
    }
    then(result);
  });
}

void Session::leave(const std::string& player, bool forGood, std::function<void()> then) {
  if (present_.erase(player) == 0) {
    if (then) then();
    return;
  }
  ++seatCalls_;
  client_.leave(player, forGood, [this, then = std::move(then)](const Result<Seat>& result) {
    --seatCalls_;
    // The bridge did not hear it: the roster will say so soon.
    if (!result) rosterAt_ = now_;
    if (then) then();
  });
}

// Waits while seats are being changed, so that no list from before such a change undoes it.
void Session::mendRoster() {
  if (now_ < rosterAt_ || seatCalls_ > 0) return;
  rosterAt_ = now_ + options_.rosterEveryMs;
  ++seatCalls_;
  client_.putRoster({present_.begin(), present_.end()}, [this](const Result<std::vector<Seat>>&) { --seatCalls_; });
}

void Session::reportFrames() {
  if (now_ < reportAt_) return;
  reportAt_ = now_ + reportEveryMs_;
  client_.frame(meter_.frames(), meter_.longestMs(), [](const Result<Nothing>&) {});
  meter_.restart();
}

void Session::end(const std::string& reason) { flushAndLeave(reason, true); }

void Session::stop(const std::string& reason) {
  // Who is told to stop while the bridge is ending the session need not wait for its answer.
  if (stage_ == Stage::Ending && endSent_) return finish(endReason_, true);
  flushAndLeave(reason, false);
}

// The bridge tells the allocator that this attempt has failed, not that the session is over; so it goes first.
void Session::endWhenFenced() {
  if (readOnlyUntil_ == 0) readOnlyUntil_ = now_ + options_.readOnlyMs;
  if (now_ >= readOnlyUntil_) end("the world's lease is lost");
}

void Session::flushAndLeave(const std::string& reason, bool tellEnd) {
  if (stage_ == Stage::Ending || stage_ == Stage::Ended) return;
  enter(Stage::Ending);
  endReason_ = reason;
  tellEnd_ = tellEnd;
  flushUntil_ = now_ + options_.flushMs;
  if (world_) world_->snapshotNow();
}

void Session::finishWhenFlushed() {
  if (endSent_) return;
  const bool flushed = !world_ || world_->readOnly() || world_->settled();
  if (!flushed && now_ < flushUntil_) return;
  if (!tellEnd_) return finish(endReason_, true);
  endSent_ = true;
  client_.end(endReason_, [this](const Result<BridgeSession>& result) { finish(endReason_, static_cast<bool>(result)); });
}

void Session::finish(const std::string& reason, bool clean) {
  if (stage_ == Stage::Ended) return;
  enter(Stage::Ended);
  client_.abandon();
  host_.ended(reason, clean);
}

}  // namespace lifeverse
