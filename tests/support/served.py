"""A simulated vehicle on a socket, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMMAND = [sys.executable, "-c", "from inspection.cli import main; main()", "flight", "simulate"]


@contextmanager
def served(address: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start ``tenken flight simulate --listen`` and give the process and its port."""
    process = subprocess.Popen(
        [
            *COMMAND,
            "--listen",
            address,
            "--home",
            "36.5613,136.6562,26.4",
            "--for-s",
            "900",
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        match = re.search(r"port (\d+)", line)
        assert match is not None, line + process.stdout.read()
        yield process, int(match[1])
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()
