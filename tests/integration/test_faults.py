#!/usr/bin/env python3
"""Single faults, each told exactly: a poison task, an executor paused beyond its lease, graceful restarts."""
import threading
import unittest

import checker
from faults import System, assert_holds, go_on, pause
from harness import Case, RecorderExecutor, service, wait_for

RUN_LEASE_SECONDS = 15


def create(api, method, args, **more):
    return api.ok("POST", "/v1/tasks", {"appId": "faults", "kind": "REAL", "target": service(method, args), **more})["id"]


def firing(api, task):
    """The only firing of a REAL task, open or ended."""
    rows = api.ok("GET", f"/v1/tasks/{task}/ledger").get("rows", [])
    return rows[0]["firing"] if rows else {}


class Supervised:
    """Starts an executor again whenever it dies, as an init system does."""

    def __init__(self, process):
        self._process, self._ended, self.deaths = process, threading.Event(), 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._ended.wait(0.02):
            if not self._process.running():
                self.deaths += 1
                self._process.start()

    def stop(self):
        self._ended.set()
        self._thread.join()


class PoisonTask(Case):
    def test_it_is_quarantined_with_evidence_while_others_go_on(self):
        system = System(self, executors=1)
        api = system.api()
        supervised = Supervised(system.executors[0])
        self.addCleanup(supervised.stop)
        poison = create(api, "crash", '["poison"]')
        others = []

        def quarantined():
            others.append(create(api, "stamp", f'["other-{len(others)}"]'))
            return firing(api, poison).get("state") == "ENDED"

        wait_for(quarantined, 8 * RUN_LEASE_SECONDS, "the poison task to be quarantined", every=0.5)
        row = api.ok("GET", f"/v1/tasks/{poison}/ledger")["rows"][0]
        self.assertEqual("QUARANTINED", row["firing"]["outcome"])
        self.assertEqual(5, row["firing"]["crashes"])
        self.assertIn("crash", row["firing"]["error"])
        self.assertEqual("FAIL", api.ok("GET", f"/v1/tasks/{poison}")["status"])
        for task in others:
            wait_for(lambda: firing(api, task).get("outcome") == "SUCCESS", 3 * RUN_LEASE_SECONDS, f"{task} to end well")
        supervised.stop()
        calls = len(system.recorder.calls(poison))
        self.assertIn(calls, (5, 6), "each crash is one call: five that count, and the first if it was not alone")
        self.assertEqual(calls, supervised.deaths)
        innocent = [task for task in others if len(system.recorder.calls(task)) > 2]
        self.assertEqual([], innocent, "tasks beside the poison ran again and again")


class PausedExecutor(Case):
    def test_the_end_of_a_run_that_was_taken_back_is_refused_and_counted(self):
        system = System(self, executors=1)
        api = system.api()
        task = create(api, "stubborn", '["paused",1500]')
        first = wait_for(lambda: system.recorder.calls(task), 10, "the first attempt to start")[0]
        pause(system.executors[0])
        system.faults.write("stop", op="executor", pid=first["pid"])
        self.add(RecorderExecutor(self.folder, "executor-other", system.server.grpc, system.recorder.socket)).start()
        wait_for(lambda: firing(api, task).get("outcome") == "SUCCESS", 3 * RUN_LEASE_SECONDS, "another executor to run it")
        ended = firing(api, task)
        self.assertEqual(2, ended["attempt"])
        self.assertEqual(0, api.ok("GET", "/v1/counts").get("staleEnds", 0))
        go_on(system.executors[0])
        wait_for(lambda: api.ok("GET", "/v1/counts").get("staleEnds", 0) == 1, 20, "the stale end to be refused and counted")
        self.assertEqual(ended, firing(api, task), "the stale end changed the row")
        calls = system.recorder.calls(task)
        self.assertEqual([1, 2], [call["att"] for call in calls])
        self.assertNotEqual(calls[0]["pid"], calls[1]["pid"])


class LostExecutor(Case):
    def test_its_runs_go_again_uncounted_or_end_unknown_as_the_task_says(self):
        system = System(self, executors=1)
        api = system.api()
        again = create(api, "slow", '["again",4000]')
        never = create(api, "slow", '["never",4000]', onLost="ON_LOST_UNKNOWN")
        wait_for(lambda: system.recorder.calls(again) and system.recorder.calls(never), 10, "both to start")
        system.kill(system.executors[0])
        wait_for(lambda: firing(api, never).get("state") == "ENDED", 3 * RUN_LEASE_SECONDS, "the one to end")
        wait_for(lambda: firing(api, again).get("state") == "ENDED", 3 * RUN_LEASE_SECONDS, "the other to run again")
        row = firing(api, never)
        self.assertEqual(("UNKNOWN", 1), (row["outcome"], row["attempt"]))
        self.assertEqual(1, len(system.recorder.calls(never)))
        row = firing(api, again)
        self.assertEqual(("SUCCESS", 2, 0), (row["outcome"], row["attempt"], row.get("failures", 0)))
        self.assertEqual([1, 2], [call["att"] for call in system.recorder.calls(again)])


class GracefulRestart(Case):
    """SIGTERM in the middle of the load: nothing is lost, and nothing runs twice."""

    def run_with(self, restart, executors):
        system = System(self, executors=executors)
        system.start_load(seed=7, singles_per_second=40)
        enough = threading.Event()
        enough.wait(2)
        codes = restart(system)
        enough.wait(1)
        system.stop_load()
        system.drain()
        history = system.history()
        self.assertEqual({0}, set(codes), "a graceful stop exits 0")
        assert_holds(self, history)  # without a kill in the history no second call has an excuse
        figures = checker.report(history)
        self.assertEqual(0, figures["lost"])
        self.assertGreater(figures["acked"], 50)
        return system, figures

    def test_of_the_server_makes_no_duplicate(self):
        self.run_with(lambda system: [system.restart(system.server) for _ in range(2)], executors=2)

    def test_of_the_executors_one_by_one_makes_no_duplicate(self):
        self.run_with(lambda system: [system.restart(executor) for executor in system.executors], executors=2)

    def test_of_the_only_executor_parks_and_goes_on(self):
        self.run_with(lambda system: [system.restart(system.executors[0])], executors=1)


if __name__ == "__main__":
    unittest.main()
