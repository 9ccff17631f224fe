// How long to wait before a request is sent again (pure).
#pragma once

#include <algorithm>

#include "transport.h"

namespace lifeverse {

struct Backoff {
  Millis firstMs = 100;
  Millis mostMs = 2'000;

  // Exponential with equal jitter: between half and the whole of min(first * 2^retry, most).
  // `retry` counts from 0; `luck` is in [0, 1). What the server asked for (Retry-After) wins where it is longer.
  Millis delayOf(int retry, double luck, Millis asked = 0) const {
    Millis ceiling = firstMs;
    for (int i = 0; i < retry && ceiling < mostMs; ++i) ceiling *= 2;
    ceiling = std::min(ceiling, mostMs);
    const Millis half = ceiling / 2;
    return std::max(asked, half + static_cast<Millis>(static_cast<double>(ceiling - half) * luck));
  }
};

}  // namespace lifeverse
