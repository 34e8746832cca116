#!/usr/bin/env python3
"""Java providers on Dubbo 2.6.12, 2.7.23 and 3.3.6 that die, leave the registry, come back, or are taken out by a rule."""
import json
import os
import time
import unittest

from dubbo_case import (ADDRESS, ECHO, EVERYBODY, PATIENT, RUN_SECONDS, VERSIONS, DubboServer, JavaCase, call, created, ended, peers,
                        prepare_java)
from harness import MEEPO, Process, wait_for

SLOW_MS = 3000
WATCHED_SECONDS = 3
CPU_MAX = 0.05      # of a core, of an executor that has nothing to do but to wait for a provider
STORE_BATCHES_MAX = 50  # in these seconds: the safety read and the leases need some ten
TASKS = 20          # if the providers took turns at random, one of them would miss all with a probability of 2^-20


def setUpModule():
    prepare_java()


class Providers(JavaCase):
    @classmethod
    def set_up_class(cls):
        cls.server = cls.dubbo_server()
        cls.executor = cls.dubbo_executor(cls.server, "--registry", cls.registry)
        cls.api = cls.server.api()

    def provider(self, version, tag):
        """One whose service has the version `tag`, once the executor offers it."""
        started = self.peers.start(version, "provider", "--registry", self.registry, "--version", tag)
        self.addCleanup(started.kill)
        wait_for(lambda: self.offered(tag), RUN_SECONDS, f"the executor to offer version {tag}")
        return started

    def offered(self, tag):
        return f"{ECHO}:{tag}" in json.dumps(self.api.ok("GET", "/v1/executors"))

    def create(self, tag, method, arguments, types=("java.lang.String",), **more):
        service = {"interface": ECHO, "method": method, "version": tag, "paramTypes": list(types), "params": arguments}
        return self.api.ok("POST", "/v1/tasks", {"appId": "providers", "kind": "REAL", "target": {"service": service}, **more})["id"]

    def begins(self, provider, task):
        return [line for line in list(provider.lines) if line.get("attachments", {}).get("meepo.firingId") == f"{task}@0"]

    def begun_at(self, providers, task):
        return wait_for(lambda: next((each for each in providers if self.begins(each, task)), None), RUN_SECONDS, "a provider is called")

    def test_an_attempt_is_one_call_and_the_next_goes_elsewhere(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                tag = f"kill-{version}"
                providers = [self.provider(version, tag) for _ in range(2)]
                task = self.create(tag, "slow", [SLOW_MS], ["int"], retry={"fixed": {"maxRetries": 1, "delayMs": 100}})
                killed = self.begun_at(providers, task)
                killed.kill()
                found = ended(self.api, task)
                self.assertEqual(("DONE", 2, 1), (found["status"], found["latest"]["attempt"], found["latest"]["failures"]),
                                 found["latest"])
                other = providers[1 - providers.index(killed)]
                self.assertEqual((["1"], ["2"]),
                                 tuple([line["attachments"]["meepo.attempt"] for line in self.begins(each, task)] for each in (killed,
                                                                                                                               other)))
                self.assert_never_called_twice(tag, other)

    def assert_never_called_twice(self, tag, provider):
        """Without a policy nobody tries again, although a call's outcome is not known."""
        task = self.create(tag, "slow", [SLOW_MS], ["int"])
        if self.begun_at([provider], task):
            provider.kill()
        found = ended(self.api, task)
        self.assertEqual(("FAIL", "FAIL", 1), (found["status"], found["latest"]["outcome"], found["latest"]["attempt"]), found["latest"])
        self.assertIn(f"{ADDRESS}:{provider.ready['port']}", found["latest"]["error"])
        self.assertEqual(1, len(self.begins(provider, task)))

    def test_tasks_wait_for_a_provider_that_has_left(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                tag = f"leave-{version}"
                provider = self.provider(version, tag)
                self.assertEqual("DONE", ended(self.api, self.create(tag, "text", ["before"]))["status"])
                provider.send(command="unexport")
                provider.wait(lambda line: line.get("event") == "unexported")
                wait_for(lambda: not self.offered(tag), RUN_SECONDS, "the executor to stop offering it")
                alerts = self.alerts()
                tasks = [self.create(tag, "text", [f"waits {number}"]) for number in range(10)]
                for task in tasks:
                    self.assertEqual(("WAITING", "no executor"), self.waits(task))
                wait_for(lambda: self.alerts() > alerts, RUN_SECONDS, "an alert says that nobody serves them")
                self.assert_quiet()
                self.assertEqual([("WAITING", "no executor")] * 10, [self.waits(task) for task in tasks])
                self.assertEqual([], [line for task in tasks for line in self.begins(provider, task)])
                provider.send(command="export")
                for task in tasks:
                    self.assertEqual("DONE", ended(self.api, task)["status"])
                    self.assertEqual(1, len(self.begins(provider, task)))

    def waits(self, task):
        """(verdict, reason) once it is parked."""
        why = wait_for(lambda: (answer := self.api.ok("GET", f"/v1/tasks/{task}/why"))["verdict"] == "WAITING" and answer, RUN_SECONDS,
                       "it is parked")
        reason = "no executor" if "no executor" in json.dumps(why) else json.dumps(why)
        return why["verdict"], reason

    def assert_quiet(self):
        """Neither the executor nor the store is busy while tasks wait."""
        cpu, batches, started = cpu_seconds(self.executor), self.store_batches(), time.monotonic()
        time.sleep(WATCHED_SECONDS)  # that nothing happens in a while is what is looked at
        seconds = time.monotonic() - started
        self.assertLess(cpu_seconds(self.executor) - cpu, CPU_MAX * seconds)
        self.assertLess(self.store_batches() - batches, STORE_BATCHES_MAX)

    def figure(self, name):
        """The sum of a metric over its labels."""
        text = self.api.request("GET", "/metrics")[1]
        return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(name))

    def store_batches(self):
        return self.figure("meepo_store_batch_items_count")

    def alerts(self):
        return self.figure("meepo_alerts_total{")

    def test_rules_take_providers_out(self):
        tag = "rules"
        first, second = self.provider("2.7.23", tag), self.provider("3.3.6", tag)
        wait_for(lambda: self.called(tag, first, second) == {first, second}, RUN_SECONDS, "both are called")
        for what, provider, parameters, called in (("disabled", second, "enabled=true&disabled=true", {first}),
                                                   ("weight 0", first, "enabled=true&weight=0", {second}),
                                                   ("a rule that is off", first, "enabled=false&disabled=true", {first, second}),
                                                   ("a rule for another provider", None, "enabled=true&disabled=true", {first, second})):
            with self.subTest(what):
                port = provider.ready["port"] if provider else 1
                rule = f"override://{ADDRESS}:{port}/{ECHO}?category=configurators&dynamic=false&version={tag}&{parameters}"
                with self.nodes() as nodes:
                    nodes.create(f"/dubbo/{ECHO}/configurators", rule)
                wait_for(lambda: self.called(tag, first, second) == called, RUN_SECONDS, "the rule takes effect")
                self.assertEqual(called, self.called(tag, first, second), "it lasts")
                with self.nodes() as nodes:
                    nodes.delete(f"/dubbo/{ECHO}/configurators", rule)
                wait_for(lambda: self.called(tag, first, second) == {first, second}, RUN_SECONDS, "the rule is gone")

    def called(self, tag, *providers):
        """Those that TASKS tasks came to."""
        tasks = [self.create(tag, "text", ["x"]) for _ in range(TASKS)]
        for task in tasks:
            self.assertEqual("DONE", ended(self.api, task)["status"])
        return {each for each in providers if any(self.begins(each, task) for task in tasks)}

    def test_a_provider_that_stops_gracefully_loses_no_call(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                tag = f"stop-{version}"
                stays, stops = self.provider(version, tag), self.provider(version, tag)
                wait_for(lambda: self.called(tag, stays, stops) == {stays, stops}, RUN_SECONDS, "both are called")
                # Short calls: 2.7 interrupts those that are still under way when it stops. It refuses those that are on their way.
                retry = {"fixed": {"maxRetries": 1 if version == "2.7.23" else 0, "delayMs": 1}}
                tasks = [self.create(tag, "text", ["x"], retry=retry) for _ in range(TASKS)]
                stops.terminate()
                while any(self.begins(stops, task) for task in tasks[-TASKS:]) or len(tasks) == TASKS:
                    batch = [self.create(tag, "text", ["x"], retry=retry) for _ in range(TASKS)]
                    tasks += batch
                    for task in batch:
                        ended(self.api, task)
                self.assertTrue(any(self.begins(stops, task) for task in tasks), "it had calls when it was stopped")
                for task in tasks:
                    found = ended(self.api, task)
                    self.assertEqual("DONE", found["status"], found["latest"])
                    self.begun_at((stays, stops), task)
                    self.assertEqual(1, len(self.begins(stays, task) + self.begins(stops, task)), "it was called once")

    def test_the_registry_may_go_away_and_come_back(self):
        folder = os.path.join(self.folder, "zookeeper")
        zookeeper = peers.ZooKeeper(folder)
        self.addCleanup(lambda: zookeeper.__exit__())
        server = self.add(DubboServer(self.folder, registry=zookeeper.url, options=EVERYBODY)).start()
        self.add(Process("executor", [MEEPO, "executor", "--scheduler", server.grpc, "--registry", zookeeper.url], self.folder)).start()
        started = ("2.7.23", "--registry", zookeeper.url)
        self.peers.start(started[0], "provider", *started[1:])
        consumer = self.peers.start(started[0], "consumer", *started[1:], *PATIENT)
        self.assertEqual("DONE", ended(server.api(), created(consumer, call()))["status"])
        zookeeper.__exit__()
        self.assertEqual("DONE", ended(server.api(), created(consumer, call()))["status"], "what is known stays known")
        zookeeper = peers.ZooKeeper(folder, zookeeper.port)
        self.peers.start(started[0], "provider", *started[1:], "--version", "after")
        late = self.peers.start("3.3.6", "consumer", *started[1:], *PATIENT)
        task = created(late, call(version="after"))
        self.assertEqual("DONE", ended(server.api(), task)["status"], "both look into the registry again")

    def test_a_provider_comes_and_the_waiting_task_runs(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                task = self.create(f"late-{version}", "text", ["x"])
                self.assertEqual(("WAITING", "no executor"), self.waits(task))
                self.provider(version, f"late-{version}")
                self.assertEqual("DONE", ended(self.api, task)["status"])


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    unittest.main()
