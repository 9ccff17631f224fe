// Secrets of a fixed length, as base64url in the backend's answers (pure).
#pragma once

#include <cstddef>
#include <string_view>

namespace lifeverse {

// Writes `size` bytes, or answers false where the text is no base64url (RFC 4648, padding optional) of exactly so many: one value has one
// text, but for its padding.
bool decodeBase64Url(std::string_view text, unsigned char* bytes, std::size_t size);

}  // namespace lifeverse
