"""Invariants I8–I10 and I12–I16: the final ledger against itself, against what clients saw before and what handlers answered.

I13 is seen from outside: once a new server process is ready, nothing that an older one decided is written, so no attempt begins
beside another one of the same firing.
"""
from collections import Counter, defaultdict

from checks_calls import Violation, called_key
from history import OPEN_STATES, History, parse, unix_ms


def one_end(history: History):
    """I8: one terminal state, and an end that a client has seen never changes."""
    final = {}
    for task, row in history.firings():
        firing = row["firing"]
        if firing["id"] in final:
            yield Violation("I8", firing["id"], "two ledger rows")
        final[firing["id"]] = firing
    for line in history.observed:
        for name, state, outcome, _ in line["rows"]:
            if state != "ENDED":
                continue
            row = final.get(name)
            if row is None:
                yield Violation("I8", name, "a client saw it ended; it is not in the final ledger")
            elif (row["state"], row.get("outcome", "")) != (state, outcome):
                now = f"{row['state']} {row.get('outcome', '')}"
                yield Violation("I8", name, f"a client saw {state} {outcome}; the final ledger says {now}")


def state_order(history: History):
    """I9: attempts and instants rise, what a client saw only goes forward, and the task's status follows from its firings."""
    last = {}
    for line in history.observed:
        for name, state, _, attempt in line["rows"]:
            before = last.get(name, (0, ""))
            if attempt < before[0] or (before[1] == "ENDED" and state != "ENDED"):
                yield Violation("I9", name, f"a client saw attempt {before[0]} {before[1]}, later attempt {attempt} {state}")
            last[name] = (attempt, state)
    for task, row in history.firings():
        firing, attempts = row["firing"], row.get("attempts", [])
        numbers = [attempt["number"] for attempt in attempts]
        if numbers != sorted(set(numbers)) or (numbers and numbers[-1] > firing.get("attempt", 0)):
            yield Violation("I9", firing["id"], f"attempts {numbers}, the firing says {firing.get('attempt', 0)}")
        begun, ended = unix_ms(firing.get("begunAt")), unix_ms(firing.get("endedAt"))
        if begun is not None and ended is not None and ended < begun:
            yield Violation("I9", firing["id"], "ended before it began")
        seen = max((call["att"] for call in history.calls.get(firing["id"], [])), default=0)
        if seen > firing.get("attempt", 0):
            yield Violation("I9", firing["id"], f"a handler saw attempt {seen}, the ledger says {firing.get('attempt', 0)}")
    for identifier, entry in history.tasks.items():
        allowed = statuses(entry)
        if entry["task"].get("status") not in allowed:
            yield Violation("I9", identifier + "@", f"status {entry['task'].get('status')}, its rows allow {sorted(allowed)}")


def statuses(entry):
    """What the status of a task with these rows may be (task/status.h); which end was the last is left open within a millisecond."""
    firings = [row["firing"] for row in entry["rows"] if "firing" in row]
    if any(firing["state"] == "RUNNING" or (firing["state"] in OPEN_STATES and firing.get("attempt", 0)) for firing in firings):
        return {"RUNNING"}
    if any(firing["state"] in OPEN_STATES for firing in firings):
        return {"SCHEDULE", "SUCCESS", "FAIL"}
    if any(firing.get("fate") == "CANCELLED" or firing.get("cancelAskedAt") for firing in firings):
        return {"CANCEL", "DONE", "FAIL"}
    ended = [firing for firing in firings if firing.get("fate") == "FIRED"]
    if not ended:
        return {"CREATE", "CANCEL", "DONE"}
    latest = max(unix_ms(firing["endedAt"]) for firing in ended)
    last = {firing.get("outcome") for firing in ended if unix_ms(firing["endedAt"]) >= latest - 1}
    return {"DONE" if outcome == "SUCCESS" else "FAIL" for outcome in last}


def run_once(history: History):
    """I10: after the first success no later tick begins. Rungs that had begun before it may still end as they will."""
    for identifier, entry in history.tasks.items():
        if not entry["task"]["spec"].get("runOnce"):
            continue
        firings = [row["firing"] for row in entry["rows"] if "firing" in row and row["firing"].get("begunAt")]
        successes = [firing for firing in firings if firing.get("outcome") == "SUCCESS" and firing["state"] == "ENDED"]
        if not successes:
            continue
        first = min(successes, key=lambda firing: unix_ms(firing["endedAt"]))
        at = unix_ms(first["endedAt"])
        for firing in firings:
            if firing is not first and unix_ms(firing["begunAt"]) > at:
                yield Violation("I10", firing["id"], f"begun {unix_ms(firing['begunAt']) - at} ms after {first['id']} had succeeded")


def place(history: History):
    """I12: after the drain each firing has exactly one row, ended; nothing is DUE, WAITING, CLAIMED, SENT or RUNNING."""
    rows = Counter(row["firing"]["id"] for _, row in history.firings())
    for name, count in rows.items():
        if count > 1:
            yield Violation("I12", name, f"{count} rows")
    for _, row in history.firings():
        if row["firing"]["state"] in OPEN_STATES:
            yield Violation("I12", row["firing"]["id"], f"still {row['firing']['state']} after the drain")
    for name, count in Counter(entry["task"]["id"] for entry in history.dumps).items():
        if count > 1:
            yield Violation("I12", name + "@", f"the task is {count} times in the dump")


def fence(history: History):
    """I13: no two attempts of a firing ran under the ledger at once: each began after the one before it had ended or lost its lease."""
    for _, row in history.firings():
        previous = None
        for attempt in row.get("attempts", []):
            begun = unix_ms(attempt.get("begunAt"))
            if previous and begun is not None:
                ended = unix_ms(previous.get("endedAt"))
                if begun < unix_ms(previous["begunAt"]) or (ended is not None and begun < ended):
                    numbers = f"attempt {attempt['number']} began before attempt {previous['number']}"
                    yield Violation("I13", row["firing"]["id"], numbers + " was over")
            previous = attempt if begun is not None else previous


def idempotent_create(history: History):
    """I14: one request id, one task id; and no second task of that request id exists."""
    answered, stored = defaultdict(set), defaultdict(set)
    for create in history.creates:
        if create.request_id and create.outcome == "ok":
            answered[create.request_id].add(create.task)
    for identifier, entry in history.tasks.items():
        request_id = entry["task"]["spec"].get("requestId")
        if request_id and "parentFiringId" not in entry["task"]:
            stored[request_id].add(identifier)
    for request_id, tasks in answered.items():
        if len(tasks | stored[request_id]) > 1:
            both = sorted(tasks | stored[request_id])
            yield Violation("I14", both[0] + "@0", f"request id {request_id} has tasks {both}")
    for request_id, tasks in stored.items():
        if len(tasks) > 1 and request_id not in answered:
            yield Violation("I14", sorted(tasks)[0] + "@0", f"request id {request_id} has tasks {sorted(tasks)}")


def chain(history: History):
    """I15: a successful firing creates its next task exactly once, another one none; the child is the rest of the chain."""
    children = defaultdict(list)
    for identifier, entry in history.tasks.items():
        parent = entry["task"].get("parentFiringId")
        if parent:
            children[parent].append(identifier)
    for task, row in history.firings():
        firing, following = row["firing"], history.tasks[task]["task"]["spec"].get("next", [])
        made = children.pop(firing["id"], [])
        wanted = int(bool(following) and firing.get("outcome") == "SUCCESS" and firing["state"] == "ENDED")
        if len(made) != wanted:
            yield Violation("I15", firing["id"], f"ended {firing.get('outcome')}, {wanted} chained tasks expected, there are {made}")
        elif wanted:
            spec = history.tasks[made[0]]["task"]["spec"]
            if firing.get("chainedTaskId") != made[0]:
                yield Violation("I15", firing["id"], f"its row names {firing.get('chainedTaskId')}, the chained task is {made[0]}")
            if spec["target"] != following[0] or spec.get("next", []) != following[1:]:
                yield Violation("I15", firing["id"], f"chained task {made[0]} is not the rest of the chain")
    for parent, made in children.items():
        yield Violation("I15", parent, f"{made} name it as their parent, it has no row")


def result(history: History):
    """I16: the kept result is that of the accepted attempt of this very firing ('stamp' answers firing id, attempt and key)."""
    for _, row in history.firings():
        firing = row["firing"]
        calls = history.calls.get(firing["id"], [])
        if firing.get("outcome") != "SUCCESS" or not calls:
            if "result" in firing and firing["state"] == "ENDED":
                yield Violation("I16", firing["id"], f"ended {firing.get('outcome')} and has a result: {firing['result']}")
            continue
        call = next((call for call in calls if call["att"] == firing["attempt"]), None)
        if call is None:
            yield Violation("I16", firing["id"], f"attempt {firing['attempt']} succeeded, no handler saw it")
            continue
        if call["method"] in ("stamp", "fail_before_rung"):
            expected = {"firing": firing["id"], "attempt": firing["attempt"], "key": called_key(call)}
        elif call["method"] in ("slow", "fail_first"):
            expected = parse(call["args"])[0]
        else:
            continue
        if firing.get("result") != expected:
            yield Violation("I16", firing["id"], f"result {firing.get('result')}, expected {expected}")
