"""What the Dubbo tests share: a network namespace, ZooKeeper, Java peers, servers and executors that Java can reach."""
import concurrent.futures
import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import unittest

import harness
from harness import MEEPO, ROOT, Case, Process, Server, address, wait_for
from zookeeper_wire import ZooKeeperClient

sys.path.insert(0, os.path.join(ROOT, "tests", "java"))
import peers  # noqa: E402 (its folder is no package)

CLONE_NEWNET = 0x40000000
ADDRESS, VERSIONS, plain = peers.ADDRESS, peers.VERSIONS, peers.plain
ECHO = "demo.api.EchoService"
TASK_SERVICE = "org.cheng.meepo.task.service.TaskService"
REFUSED = "org.cheng.meepo.task.exception.TaskServiceException"
EVERYBODY = ("--dubbo-anonymous", f"*=client@{ADDRESS}/24")
PATIENT = ("--timeout", "60000", "--retries", "0")  # Dubbo's default of one second is short for a busy machine
# The class check of 3.3.6 as in a shop that lists its own beans.
TRUSTED = ("-Ddubbo.security.serialize.allowedClassList=demo.api.,demo.run.",)
RUN_SECONDS = 60
LONG = os.environ.get("MEEPO_LONG") == "1"
_inside = False


def enter_namespace():
    """Moves this process into a network namespace of its own, with addresses as Java needs them: call it before there are threads.

    SkipTest: that cannot be done here."""
    global _inside
    if _inside:
        return
    if not shutil.which("ip"):
        raise unittest.SkipTest("the program ip is missing: apt-get install iproute2")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest(f"a network namespace needs root: {os.strerror(ctypes.get_errno())}")
    peers.inside_namespace()
    _inside = True


def prepare_java():
    """Builds the Java peers if they are not up to date, then enters the namespace. SkipTest: something is not installed."""
    missing = [name for name in ("mvn", "javac", "protoc") if not shutil.which(name)]
    missing += [jar for jar in peers.ZOOKEEPER_JARS if not os.path.exists(jar)]
    if missing:
        raise unittest.SkipTest(f"{', '.join(missing)} missing: tests/java/README.md names the packages")
    subprocess.run([os.path.join(ROOT, "tests", "java", "build.sh")], check=True)
    enter_namespace()


class DubboServer(Server):
    """A server with a Dubbo port; `dubbo` is host:port as really bound, kept over restarts."""

    def __init__(self, folder, dubbo=f"{ADDRESS}:0", registry=None, **parts):
        options = list(parts.pop("options", ()))
        if registry:
            options += ["--registry", registry]
        super().__init__(folder, options=options, **parts)
        self.dubbo = dubbo

    def start(self, *extra):
        super().start("--dubbo", self.dubbo, *extra)
        self.dubbo = address(self.ready["dubbo"])
        return self


class Peers:
    """Java peers of several versions, started side by side: `with_each("consumer", …)` answers a dictionary by version."""

    def __init__(self, folder):
        self._java = (f"-Djava.io.tmpdir={folder}", "-XX:TieredStopAtLevel=1")
        self._stack = contextlib.ExitStack()

    def start(self, version, program, *arguments, java=TRUSTED):
        peer = peers.Peer(version, program, *arguments, java=(*self._java, *java))
        self._stack.callback(peer.kill)  # what it keeps is in the test's folder
        return peer

    def with_each(self, program, *arguments, versions=VERSIONS, java=TRUSTED, own=lambda version: ()):
        with concurrent.futures.ThreadPoolExecutor(len(versions)) as pool:
            started = {version: pool.submit(self.start, version, program, *arguments, *own(version), java=java) for version in versions}
        return {version: future.result() for version, future in started.items()}

    def close(self):
        self._stack.close()


class JavaCase(Case):
    """ZooKeeper, and whatever `set_up_class` starts, once for all tests of a class; logs are shown when one of them has failed."""

    @classmethod
    def setUpClass(cls):
        cls.own_for_class()
        folder = os.path.join(cls.owner.folder, "zookeeper")
        cls.zookeeper = cls.enterClassContext(peers.ZooKeeper(folder))
        cls.registry = cls.zookeeper.url
        cls.peers = Peers(cls.owner.folder)
        cls.addClassCleanup(cls.peers.close)
        cls.set_up_class()

    @classmethod
    def set_up_class(cls):
        pass

    @classmethod
    def dubbo_server(cls, name="server", subcommand="server", options=EVERYBODY, **parts):
        """Kept for the class; its data is in a folder of its own."""
        server = DubboServer(cls.owner.folder, name=name, data=f"data-{name}", subcommand=subcommand, registry=cls.registry,
                             options=options,
                             **parts)
        return cls.owner.add(server).start()

    @classmethod
    def dubbo_executor(cls, server, *options, name="executor"):
        """Started; the server lists it once it is connected."""
        command = [MEEPO, "executor", "--scheduler", server.grpc, "--name", name, *options]
        executor = cls.owner.add(Process(name, command, cls.owner.folder)).start()
        wait_for(lambda: name in str(server.api().ok("GET", "/v1/executors")), harness.READY_SECONDS, f"{name} to connect")
        return executor

    def nodes(self):
        return ZooKeeperClient(self.zookeeper.port)

    def providers(self, interface, root="dubbo"):
        with self.nodes() as nodes:
            return nodes.children(f"/{root}/{interface}/providers")


def call(method="text", types=("java.lang.String",), arguments=("x",), interface=ECHO, **more):
    """A ServiceInvokeParam in the peers' notation."""
    return {"interfaceName": interface, "methodName": method, "paramsType": list(types), "params": list(arguments), **more}


def created(consumer, service, kind="REAL", define="", **attachments):
    """The id of a new task. Attachments of a name with a point: **{"meepo.requestId": "r"}."""
    answer = consumer.ask("create", service=service, type=kind, define=define, attachments={"appId": "java", **attachments})
    if "result" not in answer:
        raise AssertionError(f"create {service} {kind} {define!r} {attachments}: {answer}")
    return answer["result"]


def ended(api, task, seconds=RUN_SECONDS):
    """The task as HTTP shows it, once it has ended."""
    return wait_for(lambda: (found := api.ok("GET", f"/v1/tasks/{task}"))["status"] in ("DONE", "FAIL", "CANCEL") and found, seconds,
                    f"task {task} to end")
