"""Files of strangers: read as they are, or refused with the place and the reason."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.formats import open_mission, read_mission
from flight.mission import AltitudeFrame
from inspection.errors import BadInput, NotFound, TenkenError

LIST = (
    "QGC WPL 110\r\n0 1 0 16 0 0 0 0 36.5 136.6 26 1\r\n"
    "# up\r\n1\t0\t3\t22\t0\t0\t0\t0\t0\t0\t15\t1\r\n"
    "2 0 3 16 nan 0 0 nan 36.6 136.7 15.5 1 # out\r\n"
)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Read a file of the given content."""

    def reader(content: str, name: str = "stranger.txt", **options: Any) -> Any:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return open_mission(path, **options)

    return reader


def kmz(**files: str | bytes) -> Any:
    """Pack files under wpmz/."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"wpmz/{name}", content)
    return buffer.getvalue()


def waylines(
    version: str = "1.0.6",
    mode: str = "relativeToStartPoint",
    point: str = "136.6,36.5",
    extra: str = "",
) -> Any:
    """Write waylines as a remote controller of a DJI aircraft does."""
    marks = "".join(
        f"<Placemark><Point><coordinates>\n {point}\n</coordinates></Point>"
        f"<wpml:index>{n}</wpml:index><wpml:executeHeight>{30 + n}</wpml:executeHeight>{extra}"
        "</Placemark>"
        for n in (1, 0)
    )
    return (
        f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2" '
        f'xmlns:wpml="http://www.dji.com/wpmz/{version}"><Document><Folder>'
        f"<wpml:executeHeightMode>{mode}</wpml:executeHeightMode>"
        f"<wpml:autoFlightSpeed>5</wpml:autoFlightSpeed>{marks}</Folder></Document></kml>"
    )


def test_a_mission_list_with_windows_lines_spaces_tabs_and_comments(read: Any) -> None:
    reading = read(LIST)
    assert reading.kind == "mission list (WPL 110)"
    assert reading.mission.home_latlon_deg == (36.5, 136.6)
    assert [i.command for i in reading.mission.items] == [22, 16]
    assert reading.mission.items[1].params == (None, 0.0, 0.0, None)
    assert reading.mission.items[1].altitude_m == 15.5


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("110", "120"), "version 120"),
        (("36.6 136.7", "136.6 36.7"), "line 5: latitude 136.6"),
        (("15.5 1 #", "15.5 #"), "line 5: 11 fields"),
        (("2 0 3 16", "3 0 3 16"), "line 5: item number '3', expected 2"),
        (("2 0 3 16", "2 0 7 16"), "line 5: frame 7"),
        (("15.5", "inf"), "line 5: altitude is not a finite"),
        (("15.5", "5e9"), "beyond"),
        (("15.5", "high"), "line 5: altitude is 'high'"),
        (("0 3 16 nan", "0 3 16.5 nan"), "line 5: command is '16.5'"),
        (("0 3 16 nan", "0 3 5001 nan"), "fence polygon inclusion"),
    ],
)
def test_a_mission_list_is_refused_with_line_and_reason(
    read: Any, change: Any, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        read(LIST.replace(*change))


def test_an_old_fence_list_gives_its_polygon_and_names_the_return_point(read: Any) -> None:
    reading = read("36.0 136.0\n36.1 136.1\n36.2 136.1\n36.2 136.2\n36.1 136.1\n")
    (polygon,) = reading.mission.fence_polygons
    assert polygon.vertices_latlon_deg == ((36.1, 136.1), (36.2, 136.1), (36.2, 136.2))
    assert "return point 36.0000000, 136.0000000" in reading.losses[0].what
    with pytest.raises(BadInput, match="last point repeats"):
        read("36.0 136.0\n36.1 136.1\n36.2 136.1\n36.2 136.2\n36.1 136.3\n")


def test_a_fence_polygon_with_missing_corners_is_refused(read: Any) -> None:
    line = "{} 0 0 5001 4 0 0 0 36.{} 136.1 0 0\n"
    with pytest.raises(BadInput, match="4 corners"):
        read("QGC WPL 110\n" + "".join(line.format(n, n) for n in range(3)))


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ("[]", "is list, not an object|no mission file"),
        ('{"fileType": "Plan", "version": 1, "mission": 3}', "mission is int"),
        ('{"fileType": "Plan", "version": NaN}', "NaN is not a number"),
        ('{"fileType": "Plan", "version": 2}', "version 2 is not 1"),
        ('{"fileType": "Parameters"}', "not 'Plan'"),
        ('{"fileType": "Plan",', "is not JSON"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "is not JSON"),
        ('{"fileType": "Plan", "version": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_a_plan_is_refused_with_its_reason(read: Any, plan: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(plan, "x.plan")


def plan_with(entry: object) -> Any:
    """Write a plan with one item."""
    mission = {"version": 2, "firmwareType": 3, "items": [entry]}
    return json.dumps({"fileType": "Plan", "version": 1, "mission": mission})


SIMPLE = {
    "type": "SimpleItem",
    "command": 16,
    "frame": 3,
    "params": [0, 0, 0, None, 36.5, 136.6, 20],
    "autoContinue": True,
}


def test_a_survey_is_read_as_what_it_flies(read: Any) -> None:
    style = {"Items": [SIMPLE, {**SIMPLE, "command": 206, "frame": 2}]}
    survey = {"type": "ComplexItem", "complexItemType": "survey", "TransectStyleComplexItem": style}
    reading = read(plan_with(survey), "x.plan")
    assert [i.command for i in reading.mission.items] == [16, 206]
    assert "the settings of the survey (its 2 flown items" in reading.losses[0].what


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"params": [0, 0, 0, 0, 36.5, 136.6]}, "6 entries, expected 7"),
        ({"params": [0, 0, 0, "x", 36.5, 136.6, 2]}, "is 'x', not a number"),
        ({"params": [0, 0, 0, 0, 96.5, 136.6, 2]}, "latitude 96.5"),
        ({"frame": 1}, "frame 1"),
        ({"frame": True}, "frame True"),
        ({"command": 16.5}, "not a whole number"),
        ({"command": 70000}, "MAV_CMD"),
        ({"type": "ComplexItem", "complexItemType": "StructureScan"}, "StructureScan"),
        ({"type": "Mystery"}, "neither SimpleItem nor ComplexItem"),
    ],
)
def test_an_item_of_a_plan_is_refused_with_its_number(read: Any, change: Any, reason: str) -> None:
    with pytest.raises(BadInput, match=f"{reason}"):
        read(plan_with({**SIMPLE, **change}), "x.plan")


@pytest.mark.parametrize("version", [f"1.0.{n}" for n in range(7)])
def test_waylines_of_all_known_versions_are_read_in_the_order_of_their_index(
    read: Any, version: str
) -> None:
    mission = read(kmz(**{"waylines.wpml": waylines(version)}), "x.kmz").mission
    assert [i.altitude_m for i in mission.items] == [30.0, 31.0]
    assert mission.items[0].frame is AltitudeFrame.HOME


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (waylines("1.0.9"), "WPML 1.0.9"),
        (waylines(mode="WGS84"), "geoid-height-m"),
        (waylines(mode="EGM96"), "executeHeightMode 'EGM96'"),
        (waylines(point="576966.67,5093317.14"), "metres of a projected system"),
        (waylines(point="136.6"), "not longitude,latitude"),
        ("<kml/>", "no Document"),
        ("no xml", "is not XML"),
        ('<!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>', "DTD or entities"),
        (waylines(extra="<wpml:waypointSpeed>fast</wpml:waypointSpeed>"), "'fast', not a number"),
    ],
)
def test_waylines_are_refused_with_their_reason(read: Any, content: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(kmz(**{"waylines.wpml": content}), "x.kmz")


def test_heights_above_the_ellipsoid_become_heights_above_the_sea(read: Any) -> None:
    content = kmz(**{"waylines.wpml": waylines(mode="WGS84")})
    mission = read(content, "x.kmz", geoid_height_m=37.25).mission
    assert [i.altitude_m for i in mission.items] == [-7.25, -6.25]
    assert mission.items[0].frame is AltitudeFrame.MSL


def test_actions_without_an_item_are_named(read: Any) -> None:
    action = "<wpml:actionActuatorFunc>panoShot</wpml:actionActuatorFunc>"
    group = (
        "<wpml:actionGroup><wpml:actionGroupStartIndex>0</wpml:actionGroupStartIndex>"
        "<wpml:actionGroupEndIndex>0</wpml:actionGroupEndIndex><wpml:actionTrigger>"
        "<wpml:actionTriggerType>reachPoint</wpml:actionTriggerType></wpml:actionTrigger>"
        f"<wpml:action>{action}</wpml:action></wpml:actionGroup>"
    )
    reading = read(kmz(**{"waylines.wpml": waylines(extra=group)}), "x.kmz")
    assert [loss.what for loss in reading.losses] == ["action 'panoShot'"]


def test_a_zip_bomb_is_not_unpacked(read: Any) -> None:
    bomb = kmz(**{"waylines.wpml": b" " * (65 * 2**20)})
    assert len(bomb) < 100_000
    with pytest.raises(BadInput, match="larger than 64 MB"):
        read(bomb, "x.kmz")


def test_archives_that_lie_or_are_broken_are_refused(read: Any) -> None:
    good = kmz(**{"waylines.wpml": waylines()})
    with pytest.raises(BadInput, match=r"cannot be read|not a readable zip"):
        read(good[:200] + bytes(40) + good[240:], "x.kmz")
    with pytest.raises(BadInput, match="not a readable zip"):
        read(good[:-30], "x.kmz")
    with pytest.raises(BadInput, match=r"0 .kml files"):
        read(kmz(other=b"x"), "x.kmz")
    with pytest.raises(BadInput, match="template but no waylines"):
        read(kmz(**{"template.kml": b"<kml/>"}), "x.kmz")


def test_logs_emptiness_and_missing_files_are_named(read: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="dataflash log"):
        read(b"\xa3\x95\x80\x80FMT")
    with pytest.raises(BadInput, match="is empty"):
        read(b" \n")
    with pytest.raises(BadInput, match="neither text nor"):
        read(b"\xff\xfe\x00\x01")
    with pytest.raises(BadInput, match="no mission file: it begins 'hello'"):
        read("hello")
    with pytest.raises(NotFound, match=r"nothing.plan"):
        read_mission(tmp_path / "nothing.plan")
    with pytest.raises(BadInput, match="cannot be read"):
        read_mission(tmp_path)


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.plan"
    with path.open("wb") as stream:
        stream.truncate(64 * 2**20 + 1)
    with pytest.raises(BadInput, match="larger than 64 MB"):
        read_mission(path)


PATH = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>row</name><LineString>'
    "{}<coordinates>136.6,36.5,12 136.7,36.5,13</coordinates>"
    "</LineString></Placemark></Document></kml>"
)


def test_a_path_drawn_in_a_globe_becomes_waypoints(read: Any) -> None:
    absolute = read(PATH.format("<altitudeMode>absolute</altitudeMode>"), "x.kml").mission
    assert [i.frame for i in absolute.items] == [AltitudeFrame.MSL] * 2
    said = read(PATH.format(""), "x.kml", foreign_frame=AltitudeFrame.HOME).mission
    assert [(i.lat_deg, i.lon_deg, i.altitude_m) for i in said.items][1] == (36.5, 136.7, 13.0)
    with pytest.raises(BadInput, match=r"placemark 0 'row'.*--altitude-frame"):
        read(PATH.format(""), "x.kml")


def test_areas_and_flat_points_of_geojson_are_not_missions(read: Any) -> None:
    def feature(kind: str, coordinates: object) -> Any:
        geometry = {"type": kind, "coordinates": coordinates}
        one = {"type": "Feature", "geometry": geometry, "properties": {}}
        return json.dumps({"type": "FeatureCollection", "features": [one]})

    line = read(
        feature("LineString", [[136.6, 36.5, 9], [136.7, 36.5, 9]]),
        "x.geojson",
        foreign_frame=AltitudeFrame.TERRAIN,
    )
    assert [i.altitude_m for i in line.mission.items] == [9.0, 9.0]
    with pytest.raises(BadInput, match="an area, not a path"):
        read(feature("Polygon", [[[0, 0], [1, 0], [1, 1], [0, 0]]]), "x.geojson")
    with pytest.raises(BadInput, match="without a height"):
        read(feature("Point", [136.6, 36.5]), "x.geojson")
    with pytest.raises(BadInput, match="--altitude-frame"):
        read(feature("Point", [136.6, 36.5, 9]), "x.geojson")


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=60), at=st.integers(0, 400))
def test_damage_anywhere_ends_in_a_mission_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    path = tmp_path_factory.mktemp("noise") / "x.kmz"
    for whole in (LIST.encode(), plan_with(SIMPLE).encode(), kmz(**{"waylines.wpml": waylines()})):
        path.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
        try:
            assert open_mission(path).mission.items is not None
        except TenkenError as refusal:
            assert len(str(refusal)) > 10
