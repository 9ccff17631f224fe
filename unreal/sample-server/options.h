// What the sample server is started with: command line first, then environment, then the default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sample {

struct Options {
  // Where players send their packets; 0 lets the system choose.
  std::uint16_t port = 0;
  std::string bind = "0.0.0.0";
  std::uint16_t bridgePort = 9358;
  std::string build = "dev";
  // Frames per second.
  int hz = 30;
  // A session that everybody has left ends after this long; one that nobody ever joined, after `noShowSeconds`.
  double emptySeconds = 5;
  double noShowSeconds = 60;
  // A session never lasts longer; 0 for no limit.
  double durationSeconds = 0;
  // Every log line goes here, too; empty for standard output only.
  std::string logFile;
  // Where a crash is written down; empty for nowhere.
  std::string crashDir;
  // A player who is silent for this long is away.
  double silenceSeconds = 10;
};

// Reads one environment variable; null where it is not set.
using Environment = const char* (*)(const char* name);

struct ReadOptions {
  std::optional<Options> options;
  // Every fault at once.
  std::vector<std::string> faults;
};

ReadOptions readOptions(const std::vector<std::string>& arguments, Environment environment);

// For `--help`.
extern const char* const kUsage;

}  // namespace sample
