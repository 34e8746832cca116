"""One system under faults: a server, recorder executors, the recorder and the load, with the history of all of it."""
import json
import os
import signal
import threading
import time

import checker
from harness import Http, Recorder, RecorderExecutor, Server, free_low_port, open_firings, pages, wait_for
from history import History, Writer, read_lines
from load import Load

DRAIN_SECONDS = 120   # a run lease, the suspects of the last kill one after another, on a slow machine
DUMP_THREADS = 4


class System:
    """Started whole; `case` (harness.Case) owns the processes."""

    def __init__(self, case, executors=2):
        self.folder = case.folder
        self.recorder = case.add(Recorder(self.folder)).start()
        self.server = case.add(Server(self.folder))
        self.server.http, self.server.grpc = (f"127.0.0.1:{free_low_port()}" for _ in range(2))
        self.server.start()
        self.executors = [case.add(RecorderExecutor(self.folder, f"executor-{index}", self.server.grpc, self.recorder.socket)).start()
                          for index in range(executors)]
        self.faults = Writer(os.path.join(self.folder, "faults.jsonl"), "faults")
        case.addCleanup(self.faults.close)
        self.load = None
        self.client_files = []
        self.wait_connected(executors)

    def api(self):
        return Http(self.server.http)

    def wait_connected(self, count):
        api = self.api()
        wait_for(lambda: len(api.ok("GET", "/v1/executors").get("executors", [])) >= count, 30, f"{count} executors connected")
        api.close()

    # ---- load

    def start_load(self, seed, **rates):
        self.load = Load(self.server.http, self.folder, seed, **rates).start()
        self.faults.write("load-begin")

    def stop_load(self):
        self.faults.write("load-end")
        self.client_files = self.load.stop()

    # ---- faults: each is written so that its line's stamps enclose the instant

    def kill(self, process):
        """kill -9 and start again at once."""
        pid, at = process.pid, time.monotonic_ns()
        process.kill()
        line = {"op": kind_of(process), "name": process.name, "pid": pid, "gone": time.monotonic_ns()}
        self.faults.write("kill", **line, mt=at)
        process.start()
        self.faults.write("ready", op=kind_of(process), name=process.name, pid=process.pid)

    def restart(self, process):
        """SIGTERM, its exit code, and start again."""
        self.faults.write("term", op=kind_of(process), name=process.name, pid=process.pid)
        code = process.terminate()
        process.start()
        self.faults.write("ready", op=kind_of(process), name=process.name, pid=process.pid)
        return code

    # ---- the end

    def drain(self):
        """Waits until nothing is open; whatever still is, is named."""
        api = self.api()
        wait_for(lambda: not open_firings(api), DRAIN_SECONDS, f"nothing open; open is {open_firings(api)}")
        api.close()

    def dump(self):
        """Every task with its whole ledger, as a file and a list."""
        api = self.api()
        tasks = pages(api, "/v1/tasks", "tasks")
        entries = [None] * len(tasks)
        counted = api.ok("GET", "/v1/counts").get("tasks", 0)
        if counted != len(tasks):
            raise AssertionError(f"the server counts {counted} tasks and lists {len(tasks)}")

        def read(first):
            connection = self.api()
            for index in range(first, len(tasks), DUMP_THREADS):
                entries[index] = {"task": tasks[index], "rows": pages(connection, f"/v1/tasks/{tasks[index]['id']}/ledger", "rows")}
            connection.close()

        threads = [threading.Thread(target=read, args=(first,)) for first in range(DUMP_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        api.close()
        if None in entries:
            raise AssertionError("a ledger could not be read")
        with open(os.path.join(self.folder, "dump.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        return entries

    def history(self):
        """What happened, after drain()."""
        dump = self.dump()
        client = [line for path in [*self.client_files, os.path.join(self.folder, "faults.jsonl")] for line in read_lines(path)]
        return History.of(client, self.recorder.lines(), dump)

    def stop(self):
        """SIGTERM to all: every exit code must be 0."""
        for process in [*self.executors, self.server]:
            code = process.terminate()
            if code != 0:
                raise AssertionError(f"{process.name} ended with exit code {code} on SIGTERM:\n{process.tail()}")


def kind_of(process):
    return "server" if isinstance(process, Server) else "executor"


def assert_holds(case, history):
    """Fails with the first violation's whole story."""
    found = checker.violations(history)
    if found:
        case.fail(checker.explain(history, found))


def pause(process):
    process.signal(signal.SIGSTOP)


def go_on(process):
    process.signal(signal.SIGCONT)
