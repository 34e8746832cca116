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
#include "protocol/hessian2/forms.h"
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
  // Each reads what begins at `at` and answers where that ends: places are handed on in registers, because each next octet has to wait for
  // its own. nullptr: it could not be read, failure_ says why, and the decoder is spent.
  const char* read_value(const char* at, Value& out, std::size_t depth);
  static const char* read_simple(const char* at, const char* end, Value& out);
  const char* read_parts(const char* at, std::span<Value> parts, std::size_t depth);
  const char* read_list(const char* at, Value& out, std::size_t depth);
  const char* read_until_end_mark(const char* at, std::size_t depth);
  const char* read_map(const char* at, Value& out, std::size_t depth);
  const char* read_object(const char* at, Value& out, std::size_t depth);
  const char* read_reference(const char* at, Value& out);
  const char* read_definition(const char* at);
  const char* read_type(const char* at, std::string_view& out);
  const char* read_name(const char* at, std::string_view& out);
  const char* read_int(const char* at, std::int64_t& out);
  const char* read_count(const char* at, std::int64_t& out);
  const char* read_any_scalar(const char* at, Value& out);
  const char* read_string(const char* at, std::string_view& out);
  const char* read_chunked_string(const char* at, std::string_view& out);
  const char* read_bytes(const char* at, std::string_view& out);
  const char* take_units(const char* at, std::uint64_t units, std::string_view& out);
  const char* take_octets(const char* at, std::uint64_t octets, std::string_view& out);
  template <class Unsigned>
  const char* take_unsigned(const char* at, std::uint64_t& out) {
    if (left(at) < sizeof(Unsigned)) return is_cut(at);
    out = load_big_endian<Unsigned>(at);
    return at + sizeof(Unsigned);
  }

  bool keep_stream();
  Value begin(Value container);
  bool may_begin(const char* at, std::size_t depth);
  bool count_values(const char* at, std::size_t values);
  [[nodiscard]] std::size_t left(const char* at) const { return static_cast<std::size_t>(end_ - at); }
  /// The form of what begins at `at`; at the end that of no value.
  [[nodiscard]] Form form(const char* at) const { return at == end_ ? Form::ScalarOrNone : kForms[static_cast<std::uint8_t>(*at)]; }
  std::nullptr_t broken(const char* at, const char* why);
  std::nullptr_t is_cut(const char* at) { return broken(at, "a number, a string or bytes are cut"); }
  std::nullptr_t too_much(const char* at, const char* what, std::size_t most);

  using GrowByAll = boost::container::small_vector_options_t<boost::container::growth_factor<boost::container::growth_factor_100>>;

  const char* begin_;
  const char* at_;  // where the next value begins, or what failed
  const char* end_;
  bool is_kept_ = false;  // the stream is in the document: texts are where they came
  Document* document_;
  std::size_t values_ = 0;
  // A small message takes no memory for its tables.
  boost::container::small_vector<Value, 32, void, GrowByAll> references_;
  boost::container::small_vector<std::string_view, 8> types_;
  boost::container::small_vector<const ClassDefinition*, 8> definitions_;
  boost::container::small_vector<Value, 32> parts_;  // of the maps and the lists without a length that are being read, innermost last
  const char* failure_ = nullptr;  // what is wrong, or of what there is too much
  std::size_t failure_most_ = 0;  // 0: not a limit
};

/// The only value of a stream. Corruption also if octets follow it.
Result<Value> decode(std::string_view octets, Document& document);

}  // namespace meepo::hessian2
