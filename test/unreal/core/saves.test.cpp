#include "core/saves.h"

#include <gtest/gtest.h>

#include "session-rig.h"

using namespace lifeverse;
using namespace session_rig;

namespace {

// To Playing, with ada's inventory open, of which 2 entries are durable.
struct Bags : Rig {
  bool open(const std::string& player = "ada", Seq durable = 2) {
    bool loaded = false;
    session.saves().openInventory(player, [&loaded](const Result<Restore>& result) { loaded = static_cast<bool>(result); });
    const bool asked = bridge.answer("/inventories/" + player, 200,
                                     R"({"playerId":")" + player + R"(","durableSeq":)" + std::to_string(durable) + R"(,"snapshot":{"seq":)" +
                                         std::to_string(durable) + R"(,"data":"old"},"entries":[]})");
    return asked && loaded;
  }
  bool ack(const std::string& path, Seq accepted, Seq durable, bool readOnly = false) {
    run(40);
    return bridge.answer(path, 200, R"({"accepted":)" + std::to_string(accepted) + R"(,"durable":)" + std::to_string(durable) +
                                        (readOnly ? R"(,"readOnly":true})" : R"(,"readOnly":false})"));
  }
  const JournalLink* ada() { return session.saves().inventory("ada"); }
};

}  // namespace

TEST(Saves, AnInventoryIsHadAndGoesOnFromWhatIsDurableWithTwoAcks) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open());
  ASSERT_EQ(rig.session.saves().addInventory("ada", Json::object().set("sword", 1)), Seq(3));
  rig.run(40);
  ASSERT_EQ(*rig.bridge.bodyOf("/inventories/ada/entries"), R"({"entries":[{"seq":3,"data":{"sword":1}}]})");
  ASSERT_TRUE(rig.ack("/inventories/ada/entries", 3, 2));
  ASSERT_TRUE(rig.game.inventoryAcks["ada"].accepted == 3 && rig.game.inventoryAcks["ada"].durable == 0);
  rig.bridge.answer("/acks", 200, acks(5, 5, R"({"playerId":"ada","accepted":3,"durable":3,"readOnly":false})"));
  ASSERT_EQ(rig.game.inventoryAcks["ada"].durable, 3);
}

TEST(Saves, AnEntryThatIsNeverKeptIsToldOnceBeforeItsPlaceIsDurable) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open());
  for (int i = 0; i < 3; ++i) rig.session.saves().addWorld(Json::object());
  rig.session.saves().addInventory("ada", Json::object());
  rig.run(40);
  const std::string seven = R"({"seq":7,"code":"input_invalid","detail":"no"})";
  // Of a number that was never given nothing is told.
  const std::string strange = R"({"seq":99,"code":"c","detail":"d"})";
  const auto said = [&](const std::string& version, Seq durable) {
    return R"({"version":")" + version + R"(","world":{"accepted":8,"durable":)" + std::to_string(durable) + R"(,"readOnly":false,"refused":[)" + seven + "," +
           strange + R"(]},"inventories":[{"playerId":"ada","accepted":3,"durable":3,"readOnly":false,"refused":[{"seq":3}]}]})";
  };
  ASSERT_TRUE(rig.ack("/world/entries", 8, 6));
  rig.bridge.answer("/acks", 200, said("a", 8));
  rig.run(40);
  rig.bridge.answer("/acks", 200, said("b", 8));
  ASSERT_EQ(rig.game.refusals, (std::vector<std::string>{"7 input_invalid at 6", "ada 3"}));
  ASSERT_TRUE(rig.game.durableSeq == 8 && !rig.game.isReadOnly);
}

TEST(Saves, NothingIsTakenForAnInventoryThatIsNotOpenLostOrCameWithAGap) {
  Bags rig;
  ASSERT_TRUE(rig.play());
  ASSERT_TRUE(!rig.session.saves().addInventory("ada", Json::object()));
  std::string code;
  rig.session.saves().openInventory("ada", [&code](const Result<Restore>& result) { code = result.failure.code; });
  rig.bridge.answer("/inventories/ada", 200, R"({"playerId":"ada","durableSeq":2,"entries":[{"seq":2,"data":{}}]})");
  ASSERT_TRUE(code == "inventory_gap" && rig.ada() == nullptr);
  ASSERT_TRUE(rig.open());
  rig.session.saves().openInventory("ada", [&code](const Result<Restore>& result) { code = result.failure.code; });
  ASSERT_EQ(code, "inventory_open");
  rig.bridge.answer("/acks", 200, acks(5, 5, R"({"playerId":"ada","accepted":2,"durable":2,"readOnly":true})"));
  ASSERT_TRUE(rig.game.inventoryAcks["ada"].readOnly && !rig.session.saves().addInventory("ada", Json::object()));
  // The world is not concerned.
  ASSERT_TRUE(!rig.game.isReadOnly && rig.session.saves().addWorld(Json::object()));
}

TEST(Saves, APickupIsOneEntryOfWorldAndInventoryInTheOrderInWhichBothWereAdded) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open());
  ASSERT_EQ(rig.session.saves().addInventory("ada", Json::object().set("n", 1)), Seq(3));
  ASSERT_EQ(rig.session.saves().addWorld(Json::object().set("taken", 7), {{"ada", Json::object().set("gold", 7)}}), Seq(6));
  ASSERT_EQ(rig.session.saves().addInventory("ada", Json::object().set("n", 2)), Seq(5));
  rig.run(40);
  // The world's entry waits for what is before its share.
  ASSERT_TRUE(!rig.bridge.isOpen("/world/entries"));
  ASSERT_EQ(*rig.bridge.bodyOf("/inventories/ada/entries"), R"({"entries":[{"seq":3,"data":{"n":1}}]})");
  ASSERT_TRUE(rig.ack("/inventories/ada/entries", 3, 2));
  rig.run(40);
  ASSERT_EQ(*rig.bridge.bodyOf("/world/entries"), R"({"entries":[{"seq":6,"data":{"taken":7},"inventories":[{"playerId":"ada","seq":4,"data":{"gold":7}}]}]})");
  ASSERT_TRUE(!rig.bridge.isOpen("/inventories/ada/entries"));
  ASSERT_TRUE(rig.ack("/world/entries", 6, 5));
  rig.run(40);
  ASSERT_EQ(*rig.bridge.bodyOf("/inventories/ada/entries"), R"({"entries":[{"seq":5,"data":{"n":2}}]})");
}

TEST(Saves, ATradeIsAllOrNothing) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open() && rig.open("bob", 9));
  const Json gold = Json::object().set("gold", 1);
  // Nothing is numbered for an entry that is not taken: itself, twice the same, nobody, too large.
  Saves& saves = rig.session.saves();
  ASSERT_TRUE(!saves.addInventory("ada", gold, {{"ada", gold}}) && !saves.addInventory("ada", gold, {{"bob", gold}, {"bob", gold}}));
  ASSERT_TRUE(!saves.addInventory("ada", gold, {{"bob", gold}, {"eve", gold}}));
  ASSERT_TRUE(!saves.addInventory("ada", Json::object().set("x", std::string(70'000, 'x')), {{"bob", gold}}));
  ASSERT_TRUE(rig.ada()->journal().last() == 2 && saves.inventory("bob")->journal().last() == 9);
  ASSERT_EQ(saves.addInventory("ada", gold, {{"bob", gold}}), Seq(3));
  ASSERT_EQ(saves.inventory("bob")->journal().last(), 10);
}

TEST(Saves, ABridgeThatLostItsDiskGetsEveryJournalAgainFromWhatIsDurable) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open());
  rig.session.saves().addWorld(Json::object(), {{"ada", Json::object()}});
  rig.session.saves().addInventory("ada", Json::object());
  ASSERT_TRUE(rig.ack("/world/entries", 6, 5) && rig.ack("/inventories/ada/entries", 4, 2));
  rig.session.saves().addInventory("ada", Json::object());
  rig.run(40);
  ASSERT_TRUE(rig.bridge.answer("/inventories/ada/entries", 409, R"({"code":"sequence_gap","detail":"3 was expected"})"));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.bodyOf("/world/entries")->find(R"("seq":6)") != std::string::npos && !rig.bridge.isOpen("/inventories/ada/entries"));
  ASSERT_TRUE(rig.ack("/world/entries", 6, 5));
  rig.run(40);
  ASSERT_EQ(*rig.bridge.bodyOf("/inventories/ada/entries"), R"({"entries":[{"seq":4,"data":{}},{"seq":5,"data":{}}]})");
}

TEST(Saves, WhoLeavesIsToldOfAfterTheirLastEntriesAndTheirLastSnapshotFollows) {
  Bags rig;
  ASSERT_TRUE(rig.play());
  rig.session.admit("t", [](const Result<Verdict>&) {});
  rig.bridge.answer("/admit", 200, R"({"admitted":true,"seat":{"playerId":"ada","role":"player","state":"admitted"},"packetKey":"k","connection":1})");
  ASSERT_TRUE(rig.open());
  rig.session.saves().addInventory("ada", Json::object());
  rig.session.leave("ada", 1, false, nullptr);
  ASSERT_TRUE(!rig.bridge.isOpen("/seats/ada/leave") && rig.ada() == nullptr);
  // Back at once: what is durable is asked for when all of it is.
  bool back = false;
  rig.session.saves().openInventory("ada", [&back](const Result<Restore>& result) { back = result && result.value->durableSeq == 3; });
  ASSERT_TRUE(rig.ack("/inventories/ada/entries", 3, 2));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.isOpen("/seats/ada/leave?connection=1") && !rig.bridge.isOpen("/inventories/ada/snapshot"));
  rig.bridge.answer("/acks", 200, acks(5, 5, R"({"playerId":"ada","accepted":3,"durable":3,"readOnly":false})"));
  rig.run(40);
  ASSERT_EQ(*rig.bridge.bodyOf("/inventories/ada/snapshot"), R"({"seq":3,"data":"inventory of ada"})");
  ASSERT_TRUE(!back && rig.bridge.answer("/inventories/ada/snapshot", 200, "{}"));
  rig.run(40);
  ASSERT_TRUE(rig.bridge.answer("/inventories/ada", 200, R"({"playerId":"ada","durableSeq":3,"snapshot":{"seq":3,"data":"inventory of ada"},"entries":[]})"));
  ASSERT_TRUE(back && rig.ada() != nullptr);
}

TEST(Saves, TheLastSnapshotIsOfAllAlsoWhereAnOlderOneIsStillOnItsWayAndTheGameIsNotAskedAfterwards) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open());
  for (int i = 0; i < 3; ++i) rig.session.saves().addInventory("ada", Json::object());
  ASSERT_TRUE(rig.ack("/inventories/ada/entries", 5, 5));
  rig.run(40);
  ASSERT_EQ(Json::parse(*rig.bridge.bodyOf("/inventories/ada/snapshot"))->at("seq").asInt(), 5);
  rig.session.saves().addInventory("ada", Json::object());
  rig.session.saves().closeInventory("ada");
  rig.game.captures = 0;
  ASSERT_TRUE(rig.ack("/inventories/ada/entries", 6, 6) && rig.bridge.answer("/inventories/ada/snapshot", 200, "{}"));
  rig.run(40);
  ASSERT_EQ(Json::parse(*rig.bridge.bodyOf("/inventories/ada/snapshot"))->at("seq").asInt(), 6);
  rig.bridge.answer("/inventories/ada/snapshot", 200, "{}");
  rig.run(40);
  ASSERT_TRUE(rig.game.captures == 0 && rig.session.saves().accepted("ada") && rig.session.saves().settled());
}

TEST(Saves, AnInventoryThatIsTakenByAnotherSessionHoldsUpNeitherLeaveNorEnd) {
  Bags rig;
  ASSERT_TRUE(rig.play() && rig.open());
  rig.session.saves().addInventory("ada", Json::object());
  rig.run(40);
  rig.bridge.answer("/inventories/ada/entries", 409, R"({"code":"inventory_fenced","detail":"another has it"})");
  ASSERT_TRUE(rig.game.inventoryAcks["ada"].readOnly);
  rig.session.end("over");
  rig.run(100);
  ASSERT_TRUE(rig.bridge.isOpen("/end"));
}
