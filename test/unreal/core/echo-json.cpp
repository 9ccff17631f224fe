// For each line of hex on standard input: the JSON in it written anew, or "no".
#include <cstdlib>
#include <iostream>

#include "core/json.h"

namespace {

std::string fromHex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out.push_back(static_cast<char>(std::strtol(hex.substr(i, 2).c_str(), nullptr, 16)));
  return out;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto value = lifeverse::Json::parse(fromHex(line));
    std::cout << (value ? value->write() : "no") << "\n";
  }
}
