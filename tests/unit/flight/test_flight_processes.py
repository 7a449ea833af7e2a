"""The commands as processes: Ctrl-C, kill and resume, what goes to which stream."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from flight.command import Command
from flight.formats import write_mission
from inspection.cli import main
from tests.support.missions import BRIDGE, item, waypoint
from tests.support.served import served

LONG_S = 120.0

TENKEN = [sys.executable, "-c", "from inspection.cli import main; main()", "flight"]


@pytest.fixture
def plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Write the bridge mission and check it."""
    path = tmp_path / "bridge.plan"
    write_mission(BRIDGE, path)
    main(["flight", "check", str(path)])
    capsys.readouterr()
    return path


def _hears_ctrl_c() -> None:
    """Undo what a shell hands on to what it runs in the background: a SIGINT that is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(*words: str) -> "subprocess.Popen[str]":
    """Start a command with its output unbuffered."""
    return subprocess.Popen(
        [*TENKEN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 it only sets a signal
    )


def lines_until(process: "subprocess.Popen[str]", seen: Callable[[str], bool]) -> Iterator[str]:
    """Give the lines of a process until one is seen."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if seen(line):
            return


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for the end; gives exit code and what was left on both streams."""
    out, err = process.communicate(timeout=LONG_S)
    return process.returncode, out, err


def interrupt_when_told(words: str) -> None:
    """Press Ctrl-C in this process as soon as it has printed some words."""
    ends_s = time.monotonic() + LONG_S
    while words not in sys.stdout.getvalue():  # type: ignore[attr-defined]  # what capsys collects
        if time.monotonic() > ends_s:
            return
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)


def until_on_a_socket(process: "subprocess.Popen[str]") -> None:
    """Wait until a process has opened a socket: it listens, and waits."""
    ends_s = time.monotonic() + LONG_S
    while not any(name.startswith("socket:") for name in open_files(process.pid)):
        assert process.poll() is None and time.monotonic() < ends_s
        time.sleep(0.05)


def open_files(pid: int) -> Iterator[str]:
    """Name what a process has open."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            yield str(entry.readlink())


def upload(plan: Path, port: int) -> None:
    """Upload in this process."""
    main(["flight", "upload", str(plan), "--address", f"tcp:127.0.0.1:{port}"])


def test_ctrl_c_in_flight_calls_the_vehicle_home_and_waits_for_its_landing(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = (BRIDGE.items[0], item(Command.DELAY, params=(900.0, -1.0, -1.0, -1.0)))
    write_mission(replace(BRIDGE, items=(*patient, *BRIDGE.items[1:])), plan)
    main(["flight", "check", str(plan)])
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    interrupt = threading.Thread(target=interrupt_when_told, args=("item 2/",), daemon=True)
    try:
        with served("tcp:127.0.0.1:0", "--speed", "40") as (_, port):
            upload(plan, port)
            capsys.readouterr()
            interrupt.start()
            address = ("--address", f"tcp:127.0.0.1:{port}")
            main(["flight", "fly", str(plan), *address, "--arm"])
    finally:
        signal.signal(signal.SIGINT, before)
    streams = capsys.readouterr()
    assert streams.err == "calling the vehicle home (RTL)\n"
    assert "called home by the person at the ground station" in streams.out.splitlines()[-1]
    assert "vehicle: Disarming motors" in streams.out
    assert "return: item 2" in streams.out


def test_ctrl_c_stops_a_waiting_upload_without_a_traceback(plan: Path) -> None:
    waiting = started("upload", str(plan), "--address", "udp:127.0.0.1:0")
    until_on_a_socket(waiting)
    waiting.send_signal(signal.SIGINT)
    code, out, err = ended(waiting)
    assert code not in (0, 2, 3)
    assert out == ""
    assert "Traceback" not in err


def test_ctrl_c_stops_a_service_and_keeps_its_log(tmp_path: Path) -> None:
    log = tmp_path / "served.BIN"
    options = ("--listen", "udp:127.0.0.1:0", "--home", "36,136", "--log", str(log))
    service = started("simulate", *options)
    assert "a vehicle waits on port" in "".join(lines_until(service, lambda line: True))
    service.send_signal(signal.SIGINT)
    code, out, err = ended(service)
    assert (code, out, err) == (0, "stopped\n", "")
    assert log.read_bytes()[:2] == b"\xa3\x95"


def test_progress_of_a_program_goes_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = tuple(waypoint(36.56 + n * 1e-5, 136.65, 10.0) for n in range(60))
    path = tmp_path / "many.plan"
    write_mission(replace(BRIDGE, items=many), path)
    with served("tcp:127.0.0.1:0", "--speed", "20") as (_, port):
        address = ("--address", f"tcp:127.0.0.1:{port}")
        main(["flight", "upload", str(path), *address, "--json"])
        streams = capsys.readouterr()
        main(["flight", "upload", str(path), *address])
        words = capsys.readouterr()
    assert json.loads(streams.out)["items"]["mission"] == 61
    assert "mission: 50 of 61 sent" in streams.err
    assert "mission: 50 of 61 read back" in words.out
    assert words.err == ""


def test_a_flight_for_programs_prints_one_object(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mission(replace(BRIDGE, items=(BRIDGE.items[0], BRIDGE.items[-1])), plan)
    main(["flight", "check", str(plan)])
    with served("tcp:127.0.0.1:0", "--speed", "60", "--battery", "30") as (_, port):
        upload(plan, port)
        capsys.readouterr()
        address = ("--address", f"tcp:127.0.0.1:{port}")
        main(["flight", "fly", str(plan), *address, "--arm", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"photos", "battery_percent", "seconds", "turned_back", "reached"}
    assert report["battery_percent"] < 30
