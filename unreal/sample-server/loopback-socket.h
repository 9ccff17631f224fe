#pragma once

#include <cstdint>

namespace sample {

// A TCP socket on its way to a port of 127.0.0.1, which does not block; -1 where there is none to be had.
int connectToLoopback(std::uint16_t port);

}  // namespace sample
