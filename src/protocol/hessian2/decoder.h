#pragma once
// Reads the values of one Hessian 2.0 stream: every form that the specification allows, also those that no Java encoder writes. Nothing is
// done with the name of a class: values are data. Memory is taken only for octets that are there, within limits.h.
// Source: Hessian 2.0 serialization protocol; where Java departs from it (double 5F, CESU-8) as Java; vectors/.

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "protocol/hessian2/limits.h"
#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// One stream, whose tables of references, classes and types run through all its values.
class Decoder {
 public:
  /// The octets must stay until the first read(), which copies them into the document, and the document as long as the values.
  Decoder(std::string_view octets, Document& document) : in_(octets), document_(&document) {}

  /// The next value.
  /// Corruption: no value begins here, it is cut, or it refers to what does not exist. Exhausted: it passes a limit. The message names the
  /// offset. After an error every further call answers the same one.
  Result<Value> read();

  [[nodiscard]] bool at_end() const { return at_ == in_.size(); }
  /// How many octets have been read.
  [[nodiscard]] std::size_t offset() const { return at_; }

 private:
  // Each answers whether it could be read; if not, failure_ says why and the decoder is spent.
  bool read_value(Value& out, std::size_t depth);
  bool read_short(Value& out);
  bool read_number(std::uint8_t tag, Value& out);
  bool read_double(std::uint8_t tag, Value& out);
  bool read_container(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_list(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_until_end_mark(Value list, std::size_t depth);
  bool read_parts(std::span<Value> parts, std::size_t depth);
  bool read_map(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_object(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_reference(Value& out);
  bool read_definition();
  bool read_type(std::string_view& out);
  bool read_name(std::string_view& out);
  bool read_int(std::int64_t& out);
  bool read_count(std::int64_t& out);
  bool read_string(std::uint8_t tag, std::string_view& out);
  bool read_chunked_string(std::string_view& out);
  bool read_bytes(std::uint8_t tag, std::string_view& out);
  bool take_units(std::uint64_t units, std::string_view& out);
  bool take_octets(std::uint64_t octets, std::string_view& out);
  template <std::size_t octets>
  bool take_unsigned(std::uint64_t& out) {
    if (left() < octets) return is_cut();
    out = 0;
    for (std::size_t i = 0; i < octets; ++i) out = out << 8U | static_cast<std::uint8_t>(in_[at_ + i]);
    at_ += octets;
    return true;
  }
  template <std::size_t octets>
  bool take_signed(std::int64_t& out) {
    constexpr auto kUnusedBits = 64 - 8 * octets;
    std::uint64_t number = 0;
    if (!take_unsigned<octets>(number)) return false;
    out = static_cast<std::int64_t>(number << kUnusedBits) >> kUnusedBits;
    return true;
  }
  bool take_tag(std::uint8_t& out);
  bool count_values(std::size_t values);
  [[nodiscard]] std::size_t left() const { return in_.size() - at_; }
  [[nodiscard]] bool is_next(char tag) const { return at_ < in_.size() && in_[at_] == tag; }
  bool broken(const char* why);
  bool is_cut() { return broken("a number, a string or bytes are cut"); }
  bool too_much(const char* what, std::size_t most);

  std::string_view in_;
  std::size_t at_ = 0;
  bool is_kept_ = false;  // in_ is in the document: texts are where they came
  Document* document_;
  std::size_t values_ = 0;
  // A small message takes no memory for its tables.
  boost::container::small_vector<Value, 32> references_;
  boost::container::small_vector<std::string_view, 8> types_;
  boost::container::small_vector<const ClassDefinition*, 8> definitions_;
  boost::container::small_vector<Value, 32> parts_;  // of the maps and the lists without a length that are being read, innermost last
  const char* failure_ = nullptr;  // what is wrong, or of what there is too much
  std::size_t failure_most_ = 0;  // 0: not a limit
};

/// The only value of a stream. Corruption also if octets follow it.
Result<Value> decode(std::string_view octets, Document& document);

}  // namespace meepo::hessian2
