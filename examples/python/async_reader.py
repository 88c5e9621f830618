"""usage: async_reader.py NAME

Reads a mailslot while other tasks run. Ends after a minute without a message, or by Ctrl-C.
"""

import asyncio
import sys

from mailslot import aio, ipc


async def count(seconds: float) -> None:
    """Another task."""
    waited = 0
    while True:
        await asyncio.sleep(seconds)
        waited += 1
        print(f"{waited * seconds:g} s", file=sys.stderr)


async def main(name: str) -> None:
    async with aio.reader(name, timeout_ms=60_000) as reader:
        print(f"listening on {name}", flush=True)
        other = asyncio.create_task(count(10))
        try:
            async for message in reader:
                print(f"got {message!r}", flush=True)
                if message == "stop":
                    break
        except ipc.x_mailslot_empty:
            print("nothing came for a minute")
        finally:
            other.cancel()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(sys.argv[1]))
    except KeyboardInterrupt:
        pass
