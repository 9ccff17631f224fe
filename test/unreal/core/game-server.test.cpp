#include "core/game-server.h"

#include <gtest/gtest.h>

#include "scripted-transport.h"
#include "session-rig.h"

using namespace lifeverse;

namespace {

class Engine final : public GameServerHost {
 public:
  void travel(const std::string& map) override { travels.push_back(map); }
  void restore(const SessionInfo&, const Restore* world) override { restored = world == nullptr ? 0 : world->durableSeq; }
  void joinable(const SessionInfo&) override { isJoinable = true; }
  void noticed(const std::vector<Notice>&) override {}
  void draining(const std::string&, Millis left) override { leftMs = left; }
  void ended(const std::string& why, bool) override { reason = why; }
  void drop(ConnectionId connection, const std::string& why) override { drops.push_back(std::to_string(connection) + " " + why); }
  void accepted(Seq) override {}
  void durable(Seq) override {}
  std::string capture() override { return "world"; }
  void readOnly() override {}
  void inventoryAccepted(const std::string&, Seq) override {}
  void refused(const Refusal&) override {}
  void inventoryDurable(const std::string&, Seq) override {}
  void inventoryRefused(const std::string&, const Refusal&) override {}
  std::string captureInventory(const std::string&) override { return "bag"; }
  void inventoryReadOnly(const std::string&) override {}

  std::vector<std::string> travels;
  std::vector<std::string> drops;
  Seq restored = -1;
  bool isJoinable = false;
  Millis leftMs = -1;
  std::string reason;
};

struct Server {
  ScriptedTransport bridge;
  Engine engine;
  GameServer game;
  Millis now = 0;
  std::vector<ConnectionId> open;

  explicit Server(GameServerOptions options = {}) : game(bridge, [] { return 0.5; }, engine, options) {}

  void run(Millis ms) {
    for (const Millis end = now + ms; now < end; now += 33) game.tick(now);
  }
  // To the claim of a session on the map "meadow".
  bool claim() {
    run(40);
    bridge.answer("/hello", 200, R"({"gameServer":"gs","heartbeatSeconds":1})");
    game.mapStarts();
    game.mapStands("/Game/Entry.Entry", 7777, {});
    run(40);
    bridge.answer("/warm", 200, "{}");
    run(40);
    return bridge.answer("/session", 200, session_rig::claimed(""));
  }
  bool play() {
    if (!claim()) return false;
    game.mapStarts();
    game.mapStands("/Game/Maps/Meadow", 7777, {});
    const bool accepted = bridge.answer("/accept", 200, session_rig::claimed("", "joinable"));
    run(40);
    return accepted && engine.isJoinable;
  }
  // What PreLogin answered; "?" while it has not.
  std::string preLogin(const std::string& options) {
    answer = "?";
    game.connections().preLogin(options, [this](const std::string& refusal) { answer = refusal; });
    return answer;
  }
  void verdict(const std::string& player, int connection, bool replaces = false) {
    bridge.answer("/admit", 200, R"({"admitted":true,"seat":{"playerId":")" + player + R"(","role":"player","state":"admitted"},"packetKey":"k","connection":)" +
                                     std::to_string(connection) + (replaces ? R"(,"replace":"connection"})" : "}"));
  }
  bool join(const std::string& player, ConnectionId connection, int number) {
    const std::string options = "?Name=x?LifeVerseTicket=" + player + ".t";
    preLogin(options);
    verdict(player, number, number > 1);
    if (!answer.empty() || game.connections().postLogin(connection, options) != Arrival::Seated) return false;
    open.push_back(connection);
    return bridge.answer("/seats/" + player + "/present?connection=" + std::to_string(number), 200, R"({"playerId":"x","role":"player","state":"present"})");
  }
  std::string answer;
};

}  // namespace

TEST(GameServer, TellsTheBridgeAtOnceThatAMapIsBeingLoaded) {
  Server server;
  ASSERT_TRUE(server.play());
  const auto travelling = [&] {
    const std::string* body = server.bridge.bodyOf("/frame");
    const bool is = body != nullptr && Json::parse(*body)->at("travelling").asBool();
    return server.bridge.answer("/frame", 200, "{}") && is;
  };
  while (server.bridge.isOpen("/frame")) travelling();
  // Without a frame in between: a hard travel leaves the game thread no other moment.
  server.game.mapStarts();
  ASSERT_TRUE(travelling());
  server.run(1'100);
  ASSERT_TRUE(travelling());
  server.game.mapStands("/Game/Maps/Meadow", 7777, {});
  ASSERT_TRUE(server.bridge.isOpen("/frame") && !travelling());
  server.game.mapStarts();
  server.game.travelFailed("no such map");
  ASSERT_TRUE(travelling() && server.bridge.isOpen("/frame") && !travelling());
}

TEST(GameServer, TheFirstMapIsWarmTheSessionsMapIsTravelledToAndThenItAccepts) {
  Server server;
  ASSERT_TRUE(server.claim());
  ASSERT_EQ(server.engine.travels, std::vector<std::string>{"meadow"});
  ASSERT_TRUE(server.engine.restored == -1 && !server.bridge.isOpen("/accept"));
  // Some other map on the way is not it.
  server.game.mapStarts();
  server.game.mapStands("/Game/Transition", 7777, {});
  ASSERT_TRUE(!server.bridge.isOpen("/accept"));
  server.game.mapStarts();
  server.game.mapStands("/Game/Maps/UEDPIE_0_Meadow", 7778, {});
  ASSERT_EQ(server.engine.restored, 0);
  ASSERT_EQ(Json::parse(*server.bridge.bodyOf("/accept"))->at("port").asInt(), 7778);
}

TEST(GameServer, AMapThatStandsAlreadyIsNotTravelledTo) {
  GameServerOptions options;
  options.readyByGame = true;
  Server server(options);
  server.game.mapStands("Meadow", 7777, {});
  ASSERT_TRUE(server.game.session().stage() == Stage::Greeting);
  server.run(40);
  server.bridge.answer("/hello", 200, R"({"gameServer":"gs","heartbeatSeconds":1})");
  server.run(40);
  server.bridge.answer("/warm", 200, "{}");
  server.run(40);
  server.bridge.answer("/session", 200, session_rig::claimed(""));
  ASSERT_TRUE(server.engine.travels.empty() && server.engine.restored == 0 && !server.bridge.isOpen("/accept"));
  server.game.ready();
  ASSERT_TRUE(server.bridge.isOpen("/accept"));
}

TEST(GameServer, WithoutAPortOrWithoutTheMapTheSessionEnds) {
  Server deaf;
  ASSERT_TRUE(deaf.claim());
  deaf.game.mapStands("Meadow", 0, {});
  deaf.run(100);
  ASSERT_TRUE(deaf.bridge.isOpen("/end"));
  Server lost;
  ASSERT_TRUE(lost.claim());
  lost.game.travelFailed("no such package");
  lost.run(100);
  ASSERT_TRUE(lost.bridge.bodyOf("/end")->find("no such package") != std::string::npos);
}

TEST(GameServer, MapsAreTheSameByTheirShortNames) {
  ASSERT_TRUE(sameMap("/Game/Maps/UEDPIE_12_Arena.Arena", "arena") && sameMap("Arena", "/Game/Other/Arena") && sameMap("UEDPIE_x", "uedpie_x"));
  ASSERT_TRUE(!sameMap("", "") && !sameMap("Arena", "Arena2") && !sameMap("/Game/Arena/", "Arena"));
}

TEST(GameServer, AskedToStopItGoesAtOnceWithoutASessionAndAfterItsSavesWithOne) {
  Server idle;
  idle.run(40);
  idle.game.terminate("told to stop");
  ASSERT_EQ(idle.engine.reason, "told to stop");
  Server server;
  ASSERT_TRUE(server.play());
  server.game.terminate("told to stop");
  ASSERT_EQ(server.engine.reason, "");
  server.run(100);
  ASSERT_EQ(server.engine.reason, "told to stop");
}

TEST(Connections, ATicketIsJudgedOnceAndItsPlayerHasTheSeat) {
  Server server;
  ASSERT_TRUE(server.play());
  ASSERT_TRUE(server.join("ada", 1, 1));
  ASSERT_TRUE(server.game.connections().seatOf(1)->playerId == "ada" && server.game.connections().connectionOf("ada") == 1);
  ASSERT_EQ(server.game.session().present().count("ada"), 1U);
  // A second PostLogin of the same connection, as after a travel, changes nothing.
  ASSERT_TRUE(server.game.connections().postLogin(1, "?") == Arrival::Seated && server.engine.drops.empty());
}

TEST(Connections, WithoutATicketTheBridgeIsNotAsked) {
  Server server;
  ASSERT_TRUE(server.play());
  ASSERT_EQ(server.preLogin("?Name=x").rfind("lifeverse:malformed: ", 0), 0U);
  ASSERT_EQ(server.preLogin("?LifeVerseTicket=a b").rfind("lifeverse:malformed: ", 0), 0U);
  ASSERT_TRUE(!server.bridge.isOpen("/admit"));
  ASSERT_TRUE(server.game.connections().postLogin(9, "?Name=x") == Arrival::Refused);
}

TEST(Connections, WhereTicketsAreNotRequiredOneThatIsShownIsJudgedAllTheSame) {
  GameServerOptions options;
  options.connections.requireTickets = false;
  Server server(options);
  ASSERT_TRUE(server.play());
  ASSERT_EQ(server.preLogin("?Name=x"), "");
  ASSERT_TRUE(server.game.connections().postLogin(1, "?Name=x") == Arrival::WithoutSeat);
  ASSERT_EQ(server.preLogin("?LifeVerseTicket=forged"), "?");
  server.bridge.answer("/admit", 200, R"({"admitted":false,"refusal":"signature","detail":"not genuine"})");
  ASSERT_EQ(server.answer, "lifeverse:signature: not genuine");
}

TEST(Connections, WhoIsFasterThanTheAcceptWaitsAndNotForEver) {
  Server server;
  ASSERT_TRUE(server.claim());
  server.game.mapStands("Meadow", 7777, {});
  ASSERT_EQ(server.preLogin("?LifeVerseTicket=ada.t"), "?");
  server.run(5'000);
  ASSERT_EQ(server.answer, "?");
  server.bridge.answer("/accept", 200, session_rig::claimed("", "joinable"));
  server.run(40);
  server.verdict("ada", 1);
  ASSERT_EQ(server.answer, "");
  Server never;
  ASSERT_TRUE(never.claim());
  ASSERT_EQ(never.preLogin("?LifeVerseTicket=ada.t"), "?");
  never.run(16'000);
  ASSERT_EQ(never.answer.rfind("lifeverse:not-joinable: ", 0), 0U);
}

TEST(Connections, ABridgeThatDoesNotAnswerRefusesAndNothingIsLeftOpen) {
  Server server;
  ASSERT_TRUE(server.play());
  ASSERT_EQ(server.preLogin("?LifeVerseTicket=ada.t"), "?");
  server.run(60'000);
  ASSERT_EQ(server.answer.rfind("lifeverse:unavailable: ", 0), 0U);
}

TEST(Connections, ALostConnectionIsAwayAndAGoodbyeIsForGood) {
  Server server;
  ASSERT_TRUE(server.play() && server.join("ada", 1, 1) && server.join("bob", 2, 1));
  server.game.connections().live({2});
  ASSERT_EQ(*server.bridge.bodyOf("/seats/ada/leave?connection=1"), R"({"forGood":false})");
  server.game.connections().leaveForGood(2);
  ASSERT_EQ(*server.bridge.bodyOf("/seats/bob/leave?connection=1"), R"({"forGood":true})");
  ASSERT_TRUE(server.game.session().present().empty());
}

TEST(Connections, ANewConnectionOfAPlayerDropsTheOldOneAndTheOldOnesEndIsNoLeave) {
  Server server;
  ASSERT_TRUE(server.play() && server.join("ada", 1, 1) && server.join("ada", 2, 2));
  ASSERT_EQ(server.engine.drops, std::vector<std::string>{"1 lifeverse:replaced: joined from elsewhere"});
  server.game.connections().live({2});
  ASSERT_TRUE(!server.bridge.isOpen("/seats/ada/leave") && server.game.connections().connectionOf("ada") == 2);
}

TEST(Connections, WhoNeverComesAfterTheVerdictGivesTheSeatBack) {
  Server server;
  ASSERT_TRUE(server.play());
  server.preLogin("?LifeVerseTicket=ada.t");
  server.verdict("ada", 3);
  server.run(59'000);
  ASSERT_TRUE(!server.bridge.isOpen("/seats/ada/leave"));
  server.run(2'000);
  ASSERT_TRUE(server.bridge.isOpen("/seats/ada/leave?connection=3"));
  ASSERT_TRUE(server.game.connections().postLogin(5, "?LifeVerseTicket=ada.t") == Arrival::Refused);
}

TEST(Connections, SeamlessTravelKeepsSeatsByTheirConnections) {
  Server server;
  ASSERT_TRUE(server.play() && server.join("ada", 1, 1) && server.join("bob", 2, 1));
  server.game.mapStarts();
  // While travelling bob's connection ends; that is told only when he does not come back.
  server.game.connections().live({1});
  server.game.mapStands("Next", 7777, {1});
  server.run(30'000);
  ASSERT_TRUE(server.game.connections().seatOf(1)->playerId == "ada" && !server.bridge.isOpen("/seats/bob/leave"));
  server.run(31'000);
  ASSERT_TRUE(server.bridge.isOpen("/seats/bob/leave?connection=1") && !server.bridge.isOpen("/seats/ada/leave"));
}

TEST(Connections, HardTravelKeepsSeatsForThoseWhoLogInAgainWithTheSameTicket) {
  Server server;
  ASSERT_TRUE(server.play() && server.join("ada", 1, 1) && server.join("bob", 2, 1));
  server.game.mapStarts();
  server.game.mapStands("Next", 7777, {});
  ASSERT_EQ(server.game.session().present().size(), 2U);
  ASSERT_TRUE(server.join("ada", 3, 2));
  ASSERT_TRUE(server.engine.drops.empty() && server.game.connections().connectionOf("ada") == 3);
  for (int i = 0; i < 61; ++i) {
    server.game.connections().live({3});
    server.run(1'000);
  }
  ASSERT_TRUE(server.bridge.isOpen("/seats/bob/leave") && !server.bridge.isOpen("/seats/ada/leave"));
}

TEST(Connections, AKickDropsWhoIsInAndWhoIsOnTheWay) {
  Server server;
  ASSERT_TRUE(server.play() && server.join("ada", 1, 1));
  server.preLogin("?LifeVerseTicket=bob.t");
  server.verdict("bob", 1);
  server.bridge.answer("/notices", 200, R"({"version":"v1","notices":[{"kind":"kick","reason":"rude","playerId":"ada","at":"1"},)"
                                        R"({"kind":"kick","reason":"rude","playerId":"bob","at":"1"},{"kind":"kick","reason":"rude","playerId":"eve","at":"1"}]})");
  ASSERT_EQ(server.engine.drops, std::vector<std::string>{"1 lifeverse:kicked: rude"});
  ASSERT_EQ(*server.bridge.bodyOf("/seats/ada/leave?connection=1"), R"({"forGood":true})");
  ASSERT_EQ(*server.bridge.bodyOf("/seats/bob/leave?connection=1"), R"({"forGood":true})");
  ASSERT_TRUE(!server.bridge.isOpen("/seats/eve"));
  ASSERT_TRUE(server.game.connections().postLogin(2, "?LifeVerseTicket=bob.t") == Arrival::Refused);
}

TEST(Session, APacketKeyIsAskedForByWhatCanBeAPlayersIdOnly) {
  Server server;
  ASSERT_TRUE(server.play());
  int known = 0;
  const auto then = [&known](const std::optional<PacketKey>& key) { known = key ? 1 : 2; };
  server.game.session().packetKey("../session", then);
  ASSERT_TRUE(known == 2 && !server.bridge.isOpen("/keys"));
  server.game.session().packetKey("ada", then);
  server.bridge.answer("/keys/ada", 200, R"({"packetKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})");
  ASSERT_EQ(known, 1);
  server.game.session().packetKey("ada", then);
  server.bridge.answer("/keys/ada", 200, R"({"packetKey":"short"})");
  ASSERT_EQ(known, 2);
}
