#include "json.h"

#include "api/http/json_read.h"
#include "api/http/json_write.h"

namespace meepo::cli {

std::string to_json(const google::protobuf::Message& message) {
  std::string text;
  api::write_json(message, text);
  return text;
}

Result<v1::TaskSpec> spec_from_json(std::string_view text) {
  v1::TaskSpec spec;
  if (auto read = api::read_json(text, spec); !read) return fail(std::move(read.error()));
  return spec;
}

}  // namespace meepo::cli
