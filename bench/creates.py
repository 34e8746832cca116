"""How fast tasks are created and done (W1 and its relatives), and how soon after its create a handler starts (W2)."""
import contextlib
import time

from system import System, machine_busy_seconds, resident_mib

WARM_TASKS = 500
WAYS = {  # name → (way of bench/load.cc, tasks, in flight, ended tasks in the store before)
    "W1": ("create", 40_000, 50, 0),
    "W1b": ("batch", 100_000, 4, 0),
    "W1_full": ("create", 40_000, 50, 1_050_000),
    "W1b_full": ("batch", 100_000, 4, 1_050_000),
    "W1_grpc": ("unary", 15_000, 50, 0),
    "W1_http": ("http", 15_000, 50, 0),
}
W2_RATE, W2_SECONDS = 200, 10


def measure_way(options, name, profile=None):
    """One run of W1 or a relative of it: a dictionary of figures."""
    way, tasks, in_flight, ended_before = WAYS[name]
    tasks = max(1, int(tasks * options.scale))
    with contextlib.closing(System(options.build, options.folder)) as system:
        before = WARM_TASKS
        if ended_before:
            before += max(WARM_TASKS, int(ended_before * options.scale))
            system.client("batch", tasks=before - WARM_TASKS, in_flight=4)
        system.client(way, tasks=WARM_TASKS, in_flight=in_flight)
        system.wait_done(before)
        server_before, executor_before = system.cpu()
        busy_before, began = machine_busy_seconds(), time.monotonic()
        with profile(system.server.pid) if profile else contextlib.nullcontext():
            figures, client_cpu = system.client(way, tasks=tasks, in_flight=in_flight)
            done = system.wait_done(before + tasks)
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
        cores = create_at_w2_rate(system, options)
        system.stop_executor()
        return {"rate_per_s": W2_RATE, **w2_latencies(system, options), **cores}


def create_at_w2_rate(system, options):
    seconds = w2_seconds(options)
    called = system.called()
    system.client("rate", tasks=W2_RATE, rate=W2_RATE)  # warm; left out of the latencies
    system.wait_called(called + W2_RATE)
    before = system.cpu()
    system.client("rate", tasks=W2_RATE * seconds, rate=W2_RATE)
    system.wait_called(called + W2_RATE * (seconds + 1))
    server, executor = (after - earlier for after, earlier in zip(system.cpu(), before))
    return {"server_cores": round(server / seconds, 3), "executor_cores": round(executor / seconds, 3)}


def w2_seconds(options):
    return max(1, int(W2_SECONDS * options.scale))


def w2_latencies(system, options):
    """After the executor's stop."""
    with open(system.latency_file) as file:
        latencies = sorted([int(line) / 1e6 for line in file if " " not in line][W2_RATE:])
    if len(latencies) != W2_RATE * w2_seconds(options):
        raise RuntimeError(f"{len(latencies)} of {W2_RATE * w2_seconds(options)} starts were stamped")
    at = lambda share: round(latencies[min(len(latencies) - 1, int(len(latencies) * share))], 3)
    return {"tasks": len(latencies), "p50_ms": at(.5), "p95_ms": at(.95), "p99_ms": at(.99), "max_ms": at(1)}
