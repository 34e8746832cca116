"""Dubbo beside what it is compared with: creates over dubbo:// beside unary gRPC, and calls of a Java provider beside Java's own consumer.

Everything runs in a network namespace with nothing but loopback, where a Java consumer uses 127.0.0.1. Those that are compared take turns,
first one way round, then the other; a figure is the median of the rounds, _min and _max say how far it moved.
"""
import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "java"))
import peers  # noqa: E402: its folder is known only now

from creates import WARM_TASKS
from system import CLOCK_TICKS, System, cpu_seconds, machine_busy_seconds

CREATES, IN_FLIGHT, ROUNDS = 30_000, 50, 3
JAVA_CREATES = 15_000
CALLS = 20_000
# Not scaled: a Java consumer whose compiler is still at work takes three times the CPU, which would flatter us.
COMPILE_CALLS, WARM_UP = 60_000, 20_000  # before the first round, and before each of calls
SECONDS_MAX = 600  # of one command
JAVA_VERSIONS = ("2.7.23", "3.3.6")
TASK_SERVICE = "org.cheng.meepo.task.service.TaskService"
ECHO = "demo.api.EchoService"
CLONE_NEWNET = 0x40000000
SPREAD = ("created_per_s", "server_cpu_us_per_create", "p50_us", "cpu_us_per_call")
# Who calls our invoker (bench/dubbo_invoke.cc), and how its lines are named.
CALLERS = {"outside": "our invoker, called by a thread that blocks, as Java's do", "inside": "our invoker, called by its own thread"}


@contextlib.contextmanager
def only_loopback():
    """This process and those it starts are in a network namespace of their own while the block runs."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise RuntimeError("no network namespace could be made: run this as root")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


def build_java():
    subprocess.run([os.path.join(ROOT, "tests", "java", "build.sh")], check=True)


def own_cpu_seconds():
    """Of this process, of those it started and of those among them that have ended."""
    total = sum(os.times()[:4])
    for thread in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{thread}/children") as file:
            total += sum(cpu_seconds(pid) for pid in file.read().split())
    return total


def stolen_seconds():
    """What the machine below gave to others, of all processors."""
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / CLOCK_TICKS


class Noise:
    """What others used of the processors from its making until figures() is asked: `foreign_cores` holds what was stolen, too."""

    def __init__(self):
        self._before = self._now()

    @staticmethod
    def _now():
        return time.monotonic(), machine_busy_seconds() - own_cpu_seconds(), stolen_seconds()

    def figures(self):
        seconds, foreign, stolen = (after - before for after, before in zip(self._now(), self._before))
        return {"foreign_cores": max(0.0, foreign) / seconds, "stolen_cores": stolen / seconds}


def turn_about(ways):
    """Pairs of a round's number and a way."""
    for number in range(ROUNDS):
        for way in ways if number % 2 == 0 else reversed(ways):
            yield number, way


def medians(rows):
    """The median of each figure of the rounds; of those in SPREAD the least and the most, too."""
    out = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        out[name] = rounded(name, statistics.median(values))
        if name in SPREAD:
            out[name + "_min"], out[name + "_max"] = rounded(name, min(values)), rounded(name, max(values))
    return out


def rounded(name, value):
    if name.endswith("_cores"):
        return round(value, 2)
    return round(value) if name.endswith("_per_s") or name in ("p50_us", "p99_us") else round(value, 1)


def ratio(ours, theirs, figure):
    """Of the medians."""
    return round(statistics.median(row[figure] for row in ours) / statistics.median(row[figure] for row in theirs), 2)


# ---- creates --------------------------------------------------------------------------------------------------------------------


class Creates:
    """Rounds of creates on one server; each ends when all that were created are done."""

    def __init__(self, system):
        self._system = system
        self._done = 0  # tasks so far

    def with_load(self, way, creates):
        """One round of a way of bench/load.cc."""
        return self._round(creates, lambda: self._run_load(way, creates))

    def with_java(self, consumer, creates):
        """One round of a Java consumer's creates."""
        return self._round(creates, lambda: self._run_java(consumer, creates))

    def _round(self, creates, run):
        noise = Noise()
        server = self._system.cpu()[0]
        begun = time.monotonic_ns()
        row = run()
        self._done += creates
        ended = self._system.wait_done(self._done)
        server = self._system.cpu()[0] - server
        return {"created_per_s": row.pop("created_per_s"), "done_per_s": creates * 1e9 / (ended - row.pop("begin_ns", begun)),
                "server_cpu_us_per_create": server * 1e6 / creates, **row, **noise.figures()}

    def _run_load(self, way, creates):
        figures, client_cpu = self._system.client(way, tasks=creates, in_flight=IN_FLIGHT)
        return {"created_per_s": creates * 1e9 / (figures["end_ns"] - figures["begin_ns"]), "begin_ns": figures["begin_ns"],
                "client_cpu_us_per_create": client_cpu * 1e6 / creates}

    @staticmethod
    def _run_java(consumer, creates):
        service = {"interfaceName": "meepo.bench.NoOp", "methodName": "noop", "paramsType": [], "params": []}
        answer = whole(consumer.ask("create", service=service, type="REAL", define="", calls=creates, callers=IN_FLIGHT,
                                    attachments={"appId": "bench"}, seconds=SECONDS_MAX))
        return {"created_per_s": creates * 1e6 / answer["wallUs"], "client_cpu_us_per_create": answer["cpuUs"] / creates,
                "p50_us": answer["p50Us"], "p99_us": answer["p99Us"]}


def whole(answer):
    """A consumer's answer, if none of its calls failed."""
    if "refused" in answer or answer.get("failed"):
        raise RuntimeError(f"calls of Java failed: {answer.get('refused') or answer['exceptions'][:1]}")
    return answer


def measure_creates(options):
    """Lines of `dubbo_create`: our two ways turn about, their ratio, then Java's consumers turn about, all on one server."""
    build_java()
    creates, java_creates = (max(WARM_TASKS, int(number * options.scale)) for number in (CREATES, JAVA_CREATES))
    with only_loopback(), contextlib.closing(System(options.build, options.folder, server_options=("--dubbo", "127.0.0.1:0"))) as system:
        rounds = Creates(system)
        names = {"unary": "unary gRPC", "dubbo": "dubbo"}
        rows = {way: [] for way in names}
        for way in names:
            rounds.with_load(way, WARM_TASKS)
        for _, way in turn_about(list(names)):
            rows[way].append(rounds.with_load(way, creates))
        for way, name in names.items():
            yield {"by": name, "creates": creates, "in_flight": IN_FLIGHT, **medians(rows[way])}
        yield {"by": "dubbo / unary gRPC", "created_ratio": ratio(rows["dubbo"], rows["unary"], "created_per_s"),
               "server_cpu_ratio": ratio(rows["dubbo"], rows["unary"], "server_cpu_us_per_create")}
        yield from java_creates_lines(system, rounds, java_creates)


def java_creates_lines(system, rounds, creates):
    url = f"dubbo://{system.dubbo}/{TASK_SERVICE}"
    rows = {version: [] for version in JAVA_VERSIONS}
    with contextlib.ExitStack() as stack:
        consumers = {version: stack.enter_context(peers.Peer(version, "consumer", "--url", url, "--timeout", "60000", "--retries", "0"))
                     for version in JAVA_VERSIONS}
        for consumer in consumers.values():
            rounds.with_java(consumer, COMPILE_CALLS)
        for _, version in turn_about(JAVA_VERSIONS):
            rows[version].append(rounds.with_java(consumers[version], creates))
    for version in JAVA_VERSIONS:
        yield {"by": f"Java {version} consumer", "creates": creates, "callers": IN_FLIGHT, **medians(rows[version])}


# ---- calls ----------------------------------------------------------------------------------------------------------------------


def measure_calls(options):
    """Lines of `dubbo_invoke`: our invoker and a Java generic consumer call one Java provider, turn about."""
    build_java()
    with only_loopback():
        for version in JAVA_VERSIONS:
            with peers.Peer(version, "provider", "--quiet") as provider:
                url = f"dubbo://127.0.0.1:{provider.ready['port']}"
                with peers.Peer(version, "consumer", "--url", f"{url}/{ECHO}", "--timeout", "60000", "--retries", "0") as consumer:
                    call_with_java(consumer, COMPILE_CALLS, IN_FLIGHT, 0)
                    for in_flight in (1, IN_FLIGHT):
                        yield from compare(options, version, url, consumer, in_flight)


def compare(options, version, url, consumer, in_flight):
    calls = max(1_000, int(CALLS * options.scale))
    rows = {way: [] for way in (*CALLERS, "java")}
    for _, way in turn_about(list(rows)):
        noise = Noise()
        if way == "java":
            answer = call_with_java(consumer, calls, in_flight, WARM_UP)
        else:
            answer = call_with_invoker(options, url, calls, in_flight, WARM_UP, way)
        rows[way].append({"p50_us": answer["p50Us"], "p99_us": answer["p99Us"], "calls_per_s": calls * 1e6 / answer["wallUs"],
                          "cpu_us_per_call": answer["cpuUs"] / calls, **noise.figures()})
    beside = {"provider": f"Java {version}", "in_flight": in_flight}
    for way, name in (*CALLERS.items(), ("java", f"Java {version} generic consumer")):
        yield {"by": name, **beside, **medians(rows[way])}
    for way, name in CALLERS.items():
        yield {"by": f"{name} / Java", **beside, "p50_ratio": ratio(rows[way], rows["java"], "p50_us"),
               "cpu_ratio": ratio(rows[way], rows["java"], "cpu_us_per_call")}


def call_with_java(consumer, calls, in_flight, warm_up):
    return whole(consumer.ask("invoke", method="text", types=["java.lang.String"], args=["hello"], calls=calls, callers=in_flight,
                              warmUp=warm_up, seconds=SECONDS_MAX))


def call_with_invoker(options, url, calls, in_flight, warm_up, who):
    command = [os.path.join(options.build, "bench", "meepo_dubbo_invoke"), url, *map(str, (calls, in_flight, warm_up)), who]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS_MAX)
    return json.loads(done.stdout)
