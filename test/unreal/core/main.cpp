// Prints TAP (testanything.org). `--echo-json`: for each line of hex on standard input, the JSON in it written anew, or "no".
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "core/json.h"
#include "spec.h"

namespace {

std::string fromHex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out.push_back(static_cast<char>(std::strtol(hex.substr(i, 2).c_str(), nullptr, 16)));
  return out;
}

int echoJson() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto value = lifeverse::Json::parse(fromHex(line));
    std::cout << (value ? value->write() : "no") << "\n";
  }
  return 0;
}

}  // namespace

int main(int count, char** values) {
  if (count > 1 && std::strcmp(values[1], "--echo-json") == 0) return echoJson();
  int number = 0;
  int failed = 0;
  std::printf("1..%zu\n", spec::all().size());
  for (const spec::Spec& one : spec::all()) {
    const std::string fault = one.run();
    if (!fault.empty()) ++failed;
    std::printf("%sok %d - %s%s%s\n", fault.empty() ? "" : "not ", ++number, one.sentence, fault.empty() ? "" : " # ", fault.c_str());
    std::fflush(stdout);
  }
  return failed == 0 ? 0 : 1;
}
