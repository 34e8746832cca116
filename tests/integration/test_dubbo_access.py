#!/usr/bin/env python3
"""Who may call the Dubbo port: tokens as attachments, rules for callers that cannot send one, and nobody else beyond loopback."""
import os
import unittest

from dubbo_case import ADDRESS, REFUSED, DubboServer, enter_namespace
from dubbo_wire import OK, STRING, Client, create, request
from harness import MEEPO, Case, Process

TOKENS = {role: f"{role}-0123456789abcdef0123456789abcdef" for role in ("reader", "client", "executor", "admin")}
STRANGER = "x" * 40
UNKNOWN = "0" * 19


def setUpModule():
    enter_namespace()


class Access(Case):
    def dubbo(self, *options):
        server = self.add(DubboServer(self.folder, dubbo=f"{ADDRESS}:0", options=options, name=f"server-{len(self.processes)}",
                                      data=f"data-{len(self.processes)}")).start()
        client = Client(server.dubbo)
        self.addCleanup(client.close)
        return client

    def token_file(self):
        path = os.path.join(self.folder, "tokens")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{token} {role} {role}-name\n" for role, token in TOKENS.items())
        return path

    def assert_created(self, answer):
        self.assertEqual((OK, str), (answer.status, type(answer.value)), answer)

    def assert_refused(self, answer, *words):
        self.assertEqual((OK, REFUSED), (answer.status, answer.thrown and answer.thrown.name), answer)
        for word in words:
            self.assertIn(word, answer.message)

    def assert_does_not_start(self, options, *words):
        command = [MEEPO, "server", "--data-dir", os.path.join(self.folder, "refused"), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
                   *options]
        process = self.add(Process(f"refused-{len(self.processes)}", command, self.folder)).start()
        self.assertIn(process.wait(30), (1, 2))
        for word in words:
            self.assertIn(word, process.tail())

    def test_beyond_loopback_it_does_not_start_without_a_credential(self):
        for host in (ADDRESS, "0.0.0.0"):
            with self.subTest(host):
                self.assert_does_not_start(["--dubbo", f"{host}:0"], "--dubbo", "--dubbo-anonymous", "--token-file")

    def test_rules_that_are_none(self):
        for rule in ("shop", "shop=king@10.0.0.0/8", "shop=executor@10.0.0.0/8", "shop=client", "=client@10.0.0.0/8",
                     "shop=client@10.0.0.0/33", "shop=client@x",
                     "shop=client@10.0.0.0/-1", ""):
            with self.subTest(rule):
                self.assert_does_not_start(["--dubbo", f"{ADDRESS}:0", "--dubbo-anonymous", rule], "--dubbo-anonymous")

    def test_a_port_that_is_no_dubbo_port_needs_no_rules(self):
        self.assert_does_not_start(["--dubbo-anonymous", "*=client@10.0.0.0/8"], "--dubbo HOST:PORT")

    def test_rules_say_who_may_what_without_a_token(self):
        client = self.dubbo("--dubbo-anonymous", f"shop=reader@{ADDRESS}/32", "--dubbo-anonymous", "far=client@192.0.2.0/24",
                            "--dubbo-anonymous",
                            f"till=client@{ADDRESS}/8")
        self.assert_created(client.call(create(appId="till")))
        self.assertEqual([], client.call(request("list", "", [], {"appId": "shop"})).value)
        self.assert_refused(client.call(create(appId="shop")), "reader", "--dubbo-anonymous")
        self.assert_refused(client.call(request("saveResult", STRING + "Ljava/lang/Object;", [UNKNOWN, 1], {"appId": "shop"})),
                            "--dubbo-anonymous")
        for app in ("far", "SHOP", "till ", "*", ""):
            for body in (create(appId=app), request("list", "", [], {"appId": app}), request("get", STRING, [UNKNOWN], {"appId": app})):
                with self.subTest(app=app):
                    self.assert_refused(client.call(body), "--dubbo-anonymous", ADDRESS)
        self.assert_refused(client.call(request("cancel", STRING, [UNKNOWN])), "--dubbo-anonymous")
        self.assert_refused(client.call(create(appId="shop", **{"meepo.token": STRANGER})), "meepo.token")
        self.assert_created(client.call(create(**{"appId": None, "remote.application": "till"})))

    def test_a_rule_for_every_app(self):
        self.assert_created(self.dubbo("--dubbo-anonymous", f"*=client@{ADDRESS}/24").call(create(appId="any")))

    def test_tokens_say_who_may_what(self):
        client = self.dubbo("--token-file", self.token_file(), "--dubbo-anonymous", f"shop=client@{ADDRESS}/32")
        may = {"reader": ["list"], "client": ["list", "create"], "executor": [], "admin": ["list", "create"]}
        for role, token in TOKENS.items():
            for verb in ("list", "create"):
                with self.subTest(role=role, verb=verb):
                    attachments = {"appId": "other", "meepo.token": token}
                    answer = client.call(create(**attachments) if verb == "create" else request("list", "", [], attachments))
                    if verb in may[role]:
                        self.assertEqual((OK, None), (answer.status, answer.thrown), answer)
                    else:
                        self.assert_refused(answer, role)
        for token in (STRANGER, TOKENS["admin"][:-1], TOKENS["admin"] + "f", "Bearer " + TOKENS["admin"]):
            answer = client.call(create(appId="shop", **{"meepo.token": token}))
            self.assert_refused(answer, "meepo.token")
            self.assertNotIn(token, answer.message, "the answer repeats the token")
        self.assert_refused(client.call(create(appId="other")), "--dubbo-anonymous")
        self.assert_created(client.call(create(appId="shop")))


if __name__ == "__main__":
    unittest.main()
