#include "demo_service.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace meepo::cli {

namespace {

using std::chrono::milliseconds;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Answer echo(Context&, std::string_view params_json) {
  const auto elements = elements_of(params_json);
  if (elements.empty()) return "null";
  return elements.size() == 1 ? elements.front() : params_json;
}

Answer fail_always(Context&, std::string_view params_json) {
  const auto elements = elements_of(params_json);
  if (elements.empty()) return Answer::failure("asked to fail");
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(elements.front(), error);
  if (error || !value.is_string()) return Answer::failure(std::string(elements.front()));
  return Answer::failure(std::string(value.get_string()));
}

Answer sleep(Context& context, std::string_view params_json) {
  const auto elements = elements_of(params_json);
  const std::string_view text = elements.empty() ? std::string_view("0") : elements.front();
  std::uint32_t asked = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Answer::failure("sleep: the argument is " + std::string(text) + "; expected milliseconds, a whole number");
  }
  const milliseconds all(asked);
  constexpr milliseconds kStep{100};
  for (milliseconds slept{0}; slept < all; slept += kStep) {
    context.progress(std::to_string(slept.count()) + " of " + std::to_string(all.count()) + " ms");
    if (context.wait_cancelled(std::min(kStep, all - slept))) return Answer::stopped();
  }
  return text;
}

}  // namespace

std::vector<std::string_view> elements_of(std::string_view array) {
  array = trimmed(array);
  if (array.size() < 2 || array.front() != '[') return array.empty() ? std::vector<std::string_view>() : std::vector{array};
  const std::string_view inside = array.substr(1, array.size() - 2);
  std::vector<std::string_view> elements;
  std::size_t begin = 0;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const char c = inside[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      elements.push_back(trimmed(inside.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  const std::string_view last = trimmed(inside.substr(begin));
  if (!last.empty() || !elements.empty()) elements.push_back(last);
  return elements;
}

void add_demo_service(Executor& executor) {
  executor.handle(kDemoInterface, "echo", echo).handle(kDemoInterface, "fail", fail_always).handle(kDemoInterface, "sleep", sleep);
}

}  // namespace meepo::cli
