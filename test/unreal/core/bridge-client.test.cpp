#include "core/bridge-client.h"

#include <gtest/gtest.h>

#include "scripted-transport.h"

using namespace lifeverse;

namespace {

struct Rig {
  ScriptedTransport transport;
  BridgeClient client{transport, [] { return 0.5; }};
};

const char* const kUnavailable = R"({"type":"about:blank","title":"unavailable","status":503,"detail":"later","code":"agones_away"})";

}  // namespace

TEST(BridgeClient, ACallIsTypedAndABodyOfAnotherShapeIsAFailure) {
  Rig rig;
  std::string server;
  rig.client.hello("b1", "p", [&](const Result<Welcome>& result) { server = result ? result.value->gameServer : result.failure.code; });
  ASSERT_TRUE(*rig.transport.bodyOf("/hello") == R"({"build":"b1","plugin":"p","refusals":true})");
  ASSERT_TRUE(rig.transport.answer("/hello", 200, R"({"gameServer":"gs-1","heartbeatSeconds":1})"));
  ASSERT_TRUE(server == "gs-1");
  rig.client.hello("b1", "p", [&](const Result<Welcome>& result) { server = result ? "" : result.failure.code; }, 42);
  ASSERT_EQ(*rig.transport.bodyOf("/hello"), R"({"build":"b1","plugin":"p","refusals":true,"pid":42})");
  rig.transport.answer("/hello", 200, R"({"gameServer":7})");
  ASSERT_TRUE(server == "unexpected_answer");
}

TEST(BridgeClient, WhatMayPassIsSentAgainWithBackoffAndTheAnswerThenCounts) {
  Rig rig;
  int warmed = 0;
  rig.client.warm([&](const Result<Nothing>& result) { warmed += result ? 1 : 100; });
  rig.transport.answer("/warm", 503, kUnavailable);
  rig.client.tick(10);
  ASSERT_TRUE(rig.transport.sent.size() == 1);
  rig.client.tick(100);
  ASSERT_TRUE(rig.transport.sent.size() == 2);
  rig.transport.breakOff("/warm");
  rig.client.tick(1'000);
  rig.transport.answer("/warm", 200, "{}");
  ASSERT_TRUE(warmed == 1 && rig.client.pending() == 0);
}

TEST(BridgeClient, WaitsAsLongAsRetryAfterSays) {
  Rig rig;
  rig.client.warm([](const Result<Nothing>&) {});
  rig.transport.answer("/warm", 429, "{}", 3'000);
  rig.client.tick(2'999);
  ASSERT_TRUE(rig.transport.sent.size() == 1);
  rig.client.tick(3'000);
  ASSERT_TRUE(rig.transport.sent.size() == 2);
}

TEST(BridgeClient, ARefusalIsFinalWithItsCode) {
  Rig rig;
  Failure failure;
  rig.client.leave("no one", 0, true, [&](const Result<Seat>& result) { failure = result.failure; });
  ASSERT_TRUE(rig.transport.sent[0] == "POST /lifeverse/v1/seats/no%20one/leave");
  rig.transport.answer("/seats", 404, R"({"status":404,"code":"seat_unknown","detail":"no such seat"})");
  ASSERT_TRUE(failure.status == 404 && failure.code == "seat_unknown");
}

TEST(BridgeClient, EachTryHasADeadlineEachCallAnEnd) {
  Rig rig;
  std::string code;
  rig.client.admit("t", [&](const Result<Verdict>& result) { code = result ? "" : result.failure.code; });
  for (Millis now = 0; now <= 60'000 && code.empty(); now += 33) rig.client.tick(now);
  ASSERT_TRUE(code == "timeout");
  ASSERT_TRUE(rig.transport.cancelled == 2 && rig.transport.sent.size() == 2 && rig.client.pending() == 0);
}

TEST(BridgeClient, AnAnswerMayStartNewCallsOrAbandonAll) {
  Rig rig;
  int answers = 0;
  rig.client.warm([&](const Result<Nothing>&) {
    ++answers;
    rig.client.frame({}, [&](const Result<Nothing>&) { ++answers; });
    rig.client.abandon();
  });
  rig.client.acks(20, "v", [&](const Result<AllAcks>&) { ++answers; });
  rig.transport.answer("/warm", 200, "{}");
  ASSERT_TRUE(answers == 1 && rig.client.pending() == 0 && rig.transport.cancelled == 2);
}
