// The first byte of every datagram, and the clear ones; PROTOCOL.md has the layout.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "packet-cipher.h"

namespace sample {

enum class PacketKind : unsigned char { Hello = 1, Welcome = 2, Sealed = 3, No = 4 };

struct Hello {
  Random random{};
  std::string player;
};

inline std::optional<Hello> readHello(std::string_view datagram) {
  constexpr std::size_t kLongestPlayer = 128;
  if (datagram.size() <= 1 + kRandomBytes || datagram.size() > 1 + kRandomBytes + kLongestPlayer) return std::nullopt;
  Hello hello;
  std::copy_n(datagram.begin() + 1, kRandomBytes, hello.random.begin());
  hello.player = std::string(datagram.substr(1 + kRandomBytes));
  return hello;
}

inline std::string writeWelcome(const Random& client, const Random& server) {
  std::string out(1, static_cast<char>(PacketKind::Welcome));
  out.append(client.begin(), client.end());
  out.append(server.begin(), server.end());
  return out;
}

inline std::string writeNo(const Random& client, std::string_view reason) {
  std::string out(1, static_cast<char>(PacketKind::No));
  out.append(client.begin(), client.end());
  out.append(reason);
  return out;
}

}  // namespace sample
