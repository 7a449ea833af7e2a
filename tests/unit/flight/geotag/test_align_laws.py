"""The law of the alignment: whatever was done to the photos, none gets another's trigger."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.geotag.align import align
from flight.geotag.alignment import Alignment
from flight.geotag.clockscan import Limits
from flight.logs.opening import open_log
from flight.logs.trigger import CameraTrigger, TriggerLog
from tests.support.flightlog import even_flight, line_flight
from tests.support.shots import Camera, photograph, wrong

LAW = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SHUTTER_S = 0.15
"""Greatest difference of the shutter's delay that is drawn; the tolerance is 0.2 s."""


@cache
def given_log(path: Path) -> TriggerLog:
    return open_log(path)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    zone = draw(st.integers(-48, 56)) * 900.0
    return Camera(
        offset_s=zone + draw(st.one_of(st.just(3.7), st.floats(-200, 200))),
        drift_ppm=draw(st.floats(-100, 100)),
        delays_s=draw(st.lists(st.floats(0, SHUTTER_S), min_size=1, max_size=9)),
        resolution_s=draw(st.sampled_from((0.001, 0.01, 0.1, 1.0))),
    )


@st.composite
def edits(draw: st.DrawFn, count: int) -> tuple[frozenset[int], list[float]]:
    """Draw single photos and whole runs to remove, and moments of shots by hand."""
    single = draw(st.frozensets(st.integers(0, count - 1), max_size=count // 2))
    begin = draw(st.integers(0, count))
    run = frozenset(range(begin, begin + draw(st.integers(0, count // 3))))
    removed = (single | run) & frozenset(range(count))
    added = draw(st.lists(st.floats(-60, 220), max_size=12))
    return removed, added


def check(found: Alignment, log: TriggerLog, truth: dict[str, CameraTrigger | None]) -> None:
    """Check what must hold for any alignment."""
    assert wrong(found, truth) == []
    assert [match.photo for match in found.matches] == list(truth)
    used = [match.trigger.sequence for match in found.matched if match.trigger is not None]
    assert len(used) == len(set(used))
    missing = {trigger.sequence for trigger in found.missing}
    assert missing | set(used) == {trigger.sequence for trigger in log.triggers}
    assert not missing & set(used)
    assert all(match.detail and match.reason for match in found.unmatched)
    for match in found.matched:  # a shot by hand may only stand in for a photo that is gone
        if truth[match.photo] is None:
            assert match.trigger not in truth.values()


@LAW
@given(camera=cameras(), data=st.data())
def test_never_wrong_on_lines(camera: Camera, data: st.DataObject) -> None:
    log = line_flight()
    removed, added = data.draw(edits(56))
    shots, truth = photograph(log, camera, removed=removed, added_s=added)
    check(align(shots, log), log, truth)


@LAW
@given(camera=cameras(), data=st.data(), beat=st.floats(0.5, 5.0), count=st.integers(4, 60))
def test_never_wrong_on_an_even_rhythm(
    camera: Camera, data: st.DataObject, beat: float, count: int
) -> None:
    log = even_flight(count, beat)
    removed, added = data.draw(edits(count))
    shots, truth = photograph(log, camera, removed=removed, added_s=added)
    found = align(shots, log)
    check(found, log, truth)
    if camera.resolution_s < 1.0 and not added:
        assert found.matched == ()  # nothing in the log tells one from its neighbour


@LAW
@given(camera=cameras(), data=st.data(), beat=st.floats(1.0, 5.0), count=st.integers(1, 60))
def test_never_wrong_with_a_known_offset(
    camera: Camera, data: st.DataObject, beat: float, count: int
) -> None:
    log = even_flight(count, beat)
    removed, added = data.draw(edits(count))
    shots, truth = photograph(log, camera, removed=removed, added_s=added)
    middle = camera.offset_s + SHUTTER_S / 2
    found = align(shots, log, limits=Limits(offset_s=(middle - 0.2, middle + 0.2)))
    check(found, log, truth)


@LAW
@given(camera=cameras(), data=st.data())
def test_few_edits_leave_almost_all_photos_matched(camera: Camera, data: st.DataObject) -> None:
    log = line_flight()
    removed = data.draw(st.frozensets(st.integers(0, 55), max_size=4))
    shots, truth = photograph(log, camera, removed=removed)
    found = align(shots, log)
    check(found, log, truth)
    allowed = 0 if camera.resolution_s < 1.0 else 6
    assert len(found.matched) >= 56 - len(removed) - allowed


@pytest.mark.data
@LAW
@given(camera=cameras(), data=st.data())
def test_never_wrong_on_the_given_log(data_dir: Path, camera: Camera, data: st.DataObject) -> None:
    log = given_log(data_dir / "flights" / "autopilot_log" / "demo_20items_56cam.BIN")
    removed, added = data.draw(edits(56))
    shots, truth = photograph(log, camera, removed=removed, added_s=added)
    check(align(shots, log), log, truth)
