"""A small ZooKeeper client for tests: names of children, nodes made and removed. It sends no pings: for a few requests in a row."""
import socket
import struct
import urllib.parse

from harness import wait_for

SESSION_MS = 60_000
ANSWER_SECONDS = 30
CREATE, DELETE, GET_CHILDREN = 1, 2, 8
NO_NODE, NODE_EXISTS = -101, -110
EVERYBODY = struct.pack(">ii", 1, 31) + b"\0\0\0\5world\0\0\0\6anyone"  # one rule with all rights


def _text(value):
    octets = value.encode()
    return struct.pack(">i", len(octets)) + octets


class ZooKeeperClient:
    def __init__(self, port):
        self._number = 0
        wait_for(lambda: self._connected(port), ANSWER_SECONDS, "ZooKeeper to take a session")

    def _connected(self, port):
        """A server that has just started may close what connects, or leave it without an answer."""
        self._socket = socket.create_connection(("127.0.0.1", port), 1)
        try:
            self._write(struct.pack(">iqiqi16x", 0, 0, SESSION_MS, 0, 16))
            self._read()
            self._socket.settimeout(ANSWER_SECONDS)
            return True
        except (ConnectionError, TimeoutError):
            self._socket.close()
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _write(self, octets):
        self._socket.sendall(struct.pack(">i", len(octets)) + octets)

    def _take(self, count):
        taken = b""
        while len(taken) < count:
            more = self._socket.recv(count - len(taken))
            if not more:
                raise ConnectionError("ZooKeeper closed the connection")
            taken += more
        return taken

    def _read(self):
        return self._take(struct.unpack(">i", self._take(4))[0])

    def _call(self, operation, octets, fine=()):
        self._number += 1
        self._write(struct.pack(">ii", self._number, operation) + octets)
        answer = self._read()
        error = struct.unpack(">iqi", answer[:16])[2]
        if error and error not in fine:
            raise RuntimeError(f"ZooKeeper answers {error} to operation {operation} on {octets[:200]}")
        return None if error else answer[16:]

    def children(self, path):
        """Names, percent-decoded; none of a node that is not there."""
        answer = self._call(GET_CHILDREN, _text(path) + b"\0", fine=(NO_NODE,))
        names, at = [], 4
        while answer and at < len(answer):
            size = struct.unpack(">i", answer[at:at + 4])[0]
            names.append(urllib.parse.unquote(answer[at + 4:at + 4 + size].decode()))
            at += 4 + size
        return sorted(names)

    def create(self, folder, name):
        """A persistent node named `name`, percent-encoded, below `folder`, which is made if it is not there."""
        path = ""
        for part in [*folder.strip("/").split("/"), urllib.parse.quote(name, safe="")]:
            path += "/" + part
            self._call(CREATE, _text(path) + struct.pack(">i", 0) + EVERYBODY + struct.pack(">i", 0), fine=(NODE_EXISTS,))

    def delete(self, folder, name):
        self._call(DELETE, _text(f"{folder}/{urllib.parse.quote(name, safe='')}") + struct.pack(">i", -1))
