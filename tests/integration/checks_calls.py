"""Invariants I1–I6 and the effect of kills: what the clients were told against what the handlers saw.

Each check is a function of History that yields Violation, independent of the others: a planted bug shows under its own name.
"""
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from history import History, parse, unix_ms

CLOCK_LAG_MS = 50    # a scheduler's idea of the store's time is never ahead, and late by what an answer of the store took
IN_FLIGHT_MAX = 1024  # runs that one executor holds at once: what a kill may turn into UNKNOWN
TASK_ID = re.compile(r"^[0-9a-hjkmnp-tv-z]{19}$")
TICK = re.compile(r"^(0|r(0|[1-9][0-9]*)|m[1-9][0-9]*)$")


@dataclass
class Violation:
    invariant: str
    firing: str
    message: str


def rungs(spec):
    """tick → offset in milliseconds from creation (None: now)."""
    if spec["kind"] == "REAL":
        return {"0": None}
    return {f"r{index}": int(offset) * 1000 for index, offset in enumerate(spec["define"].split(","))}


def steps(create):
    """key → (method, args) of the create and of each link of its chain: links are called with keys 'k/1', 'k/2', …"""
    yield create.key, (create.spec["method"], create.spec["args"])
    for link in create.spec.get("next", []):
        yield parse(link["args"])[0], (link["method"], link["args"])


def called_key(call):
    try:
        return parse(call["args"])[0]
    except (ValueError, IndexError, KeyError, TypeError):
        return None


def firing_row(history, firing):
    entry = history.tasks.get(firing.split("@")[0])
    return next((row for row in entry["rows"] if row.get("firing", {}).get("id") == firing), None) if entry else None


def lost(history: History):
    """I1: every acked, uncancelled tick reached a handler, or has a record that says why not."""
    kills = len(effective_kills(history))
    unknown = 0
    for create in history.creates:
        if create.outcome != "ok":
            continue
        entry = history.tasks.get(create.task)
        if entry is None:
            yield Violation("I1", create.task, f"task of key {create.key} was acked and is not in the final dump")
            continue
        rows = {row["firing"]["id"]: row["firing"] for row in entry["rows"] if "firing" in row}
        ranged = {tick: row for row in entry["rows"] if "range" in row for tick in ticks_of(row["range"])}
        succeeded = any(firing.get("outcome") == "SUCCESS" for firing in rows.values())
        for tick in rungs(create.spec):
            firing = f"{create.task}@{tick}"
            row = rows.get(firing, {})
            span = ranged.get(tick, {})
            unknown += row.get("outcome") == "UNKNOWN"
            if history.calls.get(firing) or row.get("outcome") in ("QUARANTINED", "UNKNOWN"):
                continue
            stopped = "CANCELLED" in (row.get("fate"), span.get("rangeFate")) or row.get("outcome") == "STOPPED"  # before its handler began
            if stopped and history.cancels.get(create.task):
                continue
            if create.spec.get("runOnce") and succeeded and "run_once" in (row.get("reason"), span.get("rangeReason")):
                continue
            yield Violation("I1", firing, f"acked, due and never called; its row: {json.dumps(row or span) if row or span else 'none'}")
    if unknown > IN_FLIGHT_MAX * kills:
        yield Violation("I1", "", f"{unknown} firings ended UNKNOWN, more than were in flight at {kills} kills")


def ticks_of(span):
    first, last = span.get("first", ""), span.get("last", "")
    if first.startswith("r"):
        return {f"r{index}" for index in range(int(first[1:]), int(last[1:]) + 1)}
    return {first, last}


def unexpected(history: History):
    """I2: every call belongs to an attempted create and carries its method and arguments unchanged."""
    expected, ids_allowed = {}, defaultdict(set)
    unnamed = Counter()  # creates of unknown outcome and no request id: each may have made one task
    named = defaultdict(set)
    for create in history.creates:
        if create.outcome == "fail":
            continue
        expected.update(steps(create))
        if create.outcome == "ok":
            ids_allowed[create.key].add(create.task)
        elif create.request_id:
            named[create.key].add(create.request_id)
        else:
            unnamed[create.key] += 1
    roots = {create.key for create in history.creates}
    seen = defaultdict(set)
    for firing, calls in history.calls.items():
        for call in calls:
            key = called_key(call)
            if key not in expected:
                yield Violation("I2", firing, f"called, but no create with key {key} was attempted")
                break
            if (call["method"], call["args"]) != expected[key]:
                yield Violation("I2", firing, f"called as {call['method']}({call['args']}), created as {expected[key]}")
                break
            if key in roots:
                seen[key].add(firing.split("@")[0])
    for key, tasks in seen.items():
        strangers = tasks - ids_allowed[key]
        room = unnamed[key] + (len(named[key]) if not ids_allowed[key] else 0)
        if len(strangers) > room:
            yield Violation("I2", sorted(strangers)[0] + "@0", f"key {key} ran under {sorted(tasks)}, its creates were answered "
                            f"{sorted(ids_allowed[key])} and {room} are unknown")


def early(history: History):
    """I3: no start before the due instant, none before the create call; a rung is due at creation + offset."""
    for firing, calls in history.calls.items():
        for call in calls:
            if call["rt"] // 1_000_000 < call["due"] - 1:
                yield Violation("I3", firing, f"started {call['due'] - call['rt'] / 1e6:.1f} ms before its due instant")
                break
    asked = {}
    for create in history.creates:
        name = create.request_id or id(create)
        asked[name] = min(asked.get(name, create.invoked_rt), create.invoked_rt)
    for create in history.creates:
        if create.outcome != "ok" or create.task not in history.tasks:
            continue
        first_invoke = asked[create.request_id or id(create)]
        task = history.tasks[create.task]["task"]
        created = unix_ms(task["createdAt"])
        if created < first_invoke // 1_000_000 - CLOCK_LAG_MS:
            yield Violation("I3", f"{create.task}@0", f"created at {created}, asked for at {first_invoke / 1e6:.1f}")
        for tick, offset in rungs(create.spec).items():
            for call in history.calls.get(f"{create.task}@{tick}", [])[:1]:
                if call["rt"] < first_invoke:
                    yield Violation("I3", call["firing"], "started before its create call")
                if (offset is None and call["due"] < created) or (offset is not None and call["due"] != created + offset):
                    yield Violation("I3", call["firing"], f"due {call['due']}, expected creation {created} + {offset or 0}")


def one_name(history: History):
    """I4: a firing id is one tick of one task, always with one due instant and one set of arguments."""
    for firing, calls in history.calls.items():
        task, _, tick = firing.partition("@")
        if not TASK_ID.match(task) or not TICK.match(tick):
            yield Violation("I4", firing, "not a firing id: <task id>@<tick>")
        if len({(call["due"], call["args"], call["method"]) for call in calls}) > 1:
            yield Violation("I4", firing, "two ticks share this id: its calls differ in due instant, method or arguments")
        entry = history.tasks.get(task)
        if entry and "parentFiringId" not in entry["task"]:
            spec = entry["task"]["spec"]
            known = rungs({"kind": spec["kind"], "define": spec.get("define", "")})
            if tick not in known and not tick.startswith("m"):
                yield Violation("I4", firing, f"the task has ticks {sorted(known)}")


def one_run(history: History):
    """I5: a second call only after its executor was killed or paused, or the attempt before it failed; its attempt is higher."""
    broken = defaultdict(list)  # pid → (begin, end) of each kill or pause: between them it may have called or not
    for fault in history.faults:
        if fault["t"] in ("kill", "stop"):
            broken[fault["pid"]].append((fault["mt"], fault.get("gone", fault["mt"])))
    for firing, calls in history.calls.items():
        row = firing_row(history, firing)
        outcomes = {attempt.get("number"): attempt.get("outcome") for attempt in (row or {}).get("attempts", [])}
        for before, after in zip(calls, calls[1:]):
            if after["att"] <= before["att"]:
                yield Violation("I5", firing, f"attempt {after['att']} called after attempt {before['att']}")
                break
            lost_executor = any(before["mt"] <= gone and at <= after["mt"] for at, gone in broken[before["pid"]])
            end = history.ends.get((firing, before["att"], before["pid"]), {})
            failed = (end.get("outcome") == "fail" and end["mt"] <= after["mt"]) or outcomes.get(before["att"]) in ("FAIL", "TIMEOUT")
            if not lost_executor and not failed:
                yield Violation("I5", firing, f"attempt {after['att']} called although attempt {before['att']} neither failed nor lost "
                                f"its executor (pid {before['pid']})")
                break


def run_after_cancel(history: History):
    """I6: no call starts after the cancel's OK, except of firings that the answer lists."""
    for task, cancels in history.cancels.items():
        answered = [cancel for cancel in cancels if cancel.outcome == "ok" and cancel.cancelled]
        if not answered:
            continue
        first = min(answered, key=lambda cancel: cancel.ok_mt)
        listed = {firing for cancel in answered for firing in cancel.running}
        for firing in [name for name in history.calls if name.startswith(task + "@")]:
            for call in history.calls[firing]:
                if call["mt"] > first.ok_mt and firing not in listed:
                    yield Violation("I6", firing, f"called {(call['mt'] - first.ok_mt) / 1e6:.1f} ms after the cancel was answered")
                    break


def effective_kills(history: History):
    """Kills that hit work: a client's operation or a handler's call was under way."""
    spans = []
    open_operations = {}
    for line in history.client:
        if line["p"] == "faults":
            continue
        name = (line["p"], line["n"])
        if line["t"] == "invoke":
            open_operations[name] = line["mt"]
        elif name in open_operations:
            spans.append((open_operations.pop(name), line["mt"]))
    hits = []
    for fault in (line for line in history.faults if line["t"] == "kill"):
        at = fault["mt"]
        if fault["op"] == "server":
            hit = any(begin <= at <= end for begin, end in spans)
        else:
            hit = any(call["pid"] == fault["pid"] and call["mt"] <= fault.get("gone", at) and
                      history.ends.get((call["firing"], call["att"], call["pid"]), {"mt": at + 1})["mt"] > at
                      for calls in history.calls.values() for call in calls)
        if hit:
            hits.append(fault)
    return hits
