// How the game thread does, for the bridge's judgement of health and its metrics (pure): frames, the longest, mean and
// 99th percentile of their times, and hitches, each since the last report.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "transport.h"

namespace lifeverse {

// The fields of the contract's `frame`.
struct FrameReport {
  std::int64_t frames = 0;
  double longestMs = 0;
  double meanMs = 0;
  // Upper edge of the step in which the 99th percentile lies, never above the longest.
  double p99Ms = 0;
  // Frames that took more than three times the tick.
  std::int64_t hitches = 0;
  // A map is being loaded: the game thread may say nothing for as long as that takes.
  bool travelling = false;
};

class FrameMeter {
 public:
  explicit FrameMeter(double tickMs = 1'000.0 / 30) : tickMs_(tickMs > 0 ? tickMs : 1'000.0 / 30) {}

  // A frame begins at `now`; the time since the one before is what that one took.
  void frame(Millis now) {
    if (last_ >= 0 && now >= last_) took(static_cast<double>(now - last_));
    last_ = now;
  }

  FrameReport report() const {
    FrameReport out;
    out.frames = frames_;
    out.longestMs = longest_;
    out.hitches = hitches_;
    if (frames_ == 0) return out;
    out.meanMs = total_ / static_cast<double>(frames_);
    // The smallest step below which 99 of 100 lie.
    const auto wanted = static_cast<std::int64_t>(std::ceil(static_cast<double>(frames_) * 0.99));
    std::int64_t below = 0;
    std::size_t step = 0;
    while (step < kSteps - 1 && below + counts_[step] < wanted) below += counts_[step++];
    out.p99Ms = step == kSteps - 1 ? longest_ : std::min(longest_, upperEdge(step));
    return out;
  }

  // Begins the next report.
  void restart() {
    const Millis last = last_;
    *this = FrameMeter(tickMs_);
    last_ = last;
  }

 private:
  // Steps grow by a tenth from 1 ms, which reaches 10 s in 98: a percentile is at most a tenth too high.
  static constexpr std::size_t kSteps = 98;
  static constexpr double kGrowth = 1.1;

  static double upperEdge(std::size_t step) { return std::pow(kGrowth, static_cast<double>(step)); }

  static std::size_t stepOf(double ms) {
    if (ms <= 1) return 0;
    const double step = std::ceil(std::log(ms) / std::log(kGrowth) - 1e-9);
    return std::min(kSteps - 1, static_cast<std::size_t>(step));
  }

  void took(double ms) {
    frames_ += 1;
    total_ += ms;
    longest_ = std::max(longest_, ms);
    if (ms > tickMs_ * 3) ++hitches_;
    ++counts_[stepOf(ms)];
  }

  double tickMs_;
  Millis last_ = -1;
  std::int64_t frames_ = 0;
  double total_ = 0;
  double longest_ = 0;
  std::int64_t hitches_ = 0;
  std::array<std::int64_t, kSteps> counts_{};
};

}  // namespace lifeverse
