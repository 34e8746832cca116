"""Tests of ./x itself, of what it does without building."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = ("demo", "build", "test", "lint", "fmt", "bench", "fuzz", "setup", "help")


def x(*arguments, **options):
    return subprocess.run([ROOT / "x", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)


class Usage(unittest.TestCase):
    def test_help_names_every_command(self):
        run = x("help")
        self.assertEqual(run.returncode, 0)
        for command in COMMANDS:
            self.assertRegex(run.stdout, rf"(?m)^  {command}\b")

    def test_wrong_usage_exits_2_and_says_what(self):
        for arguments, message in ((["tset"], 'no command "tset"'), (["test", "--bogus"], "unknown option --bogus"),
                                   (["fuzz", "--seconds"], "needs a number"), (["build", "a", "b"], "one preset")):
            with self.subTest(arguments):
                run = x(*arguments)
                self.assertEqual(run.returncode, 2)
                self.assertIn(message, run.stderr)


class ElsewhereThanDebian12(unittest.TestCase):
    def test_prints_what_is_missing_and_the_whole_list(self):
        with tempfile.TemporaryDirectory() as folder:
            for program in ("bash", "env", "dirname", "sed", "grep", "cmake", "git"):
                os.symlink(shutil.which(program), pathlib.Path(folder, program))
            run = x("setup", "--yes", env={"PATH": folder})
        self.assertEqual(run.returncode, 1)
        self.assertIn("these programs are missing: clang++-19", run.stderr)
        self.assertNotIn(" cmake ", run.stderr.splitlines()[0])
        self.assertIn("\n  libgrpc++-dev\n", run.stderr)


if __name__ == "__main__":
    unittest.main()
