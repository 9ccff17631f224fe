#include "session-rig.h"

#include "spec.h"

using namespace lifeverse;
using namespace session_rig;

SPEC("session: warm is told after hello, and only when the game is warm") {
  Rig rig;
  rig.run(100);
  CHECK(rig.bridge.answer("/hello", 200, R"({"gameServer":"gs","heartbeatSeconds":1})"));
  rig.run(1'000);
  CHECK(!rig.bridge.isOpen("/warm") && rig.session.stage() == Stage::Warming);
  rig.session.markWarm();
  rig.run(100);
  CHECK(rig.bridge.isOpen("/warm"));
}

SPEC("session: without a world it loads and accepts at once, and the port really bound is told") {
  Rig rig;
  CHECK(rig.greet());
  CHECK(rig.bridge.answer("/session", 200, claimed("")));
  CHECK(rig.game.map == "meadow" && rig.game.restored == -1 && rig.session.info()->attempt == 2);
  CHECK(!rig.bridge.isOpen("/accept"));
  rig.session.loaded(4711);
  CHECK(*rig.bridge.bodyOf("/accept") == R"({"port":4711,"build":"b"})");
  rig.bridge.answer("/accept", 200, claimed("", "joinable"));
  CHECK(rig.game.joinable && rig.session.world() == nullptr);
}

SPEC("session: the world is had before the map is loaded, and its journal goes on from there") {
  Rig rig;
  CHECK(rig.play());
  CHECK(rig.game.restored == 5);
  CHECK(rig.session.world()->add(Json::object()) == Seq(6));
}

SPEC("session: a world with a gap is not played") {
  Rig rig;
  CHECK(rig.greet());
  rig.bridge.answer("/session", 200, claimed("w"));
  rig.bridge.answer("/world", 200, R"({"world":"w","durableSeq":5,"entries":[{"seq":1,"data":{}},{"seq":3,"data":{}}]})");
  rig.run(100);
  CHECK(rig.game.map.empty() && rig.bridge.bodyOf("/end")->find("gap") != std::string::npos);
}

SPEC("session: a bridge that was started anew hears hello and warm again") {
  Rig rig;
  CHECK(rig.greet());
  rig.bridge.breakOff("/session");
  rig.run(40);
  CHECK(rig.greet());
}

SPEC("session: a refused accept ends it") {
  Rig rig;
  CHECK(rig.greet());
  rig.bridge.answer("/session", 200, claimed(""));
  rig.session.loaded(1);
  rig.bridge.answer("/accept", 409, R"({"code":"attempt_superseded","detail":"not yours"})");
  rig.run(100);
  CHECK(rig.bridge.answer("/end", 200, R"({"phase":"ended"})"));
  CHECK(rig.session.stage() == Stage::Ended && rig.game.clean && rig.game.reason.find("attempt_superseded") != std::string::npos);
}

SPEC("session: accepted and durable are told apart") {
  Rig rig;
  CHECK(rig.play());
  rig.session.world()->add(Json::object());
  rig.run(40);
  CHECK(rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":5,"readOnly":false})"));
  CHECK(rig.game.acceptedSeq == 6 && rig.game.durableSeq == 5);
  CHECK(rig.bridge.answer("/world/acks", 200, R"({"accepted":6,"durable":6,"readOnly":false})"));
  CHECK(rig.game.durableSeq == 6);
}

SPEC("session: an append without an answer is sent again, none is lost or out of order") {
  Rig rig;
  CHECK(rig.play());
  rig.session.world()->add(Json::object().set("n", 1));
  rig.run(40);
  rig.bridge.breakOff("/world/entries");
  rig.session.world()->add(Json::object().set("n", 2));
  rig.run(1'000);
  CHECK(*rig.bridge.bodyOf("/world/entries") == R"({"entries":[{"seq":6,"data":{"n":1}},{"seq":7,"data":{"n":2}}]})");
}

SPEC("session: a snapshot is stored only when all that it contains is durable") {
  Rig rig;
  CHECK(rig.play());
  for (int i = 0; i < 3; ++i) rig.session.world()->add(Json::object());
  rig.run(100);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":8,"durable":5,"readOnly":false})");
  rig.run(1'000);
  CHECK(!rig.bridge.isOpen("/world/snapshot"));
  rig.bridge.answer("/world/acks", 200, R"({"accepted":8,"durable":8,"readOnly":false})");
  rig.run(100);
  CHECK(*rig.bridge.bodyOf("/world/snapshot") == R"({"seq":8,"data":"captured"})");
}

SPEC("session: a refused snapshot is tried again at its cadence, and does not hold up the end") {
  Rig rig;
  CHECK(rig.play());
  for (int i = 0; i < 3; ++i) rig.session.world()->add(Json::object());
  rig.run(40);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":8,"durable":8,"readOnly":false})");
  rig.run(100);
  CHECK(rig.bridge.answer("/world/snapshot", 409, R"({"code":"snapshot_ahead","detail":"no"})"));
  rig.run(9'000);
  CHECK(!rig.bridge.isOpen("/world/snapshot") && !rig.game.isReadOnly);
  rig.run(2'000);
  CHECK(rig.bridge.isOpen("/world/snapshot"));
  rig.session.end("over");
  rig.bridge.answer("/world/snapshot", 409, R"({"code":"snapshot_ahead","detail":"no"})");
  rig.run(100);
  CHECK(rig.bridge.isOpen("/end"));
}

SPEC("session: few entries get a snapshot when they are old enough, none gets none") {
  Rig rig;
  CHECK(rig.play());
  rig.run(20'000);
  CHECK(!rig.bridge.isOpen("/world/snapshot"));
  rig.session.world()->add(Json::object());
  rig.run(40);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(9'000);
  CHECK(!rig.bridge.isOpen("/world/snapshot"));
  rig.run(2'000);
  CHECK(rig.bridge.isOpen("/world/snapshot"));
}

SPEC("session: a lost lease makes the world read-only; the bridge ends the session, or else the game does") {
  Rig rig;
  CHECK(rig.play());
  rig.bridge.answer("/world/acks", 200, R"({"accepted":5,"durable":5,"readOnly":true})");
  CHECK(rig.game.isReadOnly && !rig.session.world()->add(Json::object()));
  rig.run(14'000);
  CHECK(rig.session.stage() == Stage::Playing && !rig.bridge.isOpen("/end"));
  rig.run(2'000);
  CHECK(rig.bridge.isOpen("/end"));
}

SPEC("session: a stop flushes, but does not tell the bridge that the session is over") {
  Rig rig;
  CHECK(rig.play());
  rig.session.world()->add(Json::object());
  rig.session.stop("told to stop");
  rig.run(100);
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(100);
  CHECK(rig.bridge.answer("/world/snapshot", 200, "{}"));
  rig.run(100);
  CHECK(rig.session.stage() == Stage::Ended && rig.game.clean);
  for (const std::string& request : rig.bridge.sent) CHECK(request != "POST /lifeverse/v1/end");

  // Unless the end is under way already: then nothing more is waited for.
  Rig ending;
  CHECK(ending.play());
  ending.session.end("over");
  ending.run(100);
  CHECK(ending.bridge.isOpen("/end"));
  ending.session.stop("told to stop");
  CHECK(ending.session.stage() == Stage::Ended && ending.game.reason == "over");
}

SPEC("session: a refused append means that the lease is lost") {
  Rig rig;
  CHECK(rig.play());
  rig.session.world()->add(Json::object());
  rig.run(40);
  rig.bridge.answer("/world/entries", 409, R"({"code":"epoch_stale","detail":"fenced"})");
  CHECK(rig.game.isReadOnly);
}

SPEC("session: the end waits for durability and the last snapshot, but not for ever") {
  Rig rig;
  CHECK(rig.play());
  rig.session.world()->add(Json::object());
  rig.session.end("over");
  rig.run(1'000);
  CHECK(rig.session.stage() == Stage::Ending && !rig.bridge.isOpen("/end"));
  rig.bridge.answer("/world/entries", 200, R"({"accepted":6,"durable":6,"readOnly":false})");
  rig.run(100);
  CHECK(rig.bridge.answer("/world/snapshot", 200, "{}"));
  rig.run(100);
  CHECK(rig.bridge.answer("/end", 200, R"({"phase":"ended"})"));
  CHECK(rig.game.clean && rig.game.reason == "over");

  Rig slow;
  CHECK(slow.play());
  slow.session.world()->add(Json::object());
  slow.session.end("over");
  slow.run(11'000);
  CHECK(slow.bridge.isOpen("/end"));
}

SPEC("session: the bridge may end it at any time") {
  Rig rig;
  CHECK(rig.play());
  rig.bridge.answer("/session", 200, R"({"phase":"claimed"})");
  rig.run(1'000);
  rig.bridge.answer("/session", 200, R"({"phase":"ended","reason":"maintenance"})");
  CHECK(rig.session.stage() == Stage::Ended && rig.game.reason == "maintenance");
  const std::size_t sent = rig.bridge.sent.size();
  rig.run(5'000);
  CHECK(rig.bridge.sent.size() == sent);
}

SPEC("session: a seat is present from its verdict until it leaves, and the roster never contradicts a change under way") {
  Rig rig;
  CHECK(rig.play());
  bool in = false;
  rig.run(25'000);
  rig.session.admit("t", [&](const Result<Verdict>& result) { in = result && result.value->admitted; });
  rig.run(10'000);
  CHECK(!rig.bridge.isOpen("/roster"));
  rig.bridge.answer("/admit", 200, R"({"admitted":true,"seat":{"playerId":"ada","role":"player","state":"admitted"},"packetKey":"k"})");
  CHECK(in && rig.session.present().count("ada") == 1);
  CHECK(rig.bridge.answer("/seats/ada/present", 200, R"({"playerId":"ada","role":"player","state":"present"})"));
  rig.run(40);
  CHECK(*rig.bridge.bodyOf("/roster") == R"({"present":["ada"]})");
  rig.bridge.answer("/roster", 200, R"({"seats":[]})");
  rig.session.leave("ada", true, nullptr);
  CHECK(*rig.bridge.bodyOf("/seats/ada/leave") == R"({"forGood":true})" && rig.session.present().empty());
}

SPEC("session: frames are told once a second from hello on, the longest gap with them") {
  Rig rig;
  CHECK(rig.greet());
  rig.bridge.answer("/frame", 200, "{}");
  rig.now += 400;
  rig.run(1'000);
  CHECK(Json::parse(*rig.bridge.bodyOf("/frame"))->at("longestMs").asDouble() >= 400);
}
