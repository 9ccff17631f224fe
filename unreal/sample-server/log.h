// One JSON line per event on standard output, and in a file where one is given. Messages are constant; data goes into fields. No tickets, keys or players.
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

 public:
  // False where the file cannot be written.
  bool alsoTo(const std::string& path) {
    file_ = std::fopen(path.c_str(), "a");
    return file_ != nullptr;
  }

 private:
  void line(const char* level, const char* message, lifeverse::Json fields) {
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
    const std::string text = out.write();
    std::puts(text.c_str());
    std::fflush(stdout);
    if (file_ == nullptr) return;
    std::fprintf(file_, "%s\n", text.c_str());
    std::fflush(file_);
  }

  std::FILE* file_ = nullptr;
};

}  // namespace sample
