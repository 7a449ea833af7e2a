"""``tenken flight upload``, ``fly`` and ``simulate`` with odd options: exit codes and one line."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from flight.formats import write_mission
from flight.upload import Patience
from inspection.cli import main, tenken
from inspection.errors import BadInput, TenkenError
from tests.support.missions import BRIDGE


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Path]:
    """Write the bridge mission and check it."""
    path = tmp_path / "bridge.plan"
    write_mission(BRIDGE, path)
    main(["flight", "check", str(path)])
    capsys.readouterr()
    yield path


@pytest.mark.parametrize("command", ["upload", "fly", "simulate"])
def test_help_has_examples_of_the_command_itself(command: str) -> None:
    said = CliRunner().invoke(tenken, ["flight", command, "--help"]).stdout
    assert f"tenken flight {command} " in said.split("Examples:")[1]


@pytest.mark.parametrize("value", ["4.9", "601", "nan", "long"])
def test_a_patience_out_of_its_range_is_exit_2(checked: Path, value: str) -> None:
    words_ = ["flight", "upload", str(checked), "--patience-s", value]
    result = CliRunner().invoke(tenken, [*words_, "--address", "tcp:127.0.0.1:9"])
    assert result.exit_code == 2 or isinstance(result.exception, BadInput)
    assert "patience" in result.output + str(result.exception)


def test_a_mission_that_was_changed_after_its_check_does_not_fly(
    checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.write_text(checked.read_text(encoding="utf-8").replace("15.0", "16.0"), "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["flight", "fly", str(checked), "--arm", "--address", "tcp:127.0.0.1:9"])
    assert ended.value.code == 3
    assert "check" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words_", "said"),
    [
        (("--home", "89.5,0,0"), "is at a pole"),
        (("--home", "36,136,9001"), "home height 9001 m is not -500 to 9000 m"),
        (("--home", "36,136,-501"), "home height -501 m"),
        (("--home", "36,181"), "longitude 181"),
        (("--home", "36,136,0,0"), "is not LAT,LON or LAT,LON,HEIGHT"),
        (("--home", "36;136"), "is not LAT,LON"),
        (("--home", "nan,136"), "home"),
        (("--home", "36,136,nan"), "home height nan m"),
        (("--wind", "26@0"), "at most 25 m/s"),
        (("--wind", "4@361"), "0 to 360°"),
        (("--dead-after-s", "nan"), "dead_after nan"),
        (("--log", "no/x.BIN"), "cannot be written"),
    ],
)
def test_a_simulation_that_cannot_be_is_exit_2_in_one_line(
    checked: Path, capsys: pytest.CaptureFixture[str], words_: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["flight", "simulate", str(checked), *words_])
    streams = capsys.readouterr()
    assert (ended.value.code, streams.out) == (2, "")
    assert said in streams.err
    assert len(streams.err.splitlines()) == 1


@pytest.mark.parametrize("home", ["36.5613,136.6562", "-36.5,-136.6,100", " 36.5613 , 136.6562 "])
def test_a_home_that_can_be_is_taken(checked: Path, home: str) -> None:
    result = CliRunner().invoke(tenken, ["flight", "simulate", str(checked), "--home", home])
    if home.startswith("-"):  # on the other side of the earth the mission cannot be flown
        assert result.exit_code in (0, 3, 4) or isinstance(result.exception, TenkenError)
    else:
        assert result.exit_code == 0
        assert "flown to its end" in result.stdout


def test_the_same_seed_gives_the_same_flight_and_another_a_different_one(checked: Path) -> None:
    def told(seed: int) -> object:
        words_ = ["--loss", "0.2", "--duplicates", "0.2", "--delay-ms", "300", "--json"]
        arguments = ["flight", "simulate", str(checked), *words_, "--seed", str(seed)]
        return json.loads(CliRunner().invoke(tenken, arguments).stdout)

    assert told(3) == told(3)
    assert told(3) != told(4)


def test_a_vehicle_without_a_home_of_its_own_takes_the_first_place(tmp_path: Path) -> None:
    path = tmp_path / "homeless.plan"
    bare = replace(BRIDGE, home_latlon_deg=None, fence_polygons=(), fence_circles=())
    write_mission(replace(bare, rally_points=()), path)
    result = CliRunner().invoke(tenken, ["flight", "simulate", str(path)])
    assert result.exit_code == 0
    assert "flown to its end" in result.stdout


@pytest.mark.parametrize("options", [("--speed", "nan"), ("--for-s", "nan"), ("--speed", "0")])
def test_a_clock_that_does_not_run_is_exit_2(options: tuple[str, str]) -> None:
    words_ = ["flight", "simulate", "--listen", "tcp:127.0.0.1:0", "--home", "36,136"]
    result = CliRunner().invoke(tenken, [*words_, "--for-s", "1", *options])
    assert result.exit_code == 2 or isinstance(result.exception, BadInput)
    assert options[0] in result.output + str(result.exception)


def test_a_service_stops_after_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    words_ = ["flight", "simulate", "--listen", "udp:127.0.0.1:0", "--home", "36,136"]
    main([*words_, "--for-s", "0.3", "--speed", "100"])
    assert "a vehicle waits on port" in capsys.readouterr().out


@pytest.mark.parametrize("field", ["answer_s", "silence_s", "standby_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_patience_has_a_length_and_an_end(field: str, value: float) -> None:
    with pytest.raises(BadInput, match=f"patience {value:g} s"):
        Patience(**{field: value})
