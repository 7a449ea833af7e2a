"""``tenken flight upload``, ``fly`` and ``simulate`` from the outside, over real sockets."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flight.commands.fly import Teller, calling_home
from flight.commands.simulate import wind_of
from flight.formats import write_mission
from flight.monitor import Progress
from flight.upload import upload
from inspection.cli import main
from inspection.errors import BadInput
from tests.support.flown import joined
from tests.support.missions import BRIDGE, waypoint
from tests.support.served import served


@pytest.fixture
def bridge(tmp_path: Path) -> Path:
    """Write the bridge mission as a plan."""
    path = tmp_path / "bridge.plan"
    write_mission(BRIDGE, path)
    return path


def code_of(*words: str) -> int:
    """Run the command line and give its exit code."""
    try:
        main(["flight", *words])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


ROUGH = ("--loss", "0.05", "--duplicates", "0.2", "--delay-ms", "20", "--seed", "7")


@pytest.mark.parametrize(("serve", "call", "rough"), [("tcp", "tcp", ()), ("udp", "udpout", ROUGH)])
def test_upload_over_a_socket(
    bridge: Path, capsys: pytest.CaptureFixture[str], serve: str, call: str, rough: tuple[str, ...]
) -> None:
    with served(f"{serve}:127.0.0.1:0", "--speed", "5", *rough) as (_, port):
        assert (
            code_of("upload", str(bridge), "--address", f"{call}:127.0.0.1:{port}", "--json") == 0
        )
    report = json.loads(capsys.readouterr().out)
    assert report["verified"] is True
    assert report["items"] == {"fence": 5, "rally": 1, "mission": 10}


def test_a_vehicle_that_flips_a_bit_ends_with_code_3(
    bridge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served("tcp:127.0.0.1:0", "--speed", "5", "--flip", "fence") as (_, port):
        assert code_of("upload", str(bridge), "--address", f"tcp:127.0.0.1:{port}") == 3
    assert "fence: the vehicle gave back something else" in capsys.readouterr().err


def test_fly_needs_arm_typed_a_clear_check_and_the_same_mission_on_the_vehicle(
    bridge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served("tcp:127.0.0.1:0", "--speed", "25", "--once") as (process, port):
        address = ("--address", f"tcp:127.0.0.1:{port}")
        assert code_of("fly", str(bridge), *address) == 3
        assert "type --arm" in capsys.readouterr().err
        assert code_of("fly", str(bridge), *address, "--arm") == 3
        assert "has not been checked" in capsys.readouterr().err
        assert code_of("check", str(bridge)) == 0
        assert code_of("fly", str(bridge), *address, "--arm") == 3
        assert "holds 0 items" in capsys.readouterr().err
        assert code_of("upload", str(bridge), *address) == 0
        capsys.readouterr()
        assert code_of("fly", str(bridge), *address, "--arm") == 0
        said = capsys.readouterr().out
        process.wait(timeout=120)
    assert "vehicle: Arming motors" in said
    assert "return: item 9/9" in said
    assert "flown to its end" in said
    photos = int(said.rsplit(" photos", 1)[0].rsplit(" ", 1)[1])
    assert photos in range(14, 18)


def test_simulate_flies_a_plan_and_keeps_a_log(
    bridge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "bridge.BIN"
    assert code_of("simulate", str(bridge), "--log", str(log), "--wind", "4@270", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["flight"]["photos"] in range(14, 18)
    assert report["flight"]["turned_back"] is None
    assert report["upload"]["items"]["mission"] == 10
    assert log.read_bytes()[:2] == b"\xa3\x95"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--capacity", "5"), 2, "no space"),
        (("--reject-item", "3"), 2, "at item 3"),
        (("--flip", "mission"), 3, "gave back something else"),
        (("--dead-after-s", "1"), 4, "no heartbeat|still booting|check the radio"),
        (("--wind", "storm"), 2, "SPEED@FROM"),
        (("--home", "here"), 2, "is not LAT,LON"),
        (("--log", "flight.csv"), 2, ".BIN or as .log"),
        (("--listen", "nowhere"), 2, "neither udp:HOST:PORT nor tcp"),
    ],
)
def test_faults_end_with_their_exit_code_and_reason(
    bridge: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    assert code_of("simulate", str(bridge), *options) == code
    said = capsys.readouterr().err
    assert any(word in said for word in words.split("|")), said


def test_simulate_needs_something_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("simulate") == 2
    assert code_of("simulate", "--home", "36,136") == 2
    assert "name a mission to fly" in capsys.readouterr().err


def test_a_wind_blows_from_where_it_says() -> None:
    assert wind_of("5@180").round(9).tolist() == [0.0, 5.0]
    with pytest.raises(BadInput, match="at most 25 m/s"):
        wind_of("40@0")


def test_ctrl_c_is_a_wish_to_come_home_and_nothing_else_after() -> None:
    before = signal.getsignal(signal.SIGINT)
    with calling_home() as asked:
        signal.raise_signal(signal.SIGINT)
        assert len(asked) == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_is_told_when_something_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller(on_terminal=False)
    flying = Progress(mode="auto", item=2, items=9, distance_m=12.4, battery_percent=80, armed=True)
    for _ in range(12):
        teller.tell(flying)
    teller.tell(replace(flying, said=("Fence Breached",)))
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "auto: item 2/9, 12 m to go, 0 m high, battery 80 %, 0 photos"
    assert told == [told[0], told[0], "  vehicle: Fence Breached", told[0]]
    Teller(on_terminal=True).tell(flying)
    assert capsys.readouterr().out.startswith("\r\x1b[K" + told[0])


def test_a_long_upload_says_how_far_it_is() -> None:
    told: list[str] = []
    many = tuple(waypoint(36.56 + n * 1e-5, 136.65, 10.0) for n in range(99))
    upload(joined()[0], replace(BRIDGE, items=many), tell=told.append)
    assert told == [
        "mission: 50 of 100 sent",
        "mission: 100 of 100 sent",
        "mission: 50 of 100 read back",
        "mission: 100 of 100 read back",
    ]


def test_the_commands_are_listed_without_loading_mavlink() -> None:
    program = "import sys, flight.cli; sys.exit('pymavlink' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
