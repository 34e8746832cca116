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
#include "protocol/hessian2/scalar.h"
#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// One stream, whose tables of references, classes and types run through all its values.
class Decoder {
 public:
  /// The octets must stay until the first read(), which copies them into the document, and the document as long as the values.
  Decoder(std::string_view octets, Document& document)
      : begin_(octets.data()), at_(begin_), end_(begin_ + octets.size()), document_(&document) {}

  /// The next value.
  /// Corruption: no value begins here, it is cut, or it refers to what does not exist. Exhausted: it passes a limit. The message names the
  /// offset. After an error every further call answers the same one.
  Result<Value> read();

  [[nodiscard]] bool at_end() const { return at_ == end_; }
  /// How many octets have been read.
  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  // Each answers whether it could be read; if not, failure_ says why and the decoder is spent.
  bool read_value(Value& out, std::size_t depth);
  static const char* read_simple(const char* at, const char* end, Value& out);
  bool read_parts(std::span<Value> parts, std::size_t depth);
  bool read_container(std::uint8_t tag, Value& out, std::size_t depth);
  Value begin(Value container);
  bool read_list(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_until_end_mark(std::size_t depth);
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
  bool take_scalar(Value& out);
  bool take_units(std::uint64_t units, std::string_view& out);
  bool take_octets(std::uint64_t octets, std::string_view& out);
  template <class Unsigned>
  bool take_unsigned(std::uint64_t& out) {
    if (left() < sizeof(Unsigned)) return is_cut();
    out = load_big_endian<Unsigned>(at_);
    at_ += sizeof(Unsigned);
    return true;
  }
  bool take_tag(std::uint8_t& out);
  bool count_values(std::size_t values);
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] std::string_view rest() const { return {at_, left()}; }
  bool broken(const char* why);
  bool is_cut() { return broken("a number, a string or bytes are cut"); }
  bool too_much(const char* what, std::size_t most);

  const char* begin_;
  const char* at_;
  const char* end_;
  bool is_kept_ = false;  // the stream is in the document: texts are where they came
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
