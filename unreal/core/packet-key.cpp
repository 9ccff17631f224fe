#include "packet-key.h"

#include <cstdint>

namespace lifeverse {

namespace {

// The six bits of a letter, or 64.
std::uint32_t bitsOf(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  return c == '-' ? 62 : c == '_' ? 63 : 64;
}

}  // namespace

std::optional<PacketKey> decodePacketKey(std::string_view base64url) {
  // 43 letters hold 32 bytes; one `=` may fill the last group.
  if (base64url.size() == 44 && base64url.back() == '=') base64url.remove_suffix(1);
  if (base64url.size() != 43) return std::nullopt;
  PacketKey key{};
  std::size_t filled = 0;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : base64url) {
    const std::uint32_t six = bitsOf(c);
    if (six > 63) return std::nullopt;
    held = (held << 6) | six;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    key[filled++] = static_cast<unsigned char>(held >> bits);
    held &= (1U << bits) - 1;
  }
  // The last two bits belong to no byte: one key has one text.
  if (held != 0) return std::nullopt;
  return key;
}

}  // namespace lifeverse
