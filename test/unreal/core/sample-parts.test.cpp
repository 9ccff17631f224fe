#include <gtest/gtest.h>

#include <random>

#include "sample-server/http-response-reader.h"
#include "sample-server/options.h"
#include "sample-server/packet-cipher.h"
#include "sample-server/pending-moves.h"
#include "sample-server/replay-window.h"
#include "sample-server/script.h"
#include "sample-server/world-state.h"

using lifeverse::Json;
using namespace sample;

TEST(MoveSet, EqualsTheSetOfItsNumbersWhateverTheirOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    MoveSet moves;
    std::vector<bool> known(40);
    for (int i = 0; i < 30; ++i) {
      const auto n = static_cast<std::size_t>(1 + random() % 39);
      ASSERT_TRUE(moves.add(static_cast<std::int64_t>(n)) == !known[n]);
      known[n] = true;
    }
    std::int64_t count = 0;
    for (std::size_t n = 1; n < known.size(); ++n) {
      ASSERT_TRUE(moves.contains(static_cast<std::int64_t>(n)) == known[n]);
      count += known[n] ? 1 : 0;
    }
    ASSERT_TRUE(moves.count() == count);
    ASSERT_TRUE(MoveSet::read(moves.write())->write().write() == moves.write().write());
  }
}

TEST(WorldState, SnapshotAndTailGiveTheWorldThatAllEntriesGive) {
  WorldState whole;
  WorldState resumed;
  std::mt19937 random(8);
  for (int i = 1; i <= 300; ++i) {
    const Json entry = WorldState::move("p" + std::to_string(random() % 5), 1 + static_cast<std::int64_t>(random() % 100), static_cast<double>(random() % 50), static_cast<double>(random() % 50));
    whole.apply(entry);
    resumed.apply(entry);
    if (i == 150) resumed = *WorldState::read(resumed.write());
  }
  ASSERT_TRUE(whole.write() == resumed.write() && whole.pickups() > 0 && whole.entities() == 5);
  ASSERT_TRUE(!WorldState::read("{}") && !WorldState::read(R"({"pickups":0,"players":[{"id":"a","x":1,"y":1,"moves":[[3,2]]}]})"));
}

TEST(PendingMoves, EachIsToldOnceAsAcceptedAndOnceAsDurableAndThenForgotten) {
  PendingMoves pending;
  pending.restart(5);
  for (std::int64_t n = 1; n <= 3; ++n) pending.add({5 + n, "ada", n});
  ASSERT_TRUE(pending.accept(7).size() == 2 && pending.accept(7).empty() && pending.accept(6).empty());
  ASSERT_TRUE(pending.isAccepted(*pending.find("ada", 2)) && !pending.isAccepted(*pending.find("ada", 3)));
  const auto durable = pending.settle(6);
  ASSERT_TRUE(durable.size() == 1 && durable[0].n == 1 && pending.find("ada", 1) == nullptr);
  // Durable before it was told as accepted: the acks may come together.
  ASSERT_TRUE(pending.settle(8).size() == 2);
}

TEST(ReplayWindow, EachCounterOnceOldOnesNever) {
  ReplayWindow window;
  ASSERT_TRUE(!window.fresh(0) && window.fresh(1));
  window.mark(1);
  window.mark(5);
  ASSERT_TRUE(!window.fresh(1) && !window.fresh(5) && window.fresh(4));
  window.mark(5'000);
  ASSERT_TRUE(!window.fresh(5'000 - 1'024) && window.fresh(5'000 - 1'023));
  window.mark(5'001);
  ASSERT_TRUE(window.fresh(4'500) && !window.fresh(5'000));
}

TEST(PacketCipher, OpensNothingDamagedNothingOfItsOwnDirectionAndNothingShort) {
  const auto key = lifeverse::decodePacketKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  ASSERT_TRUE(key && (*key)[31] == 31);
  PacketCipher cipher(*key, Random{}, Random{});
  const std::string sealed = cipher.seal("hello");
  ASSERT_TRUE(sealed.size() == 9 + 5 + 16 && sealed.find("hello") == std::string::npos);
  ASSERT_TRUE(!cipher.open(sealed));
  for (std::size_t length = 0; length < sealed.size(); ++length) ASSERT_TRUE(!cipher.open(sealed.substr(0, length)));
}

TEST(Script, StepsComeDueOnceInOrderWhatIsNoStepIsPassedOver) {
  const Json steps = *Json::parse(R"([{"at":2,"do":"crash","unlessRestored":true},{"at":1,"do":"hitch","ms":50},{"at":-1,"do":"end"},{"do":"dance"},7])");
  Script fresh(steps, false);
  ASSERT_TRUE(fresh.due(999).empty());
  const auto both = fresh.due(5'000);
  ASSERT_TRUE(both.size() == 2 && both[0].deed == Deed::Hitch && both[0].ms == 50 && both[1].deed == Deed::Crash);
  ASSERT_TRUE(fresh.due(9'000).empty());
  ASSERT_TRUE(Script(steps, true).due(5'000).size() == 1);
  ASSERT_TRUE(Script(Json("no list"), false).due(1).empty());
}

TEST(Options, TheCommandLineWinsOverTheEnvironmentAndEveryFaultIsTold) {
  const Environment environment = [](const char* name) -> const char* { return std::string(name) == "LIFEVERSE_PORT" ? "7000" : nullptr; };
  ASSERT_TRUE(readOptions({}, environment).options->port == 7000);
  ASSERT_TRUE(readOptions({"--port", "7001", "--build=b"}, environment).options->port == 7001);
  ASSERT_TRUE(readOptions({"--port=7001", "--port", "7002"}, environment).options->port == 7002);
  const ReadOptions wrong = readOptions({"--port=70000", "--hz=x", "--what", "--bind"}, environment);
  ASSERT_TRUE(!wrong.options && wrong.faults.size() == 4);
}

static std::optional<lifeverse::HttpResponse> readInPieces(const std::string& text, std::size_t piece, bool closes) {
  HttpResponseReader reader;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto state = reader.feed(std::string_view(text).substr(at, piece));
    if (state == HttpResponseReader::State::Complete) return reader.response();
    if (state == HttpResponseReader::State::Broken) return std::nullopt;
  }
  if (closes && reader.close() == HttpResponseReader::State::Complete) return reader.response();
  return std::nullopt;
}

TEST(Http, ReadsAResponseInPiecesOfAnySizeByLengthInChunksToTheEnd) {
  const std::string sized = "HTTP/1.1 503 Away\r\nContent-Length: 5\r\nRetry-After: 2\r\n\r\nhello";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
  const std::string open = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello";
  for (std::size_t piece = 1; piece < 80; ++piece) {
    const auto first = readInPieces(sized, piece, false);
    ASSERT_TRUE(first && first->status == 503 && first->body == "hello" && first->retryAfterMs == 2'000);
    const auto second = readInPieces(chunked, piece, false);
    ASSERT_TRUE(second && second->status == 200 && second->body == "hello");
    const auto third = readInPieces(open, piece, true);
    ASSERT_TRUE(third && third->body == "hello");
  }
}

TEST(Http, WhatBreaksOffOrIsNoHTTPIsNoAnswer) {
  for (const char* text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"}) {
    ASSERT_TRUE(!readInPieces(text, 7, true));
  }
}
