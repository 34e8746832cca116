#!/usr/bin/env python3
"""The binary from outside: its first line, what a task goes through, restarts, and who may not start beside it."""
import json
import os
import signal
import socket
import subprocess
import unittest

from harness import MEEPO, Case, Http, Process, address, service, wait_for
from history import Digits, unix_ms


def real(method, args, **more):
    return {"appId": "api", "kind": "REAL", "target": service(method, args), **more}


class ApiCase(Case):
    def call(self, recorder, task):
        """The first call of a task: the recorder, a process of its own, may write it a moment after the task is done."""
        return wait_for(lambda: recorder.calls(task), 10, "the record of a call")[0]

    def ledger(self, api, task):
        return api.ok("GET", f"/v1/tasks/{task}/ledger").get("rows", [])

    def firing(self, api, task):
        rows = self.ledger(api, task)
        return rows[0]["firing"] if rows else {}

    def wait_status(self, api, task, status, seconds=20):
        return wait_for(lambda: (found := api.ok("GET", f"/v1/tasks/{task}")).get("status") == status and found, seconds,
                        f"task {task} to be {status}; it is {api.ok('GET', f'/v1/tasks/{task}')}")

    def wait_executors(self, api, count):
        wait_for(lambda: len(api.ok("GET", "/v1/executors").get("executors", [])) == count, 20, f"{count} executors")

    def whole(self):
        """A server, a recorder and an executor that is connected."""
        server, recorder = self.server(), self.recorder()
        executor, api = self.executor(server, recorder), server.api()
        self.wait_executors(api, 1)
        return server, recorder, executor, api


class Start(ApiCase):
    def test_the_first_line_is_json_with_the_addresses_really_bound(self):
        server = self.server()
        for name in ("http", "grpc"):
            host, _, port = address(server.ready[name]).rpartition(":")
            self.assertEqual("127.0.0.1", host)
            self.assertGreater(int(port), 0)
            socket.create_connection((host, int(port)), 5).close()
        api = server.api()
        self.assertEqual(200, api.get("/healthz")[0])
        wait_for(lambda: api.get("/readyz")[0] == 200, 10, "/readyz")
        info = api.ok("GET", "/v1/info")
        self.assertTrue(info["version"] and info["zone"])
        self.assertEqual(0, server.terminate())

    def refused(self, *options, data="other"):
        """(exit code, what it wrote on stderr) of a server that must not start."""
        command = [MEEPO, "server", "--data-dir", os.path.join(self.folder, data), "--json"]
        for flag in ("--http", "--grpc"):
            command += [] if flag in options else [flag, "127.0.0.1:0"]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=30)
        self.assertNotEqual(0, done.returncode)
        return done.returncode, done.stderr + done.stdout

    def test_a_second_server_on_the_same_data_folder_is_refused(self):
        server = self.server()
        _, words = self.refused(data="data")
        self.assertIn(server.data, words)
        self.assertEqual(200, server.api().get("/healthz")[0])

    def test_a_taken_port_names_its_flag(self):
        server = self.server()
        for flag, taken in (("--http", server.http), ("--grpc", server.grpc)):
            with self.subTest(flag):
                _, words = self.refused(flag, taken)
                self.assertIn(flag, words)
                self.assertIn(taken, words)

    def test_an_address_that_is_none_names_its_flag(self):
        for flag in ("--http", "--grpc"):
            _, words = self.refused(flag, "nowhere")
            self.assertIn(flag, words)
            self.assertIn("nowhere", words)

    def test_an_address_that_is_not_loopback_needs_a_token(self):
        for flag in ("--http", "--grpc"):
            _, words = self.refused(flag, "0.0.0.0:0")
            self.assertIn("0.0.0.0", words)
            self.assertIn("token", words)


class Life(ApiCase):
    def test_digits_reach_the_handler_one_by_one(self):
        _, recorder, _, api = self.whole()
        task = api.ok("POST", "/v1/tasks", real("record", "[9007199254740993, 0.10]"))["id"]
        self.wait_status(api, task, "DONE")
        call = self.call(recorder, task)
        self.assertEqual("[9007199254740993,0.10]", call["args"].replace(" ", ""))
        self.assertEqual([9007199254740993, Digits("0.10")], self.firing(api, task)["result"])
        shown = api.ok("GET", f"/v1/tasks/{task}")["spec"]["target"]["service"]["params"]
        self.assertEqual([9007199254740993, Digits("0.10")], shown)

    def test_arguments_of_every_json_kind_come_back_as_they_went(self):
        _, recorder, _, api = self.whole()
        args = '["é \\u20ac \\"quoted\\" \\n","漢字",-0,1e400,-1.50E-7,18446744073709551616,true,null,{"b":1,"a":[{}]},""]'
        task = api.ok("POST", "/v1/tasks", real("record", args))["id"]
        self.wait_status(api, task, "DONE")
        as_text = lambda text: json.loads(text, parse_float=str, parse_int=str)
        self.assertEqual(as_text(args), as_text(self.call(recorder, task)["args"]))

    def test_create_answers_id_first_due_and_zone(self):
        _, _, _, api = self.whole()
        answer = api.ok("POST", "/v1/tasks", real("record", "[]", kind="LADDER", define="1,0", zone="Asia/Shanghai"))
        self.assertEqual("Asia/Shanghai", answer["zone"])
        self.assertIn("+08:00", answer["firstDue"])
        task = self.wait_status(api, answer["id"], "DONE")
        rows = {row["firing"]["id"].split("@")[1]: row["firing"] for row in self.ledger(api, answer["id"])}
        created = unix_ms(task["createdAt"])
        self.assertEqual({"r0": created + 1000, "r1": created}, {tick: unix_ms(row["due"]) for tick, row in rows.items()})
        self.assertEqual(created, unix_ms(answer["firstDue"]))

    def test_a_repeated_request_id_answers_the_first_id_and_other_content_conflicts(self):
        server = self.server()
        api = server.api()
        spec = real("record", "[1]", requestId="once")
        first, second = api.ok("POST", "/v1/tasks", spec), api.ok("POST", "/v1/tasks", spec)
        self.assertEqual((first["id"], True), (second["id"], second.get("existed")))
        status, answer = api.post("/v1/tasks", real("record", "[2]", requestId="once"))
        self.assertEqual((409, "CONFLICT"), (status, answer["code"]))
        self.assertIn(first["id"], answer["message"])
        self.assertEqual(1, api.ok("GET", "/v1/counts")["tasks"])

    def test_a_unique_key_is_held_until_the_task_has_ended(self):
        server, recorder = self.server(), self.recorder()
        api = server.api()
        spec = real("record", "[1]", uniqueKey="only")
        first = api.ok("POST", "/v1/tasks", spec)["id"]
        status, answer = api.post("/v1/tasks", spec)
        self.assertEqual((409, "CONFLICT"), (status, answer["code"]))
        self.assertIn(first, answer["message"])
        self.executor(server, recorder)
        self.wait_status(api, first, "DONE")
        self.assertNotEqual(first, api.ok("POST", "/v1/tasks", spec)["id"])

    def test_a_task_that_nobody_serves_waits_with_a_warning_and_runs_when_an_executor_comes(self):
        server, recorder = self.server(), self.recorder()
        api = server.api()
        answer = api.ok("POST", "/v1/tasks", real("record", "[1]"))
        self.assertIn("test.Recorder", " ".join(answer["warnings"]))
        armed_now = lambda: api.ok("GET", f"/v1/tasks/{answer['id']}").get("armed", {})
        armed = wait_for(lambda: (firing := armed_now()).get("state") == "WAITING" and firing, 10, "the firing to be parked")
        self.assertEqual("no executor", armed["reason"])
        self.assertTrue(armed["waitingSince"])
        self.executor(server, recorder)
        self.wait_status(api, answer["id"], "DONE")
        self.assertNotIn("warnings", {name: value for name, value in api.ok("POST", "/v1/tasks", real("record", "[2]")).items() if value})

    def test_cancel_of_a_running_attempt_shows_asked_acknowledged_stopped(self):
        _, recorder, _, api = self.whole()
        task = api.ok("POST", "/v1/tasks", real("slow", '["cancelled",60000]'))["id"]
        wait_for(lambda: recorder.calls(task), 10, "the handler to start")
        answer = api.ok("POST", f"/v1/tasks/{task}:cancel", {})
        self.assertEqual((True, [f"{task}@0"]), (answer["cancelled"], answer["running"]))
        self.assertIn(self.firing(api, task)["cancel"], ("asked", "acknowledged", "stopped"))
        firing = wait_for(lambda: (row := self.firing(api, task)).get("state") == "ENDED" and row, 20, "the attempt to stop")
        self.assertEqual(("STOPPED", "stopped"), (firing["outcome"], firing["cancel"]))
        instants = [unix_ms(firing[name]) for name in ("begunAt", "cancelAskedAt", "cancelAcknowledgedAt", "endedAt")]
        self.assertEqual(sorted(instants), instants)
        self.assertEqual("CANCEL", api.ok("GET", f"/v1/tasks/{task}")["status"])
        self.assertTrue(api.ok("POST", f"/v1/tasks/{task}:cancel", {})["cancelled"], "a repeat is answered as the first")
        self.assertEqual(["cancelled"], [line["outcome"] for line in recorder.lines() if line["t"] == "end"])

    def test_cancel_of_a_task_that_has_ended_changes_nothing(self):
        _, _, _, api = self.whole()
        task = api.ok("POST", "/v1/tasks", real("stamp", '["ended"]'))["id"]
        before = self.wait_status(api, task, "DONE")
        self.assertFalse(api.ok("POST", f"/v1/tasks/{task}:cancel", {}).get("cancelled", False))
        self.assertEqual(before, api.ok("GET", f"/v1/tasks/{task}"))

    def test_progress_and_log_lines_stand_in_the_ledger(self):
        _, _, _, api = self.whole()
        task = api.ok("POST", "/v1/tasks", real("talk", '["talk",300]'))["id"]
        self.wait_status(api, task, "DONE")
        attempt = self.ledger(api, task)[0]["attempts"][0]
        self.assertEqual(("half", ["first line", "second line"]), (attempt["progress"], attempt["log"].splitlines()))

    def test_progress_of_a_running_attempt_is_seen_while_it_runs(self):
        _, _, _, api = self.whole()
        task = api.ok("POST", "/v1/tasks", real("talk", '["talk",60000]'))["id"]
        attempts = lambda: [attempt for row in self.ledger(api, task) for attempt in row.get("attempts", [])]
        wait_for(lambda: any(attempt.get("progress") == "half" for attempt in attempts()), 20, "the progress to be seen")
        self.assertEqual("RUNNING", self.firing(api, task)["state"])
        api.ok("POST", f"/v1/tasks/{task}:cancel", {})
        self.wait_status(api, task, "CANCEL")

    def test_an_attempt_beyond_its_timeout_ends_timeout_and_is_retried(self):
        _, _, _, api = self.whole()
        retry = {"fixed": {"maxRetries": 1, "delayMs": 10}}
        task = api.ok("POST", "/v1/tasks", real("slow", '["late",60000]', timeoutMs=200, retry=retry))["id"]
        self.wait_status(api, task, "FAIL")
        row = self.ledger(api, task)[0]
        self.assertEqual(("TIMEOUT", 2, 2), (row["firing"]["outcome"], row["firing"]["attempt"], row["firing"]["failures"]))
        self.assertEqual(["TIMEOUT", "TIMEOUT"], [attempt["outcome"] for attempt in row["attempts"]])

    def test_lists_page_by_page_newest_first(self):
        server = self.server()
        api = server.api()
        ids = [api.ok("POST", "/v1/tasks", real("record", f"[{number}]", appId="pages"))["id"] for number in range(7)]
        api.ok("POST", "/v1/tasks", real("record", "[0]", appId="other"))
        found, token = [], ""
        while True:
            page = api.ok("GET", f"/v1/tasks?appId=pages&pageSize=3&pageToken={token}")
            self.assertLessEqual(len(page.get("tasks", [])), 3)
            found += [task["id"] for task in page.get("tasks", [])]
            token = page.get("nextPageToken", "")
            if not token:
                break
        self.assertEqual(sorted(ids), sorted(found))
        created = [unix_ms(api.ok("GET", f"/v1/tasks/{task}")["createdAt"]) for task in found]
        self.assertEqual(sorted(created, reverse=True), created)


class Restart(ApiCase):
    def test_it_goes_on_where_it_was(self):
        server, recorder, executor, api = self.whole()
        done = api.ok("POST", "/v1/tasks", real("stamp", '["done"]'))["id"]
        self.wait_status(api, done, "DONE")
        before = api.ok("GET", f"/v1/tasks/{done}")
        later = api.ok("POST", "/v1/tasks", real("stamp", '["later"]', kind="LADDER", define="3"))["id"]
        self.assertEqual(0, server.terminate())
        server.start()
        api = server.api()
        self.assertEqual(before, api.ok("GET", f"/v1/tasks/{done}"))
        task = self.wait_status(api, later, "DONE")
        call = recorder.calls(later)[0]
        self.assertEqual(unix_ms(task["createdAt"]) + 3000, call["due"])
        self.assertEqual(1, len(recorder.calls(later)))
        self.assertEqual(0, executor.terminate())

    def test_a_kill_keeps_what_was_acked(self):
        server = self.server()
        api = server.api()
        ids = [item["created"]["id"] for item in api.ok("POST", "/v1/tasks:batchCreate", {"specs": [real("record", "[1]")] * 200})["items"]]
        server.kill()
        server.start()
        api = server.api()
        for task in ids:
            self.assertEqual(task, api.ok("GET", f"/v1/tasks/{task}")["id"])
        self.assertEqual(200, api.ok("GET", "/v1/counts")["tasks"])

    def test_a_running_attempt_outlives_the_server(self):
        server, recorder, _, api = self.whole()
        task = api.ok("POST", "/v1/tasks", real("slow", '["outlives",1500]'))["id"]
        wait_for(lambda: recorder.calls(task), 10, "the handler to start")
        server.kill()
        server.start()
        api = server.api()
        self.wait_status(api, task, "DONE")
        self.assertEqual([1], [call["att"] for call in recorder.calls(task)])


class Dev(ApiCase):
    def test_the_first_curl_ends_done(self):
        server = self.server(name="dev", subcommand="dev")
        api = server.api()
        task = api.ok("POST", "/v1/tasks", {"appId": "demo", "kind": "REAL",
                                            "target": service("echo", '["hello"]', interface="meepo.demo.Echo")})["id"]
        self.wait_status(api, task, "DONE")
        self.assertEqual("hello", self.firing(api, task)["result"])
        status, page = api.get("/")
        self.assertEqual(200, status)
        self.assertIn("curl", page)
        self.assertEqual(0, server.terminate())

    def test_ephemeral_needs_no_folder(self):
        command = [MEEPO, "dev", "--ephemeral", "--json", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
        process = self.add(Process("ephemeral", command, self.folder))
        process.start()
        ready = json.loads(process.first_line())
        self.assertEqual(200, Http(address(ready["http"])).get("/healthz")[0])
        self.assertEqual(0, process.terminate())

    def test_a_second_sigterm_ends_a_drain_at_once(self):
        server = self.server(name="dev", subcommand="dev")
        api = server.api()
        task = api.ok("POST", "/v1/tasks", {"appId": "demo", "kind": "REAL",
                                            "target": service("sleep", "[60000]", interface="meepo.demo.Echo")})["id"]
        self.wait_status(api, task, "RUNNING")
        server.signal(signal.SIGTERM)
        wait_for(lambda: " info stop" in server.tail(), 10, "the first SIGTERM is logged")
        server.signal(signal.SIGTERM)
        self.assertEqual(1, server.wait(5))


if __name__ == "__main__":
    unittest.main()
