"""How late tasks start that are due at an instant: TIMING (W3), PLAN (W4, W5), and PLAN after a gap (W6)."""
import contextlib
import os
import time

from system import System, resident_mib

W3_TASKS, W3_SECONDS = 20_000, 10
PLANS, PLAN_SECONDS = {"W4": 1_000, "W5": 10_000}, 20
PLAN_CREDITS = 16_384  # an executor that shall run all plans at once
GAP_PLANS = 10_000
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def lateness(starts):
    """Figures of [(due ms, late us)]; early: handlers that started before their due instant."""
    late = sorted(late_us / 1000 for _, late_us in starts)
    at = lambda share: round(late[min(len(late) - 1, int(len(late) * share))], 3)
    return {"p50_ms": at(.5), "p99_ms": at(.99), "max_ms": at(1), "early": sum(late_us < 0 for _, late_us in starts)}


def starts_of(system):
    """After the executor's stop."""
    with open(system.latency_file) as file:
        return [tuple(int(field) for field in line.split()) for line in file if " " in line]


def next_second(ahead):
    """A whole second of the system clock, at least `ahead` seconds from now."""
    return int(time.time()) + 1 + ahead


def timing_define(instant):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(instant))


def measure_w3(options):
    with contextlib.closing(System(options.build, options.folder)) as system:
        tasks = create_w3_tasks(system, options)
        system.stop_executor()
        starts = starts_of(system)
        return {"tasks": tasks, "missed": tasks - len(starts), **lateness(starts), "goal_p99_ms": 5}


def create_w3_tasks(system, options):
    tasks = max(100, int(W3_TASKS * options.scale))
    called = system.called()
    first = next_second(8)
    system.client("timing", tasks=tasks, in_flight=4, jitter=W3_SECONDS * 1000, define=timing_define(first))
    if time.time() > first:
        raise RuntimeError("creating the tasks took longer than was planned for")
    system.wait_called(called + tasks)
    return tasks


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
        system.stop_executor()
        starts = [start for start in starts_of(system) if begin * 1000 <= start[0] < (begin + PLAN_SECONDS) * 1000]
        expected = plans * PLAN_SECONDS
        return {"plans": plans, "ticks": expected, "missed": expected - len(starts), **lateness(starts),
                "server_cores": round(server / PLAN_SECONDS, 3), "server_rss_mib": round(rss, 1),
                "goal_p99_ms": 20 if name == "W4" else 150, "goal_server_cores": 0.6, "goal_server_rss_mib": 150}
