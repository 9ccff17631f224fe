// The core as an engine runs it, on a real bridge. The test that starts this has a game server allocated once it is Ready, with the map
// "arena" and the world "world-1"; it gives the bridge's port, tickets and packet keys by LIVE_… in the environment.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/game-server.h"
#include "sample-server/posix-transport.h"

using namespace lifeverse;

namespace {

std::string given(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Millis monotonic() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Engine final : public GameServerHost {
 public:
  void travel(const std::string& map) override { travelled = map; }
  void restore(const SessionInfo& info, const Restore* world) override { restored = world == nullptr ? "none" : info.world; }
  void joinable(const SessionInfo&) override { isJoinable = true; }
  void noticed(const std::vector<Notice>&) override {}
  void draining(const std::string& reason, Millis left) override {
    drained = reason;
    leftMs = left;
  }
  void ended(const std::string& why, bool clean) override { over = why + (clean ? "" : " (unclean)"); }
  void drop(ConnectionId connection, const std::string& why) override { drops.push_back(std::to_string(connection) + " " + why); }
  void accepted(Seq seq) override { acceptedSeq = seq; }
  void durable(Seq seq) override { durableSeq = seq; }
  std::string capture() override { return "all of it"; }
  void readOnly() override { isReadOnly = true; }
  void refused(const Refusal&) override {}
  void inventoryRefused(const std::string&, const Refusal&) override {}
  void inventoryAccepted(const std::string&, Seq) override {}
  void inventoryDurable(const std::string& player, Seq seq) override { bags[player] = seq; }
  std::string captureInventory(const std::string& player) override { return "bag of " + player; }
  void inventoryReadOnly(const std::string& player) override { lost = player; }

  std::string travelled;
  std::string restored;
  bool isJoinable = false;
  bool isReadOnly = false;
  std::string drained;
  Millis leftMs = -1;
  std::string over;
  std::vector<std::string> drops;
  Seq acceptedSeq = 0;
  Seq durableSeq = 0;
  std::map<std::string, Seq> bags;
  std::string lost;
};

struct Live {
  sample::PosixTransport transport{static_cast<std::uint16_t>(std::atoi(given("LIVE_BRIDGE_PORT").c_str()))};
  Engine engine;
  GameServer game;

  Live() : game(transport, [] { return 0.5; }, engine, options()) {}

  static GameServerOptions options() {
    GameServerOptions out;
    out.session.build = "b1";
    out.session.plugin = "live";
    return out;
  }

  bool until(const std::function<bool()>& met) {
    for (const Millis end = monotonic() + 30'000; monotonic() < end;) {
      transport.pump(10);
      game.tick(monotonic());
      if (met()) return true;
    }
    return false;
  }

  // What is durable of an inventory that is opened now; -1 where it cannot be had.
  Seq open(const std::string& player) {
    Seq durable = -2;
    game.session().saves().openInventory(player, [&durable](const Result<Restore>& result) { durable = result ? result.value->durableSeq : -1; });
    return until([&durable] { return durable != -2; }) ? durable : -2;
  }

  // What PreLogin answers.
  std::string login(const std::string& options) {
    bool done = false;
    std::string refusal;
    game.connections().preLogin(options, [&](const std::string& said) {
      done = true;
      refusal = said;
    });
    return until([&done] { return done; }) ? refusal : "no answer";
  }

  std::optional<PacketKey> key(const std::string& token) {
    bool done = false;
    std::optional<PacketKey> found;
    game.session().packetKey(token, [&](const std::optional<PacketKey>& key) {
      done = true;
      found = key;
    });
    until([&done] { return done; });
    return found;
  }
};

}  // namespace

TEST(Live, AGameServerLivesItsWholeLifeOnARealBridge) {
  Live live;
  Engine& engine = live.engine;
  Connections& connections = live.game.connections();
  live.game.mapStarts();
  live.game.mapStands("/Game/Entry.Entry", 7777, {});
  ASSERT_TRUE(live.until([&] { return !engine.travelled.empty(); }));
  ASSERT_EQ(engine.travelled, "arena");
  live.game.mapStarts();
  live.game.mapStands("/Game/Maps/Arena.Arena", 7777, {});
  ASSERT_TRUE(live.until([&] { return engine.isJoinable; }));
  ASSERT_EQ(engine.restored, "world-1");
  // What the bridge tells from here on, acks, the kick and the drain, comes by the stream.
  ASSERT_TRUE(live.until([&] { return live.game.session().isStreaming(); }));

  // The key comes before the login, for those who have a seat.
  const auto key = live.key("ann");
  ASSERT_TRUE(key && key == decodePacketKey(given("LIVE_KEY_ANN")));
  ASSERT_TRUE(!live.key("nobody") && !live.key("../session"));

  const std::string ann = "?Name=Ann?LifeVerseTicket=" + given("LIVE_TICKET_ANN");
  ASSERT_EQ(live.login("?Name=Eve?LifeVerseTicket=" + given("LIVE_TICKET_FORGED")).rfind("lifeverse:signature: ", 0), 0U);
  ASSERT_EQ(live.login("?Name=Late?LifeVerseTicket=" + given("LIVE_TICKET_EXPIRED")).rfind("lifeverse:expired: ", 0), 0U);
  ASSERT_EQ(live.login(ann), "");
  ASSERT_TRUE(connections.postLogin(1, ann) == Arrival::Seated);
  ASSERT_EQ(live.login("?LifeVerseTicket=" + given("LIVE_TICKET_BOB")), "");
  ASSERT_TRUE(connections.postLogin(2, "?LifeVerseTicket=" + given("LIVE_TICKET_BOB")) == Arrival::Seated);

  // The same player from elsewhere, while the old connection is still there.
  ASSERT_EQ(live.login(ann), "");
  ASSERT_TRUE(connections.postLogin(3, ann) == Arrival::Seated);
  ASSERT_EQ(engine.drops, std::vector<std::string>{"1 lifeverse:replaced: joined from elsewhere"});
  connections.live({2, 3});

  for (int n = 1; n <= 3; ++n) ASSERT_TRUE(live.game.session().saves().addWorld(Json::object().set("n", n)));
  ASSERT_TRUE(live.until([&] { return engine.acceptedSeq == 3 && engine.durableSeq == 3; }));

  // Inventories: one's own entry, a pickup that is the world's too, and a trade.
  Saves& saves = live.game.session().saves();
  ASSERT_TRUE(live.open("nobody") == -1 && live.open("ann") == 0 && live.open("bob") == 0);
  const auto item = [](const char* name) { return Json::object().set("item", name); };
  ASSERT_EQ(saves.addInventory("ann", item("sword")), Seq(1));
  ASSERT_EQ(saves.addWorld(Json::object().set("n", 4), {{"ann", item("gold")}}), Seq(4));
  ASSERT_EQ(saves.addInventory("ann", item("shield")), Seq(3));
  ASSERT_EQ(saves.addInventory("bob", item("thanks"), {{"ann", item("cheese")}}), Seq(1));
  ASSERT_TRUE(live.until([&] { return engine.durableSeq == 4 && engine.bags["ann"] == 4 && engine.bags["bob"] == 1; }));

  // A hard travel: no connection is left, and whoever comes back has the same seat.
  live.game.mapStarts();
  live.game.mapStands("/Game/Maps/Cave", 7777, {});
  ASSERT_EQ(live.login(ann), "");
  ASSERT_TRUE(connections.postLogin(4, ann) == Arrival::Seated && connections.connectionOf("ann") == 4);

  ASSERT_EQ(live.login("?LifeVerseTicket=" + given("LIVE_TICKET_BOB")), "");
  ASSERT_TRUE(connections.postLogin(5, "?LifeVerseTicket=" + given("LIVE_TICKET_BOB")) == Arrival::Seated);
  live.game.session().kick("bob", "rude");
  ASSERT_TRUE(live.until([&] { return engine.drops.size() == 2 && saves.inventory("bob") == nullptr; }));
  ASSERT_EQ(engine.drops[1], "5 lifeverse:kicked: rude");
  // Every ticket for that seat is over.
  const std::string refusal = live.login("?LifeVerseTicket=" + given("LIVE_TICKET_BOB"));
  ASSERT_TRUE(refusal.rfind("lifeverse:kicked: ", 0) == 0 || refusal.rfind("lifeverse:used: ", 0) == 0) << refusal;

  // As a preStop hook says it.
  bool told = false;
  live.transport.send({"POST", "/lifeverse/v1/drain", R"({"reason":"node upgrade","seconds":11})", 5'000}, [&told](const HttpResponse&) { told = true; });
  ASSERT_TRUE(live.until([&] { return told && !engine.drained.empty(); }));
  ASSERT_TRUE(engine.drained == "node upgrade" && engine.leftMs <= 1'000);
  ASSERT_EQ(live.login(ann).rfind("lifeverse:draining: ", 0), 0U);
  ASSERT_TRUE(live.until([&] { return !engine.over.empty(); }));
  ASSERT_EQ(engine.over, "node upgrade");
  ASSERT_TRUE(!engine.isReadOnly && engine.lost.empty());
  ASSERT_EQ(live.transport.streamsOpened(), 1U);
}
