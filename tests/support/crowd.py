"""Many clients at once on one thread: keep-alive HTTP/1.1 over loopback, nothing more.

A client library would use more of the machine than the service does, and that is what is measured.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEADLINE_S = 60.0
"""Longest wait for one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Carry what came back."""

    status: int
    content: bytes


@dataclass(kw_only=True)
class Tally:
    """Collect how requests went, by kind: seconds of those that were answered, and errors."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def everything(self) -> list[float]:
        """Give the seconds of all kinds."""
        return [one for kind in self.seconds.values() for one in kind]


class Client:
    """One person with one connection."""

    def __init__(self, base_url: str, tally: Tally) -> None:
        """Prepare a client; it connects with its first request."""
        address = urlsplit(base_url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._tally = tally
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, kind: str, path: str, *, body: bytes | None = None, wanted: tuple[int, ...] = (200,)
    ) -> Answer | None:
        """Send a request and wait; None when it failed, which the tally knows."""
        began_s = time.perf_counter()
        try:
            answer = await asyncio.wait_for(self._exchange(path, body), DEADLINE_S)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            await self.close()
            self._tally.errors.append(f"{kind} {path}: {error!r}")
            return None
        self._tally.seconds.setdefault(kind, []).append(time.perf_counter() - began_s)
        if answer.status not in wanted:
            said = answer.content[:200].decode(errors="replace")
            self._tally.errors.append(f"{kind} {path}: {answer.status} {said}")
            return None
        return answer

    async def _exchange(self, path: str, body: bytes | None) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        method = "GET" if body is None else "POST"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}", "Accept: */*"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        await writer.drain()
        return await _read(reader)

    async def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    if fields.get("transfer-encoding") == "chunked":
        return Answer(status=status, content=await _read_chunks(reader))
    length = int(fields.get("content-length", "0"))
    return Answer(status=status, content=await reader.readexactly(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        content += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return content


def crowd(
    base_url: str,
    *,
    clients: int,
    seconds: float,
    behave: Callable[[Client, int], Awaitable[None]],
) -> tuple[Tally, float]:
    """Let clients behave again and again for a while; give the tally and how long it took."""
    tally = Tally()

    async def live(number: int, ends_s: float) -> None:
        client = Client(base_url, tally)
        while True:  # once at least, however busy the machine is
            await behave(client, number)
            if time.perf_counter() >= ends_s:
                break
        await client.close()

    async def everybody() -> None:
        ends_s = time.perf_counter() + seconds
        await asyncio.gather(*(live(number, ends_s) for number in range(clients)))

    began_s = time.perf_counter()
    asyncio.run(everybody())
    return tally, time.perf_counter() - began_s
