#!/usr/bin/env python3
"""The figures at /metrics, scraped by a real Prometheus."""
import json
import os
import subprocess
import unittest
import urllib.parse
import urllib.request

from harness import ROOT, Case, Process, free_low_port, service, wait_for

PROGRAMS = os.path.join(ROOT, "build", "programs", "prometheus", "usr", "bin")
PROMETHEUS, PROMTOOL = os.path.join(PROGRAMS, "prometheus"), os.path.join(PROGRAMS, "promtool")
SECONDS = 60


def values_of(text):
    """{"name{labels}": value} of a page in the text format."""
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line and not line.startswith("#")}


class Page(Case):
    def test_what_happens_is_counted(self):
        server = self.server(name="dev", subcommand="dev")
        api = server.api()

        def values():
            status, text = api.get("/metrics")
            self.assertEqual(200, status)
            return values_of(text)

        self.assertEqual(0, values()['meepo_tasks_created_total{kind="REAL"}'])
        for _ in range(3):
            api.ok("POST", "/v1/tasks", {"appId": "metrics", "kind": "REAL", "target": service("echo", '["x"]', interface="meepo.demo.Echo")})
        plan = api.ok("POST", "/v1/tasks", {"appId": "metrics", "kind": "PLAN", "define": "0 0 0 1 1 ?", "zone": "UTC",
                                            "target": service("echo", '["x"]', interface="meepo.demo.Echo")})["id"]
        api.ok("POST", f"/v1/tasks/{plan}:cancel", {})
        found = wait_for(lambda: (lambda seen: seen if seen['meepo_tasks{status="DONE"}'] == 3 else None)(values()), 20, "three tasks to end")
        expected = {'meepo_tasks_created_total{kind="REAL"}': 3, 'meepo_tasks_created_total{kind="PLAN"}': 1,
                    'meepo_attempts_begun_total{kind="REAL"}': 3, 'meepo_attempts_ended_total{outcome="SUCCESS"}': 3,
                    "meepo_lateness_seconds_count": 3, "meepo_attempt_seconds_count": 3, "meepo_tasks_cancelled_total": 1,
                    'meepo_tasks{status="CANCEL"}': 1, "meepo_executors": 1, "meepo_shards": 64, "meepo_store_failed_requests_total": 0}
        self.assertEqual(expected, {name: found.get(name) for name in expected})
        self.assertGreater(found["meepo_store_commit_seconds_count"], 3)
        self.assertGreater(found["process_resident_memory_bytes"], 10e6)


@unittest.skipUnless(os.path.exists(PROMETHEUS), "Prometheus could not be extracted from its package: build/programs/prometheus.log")
class RealPrometheus(Case):
    def test_it_scrapes_the_page_and_finds_no_fault(self):
        server = self.server(name="dev", subcommand="dev")
        api = server.api()
        api.ok("POST", "/v1/tasks", {"appId": "metrics", "kind": "REAL", "target": service("echo", '["x"]', interface="meepo.demo.Echo")})
        _, page = api.get("/metrics")
        checked = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual((0, "", ""), (checked.returncode, checked.stdout, checked.stderr))
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w") as file:
            json.dump({"global": {"scrape_interval": "1s"},
                       "scrape_configs": [{"job_name": "meepo", "static_configs": [{"targets": [api.address]}]}]}, file)  # JSON is YAML
        port = free_low_port()
        self.add(Process("prometheus", [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
                                        f"--web.listen-address=127.0.0.1:{port}"], self.folder)).start()

        def query(path, **parameters):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=5) as answer:
                    return json.load(answer)["data"]
            except OSError:
                return None

        def value_of(expression):
            data = query("query", query=expression)
            return float(data["result"][0]["value"][1]) if data and data["result"] else None

        wait_for(lambda: value_of('meepo_attempts_ended_total{outcome="SUCCESS"}') == 1, SECONDS, "Prometheus to have scraped the end")
        target = query("targets")["activeTargets"][0]
        self.assertEqual(("up", ""), (target["health"], target["lastError"]))
        self.assertEqual(1, value_of("sum(meepo_build_info)"))
        self.assertEqual(1, value_of('meepo_lateness_seconds_bucket{le="+Inf"}'))
        types = {name: entries[0]["type"] for name, entries in query("metadata").items() if name.startswith(("meepo_", "process_"))}
        self.assertEqual("histogram", types["meepo_lateness_seconds"])
        self.assertEqual("counter", types["process_cpu_seconds_total"])
        self.assertTrue(all((kind == "counter") == name.endswith("_total") for name, kind in types.items()), types)


if __name__ == "__main__":
    unittest.main()
