#pragma once
// The API's description, OpenAPI 3.0, made of the route table and the messages' descriptors. Pure.

#include <span>
#include <string>
#include <string_view>

#include "api/http/routes.h"

namespace meepo::api {

/// JSON text; routes that are no API calls are left out.
std::string openapi(std::span<const Route> routes, std::string_view version);

}  // namespace meepo::api
