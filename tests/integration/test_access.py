#!/usr/bin/env python3
"""Tokens and roles, over HTTP and for executors."""
import os
import unittest

from harness import SUCCESS, Case, Http, Server, service, wait_for

TOKENS = {role: f"{role}-0123456789abcdef0123456789abcdef" for role in ("reader", "client", "executor", "admin")}
SPEC = {"appId": "access", "kind": "REAL", "target": service("record", "[1]")}


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.folder, "tokens")
        self.write(0o600, "# who may what\n" + "".join(f"{token} {role} {role}-name\n" for role, token in TOKENS.items()))

    def write(self, mode, text):
        with open(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.file, mode)

    def with_tokens(self):
        return self.server(options=("--token-file", self.file))

    def test_each_role_may_what_it_may(self):
        server = self.with_tokens()
        task = Http(server.http, TOKENS["admin"]).ok("POST", "/v1/tasks", SPEC)["id"]
        requests = {"read": ("GET", f"/v1/tasks/{task}", None), "write": ("POST", "/v1/tasks", SPEC),
                    "cancel": ("POST", f"/v1/tasks/{task}:cancel", {}),
                    "figures": ("GET", "/v1/counts", None)}
        may = {"reader": {"read", "figures"}, "client": {"read", "write", "cancel", "figures"}, "executor": set(), "admin": set(requests)}
        for role, allowed in may.items():
            for name, request in requests.items():
                with self.subTest(role=role, request=name):
                    status, answer = Http(server.http, TOKENS[role]).request(*request)
                    if name in allowed:
                        self.assertIn(status, SUCCESS, answer)
                    else:
                        self.assertEqual((403, "FORBIDDEN"), (status, answer["code"]))
                        self.assertIn(role, answer["message"])

    def test_without_a_known_token_nothing_but_the_public_pages_is_shown(self):
        server = self.with_tokens()
        for token in (None, "x" * 40, TOKENS["client"][:-1], TOKENS["client"] + "f", ""):
            for method, path, body in (("GET", "/v1/tasks", None), ("POST", "/v1/tasks", SPEC), ("GET", "/v1/counts", None)):
                with self.subTest(token=token, path=path):
                    status, answer = Http(server.http, token).request(method, path, body)
                    self.assertEqual((401, "UNAUTHENTICATED"), (status, answer["code"]))
                    self.assertFalse(token and token in answer["message"], "the answer repeats the token")
        for path in ("/healthz", "/readyz", "/openapi.json"):
            self.assertEqual(200, Http(server.http).get(path)[0], path)
        self.assertEqual(0, Http(server.http, TOKENS["admin"]).ok("GET", "/v1/counts").get("tasks", 0))

    def test_an_executor_needs_a_token_that_may_connect(self):
        server, recorder = self.with_tokens(), self.recorder()
        self.executor(server, recorder, name="refused", options=("--token", TOKENS["client"]))
        self.executor(server, recorder, name="unknown")
        self.executor(server, recorder, name="taken", options=("--token", TOKENS["executor"]))
        api = Http(server.http, TOKENS["admin"])
        task = api.ok("POST", "/v1/tasks", SPEC)["id"]
        wait_for(lambda: api.ok("GET", f"/v1/tasks/{task}").get("status") == "DONE", 20, "the task to be done")
        self.assertEqual(["taken"], [executor["name"] for executor in api.ok("GET", "/v1/executors")["executors"]])

    def test_a_token_file_that_others_can_read_or_that_is_wrong_is_refused_at_start(self):
        for what, mode, text, words in (("readable by others", 0o644, f"{TOKENS['admin']} admin\n", "0600"),
                                        ("unknown role", 0o600, f"{TOKENS['admin']} king\n", "king"),
                                        ("short token", 0o600, "short admin\n", "32"),
                                        ("empty", 0o600, "# nobody\n", "token")):
            with self.subTest(what):
                self.write(mode, text)
                server = self.add(Server(self.folder, name="refused", data="refused", options=("--token-file", self.file)))
                with self.assertRaises(AssertionError):
                    server.start()
                self.assertNotEqual(0, server.wait(10))
                self.assertIn(words, server.tail())
                self.assertIn(self.file, server.tail())


if __name__ == "__main__":
    unittest.main()
