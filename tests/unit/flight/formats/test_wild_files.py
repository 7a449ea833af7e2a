"""Mission files in the wild: 35 lists, 4 plans, 4 waylines; read or refused for a reason."""

from pathlib import Path
from typing import Any

import pytest

from flight.formats import open_mission, read_mission, write_mission
from inspection.errors import BadInput

REFUSED = {
    "096_output.BIN": "dataflash log",
    "qgroundcontrol_sample_wrong_overall_version.plan": "version 42 is not 1",
    "20240529_sblz1z2_p1.kmz": "metres of a projected system",
    "Waypoint2.kmz": "heights are above the ellipsoid",
}
SUFFIXES = {
    "mission list (WPL 110)": ".waypoints",
    "fence list of points": ".waypoints",
    "QGroundControl plan": ".plan",
    "DJI wayline (WPML)": ".kmz",
}


@pytest.fixture(scope="module")
def wild(data_dir: Path) -> Any:
    """List the files."""
    files = sorted(path for path in (data_dir / "missions").rglob("*") if path.is_file())
    counts = {kind: sum(f.parent.name == kind for f in files) for kind in ("wpl", "plan", "wpml")}
    assert counts == {"wpl": 35, "plan": 4, "wpml": 4}
    return files


@pytest.mark.data
def test_every_wild_file_is_read_or_refused_for_its_reason(wild: list[Path]) -> None:
    refused = {}
    for path in wild:
        try:
            mission = read_mission(path)
        except BadInput as refusal:
            refused[path.name] = str(refusal)
        else:
            assert mission.items or mission.fence_polygons, path.name
    assert set(refused) == set(REFUSED)
    for name, reason in REFUSED.items():
        assert reason in refused[name]


@pytest.mark.data
def test_every_accepted_wild_file_survives_write_and_read(wild: list[Path], tmp_path: Path) -> None:
    survived = 0
    for path in wild:
        if path.name in REFUSED:
            continue
        reading = open_mission(path)
        for suffix in (SUFFIXES[reading.kind], ".geojson", ".kml"):
            out = tmp_path / f"out{suffix}"
            write_mission(reading.mission, out)
            assert read_mission(out) == reading.mission, (path.name, suffix)
        survived += 1
    assert survived == 39


@pytest.mark.data
def test_a_contradictory_wayline_is_read_once_the_geoid_is_said(wild: list[Path]) -> None:
    (path,) = (p for p in wild if p.name == "Waypoint2.kmz")
    mission = read_mission(path, geoid_height_m=-32.7649)
    heights = [i.altitude_m for i in mission.items if i.command == 16]
    assert heights == pytest.approx([413.5, 464.5, 427.5], abs=0.01)


@pytest.mark.data
def test_the_survey_and_the_fence_of_real_plans_are_read(wild: list[Path]) -> None:
    by_name = {path.name: path for path in wild}
    survey = open_mission(by_name["qgroundcontrol_sample_with_survey.plan"])
    assert len(survey.mission.items) == 13
    assert any("settings of the survey" in loss.what for loss in survey.losses)
    fenced = read_mission(by_name["px4_multicopter_mission_geofence_avoid.plan"])
    assert [p.inclusion for p in fenced.fence_polygons] == [False, True]
    assert fenced.fence_circles[0].radius_m == pytest.approx(111.0536, abs=1e-4)
