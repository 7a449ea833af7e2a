"""The embedded worker lives as long as the service: not shorter, not longer."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from api.companion import Companion

ECHO = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
STUBBORN = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
    "sys.stdin.read()"
)


LONG_S = 120.0


def wait_until_it_ignores(pid: int, number: signal.Signals) -> None:
    """Wait until a process has said that a signal means nothing to it."""
    status, ends_s = Path(f"/proc/{pid}/status"), time.monotonic() + LONG_S
    while True:
        ignored = re.search(r"^SigIgn:\s*([0-9a-f]+)$", status.read_text(), re.MULTILINE)
        assert ignored is not None
        if int(ignored[1], 16) >> (number - 1) & 1:
            return
        assert time.monotonic() < ends_s, f"process {pid} never ignored {number.name}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be counted does not."""
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_other(companion: Companion, pid: int | None) -> int:
    ends_s = time.monotonic() + LONG_S
    while companion.pid in (pid, None):
        assert time.monotonic() < ends_s, "no other process was started"
        time.sleep(0.01)
    assert companion.pid is not None
    return companion.pid


def test_it_ends_with_the_context() -> None:
    with Companion([sys.executable, "-c", ECHO]) as companion:
        pid = companion.pid
        assert pid is not None and alive(pid)
    assert not alive(pid)


def test_one_that_does_not_listen_ends_too() -> None:
    with Companion([sys.executable, "-c", STUBBORN]) as companion:
        pid = companion.pid
        assert pid is not None
        wait_until_it_ignores(pid, signal.SIGTERM)
    assert not alive(pid)


def test_one_that_dies_is_started_again() -> None:
    with Companion([sys.executable, "-c", ECHO], pause_first_s=0.01) as companion:
        first = companion.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        second = wait_until_other(companion, first)
        assert not alive(first)
        assert alive(second)
    assert not alive(second)


def test_one_that_keeps_dying_is_not_started_in_a_frenzy() -> None:
    began_s, pids = time.monotonic(), set[int]()
    with Companion([sys.executable, "-c", ""], pause_first_s=0.2) as companion:
        while len(pids) < 4:
            assert time.monotonic() < began_s + LONG_S, "it is not started again"
            if companion.pid is not None:
                pids.add(companion.pid)
            time.sleep(0.01)
    assert time.monotonic() - began_s >= 0.2 + 0.4 + 0.8  # the pauses grow


def test_it_ends_when_the_service_is_killed(tmp_path: Path) -> None:
    """The pipe closes with the process that held it, so nobody has to clean up."""
    code = (
        "import sys, time\nfrom api.companion import Companion\n"
        f"with Companion([sys.executable, '-c', {ECHO!r}]) as c:\n"
        "    print(c.pid, flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ends_s = time.monotonic() + LONG_S
    while alive(pid):
        assert time.monotonic() < ends_s, "the worker outlived the service"
        time.sleep(0.01)
