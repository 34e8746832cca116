#pragma once
// Who can run what: the executors with their streams, credits and the target keys they serve, and what each one runs now.
// Part of the engine: pure, on the scheduler's loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace meepo::engine {

using SessionId = std::uint64_t;  ///< one stream of one executor; 0: none

/// One executor process, known while it has a stream or runs something.
struct Executor {
  std::string instance;
  std::string name;
  SessionId session = 0;                       ///< 0: its stream is closed
  std::vector<std::string> target_keys;
  std::uint32_t credits = 0;                   ///< runs that may be sent now
  std::uint32_t credits_most = 0;              ///< that it had at once on this stream
  std::uint32_t suspects = 0;                  ///< suspect runs reserved or running: at most one
  SysTime connected_at;
  std::optional<SysTime> gone_at;              ///< when its last stream closed; nothing: this node saw none
  std::unordered_set<RunToken> runs;           ///< RUNNING in the store under its name
  std::vector<std::string> starved_keys;       ///< keys whose last search found no credit here
};

class Executors {
 public:
  Executor& open(SessionId session, std::string instance, std::string name, std::vector<std::string> target_keys, std::uint32_t credits,
                 SysTime now);
  /// It serves these keys from now on. Answers those that it served before; nothing for an unknown session.
  std::vector<std::string> offer(SessionId session, std::vector<std::string> target_keys);
  /// The executor stays while it has runs. Answers it, or nothing for an unknown session.
  Executor* close(SessionId session);

  Executor* by_session(SessionId session);
  Executor* by_instance(const std::string& instance);
  /// The executor of that instance, made without a stream if it is not known: a run found in the store belongs to it.
  Executor& known(const std::string& instance);
  /// Forgets an executor that has neither stream nor runs.
  void forget_if_gone(const std::string& instance);

  bool serves(const std::string& target_key) const { return keys_.contains(target_key); }
  /// True once after credits came back for keys that had starved; `keys` gets them.
  void grant(SessionId session, std::uint32_t credits, std::vector<std::string>& keys);

  /// Takes one credit of an executor that serves the key, in turn. A suspect goes only to an executor that has no other suspect.
  /// Nothing: no credit is free; grant() will name the key when one is.
  Executor* reserve(const std::string& target_key, bool suspect);
  /// The same for a run that is not due yet, from an executor that has more credits than are kept for what is due.
  Executor* reserve_ahead(const std::string& target_key);
  /// Gives an unused credit back (the run was not sent) if the stream that it was for is still open; `keys` gets what had starved.
  void release(Executor& executor, SessionId session, bool suspect, std::vector<std::string>& keys);
  /// A suspect run is over; `keys` gets what had starved for it.
  void suspect_over(Executor& executor, std::vector<std::string>& keys);

  std::vector<const Executor*> connected() const;  ///< by instance
  /// Executors without a stream whose instance begins with `prefix`.
  std::vector<const Executor*> gone_with_prefix(std::string_view prefix) const;

 private:
  struct Key {
    std::vector<Executor*> executors;
    std::size_t next = 0;
  };
  void serve(Executor& executor, std::vector<std::string> target_keys);
  void serve_nothing(Executor& executor);
  void take_starved(Executor& executor, std::vector<std::string>& keys);

  std::unordered_map<std::string, std::unique_ptr<Executor>> executors_;
  std::unordered_map<SessionId, Executor*> sessions_;
  std::unordered_map<std::string, Key> keys_;
};

}  // namespace meepo::engine
