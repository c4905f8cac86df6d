"""Tornado: read_until and write, awaited."""

import asyncio
import gc
import signal
import socket

from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets
from tornado.tcpserver import TCPServer

from peer import raise_limit


class Echo(TCPServer):
    async def handle_stream(self, stream: IOStream, address: object) -> None:
        stream.set_nodelay(True)
        try:
            while True:
                await stream.write(await stream.read_until(b"\n"))
        except StreamClosedError:
            pass


async def main() -> None:
    sockets = bind_sockets(0, "127.0.0.1", family=socket.AF_INET, backlog=511)
    server = Echo()
    server.add_sockets(sockets)
    signal.signal(signal.SIGUSR2, lambda *_: gc.collect() and None)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    raise_limit()
    asyncio.run(main())
