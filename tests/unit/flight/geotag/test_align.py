"""Photos beside triggers: golden cases, one for every reason that a photo gets none."""

import doctest
from dataclasses import replace
from datetime import timedelta

import pytest

from flight.geotag import align as align_module
from flight.geotag import clockfit, clockscan, shot
from flight.geotag.align import align
from flight.geotag.alignment import Confidence, Unmatched
from flight.geotag.clockscan import Limits
from flight.geotag.shot import Shot
from flight.logs.positionlist import read_position_list
from inspection.errors import BadInput
from tests.support.flightlog import even_flight, line_flight
from tests.support.shots import Camera, photograph, wrong

FLIGHT = line_flight()


def test_doctests_hold() -> None:
    for module in (align_module, clockfit, clockscan, shot):
        assert doctest.testmod(module).failed == 0


def test_a_whole_flight_with_a_clock_3_7_s_fast() -> None:
    shots, truth = photograph(FLIGHT, Camera())
    found = align(shots, FLIGHT)
    assert len(found.matched) == 56
    assert wrong(found, truth) == []
    assert found.missing == ()
    assert found.clock is not None
    assert found.clock.offset_s == pytest.approx(3.7, abs=0.02)
    assert {match.confidence for match in found.matched} == {Confidence.HIGH}


def test_hours_of_time_zone_are_part_of_the_offset() -> None:
    shots, truth = photograph(FLIGHT, Camera(offset_s=9 * 3600 - 2.2))
    found = align(shots, FLIGHT)
    assert len(found.matched) == 56
    assert wrong(found, truth) == []
    assert found.clock is not None
    assert found.clock.offset_s == pytest.approx(9 * 3600 - 2.2, abs=0.02)


def test_removed_and_added_photos_are_told_by_name_and_number() -> None:
    removed = frozenset({0, 1, 19, 20, 33, 55})
    shots, truth = photograph(FLIGHT, Camera(), removed=removed, added_s=[-30.0, 41.15, 300.0])
    found = align(shots, FLIGHT)
    assert len(found.matched) == 50
    assert wrong(found, truth) == []
    assert [t.sequence for t in found.missing] == [1, 2, 20, 21, 34, 56]
    by_hand = {name for name, trigger in truth.items() if trigger is None}
    assert {m.photo for m in found.unmatched} == by_hand
    assert {m.reason for m in found.unmatched} == {Unmatched.NO_TRIGGER}
    assert all("nearest trigger" in m.detail for m in found.unmatched)


def test_the_order_of_the_photos_does_not_matter() -> None:
    shots, truth = photograph(FLIGHT, Camera(), removed=frozenset({7}))
    found = align(shots[::-1], FLIGHT)
    assert [m.photo for m in found.matches] == [s.name for s in shots[::-1]]
    assert len(found.matched) == 55
    assert wrong(found, truth) == []


def test_whole_seconds_are_enough_when_the_rhythm_is_not_even() -> None:
    shots, truth = photograph(FLIGHT, Camera(resolution_s=1.0))
    found = align(shots, FLIGHT)
    assert len(found.matched) >= 54
    assert wrong(found, truth) == []


def test_subseconds_that_are_always_zero_are_no_subseconds() -> None:
    shots, truth = photograph(FLIGHT, Camera(resolution_s=1.0))
    lazy = [replace(one, resolution_s=0.01) for one in shots]
    found = align(lazy, FLIGHT)
    assert len(found.matched) >= 54
    assert wrong(found, truth) == []


def test_clocks_of_different_steps_in_one_folder() -> None:
    fine, truth = photograph(FLIGHT, Camera())
    coarse, _ = photograph(FLIGHT, Camera(resolution_s=1.0))
    shots = [coarse[at] if at % 3 == 0 else fine[at] for at in range(56)]
    found = align(shots, FLIGHT)
    assert wrong(found, truth) == []
    assert len(found.matched) >= 52


def test_drift_of_a_long_flight_is_found() -> None:
    long = line_flight(lines=40)
    shots, truth = photograph(long, Camera(offset_s=-75.0, drift_ppm=120.0))
    found = align(shots, long)
    assert len(found.matched) == 560
    assert wrong(found, truth) == []
    assert found.clock is not None
    assert found.clock.drift_ppm == pytest.approx(120.0, abs=5.0)


def test_an_even_rhythm_is_refused_with_its_rivals() -> None:
    log = even_flight(30, 2.0)
    shots, _ = photograph(log, Camera())
    found = align(shots, log)
    assert found.matched == ()
    assert {m.reason for m in found.unmatched} == {Unmatched.AMBIGUOUS}
    assert "--clock-offset-s" in found.matches[0].detail
    assert any(abs(offset - 3.7) < 0.3 for offset in found.rivals_s)
    assert any(abs(offset - 5.7) < 0.3 for offset in found.rivals_s)
    assert len(found.missing) == 30


def test_an_even_rhythm_is_decided_by_a_known_offset() -> None:
    log = even_flight(30, 2.0)
    shots, truth = photograph(log, Camera(), removed=frozenset({0, 9}), added_s=[7.1])
    found = align(shots, log, limits=Limits(offset_s=(3.4, 4.1)))
    assert len(found.matched) == 28
    assert wrong(found, truth) == []
    assert [m.reason for m in found.unmatched] == [Unmatched.NO_TRIGGER]


def test_a_known_offset_wider_than_the_rhythm_stays_ambiguous() -> None:
    log = even_flight(30, 2.0)
    shots, _ = photograph(log, Camera())
    found = align(shots, log, limits=Limits(offset_s=(0.0, 8.0)))
    assert found.matched == ()
    assert {m.reason for m in found.unmatched} == {Unmatched.AMBIGUOUS}


def test_positions_decide_an_even_rhythm() -> None:
    log = even_flight(30, 2.0)
    shots, truth = photograph(log, Camera(), removed=frozenset({0, 9, 10}), placed=True)
    found = align(shots, log)
    assert len(found.matched) == 27
    assert wrong(found, truth) == []
    assert {round(m.distance_m or 0.0) for m in found.matched} == {0}


def test_numbers_of_a_camera_that_writes_the_log_decide_an_even_rhythm() -> None:
    log = replace(even_flight(30, 2.0), numbers_photos=True)
    shots, truth = photograph(log, Camera())  # numbered 1–30 as the log
    kept = [one for one in shots if one.number not in (1, 2, 17)]
    found = align(kept, log)
    assert len(found.matched) == 27
    assert wrong(found, truth) == []
    without = align(kept, replace(log, numbers_photos=False))
    assert without.matched == ()


def test_renamed_photos_are_told_and_matched_by_time() -> None:
    log = replace(FLIGHT, numbers_photos=True)
    shots, truth = photograph(log, Camera())
    renamed = [replace(one, number=(one.number or 0) + 300) for one in shots]
    found = align(renamed, log)
    assert len(found.matched) == 56
    assert wrong(found, truth) == []
    assert "renamed" in found.warnings[0]


def test_old_positions_are_told_and_not_used() -> None:
    shots, truth = photograph(FLIGHT, Camera(), placed=True)
    moved = [replace(one, lat_deg=(one.lat_deg or 0) + 0.01) for one in shots]
    found = align(moved, FLIGHT)
    assert len(found.matched) == 56
    assert wrong(found, truth) == []
    assert "old fix" in found.warnings[0]


def test_one_photo_from_elsewhere_is_set_aside() -> None:
    shots, truth = photograph(FLIGHT, Camera(), placed=True)
    shots[20] = replace(shots[20], lat_deg=36.7)
    found = align(shots, FLIGHT)
    assert len(found.matched) == 55
    assert wrong(found, truth) == []
    assert found.unmatched[0].reason is Unmatched.ELSEWHERE
    assert "m away" in found.unmatched[0].detail


def test_two_photos_of_one_trigger_are_both_left_out() -> None:
    shots, truth = photograph(FLIGHT, Camera(delays_s=(0.0, 0.04, 0.09)))
    twin = replace(shots[30], name="twin.JPG", camera_s=(shots[30].camera_s or 0) + 0.05)
    found = align([*shots, twin], FLIGHT)
    assert wrong(found, {**truth, "twin.JPG": None}) == []
    assert {m.photo for m in found.unmatched} == {shots[30].name, "twin.JPG"}
    assert {m.reason for m in found.unmatched} == {Unmatched.COMPETING}
    assert "twin.JPG could be the photo of trigger 31" in found.unmatched[0].detail


def test_two_triggers_for_one_photo_leave_it_out() -> None:
    first = FLIGHT.triggers[10]
    assert first.at is not None
    shots, truth = photograph(FLIGHT, Camera(delays_s=(0.0, 0.05, 0.1)))
    double = replace(first, sequence=99, at=first.at + timedelta(seconds=0.08))
    log = replace(FLIGHT, triggers=(*FLIGHT.triggers, double))
    found = align(shots, log)
    assert wrong(found, truth) == []
    assert found.unmatched[0].reason is Unmatched.COMPETING
    assert "11, 99" in found.unmatched[0].detail


def test_the_photos_of_another_flight_are_not_matched() -> None:
    other = even_flight(40, 2.3)
    shots, _ = photograph(other, Camera())
    found = align(shots, FLIGHT)
    assert found.matched == ()
    assert {m.reason for m in found.unmatched} <= {Unmatched.UNLIKE, Unmatched.AMBIGUOUS}


def test_the_same_mission_of_another_day_is_not_matched() -> None:
    shots, _ = photograph(FLIGHT, Camera(offset_s=7 * 86_400.0))
    found = align(shots, FLIGHT)
    assert found.matched == ()
    assert found.matches[0].reason is Unmatched.UNLIKE
    assert "another day" in found.matches[0].detail
    told = align(shots, FLIGHT, limits=Limits(offset_s=(7 * 86_400.0 - 1, 7 * 86_400.0 + 1)))
    assert len(told.matched) == 56  # a camera that was reset: a person has said so


def test_a_clock_minutes_off_its_zone_is_told() -> None:
    shots, _ = photograph(FLIGHT, Camera(offset_s=9 * 3600 + 420.0))
    found = align(shots, FLIGHT)
    assert len(found.matched) == 56
    assert "+7.0 min off its time zone" in found.warnings[0]


def test_two_flights_of_one_mission_in_one_folder_are_refused() -> None:
    first, _ = photograph(FLIGHT, Camera())
    second, _ = photograph(FLIGHT, Camera(offset_s=1800.0))
    renamed = [replace(one, name=f"B{one.name}") for one in second]
    found = align([*first, *renamed], FLIGHT)
    assert found.matched == ()
    assert {m.reason for m in found.unmatched} == {Unmatched.AMBIGUOUS}


def test_a_few_photos_with_a_dead_clock_do_not_spoil_the_rest() -> None:
    shots, truth = photograph(FLIGHT, Camera())
    reset = [
        replace(shots[n], camera_s=9.46e8 + n, name=f"reset{n}.JPG", number=None) for n in range(3)
    ]
    found = align([*shots[3:], *reset], FLIGHT)
    assert len(found.matched) == 53
    assert wrong(found, truth) == []
    assert {m.reason for m in found.unmatched} == {Unmatched.NO_TRIGGER}


def test_photos_without_a_time_are_told() -> None:
    shots, truth = photograph(FLIGHT, Camera())
    shots[4] = replace(shots[4], camera_s=None)
    found = align(shots, FLIGHT)
    assert len(found.matched) == 55
    assert wrong(found, truth) == []
    assert found.matches[4].reason is Unmatched.NO_TIME
    none = align([replace(one, camera_s=None) for one in shots], FLIGHT)
    assert {m.reason for m in none.matches} == {Unmatched.NO_TIME}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_photos_says_nothing_about_an_unknown_clock(count: int) -> None:
    shots, _ = photograph(FLIGHT, Camera())
    assert align(shots[:count], FLIGHT).matched == ()
    told = align(shots[:count], FLIGHT, limits=Limits(offset_s=(3.5, 3.9)))
    assert len(told.matched) == count


def test_no_photos_and_no_times() -> None:
    assert align([], FLIGHT).matches == ()
    timeless = replace(FLIGHT, triggers=tuple(replace(t, at=None) for t in FLIGHT.triggers))
    with pytest.raises(BadInput, match="no trigger has a time"):
        align([Shot(name="a.JPG", camera_s=1.0)], timeless)


def test_a_table_of_positions_goes_by_names() -> None:
    log = read_position_list(
        "image,lat,lon\nDSC1.tif,36,136\nDSC2.JPG,36,136\nDSC9.JPG,36,136\n", "a.csv"
    )
    names = ["dsc1.JPG", "sub/DSC2.JPG", "DSC3.JPG", "DSC1.jpeg"]
    found = align([Shot(name=name, camera_s=None) for name in names], log)
    assert [m.trigger.image if m.trigger else None for m in found.matches] == [
        "DSC1.tif",
        "DSC2.JPG",
        None,
        None,
    ]
    assert found.matches[2].reason is Unmatched.NOT_LISTED
    assert "taken" in found.matches[3].detail
    assert [t.image for t in found.missing] == ["DSC9.JPG"]
