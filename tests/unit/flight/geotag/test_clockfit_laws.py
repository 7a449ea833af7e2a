"""The fitted clock and the witnesses: what they find, what they must not claim."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.geotag import witness
from flight.geotag.align import align
from flight.geotag.alignment import DecidedBy, Unmatched
from flight.geotag.clockfit import fit_clock, near, residuals_s, single
from flight.geotag.clockscan import Limits, Moments, Peak, Scan, margin_for
from flight.geotag.shot import Shot, number_in_name, with_honest_resolution
from flight.geotag.witness import choose_peak
from flight.logs.trigger import CameraTrigger, TriggerLog
from tests.support.flightlog import START, even_flight, line_flight
from tests.support.shots import Camera, photograph

TRIGGERS = np.cumsum([0.0, 2.95, 1.94, *[1.9] * 8, 2.36, 6.68, *[1.88] * 10, 3.1, 2.2]) - 25.0


def seen(
    offset_s: float, drift: float, *, half_s: float = 0.005, noise_s: float = 0.0, seed: int = 0
) -> Moments:
    """Give the moments of photos taken at all triggers by a clock."""
    noise = np.random.default_rng(seed).uniform(-noise_s, noise_s, len(TRIGGERS))
    middle = offset_s + (1.0 + drift) * TRIGGERS + noise
    return Moments(middle_s=middle, half_s=np.full(len(middle), half_s), trigger_s=TRIGGERS)


@given(
    offset=st.floats(-50_000, 50_000),
    drift_ppm=st.floats(-140, 140),
    start_s=st.floats(-0.25, 0.25),
    noise_s=st.floats(0, 0.05),
)
def test_a_clock_is_found_from_a_start_that_is_a_little_off(
    offset: float, drift_ppm: float, start_s: float, noise_s: float
) -> None:
    moments = seen(offset, drift_ppm * 1e-6, noise_s=noise_s)
    clock = fit_clock(moments, (offset + start_s, 0.0), Limits())
    assert abs(clock.offset_s - offset) <= clock.uncertainty_s + 0.02
    assert clock.spread_s <= noise_s + 0.012
    assert clock.tolerance_s <= Limits().tolerance_s
    assert abs(clock.drift) <= Limits().drift_ppm * 1e-6 + 1e-12


@given(drift_ppm=st.floats(160, 5000))
def test_a_drift_beyond_its_limit_is_never_claimed(drift_ppm: float) -> None:
    clock = fit_clock(seen(3.7, drift_ppm * 1e-6), (3.7, 0.0), Limits(drift_ppm=150.0))
    assert abs(clock.drift) <= 150e-6 + 1e-12


def test_a_steady_shutter_earns_a_smaller_tolerance_and_a_coarse_clock_does_not() -> None:
    steady = fit_clock(seen(3.7, 0.0), (3.7, 0.0), Limits())
    assert steady.tolerance_s == 0.05
    coarse = fit_clock(seen(3.7, 0.0, half_s=0.5), (3.7, 0.0), Limits())
    assert coarse.tolerance_s == 0.2
    loose = fit_clock(seen(3.7, 0.0, noise_s=0.15), (3.7, 0.0), Limits())
    assert loose.tolerance_s == 0.2


def test_a_start_far_from_any_photo_changes_nothing() -> None:
    clock = fit_clock(seen(3.7, 0.0), (5_000.0, 0.0), Limits())
    assert (clock.offset_s, clock.drift, clock.spread_s) == (5_000.0, 0.0, 0.0)
    assert clock.uncertainty_s >= Limits().tolerance_s


@given(offset=st.floats(-1e5, 1e5), drift_ppm=st.floats(-2000, 2000))
def test_residuals_are_nought_on_the_true_clock(offset: float, drift_ppm: float) -> None:
    residual = residuals_s(seen(offset, drift_ppm * 1e-6), offset, drift_ppm * 1e-6)
    assert np.abs(np.diag(residual)).max() < 1e-6


@given(
    residual=st.lists(st.floats(-2, 2), min_size=1, max_size=12),
    half=st.floats(0, 0.5),
    tolerance=st.floats(0.005, 1),
)
def test_near_grows_with_the_tolerance_and_the_grain(
    residual: list[float], half: float, tolerance: float
) -> None:
    table = np.array([residual])
    narrow = near(table, np.array([half]), tolerance)
    assert (near(table, np.array([half]), tolerance * 2) | ~narrow).all()
    assert (near(table, np.array([half + 0.1]), tolerance) | ~narrow).all()
    assert (narrow == (np.abs(table) <= half + tolerance)).all()


@given(
    edges=st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6).map(
        lambda rows: np.array(rows, dtype=bool)
    )
)
def test_single_edges_have_no_other_on_either_side(edges: np.ndarray) -> None:
    alone = single(edges)
    assert (edges | ~alone).all()
    for photo, trigger in itertools.product(*map(range, edges.shape)):
        others = edges[photo].sum() + edges[:, trigger].sum() - 2 * edges[photo, trigger]
        assert alone[photo, trigger] == (edges[photo, trigger] and others == 0)


@given(photos=st.integers(0, 5000), fit=st.integers(0, 5000))
def test_the_margin_is_three_and_grows_with_what_does_not_fit(photos: int, fit: int) -> None:
    margin = margin_for(photos, fit)
    assert margin >= 3
    assert margin_for(photos + 1, fit) >= margin
    lead, strangers = margin - 3, max(0, photos - fit)
    assert lead**2 >= strangers
    assert lead == 0 or (lead - 1) ** 2 < strangers


def trigger(sequence: int, lat: float | None = 36.5, lon: float | None = 136.6) -> CameraTrigger:
    """Make a trigger at a place."""
    return CameraTrigger(
        sequence=sequence,
        at=START + timedelta(seconds=2 * sequence),
        lat_deg=lat,
        lon_deg=lon,
        source="CAM",
    )


def test_golden_distances_of_the_witnesses() -> None:
    north = 10.0 / 110_960.0
    shots = [
        Shot(name="a", camera_s=0.0, lat_deg=36.5, lon_deg=136.6),
        Shot(name="b", camera_s=0.0, lat_deg=36.5 + north, lon_deg=136.6),
        Shot(name="c", camera_s=0.0),
    ]
    heard = witness.testimony(shots, [trigger(1), trigger(2, None, None)], False, 9.0)
    assert heard.distance_m[0, 0] == 0.0
    assert heard.distance_m[1, 0] == pytest.approx(10.0, abs=0.01)
    assert np.isnan(heard.distance_m[:, 1]).all()
    assert np.isnan(heard.distance_m[2]).all()
    assert heard.placed.tolist() == [[True, True], [False, True], [True, True]]
    assert heard.speaks.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("numbers_photos", "number", "allowed"),
    [
        (True, 7, [False, True]),
        (True, 10_007, [False, True]),
        (True, 8, [False, False]),
        (True, None, [True, True]),
        (False, 7, [True, True]),
    ],
)
def test_numbers_speak_only_where_the_log_counts_as_the_camera(
    numbers_photos: bool, number: int | None, allowed: list[bool]
) -> None:
    shots = [Shot(name="a", camera_s=0.0, number=number)]
    heard = witness.testimony(shots, [trigger(6), trigger(7)], numbers_photos, 10.0)
    assert heard.numbered[0].tolist() == allowed
    assert heard.speaks.tolist() == [numbers_photos and number is not None]


def test_a_count_that_rolls_over_at_ten_thousand_still_meets() -> None:
    shots = [Shot(name="a", camera_s=0.0, number=9_999), Shot(name="b", camera_s=0.0, number=0)]
    heard = witness.testimony(shots, [trigger(9_999), trigger(10_000)], True, 10.0)
    assert heard.numbered.tolist() == [[True, False], [False, True]]


def scanned(*fits: int) -> Scan:
    """Make a scan of peaks a second apart."""
    peaks = [
        Peak(low_s=float(n), high_s=float(n), offset_s=float(n), drift=0.0, fit=fit)
        for n, fit in enumerate(fits)
    ]
    return Scan(peaks=tuple(peaks), margin=3, runner_up=0)


def test_one_peak_is_chosen_without_witnesses_and_of_two_neither() -> None:
    moments = seen(0.0, 0.0)
    shots = [Shot(name=str(n), camera_s=0.0) for n in range(len(TRIGGERS))]
    placeless = [trigger(n, None, None) for n in range(len(TRIGGERS))]
    silent = witness.testimony(shots, placeless, False, 10.0)
    assert choose_peak(scanned(20), moments, Limits(), silent) is not None
    assert choose_peak(scanned(20, 20), moments, Limits(), silent) is None


@settings(max_examples=25, deadline=None)
@given(removed=st.frozensets(st.integers(0, 19), max_size=8), data=st.data())
def test_positions_choose_the_true_offset_of_an_even_rhythm_or_none(
    removed: frozenset[int], data: st.DataObject
) -> None:
    log = even_flight(20, 2.0)
    shots, truth = photograph(log, Camera(offset_s=32_403.7), removed=removed, placed=True)
    known = data.draw(st.integers(0, len(shots)))
    shots = [
        s if n < known else replace(s, lat_deg=None, lon_deg=None) for n, s in enumerate(shots)
    ]
    found = align(shots, log)
    assert all(truth[m.photo] is m.trigger for m in found.matched)
    if found.clock is not None:
        assert found.clock.decided_by is DecidedBy.WITNESSES
        assert known >= 4


@pytest.mark.parametrize("hours", [15.1, -15.1, 24.0, -48.0])
def test_a_clock_further_off_than_any_zone_is_not_believed_unless_it_is_given(
    hours: float,
) -> None:
    log = line_flight(lines=2)
    shots, _ = photograph(log, Camera(offset_s=hours * 3600))
    found = align(shots, log)
    assert found.matched == ()
    assert {m.reason for m in found.unmatched} == {Unmatched.UNLIKE}
    assert f"--clock-offset-s {hours * 3600:.1f}"[:20] in found.unmatched[0].detail
    given_ = Limits(offset_s=(hours * 3600 - 0.5, hours * 3600 + 0.5))
    told = align(shots, log, limits=given_)
    assert len(told.matched) == len(shots)
    assert told.clock is not None
    assert told.clock.decided_by is DecidedBy.GIVEN


@pytest.mark.parametrize("hours", [-12.0, -3.5, 0.0, 5.75, 9.0, 12.75, 14.0])
def test_every_zone_of_the_earth_is_found(hours: float) -> None:
    log = line_flight(lines=2)
    shots, truth = photograph(log, Camera(offset_s=hours * 3600 + 3.7))
    found = align(shots, log)
    assert found.clock is not None
    assert found.clock.offset_s == pytest.approx(hours * 3600 + 3.7, abs=0.02)
    assert [m.trigger for m in found.matches] == [truth[m.photo] for m in found.matches]
    assert found.warnings == ()


def test_midnight_the_new_year_and_a_leap_day_do_not_part_a_flight() -> None:
    for begin in (
        datetime(2026, 12, 31, 23, 59, 40, tzinfo=UTC),
        datetime(2028, 2, 28, 23, 59, 40, tzinfo=UTC),
        datetime(2016, 12, 31, 23, 59, 40, tzinfo=UTC),
        datetime(2026, 3, 31, 14, 59, 40, tzinfo=UTC),
    ):
        line = line_flight(lines=2)
        moved = tuple(
            replace(t, at=begin + (t.at - START)) for t in line.triggers if t.at is not None
        )
        log = TriggerLog(name="n", form="made", triggers=moved)
        shots, truth = photograph(log, Camera(offset_s=32_403.7))
        found = align(shots, log)
        assert [m.trigger for m in found.matches] == [truth[m.photo] for m in found.matches]


@given(st.text(max_size=30))
def test_any_name_has_a_number_of_nine_digits_or_none(name: str) -> None:
    number = number_in_name(name)
    assert number is None or 0 <= number < 10**9


@given(
    fractions=st.lists(st.integers(0, 99), min_size=1, max_size=12),
    step=st.sampled_from([0.01, 1.0]),
)
def test_subseconds_are_believed_unless_they_are_all_one(fractions: list[int], step: float) -> None:
    shots = [
        Shot(name=str(n), camera_s=1000.0 + 7 * n + f / 100, resolution_s=step)
        for n, f in enumerate(fractions)
    ]
    honest = with_honest_resolution(shots)
    lazy = step < 1 and len(shots) >= 4 and len(set(fractions)) == 1
    assert {shot.resolution_s for shot in honest} == {1.0 if lazy else step}
    for before, after in zip(shots, honest, strict=True):
        assert before.camera_s is not None
        assert after.camera_s is not None
        assert 0 <= before.camera_s - after.camera_s < 1.0
