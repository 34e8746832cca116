#pragma once
// Requests and responses as the HTTP server hands them out and takes them: plain values, no library's types.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/uri.h"

namespace meepo::net {

struct HttpRequest {
  std::string method;                                        ///< upper case
  std::string path;                                          ///< decoded (uri.h)
  Query query;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in the order sent
  std::string body;
  std::string remote;                                        ///< "127.0.0.1:53422"

  /// The first header of this lower-case name; empty if there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside Content-Type, Content-Length and Connection
};

/// {"code", "message", "field"}: the one form of every error that this server or its handlers answer.
HttpResponse http_error(int status, std::string_view code, std::string_view message, std::string_view field = {});

}  // namespace meepo::net
