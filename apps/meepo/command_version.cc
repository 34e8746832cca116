// meepo version

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>

#include "command.h"
#include "version.h"

namespace meepo::cli {

void add_version(CLI::App& app, Invocation& invocation) {
  CLI::App& command = add_command(app, "version", "Print the version", "  meepo version --json");
  add_json(command, invocation);
  command.callback([&invocation] {
    invocation.run = [&invocation] {
      if (invocation.json) {
        std::puts(boost::json::serialize(boost::json::object{{"version", kVersion}}).c_str());
      } else {
        std::printf("meepo %s\n", kVersion);
      }
      return kOk;
    };
  });
}

}  // namespace meepo::cli
