#include "core/bridge-client.h"

#include "scripted-transport.h"
#include "spec.h"

using namespace lifeverse;

namespace {

struct Rig {
  ScriptedTransport transport;
  BridgeClient client{transport, [] { return 0.5; }};
};

const char* const kUnavailable = R"({"type":"about:blank","title":"unavailable","status":503,"detail":"later","code":"agones_away"})";

}  // namespace

SPEC("bridge client: a call is typed, and a body of another shape is a failure") {
  Rig rig;
  std::string server;
  rig.client.hello("b1", "p", [&](const Result<Welcome>& result) { server = result ? result.value->gameServer : result.failure.code; });
  CHECK(*rig.transport.bodyOf("/hello") == R"({"build":"b1","plugin":"p"})");
  CHECK(rig.transport.answer("/hello", 200, R"({"gameServer":"gs-1","heartbeatSeconds":1})"));
  CHECK(server == "gs-1");
  rig.client.hello("b1", "p", [&](const Result<Welcome>& result) { server = result ? "" : result.failure.code; });
  rig.transport.answer("/hello", 200, R"({"gameServer":7})");
  CHECK(server == "unexpected_answer");
}

SPEC("bridge client: what may pass is sent again with backoff, and the answer then counts") {
  Rig rig;
  int warmed = 0;
  rig.client.warm([&](const Result<Nothing>& result) { warmed += result ? 1 : 100; });
  rig.transport.answer("/warm", 503, kUnavailable);
  rig.client.tick(10);
  CHECK(rig.transport.sent.size() == 1);
  rig.client.tick(100);
  CHECK(rig.transport.sent.size() == 2);
  rig.transport.breakOff("/warm");
  rig.client.tick(1'000);
  rig.transport.answer("/warm", 200, "{}");
  CHECK(warmed == 1 && rig.client.pending() == 0);
}

SPEC("bridge client: waits as long as Retry-After says") {
  Rig rig;
  rig.client.warm([](const Result<Nothing>&) {});
  rig.transport.answer("/warm", 429, "{}", 3'000);
  rig.client.tick(2'999);
  CHECK(rig.transport.sent.size() == 1);
  rig.client.tick(3'000);
  CHECK(rig.transport.sent.size() == 2);
}

SPEC("bridge client: a refusal is final, with its code") {
  Rig rig;
  Failure failure;
  rig.client.leave("no one", true, [&](const Result<Seat>& result) { failure = result.failure; });
  CHECK(rig.transport.sent[0] == "POST /lifeverse/v1/seats/no%20one/leave");
  rig.transport.answer("/seats", 404, R"({"status":404,"code":"seat_unknown","detail":"no such seat"})");
  CHECK(failure.status == 404 && failure.code == "seat_unknown");
}

SPEC("bridge client: each try has a deadline, each call an end") {
  Rig rig;
  std::string code;
  rig.client.admit("t", [&](const Result<Verdict>& result) { code = result ? "" : result.failure.code; });
  for (Millis now = 0; now <= 60'000 && code.empty(); now += 33) rig.client.tick(now);
  CHECK(code == "timeout");
  CHECK(rig.transport.cancelled == 2 && rig.transport.sent.size() == 2 && rig.client.pending() == 0);
}

SPEC("bridge client: an answer may start new calls or abandon all") {
  Rig rig;
  int answers = 0;
  rig.client.warm([&](const Result<Nothing>&) {
    ++answers;
    rig.client.frame(1, 1, [&](const Result<Nothing>&) { ++answers; });
    rig.client.abandon();
  });
  rig.client.worldAcks(20, 0, [&](const Result<Acks>&) { ++answers; });
  rig.transport.answer("/warm", 200, "{}");
  CHECK(answers == 1 && rig.client.pending() == 0 && rig.transport.cancelled == 2);
}
