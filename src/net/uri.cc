#include "net/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace meepo::net {
namespace {

constexpr std::size_t kQuotedBytesMax = 200;

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

enum class Part { Path, Query };

std::optional<std::string> decode(std::string_view text, Part part) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && part == Part::Query) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = digit(text[i + 1]);
      const auto low = digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      out += static_cast<char>(*high * 16 + *low);
      if (out.back() == '/' && part == Part::Path) return std::nullopt;
      i += 2;
    }
  }
  const bool plain = std::ranges::none_of(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return plain && is_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

Result<Uri> parse_uri(std::string_view target) {
  const auto refuse = [target](std::string_view why) {
    return fail(Code::InvalidArgument, fmt::format("request target {}: {}", quoted(target, kQuotedBytesMax), why));
  };
  if (!target.starts_with('/')) return refuse("expected a path that begins with /");
  target = target.substr(0, target.find('#'));
  const auto mark = target.find('?');
  auto path = decode(target.substr(0, mark), Part::Path);
  if (!path) return refuse("expected %-escapes of two hexadecimal digits that give UTF-8 without control characters or '/'");
  Uri uri{.path = *std::move(path), .query = {}};
  auto rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = decode(pair.substr(0, equals), Part::Query);
    auto value = equals == std::string_view::npos ? std::optional<std::string>("") : decode(pair.substr(equals + 1), Part::Query);
    if (!name || !value) return refuse("expected a query of name=value pairs with %-escapes that give UTF-8 without control characters");
    uri.query.emplace_back(*std::move(name), *std::move(value));
  }
  return uri;
}

}  // namespace meepo::net
