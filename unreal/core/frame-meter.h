// Counts frames and the longest gap between two, for the bridge's judgement of health (pure).
#pragma once

#include <algorithm>

#include "transport.h"

namespace lifeverse {

class FrameMeter {
 public:
  void frame(Millis now) {
    if (last_ >= 0) longest_ = std::max(longest_, now - last_);
    last_ = now;
    frames_ += 1;
  }

  std::int64_t frames() const { return frames_; }
  double longestMs() const { return static_cast<double>(longest_); }

  // Begins the next report.
  void restart() {
    frames_ = 0;
    longest_ = 0;
  }

 private:
  Millis last_ = -1;
  Millis longest_ = 0;
  std::int64_t frames_ = 0;
};

}  // namespace lifeverse
