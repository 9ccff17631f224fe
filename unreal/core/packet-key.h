// A player's packet key: 32 bytes (AES-256), base64url in the allocator's and the bridge's answers (pure).
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace lifeverse {

using PacketKey = std::array<unsigned char, 32>;

// Nothing where the text is no base64url (RFC 4648, padding optional) or has another length.
std::optional<PacketKey> decodePacketKey(std::string_view base64url);

}  // namespace lifeverse
