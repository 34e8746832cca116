#!/usr/bin/env python3
"""Java consumers on Dubbo 2.6.12, 2.7.23 and 3.3.6 while our server starts again, stops, hangs, or has nothing to do for a while."""
import os
import signal
import socket
import sys
import time
import unittest
import urllib.parse

from dubbo_case import ADDRESS, EVERYBODY, LONG, PATIENT, TASK_SERVICE, VERSIONS, DubboServer, JavaCase, call, created, prepare_java
from harness import free_low_port, wait_for

AGAIN_SECONDS = 120  # until consumers have found a server again
SLOW_TO_RETURN = ("3.3.6",)  # it may try a killed server's address again only after 60 s, also with a Java provider there
HEARTBEAT_MS = 1000
# These take the number of retries from the consumer alone, whatever the provider says: there only a request id or retries=0 helps.
OWN_RETRIES, REPEATS = ("3.3.6",), 2
TRIES = 5
ESTABLISHED = "01"  # in /proc/net/tcp


def setUpModule():
    prepare_java()


class Life(JavaCase):
    def setUp(self):
        super().setUp()
        # A root of its own: servers that were killed stay registered until their session ends.
        self.root = self.id().rsplit(".", 1)[-1]
        self.registry = f"{self.zookeeper.url}?group={self.root}"

    def own_server(self, name="server", port=None):
        """On a port that no client takes while the server is away."""
        server = DubboServer(self.folder, dubbo=f"{ADDRESS}:{port or free_low_port()}", registry=self.registry, name=name,
                             data=f"data-{name}",
                             options=EVERYBODY)
        return self.add(server).start()

    def consumers(self, *options):
        started = self.peers.with_each("consumer", "--registry", self.registry, *options)
        for consumer in started.values():
            self.addCleanup(consumer.kill)
        return started

    def answered(self, consumer, what="the consumer is answered"):
        wait_for(lambda: "result" in consumer.ask("list", attachments={"appId": "nobody"}), AGAIN_SECONDS, what)

    def count(self, server, app):
        return server.api().ok("GET", f"/v1/tasks:count?appId={app}")["tasks"]

    def test_the_registered_address_says_what_java_needs(self):
        server = self.own_server()
        only, = wait_for(lambda: self.providers(TASK_SERVICE, self.root), AGAIN_SECONDS, "the server registers itself")
        url = urllib.parse.urlsplit(only)
        parameters = dict(urllib.parse.parse_qsl(url.query))
        self.assertEqual(("dubbo", server.dubbo, "/" + TASK_SERVICE), (url.scheme, url.netloc, url.path))
        self.assertEqual(("0", "2.0.2", TASK_SERVICE), (parameters["retries"], parameters["dubbo"], parameters["interface"]))
        self.assertEqual({"create", "cancel", "list", "get", "search", "saveResult", "getResult"}, set(parameters["methods"].split(",")))
        self.assertNotIn("group", parameters)
        self.assertEqual(0, server.terminate())
        self.assertEqual([], self.providers(TASK_SERVICE, self.root), "it has left the registry before it ended")

    def test_a_consumer_goes_on_after_a_restart(self):
        server = self.own_server()
        consumers = self.consumers(*PATIENT)
        tasks = {version: [created(consumer, call())] for version, consumer in consumers.items()}
        for stop in (server.terminate, server.kill):
            stop()
            for version, consumer in consumers.items():
                with self.subTest(version=version, stop=stop.__name__):
                    self.assertIn("exception", consumer.ask("list"))
            server.start()
            for version, consumer in consumers.items():
                if stop == server.kill and version in SLOW_TO_RETURN and not LONG:
                    continue
                with self.subTest(version=version, stop=stop.__name__):
                    self.answered(consumer)
                    tasks[version].append(created(consumer, call()))
                    for task in tasks[version]:
                        self.assertEqual(task, consumer.ask("get", taskId=task)["result"]["fields"]["id"])

    def test_a_slow_create_of_a_consumer_with_default_settings_arrives_once(self):
        server = self.own_server()
        consumers = self.consumers()  # a second of patience, two retries unless the provider's address says something else
        for version, consumer in consumers.items():
            for options in ({}, {"meepo.requestId": f"order-{version}"}):
                with self.subTest(version=version, options=options):
                    app = self.timed_out(server, consumer, f"slow-{version}-{len(options)}", options)
                    self.answered(consumer)
                    created(consumer, call())  # behind whatever the slow create has left on the connection
                    repeats = REPEATS if version in OWN_RETRIES and not options else 0
                    self.assertEqual(1 + repeats, self.count(server, app))

    def timed_out(self, server, consumer, app, options):
        """The app of a create that the server slept through. 3.3 may take its connection for broken and send nothing: then again."""
        for number in range(TRIES):
            self.answered(consumer, "the first call within Dubbo's default of a second")
            server.signal(signal.SIGSTOP)
            wait_for(lambda: stopped(server), AGAIN_SECONDS, "all threads stand still")
            parts = {"appId": f"{app}-{number}", **{name: f"{value}-{number}" for name, value in options.items()}}
            answer = consumer.ask("create", service=call(), type="REAL", define="", attachments=parts)
            server.signal(signal.SIGCONT)
            if "imeout" in str(answer.get("exception")):
                return parts["appId"]
            self.assertIn("No provider available", str(answer))
        self.fail(f"no create was sent in {TRIES} tries")

    def test_idle_connections_are_kept_by_heartbeats(self):
        server = self.own_server()
        consumers = self.consumers(*PATIENT, "--heartbeat", str(HEARTBEAT_MS))
        for consumer in consumers.values():
            self.answered(consumer)
        before = connections_to(server.dubbo)
        self.assertEqual(len(VERSIONS), len(before), "one connection a consumer")
        time.sleep(4 * HEARTBEAT_MS / 1000)  # idleness itself is what is tested; a connection without heartbeats is given up after three
        for version, consumer in consumers.items():
            with self.subTest(version=version):
                created(consumer, call())
        self.assertEqual(before, connections_to(server.dubbo), "a consumer has connected anew")

    def test_no_call_fails_while_one_of_two_servers_stops(self):
        first, second = self.own_server("first"), self.own_server("second")
        for version in VERSIONS:
            with self.subTest(version=version):
                if not first.running():
                    first.start()
                consumer = self.peers.start(version, "consumer", "--registry", self.registry, *PATIENT)
                self.addCleanup(consumer.kill)
                self.answered(consumer)
                wait_for(lambda: connections_to(first.dubbo) and connections_to(second.dubbo), AGAIN_SECONDS, "the consumer has found both")
                first.signal(signal.SIGTERM)
                while first.running():
                    self.no_call_fails(consumer)
                self.assertEqual(0, first.wait(1))
                self.no_call_fails(consumer)
                consumer.kill()

    def no_call_fails(self, consumer):
        many = consumer.ask("create", service=call(), type="REAL", define="", callers=4, calls=100, attachments={"appId": "stop"})
        self.assertEqual((0, []), (many["failed"], many["exceptions"]))


def stopped(process):
    """A signal reaches threads that run on another core a moment later."""
    states = []
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{thread}/stat", encoding="ascii") as file:
            states.append(file.read().rsplit(")", 1)[1].split()[0])
    return set(states) == {"T"}


def connections_to(place):
    """The other ends of this namespace's connections to an IPv4 address of it."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return {readable(row[2]) for row in rows if row[3] == ESTABLISHED and readable(row[1]) == place}


def readable(text):
    """host:port of the kernel's notation: the address as a number in the machine's order, in hexadecimal digits."""
    host, port = text.split(":")
    return f"{socket.inet_ntoa(int(host, 16).to_bytes(4, sys.byteorder))}:{int(port, 16)}"


if __name__ == "__main__":
    unittest.main()
