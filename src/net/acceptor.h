#pragma once
// A TCP listener that hands its connections to a library which makes its own of a descriptor. It goes on accepting when descriptors have
// run out and come back, which gRPC 1.51's own listener does not.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/address.h"

namespace meepo::net {

class Acceptor {
 public:
  struct Options {
    Address address;
    std::string protocol;  ///< named in errors
    std::string flag;      ///< named in errors
  };
  /// A connected socket, non-blocking, without delay; whoever gets it closes it. Called on the acceptor's thread.
  using Accepted = std::function<void(int descriptor)>;

  /// Binds; accepts from start() on. Unavailable: nothing can listen at the address.
  static Result<std::unique_ptr<Acceptor>> bind(const Options& options);
  ~Acceptor();  ///< stop()

  const Address& bound() const;
  void start(Accepted accepted);
  /// Closes the listener; `accepted` is not called any more. Blocks. Twice is fine.
  void stop();

 private:
  class Impl;
  explicit Acceptor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::net
