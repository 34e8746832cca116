#!/usr/bin/env python3
"""What a server bears: bad executors beside good ones, more creates than it can write, many tasks due at one instant, no file left.

MEEPO_LONG=1 or --long: the flood too, 100,000 tasks due in one second (5,000 otherwise), 60 s of neighbours (15 s otherwise). The figures of
a flood are those of `./x bench flood`.
"""
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest
from datetime import datetime, timezone

from faults import pause
from harness import HERE, MEEPO, Case, Http, NoAnswer, NotSent, RecorderExecutor, Server, service, wait_for

LONG = os.environ.get("MEEPO_LONG") == "1" or "--long" in sys.argv
APP = "load"
FLOOD_SECONDS = 15
FLOOD_BATCH = 10_000
FLOOD_CLIENTS = 8
ANSWER_SECONDS = 2  # of a refusal, in a sanitized build on a busy machine; `./x bench flood` has the figure
FILES = 96


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def task(method, args, interface="test.Recorder", **more):
    return {"appId": APP, "kind": "REAL", "target": service(method, args, interface=interface), **more}


def milliseconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


class LoadCase(Case):
    def executor_of(self, server, recorder, interface, *options):
        process = RecorderExecutor(self.folder, interface.rsplit(".", 1)[-1].lower(), server.grpc, recorder.socket, ("--interface", interface, *options))
        return self.add(process).start()

    def connected(self, api, count):
        wait_for(lambda: len(api.ok("GET", "/v1/executors").get("executors", [])) >= count, 30, f"{count} executors")

    def ended(self, api, created, seconds=60):
        return wait_for(lambda: (found := api.ok("GET", f"/v1/tasks/{created}"))["status"] in ("DONE", "FAIL", "CANCEL") and found, seconds,
                        f"{created} to end")


class Neighbours(LoadCase):
    """Executors that are slow, hang, fail every call or do not read at all leave the others' tasks alone."""

    def test_a_good_executor_is_on_time_beside_bad_ones(self):
        server, recorder = self.server(), self.recorder()
        api = server.api()
        self.executor_of(server, recorder, "test.Good")
        self.executor_of(server, recorder, "test.Slow", "--credits", "4", "--threads", "2")
        self.executor_of(server, recorder, "test.Hanging", "--credits", "4", "--threads", "2")
        self.executor_of(server, recorder, "test.Failing")
        frozen = self.executor_of(server, recorder, "test.Frozen")
        self.connected(api, 5)
        pause(frozen)
        plan = api.ok("POST", "/v1/tasks", {**task("stamp", '["good"]', "test.Good"), "kind": "PLAN", "define": "* * * * * *"})["id"]
        retry = {"fixed": {"maxRetries": 3, "delayMs": 50}}
        end, failing = time.monotonic() + (60 if LONG else 15), []
        while time.monotonic() < end:
            for _ in range(5):
                api.ok("POST", "/v1/tasks", task("slow", '["slow",3000]', "test.Slow"))
                api.ok("POST", "/v1/tasks", task("slow", '["hanging",3600000]', "test.Hanging", timeoutMs=2000))
                api.ok("POST", "/v1/tasks", task("stamp", '["frozen"]', "test.Frozen"))
                failing.append(api.ok("POST", "/v1/tasks", task("fail", '["failing"]', "test.Failing", retry=retry))["id"])
            time.sleep(0.2)
        for created in (failing[0], failing[-1]):
            row = api.ok("GET", f"/v1/tasks/{self.ended(api, created)['id']}/ledger")["rows"][0]["firing"]
            self.assertEqual(("FAIL", 4), (row["outcome"], row["attempt"]))
        rows = [row["firing"] for row in api.ok("GET", f"/v1/tasks/{plan}/ledger?pageSize=100")["rows"]]
        fired = [row for row in rows if row.get("outcome") == "SUCCESS"]
        self.assertGreaterEqual(len(fired), (50 if LONG else 10), rows)
        self.assertEqual([], [row for row in rows if row.get("fate") == "SKIPPED"], "the good executor's ticks")
        late = sorted(milliseconds(row["begunAt"]) - milliseconds(row["due"]) for row in fired)
        self.assertLess(late[-1], 1_000, late)
        outcomes = api.ok("GET", "/v1/counts")["firingsByState"]
        self.assertGreater(int(outcomes["WAITING"]) + int(outcomes["DUE"]), 0, "the slow and the hanging have a backlog")


class Flood(LoadCase):
    """On a disk whose syncs take 40 ms, so that a few clients send more than it can take."""

    def setUp(self):
        super().setUp()
        self.shim = os.path.join(self.folder, "failing_disk.so")
        subprocess.run(["clang-19", "-shared", "-fPIC", "-o", self.shim, os.path.join(HERE, "programs", "failing_disk.c")], check=True, timeout=60)

    def test_what_is_too_much_is_refused_at_once_and_what_was_taken_is_on_time(self):
        server = self.server(name="dev", subcommand="dev", environment={"LD_PRELOAD": self.shim, "SLOW_SYNCS_MS": "40"})
        api = server.api()
        plan = api.ok("POST", "/v1/tasks", {**task("echo", '["on time"]', "meepo.demo.Echo"), "kind": "PLAN", "define": "* * * * * *"})["id"]
        spec = {"appId": APP, "kind": "TIMING", "define": "20990101000000", "zone": "UTC", "target": service("echo", "[1]", interface="meepo.demo.Echo")}
        flood = {"specs": [spec] * FLOOD_BATCH}
        end, counted, lock = time.monotonic() + FLOOD_SECONDS, {"created": 0, "EXHAUSTED": 0}, threading.Lock()
        errors = queue.Queue()

        def pour():
            own = Http(server.http, timeout=120)
            while time.monotonic() < end:
                status, answer = own.post("/v1/tasks:batchCreate", flood)
                if status == 503:  # more bytes of bodies than the listener holds at once
                    time.sleep(0.05)
                    continue
                if status == 429 and answer["code"] == "EXHAUSTED":  # a batch that comes when no more may wait is refused as a whole
                    with lock:
                        counted["EXHAUSTED"] += FLOOD_BATCH
                    continue
                if status != 200:
                    errors.put((status, answer))
                    return
                with lock:
                    for item in answer["items"]:
                        code = "created" if "created" in item else item["error"]["code"]
                        counted[code] = counted.get(code, 0) + 1

        threads = [threading.Thread(target=pour) for _ in range(FLOOD_CLIENTS)]
        for thread in threads:
            thread.start()
        refusals = []
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            status, answer = api.post("/v1/tasks", spec)
            if status == 429:
                self.assertEqual("EXHAUSTED", answer["code"])
                refusals.append(time.monotonic() - began)
            time.sleep(0.02)
        self.assertTrue(errors.empty(), list(errors.queue))
        self.assertGreater(counted["EXHAUSTED"], 0, counted)
        self.assertEqual({"created", "EXHAUSTED"}, set(counted))
        self.assertLess(max(refusals, default=0), ANSWER_SECONDS, refusals)
        # One create over HTTP is refused or waits for what is before it, so the flood may be over before any was; those in batches were.
        self.assertGreaterEqual(int(api.ok("GET", "/v1/counts")["tasks"]), counted["created"] + 1)
        rows = [row["firing"] for row in api.ok("GET", f"/v1/tasks/{plan}/ledger?pageSize=100")["rows"]]
        late = [milliseconds(row["begunAt"]) - milliseconds(row["due"]) for row in rows if row.get("outcome") == "SUCCESS"]
        self.assertGreaterEqual(len(late), FLOOD_SECONDS - 2)
        self.assertLess(max(late), 3_000, "lateness of a plan in the flood")
        self.assertEqual("DONE", self.ended(api, api.ok("POST", "/v1/tasks", task("echo", "[1]", "meepo.demo.Echo"))["id"])["status"])


if not LONG:
    del Flood


class DueAtOnce(LoadCase):
    def test_many_tasks_of_one_second_run_once_each_higher_priority_first(self):
        count = 100_000 if LONG else 5_000
        server, recorder = self.server(), self.recorder()
        api = server.api()
        self.executor_of(server, recorder, "test.Recorder", "--credits", "64")
        self.connected(api, 1)
        due = int(time.time()) + (60 if LONG else 8)
        define = datetime.fromtimestamp(due, timezone.utc).strftime("%Y%m%d%H%M%S")
        for first in range(0, count, 1_000):
            specs = [{"appId": APP, "kind": "TIMING", "define": define, "zone": "UTC", "priority": number % 10,
                      "target": service("stamp", f"[{number}]")} for number in range(first, first + 1_000)]
            answer = api.ok("POST", "/v1/tasks:batchCreate", {"specs": specs})
            self.assertEqual([], [item for item in answer["items"] if "created" not in item])
        self.assertLess(time.time(), due, "creating took longer than was planned for")
        wait_for(lambda: len(recorder.calls()) >= count, 600 if LONG else 90, f"{count} calls", every=1)
        numbers = [int(call["args"].strip("[]")) for call in recorder.calls()]
        self.assertEqual(sorted(numbers), list(range(count)), "each once")
        early = [call for call in recorder.calls() if call["rt"] < due * 1_000_000_000]
        self.assertEqual([], early, "none before it was due")
        places = [[place for place, number in enumerate(numbers) if number % 10 == priority] for priority in range(10)]
        means = [sum(each) / len(each) for each in places]
        self.assertEqual(sorted(means, reverse=True), means, "mean place by priority 0 to 9")
        self.assertGreater(means[0], 3 * means[9])


class FileLimit(LoadCase):
    """A server that has no file descriptor left neither spins nor forgets how to accept."""

    def test_it_recovers_when_connections_end(self):
        server = Server(self.folder, name="dev", subcommand="dev")
        server.command = ["prlimit", f"--nofile={FILES}:{FILES}", "--", *server.command]
        self.add(server).start()
        api = server.api()
        self.connected(api, 1)
        echo = task("echo", "[1]", "meepo.demo.Echo")
        held = []
        self.addCleanup(lambda: [each.close() for each in held])
        for place in (server.http, server.grpc):
            host, _, port = place.rpartition(":")
            for _ in range(FILES):
                held.append(socket.create_connection((host, int(port)), 10))
        wait_for(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) >= FILES - 1, 10, "the server to have no descriptor left")
        before = cpu_seconds(server.pid)
        time.sleep(2)  # the time that its CPU is measured over
        self.assertLess(cpu_seconds(server.pid) - before, 1, "the server spins")
        self.assertEqual("DONE", self.ended(api, api.ok("POST", "/v1/tasks", echo)["id"])["status"], "who is connected")
        for each in held:
            each.close()

        def over_http():
            try:
                return Http(server.http, timeout=5).get("/readyz")[0] == 200
            except (NotSent, NoAnswer):
                return False

        def over_grpc():
            command = [MEEPO, "task", "list", "--server", server.grpc]
            return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

        wait_for(over_http, 30, "new connections to the HTTP listener")
        wait_for(over_grpc, 60, "new connections to the gRPC listener")
        self.assertEqual("DONE", self.ended(api, api.ok("POST", "/v1/tasks", echo)["id"])["status"])


NOBODY = 65534  # the limit of threads does not hold for root
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
THREADS_FEW = 4


@unittest.skipUnless(os.geteuid() == 0, "only root can start a server as another user")
class ThreadLimit(LoadCase):
    """A server that can start no further thread works on and stops in order; one that cannot start says why."""

    def limited(self, threads):
        os.chown(self.folder, NOBODY, NOBODY)
        program = shutil.copy(MEEPO, self.folder)  # nobody need be able to read the checkout
        server = Server(self.folder, name=f"limited-{threads}", environment={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which takes a process
        server.command[0] = program
        server.command = [*AS_NOBODY, "prlimit", f"--nproc={threads}:{threads}", "--", *server.command]
        return self.add(server)

    @staticmethod
    def threads(server):
        return len(os.listdir(f"/proc/{server.pid}/task"))

    def test_it_works_with_as_many_threads_as_it_has(self):
        server, recorder = self.limited(1_000).start(), self.recorder()
        most = self.threads(server)
        subprocess.run([*AS_NOBODY, "prlimit", f"--pid={server.pid}", f"--nproc={most}:{most}"], check=True)
        self.executor_of(server, recorder, "test.Recorder")
        api = server.api()
        self.connected(api, 1)
        specs = [task("stamp", "[1]") for _ in range(50)]

        def create_many():
            own = server.api()
            for _ in range(5):
                for item in own.ok("POST", "/v1/tasks:batchCreate", {"specs": specs})["items"]:
                    self.assertIn("created", item)

        callers = [threading.Thread(target=create_many) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        wait_for(lambda: len(recorder.calls()) >= 8 * 5 * 50, 60, "all calls", every=0.5)
        self.assertLessEqual(self.threads(server), most)
        before = cpu_seconds(server.pid)
        time.sleep(2)  # the time that its CPU is measured over
        self.assertLess(cpu_seconds(server.pid) - before, 1, "the server spins")
        self.assertEqual(0, server.terminate(), server.tail())

    def test_one_that_cannot_start_a_thread_says_so_and_ends(self):
        server = self.limited(THREADS_FEW)
        with self.assertRaises(AssertionError):
            server.start()
        self.assertEqual(1, server.wait(30))
        self.assertIn("the system refused thread", server.tail())
        self.assertIn("ulimit -u", server.tail())


if __name__ == "__main__":
    if "--long" in sys.argv:
        sys.argv.remove("--long")
    unittest.main()
