"""Planning for the pages: the size is known before, the same wish gives the same plan."""

from typing import Any

import numpy as np
import pytest

from flight.flightplan import Pattern
from flight.preview import MOST_FEATURES, Wish, mission_file, planned, preview
from inspection.errors import BadInput, NotFound
from tests.support.courses import HOME, lonlats


def feature(kind: str, coordinates: object, **properties: Any) -> dict[str, Any]:
    """Draw a feature."""
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": properties,
    }


def box(x_m: float, y_m: float) -> list[list[list[float]]]:
    """Give a rectangle with a corner at home."""
    return [lonlats([(5, 5), (5 + x_m, 5), (5 + x_m, 5 + y_m), (5, 5 + y_m), (5, 5)])]


WISHES = [
    Wish(
        name="deck", pattern=Pattern.AREA, camera="dji_m3e_wide", gsd_m_per_px=0.003,
        features=[feature("Polygon", box(120, 60))], takeoff_latlon_deg=HOME,
    ),
    Wish(
        name="road", pattern=Pattern.CORRIDOR, camera="dji_m3e_wide", gsd_m_per_px=0.003,
        features=[feature("LineString", lonlats([(5, 5), (200, 40)]), width_m=10)],
        takeoff_latlon_deg=HOME,
    ),
    Wish(
        name="wall", pattern=Pattern.FACADE, camera="dji_p1@50", gsd_m_per_px=0.0006,
        features=[feature("LineString", lonlats([(5, 30), (45, 30)]), bottom_m=2, top_m=14)],
        takeoff_latlon_deg=HOME,
    ),
    Wish(
        name="pier", pattern=Pattern.ORBIT, camera="dji_p1@50", gsd_m_per_px=0.0006,
        features=[feature("Point", lonlats([(30, 30)])[0], radius_m=1.5, bottom_m=2, top_m=14)],
        takeoff_latlon_deg=HOME,
    ),
]  # fmt: skip


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.name)
def test_the_estimate_is_of_the_size_of_the_plan(
    wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound refuses neither what is half as large nor lets through what is five times so."""
    import flight.preview as module

    count = len(planned(wish).photos)
    monkeypatch.setattr(module, "MOST_PHOTOS", 2 * count)
    planned(wish)
    monkeypatch.setattr(module, "MOST_PHOTOS", count / 5)
    with pytest.raises(BadInput, match="of a preview"):
        planned(wish)


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.name)
def test_a_preview_is_not_refused_by_its_own_check(wish: Wish) -> None:
    """What the planner plans keeps fence, stand-off, battery, gimbal, blur and capacity.

    A part may fill its battery nearly whole; then the check warns.
    """
    found = preview(wish)
    assert len(found.examinations) == len(found.parts) >= 1
    for one in found.examinations:
        assert [finding.check for finding in one.refusals] == []
        passed = {f.check for f in one.findings if f.outcome.value == "pass"}
        assert {"altitude_frame", "capacity", "fence", "structure", "gimbal"} <= passed


def test_the_same_wish_gives_the_same_file() -> None:
    first, second = (mission_file(WISHES[2], ".plan", 1)[0] for _ in range(2))
    assert first == second and b"geoFence" in first


def test_positions_are_where_they_were_drawn() -> None:
    plan = planned(WISHES[2])
    spots = plan.positions_m
    assert spots[:, 0].min() > 0 and spots[:, 0].max() < 50
    assert np.ptp(spots[:, 1]) < 0.5


def test_too_many_or_no_features_are_refused() -> None:
    for features in ([], [feature("Polygon", box(9, 9))] * (MOST_FEATURES + 1)):
        wish = Wish(
            name="x", pattern=Pattern.AREA, camera="dji_m3e_wide", gsd_m_per_px=0.003,
            features=features,
        )  # fmt: skip
        with pytest.raises(BadInput, match="1 to 200 features"):
            planned(wish)


def test_rules_are_names_and_never_paths() -> None:
    from dataclasses import replace

    with pytest.raises(NotFound, match="there is no rule file"):
        preview(replace(WISHES[2], rules=("../../etc/passwd",)))
