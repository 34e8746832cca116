#!/usr/bin/env python3
"""Finding tasks, counting them, and changing many at once from the command line."""
import json
import os
import subprocess
import unittest

from harness import MEEPO, Case, Raw, service, wait_for

SECONDS = 60


class SearchCase(Case):
    def setUp(self):
        super().setUp()
        self.dev = self.server(name="dev", subcommand="dev")
        self.api = self.dev.api()

    def meepo(self, *words, code=0):
        done = subprocess.run([MEEPO, "task", *words, "--server", self.dev.grpc], capture_output=True, text=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stdout + done.stderr

    def create(self, method="echo", **more):
        spec = {"appId": "shop", "kind": "REAL", "target": service(method, '["x"]', interface="meepo.demo.Echo"), **more}
        return self.api.ok("POST", "/v1/tasks", spec)["id"]

    def found(self, *words):
        return [task["id"] for task in json.loads(self.meepo("search", *words, "--json"))["tasks"]]

    def plan(self, **more):
        return self.create(kind="PLAN", define="0 0 0 1 1 ?", zone="UTC", **more)


class Search(SearchCase):
    def test_name_labels_status_and_time_find_what_they_say(self):
        books = self.plan(name="Nightly books", labels={"team": "pay", "env": "prod"})
        other = self.plan(name="Weekly report", labels={"team": "pay"})
        failed = self.create("fail")
        wait_for(lambda: self.api.ok("GET", f"/v1/tasks/{failed}")["status"] == "FAIL", 20, "the task to fail")
        for words, expected in ((("--name", "NIGHTLY"), [books]), (("--label", "team=pay"), [other, books]),
                                (("--label", "team=pay", "--label", "env=prod"), [books]), (("--label", "team=stock"), []),
                                (("--status", "FAIL"), [failed]), (("--kind", "plan"), [other, books]),
                                (("--from", "2100-01-01T00:00:00Z"), []), ((), [failed, other, books]), (("--limit", "1"), [failed])):
            with self.subTest(words=words):
                self.assertEqual(expected, self.found(*words))
                if "--limit" not in words:
                    self.assertEqual(len(expected), int(self.meepo("search", *words, "--count")))
        self.assertIn("key=value", self.meepo("search", "--label", "team", code=1))

    def test_a_search_goes_on_where_it_ended_whatever_came_meanwhile(self):
        ids = [self.plan() for _ in range(5)]
        first = json.loads(self.meepo("search", "--limit", "2", "--json"))
        self.plan()
        rest = self.found("--limit", "100", "--page-token", first["nextPageToken"])
        self.assertEqual(list(reversed(ids)), [task["id"] for task in first["tasks"]] + rest)

    def test_a_repeated_label_in_a_query_adds_up_and_other_fields_do_not(self):
        self.plan(labels={"a": "1", "b": "2"})
        self.assertEqual(1, self.api.ok("GET", "/v1/tasks:count?label=a=1&label=b=2")["tasks"])
        self.assertEqual(0, self.api.ok("GET", "/v1/tasks:count?label=a=1&label=b=3")["tasks"])
        status, error = self.api.get("/v1/tasks:count?name=a&name=b")
        self.assertEqual((400, "name"), (status, error["field"]))
        status, error = self.api.get("/v1/tasks?" + "&".join(f"label=k{i}=v" for i in range(33)))
        self.assertEqual((400, "label"), (status, error["field"]))


class Export(SearchCase):
    def test_exported_tasks_are_created_elsewhere_and_only_once(self):
        digits = Raw("[9007199254740993, 0.10]")
        plan = self.plan(name="Nightly books", labels={"team": "pay"}, target={"service": {
            "interface": "meepo.demo.Echo", "method": "echo", "params": digits}})
        self.plan(requestId="order-1")
        done = self.create()
        wait_for(lambda: self.api.ok("GET", f"/v1/tasks/{done}")["status"] == "DONE", 20, "the task to end")
        lines = self.meepo("export")
        self.assertEqual(2, len(lines.splitlines()))
        self.assertIn("[9007199254740993, 0.10]", lines)
        self.assertIn(f'"requestId":"export {plan}"', lines)
        self.assertIn('"requestId":"order-1"', lines)
        self.assertEqual(1, len(self.meepo("export", "--status", "DONE").splitlines()))
        file = os.path.join(self.folder, "tasks.jsonl")
        with open(file, "w") as out:
            out.write(lines)
        other = self.server(name="other", data="other", subcommand="dev")
        for _ in range(2):
            done = subprocess.run([MEEPO, "task", "create", "--file", file, "--server", other.grpc], capture_output=True, text=True,
                                  timeout=SECONDS, check=False)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        tasks = other.api().ok("GET", "/v1/tasks")["tasks"]
        self.assertEqual([{"team": "pay"}, None], sorted((task["spec"].get("labels") for task in tasks), key=lambda labels: labels is None))


class Many(SearchCase):
    def test_a_change_is_shown_first_and_made_only_with_a_yes(self):
        ids = [self.plan(name=f"plan {i}") for i in range(12)]
        paused = lambda: sum(self.api.ok("GET", f"/v1/tasks/{task}").get("paused", False) for task in ids)
        shown = self.meepo("pause", "--name", "plan", "--dry-run")
        self.assertIn("12 tasks to pause", shown)
        self.assertIn("… and 2 more", shown)
        self.assertIn("expected --yes", self.meepo("pause", "--name", "plan", code=2))
        self.assertEqual(0, paused())
        self.assertIn("changed 12, nothing to do for 0, failed 0", self.meepo("pause", "--name", "plan", "--yes"))
        self.assertEqual(12, paused())
        self.assertEqual({"found": 12, "more": False, "changed": 0, "failed": 0, "failures": []},
                         json.loads(self.meepo("pause", "--name", "plan", "--yes", "--json")))
        self.meepo("resume", "--name", "plan 1", "--yes")  # 1, 10 and 11
        self.assertEqual(9, paused())
        self.meepo("cancel", "--kind", "plan", "--yes")
        self.assertEqual(12, int(self.meepo("search", "--status", "CANCEL", "--count")))

    def test_everything_is_meant_only_when_it_is_said(self):
        self.plan()
        self.assertIn("--all", self.meepo("cancel", "--yes", code=2))
        self.assertIn("changed 1,", self.meepo("cancel", "--all", "--yes"))
        self.assertIn("expected one of them", self.meepo("cancel", "0hm8d82q22d32f67a6x", "--app", "shop", code=2))

    def test_retry_runs_the_last_failed_firing_again_and_only_once(self):
        failed, done = self.create("fail"), self.create("echo")
        wait_for(lambda: self.api.ok("GET", "/v1/tasks:count?status=FAIL")["tasks"] == 1, 20, "the task to fail")
        wait_for(lambda: self.api.ok("GET", "/v1/tasks:count?status=DONE")["tasks"] == 1, 20, "the other to end")
        firing = self.meepo("retry", failed).split()[-1]
        self.assertEqual(f"{failed}@0+1", firing)
        self.assertIn("no failed firing", self.meepo("retry", done, code=1))
        again = lambda: len(self.api.ok("GET", f"/v1/tasks/{failed}/ledger")["rows"])
        wait_for(lambda: self.api.ok("GET", f"/v1/tasks/{failed}")["latest"].get("id") == firing
                 and self.api.ok("GET", f"/v1/tasks/{failed}")["status"] == "FAIL", 20, "the retry to fail")
        self.assertEqual(2, again())
        self.assertIn("changed 1,", self.meepo("retry", "--status", "FAIL", "--yes"))
        wait_for(lambda: again() == 3, 20, "the second retry, of the firing that the first one was")


if __name__ == "__main__":
    unittest.main()
