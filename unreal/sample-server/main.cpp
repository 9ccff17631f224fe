#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>

#include "crash-note.h"
#include "posix-transport.h"
#include "sample-game.h"

namespace {

volatile std::sig_atomic_t stopping = 0;

lifeverse::Millis monotonic() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

const char* environment(const char* name) { return std::getenv(name); }

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    std::fputs(sample::kUsage, stdout);
    return 0;
  }
  const sample::ReadOptions read = sample::readOptions(arguments, environment);
  for (const std::string& fault : read.faults) std::fprintf(stderr, "%s\n", fault.c_str());
  if (!read.options) return 2;

  sample::Log log;
  if (!read.options->logFile.empty() && !log.alsoTo(read.options->logFile)) {
    std::fprintf(stderr, "the log file %s cannot be written\n", read.options->logFile.c_str());
    return 1;
  }
  if (!read.options->crashDir.empty()) sample::writeCrashesTo(read.options->crashDir);
  sample::UdpSocket socket;
  std::string fault;
  const auto port = socket.bind(read.options->bind, read.options->port, fault);
  if (!port) {
    std::fprintf(stderr, "UDP port %u cannot be bound: %s\n", static_cast<unsigned>(read.options->port), fault.c_str());
    return 1;
  }
  std::signal(SIGTERM, [](int) { stopping = 1; });
  std::signal(SIGINT, [](int) { stopping = 1; });
  log.info("listening", lifeverse::Json::object().set("port", *port).set("build", read.options->build));

  std::mt19937_64 random(std::random_device{}());
  const auto luck = [&random] { return std::uniform_real_distribution<double>(0, 1)(random); };
  sample::PosixTransport transport(read.options->bridgePort);
  sample::SampleGame game(*read.options, socket, *port, transport, luck, log);

  const lifeverse::Millis frameMs = 1'000 / read.options->hz;
  lifeverse::Millis next = monotonic();
  while (!game.exitCode()) {
    if (stopping != 0) {
      stopping = 0;
      game.terminate();
    }
    game.tick(monotonic());
    // After a hitch the lost frames are not made up for.
    next = std::max(next + frameMs, monotonic());
    // Between frames only the bridge's answers are taken, so that a session does not wait a frame for each.
    for (lifeverse::Millis left = next - monotonic(); left > 0 && !game.exitCode(); left = next - monotonic()) transport.pump(static_cast<int>(left));
    transport.pump(0);
  }
  return *game.exitCode();
}
