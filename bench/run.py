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
  cron       next times of cron expressions, in this process alone (bench/cron_bench.cc)
  W1_grpc    as W1 with plain unary gRPC calls     W1_http   as W1 over HTTP/1.1
"Done" means that every handler ran and the store holds nothing open. CPU is that of server, executor and client together.
Rates move with what else runs on the machine: compare figures of one run, and trust the CPU a task most.
"""
import argparse
import contextlib
import http.client
import json
import mmap
import os
import re
import shlex
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
WARM_TASKS = 500
DONE_SECONDS_MAX = 180
WAYS = {  # name → (way of bench/load.cc, tasks, in flight)
    "W1": ("create", 40_000, 50),
    "W1b": ("batch", 100_000, 4),
    "W1_grpc": ("unary", 15_000, 50),
    "W1_http": ("http", 15_000, 50),
}
W2_RATE, W2_SECONDS = 200, 10
W3_TASKS, W3_SECONDS = 20_000, 10
PLANS, PLAN_SECONDS = {"W4": 1_000, "W5": 10_000}, 20
PLAN_CREDITS = 16_384  # an executor that shall run all plans at once
GAP_PLANS = 10_000
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
ALL = [*WAYS, "W2", "W3", *PLANS, "W6", "cron"]


def cpu_seconds(pid):
    """User and system time of a process and its threads so far."""
    with open(f"/proc/{pid}/stat") as file:
        text = file.read()
    return sum(int(field) for field in text[text.rindex(")") + 2:].split()[11:13]) / CLOCK_TICKS


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def machine_busy_seconds():
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / CLOCK_TICKS


class System:
    """One server on a new data folder and one executor."""

    def __init__(self, build, folder, credits=1024):
        self.load = os.path.join(build, "bench", "meepo_load")
        self.folder = tempfile.mkdtemp(prefix="meepo-bench-", dir=folder)
        self._log = open(os.path.join(self.folder, "log"), "wb")
        self.meepo = os.path.join(build, "meepo")
        self.http = self.grpc = "127.0.0.1:0"
        self.start_server()
        self.count_file, self.latency_file = os.path.join(self.folder, "count"), os.path.join(self.folder, "latency")
        self.executor = subprocess.Popen(
            [self.load, "executor", "--server", self.grpc, "--count", self.count_file, "--latency", self.latency_file,
             "--credits", str(credits)], stderr=self._log)
        self._api = http.client.HTTPConnection(self.http)
        self.wait(lambda: self._get("/v1/executors").get("executors"), 20, "the executor to connect")
        with open(self.count_file, "rb") as file:
            self._count = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)

    def start_server(self, environment=None):
        """On the ports that it had before."""
        self.server = subprocess.Popen(
            [self.meepo, "server", "--data-dir", os.path.join(self.folder, "data"), "--http", self.http, "--grpc", self.grpc, "--json"],
            stdout=subprocess.PIPE, stderr=self._log, env=environment)
        ready = json.loads(self.server.stdout.readline() or self._fail("the server did not start"))
        self.http, self.grpc = (ready[name].split("://")[-1].rstrip("/") for name in ("http", "grpc"))

    def stop_server(self):
        self.server.send_signal(signal.SIGTERM)
        if self.server.wait(30) != 0:
            self._fail("the server did not stop cleanly")
        self._api.close()

    def _fail(self, what):
        self._log.flush()
        with open(self._log.name, errors="replace") as log:
            raise RuntimeError(f"{what}:\n{log.read()[-3000:]}")

    def _get(self, path):
        self._api.request("GET", path)
        return json.loads(self._api.getresponse().read())

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self.server.poll() is not None or self.executor.poll() is not None:
                self._fail(f"waited for {what}")
            time.sleep(0.005)

    def rows_between(self, begin, end):
        """Of twenty tasks: ledger rows that begin with a tick of that time."""
        for task in self._get("/v1/tasks?pageSize=20")["tasks"]:
            rows = self._get(f"/v1/tasks/{task['id']}/ledger?pageSize=100")["rows"]
            ticks = [row["range"]["first"] if "range" in row else row["firing"]["id"].split("@")[1] for row in rows]
            yield sum(begin * 1000 < int(tick) < end * 1000 for tick in ticks)

    def called(self):
        return struct.unpack("=Q", self._count[:8])[0]

    def open_firings(self):
        states = self._get("/v1/counts").get("firingsByState", {})
        return sum(int(count) for state, count in states.items() if state != "ENDED")

    def wait_done(self, calls):
        """The monotonic instant at which every handler had run and nothing was open."""
        self.wait(lambda: self.called() >= calls, DONE_SECONDS_MAX, f"{calls} calls, there were {self.called()}")
        self.wait(lambda: not self.open_firings(), DONE_SECONDS_MAX, "the store to hold nothing open")
        return time.monotonic_ns()

    def client(self, way, **options):
        """Runs one client to its end: (its figures, its CPU seconds)."""
        flags = [text for name, value in options.items() for text in ("--" + name.replace("_", "-"), str(value))]
        process = subprocess.Popen([self.load, way, "--server", self.http if way == "http" else self.grpc, *flags], stdout=subprocess.PIPE,
                                   stderr=self._log)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            self._fail(f"client {way}: exit {process.returncode}, {output.decode()}")
        return json.loads(output), usage.ru_utime + usage.ru_stime

    def cpu(self):
        return cpu_seconds(self.server.pid), cpu_seconds(self.executor.pid)

    def stop_executor(self):
        self.executor.send_signal(signal.SIGTERM)
        if self.executor.wait(30) != 0:
            self._fail("the executor did not stop cleanly")

    def close(self):
        for process in (self.executor, self.server):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure_way(options, name, profile=None):
    """One run of W1 or a relative of it: a dictionary of figures."""
    way, tasks, in_flight = WAYS[name]
    tasks = max(1, int(tasks * options.scale))
    with contextlib.closing(System(options.build, options.folder)) as system:
        system.client(way, tasks=WARM_TASKS, in_flight=in_flight)
        system.wait_done(WARM_TASKS)
        server_before, executor_before = system.cpu()
        busy_before, began = machine_busy_seconds(), time.monotonic()
        with profile(system.server.pid) if profile else contextlib.nullcontext():
            figures, client_cpu = system.client(way, tasks=tasks, in_flight=in_flight)
            done = system.wait_done(WARM_TASKS + tasks)
        server_after, executor_after = system.cpu()
        seconds = time.monotonic() - began
        server, executor = server_after - server_before, executor_after - executor_before
        foreign = machine_busy_seconds() - busy_before - server - executor - client_cpu
        return {
            "tasks": tasks, "in_flight": in_flight,
            "created_per_s": round(tasks * 1e9 / (figures["end_ns"] - figures["begin_ns"])),
            "done_per_s": round(tasks * 1e9 / (done - figures["begin_ns"])),
            "cpu_us_per_task": round((server + executor + client_cpu) * 1e6 / tasks, 1),
            "server_cpu_us_per_task": round(server * 1e6 / tasks, 1), "executor_cpu_us_per_task": round(executor * 1e6 / tasks, 1),
            "client_cpu_us_per_task": round(client_cpu * 1e6 / tasks, 1),
            "server_rss_mib": round(resident_mib(system.server.pid), 1), "foreign_cores": round(max(0.0, foreign) / seconds, 2),
        }


def measure_w2(options):
    with contextlib.closing(System(options.build, options.folder)) as system:
        seconds = max(1, int(W2_SECONDS * options.scale))
        system.client("rate", tasks=W2_RATE, rate=W2_RATE)  # warm; left out below
        system.wait_done(W2_RATE)
        before = system.cpu()
        system.client("rate", tasks=W2_RATE * seconds, rate=W2_RATE)
        system.wait_done(W2_RATE * (seconds + 1))
        server, executor = (after - earlier for after, earlier in zip(system.cpu(), before))
        system.stop_executor()
        with open(system.latency_file) as file:
            latencies = sorted(int(line) / 1e6 for line in file.read().split()[W2_RATE:])
        if len(latencies) != W2_RATE * seconds:
            raise RuntimeError(f"{len(latencies)} of {W2_RATE * seconds} starts were stamped")
        at = lambda share: round(latencies[min(len(latencies) - 1, int(len(latencies) * share))], 3)
        return {"tasks": len(latencies), "rate_per_s": W2_RATE, "p50_ms": at(.5), "p95_ms": at(.95), "p99_ms": at(.99), "max_ms": at(1),
                "server_cores": round(server / seconds, 3), "executor_cores": round(executor / seconds, 3)}


def lateness(starts):
    """Figures of [(due ms, late us)]; early: handlers that started before their due instant."""
    late = sorted(late_us / 1000 for _, late_us in starts)
    at = lambda share: round(late[min(len(late) - 1, int(len(late) * share))], 3)
    return {"p50_ms": at(.5), "p99_ms": at(.99), "max_ms": at(1), "early": sum(late_us < 0 for _, late_us in starts)}


def starts_of(system):
    system.stop_executor()
    with open(system.latency_file) as file:
        return [tuple(int(field) for field in line.split()) for line in file]


def next_second(ahead):
    """A whole second of the system clock, at least `ahead` seconds from now."""
    return int(time.time()) + 1 + ahead


def measure_w3(options):
    tasks = max(100, int(W3_TASKS * options.scale))
    with contextlib.closing(System(options.build, options.folder)) as system:
        first = next_second(8)
        system.client("timing", tasks=tasks, in_flight=4, jitter=W3_SECONDS * 1000,
                      define=time.strftime("%Y%m%d%H%M%S", time.gmtime(first)))
        if time.time() > first:
            raise RuntimeError("creating the tasks took longer than was planned for")
        system.wait_done(tasks)
        starts = starts_of(system)
        return {"tasks": tasks, "missed": tasks - len(starts), **lateness(starts), "goal_p99_ms": 5}


def measure_gap(options):
    if not os.path.exists(FAKETIME):
        raise RuntimeError("no libfaketime: ./x setup installs it")
    plans = max(10, int(GAP_PLANS * options.scale))
    with contextlib.closing(System(options.build, options.folder, PLAN_CREDITS)) as system:
        system.client("plan", tasks=plans, in_flight=2, define="* * * * * *")
        time.sleep(3)
        system.stop_server()
        stopped, called = time.time(), system.called()
        began = time.monotonic()
        system.start_server(os.environ | {"LD_PRELOAD": FAKETIME, "FAKETIME": "+1h", "DONT_FAKE_MONOTONIC": "1"})
        started = time.time() + 3600
        ready = time.monotonic()
        system.wait(lambda: system.called() > called, 60, "the first call")
        first = time.monotonic()
        system.wait(lambda: system.called() >= called + plans, 60, "as many calls as there are plans")
        each = time.monotonic()
        return {"plans": plans, "ready_s": round(ready - began, 3), "first_call_s": round(first - began, 3),
                "call_of_each_s": round(each - began, 3), "rows_of_the_gap_most": max(system.rows_between(stopped, started)),
                "goal_first_call_s": 2, "goal_rows": 2}


def measure_plans(options, name):
    plans = max(10, int(PLANS[name] * options.scale))
    with contextlib.closing(System(options.build, options.folder, PLAN_CREDITS)) as system:
        system.client("plan", tasks=plans, in_flight=2, define="* * * * * *")
        begin = next_second(3)
        time.sleep(max(0, begin - 0.5 - time.time()))
        server_before, _ = system.cpu()
        time.sleep(PLAN_SECONDS)
        server = system.cpu()[0] - server_before
        rss = resident_mib(system.server.pid)
        time.sleep(1.5)
        starts = [start for start in starts_of(system) if begin * 1000 <= start[0] < (begin + PLAN_SECONDS) * 1000]
        expected = plans * PLAN_SECONDS
        return {"plans": plans, "ticks": expected, "missed": expected - len(starts), **lateness(starts),
                "server_cores": round(server / PLAN_SECONDS, 3), "server_rss_mib": round(rss, 1),
                "goal_p99_ms": 20 if name == "W4" else 150, "goal_server_cores": 0.6, "goal_server_rss_mib": 150}


def run_cron(options):
    """The lines of bench/cron_bench.cc as they are."""
    expressions = os.path.join(ROOT, "bench", "cron_expressions.txt")
    output = subprocess.run([os.path.join(options.build, "bench", "meepo_cron_bench"), expressions], capture_output=True, text=True, check=True)
    for line in output.stdout.splitlines():
        if line.startswith("{"):
            print_line(json.loads(line))


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
        self._command = ["perf", "record", "-q", "-F", "999", "-o", self._file, "-p", str(pid)]
        return self

    def __enter__(self):
        self._perf = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        self._perf.send_signal(signal.SIGINT)
        self._perf.wait(30)

    def top(self, count):
        text = subprocess.run(["perf", "report", "-i", self._file, "--stdio", "--no-children", "--sort", "dso,symbol"], capture_output=True,
                              text=True, check=True).stdout
        rows = re.findall(r"^\s+([0-9.]+)%\s+(\S+)\s+\[[.k]\]\s+(.+?)(?:\s{2,}.*)?$", text, re.M)
        return [{"share_percent": float(share), "object": dso, "symbol": symbol} for share, dso, symbol in rows[:count]]


def profile(options):
    if not shutil.which("perf"):
        raise RuntimeError("no perf: install Debian's linux-perf")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        recorder = Profile(os.path.join(folder, "perf.data"))
        figures = measure_way(options, "W1b", recorder)
        print_line({"name": "W1b_profiled", **figures})
        for rank, row in enumerate(recorder.top(10), 1):
            print_line({"name": "W1b_profile", "rank": rank, **row})


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
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(ALL) + " (default: all)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help="build folder with meepo and bench/meepo_load")
    parser.add_argument("--folder", default=None,
                        help="where data folders are made: the disk that is measured (default: the system's temporary folder)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of tasks")
    parser.add_argument("--profile", action="store_true", help="only: perf record of the server during W1b, its ten hottest symbols")
    parser.add_argument("--peers", default=os.environ.get("MEEPO_PEERS"), metavar="COMMAND",
                        help="a command that measures other task queues and prints their JSON lines, run after ours (MEEPO_PEERS)")
    options = parser.parse_args()
    unknown = set(options.names) - set(ALL)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: expected {', '.join(ALL)}")
    if options.profile:
        profile(options)
        return 0
    measures = {"W2": measure_w2, "W3": measure_w3, "W6": measure_gap} | {name: lambda chosen, name=name: measure_plans(chosen, name) for name in PLANS}
    for name in options.names or ALL:
        if name == "cron":
            run_cron(options)
            continue
        runs = []
        for _ in range(options.runs):
            runs.append(measures[name](options) if name in measures else measure_way(options, name))
            print(f"  {name} {json.dumps(runs[-1])}", file=sys.stderr, flush=True)
        print_line({"name": name, **median_of(runs)})
    return run_peers(options.peers) if options.peers else 0


if __name__ == "__main__":
    sys.exit(main())
