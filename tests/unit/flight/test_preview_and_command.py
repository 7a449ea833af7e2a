"""One wish, two doors: the page and the command line plan the same flight, or refuse the same.

The page names no drone as a rule; then the drone that is chosen counts in everything, its sensing
of obstacles and its slowest speed as well. And the page knows beforehand how many photos a wish
will be, whatever sets and names of fields it uses.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flight.preview as module
from flight.command import Command
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.formats import read_mission
from flight.lawnmower import PhotoSet
from flight.mission import AltitudeFrame
from flight.planfile import read_plan
from flight.preview import Wish, mission_file, planned, preview
from inspection.errors import BadGeometry, BadInput, NotFound, Refused
from tests.support.flightcommand import fly
from tests.support.sites import DECK, KANAZAWA, line, point, polygon, write

HOME = (KANAZAWA.lat_deg, KANAZAWA.lon_deg)
WALL = line([(0, 20), (12, 20)], name="A1", bottom_m=3, top_m=8)
PIER = point((10, 20), name="P1", radius_m=0.5, bottom_m=3, top_m=4.5)
ROAD = line([(5, 5), (60, 20)], name="road", width_m=6)
DECK_FEATURE = polygon(DECK, name="deck")


def wish(pattern: Pattern, feature: Mapping[str, Any], **changes: Any) -> Wish:
    fields: dict[str, Any] = {
        "name": "it", "pattern": pattern, "features": [feature], "camera": "dji_p1@50",
        "gsd_m_per_px": 0.0003, "takeoff_latlon_deg": HOME,
    }  # fmt: skip
    return Wish(**(fields | changes))


def by_command(folder: Path, asked: Wish, *options: object, suffix: str = ".plan") -> FlightPlan:
    """Plan a wish on the command line and read its photos back."""
    site = write(folder / "site.geojson", *[dict(one) for one in asked.features])
    out = folder / f"it{suffix}"
    assert asked.gsd_m_per_px is not None
    ran = fly(
        "plan", asked.pattern, site, "--camera", asked.camera, "--gsd-mm-per-px",
        asked.gsd_m_per_px * 1000, "--takeoff", f"{HOME[0]},{HOME[1]}", "--out", out, *options,
    )  # fmt: skip
    assert (ran.code, ran.said) == (0, "")
    return read_plan(folder / "it.photos.geojson")


SAME = [
    (wish(Pattern.FACADE, WALL, drone="ardupilot_survey"), ["--drone", "ardupilot_survey"]),
    (wish(Pattern.ORBIT, PIER, drone="dji_m350"), ["--drone", "dji_m350"]),
    (
        wish(Pattern.AREA, DECK_FEATURE, camera="dji_m3e_wide", gsd_m_per_px=0.001),
        [],
    ),
    (
        wish(
            Pattern.AREA, DECK_FEATURE, camera="dji_m3e_wide", gsd_m_per_px=0.008,
            layout={"sets": (PhotoSet.NADIR, PhotoSet.OBLIQUE), "heading_deg": 33.0},
        ),
        ["--sets", "nadir,oblique", "--heading-deg", "33"],
    ),
    (wish(Pattern.CORRIDOR, ROAD, camera="dji_m3e_wide", gsd_m_per_px=0.005), []),
    (
        wish(
            Pattern.FACADE, WALL, camera="sony_a7r@35", overlap_front=0.75, overlap_side=0.65,
            gsd_m_per_px=0.00035, layout={"lowest_m": 4.0, "side": "left"},
        ),
        ["--overlap-front", "0.75", "--overlap-side", "0.65", "--lowest-m", "4", "--side", "left"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "options"), SAME, ids=range(len(SAME)))
def test_page_and_command_plan_the_same_photos(
    tmp_path: Path, asked: Wish, options: list[object]
) -> None:
    drone = planned(asked).drone_name
    on_page, on_command = planned(asked), by_command(tmp_path, asked, *options, "--drone", drone)
    np.testing.assert_allclose(on_page.positions_m, on_command.positions_m, atol=0.002)
    for name in ("trigger", "speed_m_s", "gsd_m_per_px", "overlap_front", "views", "drone_name"):
        assert getattr(on_page, name) == getattr(on_command, name), name


@pytest.mark.parametrize("pattern_and_feature", [(Pattern.FACADE, WALL), (Pattern.ORBIT, PIER)])
def test_a_drone_that_senses_nothing_keeps_three_metres_named_or_not(
    pattern_and_feature: tuple[Pattern, Mapping[str, Any]],
) -> None:
    """Sony 35 mm at 0.25 mm/px needs 2.33 m; the drone that carries it is blind (domain §6.3)."""
    asked = wish(*pattern_and_feature, camera="sony_a7r@35", gsd_m_per_px=0.00025)
    for drone in (None, "ardupilot_survey"):
        with pytest.raises(Refused, match="closer than the 3 m that is safe"):
            planned(replace(asked, drone=drone))
    near = planned(replace(asked, drone="ardupilot_upward"))
    assert near.photos[0].distance_m == pytest.approx(0.25 * 35 / 3.76, rel=1e-3)


@pytest.mark.parametrize("drone", [None, "dji_m3e"])
def test_a_mavic_does_not_creep_below_a_metre_a_second(drone: str | None) -> None:
    """1 mm/px at 1/1000 s allows 0.5 m/s, a wayline begins at 1 m/s: it stops at every photo.

    At 1/4000 s blur allows 2 m/s, but a photo each 0.989 m and 0.7 s only 1.41 m/s.
    """
    asked = wish(Pattern.AREA, DECK_FEATURE, camera="dji_m3e_wide", gsd_m_per_px=0.001, drone=drone)
    assert planned(asked).trigger is Trigger.STOP
    content, _ = mission_file(asked, ".kmz", 1)
    assert content.startswith(b"PK")
    faster = planned(replace(asked, exposure_s=1 / 4000))
    assert faster.trigger is Trigger.DISTANCE
    assert faster.speed_m_s == pytest.approx(1.413, abs=1e-3)


@pytest.mark.parametrize("suffix", [".plan", ".waypoints", ".kmz", ".kml", ".geojson"])
def test_a_part_of_a_page_is_a_mission_of_every_format(tmp_path: Path, suffix: str) -> None:
    content, _ = mission_file(wish(Pattern.ORBIT, PIER, drone="dji_m350"), suffix, 1)
    path = tmp_path / f"part{suffix}"
    path.write_bytes(content)
    waypoints = [i for i in read_mission(path).items if i.command == Command.WAYPOINT]
    assert len(waypoints) > 5


@pytest.mark.parametrize("part", [0, -1, 99])
def test_a_part_that_there_is_not(part: int) -> None:
    with pytest.raises(BadInput, match=rf"no part {part}; this plan has 1–\d"):
        mission_file(wish(Pattern.ORBIT, PIER), ".plan", part)


@pytest.mark.parametrize("suffix", [".exe", "", ".PDF"])
def test_a_format_that_there_is_not(suffix: str) -> None:
    with pytest.raises(BadInput):
        mission_file(wish(Pattern.ORBIT, PIER), suffix, 1)


# --- how many photos it will be ------------------------------------------------------------------

BIG = polygon([(0, 0), (160, 0), (160, 120), (0, 120)], name="field")
OF_GROUND = {"camera": "dji_m3e_wide", "gsd_m_per_px": 0.01}


@pytest.mark.parametrize(
    "sets",
    [
        (PhotoSet.NADIR,),
        (PhotoSet.CROSS,),
        (PhotoSet.NADIR, PhotoSet.CROSS),
        (PhotoSet.OBLIQUE,),
        (PhotoSet.NADIR, PhotoSet.OBLIQUE),
        (PhotoSet.NADIR, PhotoSet.NADIR),
        tuple(PhotoSet),
    ],
    ids=", ".join,
)
def test_the_bound_counts_every_look_of_every_set(
    sets: tuple[PhotoSet, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = wish(Pattern.AREA, BIG, layout={"sets": sets}, **OF_GROUND)
    count = len(planned(asked).photos)
    monkeypatch.setattr(module, "MOST_PHOTOS", count)
    planned(asked)  # what it says is the most may be had
    monkeypatch.setattr(module, "MOST_PHOTOS", count / 3)
    with pytest.raises(BadInput, match="of a preview"):
        planned(asked)


def test_sets_add_up() -> None:
    counts = {
        sets: len(planned(wish(Pattern.AREA, BIG, layout={"sets": sets}, **OF_GROUND)).photos)
        for sets in ((PhotoSet.NADIR,), (PhotoSet.OBLIQUE,), (PhotoSet.NADIR, PhotoSet.OBLIQUE))
    }
    nadir, oblique, both = counts.values()
    assert oblique == 4 * nadir
    assert both == nadir + oblique


@pytest.mark.parametrize(
    ("pattern", "feature", "short"),
    [
        (Pattern.CORRIDOR, line([(0, 0), (90, 0)], width_m=60), {"width": 60}),
        (Pattern.FACADE, line([(0, 20), (9, 20)], bottom_m=5, top_m=95), {"bottom": 5, "top": 95}),
        (
            Pattern.ORBIT,
            point((50, 50), radius_m=20, bottom_m=5, top_m=25),
            {"radius": 20, "bottom": 5, "top": 25},
        ),
    ],
)
def test_short_names_of_fields_count_as_much_as_long_ones(
    pattern: Pattern,
    feature: dict[str, Any],
    short: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine = {"camera": "dji_p1@50", "gsd_m_per_px": 0.002}
    long_names = wish(pattern, feature, **fine)
    short_names = wish(pattern, feature | {"properties": short}, **fine)
    count = len(planned(long_names).photos)
    assert len(planned(short_names).photos) == count
    monkeypatch.setattr(module, "MOST_PHOTOS", count / 5)
    for asked in (long_names, short_names):
        with pytest.raises(BadInput, match="of a preview"):
            planned(asked)


# --- what a page cannot be asked ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"gsd_m_per_px": None}, BadInput, "either a ground sample distance or a crack width"),
        ({"crack_width_mm": 0.2}, BadInput, "either a ground sample distance or a crack width"),
        ({"gsd_m_per_px": None, "crack_width_mm": 51}, BadInput, "outside 0.01–50 mm"),
        (
            {"gsd_m_per_px": None, "crack_width_mm": 0.3, "precision": "exact"},
            BadInput,
            "none of screening, standard, precise",
        ),
        ({"gsd_m_per_px": float("nan")}, BadInput, "outside 0.01–500 mm/px"),
        ({"purpose": "selfie"}, NotFound, "no purpose 'selfie'"),
        ({"camera": "dji_p1"}, BadInput, "say which"),
        ({"camera": "kodak"}, NotFound, "no camera 'kodak'"),
        ({"drone": "balloon"}, NotFound, "no drone 'balloon'"),
        ({"overlap_front": 0.1}, BadInput, "front overlap 10%"),
        ({"reserve": 0.81}, BadInput, "reserve"),
        ({"altitude_frame": AltitudeFrame.MSL}, BadInput, "--takeoff-msl-m"),
        ({"rules": ("jp_uas_rule", "de_luftvo")}, NotFound, "de_luftvo"),
        ({"pattern": Pattern.AREA}, BadGeometry, "needs a Polygon"),
        ({"pattern": Pattern.SOFFIT}, BadGeometry, "needs a Polygon"),
        (
            {"features": [{"type": "Feature", "properties": {}, "geometry": None}]},
            BadInput,
            "geometry",
        ),
        ({"takeoff_latlon_deg": (-36.6, 136.6)}, BadInput, "km from take-off"),
    ],
)
def test_a_wish_that_cannot_be_had_is_refused_in_words(
    changes: dict[str, Any], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        preview(replace(wish(Pattern.FACADE, WALL), **changes))


def test_a_crack_width_is_a_gsd() -> None:
    """0.3 mm: standard 0.3, screening 0.9, precise 0.15 mm/px (domain §4.7)."""
    for precision, gsd_mm in (("standard", 0.3), ("screening", 0.9), ("precise", 0.15)):
        asked = wish(
            Pattern.FACADE, WALL, gsd_m_per_px=None, crack_width_mm=0.3, precision=precision,
            drone="dji_m350", camera="sony_a7r@85",
        )  # fmt: skip
        assert planned(asked).gsd_m_per_px * 1000 == pytest.approx(gsd_mm)


def test_the_report_of_the_command_tells_what_the_page_tells(tmp_path: Path) -> None:
    asked = wish(Pattern.FACADE, WALL, drone="dji_m350")
    site = write(tmp_path / "site.geojson", WALL)
    ran = fly(
        "plan", "facade", site, "--camera", "dji_p1@50", "--gsd-mm-per-px", "0.3", "--drone",
        "dji_m350", "--takeoff", f"{HOME[0]},{HOME[1]}", "--out", tmp_path / "it.kmz", "--json",
    )  # fmt: skip
    report, found = json.loads(ran.out), preview(asked)
    assert report["photos"] == len(found.plan.photos)
    assert report["coverage"]["good"] == pytest.approx(found.coverage.good_share, abs=1e-4)
    assert [part["photos"] for part in report["parts"]] == [len(p.photos) for p, _ in found.parts]
    assert report["drone"] == found.drone.code == find_drone("dji_m350").code
