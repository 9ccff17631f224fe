// What is fuzzed: every parser that meets bytes from outside the process. A target takes any bytes, and checks what must hold of them.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

void json(std::string_view bytes);
void answers(std::string_view bytes);
void options(std::string_view bytes);
void http(std::string_view bytes);
void packets(std::string_view bytes);
void frames(std::string_view bytes);

// Stops the process where something that must hold does not, so that every kind of run sees it.
inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace fuzz
