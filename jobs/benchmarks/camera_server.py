"""Cameras on paper for the acquisition benchmark: a process of its own on the loopback.

``python -m jobs.benchmarks.camera_server`` prints its port and serves until its input ends.
Camera N is asked as ``/N``; how it behaves follows from N alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from enum import Enum
from hashlib import blake2b

import cv2
import numpy as np

LEAST_LATENCY, MOST_LATENCY = 0.05, 2.0


class Behaviour(Enum):
    """What a camera does when it is asked."""

    LIVING = "living"  # it answers after its own latency
    HANGING = "hanging"  # it takes the connection and says nothing
    BROKEN = "broken"  # it closes the connection without an answer
    ABSENT = "absent"  # nothing listens at its address


_DEAD = {0: Behaviour.HANGING, 1: Behaviour.BROKEN, 2: Behaviour.ABSENT}


def behaviour(number: int) -> Behaviour:
    """Three in ten are dead, each in its way."""
    return _DEAD.get(number % 10, Behaviour.LIVING)


def latency(number: int) -> float:
    """Seconds that camera ``number`` takes: its own, even over all of them."""
    share = int.from_bytes(blake2b(str(number).encode(), digest_size=8).digest()) / 2**64
    return LEAST_LATENCY + share * (MOST_LATENCY - LEAST_LATENCY)


async def serve() -> None:
    """Serve until the standard input ends: with the process that started this one."""
    answer = _answer()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            number = int(head.split(b" ", 2)[1].lstrip(b"/"))
            kind = behaviour(number)
            if kind is Behaviour.HANGING:
                await reader.read()  # until the other side has had enough
            elif kind is Behaviour.LIVING:
                await asyncio.sleep(latency(number))
                writer.write(answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    async with server:
        await asyncio.to_thread(sys.stdin.read)


def _answer() -> bytes:
    """A still with something in it, as a camera sends it."""
    pixels = np.random.default_rng(1).integers(90, 160, (360, 640, 3)).astype(np.uint8)
    picture = cv2.imencode(".jpg", cv2.GaussianBlur(pixels, (9, 9), 0))[1].tobytes()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + picture


if __name__ == "__main__":
    asyncio.run(serve())
