#include "core/login-options.h"
#include "core/packet-key.h"
#include "core/routing-token.h"
#include "fuzz/targets.h"

using namespace lifeverse;

// Login options and tokens as strangers send them.
void fuzz::options(std::string_view bytes) {
  const auto ticket = ticketOf(bytes);
  const std::string shown = redacted(bytes);
  must(redacted(shown) == shown, "striking out is done at once");
  must(!optionOf(shown, kTicketOption) || optionOf(shown, kTicketOption)->empty() || optionOf(shown, kTicketOption) == "***", "no ticket is shown");
  must(!optionOf(shown, kTokenOption) || optionOf(shown, kTokenOption)->empty() || optionOf(shown, kTokenOption) == "***", "no token is shown");
  decodePacketKey(bytes);
  decodeRoutingToken(bytes);
  const std::string token(optionOf(bytes, kTokenOption).value_or(bytes));
  const auto url = writeJoinUrl({std::string(optionOf(bytes, "address").value_or("10.0.0.1:7777")), token, ticket.value_or(std::string(bytes)), true});
  if (!url) return;
  must(optionOf(*url, kTokenOption) == token && isPlayerId(token), "the token reads back");
  must(ticketOf(*url) == ticket.value_or(std::string(bytes)), "the ticket reads back");
}
