#pragma once
// Writes values as one Hessian 2.0 stream, octet for octet as hessian-lite 4 (Dubbo 3) writes the same values: always the shortest form,
// lists with their length, a reference for each further occurrence of a list, map or object. The tables of references, classes and types
// run through all values of a stream. Source: Hessian 2.0 serialization protocol; vectors/.

#include <boost/container/static_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/hessian2/limits.h"
#include "protocol/hessian2/reference_table.h"
#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// One stream. The documents of the values must live as long as the encoder: its tables point into them.
class Encoder {
 public:
  explicit Encoder(std::size_t bytes_max = kStreamBytesMax) : bytes_max_(bytes_max) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  /// Appends one value.
  /// Exhausted: the stream would pass bytes_max or another limit of limits.h. The stream is then broken off: every further call fails
  /// alike.
  Result<void> write(Value value);

  /// What has been written.
  [[nodiscard]] std::string_view octets() const { return {out_.data(), used()}; }
  /// Gives the stream away; the encoder is then spent.
  [[nodiscard]] std::string take() {
    out_.resize(used());
    return std::move(out_);
  }

 private:
  struct DefinitionHash {
    std::size_t operator()(const ClassDefinition* definition) const {
      return std::hash<std::string_view>()(definition->name) + definition->fields.size();
    }
  };
  struct DefinitionEqual {
    bool operator()(const ClassDefinition* left, const ClassDefinition* right) const { return left == right || *left == *right; }
  };

  // Each answers whether the stream still holds; if not, failure_ says why.
  bool write_value(Value value, std::size_t depth);
  bool write_parts(std::span<const Value> parts, std::size_t depth);
  bool write_container(Value value, std::size_t depth);
  bool write_list(Value list, std::size_t depth);
  bool write_map(Value map, std::size_t depth);
  bool write_object(Value object, std::size_t depth);
  bool write_definition(const ClassDefinition& definition);
  bool write_type(std::string_view type);
  bool write_int(std::int64_t number);
  bool write_string(std::string_view java_text);
  bool write_bytes(std::string_view octets);
  bool put(std::uint8_t octet);
  bool put_head_and_octets(std::uint64_t head, std::size_t head_octets, std::string_view octets);
  bool count_values(std::size_t values);
  bool too_much(const char* what, std::size_t most);

  /// The class's number; `is_new`: it has just been given that.
  std::int32_t number_of(const ClassDefinition& definition, bool& is_new);

  /// Room for that many octets at at_.
  bool make_room(std::size_t octets) { return static_cast<std::size_t>(end_ - at_) >= octets || grow(octets); }
  bool grow(std::size_t octets);
  [[nodiscard]] std::size_t used() const { return static_cast<std::size_t>(at_ - out_.data()); }

  std::size_t bytes_max_;
  std::string out_;          // longer than what has been written, so that most octets need no call to grow it
  char* at_ = out_.data();   // where the next octet goes
  char* end_ = at_;          // of the room
  std::size_t values_ = 0;
  std::string failure_;      // empty: none
  ReferenceTable references_;
  boost::unordered_flat_map<std::string_view, std::int32_t> types_;
  boost::container::static_vector<const ClassDefinition*, 8> first_definitions_;  // most streams have no more, and need no table
  boost::unordered_flat_map<const ClassDefinition*, std::int32_t, DefinitionHash, DefinitionEqual> more_definitions_;
};

/// One value as a stream of its own.
Result<std::string> encode(Value value, std::size_t bytes_max = kStreamBytesMax);

}  // namespace meepo::hessian2
