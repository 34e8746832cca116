"""What a server bears: a million pending tasks, a flood of creates, a burst of due ones, nothing at all, half an hour of all of it."""
import concurrent.futures
import contextlib
import os
import statistics
import time

from creates import create_at_w2_rate, w2_latencies
from system import DONE_SECONDS_MAX, System, resident_mib
from times import create_w3_tasks, lateness, next_second, starts_of, timing_define

PENDING_TASKS = 1_000_000
PENDING_DAYS = 30
SEARCHES = ["", "&status=DONE", "&method=none", "&name=none", "&appId=bench&label=none=0"]  # all but the first find nothing: 5,000 looked at
SEARCHES_EACH = 50
IDLE_SECONDS = 20
FLOOD_PLANS, FLOOD_RATE, FLOOD_BATCH, FLOOD_SECONDS = 100, 250_000, 1_000, 10
BURST_TASKS = 100_000
SOAK_SECONDS, SOAK_RATE, SOAK_PLANS, SOAK_KEPT, SOAK_EVERY = 1_800, 1_000, 100, 100_000, 10


def measure_pending(options):
    tasks = max(1000, int(PENDING_TASKS * options.scale))
    with contextlib.closing(System(options.build, options.folder)) as empty:
        empty_w2, empty_w3 = w2_and_w3(empty, options)
    with contextlib.closing(System(options.build, options.folder)) as system:
        figures, client_cpu = system.client("timing", tasks=tasks, in_flight=4, jitter=86_400_000 - 1,
                                            define=timing_define(time.time() + PENDING_DAYS * 86_400))
        created_s = (figures["end_ns"] - figures["begin_ns"]) / 1e9
        rss = resident_mib(system.server.pid)
        data = os.path.join(system.folder, "data")
        disk = sum(os.path.getsize(os.path.join(data, name)) for name in os.listdir(data) if not name.endswith("-shm"))
        pages = [search_ms(system) for _ in range(SEARCHES_EACH)]
        w2, w3 = w2_and_w3(system, options)
        slowest = [max(times) for times in pages]
        return {"tasks": tasks, "create_s": round(created_s, 2), "goal_create_s": 25, "disk_bytes_per_task": round(disk / tasks),
                "goal_disk_bytes_per_task": 250, "server_rss_mib": round(rss, 1), "goal_server_rss_mib": 150,
                "search_page_p50_ms": round(statistics.median(time for times in pages for time in times), 2),
                "search_page_p99_ms": round(sorted(slowest)[int(len(slowest) * .99)], 2), "goal_search_page_p99_ms": 50,
                **beside("w2", w2, empty_w2), **beside("w3_lateness", w3, empty_w3)}


def search_ms(system):
    """How long one page of each search takes."""
    times = []
    for search in SEARCHES:
        began = time.perf_counter()
        system.get("/v1/tasks?pageSize=50" + search)
        times.append((time.perf_counter() - began) * 1000)
    return times


def w2_and_w3(system, options):
    create_at_w2_rate(system, options)
    tasks = create_w3_tasks(system, options)
    system.stop_executor()
    starts = starts_of(system)
    if len(starts) != tasks:
        raise RuntimeError(f"{len(starts)} of {tasks} TIMING tasks started")
    return w2_latencies(system, options), lateness(starts)


def beside(name, figures, empty):
    out = {}
    for part in ("p50_ms", "p99_ms"):
        out[f"{name}_{part}"], out[f"{name}_{part}_empty"] = figures[part], empty[part]
    return out | {f"{name}_p50_times": round(figures["p50_ms"] / empty["p50_ms"], 2), f"{name}_goal_times": 1.2}


def measure_flood(options):
    with contextlib.closing(System(options.build, options.folder)) as system:
        system.client("plan", tasks=FLOOD_PLANS, in_flight=2, define="* * * * * *")
        begin = next_second(1)
        seconds = max(1, int(FLOOD_SECONDS * options.scale))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            single = pool.submit(system.client, "beside", seconds=seconds)
            flood, _ = system.client("flood", rate=FLOOD_RATE, batch=FLOOD_BATCH, seconds=seconds)
            figures, _ = single.result()
        end = int(time.time())
        rss = resident_mib(system.server.pid)
        system.wait(lambda: not system.open_firings_but(FLOOD_PLANS), DONE_SECONDS_MAX, "the flood to be carried out")
        system.stop_executor()
        starts = [start for start in starts_of(system) if begin * 1000 <= start[0] < end * 1000]
        late = {"plans_" + name: value for name, value in lateness(starts).items()}
        rates = {"offered_per_s": round((flood["created"] + flood["refused"]) / flood["seconds"]),
                 "created_per_s": round(flood["created"] / flood["seconds"])}
        return {**rates, **figures, "goal_refusal_max_ms": 50, "server_rss_mib": round(rss, 1), "plans_missed": (end - begin) * FLOOD_PLANS - len(starts),
                **late}


def measure_burst(options):
    tasks = max(100, int(BURST_TASKS * options.scale))
    with contextlib.closing(System(options.build, options.folder)) as system:
        first = next_second(8)
        system.client("timing", tasks=tasks, in_flight=4, jitter=1000, define=timing_define(first))
        if time.time() > first:
            raise RuntimeError("creating the tasks took longer than was planned for")
        system.wait_called(tasks)
        rss = resident_mib(system.server.pid)
        system.stop_executor()
        starts = starts_of(system)
        return {"tasks": tasks, "missed": tasks - len(starts), **lateness(starts), "server_rss_mib": round(rss, 1)}


def measure_idle(options):
    with contextlib.closing(System(options.build, options.folder)) as system:
        time.sleep(2)
        before = system.cpu()[0]
        time.sleep(IDLE_SECONDS)
        return {"server_core_percent": round((system.cpu()[0] - before) / IDLE_SECONDS * 100, 2), "goal_server_core_percent": 0.5,
                "server_rss_mib": round(resident_mib(system.server.pid), 1), "goal_server_rss_mib": 40}


def measure_soak(options):
    """Grows: the mean of the last third over that of the second. A log line or a row more is counted, not its share."""
    seconds = max(60, int(SOAK_SECONDS * options.scale))
    with contextlib.closing(System(options.build, options.folder, server_options=("--retention-tasks", str(SOAK_KEPT)))) as system:
        system.client("plan", tasks=SOAK_PLANS, in_flight=2, define="* * * * * *")
        samples, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            system.client("rate", tasks=SOAK_RATE * SOAK_EVERY, rate=SOAK_RATE)
            samples.append(sample_of(system))
        begin = len(samples) // 3
        middle, last = samples[begin:2 * begin], samples[2 * begin:]
        mean = lambda part, name: statistics.mean(sample[name] for sample in part)
        grows = {f"{name}_times": round(mean(last, name) / mean(middle, name), 3) for name in samples[0] if name != "log_bytes"}
        return {"seconds": seconds, "tasks": SOAK_RATE * SOAK_EVERY * len(samples), **{name: round(value) for name, value in last[-1].items()},
                **grows, "log_bytes_per_s": round((last[-1]["log_bytes"] - middle[0]["log_bytes"]) / (seconds * 2 / 3), 1),
                "called": system.called(), "open": system.open_firings()}


def sample_of(system):
    folder = f"/proc/{system.server.pid}"
    with open(folder + "/status", encoding="utf-8") as file:
        status = dict(line.split(":", 1) for line in file)
    data = os.path.join(system.folder, "data")
    return {"rss_mib": int(status["VmRSS"].split()[0]) / 1024, "threads": int(status["Threads"]), "descriptors": len(os.listdir(folder + "/fd")),
            "file_mib": os.path.getsize(os.path.join(data, "meepo.db")) / 2**20, "tasks_kept": int(system.get("/v1/counts")["tasks"]),
            "log_bytes": os.path.getsize(os.path.join(system.folder, "log"))}
