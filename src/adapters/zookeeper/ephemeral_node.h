#pragma once
// An ephemeral node that is kept: made when there is a session, and made again by each new one. Lives on the client's loop.

#include <functional>
#include <memory>
#include <string>

#include "adapters/zookeeper/client.h"
#include "base/result.h"
#include "ports/clock.h"

namespace meepo::adapters::zookeeper {

class EphemeralNode {
 public:
  /// OK: the node is there and belongs to this session. An error: it could not be made; it goes on trying, and reports the error once
  /// until something else happens.
  using Handler = std::move_only_function<void(const Result<void>& made)>;

  /// Makes missing parents. What another session left under the same path (this process before a crash) is deleted and made anew, so
  /// that it does not vanish when that session ends. The client must outlive the node; a handler may destroy it.
  EphemeralNode(ports::Loop& loop, Client& client, std::string path, std::string data, Handler handler);
  /// Without release() the node stays until the session ends.
  ~EphemeralNode();
  EphemeralNode(const EphemeralNode&) = delete;
  EphemeralNode& operator=(const EphemeralNode&) = delete;

  /// Deletes the node and makes it no more; `done` runs once it is gone (OK also if it was not there), or with Unavailable or Unknown
  /// when the connection is lost, and not at all if this object is destroyed first. Once; the handler does not run afterwards.
  void release(Client::Done<void> done);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace meepo::adapters::zookeeper
