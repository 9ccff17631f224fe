// Which packet counters were seen (pure), as in RFC 4303: what is older than the window counts as seen.
#pragma once

#include <bitset>
#include <cstdint>

namespace sample {

class ReplayWindow {
 public:
  static constexpr std::uint64_t kSize = 1024;

  bool fresh(std::uint64_t counter) const {
    if (counter == 0) return false;
    if (counter > newest_) return true;
    return newest_ - counter < kSize && !seen_[counter % kSize];
  }

  // Only for a packet that proved to be genuine.
  void mark(std::uint64_t counter) {
    if (counter > newest_) {
      const std::uint64_t skipped = counter - newest_;
      if (skipped >= kSize) seen_.reset();
      else for (std::uint64_t i = 1; i < skipped; ++i) seen_.reset((newest_ + i) % kSize);
      newest_ = counter;
    }
    seen_.set(counter % kSize);
  }

 private:
  std::uint64_t newest_ = 0;
  std::bitset<kSize> seen_;
};

}  // namespace sample
