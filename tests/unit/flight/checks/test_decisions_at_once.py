"""Two people decide at once, or one is cut off: no decision about a flight is ever lost.

The record of overrides is the flight's memory. It is read when something went wrong, and then the
entry that is missing is the one that mattered.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flight.checks.finding import Finding, Outcome
from flight.checks.override import Override, add_overrides, holding, read_overrides
from flight.checks.record import record_path, require_clear
from inspection.errors import Broken, Refused, Unavailable
from tests.support.flightcommand import fly
from tests.support.sites import polygon, write

AT = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
WINDY = Finding(check="wind", outcome=Outcome.REFUSE, reason="wind.over", source="s")


def lifted(number: int) -> Override:
    return Override(
        check="wind", by=f"点検員 {number}", why="風は収まった、現地確認済", found="wind",
        at=AT + timedelta(hours=number), plan_sha256="a" * 64, finding_sha256=WINDY.digest,
    )  # fmt: skip


def test_decisions_that_are_taken_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.plan.overrides.json"
    with ThreadPoolExecutor(8) as people:
        seen = list(people.map(lambda n: len(add_overrides(path, [lifted(n)])), range(24)))
    kept = read_overrides(path)
    assert {one.by for one in kept} == {f"点検員 {n}" for n in range(24)}
    assert sorted(seen) == list(range(1, 25)), "somebody was told of a record that was not"


def test_decisions_of_several_processes_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.plan.overrides.json"
    code = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path;"
        "from flight.checks.override import Override, add_overrides;"
        "at = datetime(2026, 11, 26, tzinfo=UTC);"
        "[add_overrides(Path(sys.argv[1]), [Override(check='wind', by=f'{sys.argv[2]} {n}',"
        " why='reason enough', at=at, plan_sha256='a', finding_sha256='b', found='x')])"
        " for n in range(15)]"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), f"P{n}"]) for n in range(2)]
    assert [one.wait(60) for one in running] == [0, 0]
    assert len({one.by for one in read_overrides(path)}) == 30


def test_the_newest_of_all_speaks_whatever_their_order(tmp_path: Path) -> None:
    path = tmp_path / "p.plan.overrides.json"
    for number in (3, 1, 7, 5):
        add_overrides(path, [lifted(number)])
    held = holding(WINDY, read_overrides(path), "a" * 64)
    assert held is not None
    assert held.by == "点検員 7"
    assert [one.by[-1] for one in read_overrides(path)] == ["3", "1", "7", "5"]


def test_nothing_but_the_record_is_left_beside_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "p.plan.overrides.json"
    for number in range(3):
        add_overrides(path, [lifted(number)])
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_record_that_cannot_be_written_is_told_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.plan.overrides.json"
    add_overrides(path, [lifted(1)])
    before = path.read_bytes()

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Unavailable, match="No space left"):
        add_overrides(path, [lifted(2)])
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert len(add_overrides(path, [lifted(2)])) == 2, "the lock was not let go"


def test_adding_nothing_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "p.plan.overrides.json"
    add_overrides(path, [lifted(1)])
    before = path.read_bytes()
    assert len(add_overrides(path, [])) == 1
    assert path.read_bytes() == before


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan and check once."""
    folder = tmp_path_factory.mktemp("checked")
    site = write(folder / "d.geojson", polygon([(5, 5), (25, 5), (25, 15), (5, 15)], name="d"))
    out = folder / "d.plan"
    wish = ["--camera", "dji_m3e_wide", "--gsd-mm-per-px", "5", "--takeoff", "36.594606,136.625669"]
    assert fly("plan", "area", site, *wish, "--out", out).code == 0
    assert fly("check", out).code == 0
    return out


@pytest.mark.parametrize("cut", [0, 1, 50, -3])
def test_a_record_of_a_check_that_was_cut_off_keeps_the_plan_on_the_ground(
    checked: Path, tmp_path: Path, cut: int
) -> None:
    out = tmp_path / "d.plan"
    for one in (checked, record_path(checked)):
        (tmp_path / one.name).write_bytes(one.read_bytes())
    assert require_clear(out, now=datetime.now(UTC))
    path = record_path(out)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    with pytest.raises(Broken, match="damaged record of a check"):
        require_clear(out, now=datetime.now(UTC))
    path.unlink()
    with pytest.raises(Refused, match="has not been checked"):
        require_clear(out, now=datetime.now(UTC))
    path.write_bytes(whole)
    assert require_clear(out, now=datetime.now(UTC))["plan"] == "d.plan"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "read"
    folder.mkdir(mode=0o500)
    with pytest.raises(Unavailable, match="check folder and disk"):
        add_overrides(folder / "p.plan.overrides.json", [lifted(1)])
