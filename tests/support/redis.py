"""Run a private Redis for tests: a free port of this machine, nothing kept."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

START_S = 30.0


def free_port() -> int:
    """Find a port of loopback that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


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
        assert time.monotonic() < ends_s, "redis-server does not answer"
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
