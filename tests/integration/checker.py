#!/usr/bin/env python3
"""Checks a drained history against the invariants (I1–I6, I8–I10, I12–I16) and reports figures.

I7 and I11 speak of PLAN tasks and overlap policies, which these runs have none of.
checker.py --client FILE… --provider FILE --dump FILE checks files of an earlier run again.
"""
import argparse
import json
import sys
from collections import Counter

import checks_calls
import checks_ledger
from checks_calls import called_key, effective_kills
from history import History

CREATES_PER_SECOND_MIN = 50
CHECKS = (checks_calls.lost, checks_calls.unexpected, checks_calls.early, checks_calls.one_name, checks_calls.one_run,
          checks_calls.run_after_cancel, checks_ledger.one_end, checks_ledger.state_order, checks_ledger.run_once, checks_ledger.place,
          checks_ledger.fence, checks_ledger.idempotent_create, checks_ledger.chain, checks_ledger.result)


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def report(history: History):
    """Figures of the run. A repeated create of an acked request id counts as acked: it is an answer that had to be durable."""
    acked = [create for create in history.creates if create.outcome == "ok"]
    known = {create.task for create in acked}
    infos = {create.key for create in history.creates if create.outcome == "info"}
    called_keys = {called_key(call) for calls in history.calls.values() for call in calls}
    first_calls = [calls[0] for calls in history.calls.values() if calls]
    late = sorted(call["rt"] / 1e6 - call["due"] for call in first_calls)
    again = sum(len(calls) - 1 for calls in history.calls.values())
    not_allowed = sum(1 for _ in checks_calls.one_run(history))
    kills = Counter(line["op"] for line in history.faults if line["t"] == "kill")
    return {
        "attempted": len(history.creates), "acked": len(acked), "tasks": len(history.tasks), "tasks_acked": len(known),
        "lost": sum(1 for _ in checks_calls.lost(history)), "unexpected": sum(1 for _ in checks_calls.unexpected(history)),
        "duplicated_allowed": again - not_allowed, "duplicated_not_allowed": not_allowed,
        "recovered": len(infos & called_keys - {create.key for create in acked}), "early": sum(1 for _ in checks_calls.early(history)),
        "calls": sum(len(calls) for calls in history.calls.values()), "cancels_ok": sum(
            cancel.outcome == "ok" for cancels in history.cancels.values() for cancel in cancels),
        "late_p50_ms": percentile(late, .5), "late_p99_ms": percentile(late, .99), "late_max_ms": late[-1] if late else None,
        "load_s": round(history.load_seconds, 1),
        "acked_per_s": round(len(acked) / history.load_seconds, 1) if history.load_seconds else 0.0,
        "kills_server": kills["server"], "kills_executor": kills["executor"], "kills_effective": len(effective_kills(history)),
    }


def invalid(figures):
    """Why this run proves nothing, or an empty text."""
    if figures["acked_per_s"] < CREATES_PER_SECOND_MIN:
        return f"INVALID: {figures['acked_per_s']} acked creates/s, at least {CREATES_PER_SECOND_MIN} are needed"
    if figures["kills_effective"] < 1:
        return f"INVALID: none of {figures['kills_server'] + figures['kills_executor']} kills hit work under way"
    return ""


def violations(history: History):
    return [violation for check in CHECKS for violation in check(history)]


def explain(history: History, found):
    """The first violation with its firing's whole history, and how many of each there are."""
    first = found[0]
    counts = Counter(violation.invariant for violation in found)
    return (f"{first.invariant} violated by {first.firing}: {first.message}\n{history.story(first.firing) if first.firing else ''}\n"
            f"all violations: {dict(counts)}\n" + "\n".join(f"  {v.invariant} {v.firing}: {v.message}" for v in found[1:20]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--client", nargs="+", required=True)
    arguments.add_argument("--provider", required=True)
    arguments.add_argument("--dump", required=True)
    options = arguments.parse_args()
    history = History.load(options.client, options.provider, options.dump)
    found = violations(history)
    figures = report(history)
    print(json.dumps(figures))
    if found:
        print(explain(history, found))
    reason = invalid(figures)
    if reason:
        print(reason)
    return 1 if found or reason else 0


if __name__ == "__main__":
    sys.exit(main())
