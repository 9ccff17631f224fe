#include "session-rig.h"

#include <gtest/gtest.h>

using namespace lifeverse;
using namespace session_rig;

TEST(Session, WarmIsToldAfterHelloAndOnlyWhenTheGameIsWarm) {
  Rig rig;
  rig.run(100);
  ASSERT_TRUE(rig.bridge.answer("/hello", 200, R"({"gameServer":"gs","heartbeatSeconds":1})"));
  rig.run(1'000);
  ASSERT_TRUE(!rig.bridge.isOpen("/warm") && rig.session.stage() == Stage::Warming);
  rig.session.markWarm();
  rig.run(100);
  ASSERT_TRUE(rig.bridge.isOpen("/warm"));
}

TEST(Session, WithoutAWorldItLoadsAndAcceptsAtOnceAndThePortReallyBoundIsTold) {
  Rig rig;
  ASSERT_TRUE(rig.greet());
  ASSERT_TRUE(rig.bridge.answer("/session", 200, claimed("")));
  ASSERT_TRUE(rig.game.map == "meadow" && rig.game.restored == -1 && rig.session.info()->attempt == 2);
  ASSERT_TRUE(!rig.bridge.isOpen("/accept"));
  rig.session.loaded(4711);
  ASSERT_TRUE(*rig.bridge.bodyOf("/accept") == R"({"port":4711,"build":"b"})");
  rig.bridge.answer("/accept", 200, claimed("", "joinable"));
  ASSERT_TRUE(rig.game.joinable && rig.session.saves().world() == nullptr);
}

TEST(Session, TheWorldIsHadBeforeTheMapIsLoadedAndItsJournalGoesOnFromThere) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  ASSERT_TRUE(rig.game.restored == 5);
  ASSERT_TRUE(rig.session.saves().addWorld(Json::object()) == Seq(6));
}

TEST(Session, AWorldWithAGapIsNotPlayed) {
  Rig rig;
  ASSERT_TRUE(rig.greet());
  rig.bridge.answer("/session", 200, claimed("w"));
  rig.bridge.answer("/world", 200, R"({"world":"w","durableSeq":5,"entries":[{"seq":1,"data":{}},{"seq":3,"data":{}}]})");
  rig.run(100);
  ASSERT_TRUE(rig.game.map.empty() && rig.bridge.bodyOf("/end")->find("gap") != std::string::npos);
}

TEST(Session, ABridgeThatWasStartedAnewHearsHelloAndWarmAgain) {
  Rig rig;
  ASSERT_TRUE(rig.greet());
  rig.bridge.breakOff("/session");
  rig.run(40);
  ASSERT_TRUE(rig.greet());
}

TEST(Session, ARefusedAcceptEndsIt) {
  Rig rig;
  ASSERT_TRUE(rig.greet());
  rig.bridge.answer("/session", 200, claimed(""));
  rig.session.loaded(1);
  rig.bridge.answer("/accept", 409, R"({"code":"attempt_superseded","detail":"not yours"})");
  rig.run(100);
  ASSERT_TRUE(rig.bridge.answer("/end", 200, R"({"phase":"ended"})"));
  ASSERT_TRUE(rig.session.stage() == Stage::Ended && rig.game.clean && rig.game.reason.find("attempt_superseded") != std::string::npos);
}

TEST(Session, AcceptedAndDurableAreToldApart) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.session.saves().addWorld(Json::object());
  rig.run(40);
  ASSERT_TRUE(rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":5,"readOnly":false})"));
  ASSERT_TRUE(rig.game.acceptedSeq == 6 && rig.game.durableSeq == 0);
  ASSERT_TRUE(rig.bridge.answer("/acks", 200, acks(6, 6)));
  ASSERT_TRUE(rig.game.durableSeq == 6);
}

TEST(Session, AnAppendWithoutAnAnswerIsSentAgainNoneIsLostOrOutOfOrder) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.session.saves().addWorld(Json::object().set("n", 1));
  rig.run(40);
  rig.bridge.breakOff("/world/entries");
  rig.session.saves().addWorld(Json::object().set("n", 2));
  rig.run(1'000);
  ASSERT_TRUE(*rig.bridge.bodyOf("/world/entries") == R"({"entries":[{"seq":6,"data":{"n":1}},{"seq":7,"data":{"n":2}}]})");
}

TEST(Session, ASnapshotIsStoredOnlyWhenAllThatItContainsIsDurable) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  for (int i = 0; i < 3; ++i) rig.session.saves().addWorld(Json::object());
  rig.run(100);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":8,"durable":5,"readOnly":false})");
  rig.run(1'000);
  ASSERT_TRUE(!rig.bridge.isOpen("/world/snapshot"));
  rig.bridge.answer("/acks", 200, acks(8, 8));
  rig.run(100);
  ASSERT_TRUE(*rig.bridge.bodyOf("/world/snapshot") == R"({"seq":8,"data":"captured"})");
}

TEST(Session, ARefusedSnapshotIsTriedAgainAtItsCadenceAndDoesNotHoldUpTheEnd) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  for (int i = 0; i < 3; ++i) rig.session.saves().addWorld(Json::object());
  rig.run(40);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":8,"durable":8,"readOnly":false})");
  rig.run(100);
  ASSERT_TRUE(rig.bridge.answer("/world/snapshot", 409, R"({"code":"snapshot_ahead","detail":"no"})"));
  rig.run(9'000);
  ASSERT_TRUE(!rig.bridge.isOpen("/world/snapshot") && !rig.game.isReadOnly);
  rig.run(2'000);
  ASSERT_TRUE(rig.bridge.isOpen("/world/snapshot"));
  rig.session.end("over");
  rig.bridge.answer("/world/snapshot", 409, R"({"code":"snapshot_ahead","detail":"no"})");
  rig.run(100);
  ASSERT_TRUE(rig.bridge.isOpen("/end"));
}

TEST(Session, FewEntriesGetASnapshotWhenTheyAreOldEnoughNoneGetsNone) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.run(20'000);
  ASSERT_TRUE(!rig.bridge.isOpen("/world/snapshot"));
  rig.session.saves().addWorld(Json::object());
  rig.run(40);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(9'000);
  ASSERT_TRUE(!rig.bridge.isOpen("/world/snapshot"));
  rig.run(2'000);
  ASSERT_TRUE(rig.bridge.isOpen("/world/snapshot"));
}

TEST(Session, ALostLeaseMakesTheWorldReadOnlyTheBridgeEndsTheSessionOrElseTheGameDoes) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.bridge.answer("/acks", 200, acks(5, 5, "", true));
  ASSERT_TRUE(rig.game.isReadOnly && !rig.session.saves().addWorld(Json::object()));
  rig.run(14'000);
  ASSERT_TRUE(rig.session.stage() == Stage::Playing && !rig.bridge.isOpen("/end"));
  rig.run(2'000);
  ASSERT_TRUE(rig.bridge.isOpen("/end"));
}

TEST(Session, AStopFlushesButDoesNotTellTheBridgeThatTheSessionIsOver) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.session.saves().addWorld(Json::object());
  rig.session.stop("told to stop");
  rig.run(100);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(100);
  ASSERT_TRUE(rig.bridge.answer("/world/snapshot", 200, "{}"));
  rig.run(100);
  ASSERT_TRUE(rig.session.stage() == Stage::Ended && rig.game.clean);
  for (const std::string& request : rig.bridge.sent) ASSERT_TRUE(request != "POST /lifeverse/v1/end");

  // Unless the end is under way already: then nothing more is waited for.
  Rig ending;
  ASSERT_TRUE(ending.play());
  ending.session.end("over");
  ending.run(100);
  ASSERT_TRUE(ending.bridge.isOpen("/end"));
  ending.session.stop("told to stop");
  ASSERT_TRUE(ending.session.stage() == Stage::Ended && ending.game.reason == "over");
}

TEST(Session, ARefusedAppendMeansThatTheLeaseIsLost) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.session.saves().addWorld(Json::object());
  rig.run(40);
  rig.bridge.answer("/world/entries", 409, R"({"code":"epoch_stale","detail":"fenced"})");
  ASSERT_TRUE(rig.game.isReadOnly);
}

TEST(Session, TheEndWaitsForDurabilityAndTheLastSnapshotButNotForEver) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.session.saves().addWorld(Json::object());
  rig.session.end("over");
  rig.run(1'000);
  ASSERT_TRUE(rig.session.stage() == Stage::Ending && !rig.bridge.isOpen("/end"));
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(100);
  ASSERT_TRUE(rig.bridge.answer("/world/snapshot", 200, "{}"));
  rig.run(100);
  ASSERT_TRUE(rig.bridge.answer("/end", 200, R"({"phase":"ended"})"));
  ASSERT_TRUE(rig.game.clean && rig.game.reason == "over");

  Rig slow;
  ASSERT_TRUE(slow.play());
  slow.session.saves().addWorld(Json::object());
  slow.session.end("over");
  slow.run(11'000);
  ASSERT_TRUE(slow.bridge.isOpen("/end"));
}

TEST(Session, TheBridgeMayEndItAtAnyTime) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.bridge.answer("/session", 200, R"({"phase":"claimed"})");
  rig.run(1'000);
  rig.bridge.answer("/session", 200, R"({"phase":"ended","reason":"maintenance"})");
  ASSERT_TRUE(rig.session.stage() == Stage::Ended && rig.game.reason == "maintenance");
  const std::size_t sent = rig.bridge.sent.size();
  rig.run(5'000);
  ASSERT_TRUE(rig.bridge.sent.size() == sent);
}

TEST(Session, ASeatIsPresentOnceInTheGameAndTheRosterNeverContradictsAChangeUnderWay) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  SeatConnection connection = 0;
  rig.run(25'000);
  rig.session.admit("t", [&](const Result<Verdict>& result) { connection = result ? result.value->connection : -1; });
  rig.run(10'000);
  ASSERT_TRUE(!rig.bridge.isOpen("/roster"));
  rig.bridge.answer("/admit", 200, R"({"admitted":true,"seat":{"playerId":"ada","role":"player","state":"admitted"},"packetKey":"k","connection":4})");
  ASSERT_TRUE(connection == 4 && rig.session.present().empty());
  rig.session.present("ada", connection);
  ASSERT_TRUE(rig.session.present().count("ada") == 1);
  ASSERT_TRUE(rig.bridge.answer("/seats/ada/present?connection=4", 200, R"({"playerId":"ada","role":"player","state":"present"})"));
  rig.run(40);
  ASSERT_EQ(*rig.bridge.bodyOf("/roster"), R"({"present":["ada"]})");
  rig.bridge.answer("/roster", 200, R"({"seats":[]})");
  // Of a connection that was replaced nothing is told.
  rig.session.leave("ada", 3, false, nullptr);
  ASSERT_TRUE(!rig.bridge.isOpen("/seats/ada/leave") && rig.session.present().count("ada") == 1);
  rig.session.leave("ada", 4, true, nullptr);
  ASSERT_TRUE(*rig.bridge.bodyOf("/seats/ada/leave?connection=4") == R"({"forGood":true})" && rig.session.present().empty());
}

TEST(Session, FramesAreToldOnceASecondFromHelloOnTheLongestGapWithThem) {
  Rig rig;
  ASSERT_TRUE(rig.greet());
  rig.bridge.answer("/frame", 200, "{}");
  rig.now += 400;
  rig.run(1'000);
  const auto report = Json::parse(*rig.bridge.bodyOf("/frame"));
  ASSERT_GE(report->at("longestMs").asDouble(), 400);
  ASSERT_TRUE(report->at("hitches").asInt() == 1 && report->at("meanMs").asDouble() > 30 && report->at("p99Ms").asDouble() >= 400);
}
