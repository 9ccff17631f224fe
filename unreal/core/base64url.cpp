#include "base64url.h"

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

bool decodeBase64Url(std::string_view text, unsigned char* bytes, std::size_t size) {
  const std::size_t letters = (size * 8 + 5) / 6;
  const std::size_t padded = (letters + 3) / 4 * 4;
  if (text.size() == padded)
    while (text.size() > letters && text.back() == '=') text.remove_suffix(1);
  if (text.size() != letters) return false;
  std::size_t filled = 0;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::uint32_t six = bitsOf(c);
    if (six > 63) return false;
    held = (held << 6) | six;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[filled++] = static_cast<unsigned char>(held >> bits);
    held &= (1U << bits) - 1;
  }
  // The last bits belong to no byte.
  return held == 0;
}

}  // namespace lifeverse
