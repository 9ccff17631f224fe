// Fuzzing without a fuzzer: every seed as it is, then mutations of seeds, the same ones each time. Finds less than libFuzzer does, but runs
// with every compiler and in every `make test`.  bounded-run SEEDS-FOLDER ROUNDS
#include <dirent.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets.h"

namespace {

struct Target {
  const char* name;
  void (*run)(std::string_view);
};

constexpr Target kTargets[] = {{"json", fuzz::json}, {"answers", fuzz::answers}, {"options", fuzz::options}, {"http", fuzz::http}, {"packets", fuzz::packets},
                              {"frames", fuzz::frames}};

// xorshift64*: the same on every platform, which the standard's distributions are not.
class Luck {
 public:
  std::size_t below(std::size_t limit) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::size_t>((state_ * UINT64_C(2685821657736338717)) >> 33) % limit;
  }

 private:
  std::uint64_t state_ = UINT64_C(0x9E3779B97F4A7C15);
};

std::vector<std::string> seedsIn(const std::string& folder) {
  std::vector<std::string> names;
  if (DIR* open = ::opendir(folder.c_str())) {
    while (const dirent* entry = ::readdir(open)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(open);
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> seeds;
  for (const std::string& name : names) {
    std::ifstream file(folder + "/" + name, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

std::string mutated(std::string text, const std::vector<std::string>& seeds, Luck& luck) {
  for (std::size_t hits = 1 + luck.below(4); hits > 0; --hits) {
    const std::size_t at = luck.below(text.size() + 1);
    const std::string& other = seeds[luck.below(seeds.size())];
    switch (luck.below(6)) {
      case 0: if (at < text.size()) text[at] = static_cast<char>(luck.below(256)); break;
      case 1: if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << luck.below(8))); break;
      case 2: text.erase(std::min(at, text.size()), 1 + luck.below(8)); break;
      case 3: text.insert(at, 1, "{}[]\",:\\0-9.eE?=#% \r\n\t"[luck.below(23)]); break;
      case 4: text.insert(at, other.substr(luck.below(other.size() + 1), luck.below(24))); break;
      // The head of one and the tail of another.
      default: text = text.substr(0, at) + other.substr(luck.below(other.size() + 1)); break;
    }
  }
  return text;
}

}  // namespace

int main(int count, char** values) {
  if (count != 3) return 2;
  const long rounds = std::strtol(values[2], nullptr, 10);
  for (const Target& target : kTargets) {
    const auto seeds = seedsIn(std::string(values[1]) + "/" + target.name);
    if (seeds.empty()) {
      std::fprintf(stderr, "no seeds for %s\n", target.name);
      return 1;
    }
    for (const std::string& seed : seeds) target.run(seed);
    Luck luck;
    for (long round = 0; round < rounds; ++round) target.run(mutated(seeds[luck.below(seeds.size())], seeds, luck));
    std::printf("%s: %zu seeds, %ld mutations\n", target.name, seeds.size(), rounds);
  }
}
