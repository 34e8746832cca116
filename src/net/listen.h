#pragma once
// Opens a TCP listener at an address as users write it.

#include <boost/asio/ip/tcp.hpp>

#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"

namespace meepo::net {

/// How long a listener waits after an accept that failed because no file descriptor was left.
inline constexpr milliseconds kAcceptPause{100};

/// Binds `acceptor` and listens; the answer has the port that was bound. Unavailable: nothing can listen there; the message names
/// `protocol` ("HTTP"), the address, the reason and `flag`.
Result<Address> listen(boost::asio::ip::tcp::acceptor& acceptor, const Address& address, std::string_view protocol, std::string_view flag);

}  // namespace meepo::net
