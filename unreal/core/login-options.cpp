#include "login-options.h"

#include <algorithm>

namespace lifeverse {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool isAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool sameKey(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// Calls `option(key, value, place of the value)` for each; a value is null where no `=` stands.
template <typename Each>
void eachOption(std::string_view text, Each option) {
  std::size_t at = text.find('?');
  while (at != std::string_view::npos) {
    // `#` begins the portal, which no option reaches into.
    const std::size_t end = std::min(text.find('?', at + 1), text.find('#', at + 1));
    const std::string_view part = text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    const std::size_t equals = part.find('=');
    const bool valued = equals != std::string_view::npos;
    option(part.substr(0, equals), valued ? part.substr(equals + 1) : std::string_view(), at + 1 + (valued ? equals + 1 : part.size()));
    at = end != std::string_view::npos && text[end] == '?' ? end : text.find('?', end == std::string_view::npos ? text.size() : end);
  }
}

bool isTicket(std::string_view text) {
  const auto fits = [](char c) { return isAlphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= kLongestTicket && std::all_of(text.begin(), text.end(), fits);
}

bool isAddress(std::string_view text) {
  const auto fits = [](char c) { return isAlphanumeric(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']'; };
  return !text.empty() && text.size() <= 300 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

std::optional<std::string_view> optionOf(std::string_view text, std::string_view key) {
  std::optional<std::string_view> found;
  eachOption(text, [&](std::string_view name, std::string_view value, std::size_t) {
    if (!found && sameKey(name, key)) found = value;
  });
  return found;
}

std::optional<std::string> ticketOf(std::string_view options) {
  const auto ticket = optionOf(options, kTicketOption);
  if (!ticket || !isTicket(*ticket)) return std::nullopt;
  return std::string(*ticket);
}

std::string redacted(std::string_view text) {
  std::string out;
  std::size_t kept = 0;
  eachOption(text, [&](std::string_view key, std::string_view value, std::size_t at) {
    if (value.empty() || (!sameKey(key, kTicketOption) && !sameKey(key, kTokenOption))) return;
    out.append(text.substr(kept, at - kept)).append("***");
    kept = at + value.size();
  });
  return out.append(text.substr(kept));
}

bool isPlayerId(std::string_view text) {
  const auto fits = [](char c) { return isAlphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-'; };
  return !text.empty() && text.size() <= 128 && isAlphanumeric(text.front()) && std::all_of(text.begin(), text.end(), fits);
}

std::optional<std::string> writeJoinUrl(const JoinUrl& url) {
  if (!isAddress(url.address) || !isTicket(url.ticket) || (url.encrypted && !isPlayerId(url.playerId))) return std::nullopt;
  std::string out = url.address;
  if (url.encrypted) out.append("?").append(kTokenOption).append("=").append(url.playerId);
  return out.append("?").append(kTicketOption).append("=").append(url.ticket);
}

}  // namespace lifeverse
