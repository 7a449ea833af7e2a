"""Run a private Redis for tests: a free port of this machine, nothing kept."""

import random
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from redis import Redis

START_S = 120.0


PORTS = range(10_000, 30_000)
"""Below those that a system gives to whoever calls somebody: one that is free stays free while its
server is started, killed, and started again."""

_given: set[int] = set()
_draw = random.SystemRandom()  # the tests beside this process draw others


def free_port() -> int:
    """Find a port of loopback that nobody uses, another one each time."""
    while True:
        port = _draw.choice(PORTS)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def start_redis(port: int, addresses: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a server on loopback, and on other addresses of this machine; wait until it answers."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", *addresses]
    command += ["--save", "", "--protected-mode", "no" if addresses else "yes"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    ends_s = time.monotonic() + START_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        assert process.poll() is None, f"redis-server ended at once, with {process.returncode}"
        assert time.monotonic() < ends_s, "redis-server does not answer"
        time.sleep(0.05)


def until_workers_listen(url: str, count: int) -> None:
    """Wait until so many workers wait for the bell: they have started, and take a signal."""
    ends_s = time.monotonic() + START_S
    with Redis.from_url(url) as broker:
        while sum(one["cmd"] == "brpop" for one in broker.client_list()) < count:
            assert time.monotonic() < ends_s, f"no {count} workers listen: {broker.client_list()}"
            time.sleep(0.05)


@contextmanager
def running_redis() -> Iterator[str]:
    """Give the URL of a server that runs as long as the context lasts."""
    port = free_port()
    process = start_redis(port)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)
