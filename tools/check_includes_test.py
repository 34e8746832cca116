"""Tests of check_includes.py on lines that are right and lines that are wrong."""

import pathlib
import tempfile
import unittest

import check_includes
import cpp_text

FILES = ["src/base/ids.h", "src/base/log.h", "src/task/task.h", "src/schedule/zone.h", "src/schedule/cron/cron.h", "src/engine/wheel.h",
         "src/ports/store.h", "src/scheduler/scheduler.h", "src/adapters/sqlite/store.h", "src/adapters/direct/server.h", "src/net/http.h",
         "src/api/access/access.h", "src/api/calls/calls.h", "src/api/http/server.h", "src/api/grpc/server.h", "src/client/client.h", "src/convert/convert.h",
         "apps/meepo/wiring.h", "tests/support/loop.h", "proto/meepo/v1/types.proto", "sdk/cpp/include/meepo/client.h"]

GOOD = [
    ("src/task/task.cc", '#include "task/task.h"\n#include "base/ids.h"\n#include <vector>'),
    ("src/engine/wheel.h", '#include "schedule/zone.h"\n#include <map>'),
    ("src/scheduler/claim.cc", '#include "engine/wheel.h"\n#include "base/log.h"\n#include <mutex>'),
    ("src/adapters/sqlite/store.cc", '#include "adapters/sqlite/store.h"\n#include "net/http.h"'),
    ("src/api/http/server.cc", '#include "api/access/access.h"\n#include "meepo/v1/types.pb.h"'),
    ("src/api/http/server.cc", '#include "api/calls/calls.h"'),
    ("src/convert/convert.h", '#include "meepo/v1/types.pb.h"'),
    ("src/client/client.cc", '#include "adapters/direct/server.h"'),
    ("src/task/task.cc", '// #include <thread>\n/*\n#include "net/http.h"\n*/\n'),
    ("src/task/task.cc", 'auto text = "steady_clock::now";  // never steady_clock::now()'),
    ("src/task/task_test.cc", '#include "scheduler/scheduler.h"\n#include "tests/support/loop.h"\n#include <thread>'),
    ("apps/meepo/wiring.cc", '#include "adapters/sqlite/store.h"\n#include "apps/meepo/wiring.h"'),
    ("apps/meepo/dev.cc", '#include "apps/meepo/wiring.h"\n#include "scheduler/scheduler.h"'),
    ("sdk/cpp/client.cc", '#include "meepo/client.h"\n#include "client/client.h"'),
    ("tests/sim/world.cc", '#include "adapters/sqlite/store.h"\n#include "support/loop.h"'),
    ("apps/meepo/dev.cc", '#include "wiring.h"'),
]

BAD = [
    ("src/base/ids.cc", '#include "task/task.h"', "base must not use task"),
    ("src/task/task.h", '#include "schedule/zone.h"', "task must not use schedule"),
    ("src/schedule/cron/cron.cc", '#include "task/task.h"', "schedule/cron must not use task"),
    ("src/ports/store.h", '#include "engine/wheel.h"', "ports must not use engine"),
    ("src/scheduler/claim.cc", '#include "adapters/sqlite/store.h"', "scheduler must not use adapters/sqlite"),
    ("src/scheduler/claim.cc", '#include "meepo/v1/types.pb.h"', "scheduler must not use proto"),
    ("src/adapters/direct/server.cc", '#include "adapters/sqlite/store.h"', "adapters/direct must not use adapters/sqlite"),
    ("src/api/http/server.cc", '#include "api/grpc/server.h"', "api/http must not use api/grpc"),
    ("src/api/access/access.cc", '#include "api/calls/calls.h"', "api/access must not use api/calls"),
    ("src/client/client.cc", '#include "adapters/sqlite/store.h"', "client must not use adapters/sqlite"),
    ("src/client/client.cc", '#include "scheduler/scheduler.h"', "client must not use scheduler"),
    ("src/engine/wheel.cc", "#include <thread>", "engine holds no thread"),
    ("src/task/task.cc", '#include "base/log.h"', "task holds no thread, socket, clock or log"),
    ("src/engine/wheel.cc", "#include <boost/asio/steady_timer.hpp>", "engine holds no thread"),
    ("src/engine/wheel.cc", "auto now = std::chrono::steady_clock::now();", "engine reads no clock"),
    ("src/schedule/zone.cc", "auto n = system_clock :: now();", "schedule reads no clock"),
    ("src/task/task.cc", '#include "task.h"', "no such file"),
    ("src/task/task.cc", '#include "tests/support/loop.h"', "only tests use tests/"),
    ("src/scheduler/claim.cc", '#include "meepo/client.h"', "scheduler must not use"),
    ("apps/meepo/dev.cc", '#include "adapters/sqlite/store.h"', "only wiring.* names concrete adapters"),
]


class Includes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in FILES:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def test_good(self):
        for path, text in GOOD:
            with self.subTest(path=path, text=text):
                self.assertEqual(list(check_includes.check_file(path, text, self.root)), [])

    def test_bad(self):
        for path, text, message in BAD:
            with self.subTest(path=path, text=text):
                found = list(check_includes.check_file(path, text, self.root))
                self.assertEqual(len(found), 1, found)
                self.assertIn(message, found[0][1])

    def test_names_the_line(self):
        found = list(check_includes.check_file("src/task/task.cc", '#include "base/ids.h"\n\n#include <mutex>\n', self.root))
        self.assertEqual([line for line, _ in found], [3])


class CodeOf(unittest.TestCase):
    def test_blanks_comments_and_literals_in_place(self):
        text = 'a /* "x\n" */ b "\\"//" c \'"\' d R"x(co_await " )x" e 1\'000\'000 f // g'
        code = cpp_text.code_of(text)
        self.assertEqual(len(code), len(text))
        self.assertEqual(code.split(), ["a", "b", '""', "c", "''", "d", '""', "e", "1'000'000", "f"])


if __name__ == "__main__":
    unittest.main()
