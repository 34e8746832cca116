#pragma once
// One fault run: a cluster, its clients and its faults for 20 virtual minutes, then five without faults, then the checks. All of it
// follows from the seed.

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace meepo::test {

struct FaultReport {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;
  std::string invalid;                       ///< not empty: the run did too little to count, and why
  std::map<std::string, std::size_t> faults; ///< that hit something, by kind
  std::size_t tasks = 0;                     ///< acknowledged
  std::size_t calls = 0;                     ///< of targets
  std::size_t requests = 0;                  ///< to the store
  std::uint64_t digest = 0;                  ///< of everything that was seen: equal runs have equal ones

  bool passed() const { return violations.empty() && invalid.empty(); }
};

/// @param trace  told of every event, one line each; nothing: nobody listens
FaultReport run_with_faults(std::uint64_t seed, std::function<void(const std::string&)> trace = {});

}  // namespace meepo::test
