#pragma once
// What goes wrong in a fault run, drawn from the seed, and the count of what really hit something.

#include <functional>
#include <map>
#include <string>

#include "sim/faults/cluster.h"

namespace meepo::test {

class Faults {
 public:
  Faults(Cluster& cluster, std::uint64_t seed) : cluster_(cluster), random_(seed ^ 0x6661756cULL) {}

  /// Puts faults on the loop from now until `until`; then heal() is called.
  void plan(std::chrono::seconds until);

  const std::map<std::string, std::size_t>& hits() const { return hits_; }
  std::size_t hits_in_all() const;

 private:
  std::uint64_t pick(std::uint64_t below) { return random_.next() % below; }
  milliseconds some_time(std::uint64_t least_ms, std::uint64_t most_ms) { return milliseconds(least_ms + pick(most_ms - least_ms + 1)); }
  void after(milliseconds delay, std::function<void()> work);
  void one();
  void hit(const std::string& name);

  void kill_scheduler();
  void crash_scheduler();
  void stop_scheduler();
  void kill_executor();
  void stop_executor();
  void pause_scheduler();
  void pause_executor();
  void break_connection();
  NodeStore::Decide some_trouble();
  void store_trouble_for_one();
  void store_trouble_for_all();
  void store_away();
  void step_clock();
  void coordination_trouble();
  void network_trouble();
  void heal();

  Cluster& cluster_;
  SeededRandom random_;
  std::map<std::string, std::size_t> hits_;
  bool store_away_ = false;  ///< until the faults are over
  bool over_ = false;
};

}  // namespace meepo::test
