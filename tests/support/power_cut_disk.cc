#include "tests/support/power_cut_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace meepo::test {
namespace {

constexpr std::size_t kSector = 512;  // a write is torn between these

struct Handle {
  sqlite3_file base;
  PowerCutDisk* disk;
  PowerCutDisk::File* file;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
PowerCutDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<PowerCutDisk*>(vfs->pAppData); }

int close_file(sqlite3_file* /*file*/) { return SQLITE_OK; }

int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  if (handle.disk->is_off()) return SQLITE_IOERR_READ;
  const std::string& bytes = handle.file->now;
  const auto begin = std::min(static_cast<std::size_t>(offset), bytes.size());
  const auto there = std::min(static_cast<std::size_t>(size), bytes.size() - begin);
  std::memcpy(to, bytes.data() + begin, there);
  if (there == static_cast<std::size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, static_cast<std::size_t>(size) - there);
  return SQLITE_IOERR_SHORT_READ;
}

void change(Handle& handle, PowerCutDisk::Change change) {
  std::string& now = handle.file->now;
  if (change.truncates) {
    now.resize(change.offset);
  } else {
    now.resize(std::max<std::size_t>(now.size(), change.offset + change.bytes.size()));
    std::ranges::copy(change.bytes, now.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }
  handle.file->unsynced.push_back(std::move(change));
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  if (!handle.disk->operate()) return SQLITE_IOERR_WRITE;
  const auto end = static_cast<std::uint64_t>(offset) + static_cast<std::uint64_t>(size);
  if (handle.disk->room && end > handle.file->now.size() && handle.disk->size() + (end - handle.file->now.size()) > *handle.disk->room) {
    return SQLITE_FULL;
  }
  change(handle, {.offset = static_cast<std::uint64_t>(offset),
                  .bytes = std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))});
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handle_of(file);
  if (!handle.disk->operate()) return SQLITE_IOERR_TRUNCATE;
  change(handle, {.offset = static_cast<std::uint64_t>(size), .bytes = {}, .truncates = true});
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int /*flags*/) {
  Handle& handle = handle_of(file);
  if (!handle.disk->operate()) return SQLITE_IOERR_FSYNC;
  if (std::exchange(handle.disk->fail_next_sync, false)) {
    handle.file->unsynced.clear();
    handle.file->now = handle.file->durable;
    return SQLITE_IOERR_FSYNC;
  }
  if (!handle.disk->lies) handle.disk->sync(*handle.file);
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(handle_of(file).file->now.size());
  return SQLITE_OK;
}

int no_lock(sqlite3_file* /*file*/, int /*level*/) { return SQLITE_OK; }
int no_reserved_lock(sqlite3_file* /*file*/, int* result) {
  *result = 0;
  return SQLITE_OK;
}
int no_control(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file* /*file*/) { return 4096; }
// What the unix VFS says too: a write does not damage the bytes beside it.
int characteristics(sqlite3_file* /*file*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  auto& regions = handle_of(file).file->shared_memory;
  while (extend != 0 && regions.size() <= static_cast<std::size_t>(region)) {
    regions.push_back(std::make_unique<std::string>(static_cast<std::size_t>(size), '\0'));
  }
  *out = static_cast<std::size_t>(region) < regions.size() ? regions[static_cast<std::size_t>(region)]->data() : nullptr;
  return SQLITE_OK;
}
int lock_shared(sqlite3_file* /*file*/, int /*offset*/, int /*count*/, int /*flags*/) { return SQLITE_OK; }
void shared_barrier(sqlite3_file* /*file*/) {}
int unmap_shared(sqlite3_file* file, int remove) {
  if (remove != 0) handle_of(file).file->shared_memory.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {.iVersion = 2,
                                         .xClose = close_file,
                                         .xRead = read_file,
                                         .xWrite = write_file,
                                         .xTruncate = truncate_file,
                                         .xSync = sync_file,
                                         .xFileSize = file_size,
                                         .xLock = no_lock,
                                         .xUnlock = no_lock,
                                         .xCheckReservedLock = no_reserved_lock,
                                         .xFileControl = no_control,
                                         .xSectorSize = sector_size,
                                         .xDeviceCharacteristics = characteristics,
                                         .xShmMap = map_shared,
                                         .xShmLock = lock_shared,
                                         .xShmBarrier = shared_barrier,
                                         .xShmUnmap = unmap_shared,
                                         .xFetch = nullptr,
                                         .xUnfetch = nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Handle& handle = handle_of(file);
  handle.base.pMethods = nullptr;
  PowerCutDisk& disk = disk_of(vfs);
  if (disk.is_off()) return SQLITE_CANTOPEN;
  const std::string key = name != nullptr ? name : "temporary";
  if (!disk.files.contains(key) && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  handle = {.base = {.pMethods = &kMethods}, .disk = &disk, .file = &disk.files[key]};
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int /*sync_folder*/) {
  PowerCutDisk& disk = disk_of(vfs);
  if (!disk.operate()) return SQLITE_IOERR_DELETE;
  disk.files.erase(name);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* result) {
  *result = disk_of(vfs).files.contains(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

PowerCutDisk::PowerCutDisk(ports::Random& random) : random_(random), vfs_(std::make_unique<sqlite3_vfs>()) {
  sqlite3_initialize();
  before_ = sqlite3_vfs_find(nullptr);
  *vfs_ = *before_;  // randomness, sleep and time stay
  vfs_->szOsFile = sizeof(Handle);
  vfs_->pNext = nullptr;
  vfs_->zName = "power_cut";
  vfs_->pAppData = this;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = access_file;
  vfs_->xFullPathname = full_path;
  sqlite3_vfs_register(vfs_.get(), 1);
}

PowerCutDisk::~PowerCutDisk() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(before_, 1);
}

bool PowerCutDisk::operate() {
  if (off_) return false;
  if (!left_) return true;
  if (*left_ == 0) {
    off_ = true;
    return false;
  }
  --*left_;
  return true;
}

void PowerCutDisk::sync(File& file) {
  ++syncs_;
  file.unsynced.clear();
  file.durable = file.now;
  file.created_durably = true;
}

std::uint64_t PowerCutDisk::size() const {
  std::uint64_t size = 0;
  for (const auto& [name, file] : files) size += file.now.size();
  return size;
}

std::string* PowerCutDisk::bytes(const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? nullptr : &found->second.now;
}

void PowerCutDisk::apply(std::string& to, const Change& change) {
  if (change.truncates) {
    to.resize(change.offset);
    return;
  }
  to.resize(std::max<std::size_t>(to.size(), change.offset + change.bytes.size()));
  std::ranges::copy(change.bytes, to.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

/// Of each write that was not synced: all, nothing, or some of its sectors; in their order or in another.
void PowerCutDisk::settle(File& file) {
  std::vector<Change> reached;
  for (auto& change : file.unsynced) {
    const auto fate = random_.next() % 3;
    if (fate == 0) {
      ++lost_writes_;
      continue;
    }
    if (fate == 1 || change.truncates) {
      reached.push_back(std::move(change));
      continue;
    }
    for (std::size_t at = 0; at < change.bytes.size(); at += kSector) {
      if (random_.next() % 2 == 0) continue;
      reached.push_back({.offset = change.offset + at, .bytes = change.bytes.substr(at, kSector)});
    }
    ++lost_writes_;
  }
  if (random_.next() % 2 == 0) {
    for (std::size_t i = reached.size(); i > 1; --i) std::swap(reached[i - 1], reached[random_.next() % i]);
  }
  for (const auto& change : reached) apply(file.durable, change);
  file.now = file.durable;
  file.unsynced.clear();
  file.shared_memory.clear();
}

void PowerCutDisk::restart() {
  std::erase_if(files, [this](const auto& entry) { return !entry.second.created_durably && random_.next() % 2 == 0; });
  for (auto& [name, file] : files) {
    settle(file);
    file.created_durably = true;
  }
  off_ = false;
  left_.reset();
}

}  // namespace meepo::test
