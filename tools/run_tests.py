#!/usr/bin/env python3
"""Runs every test of Meepo and sums up.

A part is one GoogleTest program (known to ctest as NAME, built as meepo_NAME), one Python unittest file (tools/*_test.py,
tests/**/test_*.py), or one fuzz target (fuzz/NAME_fuzz.cc), which runs for 30 s on its seeds and what libFuzzer makes of them.
Each part runs in a process of its own; its output goes to <build>/test-logs/ and is shown when it fails.
The last line on stdout is "N passed, N failed, N skipped": single test cases over all parts. A part that crashes, hangs, or has
no test in it counts as a failure. Exit 0 only if something ran and nothing failed.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PART_SECONDS_MAX = 900
PART_SECONDS_MAX_LONG = 7200
HEARTBEAT_SECONDS = 30
FUZZ_SECONDS = 30
OUTPUT_LINES_SHOWN = 200

Counts = collections.namedtuple("Counts", "passed failed skipped")
Part = collections.namedtuple("Part", "name kind command")  # kind: "gtest", "fuzz", "tools" (Python, alone), "system" (Python, drives the binary)


# ---- finding parts ------------------------------------------------------------------------------------------------------------

def gtest_parts(build):
    listing = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], capture_output=True, text=True, check=True)
    parts = []
    for test in json.loads(listing.stdout)["tests"]:
        command = test.get("command")
        parts.append(Part(test["name"], "gtest", command))
    return parts


def python_parts(root=ROOT):
    parts = [Part(f"tools.{path.stem}", "tools", path) for path in sorted(root.glob("tools/*_test.py"))]
    for path in sorted(root.glob("tests/**/test_*.py")):
        parts.append(Part(f"{path.parent.name}.{path.stem}", "system", path))
    return parts


def fuzz_parts(build, root=ROOT):
    return [Part(f"fuzz.{path.stem.removesuffix('_fuzz')}", "fuzz", [str(build / "fuzz" / path.stem)])
            for path in sorted(root.glob("fuzz/*_fuzz.cc"))]


def fuzz_command(part, logs):
    name = part.name.removeprefix("fuzz.")
    corpus = logs / f"{part.name}.corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir()
    return part.command + [f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0",
                           f"-artifact_prefix={logs / part.name}-", str(corpus), str(ROOT / "fuzz" / "seeds" / name)]


def select(parts, names):
    return [part for part in parts if not names or any(name in part.name for name in names)]


# ---- running one --------------------------------------------------------------------------------------------------------------

def counts_of_gtest_report(report):
    passed = failed = skipped = 0
    for suite in report.get("testsuites", []):
        for case in suite.get("testsuite", []):
            if case.get("failures"):
                failed += 1
            elif case.get("status") == "NOTRUN" or case.get("result") == "SKIPPED":
                skipped += 1
            else:
                passed += 1
    return Counts(passed, failed, skipped)


def counts_of_gtest_output(text):
    """For a program that died before it wrote its report: what it had printed; the case that was running failed."""
    passed = len(re.findall(r"^\[       OK \] ", text, re.M))
    failed = len(set(re.findall(r"^\[  FAILED  \] (\S+\.\S+) \(", text, re.M)))
    skipped = len(re.findall(r"^\[  SKIPPED \] \S+\.\S+ \(", text, re.M))
    return Counts(passed, failed + 1, skipped)


def read_report(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def counts_of(kind, report, output, exit_code):
    if kind == "gtest":
        counts = counts_of_gtest_report(report) if report else counts_of_gtest_output(output)
    elif kind == "fuzz":
        counts = Counts(1, 0, 0) if exit_code == 0 else Counts(0, 1, 0)
    else:
        counts = Counts(**report) if report else Counts(0, 1, 0)
    # Leaks found at the exit, a crash in a destructor, a program without a test: no case says so, the part did fail.
    if (exit_code != 0 and counts.failed == 0) or sum(counts) == 0:
        counts = counts._replace(failed=counts.failed + 1)
    return counts


def run_process(command, environment, log, seconds_max):
    """Its exit code; a hint of its own where there is none. Ends the whole process group at the time limit."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment,
                                   cwd=ROOT, start_new_session=True)
        try:
            return process.wait(timeout=seconds_max), ""
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return 1, f"gave up after {seconds_max} s"


def run_part(part, logs, environment, seconds_max):
    log, report = logs / f"{part.name}.log", logs / f"{part.name}.json"
    report.unlink(missing_ok=True)
    if part.kind in ("gtest", "fuzz"):
        if not part.command or not pathlib.Path(part.command[0]).exists():
            return Counts(0, 1, 0), 0.0, "its program was not built", log
        command = fuzz_command(part, logs) if part.kind == "fuzz" else part.command + [f"--gtest_output=json:{report}"]
    else:
        command = [sys.executable, __file__, "--unittest", str(part.command), "--report", str(report)]
    started = time.monotonic()
    exit_code, hint = run_process(command, environment, log, seconds_max)
    if exit_code < 0:
        hint = f"died of {signal.Signals(-exit_code).name}"
    output = log.read_text(errors="replace")
    return counts_of(part.kind, read_report(report), output, exit_code), time.monotonic() - started, hint, log


# ---- one Python file, in the process made for it ------------------------------------------------------------------------------

class CountingResult(unittest.TextTestResult):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def counts(self):
        # A failing subTest is an entry of its own; the case counts once.
        name = lambda test: getattr(test, "test_case", test).id()
        failed = {name(test) for test, _ in self.failures + self.errors} | {name(test) for test in self.unexpectedSuccesses}
        skipped = {name(test) for test, _ in self.skipped} - failed
        return Counts(self.passed + len(self.expectedFailures), len(failed), len(skipped))


def run_unittest(path, report):
    sys.path.insert(0, str(path.parent))
    suite = unittest.defaultTestLoader.loadTestsFromName(path.stem)
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2, resultclass=CountingResult).run(suite)
    report.write_text(json.dumps(result.counts()._asdict()))
    return 0 if result.wasSuccessful() else 1


# ---- all --------------------------------------------------------------------------------------------------------------------

def test_environment(options):
    environment = dict(os.environ)
    environment.setdefault("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1:check_initialization_order=1")
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    symbolizer = shutil.which("llvm-symbolizer-19")
    if symbolizer:
        environment.setdefault("ASAN_SYMBOLIZER_PATH", symbolizer)
    environment["MEEPO_BUILD_DIR"] = str(options.build.resolve())
    if options.long:
        environment["MEEPO_LONG"] = "1"
    return environment


def show(part, outcome, verbose):
    counts, seconds, hint, log = outcome
    words = f"{counts.passed} passed"
    if counts.failed:
        words += f", {counts.failed} failed"
    if counts.skipped:
        words += f", {counts.skipped} skipped"
    print(f"{'FAIL' if counts.failed else 'ok':<5}{part.name:<40}{seconds:8.1f} s  {words}{'  (' + hint + ')' if hint else ''}", flush=True)
    if (counts.failed or verbose) and log.exists():
        lines = log.read_text(errors="replace").splitlines()
        if len(lines) > OUTPUT_LINES_SHOWN and not verbose:
            print(f"      … the first {len(lines) - OUTPUT_LINES_SHOWN} lines are in {log}")
            lines = lines[-OUTPUT_LINES_SHOWN:]
        print("\n".join("      " + line for line in lines), flush=True)


def run_all(parts, workers, options, environment):
    """Runs `parts`, `workers` at a time; yields (part, outcome) as they end and says what takes long."""
    logs = options.build / "test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    seconds_max = PART_SECONDS_MAX_LONG if options.long else PART_SECONDS_MAX
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        began = {}

        def work(part):
            began[part.name] = time.monotonic()
            return run_part(part, logs, environment, seconds_max)

        waiting = {pool.submit(work, part): part for part in parts}
        while waiting:
            done, _ = concurrent.futures.wait(waiting, timeout=HEARTBEAT_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                part = waiting.pop(future)
                began.pop(part.name)
                yield part, future.result()
            if not done:
                print("      running: " + ", ".join(f"{name} {time.monotonic() - at:.0f} s" for name, at in list(began.items())), flush=True)


def ninja_targets(parts, everything):
    """What has to be built for the chosen parts: all, or only their programs. Tests that drive the binary bring programs of their own."""
    if everything or any(part.kind == "system" for part in parts):
        return ["all"]
    programs = {"gtest": "meepo_{}", "fuzz": "{}_fuzz"}
    return [programs[part.kind].format(part.name.removeprefix("fuzz.")) for part in parts if part.kind in programs]


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Runs Meepo's tests; ./x test builds them first.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/asan")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--targets", action="store_true", help="only print what has to be built")
    parser.add_argument("--unittest", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--report", type=pathlib.Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_arguments(arguments)
    if options.unittest:
        return run_unittest(options.unittest, options.report)
    parts = select(gtest_parts(options.build) + fuzz_parts(options.build) + python_parts(), options.names)
    if options.targets:
        print(" ".join(ninja_targets(parts, not options.names) if not options.list else []))
        return 0
    if options.list:
        print("\n".join(part.name for part in parts))
        return 0

    started = time.monotonic()
    environment = test_environment(options)
    alone = [part for part in parts if part.kind == "system"]  # they measure, kill and load: never two at once
    together = [part for part in parts if part.kind != "system"]
    total = Counts(0, 0, 0)
    for group, workers in ((together, os.cpu_count() or 1), (alone, 1)):
        for part, outcome in run_all(group, workers, options, environment):
            show(part, outcome, options.verbose)
            total = Counts(*map(sum, zip(total, outcome[0])))
    if sum(total) == 0:
        print(f"no test ran{': no part is named ' + ' or '.join(options.names) if options.names else ''}")
    print(f"{len(parts)} parts in {time.monotonic() - started:.1f} s")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
