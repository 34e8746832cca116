#!/usr/bin/env python3
"""The independent witness: writes every line that executors send to its Unix socket to a file, and does nothing else.

recorder.py SOCKET FILE prints "ready" once it listens and ends on SIGTERM. The tests never kill it: a line that a handler's send()
returned from is kept, whatever becomes of the executor. A line cut off by the executor's death is dropped: its handler did nothing yet.
"""
import asyncio
import signal
import sys


async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, out) -> None:
    while True:
        line = await reader.readline()
        if not line.endswith(b"\n"):
            break
        out.write(line)
        out.flush()
    writer.close()


async def main(path: str, file: str) -> None:
    with open(file, "ab") as out:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        server = await asyncio.start_unix_server(lambda r, w: record(r, w, out), path, limit=8 << 20)
        async with server:
            print("ready", flush=True)
            await ended.wait()


asyncio.run(main(sys.argv[1], sys.argv[2]))
