// Just enough of a test framework: SPEC("a sentence") { CHECK(...); } registers and runs; a failed CHECK ends its spec.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace spec {

struct Spec {
  const char* sentence;
  // Empty: it held. Otherwise what did not hold, and where.
  std::function<std::string()> run;
};

inline std::vector<Spec>& all() {
  static std::vector<Spec> specs;
  return specs;
}

struct Register {
  Register(const char* sentence, void (*body)(std::string&)) {
    all().push_back({sentence, [body] {
                       std::string fault;
                       body(fault);
                       return fault;
                     }});
  }
};

}  // namespace spec

#define SPEC_JOIN_(a, b) a##b
#define SPEC_NAME_(a, b) SPEC_JOIN_(a, b)
#define SPEC(sentence)                                                                          \
  static void SPEC_NAME_(body, __LINE__)(std::string & fault);                                  \
  static const spec::Register SPEC_NAME_(entry, __LINE__)(sentence, SPEC_NAME_(body, __LINE__)); \
  static void SPEC_NAME_(body, __LINE__)([[maybe_unused]] std::string & fault)

#define CHECK(condition)                                                                   \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      fault = std::string(#condition) + " (" + __FILE__ + ":" + std::to_string(__LINE__) + ")"; \
      return;                                                                              \
    }                                                                                      \
  } while (false)
