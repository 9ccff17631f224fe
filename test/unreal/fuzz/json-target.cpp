#include <cmath>

#include "core/json.h"
#include "fuzz/targets.h"

using lifeverse::Json;

// What is read survives being written: as text, and as bytes of UTF-8 without NUL-cuts.
void fuzz::json(std::string_view bytes) {
  std::string fault;
  const auto value = Json::parse(bytes, &fault);
  must(value.has_value() == fault.empty(), "a refusal says why, and only a refusal");
  if (!value) return;
  const std::string once = value->write();
  const auto again = Json::parse(once);
  must(again.has_value(), "what was written is read");
  must(again->write() == once, "writing is stable");
  // A number too large for a double is infinite, which JSON cannot say: it is written as null.
  const bool isInfinite = value->isNumber() && !std::isfinite(value->asDouble());
  must((again->kind() == value->kind() || (isInfinite && again->isNull())) && again->size() == value->size(), "nothing was added or lost");
}
