#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "api/access/access.h"
#include "base/text.h"

namespace meepo::api {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{8} << 20U;

std::string system_text(int error) { return std::generic_category().message(error); }

/// Closes its descriptor.
class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_private_file(const std::string& path) {
  const auto refuse = [&](const std::string& why) { return fail(Code::InvalidArgument, fmt::format("token file {}: {}", path, why)); };
  const File file(path);
  if (file.fd() < 0) return refuse(fmt::format("cannot be opened ({})", system_text(errno)));
  struct stat facts{};
  if (fstat(file.fd(), &facts) != 0) return refuse(fmt::format("cannot be looked at ({})", system_text(errno)));
  if (!S_ISREG(facts.st_mode)) return refuse("is not a file");
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return refuse(fmt::format("its mode is {:04o}, so others than its owner may use it: expected 0600 (chmod 600 {})",
                              static_cast<unsigned>(facts.st_mode & 07777U), path));
  }
  std::string text;
  std::array<char, 65'536> part{};
  for (;;) {
    const auto bytes = read(file.fd(), part.data(), part.size());
    if (bytes < 0) return refuse(fmt::format("cannot be read ({})", system_text(errno)));
    if (bytes == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(bytes));
    if (text.size() > kFileBytesMax) return refuse(fmt::format("is longer than {} bytes", kFileBytesMax));
  }
}

std::string_view take_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  const auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const auto word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

bool is_token_character(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

/// An error does not repeat the token: the message may end in a log.
Result<void> Access::add_line(std::string_view line) {
  const auto token = take_word(line);
  if (token.empty() || token.starts_with('#')) return {};
  const auto role_name = take_word(line);
  const auto begin = line.find_first_not_of(" \t\r");
  const auto name = begin == std::string_view::npos ? std::string_view() : line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
  if (token.size() < kTokenCharsMin || token.size() > kTokenCharsMax || !std::ranges::all_of(token, is_token_character)) {
    return fail(Code::InvalidArgument,
                fmt::format("the token has {} characters: expected {} to {} visible ASCII characters (openssl rand -hex 32 makes one)",
                            token.size(), kTokenCharsMin, kTokenCharsMax));
  }
  const auto role = std::ranges::find_if(kRoles, [role_name](Role known) { return to_string(known) == role_name; });
  if (role == kRoles.end()) {
    return fail(Code::InvalidArgument, fmt::format("the role is {}: expected reader, client, executor or admin", quoted(role_name)));
  }
  if (!is_utf8(name) || has_control_character(name)) return fail(Code::InvalidArgument, "the name is no plain text");
  if (find(token) != nullptr) return fail(Code::InvalidArgument, "the token stands in an earlier line");
  if (entries_.size() >= kTokensMax) return fail(Code::InvalidArgument, fmt::format("expected at most {} tokens", kTokensMax));
  add_token(token, *role, std::string(name));
  return {};
}

Result<Access> Access::from_file(const std::string& path) {
  const auto text = read_private_file(path);
  if (!text) return fail(text.error());
  Access access;
  access.required_ = true;
  std::string_view rest = *text;
  for (int number = 1; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto added = access.add_line(rest.substr(0, end));
    if (!added) return fail(std::move(added.error()).prefixed(fmt::format("token file {} line {}", path, number)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (access.entries_.empty()) {
    return fail(Code::InvalidArgument, fmt::format("token file {}: no token in it: expected a line <token> <role> [name]", path));
  }
  return access;
}

}  // namespace meepo::api
