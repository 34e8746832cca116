#!/usr/bin/env python3
"""TIMING and PLAN over HTTP and the command line, on a real server with its own clock."""
import json
import subprocess
import tempfile
import unittest

from harness import MEEPO, Case, address, dumps, service, wait_for

SECONDS = 60


def plan(method, define="* * * * * *", **more):
    return {"appId": "time", "kind": "PLAN", "define": define, "zone": "UTC", "target": service(method, "[1]", interface="meepo.demo.Echo"), **more}


class TimeCase(Case):
    def dev(self):
        server = self.server(name="dev", subcommand="dev")
        return server, server.api()

    def create(self, api, spec):
        return api.ok("POST", "/v1/tasks", spec)["id"]

    def rows(self, api, task):
        return api.ok("GET", f"/v1/tasks/{task}/ledger").get("rows", [])


class OverHttp(TimeCase):
    def test_a_plan_fires_each_second_and_ends_after_its_count(self):
        _, api = self.dev()
        task = self.create(api, plan("echo", maxCount=2))
        wait_for(lambda: api.ok("GET", f"/v1/tasks/{task}")["status"] == "DONE", 20, "the plan to end")
        dues = [row["firing"]["due"] for row in self.rows(api, task)]
        self.assertEqual(2, len(dues))
        self.assertTrue(all(due.endswith("00Z") or ".000" in due or "." not in due for due in dues), dues)

    def test_an_update_needs_the_version_and_names_its_fields(self):
        _, api = self.dev()
        task = self.create(api, plan("echo", "0 0 0 1 1 ?"))
        answer = api.ok("PATCH", f"/v1/tasks/{task}", {"version": 1, "spec": {"define": "* * * * * *", "timeoutMs": 5000}, "params": ["new"]})
        self.assertEqual(2, answer["version"])
        self.assertTrue(answer["nextDue"])
        found = api.ok("GET", f"/v1/tasks/{task}")
        self.assertEqual((5000, ["new"]), (found["spec"]["timeoutMs"], found["spec"]["target"]["service"]["params"]))
        wait_for(lambda: any(row["firing"].get("result") == "new" for row in self.rows(api, task)), 20, "a firing with the new arguments")
        for body, status, field in (({"version": 1, "spec": {"define": "@daily"}}, 409, "version"),
                                    ({"spec": {"kind": "TIMING"}}, 400, "kind"), ({"spec": {"nothing": 1}}, 400, "spec.nothing"),
                                    ({"version": 2}, 400, "fields"), ({"spec": {"define": "x"}}, 400, "define")):
            with self.subTest(body=body):
                answered, error = api.request("PATCH", f"/v1/tasks/{task}", body)
                self.assertEqual((status, field), (answered, error["field"]))

    def test_why_rerun_and_backfill(self):
        _, api = self.dev()
        task = self.create(api, plan("echo", overlap="ALLOW"))
        rows = wait_for(lambda: [row for row in self.rows(api, task) if row.get("firing", {}).get("outcome") == "SUCCESS"], 20, "a firing")
        tick = rows[-1]["firing"]["id"].split("@")[1]
        why = api.ok("GET", f"/v1/tasks/{task}/why?time={tick}")
        self.assertEqual("SUCCESS", why["verdict"])
        self.assertIn("attempt 1", why["summary"])
        self.assertEqual("NOT_YET", api.ok("GET", f"/v1/tasks/{task}/why?time=2099-01-01T00:00:00Z")["verdict"])
        self.assertEqual("NO_TICK", api.ok("GET", f"/v1/tasks/{task}/why?time=2020-01-01T00:00:00Z")["verdict"])
        self.assertEqual(f"{task}@{tick}+1", api.ok("POST", f"/v1/tasks/{task}:rerun", {"tick": tick})["firingId"])
        dry = api.ok("POST", f"/v1/tasks/{task}:backfill", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:04Z", "dryRun": True})
        self.assertEqual(5, len(dry["items"]))
        self.assertNotIn("firingId", dry["items"][0])
        done = api.ok("POST", f"/v1/tasks/{task}:backfill", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:04Z", "requestId": "b"})
        self.assertEqual(5, len({item["firingId"] for item in done["items"]}))
        status, error = api.request("POST", f"/v1/tasks/{task}:backfill", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"})
        self.assertEqual((400, "to"), (status, error["field"]))


class OverTheCommandLine(TimeCase):
    def meepo(self, *arguments, code=0):
        done = subprocess.run([MEEPO, *arguments], capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(code, done.returncode, f"{arguments}: {done.stdout} {done.stderr}")
        return done.stdout

    def test_create_update_why_and_ledger(self):
        server, _ = self.dev()
        at = ["--server", address(server.ready["grpc"])]
        created = self.meepo("task", "create", "--app", "cli", "--kind", "plan", "--define", "0 0 0 1 1 ?", "--zone", "Asia/Shanghai",
                             "--overlap", "buffer-one", "--misfire", "all:5,1h", "--jitter", "10ms", "--service", "meepo.demo.Echo#echo", "--json", *at)
        task = json.loads(created)["id"]
        self.assertIn("NOT_YET", self.meepo("why", task, *at))
        self.assertIn("version   2", self.meepo("task", "update", task, "--define", "* * * * * *", "--params", '["x"]', *at))
        wait_for(lambda: "SUCCESS" in self.meepo("task", "ledger", task, *at), 20, "a firing")
        self.meepo("task", "update", task, "--version", "1", "--name", "late", *at, code=1)
        self.assertIn("3 ticks", self.meepo("task", "backfill", task, "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:00:02Z", "--dry-run", *at))

    def test_simulate_prints_the_ledger_and_the_load(self):
        specs = [plan("echo", "0 0 * * * *", name="hourly"), plan("sleep", "0 0/10 * * * *", name="slow", timeoutMs=3_600_000)]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(dumps(specs))
            file.flush()
            arguments = ["simulate", "--plan", file.name, "--from", "2026-01-01T00:30:00Z", "--to", "2026-01-02T00:30:00Z", "--duration-ms", "1500000"]
            text = self.meepo(*arguments)
            lines = [json.loads(line) for line in self.meepo(*arguments, "--json").splitlines()]
        self.assertIn("SKIPPED (overlap)", text)
        self.assertIn("#####", text)
        hourly = [line for line in lines if line.get("name") == "hourly"]
        self.assertEqual(24, len(hourly))
        self.meepo("simulate", "--plan", "/nowhere", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z", code=2)


if __name__ == "__main__":
    unittest.main()
