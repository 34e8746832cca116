#include "net/http_message.h"

#include "base/text.h"

namespace meepo::net {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

HttpResponse http_error(int status, std::string_view code, std::string_view message, std::string_view field) {
  HttpResponse response{.status = status, .body = "{\"code\":", .headers = {}};
  append_json_string(response.body, code);
  response.body += ",\"message\":";
  append_json_string(response.body, message);
  response.body += ",\"field\":";
  append_json_string(response.body, field);
  response.body += "}\n";
  return response;
}

}  // namespace meepo::net
