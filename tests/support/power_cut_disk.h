#pragma once
// A disk for SQLite that loses power: a VFS whose files live in memory. What was written since a file's last sync is lost, kept, torn or
// reordered when the power goes; what was synced stays. One object at a time; while it lives it is SQLite's default VFS. One thread.

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ports/random.h"

namespace meepo::test {

class PowerCutDisk {
 public:
  explicit PowerCutDisk(ports::Random& random);
  ~PowerCutDisk();
  PowerCutDisk(const PowerCutDisk&) = delete;
  PowerCutDisk& operator=(const PowerCutDisk&) = delete;

  /// After so many more writes, truncations and syncs the power goes: from then on all input and output fails.
  void cut_after(std::uint64_t operations) { left_ = operations; }
  bool is_off() const { return off_; }
  /// Takes the power away now if it is not, and gives it back: what the files hold then is what reached the disk.
  void restart();

  /// A disk that answers a sync without one: what `synchronous = OFF` comes to.
  bool lies = false;
  /// The next sync fails with an input or output error; what it was to sync is lost, as Linux does it.
  bool fail_next_sync = false;
  /// Writes beyond this fail with SQLITE_FULL; bytes of all files.
  std::optional<std::uint64_t> room;

  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t lost_writes() const { return lost_writes_; }
  /// A file's bytes, to be damaged; nullptr: no such file.
  std::string* bytes(const std::string& name);

  // For the VFS.
  struct Change {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  ///< to `offset`
  };
  struct File {
    std::string now;       ///< what is read back
    std::string durable;   ///< as of the last sync
    std::vector<Change> unsynced;
    bool created_durably = false;
    std::vector<std::unique_ptr<std::string>> shared_memory;
  };
  std::map<std::string, File> files;
  /// False: the power is off.
  bool operate();
  void sync(File& file);
  std::uint64_t size() const;

 private:
  void settle(File& file);
  static void apply(std::string& to, const Change& change);

  ports::Random& random_;
  std::optional<std::uint64_t> left_;
  bool off_ = false;
  std::uint64_t syncs_ = 0;
  std::uint64_t lost_writes_ = 0;
  std::unique_ptr<sqlite3_vfs> vfs_;
  sqlite3_vfs* before_ = nullptr;
};

}  // namespace meepo::test
