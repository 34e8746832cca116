#!/usr/bin/env python3
"""HTTP and command targets: a task names a URL or a program, an executor sends the request or runs it."""
import hashlib
import hmac
import http.server
import json
import os
import threading
import unittest

from harness import MEEPO, Case, Process, address, wait_for


class Service(http.server.ThreadingHTTPServer):
    """A service of a backend team: it settles what it is sent once per firing, and refuses what is broken."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def place(self):
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, dict(self.headers), body))
        broken = self.path.startswith("/broken") and len(self.server.requests) < 2
        status, answer = (503, b"try later") if broken else (200, b'{"settled": 0.10}')
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST


def task(url, **more):
    return {"appId": "shop", "kind": "REAL", "target": {"http": {"method": "POST", "url": url, "headers": {"X-Team": "pay"},
                                                                "body": {"order": 7}}}, **more}


class HttpTargets(Case):
    def setUp(self):
        super().setUp()
        self.service = Service()
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)

    def ended(self, api, spec):
        created = api.ok("POST", "/v1/tasks", spec)["id"]
        return wait_for(lambda: (found := api.ok("GET", f"/v1/tasks/{created}"))["status"] in ("DONE", "FAIL") and found, 30, "the task to end")

    def test_dev_sends_the_request_and_keeps_its_answer(self):
        api = self.server(name="dev", subcommand="dev", options=["--http-allow", self.service.place]).api()
        found = self.ended(api, task(f"http://{self.service.place}/settle?x=1"))
        self.assertEqual("DONE", found["status"], found)
        path, headers, body = self.service.requests[0]
        self.assertEqual(("/settle?x=1", {"order": 7}), (path, json.loads(body)))
        self.assertEqual("pay", headers["X-Team"])
        self.assertEqual(f"{found['id']}@0", headers["Meepo-Firing-Id"])
        self.assertEqual(("1", "shop"), (headers["Meepo-Attempt"], headers["Meepo-App"]))
        self.assertRegex(headers["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")
        self.assertEqual({"settled": "0.10"}, found["latest"]["result"], "digit by digit")

    def test_a_failure_is_retried_under_the_same_firing_id(self):
        api = self.server(name="dev", subcommand="dev", options=["--http-allow", self.service.place]).api()
        found = self.ended(api, task(f"http://{self.service.place}/broken", retry={"fixed": {"maxRetries": 2, "delayMs": 100}}))
        self.assertEqual("DONE", found["status"], found)
        said = [(headers["Meepo-Firing-Id"], headers["Meepo-Attempt"]) for _, headers, _ in self.service.requests]
        self.assertEqual([(f"{found['id']}@0", "1"), (f"{found['id']}@0", "2")], said)

    def test_loopback_is_refused_where_nobody_allowed_it(self):
        api = self.server(name="dev", subcommand="dev").api()
        found = self.ended(api, task(f"http://{self.service.place}/settle"))
        self.assertEqual("FAIL", found["status"])
        self.assertIn("--http-allow", found["latest"]["error"])
        self.assertEqual([], self.service.requests)

    def test_an_executor_signs_with_the_key_of_its_file(self):
        server = self.server()
        key_file = os.path.join(self.folder, "key")
        with open(key_file, "w") as file:
            file.write("# of the billing team\nsecret-1\n")
        executor = Process("executor", [MEEPO, "executor", "--scheduler", address(server.grpc), "--http-targets", "--http-allow", "127.0.0.0/8",
                                        "--http-key-file", key_file], self.folder)
        self.processes.append(executor)
        executor.start()
        found = self.ended(server.api(), task(f"http://{self.service.place}/settle"))
        self.assertEqual("DONE", found["status"], found)
        path, headers, body = self.service.requests[0]
        time, signature = (part.split("=")[1] for part in headers["Meepo-Signature"].split(","))
        text = b"\n".join([time.encode(), b"POST", path.encode(), headers["Meepo-Firing-Id"].encode(), body])
        self.assertEqual(hmac.new(b"secret-1", text, hashlib.sha256).hexdigest(), signature)

    def test_an_executor_maps_an_interface_to_a_url(self):
        server = self.server()
        executor = Process("executor", [MEEPO, "executor", "--scheduler", address(server.grpc), "--provide", "com.acme.Books:1.2", "--invoke",
                                        f"http://{self.service.place}/books/{{method}}?v=2"], self.folder)
        self.processes.append(executor)
        executor.start()
        service = {"interface": "com.acme.Books", "method": "close", "version": "1.2", "params": [9007199254740993, "x"]}
        found = self.ended(server.api(), {"appId": "shop", "kind": "REAL", "target": {"service": service}})
        self.assertEqual("DONE", found["status"], found)
        path, headers, body = self.service.requests[0]
        self.assertEqual(("/books/close?v=2", b'[9007199254740993, "x"]'), (path, body))
        self.assertEqual(("com.acme.Books", "close", "1.2"), tuple(headers[name] for name in ("Meepo-Interface", "Meepo-Method", "Meepo-Version")))
        self.assertEqual(f"{found['id']}@0", headers["Meepo-Firing-Id"])

    def test_an_executor_runs_the_programs_that_it_may(self):
        server = self.server()
        executor = Process("executor", [MEEPO, "executor", "--scheduler", address(server.grpc), "--command-allow", "/bin/sh"], self.folder)
        self.processes.append(executor)
        executor.start()
        spec = {"appId": "shop", "kind": "REAL", "target": {"command": {"argv": ["/bin/sh", "-c", "echo $SHOP; echo said >&2"], "env": {"SHOP": "7"}}}}
        found = self.ended(server.api(), spec)
        self.assertEqual(("DONE", 7), (found["status"], found["latest"]["result"]), found)
        spec["target"]["command"]["argv"] = ["/bin/ls"]
        found = self.ended(server.api(), spec)
        self.assertEqual("FAIL", found["status"])
        self.assertIn("--command-allow", found["latest"]["error"])


if __name__ == "__main__":
    unittest.main()
