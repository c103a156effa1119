"""A mail server on port 25 of every address, until its standard input ends.

Rule: it imports nothing from beside it, so that it can be started by its path.
"""

import asyncio
import sys

GREETING = b"220 mail.example.test ESMTP\r\n"
# One write, and longer than the packets that some network here lets through.
EHLO = b"250-mail.example.test\r\n" + b"250-8BITMIME\r\n" * 20 + b"250 SIZE 1000\r\n"


async def _session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(GREETING)
    try:
        while line := await reader.readline():
            writer.write(b"221 Bye\r\n" if line.startswith(b"QUIT") else EHLO)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _serve() -> None:
    await asyncio.start_server(_session, ("0.0.0.0", "::"), 25)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
