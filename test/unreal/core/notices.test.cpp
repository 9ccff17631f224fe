#include <gtest/gtest.h>

#include "session-rig.h"

using namespace lifeverse;
using namespace session_rig;

namespace {

std::string instant(std::int64_t ms) {
  // Seconds are enough here; the epoch of the rig is on a whole one.
  const std::time_t seconds = static_cast<std::time_t>((Rig::kEpoch + ms) / 1'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

bool post(Rig& rig, const std::string& version, const std::string& notices) {
  rig.run(1'100);
  return rig.bridge.answer("/notices", 200, R"({"version":")" + version + R"(","notices":[)" + notices + "]}");
}

}  // namespace

TEST(Notices, InstantsAreReadToTheMillisecondAndNothingElseIsOne) {
  ASSERT_EQ(readInstant("1970-01-01T00:00:00Z"), 0);
  ASSERT_EQ(readInstant("2026-11-26T06:37:44.123Z"), 1'795'675'064'123);
  ASSERT_EQ(readInstant("2024-02-29T23:59:59.9994Z"), 1'709'251'199'999);
  ASSERT_EQ(readInstant("2000-03-01T00:00Z"), 951'868'800'000);
  for (const char* text : {"", "2026-11-26", "2026-13-01T00:00:00Z", "2026-11-26T06:37:44", "2026-11-26T06:37:44+01:00", "2026-11-26T06:37:4Z", "x026-11-26T06:37:44Z"}) {
    ASSERT_TRUE(!readInstant(text)) << text;
  }
}

TEST(Notices, AreAskedForAtOnceAndThenHeldAndEachChangeIsTold) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  ASSERT_TRUE(rig.bridge.answer("/notices?wait=0", 200, R"({"version":"a","notices":[]})"));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.isOpen("/notices?wait=20&from=a"));
  ASSERT_TRUE(post(rig, "b", R"({"kind":"something-new","reason":"r"})"));
  ASSERT_TRUE(rig.game.heard.size() == 1 && rig.game.heard[0].kind == Notice::Kind::Other);
  // An unreachable bridge is asked again, a little later.
  rig.run(40);
  rig.bridge.breakOff("/notices");
  rig.run(900);
  ASSERT_TRUE(!rig.bridge.isOpen("/notices"));
  rig.run(200);
  ASSERT_TRUE(rig.bridge.isOpen("/notices"));
}

TEST(Notices, AKickIsToldOnceForAPlayerWhoIsInAndAnewWhenSaidAnew) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.session.admit("t", [](const Result<Verdict>&) {});
  rig.bridge.answer("/admit", 200, R"({"admitted":true,"seat":{"playerId":"ada","role":"player","state":"admitted"},"packetKey":"k","connection":1})");
  const std::string kick = R"({"kind":"kick","reason":"rude","playerId":"ada","at":"1"})";
  ASSERT_TRUE(post(rig, "a", kick) && post(rig, "b", kick + R"(,{"kind":"kick","reason":"x","playerId":"nobody","at":"1"})"));
  ASSERT_EQ(rig.game.kicks, std::vector<std::string>{"ada: rude"});
  ASSERT_TRUE(post(rig, "c", R"({"kind":"kick","reason":"again","playerId":"ada","at":"2"})"));
  ASSERT_EQ(rig.game.kicks.size(), 2U);
}

TEST(Notices, AServerThatIsTakenAwayLetsNobodyInFlushesInTimeAndStopsWithoutEndingTheSession) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  ASSERT_TRUE(post(rig, "a", R"({"kind":"drain","reason":"node upgrade","endsAt":")" + instant(rig.now + 60'000) + R"("})"));
  ASSERT_TRUE(rig.game.drainLeftMs > 45'000 && rig.game.drainLeftMs <= 50'000);
  std::string refusal;
  rig.session.admit("t", [&refusal](const Result<Verdict>& result) { refusal = result.value->refusal; });
  ASSERT_EQ(refusal, "draining");
  rig.session.saves().addWorld(Json::object());
  rig.run(100);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(45'000);
  ASSERT_TRUE(rig.session.stage() == Stage::Playing);
  rig.bridge.answer("/world/snapshot", 200, "{}");
  rig.run(6'000);
  ASSERT_TRUE(rig.session.stage() == Stage::Ended && rig.game.reason == "node upgrade");
  for (const std::string& request : rig.bridge.sent) ASSERT_NE(request, "POST /lifeverse/v1/end");
}

TEST(Notices, ADrainWithoutATimeTakesTheUsualOne) {
  Rig rig;
  ASSERT_TRUE(rig.play() && post(rig, "a", R"({"kind":"drain","reason":""})"));
  ASSERT_EQ(rig.game.drainLeftMs, 30'000);
  rig.run(31'000);
  ASSERT_TRUE(rig.session.stage() == Stage::Ended);
}

TEST(Notices, BeforeAMaintenanceThatEndsSessionsTheLastSnapshotIsTaken) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  ASSERT_TRUE(post(rig, "a", R"({"kind":"maintenance","reason":"r","startsAt":")" + instant(rig.now + 30'000) + R"(","endsAt":"2030-01-01T00:00:00Z","end":"end-sessions","window":"w"})"));
  rig.run(19'000);
  rig.session.saves().addWorld(Json::object());
  rig.run(500);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  ASSERT_TRUE(!rig.bridge.isOpen("/world/snapshot"));
  rig.run(2'500);
  ASSERT_TRUE(rig.bridge.isOpen("/world/snapshot"));
}

TEST(Notices, WhenTheBridgeEndsTheSessionWhatItHasNotYetIsOfferedForAMoment) {
  Rig rig;
  ASSERT_TRUE(rig.play());
  rig.bridge.answer("/session", 200, R"({"phase":"claimed"})");
  rig.run(1'000);
  rig.session.saves().addWorld(Json::object());
  rig.bridge.answer("/session", 200, R"({"phase":"ended","reason":"maintenance"})");
  ASSERT_TRUE(rig.session.stage() == Stage::Ending);
  rig.run(40);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":5,"readOnly":false})");
  rig.run(40);
  ASSERT_TRUE(rig.session.stage() == Stage::Ended && rig.game.reason == "maintenance");
}
