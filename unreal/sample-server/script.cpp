#include "script.h"

#include <algorithm>
#include <optional>

namespace sample {

namespace {

std::optional<Deed> deedOf(const std::string& name) {
  if (name == "hitch") return Deed::Hitch;
  if (name == "hang") return Deed::Hang;
  if (name == "crash") return Deed::Crash;
  if (name == "end") return Deed::End;
  return std::nullopt;
}

}  // namespace

Script::Script(const lifeverse::Json& steps, bool restored) {
  for (const lifeverse::Json& item : steps.items()) {
    const auto deed = deedOf(item.at("do").asString());
    const double at = item.at("at").asDouble(-1);
    const double ms = item.at("ms").asDouble(0);
    if (!deed || !(at >= 0 && at <= 604'800) || !(ms >= 0 && ms <= 600'000)) continue;
    if (item.at("unlessRestored").asBool() && restored) continue;
    steps_.push_back({static_cast<lifeverse::Millis>(at * 1'000), *deed, static_cast<lifeverse::Millis>(ms)});
  }
}

std::vector<ScriptStep> Script::due(lifeverse::Millis sincePlaying) {
  std::stable_sort(steps_.begin(), steps_.end(), [](const ScriptStep& a, const ScriptStep& b) { return a.atMs < b.atMs; });
  const auto later = std::find_if(steps_.begin(), steps_.end(), [sincePlaying](const ScriptStep& step) { return step.atMs > sincePlaying; });
  std::vector<ScriptStep> now(steps_.begin(), later);
  steps_.erase(steps_.begin(), later);
  return now;
}

}  // namespace sample
