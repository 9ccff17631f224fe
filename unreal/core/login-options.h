// The options of a join URL, as a player's client sends them and PreLogin gets them: `?Name=Ada?LifeVerseTicket=eyJ…` (pure).
// Like Unreal's own parser: options are parted by `?`, keys are compared without case, the first of several counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lifeverse {

// Where the join ticket rides. The EncryptionToken is Unreal's own option: it goes out in the clear before encryption begins, so it
// names only the player; the ticket follows encrypted, with the login.
constexpr std::string_view kTicketOption = "LifeVerseTicket";
constexpr std::string_view kTokenOption = "EncryptionToken";

// The contract's bound of a ticket.
constexpr std::size_t kLongestTicket = 8'192;

// Nothing where the option is not there; empty where it has no value. `text` may begin with a map or an address.
std::optional<std::string_view> optionOf(std::string_view text, std::string_view key);

// The join ticket; nothing where there is none, or where it cannot be one (another alphabet than a JWT's, too long): then the bridge
// need not be asked.
std::optional<std::string> ticketOf(std::string_view options);

// The same text with the values of ticket and token struck out, fit for a log.
std::string redacted(std::string_view text);

// Whether this can be a player's id: 1 to 128 letters, digits and . _ : - beginning with a letter or digit. What a stranger sends as
// EncryptionToken is held to it before the bridge is asked.
bool isPlayerId(std::string_view text);

struct JoinUrl {
  // `host:port`.
  std::string address;
  std::string playerId;
  std::string ticket;
  // Without a packet key the connection is not encrypted, and no token is sent.
  bool encrypted = true;
};

// For the client's travel; nothing where a part cannot stand in a URL.
std::optional<std::string> writeJoinUrl(const JoinUrl& url);

}  // namespace lifeverse
