#include "packet-key.h"

#include "base64url.h"

namespace lifeverse {

std::optional<PacketKey> decodePacketKey(std::string_view base64url) {
  PacketKey key{};
  if (!decodeBase64Url(base64url, key.data(), key.size())) return std::nullopt;
  return key;
}

}  // namespace lifeverse
