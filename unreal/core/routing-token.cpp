#include "routing-token.h"

#include "base64url.h"

namespace lifeverse {

std::optional<RoutingToken> decodeRoutingToken(std::string_view base64url) {
  RoutingToken token{};
  if (!decodeBase64Url(base64url, token.data(), token.size())) return std::nullopt;
  return token;
}

}  // namespace lifeverse
