// Encryption of game datagrams; PROTOCOL.md has the layout. OpenSSL's libcrypto does the work.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/packet-key.h"
#include "replay-window.h"

namespace sample {

constexpr std::size_t kRandomBytes = 16;
using Random = std::array<unsigned char, kRandomBytes>;
using Key = lifeverse::PacketKey;

// Fresh from the system; nothing where it has none.
std::optional<Random> freshRandom();

// One connection's two keys, the server's end. Each direction has its own key and counter, so no nonce is used twice.
class PacketCipher {
 public:
  PacketCipher(const Key& packetKey, const Random& client, const Random& server);

  // The whole datagram; empty where libcrypto fails.
  std::string seal(std::string_view text);
  // The text of a datagram; nothing where it is forged, damaged, or was received before.
  std::optional<std::string> open(std::string_view datagram);

 private:
  Key sendKey_;
  Key receiveKey_;
  std::uint64_t sent_ = 0;
  ReplayWindow received_;
};

}  // namespace sample
