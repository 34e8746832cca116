#!/usr/bin/env python3
"""Java consumers on Dubbo 2.6.12, 2.7.23 and 3.3.6 call our TaskService, which they find in ZooKeeper."""
import hashlib
import os
import unittest

from dubbo_case import (ADDRESS, ECHO, PATIENT, REFUSED, RUN_SECONDS, TASK_SERVICE, DubboServer, JavaCase, call, created, ended, plain,
                        prepare_java)
from harness import wait_for

PACKAGE = "org.cheng.meepo.task."
PARAM, CONTEXT = PACKAGE + "dto.ServiceInvokeParam", PACKAGE + "dto.TaskContext"
TYPE, STATUS = PACKAGE + "constant.TaskType", PACKAGE + "constant.TaskStatus"
UNKNOWN = "0" * 19  # the form of an id that no task has
MIB = 1 << 20
FAR = "20991231235959"
ADMIN_TOKEN = "admin-0123456789abcdef0123456789abcdef"
LINE = {"$object": "demo.api.OrderLine", "fields": {"sku": "s-1"}}
EVERY_KIND_OF_VALUE = ["x", 5, {"$long": "5"}, None, 2.5, True, {"$bytes": "00ff"}, {"$decimal": "0.10"}, {"$date": 1700000000123},
                       {"$enum": "demo.api.Color", "name": "GREEN"}, LINE, ["a", None],
                       {"$map": "java.util.LinkedHashMap", "entries": [["k", 1]]}]
KINDS = (("REAL", ""), ("LADDER", "3600,0,7200"), ("TIMING", FAR), ("PLAN", "0 0 3 29 2 ?"))
# what, service, kind, define, attachments, words of the message
NOT_CREATED = (
    ("no service", None, "REAL", "", {}, ("serviceInvokeParam",)),
    ("no type", call(), None, "", {}, ("taskType", "REAL")),
    ("define of a REAL task", call(), "REAL", "5", {}, ("define", "5")),
    ("ladder that is no number", call(), "LADDER", "0,x", {}, ("define", "rung 2")),
    ("ladder without a define", call(), "LADDER", None, {}, ("define",)),
    ("timing of the past", call(), "TIMING", "20200101000000", {}, ("define", "60 s")),
    ("plan of five fields", call(), "PLAN", "0 1 * * ?", {}, ("define", "six fields")),
    ("no interface", call(interface=None), "REAL", "", {}, ("interface",)),
    ("no method", call(method=None), "REAL", "", {}, ("method",)),
    ("generic call", call(method="$invoke"), "REAL", "", {}, ("method", "$invoke")),
    *((f"interface {name}", call(interface=name), "REAL", "", {}, ("interface", name)) for name in ("a/b", "a..b", "..", "*", "a||b", "a b",
                                                                                                    "a:b", "a%2Fb")),
    ("more types than params", call(types=["int", "int"]), "REAL", "", {}, ("params", "2")),
    ("params over the limit", call(arguments=[{"$repeat": "x", "times": MIB + 8192}]), "REAL", "", {}, ("params", str(MIB + 4096))),
    ("bad service in the chain", call(nextService=call(interface="a/b")), "REAL", "", {}, ("next", "a/b")),
    ("unknown option", call(), "REAL", "", {"meepo.retires": "3"}, ("meepo.retires", "meepo.retry")),
    ("unknown misfire policy", call(), "PLAN", "@daily", {"meepo.misfire": "some"}, ("misfire", "some")),
    ("unknown zone", call(), "REAL", "", {"meepo.zone": "Mars/Olympus"}, ("zone", "Mars/Olympus")),
    ("retry that is none", call(), "REAL", "", {"meepo.retry": "fixed:x"}, ("retry", "fixed:x")),
    ("timeout that is no number", call(), "REAL", "", {"meepo.timeoutMs": "soon"}, ("timeoutMs", "soon")),
    ("timeout over 7 days", call(), "REAL", "", {"meepo.timeoutMs": "604800001"}, ("timeoutMs", "604800001")),
    ("runOnce that is no truth", call(), "REAL", "", {"meepo.runOnce": "maybe"}, ("runOnce", "maybe")),
    ("request id over 255 bytes", call(), "REAL", "", {"meepo.requestId": "r" * 256}, ("requestId", "255")),
    ("app id over 255 bytes", call(), "REAL", "", {"appId": "a" * 256}, ("appId", "255")),
)


def setUpModule():
    prepare_java()


def fields(answer):
    """The fields of the TaskContext that a call answered."""
    return plain(answer["result"])["fields"]


class Calls(JavaCase):
    """Nobody runs the tasks: what is asked is how they are kept."""

    @classmethod
    def set_up_class(cls):
        cls.server = cls.dubbo_server()
        cls.consumers = cls.peers.with_each("consumer", "--registry", cls.registry, *PATIENT)

    def test_every_field_comes_back(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                chain = call("nothing", (), (), nextService=call("boxed", ["java.lang.Integer"], [7], version="2.0", nextService=None))
                service = call("many", ["java.lang.Object"] * len(EVERY_KIND_OF_VALUE), EVERY_KIND_OF_VALUE, version="1.0.0",
                               nextService=chain)
                task = created(consumer, service, "LADDER", "3600,0,7200", **{"meepo.runOnce": "true"})
                found = fields(consumer.ask("get", taskId=task))
                self.assertEqual((task, task, "java", "3600,0,7200", True),
                                 tuple(found[name] for name in ("taskId", "id", "appId", "executeDefine", "runOnce")))
                self.assertEqual({"$enum": TYPE, "name": "LADDER"}, found["taskType"])
                self.assertEqual({"$enum": STATUS, "name": "SCHEDULE"}, found["taskStatus"])
                self.assertEqual((None, None), (found["executeResult"], found["progressId"]), "nothing has run")
                self.assertTrue(found["scheduleServer"])
                self.assert_service(service, found["serviceInvokeParam"])

    def assert_service(self, wanted, found):
        self.assertEqual(PARAM, found["$object"])
        for name in ("interfaceName", "methodName", "version"):
            self.assertEqual(wanted.get(name), found["fields"][name], name)
        texts, values = found["fields"]["paramsType"], found["fields"]["params"]
        # No parameters may come back as null or as empty arrays.
        self.assertEqual(wanted["paramsType"], texts["items"] if texts else [])
        arguments = [{"$list": "java.util.ArrayList", "items": value} if isinstance(value, list) else value for value in wanted["params"]]
        self.assertEqual(plain(arguments), self.without_defaults(values["items"]) if values else [])
        chained = wanted.get("nextService")
        if chained:
            self.assert_service(chained, found["fields"]["nextService"])
        else:
            self.assertIsNone(found["fields"]["nextService"])

    def without_defaults(self, values):
        """OrderLine has fields that the test does not set."""
        return [{**value,
                 "fields": {"sku": value["fields"]["sku"]}} if isinstance(value, dict) and "fields" in value else value for value in values]

    def test_the_four_kinds(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                for kind, define in KINDS:
                    with self.subTest(kind=kind):
                        task = created(consumer, call(), kind, define)
                        found = fields(consumer.ask("get", taskId=task))
                        self.assertEqual((kind, define), (found["taskType"]["name"], found["executeDefine"]))
                        self.assertEqual(STATUS, found["taskStatus"]["$enum"])
                        self.assertEqual(kind, self.server.api().ok("GET", f"/v1/tasks/{task}")["spec"]["kind"])

    def test_options_travel_as_attachments(self):
        options = {"meepo.zone": "Asia/Tokyo", "meepo.misfire": "all:3", "meepo.retry": "fixed:3:1s", "meepo.timeoutMs": "5000",
                   "meepo.name": "nightly",
                   "meepo.priority": "7", "meepo.overlap": "buffer-one", "meepo.onLost": "unknown", "meepo.jitterMs": "250",
                   "meepo.maxCount": "9",
                   "meepo.label.team": "pay", "meepo.group": "blue", "meepo.startAt": "2090-01-01T00:00:00Z",
                   "meepo.endAt": "2099-01-01T00:00:00Z",
                   "meepo.dst": "once"}
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                unique = {"meepo.uniqueKey": f"key-{version}", "meepo.requestId": f"request-{version}"}
                task = created(consumer, call(), "PLAN", "0 0 3 * * *", **options, **unique)
                spec = self.server.api().ok("GET", f"/v1/tasks/{task}")["spec"]
                wanted = {"zone": "Asia/Tokyo", "misfire": {"policy": "ALL", "max": 3},
                          "retry": {"fixed": {"maxRetries": 3, "delayMs": 1000}},
                          "timeoutMs": 5000, "name": "nightly", "priority": 7, "overlap": "BUFFER_ONE", "onLost": "ON_LOST_UNKNOWN",
                          "jitterMs": 250,
                          "maxCount": 9, "labels": {"team": "pay"}, "dst": "ONCE", "uniqueKey": f"key-{version}",
                          "requestId": f"request-{version}"}
                found = {name: spec.get(name) for name in wanted}
                found["misfire"] = {name: value for name, value in found["misfire"].items() if value}
                self.assertEqual(wanted, found)
                self.assertEqual("blue", spec["target"]["service"]["group"])
                self.assertTrue(spec["startAt"].startswith("2090-01-01") and spec["endAt"].startswith("2099-01-01"), spec)

    def test_what_is_wrong_is_refused_by_name(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                for what, service, kind, define, attachments, words in NOT_CREATED:
                    with self.subTest(what):
                        parts = {name: value for name, value in (("service", service), ("type", kind)) if value is not None}
                        answer = consumer.ask("create", define=define, attachments={"appId": "refused", **attachments}, **parts)
                        self.assertEqual(REFUSED, answer.get("exception", {}).get("class"), answer)
                        for word in words:
                            self.assertIn(word, answer["exception"]["message"])
        self.assertEqual(0, self.count("refused"), "something was created")

    def count(self, app):
        return self.server.api().ok("GET", f"/v1/tasks:count?appId={app}")["tasks"]

    def test_ids_that_no_task_has(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                for task in (UNKNOWN, "no-id", "../x", "", "茶"):
                    with self.subTest(task=task):
                        self.assertIsNone(consumer.ask("get", taskId=task).get("result", "no result"))
                        for verb, more in (("cancel", {}), ("getResult", {}), ("saveResult", {"result": 1})):
                            answer = consumer.ask(verb, taskId=task, **more)
                            self.assertEqual(REFUSED, answer.get("exception", {}).get("class"), f"{verb}: {answer}")
                self.assertEqual(REFUSED, consumer.ask("cancel").get("exception", {}).get("class"), "an id that is null")

    def test_cancel_may_be_repeated(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                task = created(consumer, call(), "PLAN", "0 0 3 29 2 ?")
                self.assertEqual([True, True], [consumer.ask("cancel", taskId=task)["result"] for _ in range(2)])
                self.assertEqual("CANCEL", fields(consumer.ask("get", taskId=task))["taskStatus"]["name"])

    def test_list_and_search(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                app, interface = f"list-{version}", f"demo.api.Of{version.replace('.', '_')}"
                services = [call(interface=interface), call("count", interface=interface, version="1"),
                            call("count", interface=interface, version="2")]
                tasks = [created(consumer, service, appId=app) for service in services]
                self.assertEqual(tasks[::-1], self.ids(consumer.ask("list", attachments={"appId": app})), "newest first")
                for pattern, wanted in (({"interfaceName": interface}, tasks),
                                        ({"interfaceName": interface, "methodName": "count"}, tasks[1:]),
                                        ({"interfaceName": interface, "methodName": "count", "version": "2"}, tasks[2:]),
                                        ({"interfaceName": interface + "x"}, [])):
                    with self.subTest(pattern=pattern):
                        # An app id that an earlier call left behind (2.7.23 sends it again) must not hide anything: this one names none.
                        self.assertEqual(wanted[::-1], self.ids(consumer.ask("search", service=pattern)))
                self.assertEqual([], self.ids(consumer.ask("list", attachments={"appId": app + "-other"})))

    def ids(self, answer):
        items = plain(answer["result"])["items"]
        for item in items:
            self.assertEqual(CONTEXT, item["$object"])
        return [item["fields"]["id"] for item in items]

    def test_one_request_id_makes_one_task(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                app = f"once-{version}"
                same = {"appId": app, "meepo.requestId": "order-4711"}
                self.assertEqual(created(consumer, call(), **same), created(consumer, call(), **same))
                answer = consumer.ask("create", service=call("count"), type="REAL", define="", attachments=same)
                self.assertEqual(REFUSED, answer["exception"]["class"], "the same request id with other content")
                self.assertEqual(1, self.count(app))

    def test_64_callers_at_once(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                app = f"many-{version}"
                many = consumer.ask("create", service=call(), type="REAL", define="", callers=64, calls=640, attachments={"appId": app})
                self.assertEqual((0, []), (many["failed"], many["exceptions"]))
                self.assertEqual(640, len(set(many["results"])))
                self.assertEqual(640, self.count(app))
                for task in many["results"][::64]:
                    self.assertEqual(task, fields(consumer.ask("get", taskId=task))["id"])

    def test_a_payload_of_a_mebibyte(self):
        wanted = {"$text": MIB, "sha256": hashlib.sha256(b"x" * MIB).hexdigest()}
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                task = created(consumer, call(arguments=[{"$repeat": "x", "times": MIB}]))
                self.assertEqual([wanted], fields(consumer.ask("get", taskId=task))["serviceInvokeParam"]["fields"]["params"]["items"])

    def test_a_generic_consumer_uses_maps_and_names(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                def invoke(method, types, arguments):
                    return consumer.invoke(method, types, arguments, interface=TASK_SERVICE, attachments={"appId": f"generic-{version}"})

                bean = {"class": PARAM, "interfaceName": ECHO, "methodName": "text", "paramsType": ["java.lang.String"], "params": ["x"],
                        "nextService": {"interfaceName": ECHO, "methodName": "nothing"}}
                types = [PARAM, TYPE, "java.lang.String"]
                task = invoke("create", types, [bean, "LADDER", "3600"])["result"]
                found = dict(plain(invoke("get", ["java.lang.String"], [task])["result"])["entries"])
                self.assertEqual((CONTEXT, task, "LADDER", "SCHEDULE", f"generic-{version}"),
                                 tuple(found[name] for name in ("class", "id", "taskType", "taskStatus", "appId")))
                service = dict(found["serviceInvokeParam"]["entries"])
                self.assertEqual((PARAM, ECHO, ["x"]), (service["class"], service["interfaceName"], service["params"]["items"]))
                self.assertEqual("nothing", dict(service["nextService"]["entries"])["methodName"])
                listed = plain(invoke("list", [], [])["result"])["items"]
                self.assertEqual([task], [dict(item["entries"])["taskId"] for item in listed])
                thrown = invoke("create", types, [{"class": PARAM, "interfaceName": "a/b", "methodName": "x"}, "REAL", ""])["exception"]
                self.assertTrue(thrown["class"].endswith("GenericException"), thrown)
                self.assertIn(REFUSED, thrown["message"])
                self.assertIn("a/b", thrown["message"])
                self.assertTrue(invoke("cancel", ["java.lang.String"], [task])["result"])


class Runs(JavaCase):
    """`meepo dev` runs the tasks at a Java provider that it finds in the registry."""

    @classmethod
    def set_up_class(cls):
        cls.provider = cls.peers.start("2.7.23", "provider", "--registry", cls.registry)
        cls.server = cls.dubbo_server(name="dev", subcommand="dev")
        cls.consumers = cls.peers.with_each("consumer", "--registry", cls.registry, *PATIENT)

    def ended(self, task):
        return ended(self.server.api(), task)

    def test_results_come_back(self):
        person = {"$object": "demo.api.Person", "fields": {"name": "Li", "age": 33, "id": {"$long": "5"}}}
        # what is called, its result as a Java consumer sees it
        cases = ((("primitive", ["int"], [5]), 5), (("primitive", ["long"], [{"$long": "5"}]), {"$long": "5"}),
                 (("text", ["java.lang.String"], ["茶"]), "茶"),
                 (("strings", ["java.lang.String[]"], [{"$array": "java.lang.String", "items": ["a"]}]),
                  {"$array": "java.lang.String", "items": ["a"]}),
                 (("nothing", [], []), None), (("nothingToSay", [], []), None))
        for version, consumer in self.consumers.items():
            for service, wanted in cases:
                with self.subTest(version=version, service=service):
                    task = created(consumer, call(*service))
                    self.assertEqual("DONE", self.ended(task)["status"])
                    self.assertEqual(wanted, plain(consumer.ask("getResult", taskId=task)["result"]))
                    found = fields(consumer.ask("get", taskId=task))
                    self.assertEqual((wanted, "DONE"), (found["executeResult"], found["taskStatus"]["name"]))
            with self.subTest(version=version, service="person"):
                task = created(consumer, call("person", ["demo.api.Person"], [person]))
                self.assertEqual("DONE", self.ended(task)["status"])
                result = plain(consumer.ask("getResult", taskId=task)["result"])
                self.assertEqual("demo.api.Person", result["$object"])
                self.assertEqual(person["fields"], {name: result["fields"][name] for name in person["fields"]})

    def test_results_that_a_client_saves(self):
        values = (5, {"$long": "5"}, "text", {"$decimal": "0.10"}, {"$object": "demo.api.OrderLine", "fields": {"sku": "s-1"}}, None,
                  {"$map": "java.util.HashMap", "entries": [["class", "demo.Own"], ["n", 1]]})
        for version, consumer in self.consumers.items():
            for value in values:
                with self.subTest(version=version, value=value):
                    task = created(consumer, call("nothing", (), ()))
                    self.ended(task)
                    self.assertIs(True, consumer.ask("saveResult", taskId=task, result=value).get("result"))
                    found = plain(consumer.ask("getResult", taskId=task)["result"])
                    if isinstance(value, dict) and "fields" in value:
                        found["fields"] = {name: found["fields"][name] for name in value["fields"]}
                    self.assertEqual(plain(value), found)
            with self.subTest(version=version, value="of a call that has one"):
                task = created(consumer, call())
                self.ended(task)
                self.assertEqual(REFUSED, consumer.ask("saveResult", taskId=task, result=1)["exception"]["class"])
                self.assertEqual("x", consumer.ask("getResult", taskId=task)["result"])
                self.assertIs(False, consumer.ask("cancel", taskId=task)["result"], "it has ended")

    def test_a_chain_runs_one_after_the_other(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                chain = [call("count", arguments=[f"{step}-{version}"]) for step in ("first", "second", "third")]
                chain[1]["nextService"] = chain[2]
                chain[0]["nextService"] = chain[1]
                task = self.ended(created(consumer, chain[0]))
                for step in ("second", "third"):
                    following = task["latest"]["chainedTaskId"]
                    task = self.ended(following)
                    self.assertEqual([f"{step}-{version}"],
                                     fields(consumer.ask("get", taskId=following))["serviceInvokeParam"]["fields"]["params"]["items"])
                self.assertNotIn("chainedTaskId", task["latest"])
                called = [line["args"][0] for line in self.provider.lines if line.get("method") == "count"]
                called = [argument for argument in called if argument.endswith(version)]
                self.assertEqual([f"{step}-{version}" for step in ("first", "second", "third")], called)

    def test_what_runs_is_cancelled(self):
        for version, consumer in self.consumers.items():
            with self.subTest(version=version):
                since = len(self.provider.lines)
                task = created(consumer, call("slow", ["int"], [600_000]))
                self.provider.wait(lambda line: line.get("attachments", {}).get("meepo.firingId") == f"{task}@0", since=since)
                wait_for(lambda: fields(consumer.ask("get", taskId=task))["taskStatus"]["name"] == "RUNNING", RUN_SECONDS, "it runs")
                self.assertTrue(consumer.ask("cancel", taskId=task)["result"])
                self.assertEqual("CANCEL", self.ended(task)["status"])


class Triple(JavaCase):
    """A Dubbo 3.3.6 consumer with the schema's interface calls the gRPC port."""

    def test_create_get_and_cancel(self):
        tokens = os.path.join(self.folder, "tokens")
        with open(os.open(tokens, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{ADMIN_TOKEN} admin java\n")
        server = self.add(DubboServer(self.folder, options=("--token-file", tokens)))
        server.grpc = f"{ADDRESS}:0"
        server.start()
        consumer = self.peers.start("3.3.6", "meepo.peer.TripleConsumer", "--url", f"tri://{server.grpc}", *PATIENT)
        target = {"service": {"interface": ECHO, "method": "text", "paramTypes": ["java.lang.String"], "params": {"json": '["茶"]'}}}
        spec = {"appId": "triple", "kind": "LADDER", "define": "0,3600", "target": target}
        token = {"authorization": f"Bearer {ADMIN_TOKEN}"}

        def answer(verb, request, attachments=token):
            return consumer.ask(verb, request=request, attachments=attachments)

        task = answer("Create", {"spec": spec})["result"]["id"]
        found = answer("Get", {"id": task})["result"]
        self.assertEqual((task, "triple", "0,3600", target),
                         (found["id"], found["spec"]["appId"], found["spec"]["define"], found["spec"]["target"]))
        self.assertIs(True, answer("Cancel", {"id": task})["result"]["cancelled"])
        self.assertIn("kind", answer("Create", {"spec": {**spec, "kind": "KIND_UNSPECIFIED"}})["exception"]["message"])
        self.assertIn("token", str(answer("Get", {"id": task}, {})["exception"]))


if __name__ == "__main__":
    unittest.main()
