#!/usr/bin/env python3
"""Shows that the Java peers of every Dubbo version work with each other, so that a failing test with Meepo is Meepo's.

tests/java/build.sh first; then `unshare --net python3 tests/java/check_peers.py`, as root.
"""
import tempfile
import unittest

import peers

ECHO = "demo.api.EchoService"
PATIENT = ("--timeout", "60000", "--retries", "0")  # Dubbo's default of one second is short for a busy machine
PERSON = {"$object": "demo.api.Person", "fields": {
    "name": "张三😀", "age": 33, "id": {"$long": "5"},
    "home": {"$object": "demo.api.Address", "fields": {"city": "Paris", "zip": 75001}},
    "color": {"$enum": "demo.api.Color", "name": "GREEN"}, "born": {"$date": 946684800123}, "money": {"$decimal": "12.30"},
    "blob": {"$bytes": "010203"}}}
ARRIVED = object()  # a generic result shows such a value in another form on some versions: look at what the provider got
# method, type names, argument, result as the consumer describes it; None: the argument itself
ROUND_TRIPS = (
    ("primitive", ["boolean"], True, None),
    ("primitive", ["int"], -7, None),
    ("primitive", ["long"], {"$long": "5000000000"}, None),
    ("primitive", ["double"], 1.5, None),
    ("boxed", ["java.lang.Integer"], None, None),
    ("boxed", ["java.lang.Long"], {"$long": "7"}, None),
    ("text", ["java.lang.String"], "\ud83d alone, 😀, \x00", None),
    ("bytes", ["byte[]"], {"$bytes": "00ff10"}, None),
    ("ints", ["int[]"], {"$array": "int", "items": [1, 2, 3]}, None),
    ("strings", ["java.lang.String[]"], {"$array": "java.lang.String", "items": ["a", None]}, None),
    ("matrix", ["int[][]"], {"$array": "int[]", "items": [{"$array": "int", "items": [1]}, {"$array": "int", "items": []}]}, ARRIVED),
    ("list", ["java.util.List"], ["a", "b"], {"$list": "java.util.ArrayList", "items": ["a", "b"]}),
    ("set", ["java.util.Set"], {"$list": "java.util.HashSet", "items": ["a"]}, None),
    ("map", ["java.util.Map"], {"$map": "java.util.HashMap", "entries": [["k", 1]]}, None),
    ("decimal", ["java.math.BigDecimal"], {"$decimal": "0.10"}, None),
    ("integer", ["java.math.BigInteger"], {"$bigint": "123456789012345678901234567890"}, None),
    ("date", ["java.util.Date"], {"$date": 1700000000123}, None),
    ("instant", ["java.time.Instant"], {"$parse": "java.time.Instant", "text": "2024-02-29T12:00:00.000000001Z"}, ARRIVED),
    ("localDate", ["java.time.LocalDate"], {"$parse": "java.time.LocalDate", "text": "2024-02-29"}, ARRIVED),
    ("localDateTime", ["java.time.LocalDateTime"], {"$parse": "java.time.LocalDateTime", "text": "2024-02-29T01:02:03"}, ARRIVED),
    ("color", ["demo.api.Color"], "GREEN", "GREEN"),
    ("nothing", [], (), ()),
    ("nothingToSay", [], (), ()),
    ("overloaded", ["int"], 5, "int 5"),
    ("overloaded", ["java.lang.String"], "x", "String x"),
    ("overloaded", ["java.util.List"], ["x"], "List [x]"),
    ("overloaded", ["demo.api.Person"], {"$map": "java.util.HashMap", "entries": [["name", "Li"]]}, "Person Li"),
    ("classOf", ["java.lang.Object"], {"$long": "1"}, "java.lang.Long"),
    ("classOf", ["java.lang.Object"], 1, "java.lang.Integer"),
    ("length", ["java.lang.String"], {"$repeat": "x", "times": 1 << 20}, 1 << 20),
)
GENERIC = "GenericException"


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        peers.inside_namespace()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        cls.zookeeper = cls.enterClassContext(peers.ZooKeeper(folder))

    def start(self, version, program, *arguments, **more):
        peer = peers.Peer(version, program, *arguments, **more)
        self.addCleanup(peer.close)
        return peer

    def test_every_consumer_calls_every_provider(self):
        for provider_version in peers.VERSIONS:
            provider = self.start(provider_version, "provider", "--registry", self.zookeeper.url, "--version", provider_version)
            for consumer_version in peers.VERSIONS:
                with self.subTest(provider=provider_version, consumer=consumer_version):
                    with peers.Peer(consumer_version, "consumer", "--registry", self.zookeeper.url, "--version", provider_version,
                                    *PATIENT) as consumer:
                        self.check_calls(consumer, provider)

    def check_calls(self, consumer, provider):
        for method, types, argument, expected in ROUND_TRIPS:
            with self.subTest(method=method, types=types):
                arguments = [] if argument == () else [argument]
                since = len(provider.lines)
                answer = consumer.invoke(method, types, arguments)
                wanted = argument if expected is None else None if expected == () else expected
                self.assertIn("result", answer)
                if expected is ARRIVED:
                    begin = provider.wait(lambda line: line.get("method") == method, since=since)
                    self.assertEqual(peers.plain(begin["args"]), peers.plain([argument]))
                else:
                    self.assertEqual(peers.plain(answer["result"]), peers.plain(wanted))
        for method, arguments, thrown in (("failChecked", ["bad", 42], "demo.api.GreetException"),
                                          ("failRuntime", ["bad"], "java.lang.IllegalStateException")):
            with self.subTest(method=method):
                answer = consumer.invoke(method, ["java.lang.String", "int"][:len(arguments)], arguments)
                self.assertTrue(answer["exception"]["class"].endswith(GENERIC), answer)
                self.assertIn(thrown, answer["exception"]["message"])
        consumer.invoke("count", ["java.lang.String"], [consumer.version], attachments={"appId": "shop"})
        begin = provider.wait(lambda line: line.get("method") == "count" and line["args"] == [consumer.version])
        self.assertEqual(begin["attachments"].get("appId"), "shop")

    def test_a_bean_arrives_with_its_class(self):
        for version in peers.VERSIONS:
            with self.subTest(version=version):
                provider = self.start(version, "provider")
                consumer = self.start(version, "consumer", "--url", f"dubbo://127.0.0.1:{provider.ready['port']}/{ECHO}", *PATIENT)
                for call in (consumer.invoke, consumer.direct):
                    since = len(provider.lines)
                    self.assertIn("result", call("person", ["demo.api.Person"], [PERSON]))
                    arrived = provider.wait(lambda line: line.get("method") == "person", since=since)["args"][0]
                    fields = peers.plain(arrived)["fields"]
                    self.assertEqual({name: fields[name] for name in PERSON["fields"]}, PERSON["fields"])
                thrown = consumer.direct("failChecked", ["java.lang.String", "int"], ["bad", 42])["exception"]
                self.assertEqual((thrown["class"], thrown["message"]), ("demo.api.GreetException", "bad"))

    def test_a_call_that_is_too_slow_times_out(self):
        for version in peers.VERSIONS:
            with self.subTest(version=version):
                provider = self.start(version, "provider", "--quiet")
                url = f"dubbo://127.0.0.1:{provider.ready['port']}/{ECHO}"
                consumer = self.start(version, "consumer", "--url", url, "--timeout", "200", "--retries", "0")
                thrown = consumer.invoke("slow", ["int"], [3000])["exception"]
                self.assertIn("imeout", thrown["message"])

    def test_a_typed_consumer_uses_a_task_service_of_another_version(self):
        for provider_version, consumer_version in zip(peers.VERSIONS, peers.VERSIONS[1:] + peers.VERSIONS[:1]):
            with self.subTest(provider=provider_version, consumer=consumer_version):
                provider = self.start(provider_version, "provider", "--task-service")
                url = f"dubbo://127.0.0.1:{provider.ready['port']}/org.cheng.meepo.task.service.TaskService"
                consumer = self.start(consumer_version, "consumer", "--url", url, *PATIENT)
                service = {"interfaceName": ECHO, "methodName": "primitive", "paramsType": ["int"], "params": [5],
                           "nextService": {"interfaceName": ECHO, "methodName": "nothing", "paramsType": [], "params": []}}
                created = consumer.ask("create", service=service, type="LADDER", define="0,1", attachments={"appId": "shop"})
                task = consumer.ask("get", taskId=created["result"])["result"]["fields"]
                self.assertEqual(task["appId"], "shop")
                self.assertEqual(task["taskType"]["name"], "LADDER")
                self.assertEqual(task["serviceInvokeParam"]["fields"]["params"]["items"], [5])
                self.assertEqual(consumer.ask("saveResult", taskId=created["result"], result={"$long": "9"})["result"], True)
                self.assertEqual(consumer.ask("getResult", taskId=created["result"])["result"], {"$long": "9"})
                self.assertEqual(len(consumer.ask("search", service=service)["result"]["items"]), 1)
                self.assertEqual(consumer.ask("cancel", taskId=created["result"])["result"], True)
                refused = consumer.ask("create", type="REAL", define="")["exception"]
                self.assertEqual(refused["class"], "org.cheng.meepo.task.exception.TaskServiceException")
                many = consumer.ask("create", service=service, type="REAL", define="", callers=64, calls=640)
                self.assertEqual((many["failed"], len(set(many["results"]))), (0, 640))

    def test_the_class_check_of_3_3_6_refuses_unlisted_beans(self):
        line = {"$object": "demo.api.OrderLine", "fields": {"sku": "s-1"}}
        service = {"interfaceName": ECHO, "methodName": "any", "paramsType": ["java.lang.Object"], "params": [line]}
        for java, refused in (((), True), (("-Ddubbo.security.serialize.allowedClassList=demo.api.",), False)):
            with self.subTest(java=java):
                provider = self.start("3.3.6", "provider", "--task-service", java=java)
                url = f"dubbo://127.0.0.1:{provider.ready['port']}/org.cheng.meepo.task.service.TaskService"
                consumer = self.start("3.3.6", "consumer", "--url", url, *PATIENT, java=java)
                answer = consumer.ask("create", service=service, type="REAL", define="")
                self.assertEqual("is not in allow list" in str(answer.get("exception")), refused, answer)

    def test_a_provider_that_is_stopped_leaves_the_registry_first(self):
        for version in peers.VERSIONS:
            with self.subTest(version=version):
                registered = ("--registry", self.zookeeper.url, "--group", f"stop-{version}")
                first = peers.Peer(version, "provider", *registered)
                consumer = self.start(version, "consumer", *registered, *PATIENT)
                self.assertIn("result", consumer.invoke("primitive", ["int"], [1]))
                first.close()
                self.assertIn("exception", consumer.invoke("primitive", ["int"], [1]))
                self.start(version, "provider", *registered)
                peers.wait_for(lambda: "result" in consumer.invoke("primitive", ["int"], [1]), 30, "the consumer finds the new provider")


if __name__ == "__main__":
    unittest.main()
