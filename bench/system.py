"""The processes that bench/run.py measures: one `meepo server`, one executor, clients."""
import contextlib
import http.client
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
DONE_SECONDS_MAX = 180


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

    def __init__(self, build, folder, credits=1024, server_options=()):
        self.server_options = server_options
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
        self.wait(lambda: self.get("/v1/executors").get("executors"), 20, "the executor to connect")
        with open(self.count_file, "rb") as file:
            self._count = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)

    def start_server(self, environment=None):
        """On the ports that it had before."""
        self.server = subprocess.Popen(
            [self.meepo, "server", "--data-dir", os.path.join(self.folder, "data"), "--http", self.http, "--grpc", self.grpc, "--json",
             *self.server_options],
            stdout=subprocess.PIPE, stderr=self._log, env=environment)
        ready = json.loads(self.server.stdout.readline() or self._fail("the server did not start"))
        self.dubbo = ready.get("dubbo")
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

    def get(self, path):
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
        for task in self.get("/v1/tasks?pageSize=20")["tasks"]:
            rows = self.get(f"/v1/tasks/{task['id']}/ledger?pageSize=100")["rows"]
            ticks = [row["range"]["first"] if "range" in row else row["firing"]["id"].split("@")[1] for row in rows]
            yield sum(begin * 1000 < int(tick) < end * 1000 for tick in ticks)

    def called(self):
        return struct.unpack("=Q", self._count[:8])[0]

    def open_firings(self):
        states = self.get("/v1/counts").get("firingsByState", {})
        return sum(int(count) for state, count in states.items() if state != "ENDED")

    def open_firings_but(self, plans):
        """Each plan has a tick armed, or one more under way."""
        return max(0, self.open_firings() - 2 * plans)

    def wait_called(self, calls):
        self.wait(lambda: self.called() >= calls, DONE_SECONDS_MAX, f"{calls} calls, there were {self.called()}")

    def wait_done(self, calls):
        """The monotonic instant at which every handler had run and nothing was open."""
        self.wait_called(calls)
        self.wait(lambda: not self.open_firings(), DONE_SECONDS_MAX, "the store to hold nothing open")
        return time.monotonic_ns()

    def client(self, way, **options):
        """Runs one client to its end: (its figures, its CPU seconds)."""
        flags = [text for name, value in options.items() for text in ("--" + name.replace("_", "-"), str(value))]
        process = subprocess.Popen([self.load, way, "--server", {"http": self.http, "dubbo": self.dubbo}.get(way, self.grpc), *flags], stdout=subprocess.PIPE,
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
