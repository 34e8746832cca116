#!/usr/bin/env python3
"""Measures `meepo server` from outside, with its default settings: embedded store, fsync, executor and client in processes of their own.

One JSON object a line on stdout: `name` and figures with their units in their names; what is said beside them goes to stderr.
  W1         single creates, 50 in flight through one SDK client, until every task is DONE
  W1b        creates in batches of 500, 4 batches in flight, until every task is DONE
  W2         200 tasks a second, from the call of create to the start of the handler
  W3         20,000 TIMING tasks due at random moments of 10 s: how late their handlers start
  W4 W5      1,000 and 10,000 PLAN tasks that fire each second, for 20 s; the executor has credits for all of them at once
  W6         10,000 such plans after an hour without the server (its system clock is set ahead by libfaketime): from its start to the first
             call and to a call of each, and the rows that a plan has more for it
  pending    1,000,000 TIMING tasks due in a month: how long their creates take, disk and memory; pages of a search among them; W2 and W3
             beside them, and how many times as long as on an empty server in the same run
  flood      250,000 creates a second for 10 s, in batches of 1,000, five times what the server can write: how long a create of another client
             takes to be refused, memory, and how late 100 every-second plans start meanwhile
  burst      100,000 TIMING tasks due within one second: how late the last one starts
  idle       20 s of a server with one executor and nothing to do
  cron       next times of cron expressions, in this process alone (bench/cron_bench.cc)
  soak       by name only: 30 minutes of 1,000 creates and 100 ticks a second with 100,000 ended tasks kept; memory, descriptors, threads,
             bytes of log, rows and file of the last third beside those of the second
  W1_full W1b_full  as W1 and W1b, with 1,000,000 ended tasks in the store, so that retention removes as many as come
  hessian2   encoding and decoding of the same objects beside Java's hessian-lite, one thread each (bench/java-hessian)
  dubbo_create  creates over dubbo://, 50 in flight on one connection, beside unary gRPC creates and Java consumers
  dubbo_invoke  generic calls of a Java provider through the executor's invoker beside a Java generic consumer, one and 50 at a time
  W1_grpc    as W1 with plain unary gRPC calls     W1_http   as W1 over HTTP/1.1
"Done" means that every handler ran and the store holds nothing open. CPU is that of server, executor and client together.
Rates move with what else runs on the machine: compare figures of one run, and trust the CPU a task most.
"""
import argparse
import json
import os
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import steps
from capacity import measure_burst, measure_flood, measure_idle, measure_pending, measure_soak
from creates import WAYS, measure_w2, measure_way
from dubbo import measure_calls, measure_creates
from times import PLANS, measure_gap, measure_plans, measure_w3

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BY_NAME = ["soak"]  # too long for a run of all
DUBBO = {"dubbo_create": measure_creates, "dubbo_invoke": measure_calls}  # three rounds each, whatever --runs says
ALL = [*WAYS, "W2", "W3", *PLANS, "W6", "pending", "flood", "burst", "idle", "cron", "hessian2", *DUBBO]


def run_cron(options):
    """The lines of bench/cron_bench.cc as they are."""
    expressions = os.path.join(ROOT, "bench", "cron_expressions.txt")
    output = subprocess.run([os.path.join(options.build, "bench", "meepo_cron_bench"), expressions], capture_output=True, text=True, check=True)
    for line in output.stdout.splitlines():
        if line.startswith("{"):
            print_line(json.loads(line))


def run_hessian2(options):
    """Nanoseconds of Java's hessian-lite and of ours for the same objects, and how many times as fast ours is."""
    script = os.path.join(ROOT, "bench", "java-hessian", "run.sh")
    output = subprocess.run([script, os.path.join(options.build, "bench", "meepo_hessian2_bench")], capture_output=True, text=True, check=True)
    for line in output.stdout.splitlines():
        if line.startswith("{"):
            print_line({"name": "hessian2", **json.loads(line)})


def rounded(value):
    return int(value) if value == int(value) else round(value, 3)


def median_of(runs):
    """The median of each figure, with its spread where a figure that matters moved."""
    out = {name: rounded(statistics.median(run[name] for run in runs)) for name in runs[0]}
    for name in ("done_per_s", "cpu_us_per_task", "p50_ms", "p99_ms"):
        if name in out and len(runs) > 1:
            out[name + "_min"], out[name + "_max"] = min(run[name] for run in runs), max(run[name] for run in runs)
    return out | {"runs": len(runs)}


class Profile:
    """perf record of one process while the block runs."""

    def __init__(self, file):
        self._file = file

    def __call__(self, pid):
        self._command = ["perf", "record", "-q", "-F", "199", "--call-graph", "dwarf,8192", "-o", self._file, "-p", str(pid)]
        return self

    def __enter__(self):
        self._perf = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        self._perf.send_signal(signal.SIGINT)
        self._perf.wait(30)

    def top(self, count):
        text = subprocess.run(["perf", "report", "-i", self._file, "--stdio", "--no-children", "-g", "none", "--no-inline", "--sort", "dso,symbol"],
                              capture_output=True, text=True, check=True).stdout
        rows = re.findall(r"^\s+([0-9.]+)%\s+(\S+)\s+\[[.k]\]\s+(.+?)(?:\s{2,}.*)?$", text, re.M)
        return [{"share_percent": float(share), "object": dso, "symbol": symbol} for share, dso, symbol in rows[:count]]


def profile(options):
    if not shutil.which("perf"):
        raise RuntimeError("no perf: install Debian's linux-perf")
    for name in options.names or ["W1b", "W1"]:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            file = os.path.join(folder, "perf.data")
            recorder = Profile(file)
            figures = measure_way(options, name, recorder)
            print_line({"name": f"{name}_profiled", **figures})
            for step, share in steps.shares(file):
                print_line({"name": f"{name}_step", "step": step, "share_percent": round(share * 100, 1),
                            "server_cpu_us_per_task": round(share * figures["server_cpu_us_per_task"], 2)})
            for rank, row in enumerate(recorder.top(10), 1):
                print_line({"name": f"{name}_profile", "rank": rank, **row})


def run_peers(command):
    """The peers' lines as they come, `name` first: "<work> <peer>"."""
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            row = json.loads(line)
            print_line({"name": f"{row.pop('work', '')} {row.pop('peer', '')}".strip(), **row})
    return process.returncode


def print_line(row):
    print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Measures meepo server from outside; prints one JSON object a line.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{' '.join(ALL)} (default: all of them) {' '.join(BY_NAME)}")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help="build folder with meepo and bench/meepo_load")
    parser.add_argument("--folder", default=None,
                        help="where data folders are made: the disk that is measured (default: the system's temporary folder)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of tasks")
    parser.add_argument("--profile", action="store_true", help="only: perf record of the server during W1b and W1 (or NAME): what each step of a task costs, ten hottest symbols")
    parser.add_argument("--peers", default=os.environ.get("MEEPO_PEERS"), metavar="COMMAND",
                        help="a command that measures other task queues and prints their JSON lines, run after ours (MEEPO_PEERS)")
    options = parser.parse_args()
    unknown = set(options.names) - {*ALL, *BY_NAME}
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: expected {', '.join([*ALL, *BY_NAME])}")
    if options.profile:
        if not set(options.names) <= set(WAYS):
            parser.error(f"--profile is of {', '.join(WAYS)}")
        profile(options)
        return 0
    measures = {"W2": measure_w2, "W3": measure_w3, "W6": measure_gap, "pending": measure_pending, "flood": measure_flood,
                "burst": measure_burst, "idle": measure_idle, "soak": measure_soak}
    measures |= {name: lambda chosen, name=name: measure_plans(chosen, name) for name in PLANS}
    for name in options.names or ALL:
        if name == "cron":
            run_cron(options)
            continue
        if name == "hessian2":
            run_hessian2(options)
            continue
        if name in DUBBO:
            for row in DUBBO[name](options):
                print_line({"name": name, **row})
            continue
        runs = []
        for _ in range(options.runs):
            runs.append(measures[name](options) if name in measures else measure_way(options, name))
            print(f"  {name} {json.dumps(runs[-1])}", file=sys.stderr, flush=True)
        print_line({"name": name, **median_of(runs)})
    return run_peers(options.peers) if options.peers else 0


if __name__ == "__main__":
    sys.exit(main())
