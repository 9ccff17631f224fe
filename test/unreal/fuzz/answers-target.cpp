#include "core/bridge-types.h"
#include "core/journal.h"
#include "core/packet-key.h"
#include "core/stream-message.h"
#include "fuzz/targets.h"

using namespace lifeverse;

// Every reader of a bridge's answer, on any JSON; and the journal on any acks.
void fuzz::answers(std::string_view bytes) {
  const auto body = Json::parse(bytes);
  if (!body) return;
  readWelcome(*body);
  readSeat(*body);
  readRoster(*body);
  readBridgeSession(*body);
  readNotices(*body);
  if (const auto message = readStreamMessage(std::string(bytes))) {
    const bool isNews = message->content.index() >= 2;
    must(!isNews || !message->position.empty(), "news have a position");
  }
  if (const auto key = readPacketKey(*body)) decodePacketKey(*key);
  if (const auto verdict = readVerdict(*body)) must(!verdict->admitted || !verdict->seat.playerId.empty() || body->at("seat").at("playerId").asString().empty(), "who is let in has a name");
  for (const char* subject : {"world", "playerId"}) {
    const auto restore = readRestore(*body, subject);
    if (restore && restore->complete()) must(restore->entries.empty() || restore->entries.back().seq == restore->durableSeq, "complete means to the end");
  }
  const auto all = readAllAcks(*body);
  const auto one = readAcks(*body);
  const auto hold = [](const Acks& acks) {
    Journal journal(3);
    for (int i = 0; i < 4; ++i) journal.add(Json::object());
    journal.takeBatch();
    journal.acknowledge(acks, true);
    must(journal.durable() <= journal.accepted() && journal.accepted() <= journal.last() && journal.durable() >= 3, "acks stay in order whatever is said");
    journal.rewind();
    must(journal.allAccepted() || journal.takeBatch().has_value(), "what is not durable can be sent again");
  };
  if (one) hold(*one);
  if (all && all->world) hold(*all->world);
}
