#include "core/journal.h"

#include <gtest/gtest.h>

#include "core/backoff.h"

using namespace lifeverse;

static Json entry(int n) { return Json::object().set("n", n); }

TEST(Journal, NumbersEntriesOnFromWhatIsDurableAndSendsThemInOrder) {
  Journal journal(7);
  ASSERT_TRUE(journal.add(entry(1)) == Seq(8));
  ASSERT_TRUE(journal.add(entry(2)) == Seq(9));
  ASSERT_TRUE(*journal.takeBatch() == R"([{"seq":8,"data":{"n":1}},{"seq":9,"data":{"n":2}}])");
}

TEST(Journal, OneBatchIsOutAtATimeAndComesAgainAfterAFailure) {
  Journal journal(0);
  journal.add(entry(1));
  const auto first = journal.takeBatch();
  journal.add(entry(2));
  ASSERT_TRUE(!journal.takeBatch());
  journal.failed();
  ASSERT_TRUE(journal.takeBatch()->rfind(first->substr(0, first->size() - 1), 0) == 0);
}

TEST(Journal, AcceptedEntriesAreNotSentAgainDurableOnesAreForgottenLateAnswersChangeNothing) {
  Journal journal(0);
  for (int n = 1; n <= 3; ++n) journal.add(entry(n));
  journal.takeBatch();
  journal.acknowledge({2, 1, false}, true);
  ASSERT_TRUE(journal.accepted() == 2 && journal.durable() == 1);
  ASSERT_TRUE(*journal.takeBatch() == R"([{"seq":3,"data":{"n":3}}])");
  journal.acknowledge({3, 3, false}, true);
  journal.acknowledge({1, 0, false}, false);
  ASSERT_TRUE(journal.allAccepted() && journal.allDurable() && journal.durable() == 3);
}

TEST(Journal, ABridgeThatLostItsDiskIsGivenAgainAllThatIsNotDurable) {
  Journal journal(0);
  for (int n = 1; n <= 3; ++n) journal.add(entry(n));
  journal.takeBatch();
  journal.acknowledge({3, 1, false}, true);
  ASSERT_TRUE(!journal.takeBatch());
  journal.rewind();
  ASSERT_TRUE(*journal.takeBatch() == R"([{"seq":2,"data":{"n":2}},{"seq":3,"data":{"n":3}}])");
}

TEST(Journal, AnAckBeyondWhatWasAddedIsNotBelieved) {
  Journal journal(0);
  journal.add(entry(1));
  journal.acknowledge({99, 99, false}, false);
  ASSERT_TRUE(journal.durable() == 1 && journal.add(entry(2)) == Seq(2));
}

TEST(Journal, ABatchIsBoundedAnEntryTooLargeIsRefusedAndSoIsOneTooMany) {
  Journal journal(0);
  ASSERT_TRUE(!journal.add(Json::object().set("text", std::string(Journal::kMostBytesPerEntry, 'x'))));
  ASSERT_TRUE(!journal.add(Json::object().set("id", std::int64_t{76561198000000001})));
  ASSERT_TRUE(!journal.add(Json::object(), {{"ann", 1, Json::object().set("__proto__", 1), false}}));
  const Json large = Json::object().set("text", std::string(60'000, 'x'));
  for (int i = 0; i < 30; ++i) journal.add(large);
  ASSERT_TRUE(journal.takeBatch()->size() <= Journal::kMostBytesPerBatch + 2);
  Journal full(0);
  for (std::size_t i = 0; i < Journal::kMostKept; ++i) full.add(Json::object());
  ASSERT_TRUE(!full.add(Json::object()));
  ASSERT_TRUE(Json::parse(*full.takeBatch())->size() == Journal::kMostPerBatch);
}

TEST(Backoff, DoublesToItsCeilingByLuckAtLeastHalfAndNeverBeforeTheServerAsked) {
  const Backoff backoff;
  ASSERT_TRUE(backoff.delayOf(0, 0) == 50 && backoff.delayOf(0, 0.999) == 99);
  ASSERT_TRUE(backoff.delayOf(1, 0) == 100 && backoff.delayOf(50, 0.999) == 1999);
  ASSERT_TRUE(backoff.delayOf(0, 0, 5'000) == 5'000);
}

TEST(Journal, AnEntryThatBringsSharesWaitsForWhatIsBeforeThemAndTellsWhenTheyAreAccepted) {
  Journal world(0);
  Journal bag(3);
  world.add(entry(1));
  bag.add(entry(1));
  world.add(entry(2), {{"ada", bag.last() + 1, entry(9), false}});
  ASSERT_EQ(bag.addCarried(), Seq(5));
  bag.add(entry(3));
  const auto ready = [&bag](const std::string&, Seq seq) { return bag.accepted() >= seq - 1; };
  ASSERT_EQ(*world.takeBatch(ready), R"([{"seq":1,"data":{"n":1}}])");
  ASSERT_TRUE(world.acknowledge({1, 0, false}, true).empty());
  ASSERT_TRUE(!world.takeBatch(ready));
  // The inventory's own entries stop before the share.
  ASSERT_EQ(*bag.takeBatch(), R"([{"seq":4,"data":{"n":1}}])");
  bag.acknowledge({4, 3, false}, true);
  ASSERT_TRUE(!bag.takeBatch());
  ASSERT_EQ(*world.takeBatch(ready), R"([{"seq":2,"data":{"n":2},"inventories":[{"playerId":"ada","seq":5,"data":{"n":9}}]}])");
  const auto brought = world.acknowledge({2, 0, false}, true);
  ASSERT_TRUE(brought.size() == 1 && brought[0].player == "ada" && brought[0].seq == 5);
  bag.carried(brought[0].seq);
  ASSERT_EQ(*bag.takeBatch(), R"([{"seq":6,"data":{"n":3}}])");
}
