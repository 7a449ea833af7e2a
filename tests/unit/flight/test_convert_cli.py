"""``tenken flight convert`` from the outside."""

import json
from pathlib import Path
from typing import Any

import pytest

from flight.formats import read_mission, write_mission
from inspection.cli import main
from tests.support.missions import BRIDGE


@pytest.fixture
def bridge(tmp_path: Path) -> Any:
    """Write the bridge mission as a plan."""
    path = tmp_path / "bridge.plan"
    write_mission(BRIDGE, path)
    return path


def test_convert_says_what_is_lost(
    bridge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["flight", "convert", str(bridge), "--out", str(tmp_path / "bridge.waypoints")])
    said = capsys.readouterr().out
    assert "bridge.plan: QGroundControl plan, 9 items" in said
    assert "lost in writing: 2 fence shapes" in said
    assert len(read_mission(tmp_path / "bridge.waypoints").items) == 9


def test_convert_speaks_json(
    bridge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["flight", "convert", str(bridge), "--out", str(tmp_path / "b.geojson"), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["items"] == 9
    assert report["fence_shapes"] == 2
    assert report["lost_in_writing"] == []


def test_an_unreadable_file_ends_with_code_2_and_a_reason_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.waypoints"
    bad.write_text("QGC WPL 120\n")
    with pytest.raises(SystemExit) as ended:
        main(["flight", "convert", str(bad), "--out", str(tmp_path / "x.plan")])
    assert ended.value.code == 2
    streams = capsys.readouterr()
    assert "bad.waypoints: mission list of version 120" in streams.err
    assert streams.out == ""
    assert not (tmp_path / "x.plan").exists()


def test_a_geoid_height_given_by_hand_is_kept(bridge: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.geojson"
    main(["flight", "convert", str(bridge), "--out", str(out), "--geoid-height-m", "37.2"])
    assert read_mission(out).geoid_height_m == 37.2
