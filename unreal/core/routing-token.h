// By what an edge before the game servers finds the server of a session (docs/udp-proxies.md): 16 bytes, base64url in the backend's answers
// (pure). A client that goes through an edge ends every datagram with these bytes and one zero byte; what comes back has neither.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace lifeverse {

using RoutingToken = std::array<unsigned char, 16>;

// Nothing where the text is no base64url (RFC 4648, padding optional) or has another length.
std::optional<RoutingToken> decodeRoutingToken(std::string_view base64url);

}  // namespace lifeverse
