#include <random>

#include "sample-server/http-response-reader.h"
#include "sample-server/options.h"
#include "sample-server/packet-cipher.h"
#include "sample-server/pending-moves.h"
#include "sample-server/replay-window.h"
#include "sample-server/script.h"
#include "sample-server/world-state.h"
#include "spec.h"

using lifeverse::Json;
using namespace sample;

SPEC("move set: equals the set of its numbers, whatever their order") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    MoveSet moves;
    std::vector<bool> known(40);
    for (int i = 0; i < 30; ++i) {
      const auto n = static_cast<std::size_t>(1 + random() % 39);
      CHECK(moves.add(static_cast<std::int64_t>(n)) == !known[n]);
      known[n] = true;
    }
    std::int64_t count = 0;
    for (std::size_t n = 1; n < known.size(); ++n) {
      CHECK(moves.contains(static_cast<std::int64_t>(n)) == known[n]);
      count += known[n] ? 1 : 0;
    }
    CHECK(moves.count() == count);
    CHECK(MoveSet::read(moves.write())->write().write() == moves.write().write());
  }
}

SPEC("world state: snapshot and tail give the world that all entries give") {
  WorldState whole;
  WorldState resumed;
  std::mt19937 random(8);
  for (int i = 1; i <= 300; ++i) {
    const Json entry = WorldState::move("p" + std::to_string(random() % 5), 1 + static_cast<std::int64_t>(random() % 100), static_cast<double>(random() % 50), static_cast<double>(random() % 50));
    whole.apply(entry);
    resumed.apply(entry);
    if (i == 150) resumed = *WorldState::read(resumed.write());
  }
  CHECK(whole.write() == resumed.write() && whole.pickups() > 0 && whole.entities() == 5);
  CHECK(!WorldState::read("{}") && !WorldState::read(R"({"pickups":0,"players":[{"id":"a","x":1,"y":1,"moves":[[3,2]]}]})"));
}

SPEC("pending moves: each is told once as accepted and once as durable, and then forgotten") {
  PendingMoves pending;
  pending.restart(5);
  for (std::int64_t n = 1; n <= 3; ++n) pending.add({5 + n, "ada", n});
  CHECK(pending.accept(7).size() == 2 && pending.accept(7).empty() && pending.accept(6).empty());
  CHECK(pending.isAccepted(*pending.find("ada", 2)) && !pending.isAccepted(*pending.find("ada", 3)));
  const auto durable = pending.settle(6);
  CHECK(durable.size() == 1 && durable[0].n == 1 && pending.find("ada", 1) == nullptr);
  // Durable before it was told as accepted: the acks may come together.
  CHECK(pending.settle(8).size() == 2);
}

SPEC("replay window: each counter once, old ones never") {
  ReplayWindow window;
  CHECK(!window.fresh(0) && window.fresh(1));
  window.mark(1);
  window.mark(5);
  CHECK(!window.fresh(1) && !window.fresh(5) && window.fresh(4));
  window.mark(5'000);
  CHECK(!window.fresh(5'000 - 1'024) && window.fresh(5'000 - 1'023));
  window.mark(5'001);
  CHECK(window.fresh(4'500) && !window.fresh(5'000));
}

SPEC("packet cipher: opens nothing damaged, nothing of its own direction and nothing short") {
  const auto key = readKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  CHECK(key && (*key)[31] == 31);
  CHECK(!readKey("AAEC") && !readKey("!"));
  PacketCipher cipher(*key, Random{}, Random{});
  const std::string sealed = cipher.seal("hello");
  CHECK(sealed.size() == 9 + 5 + 16 && sealed.find("hello") == std::string::npos);
  CHECK(!cipher.open(sealed));
  for (std::size_t length = 0; length < sealed.size(); ++length) CHECK(!cipher.open(sealed.substr(0, length)));
}

SPEC("script: steps come due once, in order; what is no step is passed over") {
  const Json steps = *Json::parse(R"([{"at":2,"do":"crash","unlessRestored":true},{"at":1,"do":"hitch","ms":50},{"at":-1,"do":"end"},{"do":"dance"},7])");
  Script fresh(steps, false);
  CHECK(fresh.due(999).empty());
  const auto both = fresh.due(5'000);
  CHECK(both.size() == 2 && both[0].deed == Deed::Hitch && both[0].ms == 50 && both[1].deed == Deed::Crash);
  CHECK(fresh.due(9'000).empty());
  CHECK(Script(steps, true).due(5'000).size() == 1);
  CHECK(Script(Json("no list"), false).due(1).empty());
}

SPEC("options: the command line wins over the environment, and every fault is told") {
  const Environment environment = [](const char* name) -> const char* { return std::string(name) == "LIFEVERSE_PORT" ? "7000" : nullptr; };
  CHECK(readOptions({}, environment).options->port == 7000);
  CHECK(readOptions({"--port", "7001", "--build=b"}, environment).options->port == 7001);
  CHECK(readOptions({"--port=7001", "--port", "7002"}, environment).options->port == 7002);
  const ReadOptions wrong = readOptions({"--port=70000", "--hz=x", "--what", "--bind"}, environment);
  CHECK(!wrong.options && wrong.faults.size() == 4);
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

SPEC("http: reads a response in pieces of any size: by length, in chunks, to the end") {
  const std::string sized = "HTTP/1.1 503 Away\r\nContent-Length: 5\r\nRetry-After: 2\r\n\r\nhello";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
  const std::string open = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello";
  for (std::size_t piece = 1; piece < 80; ++piece) {
    const auto first = readInPieces(sized, piece, false);
    CHECK(first && first->status == 503 && first->body == "hello" && first->retryAfterMs == 2'000);
    const auto second = readInPieces(chunked, piece, false);
    CHECK(second && second->status == 200 && second->body == "hello");
    const auto third = readInPieces(open, piece, true);
    CHECK(third && third->body == "hello");
  }
}

SPEC("http: what breaks off or is no HTTP is no answer") {
  for (const char* text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"}) {
    CHECK(!readInPieces(text, 7, true));
  }
}
