#!/usr/bin/env python3
"""What clients must not send: each refusal names the field, the value and what was expected, and creates nothing."""
import copy
import json
import os
import random
import socket
import unittest

from harness import Case, Http, NoAnswer, Raw, dumps, service

KIB, MIB = 1 << 10, 1 << 20
PAYLOAD = MIB + 4 * KIB
LADDER_SECONDS_MAX = 366 * 24 * 3600


def good():
    return {"appId": "bad-input", "kind": "REAL", "define": "", "target": service("record", "[1]")}


def without(name):
    spec = good()
    del spec[name]
    return spec


def ladder(define):
    return good() | {"kind": "LADDER", "define": define}


def called(**parts):
    spec = copy.deepcopy(good())
    spec["target"]["service"].update(parts)
    return spec


def exponential(**parts):
    return good() | {"retry": {"exponential": {"maxRetries": 1, "delayMs": 1} | parts}}


# (what, spec, field, words that the message has: the value and what was expected)
REFUSED = [
    ("unknown kind", good() | {"kind": "HOURLY"}, "kind", ("HOURLY", "REAL")),
    ("kind of another type", good() | {"kind": ["REAL"]}, "kind", ()),
    ("plan without a cron", good() | {"kind": "PLAN"}, "define", ("1 to 1024 bytes",)),
    ("plan of five fields", good() | {"kind": "PLAN", "define": "0 1 * * ?"}, "define", ("six fields", "found 5")),
    ("plan that never fires", good() | {"kind": "PLAN", "define": "0 0 0 30 2 ?"}, "define", ("fires at least once",)),
    ("plan over before it begins", good() | {"kind": "PLAN", "define": "0 0 0 * * ?", "endAt": "2020-01-01T00:00:00Z"}, "define", ("endAt",)),
    ("timing of the past", good() | {"kind": "TIMING", "define": "20200101000000"}, "define", ("not more than 60 s ago",)),
    ("timing that is no date", good() | {"kind": "TIMING", "define": "20260230000000"}, "define", ("date of the calendar",)),
    ("unknown misfire policy", good() | {"kind": "PLAN", "define": "@daily", "misfire": {"policy": "SOME"}}, "misfire.policy", ("SOME", "ONCE")),
    ("overlap of a REAL task", good() | {"overlap": "SKIP"}, "overlap", ("LADDER or PLAN",)),
    ("start that is no time", good() | {"kind": "PLAN", "define": "@daily", "startAt": "noon"}, "startAt", ("ISO 8601",)),
    ("jitter over a day", good() | {"kind": "PLAN", "define": "@daily", "jitterMs": 86_400_001}, "jitterMs", ("86400000",)),
    ("no kind", without("kind"), "kind", ("REAL",)),
    ("define of a REAL task", good() | {"define": "5"}, "define", ("5", "REAL")),
    ("ladder without a rung", ladder(""), "define", ("0,1,3,5,10",)),
    ("ladder that is no number", ladder("0,x,2"), "define", ("rung 2", '"x"', "whole seconds")),
    ("ladder with an empty rung", ladder("0,,2"), "define", ("rung 2", "whole seconds")),
    ("negative rung", ladder("-1"), "define", ('"-1"', "whole seconds")),
    ("fractional rung", ladder("0.5"), "define", ('"0.5"', "whole seconds")),
    ("1,001 rungs", ladder(",".join(["1"] * 1001)), "define", ("1001 rungs", "at most 1000")),
    ("rung beyond 366 days", ladder(f"0,{LADDER_SECONDS_MAX + 1}"), "define", (str(LADDER_SECONDS_MAX + 1), "366 days")),
    ("rung beyond 64 bits", ladder("99999999999999999999"), "define", ("99999999999999999999", "366 days")),
    ("no app id", without("appId"), "appId", ("1 to 255",)),
    ("app id too long", good() | {"appId": "a" * 256}, "appId", ("aaa", "255", "256")),
    ("app id with a control character", good() | {"appId": "a\u0001b"}, "appId", ("no control characters",)),
    ("no target", without("target"), "target", ("service",)),
    ("empty target", good() | {"target": {}}, "target", ("service",)),
    ("interface with a slash", called(interface="com/example"), "target.service.interface", ("com/example", "letters, digits")),
    ("interface with a blank", called(interface="a b"), "target.service.interface", ("a b", "letters, digits")),
    ("interface with another letter", called(interface="com.exämple"), "target.service.interface", ("exämple", "letters, digits")),
    ("no interface", called(interface=""), "target.service.interface", ("1 to 255",)),
    ("interface too long", called(interface="a" * 256), "target.service.interface", ("255", "256")),
    ("method with a bracket", called(method="pay()"), "target.service.method", ("pay()", "letters, digits")),
    ("no method", called(method=""), "target.service.method", ("1 to 255",)),
    ("generic call $invoke", called(method="$invoke"), "target.service.method", ("$invoke",)),
    ("generic call $echo", called(method="$echo"), "target.service.method", ("$echo",)),
    ("generic call $invokeAsync", called(method="$invokeAsync"), "target.service.method", ("$invokeAsync",)),
    ("params over 1 MiB and 4 KiB", called(params=["x" * PAYLOAD]), "target.service.params", (str(PAYLOAD + 4), str(PAYLOAD))),
    ("params that are no array", called(params={"a": 1}), "target.service.params", ("array",)),
    ("params deeper than 64", called(params=Raw("[" * 65 + "]" * 65)), "", ("64 levels",)),
    ("fewer types than params", called(params=[1, 2], paramTypes=["int"]), "target.service.params", ("2", "expected 1")),
    ("chain of 33", good() | {"next": [service("record", "[]")] * 33}, "next", ("33", "32")),
    ("bad link in the chain", good() | {"next": [service("record", "[]"), service("$echo", "[]")]}, "next[1].service.method", ("$echo",)),
    ("unknown field", good() | {"retires": 3}, "retires", ("retires",)),
    ("unknown field below", called(methd="x"), "target.service.methd", ("methd",)),
    ("retries over 1,000", good() | {"retry": {"fixed": {"maxRetries": 1001, "delayMs": 1}}}, "retry.fixed.maxRetries", ("1001", "1000")),
    ("no delay in the retry ladder", good() | {"retry": {"ladder": {"delaysMs": []}}}, "retry.ladder.delaysMs", ("1 to 1000",)),
    ("factor below 1", exponential(factor=0.5), "retry.exponential.factor", ("0.5", "1")),
    ("jitter above 1", exponential(jitter=1.5), "retry.exponential.jitter", ("1.5", "1")),
    ("retry delay over 31 days", exponential(delayMs=2678400001), "retry.exponential.delayMs", ("2678400001",)),
    ("timeout over 7 days", good() | {"timeoutMs": 604800001}, "timeoutMs", ("604800001", "604800000")),
    ("negative timeout", good() | {"timeoutMs": -1}, "timeoutMs", ("-1",)),
    ("timeout of another type", good() | {"timeoutMs": "soon"}, "timeoutMs", ("soon",)),
    ("priority 10", good() | {"priority": 10}, "priority", ("10", "0 to 9")),
    ("unknown zone", good() | {"zone": "Mars/Olympus"}, "zone", ("Mars/Olympus",)),
    ("request id too long", good() | {"requestId": "r" * 256}, "requestId", ("255", "256")),
    ("33 labels", good() | {"labels": {f"l{n}": "v" for n in range(33)}}, "labels", ("33", "32")),
    ("unknown onLost", good() | {"onLost": "FORGET"}, "onLost", ("FORGET", "RERUN")),
]


class Shared(Case):
    """One server for all cases of a class: none of them may leave anything behind."""

    @classmethod
    def setUpClass(cls):
        cls.own_for_class()
        cls.system = cls.owner.server()
        cls.api = cls.system.api()

    def setUp(self):
        super().setUp()
        self.created_before = self.tasks()

    def tasks(self):
        return self.api.ok("GET", "/v1/counts").get("tasks", 0)

    def assert_nothing_created(self):
        self.assertEqual(self.created_before, self.tasks(), "something was created")


class RefusedSpecs(Shared):
    def test_the_spec_that_the_cases_change_is_good(self):
        self.api.ok("POST", "/v1/tasks", good())

    def test_each_is_refused_by_field_value_and_expectation(self):
        for what, spec, field, words in REFUSED:
            with self.subTest(what):
                status, answer = self.api.post("/v1/tasks", spec)
                self.assertEqual((400, "INVALID_ARGUMENT", field), (status, answer.get("code"), answer.get("field")), answer)
                for word in words:
                    self.assertIn(word, answer["message"])
                self.assertLess(len(answer["message"]), 2 * KIB, "a message quotes the beginning of a long value only")
        self.assert_nothing_created()

    def test_each_is_refused_in_a_batch_and_does_not_hold_up_the_others(self):
        fields = ("define", "next", "target.service.method", "target.service.interface", "priority")
        parsed = [case for case in REFUSED if case[2] in fields]
        specs = [spec for _, spec, _, _ in parsed] + [good()]
        items = self.api.ok("POST", "/v1/tasks:batchCreate", {"specs": specs})["items"]
        self.assertEqual([case[2] for case in parsed], [item["error"]["field"] for item in items[:-1]])
        self.assertIn("created", items[-1])
        self.assertEqual(self.created_before + 1, self.tasks())

    def test_a_batch_of_10001_is_refused(self):
        status, answer = self.api.post("/v1/tasks:batchCreate", {"specs": [good()] * 10_001})
        self.assertIn((status, answer.get("code")), ((400, "INVALID_ARGUMENT"), (429, "EXHAUSTED")), answer)
        self.assertEqual("specs", answer.get("field"), answer)
        self.assertIn("10000", answer["message"])
        self.assert_nothing_created()


class RefusedRequests(Shared):
    def refused(self, statuses, body, headers=None, path="/v1/tasks", method="POST"):
        status, answer = Http(self.system.http).request(method, path, body, headers)
        self.assertIn(status, statuses, answer)
        self.assertIsInstance(answer, dict, "errors are JSON")
        self.assertTrue(answer.get("code") and answer.get("message"), answer)
        self.assert_nothing_created()
        return answer

    def test_bodies_that_are_no_json_object(self):
        for body in ("", "{", "nonsense", "[]", "null", '"text"', '{"kind":"REAL"', b"\xff\xfe\x00", '{"appId":"a"} x', "{'appId': 'a'}"):
            with self.subTest(body):
                self.refused([400], body)

    def test_a_body_deeper_than_64_levels(self):
        self.refused([400], dumps(good() | {"labels": Raw("{\"a\":" * 100 + "1" + "}" * 100)}))

    def test_a_body_over_the_limit(self):
        body = dumps(good() | {"name": "n" * (32 * MIB)})
        try:
            self.refused([413], body)
        except NoAnswer:  # the server may close before the client has sent all of it
            self.assert_nothing_created()

    def test_another_content_type(self):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            with self.subTest(content_type):
                answer = self.refused([400, 403, 415], dumps(good()), {"Content-Type": content_type})
                self.assertIn("application/json", answer["message"])

    def test_a_host_that_is_not_loopback(self):
        for host in ("evil.example", "evil.example:7788", "127.0.0.1.evil.example", "192.0.2.1", "localhost.evil.example:80"):
            with self.subTest(host):
                answer = self.refused([400, 403, 421], dumps(good()), {"Host": host})
                self.assertIn(host.rsplit(":", 1)[0], answer["message"])

    def test_loopback_hosts_are_taken(self):
        port = self.system.http.rsplit(":", 1)[1]
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "localhost"):
            with self.subTest(host):
                status, answer = Http(self.system.http).request("GET", "/v1/counts", headers={"Host": host})
                self.assertEqual(200, status, answer)

    def test_unknown_paths_methods_and_ids(self):
        for method, path, statuses, code in (
                ("GET", "/v1/nothing", [404], "NOT_FOUND"),
                ("DELETE", "/v1/tasks", [404, 405], None),
                ("GET", "/v1/tasks/abc", [400, 404], None),
                ("GET", "/v1/tasks/0000000000000000000", [404], "NOT_FOUND"),
                ("POST", "/v1/tasks/0000000000000000000:cancel", [404], "NOT_FOUND"),
                ("GET", "/v1/tasks/0000000000000000000/ledger", [404], "NOT_FOUND"),
                ("GET", "/v1/tasks?pageSize=1001", [400], "INVALID_ARGUMENT"),
                ("GET", "/v1/tasks?colour=red", [400], "INVALID_ARGUMENT"),
                ("GET", "/v1/tasks?kind=HOURLY", [400], "INVALID_ARGUMENT"),
                ("GET", "/v1/tasks?pageToken=nonsense", [400], "INVALID_ARGUMENT"),
                ("GET", "/../../etc/passwd", [400, 404], None)):
            with self.subTest(path):
                answer = self.refused(statuses, {} if method == "POST" else None, path=path, method=method)
                if code:
                    self.assertEqual(code, answer["code"])


class Garbage(Shared):
    """Bytes that are neither protocol, on both ports: the connection may be closed, the server goes on."""

    SENT = (
        b"\x00" * 64,
        os.urandom(4096),
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\r\n" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
        b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/tasks HTTP/1.1\r\nContent-Length: 99\r\n\r\n{",
        b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * (64 * KIB) + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,  # the beginning of TLS
    )

    def test_on_both_ports_leaves_the_server_well(self):
        for address in (self.system.http, self.system.grpc):
            for sent in self.SENT:
                with self.subTest(address=address, sent=sent[:40]):
                    self.send(address, sent)
                    self.assertEqual(200, Http(self.system.http).get("/healthz")[0])
        self.assertTrue(self.system.running())
        self.assert_nothing_created()

    def test_connections_that_say_nothing_do_not_hold_up_others(self):
        silent = [self.open(address) for address in (self.system.http, self.system.grpc) for _ in range(50)]
        try:
            self.assertEqual(200, Http(self.system.http).get("/healthz")[0])
        finally:
            for connection in silent:
                connection.close()

    @staticmethod
    def open(address):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), 5)

    def send(self, address, sent):
        """Sends in random pieces, ends the sending side and reads to the end; the peer may close at any moment."""
        draw = random.Random(len(sent))
        with self.open(address) as connection:
            connection.settimeout(10)
            try:
                while sent:
                    size = draw.randrange(1, 2000)
                    connection.sendall(sent[:size])
                    sent = sent[size:]
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except (ConnectionResetError, BrokenPipeError, OSError):
                pass


if __name__ == "__main__":
    unittest.main()
