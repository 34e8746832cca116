// Any bytes as the target of an HTTP request: refused with a message, or taken apart; then at most one route of a method is meant, and
// its query fills a request or is refused with a message.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string_view>

#include "api/http/json_read.h"
#include "api/http/routes.h"
#include "meepo/v1/task_service.pb.h"
#include "net/uri.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meepo;
  const auto uri = net::parse_uri(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!uri) {
    check(uri.error().code == Code::InvalidArgument && !uri.error().message.empty());
    return 0;
  }
  check(uri->path.starts_with('/'));
  std::map<std::string_view, int> meant;
  for (const auto& route : api::call_routes()) {
    const auto id = api::match(route.pattern, uri->path);
    if (!id) continue;
    check(id->find('/') == std::string::npos && id->find(':') == std::string::npos);
    check(++meant[route.method] == 1);
  }
  v1::ListTasksRequest request;
  for (const auto& [name, value] : uri->query) {
    if (const auto read = api::read_parameter(name, value, request); !read) check(!read.error().message.empty());
  }
  return 0;
}
