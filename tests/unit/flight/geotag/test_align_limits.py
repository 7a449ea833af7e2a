"""Where matching ends: too many pairs, few photos, uneven shutters, real logs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from flight.geotag.align import align
from flight.geotag.alignment import Unmatched
from flight.geotag.clockscan import Limits, Moments, margin_for, scan
from flight.geotag.photos import find_photos, read_shots
from flight.geotag.shot import number_in_name
from flight.logs.opening import open_log
from flight.logs.trigger import CameraTrigger, TriggerLog
from inspection.errors import BadInput
from tests.support.flightlog import even_flight, line_flight
from tests.support.shots import Camera, photograph, wrong

FLIGHT = line_flight()


def test_too_many_pairs_are_refused_with_a_cure() -> None:
    wide = Moments(
        middle_s=np.zeros(10_000), half_s=np.full(10_000, 0.5), trigger_s=np.zeros(10_000)
    )
    with pytest.raises(BadInput, match="one flight at a time"):
        scan(wide, Limits())


@pytest.mark.parametrize(
    ("values", "told"),
    [({"tolerance_s": 0.0}, "tolerance 0.0 s"), ({"drift_ppm": 5000.0}, "drift 5000.0 ppm")],
)
def test_limits_check_themselves(values: dict[str, float], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        Limits(**values)  # type: ignore[arg-type]


def test_the_margin_grows_with_shots_by_hand() -> None:
    margins = [margin_for(60, 60 - extra) for extra in range(30)]
    assert margins == sorted(margins)
    assert margins[0] == 3
    assert margins[-1] < 12


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("DJI_0018.JPG", 18),
        ("DJI_20230501093000_0042_V.JPG", 42),
        ("DJI_20230501093000_0042_V_bridge7.JPG", 42),
        ("IMG_20230501_093000.jpg", 93000),
        ("pier.jpg", None),
    ],
)
def test_numbers_in_names(name: str, number: int | None) -> None:
    assert number_in_name(name) == number


@pytest.mark.data
def test_the_given_log_with_removed_added_and_3_7_s(data_dir: Path) -> None:
    log = given_log(data_dir)
    removed = frozenset({2, 3, 15, 28, 44})
    added = [-20.0, 33.4, 70.2]
    for resolution, fewest in ((0.01, 51), (1.0, 48)):
        camera = Camera(resolution_s=resolution, delays_s=(0.03, 0.06, 0.02))
        shots, truth = photograph(log, camera, removed=removed, added_s=added)
        found = align(shots, log)
        assert wrong(found, truth) == []
        right = [m for m in found.matched if truth[m.photo] is m.trigger]
        assert len(right) >= fewest


def given_log(data_dir: Path) -> TriggerLog:
    return open_log(data_dir / "flights" / "autopilot_log" / "demo_20items_56cam.BIN")


def test_an_even_rhythm_whose_shutter_alternates_is_refused() -> None:
    """Found by the law: half a tolerance let the grid favour a shift by one."""
    for count in (22, 23):
        log = even_flight(count, 2.35546875)
        shots, _ = photograph(log, Camera(delays_s=(0.1484375, 0.0), resolution_s=0.001))
        assert align(shots, log).matched == ()


def test_whole_seconds_of_few_photos_leave_the_offset_uncertain() -> None:
    """Found by the law: six whole seconds do not tell 1.28 s apart from its neighbour."""
    log = even_flight(9, 1.28125)
    shots, truth = photograph(
        log, Camera(resolution_s=1.0), removed=frozenset({1, 4, 7, 8}), added_s=[0.0]
    )
    found = align(shots, log, limits=Limits(offset_s=(3.575, 3.975)))
    assert wrong(found, truth) == []
    assert Unmatched.COMPETING in {m.reason for m in found.unmatched}


def test_shots_by_hand_do_not_draw_the_clock_to_themselves() -> None:
    """Found by the law: a fit that began at the edge of its peak kept two shots by hand."""
    shots, truth = photograph(
        FLIGHT,
        Camera(resolution_s=0.001),
        removed=frozenset(range(1, 8)),
        added_s=[14.75, 16.5],
    )
    found = align(shots, FLIGHT)
    assert len(found.matched) == 49
    assert wrong(found, truth) == []
    assert found.clock is not None
    assert found.clock.offset_s == pytest.approx(3.7, abs=0.01)


@pytest.mark.data
def test_real_photos_beside_a_log_of_their_own_flight(data_dir: Path) -> None:
    """18 photos with whole seconds, one each 7 s: the rhythm is even, their own GPS decides."""
    files = find_photos([data_dir / "flights" / "brighton_beach"])
    shots = list(read_shots(files).shots)
    assert len(shots) == 18
    clock = timedelta(hours=-5, seconds=2.6)  # summer time there, and a clock 2.6 s fast
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    triggers = [
        CameraTrigger(
            sequence=at + 1,
            at=zero + timedelta(seconds=(shot.camera_s or 0) + 0.05 * (at % 13) + 0.2) - clock,
            lat_deg=(shot.lat_deg or 0) + 6e-6 * (-1) ** at,  # 0.7 m beside
            lon_deg=shot.lon_deg,
            source="CAM",
        )
        for at, shot in enumerate(shots)
    ]
    log = TriggerLog(name="beach.BIN", form="made", triggers=tuple(triggers))
    kept = [shot for at, shot in enumerate(shots) if at not in (0, 7, 8)]
    truth = {shot.name: triggers[at] for at, shot in enumerate(shots)}
    found = align(kept, log)
    assert wrong(found, truth) == []
    assert len(found.matched) == 15
    assert [t.sequence for t in found.missing] == [1, 8, 9]
    assert all((m.distance_m or 9) < 1.0 for m in found.matched)
    blind = [replace(shot, lat_deg=None, lon_deg=None) for shot in kept]
    assert wrong(align(blind, log), truth) == []


def test_a_known_offset_bounds_the_fit_as_well_as_the_search() -> None:
    """Photos at whole seconds, a shot a little over a second: one step on, all would fit better."""
    log = even_flight(17, 1.0234375)
    camera = Camera(offset_s=3.7, drift_ppm=0.0, delays_s=[0.125], resolution_s=1.0)
    shots, truth = photograph(log, camera)
    known = (camera.offset_s - 0.1, camera.offset_s + 0.3)
    found = align(shots, log, limits=Limits(offset_s=known))
    assert wrong(found, truth) == []
    assert found.clock is None or known[0] <= found.clock.offset_s <= known[1]
