#!/usr/bin/env python3
"""Tasks call Java providers on Dubbo 2.6.12, 2.7.23 and 3.3.6: what was created arrives there, and what they answer or throw comes back."""
import json
import os
import re
import time
import unittest

from dubbo_case import ADDRESS, ECHO, PATIENT, RUN_SECONDS, VERSIONS, JavaCase, call, created, ended, plain, prepare_java
from harness import ROOT, Raw, wait_for

ENCODED = os.path.join(ROOT, "src", "protocol", "hessian2", "vectors", "encoded.jsonl")
VECTORS_MIN = 330  # of 359: a Java version does not know every class of the others
STRING, OBJECT, LIST, MAP = "java.lang.String", "java.lang.Object", "java.util.List", "java.util.Map"
ADDRESS_BEAN = {"$object": "demo.api.Address", "fields": {"city": "Paris", "zip": 75001}}
PERSON = {"$object": "demo.api.Person", "fields": {
    "name": "张三😀", "age": 33, "id": {"$long": "5"}, "active": True, "score": 2.5, "home": ADDRESS_BEAN, "tags": ["a", "b"],
    "places": {"work": ADDRESS_BEAN}, "color": {"$enum": "demo.api.Color", "name": "GREEN"}, "born": {"$date": 946684800123},
    "money": {"$decimal": "12.30"}, "blob": {"$bytes": "010203"}}}
EMPLOYEE = {"$object": "demo.api.Employee", "$id": 1, "fields": {"city": "Paris", "zip": 1, "title": "boss", "boss": {"$ref": 1}}}
ORDER = {"$object": "demo.api.Order",
         "fields": {"id": "o-1", "customer": {"$long": "7"}, "state": {"$enum": "demo.api.Order$State", "name": "NEW"},
                                                "lines": [{"$object": "demo.api.OrderLine", "fields": {"sku": "s-1"}}],
                                                "labels": {"k": "v"}}}
TWICE = {"$array": OBJECT, "items": [{**PERSON, "$id": 1}, {"$ref": 1}, {"$ref": 1}]}
CYCLE = {"$object": "demo.api.Box", "$id": 1, "fields": {"value": {"$ref": 1}, "count": 3}}
CYCLIC_MAP = {"$map": "java.util.HashMap", "$id": 1, "entries": [["self", {"$ref": 1}], ["n", 1]]}
CYCLIC_ARRAY = {"$array": OBJECT, "$id": 1, "items": ["a", {"$ref": 1}]}
# method, type names, arguments
CALLS = (
    ("primitive", ["boolean"], [True]), ("primitive", ["byte"], [{"$byte": "-5"}]), ("primitive", ["short"], [{"$short": "300"}]),
    ("primitive", ["char"], [{"$char": "茶"}]), ("primitive", ["int"], [-2147483648]), ("primitive", ["long"], [{"$long": "5000000000"}]),
    ("primitive", ["float"], [{"$float": "1.1"}]), ("primitive", ["double"], [1.5]), ("primitive", ["double"], [{"$double": "NaN"}]),
    ("boxed", ["java.lang.Boolean"], [None]), ("boxed", ["java.lang.Byte"], [{"$byte": "1"}]),
    ("boxed", ["java.lang.Short"], [{"$short": "1"}]),
    ("boxed", ["java.lang.Character"], [{"$char": "x"}]), ("boxed", ["java.lang.Integer"], [7]),
    ("boxed", ["java.lang.Long"], [{"$long": "7"}]),
    ("boxed", ["java.lang.Float"], [{"$float": "0.5"}]), ("boxed", ["java.lang.Double"], [0.001]), ("boxed", ["java.lang.Integer"], [None]),
    ("text", [STRING], ["\ud83d alone, 😀, \x00"]), ("text", [STRING], [""]), ("text", [STRING], [None]),
    ("bytes", ["byte[]"], [{"$bytes": "00ff10"}]),
    ("ints", ["int[]"], [{"$array": "int", "items": [1, 2, 3]}]), ("longs", ["long[]"], [{"$array": "long", "items": [{"$long": "1"}]}]),
    ("doubles", ["double[]"], [{"$array": "double", "items": [0.5, 3.0]}]),
    ("booleans", ["boolean[]"], [{"$array": "boolean", "items": [True]}]),
    ("strings", ["java.lang.String[]"], [{"$array": STRING, "items": ["a", None]}]),
    ("matrix", ["int[][]"], [{"$array": "int[]", "items": [{"$array": "int", "items": [1]}, {"$array": "int", "items": []}]}]),
    ("persons", ["demo.api.Person[]"], [{"$array": "demo.api.Person", "items": [PERSON, None]}]),
    ("list", [LIST], [["a", "b"]]), ("list", [LIST], [[]]), ("people", [LIST], [[PERSON]]), ("map", [MAP], [{"k": 1, "l": {"$long": "1"}}]),
    ("peopleById", [MAP], [{"$map": "java.util.HashMap", "entries": [[{"$long": "5"}, PERSON]]}]),
    ("set", ["java.util.Set"], [{"$list": "java.util.HashSet", "items": ["a"]}]),
    ("person", ["demo.api.Person"], [PERSON]), ("employee", ["demo.api.Employee"], [EMPLOYEE]), ("order", ["demo.api.Order"], [ORDER]),
    ("box", ["demo.api.Box"], [{"$object": "demo.api.Box", "fields": {"value": PERSON, "count": 1}}]),
    ("color", ["demo.api.Color"], [{"$enum": "demo.api.Color", "name": "GREEN"}]),
    ("decimal", ["java.math.BigDecimal"], [{"$decimal": "0.10"}]),
    ("integer", ["java.math.BigInteger"], [{"$bigint": "123456789012345678901234567890"}]),
    ("date", ["java.util.Date"], [{"$date": 1700000000123}]),
    ("instant", ["java.time.Instant"], [{"$parse": "java.time.Instant", "text": "2024-02-29T12:00:00.000000001Z"}]),
    ("localDate", ["java.time.LocalDate"], [{"$parse": "java.time.LocalDate", "text": "2024-02-29"}]),
    ("localTime", ["java.time.LocalTime"], [{"$parse": "java.time.LocalTime", "text": "01:02:03"}]),
    ("localDateTime", ["java.time.LocalDateTime"], [{"$parse": "java.time.LocalDateTime", "text": "2024-02-29T01:02:03"}]),
    ("zonedDateTime", ["java.time.ZonedDateTime"],
     [{"$parse": "java.time.ZonedDateTime", "text": "2024-02-29T01:02:03+01:00[Europe/Paris]"}]),
    ("any", [OBJECT], [PERSON]), ("any", [OBJECT], [{"$decimal": "1.50"}]), ("many", ["java.lang.Object[]"], [TWICE]),
    ("same", [OBJECT], [CYCLE]), ("any", [OBJECT], [CYCLIC_MAP]), ("many", ["java.lang.Object[]"], [CYCLIC_ARRAY]),
    ("nothing", [], []), ("nothingToSay", [], []), ("classOf", [OBJECT], [{"$long": "1"}]), ("classOf", [OBJECT], [1]),
    ("overloaded", [STRING], ["x"]), ("overloaded", ["int"], [5]), ("overloaded", ["java.lang.Integer", "java.lang.Integer"], [5, 6]),
    ("overloaded", [LIST], [["x"]]), ("overloaded", ["demo.api.Person"], [PERSON]),
    ("length", [STRING], [{"$repeat": "x", "times": 1 << 20}]),
)
# method, declared types, params as JSON, what arrives; of a bean: these of its fields
FROM_JSON = (
    ("primitive", ["long"], "[9007199254740993]", {"$long": "9007199254740993"}), ("primitive", ["byte"], "[7]", {"$byte": 7}),
    ("primitive", ["char"], '["x"]', {"$char": "x"}), ("primitive", ["float"], "[0.5]", {"$float": "0.5"}),
    ("boxed", ["java.lang.Long"], "[null]", None),
    ("text", [STRING], '["茶😀"]', "茶😀"), ("bytes", ["byte[]"], '["AP8Q"]', {"$bytes": "00ff10"}),
    ("ints", ["int[]"], "[[1,2]]", {"$array": "int", "items": [1, 2]}),
    ("decimal", ["java.math.BigDecimal"], "[0.10]", {"$decimal": "0.10"}),
    ("integer", ["java.math.BigInteger"], '["12345678901234567890123"]', {"$bigint": "12345678901234567890123"}),
    ("date", ["java.util.Date"], '["2026-01-31T08:00:00+08:00"]', {"$date": 1769817600000}),
    ("color", ["demo.api.Color"], '["GREEN"]', {"$enum": "demo.api.Color", "name": "GREEN"}),
    ("list", [LIST], '[["a","b"]]', {"$list": "java.util.ArrayList", "items": ["a", "b"]}),
    ("map", [MAP], '[{"k":1}]', {"$map": "java.util.HashMap", "entries": [["k", 1]]}),
    ("any", [OBJECT], "[5]", 5), ("any", [OBJECT], "[5000000000]", {"$long": "5000000000"}),
    ("person", ["demo.api.Person"], '[{"name":"Li","age":33,"id":5,"home":{"city":"Paris","zip":75001},"color":"GREEN"}]',
     {"$object": "demo.api.Person",
      "fields": {"name": "Li", "age": 33, "id": {"$long": "5"}, "color": {"$enum": "demo.api.Color", "name": "GREEN"}}}),
)
# method, type names, arguments, words of the error
THROWN = (
    ("failChecked", [STRING, "int"], ["bad", 42], ("demo.api.GreetException", "bad")),
    ("failDeclared", [STRING], ["disk"], ("java.io.IOException", "disk")),
    ("failRuntime", [STRING], ["bad state"], ("java.lang.IllegalStateException", "bad state")),
    ("failUndeclared", [STRING], ["oops"], ("demo.api.UndeclaredException", "oops")),
    ("failForeign", [STRING], ["json"], ("JsonSyntaxException", "json")),
    ("failEmpty", [], [], ("java.lang.NullPointerException",)), ("missing", [], [], ("missing",)),
    ("text", ["demo.api.Absent"], [None], ("demo.api.Absent",)),
)


def setUpModule():
    prepare_java()


def octets(text):
    """Hexadecimal digits with repeats (`5304 61*1024`) written out."""
    return "".join(part.split("*")[0] * int((part.split("*") + ["1"])[1]) for part in text.split())


def readable_vectors():
    with open(ENCODED, encoding="utf-8") as file:
        vectors = [json.loads(line) for line in file]
    return {vector["id"]: octets(vector["hex"]) for vector in vectors if "hex" in vector}


class Deliveries(JavaCase):
    """Each version's provider and consumer have the version's number as the version of their service."""

    @classmethod
    def set_up_class(cls):
        own = lambda version: ("--version", version)  # noqa: E731
        cls.providers = cls.peers.with_each("provider", "--registry", cls.registry, own=own)
        cls.consumers = cls.peers.with_each("consumer", "--registry", cls.registry, "--plain-tasks", *PATIENT, own=own)
        cls.server = cls.dubbo_server(name="dev", subcommand="dev")
        cls.api = cls.server.api()

    def run_each(self, version, calls, **attachments):
        """Creates a task for each of (method, types, arguments); the tasks once all have ended, in order."""
        tasks = [created(self.consumers[version], call(*each, version=version), **attachments) for each in calls]
        return [ended(self.api, task) for task in tasks]

    def begins(self, version):
        """Lines of calls by firing id."""
        return {line["attachments"].get("meepo.firingId"): line for line in list(self.providers[version].lines) if line["event"] == "begin"}

    def directly(self, version, each):
        """(answer, arguments as the provider got them) of an ordinary call of a Java consumer; no arguments: it could not be made."""
        provider = self.providers[version]
        since = len(provider.lines)
        answer = self.consumers[version].direct(*each)
        if "result" not in answer:
            return answer, None
        return answer, arrived(provider.wait(lambda line: line.get("method") == each[0], since=since))

    def test_every_type_arrives_as_java_itself_sends_it(self):
        for version in VERSIONS:
            wanted = [self.directly(version, each) for each in CALLS]
            tasks = self.run_each(version, CALLS)
            begins = self.begins(version)
            for each, task, (answer, arguments) in zip(CALLS, tasks, wanted):
                with self.subTest(version=version, call=each[:2], argument=each[2]):
                    self.assertEqual("DONE", task["status"], task["latest"])
                    line = begins[task["id"] + "@0"]
                    self.assertEqual((each[1], arguments), (line["types"], arrived(line)))
                    # As an Object a result has lost its declared type: a short is an int there, as in the result of a generic call.
                    result = plain(self.consumers[version].ask("getResult", taskId=task["id"])["result"])
                    if result != plain(answer["result"]):
                        self.assertEqual(plain(self.consumers[version].invoke(*each).get("result", "no result")), result)

    def test_every_vector_arrives_as_java_itself_sends_it(self):
        vectors = readable_vectors()
        for version in VERSIONS:
            calls, wanted = [], []
            for number, stream in vectors.items():
                each = ("classOf", [OBJECT], [{"$hessian": stream}])
                answer, arguments = self.directly(version, each)
                if arguments:
                    calls.append(each)
                    wanted.append((number, answer["result"], arguments))
            self.assertGreaterEqual(len(calls), VECTORS_MIN)
            tasks = self.run_each(version, calls)
            begins = self.begins(version)
            for task, (number, name, arguments) in zip(tasks, wanted):
                with self.subTest(version=version, vector=number, octets=vectors[number][:80]):
                    self.assertEqual("DONE", task["status"], task["latest"])
                    self.assertEqual((name, arguments), (task["latest"]["result"]["json"], arrived(begins[task["id"] + "@0"])))

    def test_json_arguments_arrive_as_the_declared_types(self):
        for version in VERSIONS:
            tasks = [self.create_json(method, types, params, version) for method, types, params, _ in FROM_JSON]
            for task in tasks:
                ended(self.api, task)
            begins = self.begins(version)
            for (method, types, params, wanted), task in zip(FROM_JSON, tasks):
                with self.subTest(version=version, method=method, types=types, params=params):
                    found = self.api.ok("GET", f"/v1/tasks/{task}")
                    self.assertEqual("DONE", found["status"], found["latest"])
                    argument = plain(begins[task + "@0"]["args"][0])
                    if isinstance(wanted, dict) and "fields" in wanted:
                        argument["fields"] = {name: argument["fields"][name] for name in wanted["fields"]}
                    self.assertEqual(wanted, argument)

    def test_json_that_does_not_fit_the_declared_types_is_refused(self):
        for types, params, words in ((["int"], '["x"]', ("params[0]", "int")), (["int", "int[]"], "[1,[1,2.5]]", ("params[1][1]",)),
                                     (["byte"], "[300]", ("params[0]", "300")), (["boolean"], "[null]", ("params[0]",))):
            with self.subTest(types=types, params=params):
                service = {"interface": ECHO, "method": "primitive", "paramTypes": types, "params": Raw(params)}
                status, answer = self.api.post("/v1/tasks", {"appId": "json", "kind": "REAL", "target": {"service": service}})
                self.assertEqual((400, "INVALID_ARGUMENT"), (status, answer.get("code")), answer)
                for word in words:
                    self.assertIn(word, answer["message"])

    def create_json(self, method, types, params, version, **more):
        service = {"interface": ECHO, "method": method, "version": version, "paramTypes": types, "params": Raw(params), **more}
        return self.api.ok("POST", "/v1/tasks", {"appId": "json", "kind": "REAL", "target": {"service": service}})["id"]

    def test_exceptions_fail_with_class_and_message(self):
        for version in VERSIONS:
            tasks = self.run_each(version, [each[:3] for each in THROWN])
            for (method, _, _, words), task in zip(THROWN, tasks):
                with self.subTest(version=version, method=method):
                    self.assertEqual(("FAIL", "FAIL"), (task["status"], task["latest"]["outcome"]), task["latest"])
                    row = self.api.ok("GET", f"/v1/tasks/{task['id']}/ledger")["rows"][0]
                    self.assertEqual(1, len(row["attempts"]))
                    for word in words:
                        self.assertIn(word, row["attempts"][0]["error"])

    def test_a_call_that_is_too_slow_ends_as_a_timeout(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                started = time.monotonic()
                task, = self.run_each(version, [("slow", ["int"], [30_000])], **{"meepo.timeoutMs": "500"})
                self.assertLess(time.monotonic() - started, 20)
                self.assertEqual(("FAIL", "TIMEOUT"), (task["status"], task["latest"]["outcome"]))

    def test_the_provider_learns_which_firing_it_is(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                before = time.time() * 1000
                attachments = {"appId": "shop", "meepo.retry": "fixed:1:10ms", "meepo.timeoutMs": "40000"}
                task, = self.run_each(version, [("failRuntime", [STRING], ["again"])], **attachments)
                lines = [line for line in self.providers[version].lines if line.get("attachments",
                                                                                    {}).get("meepo.firingId") == task["id"] + "@0"]
                got = [line["attachments"] for line in lines]
                self.assertEqual([("0", "1", "shop"), ("0", "2", "shop")],
                                 [(each["meepo.tick"], each["meepo.attempt"], each["appId"]) for each in got])
                self.assertEqual(1, len({each["meepo.traceId"] for each in got}))
                self.assertRegex(got[0]["meepo.traceId"], re.compile("^[0-9a-f]{32}$"))
                for each in got:
                    self.assertTrue(before < int(each["meepo.deadline"]) < (time.time() + 41) * 1000, each)

    def test_version_and_group_choose_the_provider(self):
        blue = self.peers.start("2.7.23", "provider", "--registry", self.registry, "--version", "9", "--group", "blue")
        consumer = self.consumers["2.7.23"]
        tasks = [created(consumer, call("count", arguments=["blue"], version="9"), **{"meepo.group": "blue"}),
                 self.create_json("count", [STRING], '["blue"]', "9", group="blue")]
        for task in tasks:
            self.assertEqual("DONE", ended(self.api, task)["status"])
        self.assertEqual({f"{task}@0" for task in tasks},
                         {line["attachments"]["meepo.firingId"] for line in blue.lines if line["event"] == "begin"})
        elsewhere = created(consumer, call("count", arguments=["blue"], version="9"))
        why = wait_for(lambda: (answer := self.api.ok("GET", f"/v1/tasks/{elsewhere}/why"))["verdict"] == "WAITING" and answer, RUN_SECONDS,
                       "it waits")
        self.assertIn("no executor", json.dumps(why))

    def test_a_side_car_serves_what_is_not_registered(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                provider = self.peers.start(version, "provider", "--version", "1.0", "--group", f"side-{version}")
                self.dubbo_executor(self.server, "--provide", f"{ECHO}:1.0:side-{version}", "--invoke",
                                    f"dubbo://{ADDRESS}:{provider.ready['port']}",
                                    name=f"side-car-{version}")
                service = call("overloaded", ["int"], [5], version="1.0")
                task = ended(self.api, created(self.consumers[version], service, **{"meepo.group": f"side-{version}"}))
                self.assertEqual(("DONE", "int 5"), (task["status"], task["latest"]["result"]["json"]))
                self.assertTrue(task["latest"]["executor"].startswith(f"side-car-{version}-"), task["latest"])


def arrived(line):
    """A provider's arguments: described, with maps in a fixed order, and as octets where no map is in them. Identities stay."""
    described = with_sorted_maps(line["args"])
    text = json.dumps(described)
    return re.sub(r"@[0-9a-f]+", "@", text), None if "$map" in text else line["hessian"]


def with_sorted_maps(value):
    if isinstance(value, dict):
        value = {name: with_sorted_maps(child) for name, child in value.items()}
        if "entries" in value:
            value["entries"].sort(key=lambda entry: str(entry[0]))
        return value
    return [with_sorted_maps(child) for child in value] if isinstance(value, list) else value


if __name__ == "__main__":
    unittest.main()
