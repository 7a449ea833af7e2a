"""The embedded worker lives as long as the service: not shorter, not longer."""

import os
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


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be counted does not."""
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_other(companion: Companion, pid: int | None) -> int:
    ends_s = time.monotonic() + 20
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
    began_s = time.monotonic()
    with Companion([sys.executable, "-c", STUBBORN]) as companion:
        pid = companion.pid
        assert pid is not None
        time.sleep(0.5)  # let it begin to ignore us
    assert not alive(pid)
    assert time.monotonic() - began_s < 30


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
    began_s = time.monotonic()
    pids = set()
    with Companion([sys.executable, "-c", ""], pause_first_s=0.2) as companion:
        while time.monotonic() - began_s < 1.5:
            pids.add(companion.pid)
            time.sleep(0.01)
    assert 2 <= len(pids) <= 4  # pauses of 0.2, 0.4, 0.8 s


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
    ends_s = time.monotonic() + 20
    while alive(pid):
        assert time.monotonic() < ends_s, "the worker outlived the service"
        time.sleep(0.01)
