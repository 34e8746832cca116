#pragma once
// Writes values as one Hessian 2.0 stream, octet for octet as hessian-lite 4 (Dubbo 3) writes the same values: always the shortest form,
// lists with their length, a reference for each further occurrence of a list, map or object. The tables of references, classes and types
// run through all values of a stream. Source: Hessian 2.0 serialization protocol; vectors/.

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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

  /// Appends one value.
  /// Exhausted: the stream would pass bytes_max or another limit of limits.h. The stream is then broken off: every further call fails
  /// alike.
  Result<void> write(Value value);

  /// What has been written.
  [[nodiscard]] std::string_view octets() const { return {out_.data(), used_}; }
  /// Gives the stream away; the encoder is then spent.
  [[nodiscard]] std::string take() {
    out_.resize(used_);
    return std::move(out_);
  }

 private:
  struct DefinitionHash {
    std::size_t operator()(const ClassDefinition* definition) const { return definition->hash; }
  };
  struct DefinitionEqual {
    bool operator()(const ClassDefinition* left, const ClassDefinition* right) const { return left == right || *left == *right; }
  };

  struct RecentDefinition {
    const ClassDefinition* definition = nullptr;
    std::int32_t index = 0;
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

  // Room for that many octets behind what has been written, and where it begins.
  char* make_room(std::size_t octets) {
    if (out_.size() - used_ < octets) grow(octets);
    return out_.data() + used_;
  }
  void grow(std::size_t octets);
  template <class Number>
  void put(Number octet) {
    *make_room(1) = static_cast<char>(octet);
    ++used_;
  }
  template <std::size_t octets, class Number>
  void put_big_endian(Number number) {
    auto* const at = make_room(octets);
    for (std::size_t i = 0; i < octets; ++i) at[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (octets - 1 - i)));
    used_ += octets;
  }
  void put_octets(std::string_view octets) {
    octets.copy(make_room(octets.size()), octets.size());
    used_ += octets.size();
  }
  void put_int(std::int64_t number);
  void put_long(std::int64_t number);
  void put_double(double number);
  void put_date(std::int64_t unix_ms);

  std::size_t bytes_max_;
  std::string out_;        // longer than what has been written, so that most octets need no call to grow it
  std::size_t used_ = 0;
  std::size_t values_ = 0;
  std::string failure_;    // empty: none
  ReferenceTable references_;
  boost::unordered_flat_map<std::string_view, std::int32_t> types_;
  boost::unordered_flat_map<const ClassDefinition*, std::int32_t, DefinitionHash, DefinitionEqual> definitions_;
  std::array<RecentDefinition, 8> recent_;
};

/// One value as a stream of its own.
Result<std::string> encode(Value value, std::size_t bytes_max = kStreamBytesMax);

}  // namespace meepo::hessian2
