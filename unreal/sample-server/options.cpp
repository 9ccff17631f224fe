#include "options.h"

#include <cstdlib>

namespace sample {

const char* const kUsage =
    "sample-server: a game server on LifeVerse's core\n"
    "  --port N              UDP port of the game; 0 = any     (LIFEVERSE_PORT, 0)\n"
    "  --bind ADDRESS        IPv4 address of the game           (LIFEVERSE_BIND, 0.0.0.0)\n"
    "  --bridge-port N       the bridge on 127.0.0.1            (LIFEVERSE_BRIDGE_PORT, 9358)\n"
    "  --build NAME          build that this server claims      (LIFEVERSE_BUILD, dev)\n"
    "  --hz N                frames per second                  (30)\n"
    "  --empty-seconds N     end when all have left for so long (LIFEVERSE_EMPTY_SECONDS, 5)\n"
    "  --no-show-seconds N   end when nobody came for so long   (LIFEVERSE_NO_SHOW_SECONDS, 60)\n"
    "  --duration-seconds N  end after so long; 0 = never       (LIFEVERSE_DURATION_SECONDS, 0)\n"
    "  --silence-seconds N   a silent player is away            (LIFEVERSE_SILENCE_SECONDS, 10)\n"
    "  --log-file PATH       the log goes there, too            (LIFEVERSE_LOG_FILE)\n"
    "  --crash-dir FOLDER    a crash is written down there      (LIFEVERSE_CRASH_DIR)\n";

namespace {

class Reader {
 public:
  Reader(const std::vector<std::string>& arguments, Environment environment) : arguments_(arguments), environment_(environment) {}

  std::optional<std::string> text(const std::string& flag, const char* variable) {
    known_.push_back(flag);
    // The last one wins, so that a caller can append to arguments that are given.
    for (std::size_t i = arguments_.size(); i-- > 0;) {
      const std::string& argument = arguments_[i];
      if (argument == flag && i + 1 < arguments_.size()) return arguments_[i + 1];
      if (argument.rfind(flag + "=", 0) == 0) return argument.substr(flag.size() + 1);
    }
    if (variable == nullptr) return std::nullopt;
    const char* value = environment_(variable);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  }

  double number(const std::string& flag, const char* variable, double fallback, double least, double most) {
    const auto given = text(flag, variable);
    if (!given) return fallback;
    char* end = nullptr;
    const double value = std::strtod(given->c_str(), &end);
    if (given->empty() || *end != '\0' || !(value >= least) || !(value <= most)) {
      faults.push_back(flag + ": a number from " + std::to_string(static_cast<long>(least)) + " to " + std::to_string(static_cast<long>(most)) +
                       " was expected, not \"" + *given + "\"");
      return fallback;
    }
    return value;
  }

  void refuseUnknown() {
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const std::string flag = arguments_[i].substr(0, arguments_[i].find('='));
      bool known = false;
      for (const std::string& candidate : known_) known = known || candidate == flag;
      if (!known) faults.push_back("unknown argument \"" + arguments_[i] + "\"");
      if (known && arguments_[i] == flag && ++i == arguments_.size()) faults.push_back(flag + ": a value is missing");
    }
  }

  std::vector<std::string> faults;

 private:
  const std::vector<std::string>& arguments_;
  Environment environment_;
  std::vector<std::string> known_;
};

}  // namespace

ReadOptions readOptions(const std::vector<std::string>& arguments, Environment environment) {
  Reader reader(arguments, environment);
  Options options;
  options.port = static_cast<std::uint16_t>(reader.number("--port", "LIFEVERSE_PORT", 0, 0, 65'535));
  options.bind = reader.text("--bind", "LIFEVERSE_BIND").value_or(options.bind);
  options.bridgePort = static_cast<std::uint16_t>(reader.number("--bridge-port", "LIFEVERSE_BRIDGE_PORT", options.bridgePort, 1, 65'535));
  options.build = reader.text("--build", "LIFEVERSE_BUILD").value_or(options.build);
  options.hz = static_cast<int>(reader.number("--hz", nullptr, options.hz, 1, 240));
  options.emptySeconds = reader.number("--empty-seconds", "LIFEVERSE_EMPTY_SECONDS", options.emptySeconds, 0, 86'400);
  options.noShowSeconds = reader.number("--no-show-seconds", "LIFEVERSE_NO_SHOW_SECONDS", options.noShowSeconds, 0, 86'400);
  options.durationSeconds = reader.number("--duration-seconds", "LIFEVERSE_DURATION_SECONDS", options.durationSeconds, 0, 604'800);
  options.silenceSeconds = reader.number("--silence-seconds", "LIFEVERSE_SILENCE_SECONDS", options.silenceSeconds, 1, 3'600);
  options.logFile = reader.text("--log-file", "LIFEVERSE_LOG_FILE").value_or(options.logFile);
  options.crashDir = reader.text("--crash-dir", "LIFEVERSE_CRASH_DIR").value_or(options.crashDir);
  reader.refuseUnknown();
  if (!reader.faults.empty()) return {std::nullopt, reader.faults};
  return {options, {}};
}

}  // namespace sample
