#pragma once
// Writes values as one Hessian 2.0 stream, octet for octet as hessian-lite 4 (Dubbo 3) writes the same values: always the shortest form,
// lists with their length, a reference for each further occurrence of a list, map or object. The tables of references, classes and types
// run through all values of a stream. Source: Hessian 2.0 serialization protocol; vectors/.

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/hessian2/limits.h"
#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// One stream. The documents of the values must live as long as the encoder: its tables point into them.
class Encoder {
 public:
  explicit Encoder(std::size_t bytes_max = kStreamBytesMax) : bytes_max_(bytes_max) {}

  /// Appends one value.
  /// Exhausted: the stream would pass bytes_max or another limit of limits.h. The stream is then broken off: every further call fails
  /// alike.
  Result<void> write(Value value);

  /// What has been written.
  [[nodiscard]] std::string_view octets() const { return out_; }
  /// Gives the stream away; the encoder is then spent.
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  struct DefinitionHash {
    std::size_t operator()(const ClassDefinition* definition) const { return definition->hash; }
  };
  struct DefinitionEqual {
    bool operator()(const ClassDefinition* left, const ClassDefinition* right) const { return left == right || *left == *right; }
  };

  // Each answers whether the stream still holds; if not, failure_ says why.
  bool write_value(Value value, std::size_t depth);
  bool write_container(Value value, std::size_t depth);
  bool write_list(Value list, std::size_t depth);
  bool write_map(Value map, std::size_t depth);
  bool write_object(Value object, std::size_t depth);
  bool write_definition(const ClassDefinition& definition);
  bool write_type(std::string_view type);
  bool write_string(std::string_view java_text);
  bool write_bytes(std::string_view octets);
  bool stop(std::string message);

  std::size_t bytes_max_;
  std::string out_;
  std::size_t values_ = 0;
  std::string failure_;  // empty: none
  boost::unordered_flat_map<const void*, std::int32_t> references_;
  boost::unordered_flat_map<std::string_view, std::int32_t> types_;
  boost::unordered_flat_map<const ClassDefinition*, std::int32_t, DefinitionHash, DefinitionEqual> definitions_;
};

/// One value as a stream of its own.
Result<std::string> encode(Value value, std::size_t bytes_max = kStreamBytesMax);

}  // namespace meepo::hessian2
