#include "net/listen.h"

#include <fmt/format.h>

namespace meepo::net {

namespace asio = boost::asio;
using asio::ip::tcp;

Result<Address> listen(tcp::acceptor& acceptor, const Address& address, std::string_view protocol, std::string_view flag) {
  const auto refuse = [&](const std::string& why) {
    return fail(Code::Unavailable,
                fmt::format("listen for {} on {}: {}; choose another address with {} HOST:PORT", protocol, address.text(), why, flag));
  };
  boost::system::error_code error;
  tcp::resolver resolver(acceptor.get_executor());
  const auto endpoints = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || endpoints.empty()) return refuse("the host is not known");
  const auto endpoint = endpoints.begin()->endpoint();
  const bool listening = !acceptor.open(endpoint.protocol(), error) && !acceptor.set_option(tcp::acceptor::reuse_address(true), error) &&
                         !acceptor.bind(endpoint, error) && !acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!listening) return refuse(bind_problem(address));
  return Address{.host = address.host, .port = acceptor.local_endpoint(error).port()};
}

}  // namespace meepo::net
