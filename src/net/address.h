#pragma once
// HOST:PORT as users write it. Pure but for the two functions that say they touch the network stack. Any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meepo::net {

struct Address {
  std::string host;        ///< name or IP address, IPv6 without brackets; never empty
  std::uint16_t port = 0;  ///< 0: any free one

  std::string text() const;  ///< "127.0.0.1:7788", "[::1]:7788"
  friend bool operator==(const Address&, const Address&) = default;
};

/// Reads "127.0.0.1:7788", "localhost:0", "[::1]:7788". InvalidArgument: anything else; the message quotes the text.
Result<Address> parse_address(std::string_view text);

/// The host of "HOST" or "HOST:PORT" as in a Host header, without brackets; empty if it is neither.
std::string_view host_of(std::string_view text);

/// localhost, 127.0.0.0/8 or ::1, as text: no name is looked up.
bool is_loopback(std::string_view host);

/// Why nothing can listen at `address` now, for an error message: tries it, and tells a taken port from an address of another machine.
std::string bind_problem(const Address& address);

}  // namespace meepo::net
