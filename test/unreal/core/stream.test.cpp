#include <gtest/gtest.h>

#include "session-rig.h"

using namespace lifeverse;
using namespace session_rig;

namespace {

const char* const kWelcome = R"({"type":"welcome","gameServer":"gs","aliveSeconds":10})";
const char* const kAlive = R"({"type":"alive"})";

std::string at(const std::string& position, const std::string& type, const std::string& body) {
  return R"({"type":")" + type + R"(","position":")" + position + R"(",")" + type + R"(":)" + body + "}";
}

std::string notices(const std::string& version, const std::string& list = "") { return R"({"version":")" + version + R"(","notices":[)" + list + "]}"; }

std::string kick(const std::string& moment) { return R"({"kind":"kick","reason":"r","playerId":"ada","at":")" + moment + R"("})"; }

struct Streamed : Rig {
  Streamed() { bridge.hasStreams = true; }

  // As Rig::play, with a stream that is live from the beginning.
  bool playStreamed() {
    if (!greet() || !bridge.say(kWelcome) || !bridge.say(at("p1", "session", claimed("w")))) return false;
    if (!bridge.answer("/world", 200, R"({"world":"w","durableSeq":5,"snapshot":{"seq":4,"data":"s"},"entries":[{"seq":5,"data":{}}]})")) return false;
    session.loaded(7777);
    const bool accepted = bridge.answer("/accept", 200, claimed("w", "joinable"));
    run(40);
    return accepted && bridge.say(at("p2", "acks", acks(5, 5))) && session.stage() == Stage::Playing;
  }
  bool admitAda() {
    session.admit("t", [](const Result<Verdict>&) {});
    return bridge.answer("/admit", 200, R"({"admitted":true,"seat":{"playerId":"ada","role":"player","state":"admitted"},"packetKey":"k","connection":1})");
  }
  // How long until it is opened again.
  Millis reopened() {
    const Millis from = now;
    while (bridge.streams() == 0 && now - from < 60'000) run(33);
    return now - from;
  }
  bool asks() const { return bridge.isOpen("/session?") || bridge.isOpen("/notices?") || bridge.isOpen("/acks?"); }
};

}  // namespace

TEST(Stream, AMessageOfTheBridgeIsReadAndWhatIsNoneIsNot) {
  const auto welcome = readStreamMessage(kWelcome);
  ASSERT_TRUE(welcome && std::get<StreamMessage::Welcome>(welcome->content).aliveMs == 10'000);
  const auto session = readStreamMessage(at("joinable.a.b-1", "session", claimed("w", "joinable")));
  ASSERT_TRUE(session && session->position == "joinable.a.b-1" && std::get<BridgeSession>(session->content).session->world == "w");
  ASSERT_EQ(std::get<Notices>(readStreamMessage(at("p", "notices", notices("v", kick("1"))))->content).notices.size(), 1U);
  ASSERT_EQ(std::get<AllAcks>(readStreamMessage(at("p", "acks", acks(3, 2)))->content).world->durable, 2);
  // What a later bridge tells is passed over, its position is not.
  ASSERT_EQ(readStreamMessage(R"({"type":"weather","position":"p9"})")->position, "p9");
  ASSERT_TRUE(readStreamMessage(kAlive)->position.empty());
  for (const std::string& text : std::vector<std::string>{"", "[]", "{}", R"({"type":1})", R"({"type":"session"})", at("", "notices", notices("v")), at("p", "acks", "{}"),
                                                          at(std::string(201, 'p'), "notices", notices("v")), R"({"type":"welcome"})",
                                                          R"({"type":"welcome","aliveSeconds":0})", R"({"type":"welcome","aliveSeconds":1e300})"}) {
    ASSERT_FALSE(readStreamMessage(text)) << text;
  }
}

TEST(Stream, BringsTheSessionNoticesAndAcksInPlaceOfHeldCallsFromItsWelcomeOn) {
  Streamed rig;
  ASSERT_TRUE(rig.greet());
  ASSERT_EQ(rig.bridge.opened, std::vector<std::string>{"/lifeverse/v1/stream lifeverse.v1"});
  // Until it is welcomed, it may as well be no stream.
  ASSERT_TRUE(rig.bridge.isOpen("/session?") && rig.bridge.isOpen("/notices?") && !rig.session.isStreaming());
  ASSERT_TRUE(rig.bridge.say(kWelcome) && rig.session.isStreaming());
  ASSERT_TRUE(!rig.asks() && rig.bridge.cancelled == 2);
  ASSERT_TRUE(rig.bridge.say(at("p1", "session", claimed(""))) && rig.session.stage() == Stage::Loading);
  rig.session.loaded(7777);
  rig.bridge.answer("/accept", 200, claimed("", "joinable"));
  ASSERT_TRUE(rig.admitAda());
  ASSERT_TRUE(rig.bridge.say(at("p2", "notices", notices("a", kick("1")))));
  ASSERT_TRUE(rig.bridge.say(at("p3", "session", R"({"phase":"ended","reason":"maintenance"})")));
  ASSERT_EQ(rig.game.kicks, std::vector<std::string>{"ada: r"});
  ASSERT_TRUE(rig.session.stage() == Stage::Ended && rig.game.reason == "maintenance");
  // With the end the stream is closed, from inside its own message.
  ASSERT_EQ(rig.bridge.streams(), 0U);
  rig.run(60'000);
  ASSERT_EQ(rig.bridge.opened.size(), 1U);
}

TEST(Stream, WhenItBreaksHeldCallsGoOnFromWhatItToldAndItComesBackFromItsPosition) {
  Streamed rig;
  ASSERT_TRUE(rig.playStreamed() && rig.admitAda());
  rig.run(11'000);
  ASSERT_TRUE(rig.bridge.say(at("joinable.a.b-1", "notices", notices("a", kick("1")))));
  const auto told = rig.game.heard.size();
  ASSERT_TRUE(rig.bridge.cutStream());
  ASSERT_FALSE(rig.session.isStreaming());
  rig.run(34);
  ASSERT_TRUE(rig.bridge.isOpen("/notices?wait=20&from=a") && rig.bridge.isOpen("/session?wait=25&from=joinable") && rig.bridge.isOpen("/acks?wait=20&from="));
  // What it had told is told once; what is new comes by whichever way is open.
  ASSERT_TRUE(rig.bridge.answer("/notices", 200, notices("a", kick("1"))));
  ASSERT_TRUE(rig.game.kicks.size() == 1 && rig.game.heard.size() == told);
  rig.run(1'100);
  ASSERT_EQ(rig.bridge.opened.back(), "/lifeverse/v1/stream?since=joinable.a.b-1 lifeverse.v1");
  ASSERT_TRUE(rig.bridge.answer("/notices", 200, notices("b", kick("1") + "," + kick("2"))));
  ASSERT_EQ(rig.game.kicks.size(), 2U);
  rig.run(40);
  ASSERT_TRUE(rig.bridge.isOpen("/notices?wait=20&from=b"));
  ASSERT_TRUE(rig.bridge.say(kWelcome));
  ASSERT_FALSE(rig.asks());
  // The stream knows nothing of what held calls told.
  ASSERT_TRUE(rig.bridge.say(at("joinable.b.b-1", "notices", notices("b", kick("1") + "," + kick("2")))));
  ASSERT_TRUE(rig.bridge.say(at("joinable.c.b-1", "notices", notices("c", kick("3")))));
  ASSERT_EQ(rig.game.kicks.size(), 3U);
}

TEST(Stream, WhereItIsRefusedHeldCallsServeAndItIsTriedEverMoreSeldom) {
  Streamed rig;
  ASSERT_TRUE(rig.greet());
  for (int tries = 1; tries <= 12; ++tries) {
    ASSERT_EQ(rig.bridge.opened.size(), static_cast<std::size_t>(tries));
    ASSERT_TRUE(rig.bridge.cutStream());
    ASSERT_TRUE(rig.session.stage() == Stage::Waiting);
    rig.bridge.answer("/session?", 200, R"({"phase":"idle"})");
    ASSERT_TRUE(rig.reopened() <= 15'100);
  }
  rig.bridge.cutStream();
  rig.bridge.answer("/session?", 200, R"({"phase":"idle"})");
  ASSERT_TRUE(rig.reopened() > 7'000 && rig.bridge.isOpen("/session?"));
}

TEST(Stream, OneThatBreaksSoonAfterEachWelcomeDoesNotKeepHeldCallsFromServing) {
  Streamed rig;
  ASSERT_TRUE(rig.playStreamed());
  for (int round = 0; round < 10; ++round) {
    rig.bridge.cutStream();
    ASSERT_TRUE(rig.reopened() <= 15'100 && rig.bridge.say(kWelcome));
  }
  const auto before = rig.bridge.opened.size();
  rig.bridge.cutStream();
  rig.run(5'000);
  ASSERT_EQ(rig.bridge.opened.size(), before);
  ASSERT_TRUE(rig.bridge.isOpen("/notices?"));
}

TEST(Stream, ASilentOneIsGivenUpButALongFrameIsNoSilence) {
  Streamed rig;
  ASSERT_TRUE(rig.playStreamed());
  for (int i = 0; i < 6; ++i) {
    rig.run(10'000);
    ASSERT_TRUE(rig.bridge.say(kAlive));
  }
  // A map is loaded: no tick for a minute, and what came meanwhile is delivered before the next one.
  rig.now += 60'000;
  ASSERT_TRUE(rig.bridge.say(kAlive));
  rig.run(24'000);
  ASSERT_TRUE(rig.session.isStreaming());
  rig.run(1'100);
  ASSERT_TRUE(!rig.session.isStreaming());
  ASSERT_TRUE(rig.bridge.isOpen("/notices?"));
  // One that never answers at all is given up as well.
  rig.run(300);
  ASSERT_EQ(rig.bridge.streams(), 1U);
  const auto tries = rig.bridge.opened.size();
  rig.run(10'500);
  ASSERT_EQ(rig.bridge.opened.size(), tries + 1);
}

TEST(Stream, WhatIsNoneOfTheBridgesMessagesEndsItAndItsPositionStays) {
  for (const std::string& text : std::vector<std::string>{"nonsense", "{}", at("p9", "acks", "{}"), at("p9", "session", R"({"phase":"dreaming"})")}) {
    Streamed rig;
    ASSERT_TRUE(rig.playStreamed() && rig.bridge.say(text));
    ASSERT_TRUE(!rig.session.isStreaming() && rig.bridge.streams() == 0) << text;
    rig.run(300);
    ASSERT_EQ(rig.bridge.opened.back(), "/lifeverse/v1/stream?since=p2 lifeverse.v1");
  }
  // A bridge of before streams answers any path of a WebSocket with one message, and cuts it.
  Streamed old;
  ASSERT_TRUE(old.greet() && old.bridge.say(R"({"code":5,"message":"Not Found","details":[]})"));
  ASSERT_TRUE(old.bridge.streams() == 0 && old.bridge.isOpen("/session?"));
}

TEST(Stream, ABridgeThatWasStartedAnewIsGreetedAndTheSessionThatItTellsMeanwhileIsNotMissed) {
  Streamed rig;
  ASSERT_TRUE(rig.greet() && rig.bridge.say(kWelcome) && rig.bridge.say(at("idle..", "session", R"({"phase":"idle"})")));
  ASSERT_TRUE(rig.bridge.cutStream());
  ASSERT_TRUE(rig.session.stage() == Stage::Greeting && rig.bridge.isOpen("/hello"));
  rig.run(5'000);
  ASSERT_EQ(rig.bridge.opened.size(), 1U);
  ASSERT_TRUE(rig.bridge.answer("/hello", 200, R"({"gameServer":"gs","heartbeatSeconds":1})"));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.answer("/warm", 200, "{}"));
  rig.run(40);
  ASSERT_EQ(rig.bridge.opened.back(), "/lifeverse/v1/stream?since=idle.. lifeverse.v1");
  // A held call that fails while the stream is being opened: greeted again, and the stream tells nothing into that.
  rig.bridge.breakOff("/session");
  ASSERT_TRUE(rig.session.stage() == Stage::Greeting && rig.bridge.streams() == 0);
}

TEST(Stream, TheLastEntriesAreKnownToBeDurableByItWhileTheSessionEnds) {
  Streamed rig;
  ASSERT_TRUE(rig.playStreamed());
  rig.session.saves().addWorld(Json::object());
  rig.run(40);
  ASSERT_TRUE(rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":5,"readOnly":false})"));
  rig.session.end("over");
  rig.run(100);
  ASSERT_FALSE(rig.bridge.isOpen("/end"));
  ASSERT_TRUE(rig.bridge.say(at("p3", "acks", acks(6, 6))));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.answer("/world/snapshot", 200, "{}"));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.isOpen("/end"));
}
