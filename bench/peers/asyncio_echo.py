"""asyncio's streams, with Python's own event loop, or with uvloop's if that is the argument."""

import asyncio
import gc
import signal
import sys

from peer import raise_limit


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    except (ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main() -> None:
    # TCP_NODELAY is asyncio's own default. Its limit of 64 KiB for a line is below what one scenario sends.
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20, backlog=511)
    signal.signal(signal.SIGUSR2, lambda *_: gc.collect() and None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    raise_limit()
    if "uvloop" in sys.argv:
        import uvloop

        uvloop.install()
    asyncio.run(main())
