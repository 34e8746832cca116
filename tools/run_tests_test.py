"""Tests of run_tests.py: what a part's report, crash or silence counts as, on small programs made for it."""

import pathlib
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest

import run_tests
from run_tests import Counts


class Counting(unittest.TestCase):
    def test_gtest_report_counts_cases(self):
        report = {"testsuites": [{"testsuite": [
            {"status": "RUN", "result": "COMPLETED"},
            {"status": "RUN", "result": "COMPLETED", "failures": [{"failure": "1 != 2"}]},
            {"status": "RUN", "result": "SKIPPED"},
            {"status": "NOTRUN", "result": "SUPPRESSED"}]}]}
        self.assertEqual(run_tests.counts_of("gtest", report, "", 1), Counts(1, 1, 2))

    def test_crash_counts_what_had_been_printed_and_the_running_case(self):
        output = "[ RUN      ] A.One\n[       OK ] A.One (0 ms)\n[ RUN      ] A.Two\n==1==ERROR: AddressSanitizer"
        self.assertEqual(run_tests.counts_of("gtest", None, output, 1), Counts(1, 1, 0))

    def test_bad_exit_of_passing_cases_is_a_failure(self):
        report = {"testsuites": [{"testsuite": [{"status": "RUN", "result": "COMPLETED"}]}]}
        self.assertEqual(run_tests.counts_of("gtest", report, "", 23), Counts(1, 1, 0))

    def test_part_without_a_case_is_a_failure(self):
        self.assertEqual(run_tests.counts_of("gtest", {"testsuites": []}, "", 0), Counts(0, 1, 0))
        self.assertEqual(run_tests.counts_of("tools", {"passed": 0, "failed": 0, "skipped": 0}, "", 0), Counts(0, 1, 0))

    def test_fuzz_target_counts_once(self):
        self.assertEqual(run_tests.counts_of("fuzz", None, "", 0), Counts(1, 0, 0))
        self.assertEqual(run_tests.counts_of("fuzz", None, "", 77), Counts(0, 1, 0))


class Running(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_python(self, text):
        path = self.folder / "test_sample.py"
        path.write_text("import unittest\nclass T(unittest.TestCase):\n" + textwrap.indent(textwrap.dedent(text), "  "))
        part = run_tests.Part("sample", "tools", path)
        return run_tests.run_part(part, self.folder, None, 30)[0]

    def test_python_cases(self):
        counts = self.run_python("""
            def test_passes(self): pass
            def test_fails(self): self.fail()
            @unittest.skip("why")
            def test_is_skipped(self): pass
            def test_counts_once(self):
              for i in range(3):
                with self.subTest(i): self.fail()
        """)
        self.assertEqual(counts, Counts(1, 2, 1))

    def test_python_file_that_does_not_load(self):
        self.assertEqual(self.run_python("def test_x(self):\n  return (\n"), Counts(0, 1, 0))

    def test_setup_class_that_fails(self):
        counts = self.run_python("""
            @classmethod
            def setUpClass(cls): raise RuntimeError("no server")
            def test_x(self): pass
        """)
        self.assertEqual(counts, Counts(0, 1, 0))

    def program(self, text):
        path = self.folder / "program"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return run_tests.Part("program", "gtest", [str(path)])

    def test_program_that_hangs_is_ended(self):
        counts, seconds, hint, _ = run_tests.run_part(self.program("sleep 100"), self.folder, None, 0.2)
        self.assertEqual(counts.failed, 1)
        self.assertIn("gave up", hint)
        self.assertLess(seconds, 50)

    def test_program_that_dies_names_the_signal(self):
        counts, _, hint, _ = run_tests.run_part(self.program("kill -SEGV $$"), self.folder, None, 30)
        self.assertEqual(counts, Counts(0, 1, 0))
        self.assertIn("SIGSEGV", hint)

    def test_program_that_was_not_built(self):
        self.assertEqual(run_tests.run_part(run_tests.Part("x", "gtest", ["/no/such"]), self.folder, None, 30)[0], Counts(0, 1, 0))


class Choosing(unittest.TestCase):
    parts = [run_tests.Part(name, kind, None) for name, kind in (("base_test", "gtest"), ("tools.x_test", "tools"), ("integration.test_kill", "system"))]

    def test_names_match_inside(self):
        self.assertEqual([part.name for part in run_tests.select(self.parts, ["base", "kill"])], ["base_test", "integration.test_kill"])
        self.assertEqual(run_tests.select(self.parts, []), self.parts)

    def test_targets(self):
        self.assertEqual(run_tests.ninja_targets(self.parts[:1], False), ["meepo_base_test"])
        self.assertEqual(run_tests.ninja_targets(self.parts[1:2], False), [])
        self.assertEqual(run_tests.ninja_targets(self.parts[2:], False), ["all"])
        self.assertEqual(run_tests.ninja_targets(self.parts, True), ["all"])


class LastLine(unittest.TestCase):
    def test_sum_is_the_last_line_and_nothing_run_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "CTestTestfile.cmake").write_text("")
            for names, expected, exit_code in ((["no-such-part"], "0 passed, 0 failed, 0 skipped", 1), (["tools.check_docs"], None, 0)):
                run = subprocess.run([sys.executable, run_tests.__file__, "--build", folder, *names], capture_output=True, text=True)
                last = run.stdout.splitlines()[-1]
                self.assertRegex(last, r"^\d+ passed, \d+ failed, \d+ skipped$")
                if expected:
                    self.assertEqual(last, expected)
                self.assertEqual(run.returncode, exit_code, run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
