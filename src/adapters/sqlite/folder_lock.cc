#include "adapters/sqlite/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace meepo::adapters::sqlite {
namespace {

std::unexpected<Error> cannot(const std::string& what, int code) {
  const std::error_code cause(code, std::generic_category());
  return fail(Error{.code = Code::Unavailable, .message = what + ": " + cause.message(), .field = {}, .cause = cause});
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code cause;
  if (std::filesystem::is_directory(folder, cause)) return {};
  if (folder.has_parent_path()) {
    std::filesystem::create_directories(folder.parent_path(), cause);
    if (cause) return cannot("create the data folder " + folder.string(), cause.value());
  }
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return cannot("create the data folder " + folder.string(), errno);
  if (!std::filesystem::is_directory(folder, cause)) return cannot("use the data folder " + folder.string(), ENOTDIR);
  return {};
}

std::string holder_of(int file) {
  std::array<char, 24> text{};
  const auto size = pread(file, text.data(), text.size(), 0);
  const std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const bool number = !pid.empty() && pid.find_first_not_of("0123456789") == std::string::npos;
  return number ? " (process " + pid + ")" : "";
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  if (auto made = make_folder(path.has_filename() ? path : path.parent_path()); !made) return fail(std::move(made.error()));
  const std::string name = (path / "lock").string();
  const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return cannot("open " + name, errno);
  FolderLock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot("lock " + name, errno);
    return fail(Code::Conflict,
                "the data folder " + folder + " is in use by another meepo" + holder_of(file) + ": stop it, or choose another folder");
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(file, 0) != 0 || pwrite(file, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return cannot("write " + name, errno);
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

}  // namespace meepo::adapters::sqlite
