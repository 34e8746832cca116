#include "task/target.h"

namespace meepo {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

std::string service_key(std::string_view interface, std::string_view version, std::string_view group) {
  std::string key;
  key.reserve(interface.size() + version.size() + group.size() + 10);
  key.append("service:").append(interface).append(":").append(version).append(":").append(group);
  return key;
}

std::string target_key(const Target& target) {
  return std::visit(Overloaded{
                        [](const ServiceTarget& service) { return service_key(service.interface, service.version, service.group); },
                        [](const HttpTarget&) { return std::string("http"); },
                        [](const CommandTarget&) { return std::string("command"); },
                    },
                    target);
}

std::string target_label(const Target& target) {
  return std::visit(Overloaded{
                        [](const ServiceTarget& service) { return service.interface + "#" + service.method; },
                        [](const HttpTarget& http) { return http.method + " " + http.url.substr(0, http.url.find_first_of("?#")); },
                        [](const CommandTarget& command) { return command.argv.empty() ? std::string() : command.argv.front(); },
                    },
                    target);
}

}  // namespace meepo
