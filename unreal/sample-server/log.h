// One JSON line per event on standard output. Messages are constant; data goes into fields. No tickets, keys or players.
#pragma once

#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include "core/json.h"

namespace sample {

class Log {
 public:
  void info(const char* message, lifeverse::Json fields = lifeverse::Json::object()) { line("info", message, std::move(fields)); }
  void warn(const char* message, lifeverse::Json fields = lifeverse::Json::object()) { line("warn", message, std::move(fields)); }

 private:
  static void line(const char* level, const char* message, lifeverse::Json fields) {
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    char day[32];
    char time[48];
    std::tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(time, sizeof time, "%s.%03ldZ", day, now.tv_nsec / 1'000'000);
    lifeverse::Json out = lifeverse::Json::object();
    out.set("timestamp", time).set("level", level).set("service", "sample-server").set("message", message);
    for (std::size_t i = 0; i < fields.size(); ++i) out.set(fields.key(i), fields.item(i));
    std::puts(out.write().c_str());
    std::fflush(stdout);
  }
};

}  // namespace sample
