#!/usr/bin/env python3
"""What arrives at the Dubbo port and is no good call: an error or a closed connection, bounded memory, nothing created, others unharmed."""
import json
import os
import random
import subprocess
import sys
import unittest

from dubbo_case import LONG, REFUSED, DubboServer, enter_namespace
from dubbo_wire import (BAD_REQUEST, CREATE, EVENT, HEARTBEAT, INVOKE, OK, PARAM, PAYLOAD_MAX, SERVICE_ERROR, STRING, TWO_WAY,
                        TYPE, Client, create, frame, request, service)
from harness import HERE, ROOT, Case, Http, wait_for
from hessian_wire import Bean, Raw, Typed, number

HOSTILE = os.path.join(ROOT, "src", "protocol", "hessian2", "vectors", "hostile.jsonl")
MIB = 1 << 20
MEMORY_GROWTH = 128 * MIB  # of the server in one of these tests; a sanitized build gives freed memory back late
UNREAD, UNREAD_MEMORY_GROWTH = 150, 1536 * MIB  # 256 MiB of waiting answers, what is being made of them, and the sanitizer's own
CONNECTION_BYTES_MAX = 16 << 10  # of memory, beside CROWD_MEMORY_GROWTH
CROWD_MEMORY_GROWTH = 64 * MIB
CONNECTIONS = 10_000 if LONG else 1_000
OTHERS = 20  # descriptors of other kinds that come and go meanwhile
IDLE_SECONDS_MAX = 240  # three of Dubbo's heartbeats, and some more
ONE_WAY = 0x82
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(200)
HUGE = b"I\x7f\xff\xff\xff"
NEGATIVE = b"I\xff\xff\xff\xff"
MAP_OF_MAP = b"H\x01k"
# what, octets in place of an argument
VALUES = (
    ("10,000 lists in one another", b"\x79" * 10_000 + b"N"),
    ("10,000 maps in one another", MAP_OF_MAP * 10_000 + b"N" + b"Z" * 10_000),
    ("10,000 typed lists in one another", b"\x71\x01t" + b"\x71\x90" * 9_999 + b"N"),
    ("10,000 maps as keys", b"H" * 10_000 + b"Z" * 10_000),
    ("a list of 2^31-1", b"X" + HUGE), ("a typed list of 2^31-1", b"V\x04[int" + HUGE), ("a list of -1", b"X" + NEGATIVE),
    ("a typed list of 2^31-1 ints", b"V\x04[int" + HUGE + b"\x90" * 1000), ("a class of 2^31-1 fields", b"C\x01c" + HUGE),
    ("a class of -1 fields", b"C\x01c" + NEGATIVE), ("a map without an end", b"H\x01k\x01v"),
    ("a text of 65,535 that is not there", b"S\xff\xff"),
    ("a chunk of a text without an end", b"R\xff\xff" + b"x" * 65_535), ("bytes of 65,535 that are not there", b"B\xff\xff"),
    ("chunks of bytes without an end", b"A\x00\x01x" * 100), ("a reference to 7", b"\x51\x97"), ("a reference to 2^31-1", b"\x51" + HUGE),
    ("a reference to -1", b"\x51" + NEGATIVE), ("a reference that is a text", b"\x51\x01x"), ("an object of class 77", b"O" + number(77)),
    ("an object of class -1", b"O" + NEGATIVE), ("a list of type 77", b"V" + number(77) + b"\x90"), ("a type that is null", b"VN\x90"),
    ("100,000 classes", b"".join(b"C\x06c%05d\x90" % n for n in range(100_000)) + b"N"),
    ("a reserved octet", b"\x40"), ("an end that has no begin", b"Z"), ("text that is no UTF-8", b"\x02\xff\xfe"),
    ("overlong UTF-8", b"\x01\xc0\xaf"),
)
# what, flags of the request, its body, words of the answer's text
UNKNOWN = (
    ("service", request("create", CREATE, [], path="no.such.Service"), ("no.such.Service",)),
    ("empty service", request("create", CREATE, [], path=""), ("TaskService",)),
    ("method", request("destroy", "", []), ("destroy", "create")),
    ("descriptor", request("get", "I", [5]), ("get", "I")),
    ("descriptor with dots", request("get", "Ljava.lang.String;", ["x"]), ("Ljava.lang.String;",)),
    ("descriptor without an end", request("get", "Ljava/lang/String", ["x"]), ("Ljava/lang/String",)),
    ("descriptor of 100,000 parameters", request("get", "I" * 100_000, []), ()),
    ("version", request("list", "", [], version="9.9.9"), ("9.9.9",)),
    ("too few arguments", request("get", STRING, []), ()),
    ("no attachments", request("list", "", [], Raw(b"")), ()),
    ("attachments that are a list", request("list", "", [], Raw(b"\x78")), ()),
    ("a version that is a number", b"\x92" + request("list", "", [])[6:], ()),
    ("no body", b"", ()),
)
NAMES = ("a/b", "..", ".", "a..b", "*", "a||b", "a b", "a\nb", "a\0b", "\ud83d", "a" * 256, "", "../../dubbo", "a%2Fb", "a;b", "-", "$")


def setUpModule():
    enter_namespace()


def generic(method, mode, name="$invoke"):
    arguments = [method, Typed("[string", ["java.lang.String"]), Typed("[object", ["0" * 19])]
    return request(name, INVOKE, arguments, {"generic": mode})


def bomb(depth):
    """A list of two lists that are one, which holds two lists that are one, …: small here, 2^depth lists when written out."""
    # Before it: the bean, paramsType, params. The n-th list inside refers to the one that it has just ended.
    return b"\x7a" * depth + b"\x78" + b"".join(b"\x51" + number(3 + n) for n in range(depth, 0, -1))


class Shared(Case):
    """One server for the tests of a class, which everybody on loopback may call."""

    @classmethod
    def setUpClass(cls):
        cls.own_for_class()
        cls.server = cls.owner.add(DubboServer(cls.owner.folder, dubbo="127.0.0.1:0")).start()

    def setUp(self):
        super().setUp()
        self.before, self.memory = self.tasks(), memory(self.server)

    def tasks(self):
        return self.server.api().ok("GET", "/v1/counts").get("tasks", 0)  # a connection of its own: an idle one is closed after a while

    def client(self):
        client = Client(self.server.dubbo)
        self.addCleanup(client.close)
        return client

    def assert_unharmed(self, new=0):
        """Nothing more than `new` tasks was created, memory is bounded, and a good call does what it should."""
        self.assertEqual(self.before + new, self.tasks())
        self.assertLess(memory(self.server) - self.memory, MEMORY_GROWTH)
        with Client(self.server.dubbo) as other:
            answer = other.call(create())
            self.assertEqual((OK, str), (answer.status, type(answer.value)), answer)

    def assert_refused(self, answer, *words):
        """A TaskServiceException, or status 40."""
        self.assertIsNotNone(answer, "the connection was closed")
        if answer.status == OK:
            self.assertIsNotNone(answer.thrown, answer)
            self.assertEqual(REFUSED, answer.thrown.name)
        else:
            self.assertEqual(BAD_REQUEST, answer.status, answer)
        self.assertTrue(answer.message, answer)
        for word in words:
            self.assertIn(word, answer.message)


class Frames(Shared):
    def test_what_is_not_dubbo_is_closed(self):
        noise = random.Random(7).randbytes(100_000)
        for octets in (b"ls\r\n", b"status -l\r\ninvoke x()\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                       TLS_HELLO, b"\0" * 64,
                       b"\xda\xbc" + b"\0" * 14, b"\xbb\xda" + b"\0" * 14, b"\n" * 100, b"x" * MIB, noise, b"\xda" + noise):
            with self.subTest(octets[:20]):
                client = self.client()
                client.send(octets)
                self.assertIsNone(client.read())
        client = self.client()
        self.assertEqual(OK, client.call(create()).status)
        client.send(b"quit\r\n")
        self.assertIsNone(client.read(), "noise after a good call")
        self.assert_unharmed(new=1)

    def test_wrong_lengths(self):
        for length in (-1, -(1 << 31)):
            with self.subTest(length):
                client = self.client()
                self.assert_refused(client.call(b"", length=length))
                self.assertIsNone(client.read(), "where the next frame begins is not known")
        client = self.client()
        self.assert_refused(client.call(b"", length=PAYLOAD_MAX + 1), str(PAYLOAD_MAX))
        for _ in range(8):
            client.send(b"\xda" * MIB)
        client.send(b"\xda")
        self.assertEqual(OK, client.call(create()).status, "the body is passed over")
        self.assert_refused(self.client().call(b"", length=(1 << 31) - 1), str(PAYLOAD_MAX))
        self.assert_unharmed(new=1)

    def test_a_body_at_the_limit_is_read(self):
        head = len(create(service(params=Typed("[object", [b"x" * 7 * MIB]))))
        payload = bytes(7 * MIB + PAYLOAD_MAX - head - 100)
        body = create(service(params=Typed("[object", [payload])))
        self.assertTrue(PAYLOAD_MAX - 200 < len(body) <= PAYLOAD_MAX, len(body))
        self.assert_refused(self.client().call(body), "params")
        self.assert_unharmed()

    def test_a_create_that_ends_too_early(self):
        whole = frame(create())
        for size in range(len(whole)):
            with Client(self.server.dubbo) as client:
                client.send(whole[:size])
                client.end()
                self.assertIsNone(client.read(), f"{size} octets of {len(whole)}")
        self.assert_unharmed()

    def test_a_body_cut_at_every_octet(self):
        client, body = self.client(), create()
        for size in range(len(body)):
            self.assert_refused(client.call(body[:size]))
        self.assertEqual(OK, client.call(body).status)
        self.assert_unharmed(new=1)

    def test_an_octet_changed_anywhere(self):
        draw, body, created = random.Random(7), create(), 0
        client = self.client()
        for place in range(len(body)):
            changed = bytearray(body)
            changed[place] ^= draw.randrange(1, 256)
            answer = client.call(bytes(changed))
            self.assertIsNotNone(answer, f"closed after octet {place} was changed")
            self.assertTrue(answer.message or answer.status == OK, answer)
            created += answer.status == OK and answer.thrown is None and isinstance(answer.value, str)
        self.assert_unharmed(new=created)

    def test_other_serializations(self):
        client = self.client()
        for serialization in (*range(2), *range(3, 32)):
            with self.subTest(serialization):
                answer = client.call(create(), flags=TWO_WAY & ~0x1F | serialization)
                self.assertEqual(BAD_REQUEST, answer.status)
                self.assertIn(str(serialization), answer.text)
                self.assertIn("hessian2", answer.text)
        self.assertEqual(OK, client.call(create()).status)
        self.assert_unharmed(new=1)

    def test_what_is_not_served(self):
        client = self.client()
        for what, body, words in UNKNOWN:
            with self.subTest(what):
                answer = client.call(body)
                self.assertEqual(BAD_REQUEST, answer.status, answer)
                self.assertTrue(answer.text)
                for word in words:
                    self.assertIn(word, answer.text)
        answer = client.call(request("list", "", [], {"group": "blue"}))
        self.assertEqual((SERVICE_ERROR, True), (answer.status, "blue" in answer.text), answer)
        self.assert_unharmed()

    def test_generic_calls_of_other_modes(self):
        client = self.client()
        for mode in ("nativejava", "bean", "raw.return", "gson", "protobuf-json", "TRUE", "x"):
            for name in ("$invoke", "$invokeAsync"):
                with self.subTest(mode=mode, name=name):
                    answer = client.call(generic("get", mode, name))
                    self.assertEqual(SERVICE_ERROR, answer.status, answer)
                    self.assertIn(mode, answer.text)
        self.assertEqual((OK, None), (client.call(generic("get", "true")).status, client.call(generic("get", "true")).thrown))
        answer = client.call(generic("$invoke", "true"))
        self.assertEqual(SERVICE_ERROR, answer.status, answer)
        self.assert_unharmed()

    def test_events_and_calls_without_an_answer(self):
        client = self.client()
        client.send(frame(create(), flags=ONE_WAY, number=77))
        client.send(frame(b"N", flags=HEARTBEAT, number=5))
        wait_for(lambda: self.tasks() == self.before + 1, 30, "the create without an answer")
        answer = client.read()
        self.assertEqual((OK, 5, b"N"), (answer.status, answer.number, answer.body), "only the heartbeat is answered")
        self.assertTrue(answer.flags & EVENT)
        self.assertEqual("x", client.call(request("$echo", "Ljava/lang/Object;", ["x"])).value)
        client.send(frame(b"\x01R", flags=TWO_WAY & ~0x40 | EVENT))  # a consumer that says it is read-only is none of our business
        client.send(frame(b"N", flags=0x02, status=OK, number=9))    # an answer that nobody asked for
        self.assertEqual(OK, client.call(create()).status)
        self.assert_unharmed(new=2)


class Values(Shared):
    def test_values_that_no_encoder_writes(self):
        for what, octets in VALUES:
            with self.subTest(what):
                client = self.client()
                self.assert_refused(client.call(create(service(params=Typed("[object", [Raw(octets)])))))
                self.assert_refused(client.call(request("saveResult", STRING + "Ljava/lang/Object;", ["0" * 19, Raw(octets)])))
                self.assert_refused(client.call(request("list", "", [], {"appId": Raw(octets)})))
                self.assertEqual(BAD_REQUEST, client.call(Raw(octets)).status, "in place of the version")
        self.assert_unharmed()

    def test_the_hostile_vectors(self):
        with open(HOSTILE, encoding="utf-8") as file:
            vectors = [json.loads(line) for line in file]
        created = 0
        for vector in vectors:
            octets = b"".join(bytes.fromhex(part.split("*")[0]) * int((part.split("*") + ["1"])[1]) for part in vector["hex"].split())
            with self.subTest(vector["name"]):
                answer = self.client().call(create(service(params=Typed("[object", [Raw(octets)]))))
                self.assertIsNotNone(answer)
                created += answer.status == OK and answer.thrown is None
        self.assert_unharmed(new=created)

    def test_a_small_value_that_is_large_when_written_out(self):
        client = self.client()
        answer = client.call(create(service(params=Typed("[object", [Raw(bomb(60))]))))
        self.assertEqual((OK, str), (answer.status, type(answer.value)), answer)
        shown = client.call(request("get", STRING, [answer.value]))
        self.assertEqual(OK, shown.status)
        self.assertLess(len(shown.body), 10_000)
        text = json.dumps(Http(self.server.http).ok("GET", f"/v1/tasks/{answer.value}"))
        self.assertLess(len(text), MIB)
        self.assert_unharmed(new=1)

    def test_half_a_surrogate_pair(self):
        client = self.client()
        half = "\ud83d and \ude00"
        answer = client.call(create(service(params=Typed("[object", [half]))))
        self.assertEqual(str, type(answer.value), answer)
        shown = client.call(request("get", STRING, [answer.value])).value
        self.assertEqual([half], shown.fields["serviceInvokeParam"].fields["params"])
        self.assertEqual(answer.value, Http(self.server.http).ok("GET", f"/v1/tasks/{answer.value}")["id"], "also as JSON")
        self.assert_refused(client.call(create(service(methodName=half))), "method")
        self.assert_refused(client.call(request("cancel", STRING, [half])))
        for attachments in ({"appId": half}, {"meepo.requestId": half}, {"meepo.name": half}, {"meepo." + half: "x"}):
            with self.subTest(attachments):
                self.assertIn(client.call(create(**attachments)).status, (OK, BAD_REQUEST))
        json.dumps(Http(self.server.http).ok("GET", "/v1/tasks"))

    def test_names_that_are_none(self):
        client = self.client()
        for name in NAMES:
            with self.subTest(name):
                if name != "$":  # Java allows it as a name
                    self.assert_refused(client.call(create(service(interfaceName=name))), "interface")
                    self.assert_refused(client.call(create(service(methodName=name))), "method")
                    self.assert_refused(client.call(create(service(nextService=service(interfaceName=name)))), "next")
                if name:
                    self.assert_refused(client.call(create(service(version="1/" + name))), "version")
                    self.assert_refused(client.call(create(**{"meepo.group": "g/" + name})), "group")
        self.assert_unharmed()

    def test_arguments_of_other_kinds(self):
        client, good = self.client(), service()
        real = Bean(TYPE, name="REAL")
        for what, arguments in (("service is null", [None, real, ""]), ("service is a text", ["x", real, ""]),
                                ("service is a list", [[1], real, ""]),
                                ("type is null", [good, None, ""]), ("type is a number", [good, 5, ""]),
                                ("type is another", [good, Bean(TYPE, name="HOURLY"), ""]),
                                ("type without a name", [good, Bean(TYPE), ""]), ("define is a number", [good, real, 5]),
                                ("define is a list", [good, real, ["0"]]),
                                ("interface is a list", [service(interfaceName=["x"]), real, ""]),
                                ("interface is bytes", [service(interfaceName=b"x"), real, ""]),
                                ("types are a text", [service(paramsType="int"), real, ""]),
                                ("types are numbers", [service(paramsType=[1]), real, ""]),
                                ("types hold null", [service(paramsType=[None]), real, ""]),
                                ("params are a text", [service(params="x"), real, ""]),
                                ("params are a map", [service(params={"a": 1}), real, ""]),
                                ("more params than types", [service(params=["x", "y"]), real, ""]),
                                ("a chain of a text", [service(nextService="x"), real, ""])):
            with self.subTest(what):
                self.assert_refused(client.call(request("create", CREATE, arguments, {"appId": "kinds"})))
        for attachments in ({"meepo.retry": ["x"]}, {"meepo.timeoutMs": 1.5}, {"meepo.name": {"a": 1}}, {"meepo.label.": ["x"]},
                            {"meepo.": "x"}, {"meepo.requestId": b"x"}):
            with self.subTest(attachments):
                self.assert_refused(client.call(create(**attachments)), next(iter(attachments)))
        chain = good
        for _ in range(40):
            chain = service(nextService=chain)
        self.assert_refused(client.call(create(chain)), "next", "32")
        cyclic = Bean(PARAM, interfaceName="a.B", methodName="c", version=None, paramsType=None, params=None, nextService=Raw(b"\x51\x90"))
        self.assert_refused(client.call(create(cyclic)), "next")
        self.assert_unharmed()

    def test_consumers_that_do_not_read(self):
        task = self.client().call(create(service(params=Typed("[object", [b"x" * MIB])))).value
        deaf = [self.client() for _ in range(3)]
        for client in deaf:
            client.send(frame(request("get", STRING, [task])) * UNREAD)  # as many MiB of answers each
        for _ in range(20):
            self.assertEqual(OK, self.client().call(create()).status)
        self.assertLess(memory(self.server) - self.memory, UNREAD_MEMORY_GROWTH)
        answers = 0
        while answers < UNREAD and (answer := deaf[0].read()) is not None:
            self.assertEqual((OK, MIB), (answer.status, len(answer.value.fields["serviceInvokeParam"].fields["params"][0])))
            answers += 1
        self.assertGreater(answers, 0)
        self.assertEqual(self.before + 21, self.tasks())


class Crowds(Shared):
    """Connections in a process of their own."""

    def test_idle_connections(self):
        self.crowd("idle")

    def test_connections_that_send_an_octet_a_second(self):
        self.crowd("slow")

    def crowd(self, kind):
        descriptors = self.descriptors()
        command = [sys.executable, os.path.join(HERE, "dubbo_wire.py"), self.server.dubbo, str(CONNECTIONS), kind]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
            self.addCleanup(crowd.kill)
            self.assertEqual({"open": CONNECTIONS, "closed": 0, "refused": 0}, json.loads(crowd.stdout.readline()))
            wait_for(lambda: self.descriptors() - descriptors > CONNECTIONS - OTHERS, 60, "the server has them")
            for _ in range(50):
                with Client(self.server.dubbo) as other:
                    answer = other.call(create())
                self.assertEqual((OK, str), (answer.status, type(answer.value)), answer)
            self.assertLess(memory(self.server) - self.memory, CROWD_MEMORY_GROWTH + CONNECTIONS * CONNECTION_BYTES_MAX)
            if LONG:
                wait_for(lambda: self.said(crowd)["open"] == 0, IDLE_SECONDS_MAX, "the server gives them up", every=1)
            crowd.stdin.close()
        wait_for(lambda: self.descriptors() - descriptors < OTHERS, 60, "the server lets go of them")
        self.assertEqual(self.before + 50, self.tasks())

    def said(self, crowd):
        crowd.stdin.write("\n")
        crowd.stdin.flush()
        return json.loads(crowd.stdout.readline())

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.pid}/fd"))


def memory(server):
    """The most that the process has had, in octets."""
    with open(f"/proc/{server.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))


if __name__ == "__main__":
    unittest.main()
