#pragma once
// The Dubbo side of a scheduler's process: the port with the TaskService, and its entry in the registry.

#include <memory>
#include <string>
#include <vector>

#include "api/access/access.h"
#include "api/calls/calls.h"
#include "base/result.h"
#include "base/time.h"

namespace meepo::cli {

struct DubboSettings {
  std::string address;                 ///< HOST:PORT to listen at; empty: no Dubbo port
  std::string registry;                ///< zookeeper://…; empty: callers name the address themselves
  std::string advertise;               ///< HOST[:PORT] to register; empty: see DubboProvider
  std::vector<std::string> anonymous;  ///< rules, api/access/anonymous_rules.h
};

/// Where the Dubbo port is, if --registry is given and --dubbo is not.
inline constexpr const char* kDubboAddressDefault = "127.0.0.1:20881";

class DubboProvider {
 public:
  /// Serves at once. With a registry it is registered as soon as that can be reached, and again after each session: under --dubbo-advertise,
  /// else under the host it is bound to, else (all addresses) under the address that this machine reaches ZooKeeper from.
  /// InvalidArgument: a setting (`field` is its flag), or an address of other machines with neither tokens nor rules. Unavailable: nothing
  /// can listen there.
  static Result<std::unique_ptr<DubboProvider>> start(const DubboSettings& settings, api::Calls& calls, const api::Access& access);
  ~DubboProvider();

  const std::string& bound() const;
  /// Leaves the registry, tells the consumers, answers what is under way (up to `grace`), closes. Blocks. Twice is fine.
  void stop(milliseconds grace);

 private:
  class Impl;
  explicit DubboProvider(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::cli
