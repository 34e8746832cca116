#!/usr/bin/env python3
"""kill -9 of server and executors at random moments under load, at least 50 times; then the history is checked against the invariants.

MEEPO_LONG=1 or --long: 200 kills. MEEPO_SEED=n repeats the draws of an earlier run (its moments differ with the machine).
"""
import json
import os
import random
import sys
import threading
import time
import unittest

import checker
from faults import System, assert_holds
from harness import Case

KILLS, KILLS_LONG = 52, 200
WAIT_SECONDS_MIN, WAIT_SECONDS_MAX = 0.3, 3.0   # from one restart to the next kill


class RandomKills(Case):
    def test_nothing_acked_is_lost_and_nothing_runs_twice_without_a_reason(self):
        long = os.environ.get("MEEPO_LONG") == "1"
        seed = int(os.environ.get("MEEPO_SEED") or random.randrange(1_000_000))
        print(f"seed {seed}", file=sys.stderr, flush=True)
        draw = random.Random(seed)
        system = System(self)
        system.start_load(seed)
        moment = threading.Event()  # never set: its wait is the draw of a random moment
        for number in range(KILLS_LONG if long else KILLS):
            moment.wait(draw.uniform(WAIT_SECONDS_MIN, WAIT_SECONDS_MAX))
            victim = system.server if number % 2 == 0 else draw.choice(system.executors)
            system.kill(victim)
        system.stop_load()
        faults_ended = time.monotonic()
        system.drain()
        drained = time.monotonic() - faults_ended
        history = system.history()
        figures = checker.report(history)
        print(json.dumps(figures | {"seed": seed, "drained_s": round(drained, 1)}), file=sys.stderr, flush=True)
        assert_holds(self, history)
        self.assertEqual("", checker.invalid(figures))
        self.assertGreaterEqual(figures["kills_server"] + figures["kills_executor"], 50)
        self.assertGreaterEqual(figures["kills_server"], 20)
        self.assertGreater(figures["duplicated_allowed"], 0, "no kill of an executor made an attempt run again: the kills hit nothing")
        system.stop()


if __name__ == "__main__":
    if "--long" in sys.argv:
        sys.argv.remove("--long")
        os.environ["MEEPO_LONG"] = "1"
    unittest.main()
