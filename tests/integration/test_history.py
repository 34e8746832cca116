#!/usr/bin/env python3
"""The checker itself: for each invariant a good history passes and the same history with one violation planted is found.

The base history is one task of every sort that the load makes; each case changes a copy of it.
"""
import copy
import json
import os
import tempfile
import unittest

import checker
from history import Digits, History, Writer, parse, read_lines, unix_ms

T0 = 1_800_000_000_000                        # creation instant of all tasks, ms
REAL, LADDER, CHILD, RETRIED, KILLED, CANCELLED = (f"0000000000000000{n:03d}" for n in range(1, 7))


def iso(ms):
    seconds, rest = divmod(ms - T0, 1000)
    return f"2027-01-15T08:00:{seconds:02d}.{rest:03d}Z"


def stamp(ms):
    return {"rt": ms * 1_000_000, "mt": (ms - T0 + 1_000) * 1_000_000}


def create(number, key, task, at=T0, outcome="ok", req="", **spec):
    wanted = {"kind": "REAL", "define": "", "method": "stamp", "args": json.dumps([key]), **spec}
    lines = [{**stamp(at), "p": "client-1", "t": "invoke", "op": "create", "n": number, "key": key, "req": req, "spec": wanted}]
    ended = {**stamp(at + 5), "p": "client-1", "t": outcome, "op": "create", "n": number}
    return lines + [ended | ({"task": task} if outcome == "ok" else {})]


def cancel(number, task, at, running=()):
    return [{**stamp(at), "p": "client-1", "t": "invoke", "op": "cancel", "n": number, "task": task},
            {**stamp(at + 2), "p": "client-1", "t": "ok", "op": "cancel", "n": number, "cancelled": True, "running": list(running)}]


def call(firing, key, at, att=1, pid=70, outcome="ok", method="stamp", due=T0, took=4):
    begin = {**stamp(at), "p": f"executor-{pid}", "pid": pid, "t": "call", "firing": firing, "att": att, "method": method, "due": due,
             "args": json.dumps([key])}
    if not outcome:
        return [begin]
    return [begin, {**stamp(at + took), "p": f"executor-{pid}", "pid": pid, "t": "end", "firing": firing, "att": att, "outcome": outcome}]


def firing(name, begun, ended, key="", outcome="SUCCESS", attempt=1, due=T0, **more):
    row = {"id": name, "state": "ENDED", "fate": "FIRED", "outcome": outcome, "due": iso(due), "begunAt": iso(begun), "endedAt": iso(ended),
           "attempt": attempt}
    if outcome == "SUCCESS":
        row["result"] = {"firing": name, "attempt": attempt, "key": key}
    return {"firing": row | more}


def attempts(*numbers):
    return [{"number": number, "begunAt": iso(begun), "endedAt": iso(ended), "outcome": outcome}
            for number, begun, ended, outcome in numbers]


def target(key, method="stamp"):
    return {"service": {"interface": "test.Recorder", "method": method, "params": [key]}}


def dump(task, key, rows, status="DONE", method="stamp", created=T0, **more):
    spec = {"appId": "load", "kind": "REAL", "target": target(key, method)} | more.pop("spec", {})
    return {"task": {"id": task, "status": status, "createdAt": iso(created), "spec": spec} | more, "rows": rows}


def load_line(t, ms):
    return [{**stamp(ms), "p": "faults", "t": t}]


class Base:
    """One run that keeps every invariant; cases change its parts."""

    def __init__(self):
        link = [{"method": "stamp", "args": json.dumps(["real/1"])}]
        killed = f"{KILLED}@0"
        self.client = (
            load_line("load-begin", T0 - 20)
            + create(1, "real", REAL, req="r1", next=link) + create(2, "real", REAL, at=T0 + 10, req="r1", next=link)
            + create(3, "ladder", LADDER, kind="LADDER", define="0,1,1", runOnce=True)
            + create(4, "retried", RETRIED, method="fail_first", retries=1)
            + create(5, "killed", KILLED) + create(6, "cancelled", CANCELLED, kind="LADDER", define="30")
            + create(7, "refused", "", outcome="fail") + create(8, "unknown", "", outcome="info") + cancel(9, CANCELLED, T0 + 20)
            + [{**stamp(T0 + 40), "p": "client-1", "t": "invoke", "op": "get", "n": 10, "task": REAL},
               {**stamp(T0 + 41), "p": "client-1", "t": "ok", "op": "get", "n": 10, "task": REAL,
                "rows": [[f"{REAL}@0", "ENDED", "SUCCESS", 1]]},
               {**stamp(T0 + 30), "p": "faults", "t": "kill", "op": "executor", "name": "executor-71", "pid": 71}]
            + load_line("load-end", T0 + 60))
        self.provider = (
            call(f"{REAL}@0", "real", T0 + 10) + call(f"{CHILD}@0", "real/1", T0 + 20, due=T0 + 15)
            + call(f"{LADDER}@r0", "ladder", T0 + 1, outcome="fail") + call(f"{LADDER}@r1", "ladder", T0 + 1001, due=T0 + 1000)
            + call(f"{RETRIED}@0", "retried", T0 + 10, outcome="fail", method="fail_first")
            + call(f"{RETRIED}@0", "retried", T0 + 110, att=2, method="fail_first")
            + call(killed, "killed", T0 + 25, pid=71, outcome="") + call(killed, "killed", T0 + 15_030, att=2))
        self.dumps = [
            dump(REAL, "real", [firing(f"{REAL}@0", T0 + 9, T0 + 15, "real", chainedTaskId=CHILD)],
                 spec={"requestId": "r1", "next": [target("real/1")]}),
            dump(CHILD, "real/1", [firing(f"{CHILD}@0", T0 + 16, T0 + 25, "real/1", due=T0 + 15)], created=T0 + 15,
                 parentFiringId=f"{REAL}@0"),
            dump(LADDER, "ladder", [
                {"range": {"first": "r2", "last": "r2", "count": 1}, "rangeFate": "SKIPPED", "rangeReason": "run_once"},
                firing(f"{LADDER}@r1", T0 + 1000, T0 + 1006, "ladder", due=T0 + 1000), firing(f"{LADDER}@r0", T0, T0 + 6, outcome="FAIL")],
                spec={"kind": "LADDER", "define": "0,1,1", "runOnce": True}),
            dump(RETRIED, "retried", [firing(f"{RETRIED}@0", T0 + 109, T0 + 116, attempt=2, result="retried") | {
                "attempts": attempts((1, T0 + 9, T0 + 15, "FAIL"), (2, T0 + 109, T0 + 116, "SUCCESS"))}], method="fail_first"),
            dump(KILLED, "killed", [firing(killed, T0 + 15_029, T0 + 15_036, "killed", attempt=2)]),
            dump(CANCELLED, "cancelled", [{"firing": {"id": f"{CANCELLED}@r0", "state": "ENDED", "fate": "CANCELLED"}}],
                 status="CANCEL", spec={"kind": "LADDER", "define": "30"})]

    def history(self):
        return History.of(copy.deepcopy(self.client), copy.deepcopy(self.provider), copy.deepcopy(self.dumps))

    def task(self, identifier):
        return next(entry for entry in self.dumps if entry["task"]["id"] == identifier)

    def row(self, identifier, index=0):
        return self.task(identifier)["rows"][index]["firing"]

    def calls(self, name):
        return [line for line in self.provider if line["firing"] == name and line["t"] == "call"]


def found(base):
    return checker.violations(base.history())


class CheckerTest(unittest.TestCase):
    def assert_finds(self, invariant, base, words):
        violations = [v for v in found(base) if v.invariant == invariant]
        self.assertTrue(violations, f"{invariant} not found; found {found(base)}")
        self.assertIn(words, " ".join(v.message for v in violations))

    def test_a_good_history_has_no_violation(self):
        self.assertEqual([], found(Base()))

    def test_lost_acked_task_that_is_not_in_the_dump(self):
        base = Base()
        base.dumps.remove(base.task(KILLED))
        base.provider = [line for line in base.provider if not line["firing"].startswith(KILLED)]
        self.assert_finds("I1", base, "was acked and is not in the final dump")

    def test_lost_rung_that_was_never_called(self):
        base = Base()
        base.provider = [line for line in base.provider if line["firing"] != f"{REAL}@0"]
        self.assert_finds("I1", base, "never called")

    def test_lost_rung_skipped_for_another_reason_than_run_once(self):
        base = Base()
        base.task(LADDER)["rows"][0]["rangeReason"] = "misfire"
        self.assert_finds("I1", base, "never called")

    def test_lost_tick_cancelled_though_nobody_asked(self):
        base = Base()
        base.client = [line for line in base.client if line.get("op") != "cancel"]
        self.assert_finds("I1", base, "CANCELLED")

    def test_quarantined_tick_is_not_lost(self):
        base = Base()
        base.provider = [line for line in base.provider if line["firing"] != f"{KILLED}@0"]
        base.row(KILLED).update(outcome="QUARANTINED")
        del base.row(KILLED)["result"]
        base.task(KILLED)["task"]["status"] = "FAIL"
        self.assertEqual([], found(base))

    def test_unexpected_call_of_a_key_that_was_surely_refused(self):
        base = Base()
        base.provider += call(f"{CHILD[:-1]}9@0", "refused", T0 + 30)
        self.assert_finds("I2", base, "no create with key refused")

    def test_a_create_of_unknown_outcome_may_run_once(self):
        base = Base()
        base.provider += call("0000000000000000901@0", "unknown", T0 + 30)
        self.assertNotIn("I2", [v.invariant for v in found(base)])
        base.provider += call("0000000000000000902@0", "unknown", T0 + 30)
        self.assert_finds("I2", base, "1 are unknown")

    def test_unexpected_arguments(self):
        base = Base()
        base.calls(f"{REAL}@0")[0]["args"] = '["real", 1]'
        self.assert_finds("I2", base, "created as")

    def test_early_start(self):
        base = Base()
        base.calls(f"{LADDER}@r1")[0].update(stamp(T0 + 990))
        self.assert_finds("I3", base, "before its due instant")

    def test_early_rung_due_at_another_instant_than_its_offset(self):
        base = Base()
        base.calls(f"{LADDER}@r1")[0]["due"] = T0 + 900
        self.assert_finds("I3", base, "expected creation")

    def test_early_creation_instant_before_the_call(self):
        base = Base()
        base.task(REAL)["task"]["createdAt"] = "2027-01-15T07:59:59.000Z"
        self.assert_finds("I3", base, "asked for at")

    def test_two_ticks_with_one_name(self):
        base = Base()
        base.calls(f"{KILLED}@0")[1]["due"] = T0 + 1
        self.assert_finds("I4", base, "two ticks share this id")

    def test_a_tick_that_the_task_has_not(self):
        base = Base()
        base.provider += call(f"{LADDER}@r3", "ladder", T0 + 2000, due=T0 + 2000)
        self.assert_finds("I4", base, "the task has ticks")

    def test_second_call_without_a_reason(self):
        base = Base()
        base.client = [line for line in base.client if line.get("pid") != 71]
        self.assert_finds("I5", base, "neither failed nor lost its executor")

    def test_second_call_with_the_same_attempt(self):
        base = Base()
        base.calls(f"{KILLED}@0")[1]["att"] = 1
        self.assert_finds("I5", base, "attempt 1 called after attempt 1")

    def test_second_call_after_the_kill_of_another_executor(self):
        base = Base()
        next(line for line in base.client if line.get("pid") == 71)["pid"] = 70
        self.assert_finds("I5", base, "pid 71")

    def test_call_after_the_cancel_was_answered(self):
        base = Base()
        base.provider += call(f"{CANCELLED}@r0", "cancelled", T0 + 30_000, due=T0 + 30_000)
        self.assert_finds("I6", base, "after the cancel was answered")

    def test_call_after_the_cancel_that_listed_it_is_allowed(self):
        base = Base()
        base.client = [line for line in base.client if line.get("op") != "cancel"] + cancel(9, CANCELLED, T0 + 20, [f"{CANCELLED}@r0"])
        base.provider += call(f"{CANCELLED}@r0", "cancelled", T0 + 30_000, due=T0 + 30_000)
        self.assertNotIn("I6", [v.invariant for v in found(base)])

    def test_end_that_changed(self):
        base = Base()
        next(line for line in base.client if "rows" in line)["rows"][0][2] = "FAIL"
        self.assert_finds("I8", base, "a client saw ENDED FAIL")

    def test_end_that_disappeared(self):
        base = Base()
        base.task(REAL)["rows"] = []
        self.assert_finds("I8", base, "not in the final ledger")

    def test_attempt_that_went_back(self):
        base = Base()
        base.client += [{**stamp(T0 + 50 + n), "p": "client-2", "t": t, "op": "get", "n": 1, "task": RETRIED,
                         "rows": [[f"{RETRIED}@0", "RUNNING", "", 3]]} for n, t in enumerate(("invoke", "ok"))]
        base.client += [{**stamp(T0 + 60 + n), "p": "client-2", "t": t, "op": "get", "n": 2, "task": RETRIED,
                         "rows": [[f"{RETRIED}@0", "RUNNING", "", 2]]} for n, t in enumerate(("invoke", "ok"))]
        self.assert_finds("I9", base, "later attempt 2")

    def test_status_that_does_not_follow_from_the_rows(self):
        base = Base()
        base.task(REAL)["task"]["status"] = "SCHEDULE"
        self.assert_finds("I9", base, "status SCHEDULE")

    def test_attempt_that_the_ledger_does_not_know(self):
        base = Base()
        base.row(KILLED)["attempt"] = 1
        self.assert_finds("I9", base, "a handler saw attempt 2")

    def test_rung_begun_after_the_success_of_a_run_once_task(self):
        base = Base()
        base.task(LADDER)["rows"][0] = firing(f"{LADDER}@r2", T0 + 1010, T0 + 1012, "ladder", due=T0 + 1000)
        self.assert_finds("I10", base, "begun 4 ms after")

    def test_rung_begun_before_the_success_of_a_run_once_task_is_allowed(self):
        base = Base()
        base.row(LADDER, 2).update(outcome="SUCCESS", endedAt=iso(T0 + 1004))
        self.assertNotIn("I10", [v.invariant for v in found(base)])

    def test_call_before_its_create_call(self):
        base = Base()
        base.calls(f"{REAL}@0")[0]["rt"] = (T0 - 1) * 1_000_000
        self.assert_finds("I3", base, "started before its create call")

    def test_firing_left_open(self):
        base = Base()
        base.row(KILLED)["state"] = "CLAIMED"
        self.assert_finds("I12", base, "still CLAIMED")

    def test_firing_with_two_rows(self):
        base = Base()
        base.task(KILLED)["rows"].append(copy.deepcopy(base.task(KILLED)["rows"][0]))
        self.assert_finds("I12", base, "2 rows")
        self.assert_finds("I8", base, "two ledger rows")

    def test_attempt_beside_another(self):
        base = Base()
        base.task(RETRIED)["rows"][0]["attempts"][1]["begunAt"] = iso(T0 + 12)
        self.assert_finds("I13", base, "attempt 2 began before attempt 1 was over")

    def test_request_id_with_two_tasks(self):
        base = Base()
        next(line for line in base.client if line["t"] == "ok" and line["n"] == 2)["task"] = KILLED
        self.assert_finds("I14", base, "request id r1 has tasks")

    def test_request_id_with_a_second_stored_task(self):
        base = Base()
        base.task(KILLED)["task"]["spec"]["requestId"] = "r1"
        self.assert_finds("I14", base, "request id r1 has tasks")

    def test_chain_that_was_not_made(self):
        base = Base()
        base.dumps.remove(base.task(CHILD))
        self.assert_finds("I15", base, "1 chained tasks expected, there are []")

    def test_chain_made_twice(self):
        base = Base()
        twin = copy.deepcopy(base.task(CHILD))
        twin["task"]["id"] = "0000000000000000903"
        twin["rows"] = []
        base.dumps.append(twin)
        self.assert_finds("I15", base, "1 chained tasks expected")

    def test_chain_of_a_failure(self):
        base = Base()
        base.row(REAL).update(outcome="FAIL")
        self.assert_finds("I15", base, "0 chained tasks expected")

    def test_result_of_another_attempt(self):
        base = Base()
        base.row(KILLED)["result"]["attempt"] = 1
        self.assert_finds("I16", base, "expected")

    def test_result_of_a_firing_that_no_handler_saw(self):
        base = Base()
        base.row(KILLED).update(attempt=3)
        self.assert_finds("I16", base, "no handler saw it")

    def test_the_first_violation_is_told_with_its_whole_history(self):
        base = Base()
        base.row(KILLED)["state"] = "CLAIMED"
        told = checker.explain(base.history(), [v for v in found(base) if v.invariant == "I12"])
        self.assertIn(f"I12 violated by {KILLED}@0", told)
        for part in ('"t": "kill"', '"att": 1', '"att": 2', '"key": "killed"', "ledger "):
            self.assertIn(part, told)


class ReportTest(unittest.TestCase):
    def test_figures_of_the_good_history(self):
        figures = checker.report(Base().history())
        wanted = {"attempted": 8, "acked": 6, "tasks_acked": 5, "lost": 0, "unexpected": 0, "duplicated_allowed": 2,
                  "duplicated_not_allowed": 0, "early": 0, "recovered": 0, "kills_executor": 1, "kills_effective": 1, "cancels_ok": 1}
        self.assertEqual(wanted, {name: figures[name] for name in wanted})
        self.assertEqual("", checker.invalid(figures))

    def test_too_few_creates_are_invalid(self):
        base = Base()
        base.client[-1].update(stamp(T0 + 20_000))
        self.assertIn("INVALID", checker.invalid(checker.report(base.history())))

    def test_a_kill_that_hit_nothing_is_invalid(self):
        base = Base()
        next(line for line in base.client if line.get("pid") == 71)["mt"] = 1
        self.assertIn("none of 1 kills", checker.invalid(checker.report(base.history())))

    def test_a_server_kill_during_a_create_is_effective(self):
        base = Base()
        next(line for line in base.client if line.get("pid") == 71).update(op="server", **stamp(T0 + 3))
        self.assertEqual(1, checker.report(base.history())["kills_effective"])


class HistoryTest(unittest.TestCase):
    def test_numbers_keep_their_digits(self):
        self.assertEqual([9007199254740993, Digits("0.10")], parse("[9007199254740993, 0.10]"))

    def test_instants_are_read_in_milliseconds(self):
        self.assertEqual(T0 + 1_001, unix_ms(iso(T0 + 1_001)))
        self.assertIsNone(unix_ms(None))

    def test_an_operation_without_an_answer_is_unknown(self):
        base = Base()
        base.client = [line for line in base.client if not (line["t"] == "ok" and line.get("n") == 5)]
        self.assertEqual("info", next(c for c in base.history().creates if c.key == "killed").outcome)

    def test_written_lines_are_read_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "client.jsonl")
            writer = Writer(path, "client-1")
            number = writer.invoke("create", key="k", req="", spec={"kind": "REAL"})
            writer.write("ok", "create", n=number, task=REAL)
            writer.close()
            lines = read_lines(path)
        self.assertEqual([("invoke", 1), ("ok", 1)], [(line["t"], line["n"]) for line in lines])


if __name__ == "__main__":
    unittest.main()
