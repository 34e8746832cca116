#pragma once
// The list of a node's children, kept current over changes, lost connections and expired sessions. Lives on the client's loop.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/zookeeper/client.h"
#include "base/result.h"
#include "base/time.h"
#include "ports/clock.h"

namespace meepo::adapters::zookeeper {

inline constexpr milliseconds kRetryDelay{1'000};  ///< after a request that failed though there is a connection

class ChildrenWatch {
 public:
  using Names = std::vector<std::string>;
  /// Sorted. A node that does not exist has no children; it is watched until it does, and not made. An error: the list could not be
  /// read though there is a connection (Forbidden, Exhausted); the last list holds, it goes on trying and reports the error once.
  using Handler = std::move_only_function<void(const Result<Names>& names)>;

  /// The handler runs for the first list and for each that differs from the one before; while there is no session the last list holds.
  /// Changes that follow each other quickly may come as one. The client must outlive the watch; a handler may destroy it.
  ChildrenWatch(ports::Loop& loop, Client& client, std::string path, Handler handler);
  ~ChildrenWatch();
  ChildrenWatch(const ChildrenWatch&) = delete;
  ChildrenWatch& operator=(const ChildrenWatch&) = delete;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace meepo::adapters::zookeeper
