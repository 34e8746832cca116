"""What happened, as three witnesses tell it: the clients' history, the recorder's (the called handlers') and the final ledger dump.

Client and fault lines, one JSON object each (one machine, so stamps compare):
  {"rt": real ns, "mt": monotonic ns, "p": "client-3", "t": "invoke|ok|fail|info", "op": "create|cancel|get", "n": operation, …}
    create invoke: key, req (request id or ""), spec {kind, define, method, args (text), next [{method, args}], runOnce, retries}
    create ok: task · cancel invoke: task · cancel ok: cancelled, running [firing ids]
    get ok: task, rows [[firing, state, outcome, att]]
  {"p": "faults", "t": "kill|stop|cont|term|ready", "op": "server|executor", "name": …, "pid": …, "gone": monotonic ns when it was dead}
  {"p": "faults", "t": "load-begin|load-end"}
  fail = surely did not happen; info = perhaps, its effect may appear later.
Recorder lines: {"rt", "mt", "p", "pid", "t": "call", "firing", "att", "method", "due": ms, "args": text} before anything else,
  {"t": "end", "firing", "att", "outcome": "ok|fail|cancelled", …} after the handler's work.
Ledger dump: {"task": the API's Task, "rows": [the API's LedgerRow, …]} a line a task; numbers keep their digits (see `parse`).
"""
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone

OPEN_STATES = ("DUE", "WAITING", "CLAIMED", "SENT", "RUNNING")


class Digits(str):
    """A JSON number with a fraction or exponent, kept as it was written."""


def parse(text):
    """JSON to Python without losing a digit: integers are exact, other numbers stay text."""
    return json.loads(text, parse_float=Digits)


def unix_ms(iso):
    """'2026-11-24T05:10:00.123Z' to Unix milliseconds; None stays None."""
    if not iso:
        return None
    moment = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // (datetime.resolution * 1000)


class Writer:
    """Appends lines of one process to a history file; any thread."""

    def __init__(self, path, process):
        self._file = open(path, "a", buffering=1, encoding="utf-8")
        self._process = process
        self._lock = threading.Lock()
        self._operation = 0

    def write(self, t, op="", **fields):
        line = {"rt": time.time_ns(), "mt": time.monotonic_ns(), "p": self._process, "t": t}
        if op:
            line["op"] = op
        line.update(fields)
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return line

    def close(self):
        self._file.close()

    def invoke(self, op, **fields):
        """Writes the invoke line and answers the operation's number, to be given to the line that ends it."""
        with self._lock:
            self._operation += 1
            number = self._operation
        self.write("invoke", op, n=number, **fields)
        return number


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [parse(line) for line in file if line.strip()]


@dataclass
class Create:
    """One create operation of a client; several may carry one request id."""
    key: str
    request_id: str
    spec: dict
    invoked_rt: int
    outcome: str = "info"  # an operation whose process died without a word is unknown, too
    task: str = ""


@dataclass
class Cancel:
    task: str
    outcome: str = "info"
    ok_mt: int = 0
    cancelled: bool = False
    running: tuple = ()


@dataclass
class History:
    client: list = field(default_factory=list)
    provider: list = field(default_factory=list)
    tasks: dict = field(default_factory=dict)   # id → {"task": …, "rows": […]}
    dumps: list = field(default_factory=list)   # as they came: repeated ids stay visible

    creates: list = field(default_factory=list)
    cancels: dict = field(default_factory=lambda: defaultdict(list))   # task → [Cancel]
    faults: list = field(default_factory=list)
    observed: list = field(default_factory=list)                       # get answers
    calls: dict = field(default_factory=lambda: defaultdict(list))     # firing → call lines, by monotonic time
    ends: dict = field(default_factory=dict)                           # (firing, attempt, pid) → end line
    load_seconds: float = 0.0

    @staticmethod
    def load(client_files, provider_file, dump_file):
        client = [line for path in client_files for line in read_lines(path)]
        return History.of(client, read_lines(provider_file), read_lines(dump_file))

    @staticmethod
    def of(client, provider, dumps):
        history = History(client=sorted(client, key=lambda line: line["mt"]), provider=sorted(provider, key=lambda line: line["mt"]),
                          dumps=list(dumps), tasks={entry["task"]["id"]: entry for entry in dumps})
        history._index_client()
        for line in history.provider:
            if line["t"] == "call":
                history.calls[line["firing"]].append(line)
            elif line["t"] == "end":
                history.ends[(line["firing"], line["att"], line["pid"])] = line
        return history

    def _index_client(self):
        open_operations, began = {}, None
        for line in self.client:
            if line["p"] == "faults":
                self.faults.append(line)
                if line["t"] == "load-begin":
                    began = line["mt"]
                elif line["t"] == "load-end" and began is not None:
                    self.load_seconds += (line["mt"] - began) / 1e9
                    began = None
                continue
            name = (line["p"], line["n"])
            if line["t"] == "invoke":
                open_operations[name] = self._begin(line)
            elif name in open_operations:
                self._end(open_operations.pop(name), line)

    def _begin(self, line):
        if line["op"] == "create":
            self.creates.append(Create(key=line["key"], request_id=line.get("req", ""), spec=line["spec"], invoked_rt=line["rt"]))
            return self.creates[-1]
        if line["op"] == "cancel":
            cancel = Cancel(task=line["task"])
            self.cancels[line["task"]].append(cancel)
            return cancel
        return line

    def _end(self, operation, line):
        if isinstance(operation, Create):
            operation.outcome, operation.task = line["t"], line.get("task", "")
        elif isinstance(operation, Cancel):
            operation.outcome, operation.ok_mt = line["t"], line["mt"]
            operation.cancelled = line.get("cancelled", False)
            operation.running = tuple(line.get("running", ()))
        elif line["t"] == "ok":
            self.observed.append(line)

    def firings(self):
        """Every firing row of the dump, as (task id, row)."""
        for entry in self.dumps:
            for row in entry["rows"]:
                if "firing" in row:
                    yield entry["task"]["id"], row

    def story(self, firing):
        """All that is known of one firing, in the order of time, for people."""
        task = firing.split("@")[0]
        lines = [line for line in self.client if line.get("task") == task or firing in line.get("running", ())]
        keys = {create.key for create in self.creates if create.task == task}
        lines += [line for line in self.client if line.get("key") in keys and line not in lines]
        lines += [line for line in self.provider if line["firing"] == firing]
        pids = {line["pid"] for line in self.provider if line["firing"] == firing}
        lines += [line for line in self.faults if line.get("pid") in pids]
        out = [json.dumps(line, ensure_ascii=False) for line in sorted(lines, key=lambda line: line["mt"])]
        entry = self.tasks.get(task)
        if entry:
            out.append("task " + json.dumps(entry["task"], ensure_ascii=False))
            out += ["ledger " + json.dumps(row, ensure_ascii=False) for row in entry["rows"]]
        else:
            out.append(f"no task {task} in the final dump")
        return "\n".join(out)
