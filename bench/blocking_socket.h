#pragma once
// A blocking TCP connection for load generators: what goes wrong ends the process with a message.

#include <string>
#include <string_view>

namespace meepo::bench {

[[noreturn]] void die(const char* what);
/// @param address  an IPv4 HOST:PORT
int connect_to(const std::string& address);
void send_all(int socket, std::string_view octets);

}  // namespace meepo::bench
