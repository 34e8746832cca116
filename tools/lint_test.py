"""Tests of lint.py: which changes make clang-tidy look at a file again, and that the rules it is given find what they should."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import lint


class Remembering(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("src/a/a.cc", '#include "a/a.h"\n#include <vector>\n')
        self.write("src/a/a.h", '#include "b/b.h"\n#include "meepo/v1/types.pb.h"\n')
        self.write("src/b/b.h", '#include "a/a.h"\n')  # a cycle must not hang it
        self.write("src/c/c.h", "")
        self.write("proto/meepo/v1/types.proto", "")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def digest(self, *salt):
        return lint.Digests(self.root).of(self.root / "src/a/a.cc", *salt)

    def test_same_input_same_digest(self):
        self.assertEqual(self.digest(), self.digest())

    def test_whatever_it_reaches_changes_it(self):
        for name in ("src/a/a.cc", "src/a/a.h", "src/b/b.h", "proto/meepo/v1/types.proto"):
            with self.subTest(name):
                before = self.digest()
                self.write(name, (self.root / name).read_text() + "// x\n")
                self.assertNotEqual(self.digest(), before)

    def test_rules_change_it_and_strangers_do_not(self):
        before = self.digest("rules")
        self.write("src/c/c.h", "// x\n")
        self.assertEqual(self.digest("rules"), before)
        self.assertNotEqual(self.digest("other rules"), before)


class Grouping(unittest.TestCase):
    def test_small_groups_of_files_with_the_same_flags(self):
        many = [f"src/a/{i}.cc" for i in range(lint.GROUP_FILES_MAX + 1)]
        flags = dict.fromkeys(many, ("-O1",)) | {"src/b/x.cc": ("-O2",), "src/c/y.cc": ("-O2",)}
        groups = list(lint.groups_of([*flags, "bench/z.cc"], flags))
        self.assertEqual(sorted(map(len, groups)), sorted([1, 2, len(many) // 2, len(many) - len(many) // 2]))
        self.assertIn(["src/b/x.cc", "src/c/y.cc"], groups)
        self.assertEqual(sorted(sum(groups, [])), sorted([*flags, "bench/z.cc"]))


NAMES = """
namespace meepo {
constexpr int kLimit = 3;
class Wheel {
 public:
  int count() const { return entries_; }
 private:
  int entries_ = 0;
};
struct Options { int retry_count = 0; };
enum class State { Due, Ended };
inline int next_tick(int after) { const int step = kLimit; return after + step; }
}  // namespace meepo
"""
WRONG = [("kLimit", "limit"), ("class Wheel", "class wheel"), ("count()", "countAll()"), ("entries_", "entries"), ("retry_count", "retryCount"),
         ("retry_count", "retry_count_"), ("Due", "due"), ("next_tick", "nextTick"), ("int after", "int After"), ("namespace meepo {", "namespace Meepo {")]


@unittest.skipUnless(shutil.which(lint.CLANG_TIDY), "clang-tidy-19 is not installed")
class Names(unittest.TestCase):
    def tidy(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "sample.cc")
            path.write_text(text)
            command = [lint.CLANG_TIDY, "--quiet", f"--config-file={lint.ROOT / '.clang-tidy'}", str(path), "--", "-std=c++23"]
            return subprocess.run(command, capture_output=True, text=True)

    def test_right_names_pass(self):
        run = self.tidy(NAMES)
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_each_wrong_name_is_found(self):
        for right, wrong in WRONG:
            with self.subTest(wrong):
                run = self.tidy(NAMES.replace(right, wrong))
                self.assertNotEqual(run.returncode, 0)
                self.assertIn("readability-identifier-naming", run.stdout)


@unittest.skipUnless(shutil.which(lint.CLANG_TIDY), "clang-tidy-19 is not installed")
class Together(unittest.TestCase):
    """Groups of files in a folder below the project, read with one command."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=lint.ROOT / "tools", prefix="lint_test_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "src"
        self.folder.mkdir()
        self.build = pathlib.Path(folder.name) / "build"
        self.build.mkdir()

    def tidy(self, *texts):
        names, commands = [], []
        for i, text in enumerate(texts):
            path = self.folder / f"f{i}.cc"
            path.write_text(text)
            names.append(str(path.relative_to(lint.ROOT)))
            commands.append({"file": str(path), "directory": str(self.folder), "command": f"ccache clang++-19 -std=c++23 -o f{i}.o -c {path}"})
        (self.build / "compile_commands.json").write_text(json.dumps(commands))
        passed, output = lint.tidy(self.build, names, lint.compile_flags(self.build))
        return [passed[name] for name in names], output

    def test_all_right(self):
        self.assertEqual(self.tidy("int one();\n", "int two();\n"), ([True, True], ""))

    def test_only_the_file_with_the_finding_fails(self):
        passed, output = self.tidy("int one();\n", "int Two();\n", "int three();\n")
        self.assertEqual(passed, [True, False, True])
        self.assertIn("f1.cc:1:5: error: invalid case style", output)

    def test_private_names_that_collide_hide_nothing(self):
        private = "namespace { int helper() { return 1; } }\nint %s() { return helper(); }\n"
        passed, output = self.tidy(private % "one", private % "Two", "int three();\n", private % "four")
        self.assertEqual(passed, [True, False, True, True])
        self.assertNotIn("redefinition", output)


class Command(unittest.TestCase):
    def test_unknown_check_is_a_usage_error(self):
        run = subprocess.run([sys.executable, lint.__file__, "spelling"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("format, includes, coroutines, docs, tidy", run.stderr)


if __name__ == "__main__":
    unittest.main()
