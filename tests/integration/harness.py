"""Starts and ends the processes under test, talks HTTP to them, waits on conditions.

Programs come from the build that MEEPO_BUILD_DIR names (tools/run_tests.py sets it; sanitized by default). Everything listens on
127.0.0.1; ports are those that the first start was given by the system, kept over restarts. Only processes started here are signalled.
"""
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from history import parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("MEEPO_BUILD_DIR", os.path.join(ROOT, "build", "asan"))
MEEPO = os.path.join(BUILD, "meepo")
RECORDER_EXECUTOR = os.path.join(BUILD, "tests", "integration", "recorder_executor")
POLL_SECONDS = 0.02
SUCCESS = (200, 201)  # 201: a task was created
READY_SECONDS = 30  # a sanitized server on a busy machine


class Raw(str):
    """JSON text to be put into a body as it is."""


def dumps(value):
    """json.dumps, with Raw values written digit by digit."""
    raws = []

    def hide(node):
        if isinstance(node, Raw):
            raws.append(node)
            return f"\0{len(raws) - 1}\0"
        if isinstance(node, dict):
            return {name: hide(child) for name, child in node.items()}
        if isinstance(node, (list, tuple)):
            return [hide(child) for child in node]
        return node

    text = json.dumps(hide(value), ensure_ascii=False)
    for index, raw in enumerate(raws):
        text = text.replace(f'"\\u0000{index}\\u0000"', raw)
    return text


def wait_for(condition, seconds, what, every=POLL_SECONDS):
    """Polls until `condition()` is true and answers its value; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for: {what}; last: {value!r}")
        time.sleep(every)


class NotSent(Exception):
    """The request surely had no effect: no connection was made."""


class NoAnswer(Exception):
    """The request was perhaps carried out."""


class Http:
    """One keep-alive connection to the API; not for use by two threads."""

    def __init__(self, address, token=None, timeout=30):
        self._connection, self.address, self._token, self._timeout = None, address, token, timeout

    def __del__(self):
        self.close()

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def request(self, method, path, body=None, headers=None):
        """(status, parsed JSON or text). Raises NotSent or NoAnswer."""
        if self._connection is None:
            host, _, port = self.address.rpartition(":")
            self._connection = http.client.HTTPConnection(host, int(port), timeout=self._timeout)
            try:
                self._connection.connect()
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                self.close()
                raise NotSent(str(error)) from error
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        if body is not None and not isinstance(body, (str, bytes)):
            body = dumps(body)
        try:
            self._connection.request(method, path, body.encode() if isinstance(body, str) else body, sent | (headers or {}))
            response = self._connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        if response.will_close:
            self.close()
        try:
            return response.status, parse(text)
        except ValueError:
            return response.status, text

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body=None):
        return self.request("POST", path, {} if body is None else body)

    def ok(self, method, path, body=None):
        """The body of an answer that must be a success."""
        status, answer = self.request(method, path, body)
        if status not in SUCCESS:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer


class Process:
    """One program under test: its output goes to files in `folder`; a second start appends."""

    def __init__(self, name, command, folder, environment=None):
        self.name, self.command, self.folder, self.process = name, command, folder, None
        self._environment = {**os.environ, **(environment or {})}
        self.log = os.path.join(folder, name + ".log")

    @property
    def pid(self):
        return self.process.pid

    def start(self, *extra):
        if self.process and self.process.stdout:
            self.process.stdout.close()  # of a process that ended by itself
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, *extra], stdout=subprocess.PIPE, stderr=log, env=self._environment,
                                            start_new_session=True)
        return self

    def first_line(self, seconds=READY_SECONDS):
        """The first line on stdout; what follows is read and kept in the log, so that the pipe never fills."""
        box, stdout, log = [], self.process.stdout, self.log
        self.process.stdout = None  # the thread's from now on
        got = threading.Event()

        def read():
            with open(log, "ab") as file:
                for line in stdout:
                    if not box:
                        box.append(line.decode())
                        got.set()
                    file.write(b"[stdout] " + line)
                    file.flush()
            stdout.close()
            got.set()

        threading.Thread(target=read, daemon=True).start()
        if not got.wait(seconds) or not box:
            raise AssertionError(f"{self.name} said nothing on stdout within {seconds} s; it wrote:\n{self.tail()}")
        return box[0]

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait(20)

    def terminate(self, seconds=60):
        """SIGTERM and the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds):
        """The exit code."""
        code = self.process.wait(seconds)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def running(self):
        return self.process is not None and self.process.poll() is None

    def tail(self, size=3000):
        with open(self.log, "rb") as log:
            text = log.read()
        return text[-size:].decode(errors="replace")


class Server(Process):
    """`meepo server` on the embedded store with fsync. `http` and `grpc` are host:port as really bound."""

    def __init__(self, folder, name="server", data="data", subcommand="server", options=(), environment=None):
        self.data = os.path.join(folder, data)
        super().__init__(name, [MEEPO, subcommand, "--data-dir", self.data, "--json", *options], folder, environment)
        self.http = self.grpc = "127.0.0.1:0"
        self.ready = None

    def start(self, *extra):
        super().start("--http", self.http, "--grpc", self.grpc, *extra)
        self.ready = json.loads(self.first_line())
        self.http, self.grpc = (address(self.ready[name]) for name in ("http", "grpc"))
        return self

    def api(self, token=None):
        return Http(self.http, token)


def address(text):
    """host:port of an address or URL."""
    return text.split("://")[-1].rstrip("/")


class RecorderExecutor(Process):
    def __init__(self, folder, name, schedulers, recorder, options=()):
        super().__init__(name, [RECORDER_EXECUTOR, "--scheduler", schedulers, "--recorder", recorder, "--name", name, *options], folder)


class Recorder(Process):
    def __init__(self, folder):
        self.socket, self.file = os.path.join(folder, "recorder.sock"), os.path.join(folder, "provider.jsonl")
        super().__init__("recorder", [sys.executable, os.path.join(HERE, "recorder.py"), self.socket, self.file], folder)

    def start(self):
        super().start()
        self.first_line()
        return self

    def lines(self):
        if not os.path.exists(self.file):
            return []
        with open(self.file, encoding="utf-8") as file:
            return [parse(line) for line in file if line.endswith("\n")]

    def calls(self, task=""):
        return [line for line in self.lines() if line["t"] == "call" and line["firing"].startswith(task)]


class Case(unittest.TestCase):
    """A folder and processes of its own for each test; on a failure the folder stays and its logs are shown."""

    maxDiff = None

    def setUp(self):
        base = tempfile.mkdtemp(prefix="meepo-it-")
        self.folder, self.processes = base, []
        self.addCleanup(self._clean)

    @classmethod
    def own_for_class(cls):
        """For setUpClass: `cls.owner` is a case whose folder and processes all tests of the class share; they go when the class is over."""
        class Owner(Case):
            def runTest(self):
                pass
        cls.owner = Owner()
        cls.owner.setUp()
        cls.addClassCleanup(cls.owner.doCleanups)

    def add(self, process):
        self.processes.append(process)
        return process

    def server(self, **parts):
        return self.add(Server(self.folder, **parts)).start()

    def executor(self, server, recorder, name="executor-1", options=()):
        return self.add(RecorderExecutor(self.folder, name, server.grpc, recorder.socket, options)).start()

    def recorder(self):
        return self.add(Recorder(self.folder)).start()

    def _failed(self):
        result = getattr(self._outcome, "result", None)
        return any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors) if result else False

    def _clean(self):
        for process in reversed(self.processes):
            if process.running():
                process.signal(signal.SIGCONT)
                process.kill()
        failed = self._failed()
        bad = [process for process in self.processes if os.path.exists(process.log) and sanitizer_report(process.log)]
        if failed or bad:
            print(f"files of the failed test are kept in {self.folder}", file=sys.stderr)
            for process in bad or self.processes:
                if os.path.exists(process.log):
                    print(f"--- {process.name}\n{process.tail()}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if bad:
            raise AssertionError(f"a sanitizer reported errors in {[process.name for process in bad]}")


def sanitizer_report(path):
    with open(path, "rb") as file:
        text = file.read()
    return b"ERROR: AddressSanitizer" in text or b"runtime error:" in text or b"ERROR: LeakSanitizer" in text


def service(method, args, interface="test.Recorder"):
    """A target; `args` is JSON text of the parameters."""
    return {"service": {"interface": interface, "method": method, "params": Raw(args)}}


def pages(api, path, items):
    """All items of a paged list."""
    token, found = "", []
    while True:
        answer = api.ok("GET", f"{path}{'&' if '?' in path else '?'}pageSize=1000" + (f"&pageToken={token}" if token else ""))
        found += answer.get(items, [])
        token = answer.get("nextPageToken", "")
        if not token:
            return found


def open_firings(api):
    states = api.ok("GET", "/v1/counts").get("firingsByState", {})
    return {state: count for state, count in states.items() if count and state != "ENDED"}


def free_low_port():
    """A port below the range that outgoing connections use: a killed server's port is not taken by a client before its restart."""
    generator = random.Random()
    while True:
        port = generator.randrange(12_000, 30_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
