#!/usr/bin/env python3
"""A small Dubbo client on a plain socket: it sends frames as a test wants them, also wrong ones, and reads what comes back.

As a program it holds many connections, in a process of its own: `dubbo_wire.py HOST:PORT COUNT idle|slow`. `idle` sends nothing; `slow`
sends one octet a second of a good create. At first, and at each line on standard input, it prints a line of JSON: how many are "open",
"closed" and "refused"; it ends with its standard input.
"""
import json
import resource
import selectors
import socket
import struct
import sys
import time

from hessian_wire import Bean, Decoder, Encoder, Typed

TASK_SERVICE = "org.cheng.meepo.task.service.TaskService"
PARAM = "org.cheng.meepo.task.dto.ServiceInvokeParam"
TYPE = "org.cheng.meepo.task.constant.TaskType"
CREATE = f"L{PARAM};L{TYPE};Ljava/lang/String;".replace(".", "/")
STRING = "Ljava/lang/String;"
INVOKE = "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;"
MAGIC = b"\xda\xbb"
TWO_WAY, HEARTBEAT = 0xC2, 0xE2  # first the flags, then hessian2's number
EVENT = 0x20
OK, BAD_REQUEST, SERVICE_ERROR = 20, 40, 70
PAYLOAD_MAX = 8 << 20
ANSWER_SECONDS = 60
DESCRIPTORS_TO_SPARE = 64
SLOW_SECONDS = 1.0


def frame(body, flags=TWO_WAY, status=0, number=1, length=None):
    return MAGIC + struct.pack(">BBQi", flags, status, number, len(body) if length is None else length) + body


def request(method, descriptor, arguments, attachments=None, path=TASK_SERVICE, version="0.0.0"):
    """The body of a request. `arguments` and `attachments` may hold Raw octets."""
    values = ("2.0.2", path, version, method, descriptor, *arguments, {} if attachments is None else attachments)
    return bytes(Encoder().write(*values).octets)


def service(**fields):
    """A ServiceInvokeParam; params default to ["x"]."""
    values = {"interfaceName": "demo.api.EchoService", "methodName": "text", "version": None,
              "paramsType": Typed("[string", ["java.lang.String"]), "params": Typed("[object", ["x"]), "nextService": None} | fields
    return Bean(PARAM, **values)


def create(bean=None, kind="REAL", define="", **attachments):
    """The body of a create."""
    return request("create", CREATE, [service() if bean is None else bean, Bean(TYPE, name=kind), define], {"appId": "wire"} | attachments)


class Answer:
    """A response: `value` of status 20, `thrown` the exception object of one, `text` of any other status."""

    def __init__(self, flags, status, number, body):
        self.flags, self.status, self.number, self.body = flags, status, number, body
        self.value = self.thrown = self.text = None
        if flags & EVENT or not body:
            return
        values = Decoder(body)
        if status != OK:
            self.text = values.read()
            return
        kind = values.read()
        if kind in (0, 3):
            self.thrown = values.read()
        elif kind in (1, 4):
            self.value = values.read()

    @property
    def message(self):
        """What a Java caller would see of a failure."""
        return self.text if self.thrown is None else self.thrown.fields.get("detailMessage")

    def __repr__(self):
        return f"status {self.status}: value {self.value!r:.200}, thrown {self.thrown!r:.500}, text {self.text!r:.500}"


class Client:
    """One connection. A context manager."""

    def __init__(self, address, seconds=ANSWER_SECONDS):
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, octets):
        """False if the other end has closed meanwhile."""
        try:
            self._socket.sendall(octets)
            return True
        except (ConnectionError, BrokenPipeError):
            return False

    def end(self):
        """Says that no more octets come."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other end has closed

    def _take(self, count):
        taken = b""
        while len(taken) < count:
            try:
                more = self._socket.recv(min(count - len(taken), 1 << 20))
            except ConnectionError:
                more = b""
            if not more:
                return taken
            taken += more
        return taken

    def read(self):
        """The next answer; None: the connection was closed. TimeoutError: neither came."""
        head = self._take(16)
        if len(head) < 16:
            return None
        if head[:2] != MAGIC:
            raise AssertionError(f"the server sent no Dubbo frame: {head!r}")
        flags, status, number, length = struct.unpack(">BBQi", head[2:])
        return Answer(flags, status, number, self._take(length))

    def call(self, body, **parts):
        """Sends a request, answers what comes to it; events in between are passed over."""
        self._number += 1
        self.send(frame(body, number=self._number, **parts))
        answer = self.read()
        while answer is not None and answer.flags & EVENT:
            answer = self.read()
        return answer


# ---- many connections, as a program ---------------------------------------------------------------------------------------------

class Many:
    def __init__(self, address, count, kind):
        host, _, port = address.rpartition(":")
        self._place, self._octets = (host, int(port)), frame(create()) if kind == "slow" else b""
        self._selector, self._open = selectors.DefaultSelector(), {}
        self.closed = self.refused = 0
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = count + DESCRIPTORS_TO_SPARE
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), max(hard, limit)))
        self._selector.register(sys.stdin, selectors.EVENT_READ)

    def connect(self, count):
        for _ in range(count):
            try:
                connection = socket.create_connection(self._place, ANSWER_SECONDS)
            except OSError:
                self.refused += 1
                continue
            connection.setblocking(False)
            self._open[connection] = 0
            self._selector.register(connection, selectors.EVENT_READ)

    def _close(self, connection):
        self._selector.unregister(connection)
        del self._open[connection]
        connection.close()
        self.closed += 1

    def _feed(self):
        for connection, sent in list(self._open.items()):
            try:
                connection.send(self._octets[sent:sent + 1])
                self._open[connection] = sent + 1
            except OSError:
                self._close(connection)

    def _heard(self, connection):
        try:
            if not connection.recv(4096):
                self._close(connection)
        except BlockingIOError:
            pass
        except OSError:
            self._close(connection)

    def tell(self):
        print(json.dumps({"open": len(self._open), "closed": self.closed, "refused": self.refused}), flush=True)

    def run(self):
        feed = time.monotonic()
        while True:
            for key, _ in self._selector.select(max(feed - time.monotonic(), 0) if self._octets else None):
                if key.fileobj is not sys.stdin:
                    self._heard(key.fileobj)
                elif sys.stdin.readline():
                    self.tell()
                else:
                    return
            if self._octets and time.monotonic() >= feed:
                self._feed()
                feed += SLOW_SECONDS


if __name__ == "__main__":
    many = Many(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    many.connect(int(sys.argv[2]))
    many.tell()
    many.run()
