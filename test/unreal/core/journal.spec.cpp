#include "core/journal.h"

#include "core/backoff.h"
#include "core/frame-meter.h"
#include "spec.h"

using namespace lifeverse;

static Json entry(int n) { return Json::object().set("n", n); }

SPEC("journal: numbers entries on from what is durable, and sends them in order") {
  Journal journal(7);
  CHECK(journal.add(entry(1)) == Seq(8));
  CHECK(journal.add(entry(2)) == Seq(9));
  CHECK(*journal.takeBatch() == R"([{"seq":8,"data":{"n":1}},{"seq":9,"data":{"n":2}}])");
}

SPEC("journal: one batch is out at a time, and comes again after a failure") {
  Journal journal(0);
  journal.add(entry(1));
  const auto first = journal.takeBatch();
  journal.add(entry(2));
  CHECK(!journal.takeBatch());
  journal.failed();
  CHECK(journal.takeBatch()->rfind(first->substr(0, first->size() - 1), 0) == 0);
}

SPEC("journal: accepted entries are not sent again, durable ones are forgotten, late answers change nothing") {
  Journal journal(0);
  for (int n = 1; n <= 3; ++n) journal.add(entry(n));
  journal.takeBatch();
  journal.acknowledge({2, 1, false}, true);
  CHECK(journal.accepted() == 2 && journal.durable() == 1);
  CHECK(*journal.takeBatch() == R"([{"seq":3,"data":{"n":3}}])");
  journal.acknowledge({3, 3, false}, true);
  journal.acknowledge({1, 0, false}, false);
  CHECK(journal.allAccepted() && journal.allDurable() && journal.durable() == 3);
}

SPEC("journal: a bridge that lost its disk is given again all that is not durable") {
  Journal journal(0);
  for (int n = 1; n <= 3; ++n) journal.add(entry(n));
  journal.takeBatch();
  journal.acknowledge({3, 1, false}, true);
  CHECK(!journal.takeBatch());
  journal.rewind();
  CHECK(*journal.takeBatch() == R"([{"seq":2,"data":{"n":2}},{"seq":3,"data":{"n":3}}])");
}

SPEC("journal: an ack beyond what was added is not believed") {
  Journal journal(0);
  journal.add(entry(1));
  journal.acknowledge({99, 99, false}, false);
  CHECK(journal.durable() == 1 && journal.add(entry(2)) == Seq(2));
}

SPEC("journal: a batch is bounded, an entry too large is refused, and so is one too many") {
  Journal journal(0);
  CHECK(!journal.add(Json::object().set("text", std::string(Journal::kMostBytesPerEntry, 'x'))));
  const Json large = Json::object().set("text", std::string(60'000, 'x'));
  for (int i = 0; i < 30; ++i) journal.add(large);
  CHECK(journal.takeBatch()->size() <= Journal::kMostBytesPerBatch + 2);
  Journal full(0);
  for (std::size_t i = 0; i < Journal::kMostKept; ++i) full.add(Json::object());
  CHECK(!full.add(Json::object()));
  CHECK(Json::parse(*full.takeBatch())->size() == Journal::kMostPerBatch);
}

SPEC("backoff: doubles to its ceiling, by luck at least half, and never before the server asked") {
  const Backoff backoff;
  CHECK(backoff.delayOf(0, 0) == 50 && backoff.delayOf(0, 0.999) == 99);
  CHECK(backoff.delayOf(1, 0) == 100 && backoff.delayOf(50, 0.999) == 1999);
  CHECK(backoff.delayOf(0, 0, 5'000) == 5'000);
}

SPEC("frame meter: counts frames and finds the longest gap, also across reports") {
  FrameMeter meter;
  for (const Millis at : {1'000, 1'033, 1'700}) meter.frame(at);
  CHECK(meter.frames() == 3 && meter.longestMs() == 667);
  meter.restart();
  meter.frame(1'900);
  CHECK(meter.frames() == 1 && meter.longestMs() == 200);
}
