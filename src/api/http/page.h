#pragma once
// The front page until the console exists: plain HTML, no script. Pure.

#include <string>
#include <string_view>

#include "meepo/v1/admin_service.pb.h"
#include "net/http_message.h"

namespace meepo::api {

/// @param host    of the request, for the curl command     @param counts  nullptr: not shown (the caller is not known)
net::HttpResponse front_page(std::string_view host, std::string_view version, const v1::CountsResponse* counts);

}  // namespace meepo::api
