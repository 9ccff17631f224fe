// One message of the bridge's stream: `contracts/bridge-api/stream.ts` in C++.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "bridge-types.h"
#include "transport.h"

namespace lifeverse {

struct StreamMessage {
  // The first one.
  struct Welcome {
    // Something is said at least this often.
    Millis aliveMs = 0;
  };
  // A sign of life, or of a type that this core does not know.
  struct Other {};

  // To come again with; empty where the message has none.
  std::string position;
  std::variant<Other, Welcome, BridgeSession, Notices, AllAcks> content;
};

// Nothing where the text is no message of a bridge.
std::optional<StreamMessage> readStreamMessage(const std::string& text);

}  // namespace lifeverse
