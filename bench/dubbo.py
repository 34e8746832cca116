"""Dubbo beside what it is compared with: creates over dubbo:// beside unary gRPC, and calls of a Java provider beside Java's own consumer.

Everything runs in a network namespace with nothing but loopback, where a Java consumer uses 127.0.0.1.
"""
import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "java"))
import peers  # noqa: E402: its folder is known only now

from creates import WARM_TASKS
from system import System

CREATES, IN_FLIGHT, ROUNDS = 15_000, 50, 3
CALLS, WARM_UP = 20_000, 20_000
JAVA_VERSIONS = ("2.7.23", "3.3.6")
TASK_SERVICE = "org.cheng.meepo.task.service.TaskService"
ECHO = "demo.api.EchoService"
CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def only_loopback():
    """This process and those it starts are in a network namespace of their own while the block runs."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise RuntimeError("no network namespace could be made: run this as root")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


def build_java():
    subprocess.run([os.path.join(ROOT, "tests", "java", "build.sh")], check=True)


def measure_creates(options):
    """Lines of `dubbo_create`: medians of alternating rounds on one server, and the ratio."""
    build_java()
    creates = max(WARM_TASKS, int(CREATES * options.scale))
    with only_loopback(), contextlib.closing(System(options.build, options.folder, server_options=("--dubbo", "127.0.0.1:0"))) as system:
        done = 0
        rates = {"unary": [], "dubbo": []}
        cpu = {"unary": [], "dubbo": []}
        for way in rates:
            system.client(way, tasks=WARM_TASKS, in_flight=IN_FLIGHT)
            done += WARM_TASKS
        for _ in range(ROUNDS):
            for way in rates:
                system.wait_done(done)
                before = system.cpu()[0]
                figures, _ = system.client(way, tasks=creates, in_flight=IN_FLIGHT)
                done += creates
                system.wait_done(done)
                rates[way].append(creates * 1e9 / (figures["end_ns"] - figures["begin_ns"]))
                cpu[way].append((system.cpu()[0] - before) * 1e6 / creates)
        for way, name in (("unary", "unary gRPC"), ("dubbo", "dubbo")):
            yield {"by": name, "in_flight": IN_FLIGHT, "created_per_s": round(statistics.median(rates[way])),
                   "created_per_s_min": round(min(rates[way])), "created_per_s_max": round(max(rates[way])),
                   "server_cpu_us_per_create": round(statistics.median(cpu[way]), 1)}
        for version in JAVA_VERSIONS:
            yield {"by": f"Java {version} consumer", "callers": IN_FLIGHT, "created_per_s": java_creates(version, system, creates)}
        yield {"by": "dubbo / unary gRPC", "ratio": round(statistics.median(rates["dubbo"]) / statistics.median(rates["unary"]), 2)}


def java_creates(version, system, creates):
    service = {"interfaceName": "meepo.bench.NoOp", "methodName": "noop", "paramsType": [], "params": []}
    url = f"dubbo://{system.dubbo}/{TASK_SERVICE}"
    with peers.Peer(version, "consumer", "--url", url, "--timeout", "60000", "--retries", "0") as consumer:
        answer = consumer.ask("create", service=service, type="REAL", define="", calls=creates, callers=IN_FLIGHT, warmUp=creates,
                              attachments={"appId": "bench"})
    if answer.get("failed"):
        raise RuntimeError(f"{answer['failed']} creates failed: {answer['exceptions'][:1]}")
    return round(creates * 1e6 / answer["wallUs"])


def measure_calls(options):
    """Lines of `dubbo_invoke`: our invoker and a Java generic consumer call one Java provider, turn about."""
    build_java()
    calls, warm_up = (max(1_000, int(number * options.scale)) for number in (CALLS, WARM_UP))
    with only_loopback():
        for version in JAVA_VERSIONS:
            with peers.Peer(version, "provider", "--quiet") as provider:
                url = f"dubbo://127.0.0.1:{provider.ready['port']}"
                with peers.Peer(version, "consumer", "--url", f"{url}/{ECHO}", "--timeout", "60000", "--retries", "0") as consumer:
                    for in_flight in (1, IN_FLIGHT):
                        yield from compare(options, version, url, consumer, calls, in_flight, warm_up)


def compare(options, version, url, consumer, calls, in_flight, warm_up):
    ours, java = [], []
    for _ in range(ROUNDS):
        output = subprocess.run([os.path.join(options.build, "bench", "meepo_dubbo_invoke"), url, str(calls), str(in_flight), str(warm_up)],
                                capture_output=True, text=True, check=True).stdout
        ours.append(json.loads(output))
        java.append(consumer.ask("invoke", method="text", types=["java.lang.String"], args=["hello"], calls=calls, callers=in_flight,
                                 warmUp=warm_up, seconds=600))
    middle = lambda rows, figure: statistics.median(row[figure] for row in rows)
    for name, rows in (("our invoker", ours), (f"Java {version} generic consumer", java)):
        yield {"by": name, "provider": f"Java {version}", "in_flight": in_flight, "p50_us": middle(rows, "p50Us"), "p99_us": middle(rows, "p99Us"),
               "calls_per_s": round(calls * 1e6 / middle(rows, "wallUs")), "cpu_us_per_call": round(middle(rows, "cpuUs") / calls, 1)}
    yield {"by": "ours / Java", "provider": f"Java {version}", "in_flight": in_flight,
           "p50_ratio": round(middle(ours, "p50Us") / middle(java, "p50Us"), 2), "cpu_ratio": round(middle(ours, "cpuUs") / middle(java, "cpuUs"), 2)}
