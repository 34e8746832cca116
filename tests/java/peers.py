"""Starts Java peers and a ZooKeeper, sends them commands and reads their lines.

Run what uses it in a network namespace of its own: `unshare --net python3 TEST`, then `inside_namespace()` first. The namespace and its
addresses go away with the last process in it.
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build", "java")
VERSIONS = ("2.6.12", "2.7.23", "3.3.6")
ADDRESS = "10.99.0.1"  # of one end of the pair of virtual interfaces: a Java consumer replaces 127.0.0.1 by such an address
START_SECONDS = 180  # bounds for a machine that is busy with other things
ANSWER_SECONDS = 120
STOP_SECONDS = 120  # Dubbo's own wait for open calls is 10 s
ZOOKEEPER_JARS = [f"/usr/share/java/{name}.jar" for name in ("zookeeper", "slf4j-log4j12", "log4j-1.2")]


def inside_namespace():
    """Brings up loopback and a pair of virtual interfaces, one end of which has ADDRESS; refuses to touch a namespace that has others."""
    links = json.loads(subprocess.run(["ip", "-json", "link"], check=True, capture_output=True, text=True).stdout)
    if [link["ifname"] for link in links] != ["lo"]:
        raise RuntimeError("not in a new network namespace: start this with `unshare --net`")
    for command in ("link set lo up", "link add meepo0 type veth peer name meepo1", f"addr add {ADDRESS}/24 dev meepo0",
                    "link set meepo0 up", "link set meepo1 up"):
        subprocess.run(["ip", *command.split()], check=True)


def wait_for(condition, seconds, what):
    """Polls until `condition()` is true and answers its value; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def plain(value):
    """A peer's description of a value without identities, and with maps in a fixed order."""
    if isinstance(value, dict):
        entries = value.get("entries")
        if entries is not None:
            value = {**value, "entries": sorted(entries, key=lambda entry: str(entry[0]))}
        return {name: plain(child) for name, child in value.items() if name != "$id"}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    return value


class Peer:
    """One program of peers.jar: `Peer("2.7.23", "provider", "--registry", url)`. A context manager that ends it gracefully."""

    def __init__(self, version, program, *arguments, java=()):
        jar = os.path.join(BUILD, f"dubbo-{version}", "peers.jar")
        self.version = version
        self.lines = []  # every line so far, decoded
        self._changed = threading.Condition()
        self._closed = False
        self._id = 0
        self._process = subprocess.Popen(
            ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", *java, "-jar", jar, program, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.ready = self.wait(lambda line: line.get("event") == "ready", START_SECONDS)
        except AssertionError:
            self.kill()
            raise

    def _read(self):
        for text in self._process.stdout:
            line = json.loads(text)
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, match, seconds=ANSWER_SECONDS, since=0):
        """The first line that `match` accepts among those from number `since` on. A provider's line may come after its caller's answer."""
        end = time.monotonic() + seconds
        seen = since
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if match(line):
                        return line
                seen = len(self.lines)
                if self._closed or not self._changed.wait(end - time.monotonic()):
                    what = "it ended" if self._closed else f"no such line within {seconds} s"
                    raise AssertionError(f"peer on Dubbo {self.version}: {what}; last lines: {self.lines[-3:]}")

    def send(self, **command):
        """Writes a command without waiting."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def ask(self, call, seconds=ANSWER_SECONDS, **command):
        """A consumer's answer to one command."""
        self._id += 1
        number = self._id
        self.send(id=number, call=call, **command)
        return self.wait(lambda line: line.get("id") == number, seconds)

    def invoke(self, method, types, arguments, **more):
        return self.ask("invoke", method=method, types=types, args=arguments, **more)

    def direct(self, method, types, arguments, **more):
        return self.ask("direct", method=method, types=types, args=arguments, **more)

    def terminate(self):
        """SIGTERM: what an operator's stop does."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self):
        """At once; more than once is fine."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def close(self):
        """Ends the input, which stops the peer gracefully."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ZooKeeper:
    """A real server from the Debian package, with its data in `folder`. A context manager. With `port`: one that has run there before."""

    def __init__(self, folder, port=None):
        self.port = port or free_port()
        self.url = f"zookeeper://127.0.0.1:{self.port}"
        os.makedirs(os.path.join(folder, "data"), exist_ok=True)
        config = os.path.join(folder, "zoo.cfg")
        with open(config, "w") as file:
            file.write(f"tickTime=500\ndataDir={folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\n"
                       "minSessionTimeout=1000\nmaxSessionTimeout=60000\nadmin.enableServer=false\n4lw.commands.whitelist=ruok\n")
        with open(os.path.join(folder, "log4j.properties"), "w") as file:
            file.write("log4j.rootLogger=FATAL, OUT\nlog4j.appender.OUT=org.apache.log4j.ConsoleAppender\n"
                       "log4j.appender.OUT.target=System.err\nlog4j.appender.OUT.layout=org.apache.log4j.SimpleLayout\n")
        self._process = subprocess.Popen(
            ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.preAllocSize=1024",
             "-cp", ":".join([folder, *ZOOKEEPER_JARS]), "org.apache.zookeeper.server.quorum.QuorumPeerMain", config],
            stdout=subprocess.DEVNULL)
        wait_for(self._answers, START_SECONDS, "ZooKeeper answers")

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"ruok")
                return connection.recv(4) == b"imok"
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
