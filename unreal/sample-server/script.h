// Troubles on demand: what `session.data.script` tells the server to do, so that tests and the demo can see it recover (pure).
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "core/transport.h"

namespace sample {

enum class Deed { Hitch, Hang, Crash, End };

struct ScriptStep {
  // Since the session became joinable.
  lifeverse::Millis atMs = 0;
  Deed deed = Deed::Hitch;
  // Length of a hitch.
  lifeverse::Millis ms = 0;
};

class Script {
 public:
  Script() = default;
  // `unlessRestored`: not on a server that restored a world which was played before, so that it does not crash again.
  // From `[{"at": seconds, "do": "hitch"|"hang"|"crash"|"end", "ms": n, "unlessRestored": true}]`; what is no step is passed over.
  Script(const lifeverse::Json& steps, bool restored);

  // The steps that have become due, each given once.
  std::vector<ScriptStep> due(lifeverse::Millis sincePlaying);

 private:
  std::vector<ScriptStep> steps_;
};

}  // namespace sample
