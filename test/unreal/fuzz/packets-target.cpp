#include "core/json.h"
#include "fuzz/targets.h"
#include "sample-server/packets.h"
#include "sample-server/script.h"
#include "sample-server/world-state.h"

using namespace sample;

// What comes by UDP, and what a client of the allocator or an old snapshot may say.
void fuzz::packets(std::string_view bytes) {
  const auto hello = readHello(bytes);
  must(!hello || (!hello->player.empty() && hello->player.size() <= 128), "a hello names somebody");
  PacketCipher cipher(Key{}, Random{}, Random{});
  must(!cipher.open(bytes), "nothing opens that was not sealed by this key");
  const std::string text(bytes);
  if (const auto world = WorldState::read(text)) must(WorldState::read(world->write())->write() == world->write(), "a world survives being written");
  if (const auto json = lifeverse::Json::parse(bytes)) {
    Script(*json, false).due(1'000'000'000);
    WorldState world;
    world.apply(*json);
    must(world.entities() <= 1, "an entry moves one player at most");
  }
}
