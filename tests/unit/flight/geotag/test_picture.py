"""The picture of an alignment: each kind of mark where it belongs."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from flight.geotag.align import align
from flight.geotag.picture import EXTRA, MATCHED, MISSING, TOP, draw, write_picture
from inspection.errors import BadInput
from tests.support.flightlog import even_flight, line_flight
from tests.support.shots import Camera, photograph

FLIGHT = line_flight()


def marks(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Count separate marks of a colour below the legend."""
    body = picture[TOP - 10 :]
    mask = (np.abs(body.astype(int) - colour).max(axis=2) < 3).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return int((stats[1:count, cv2.CC_STAT_AREA] >= 25).sum())


def test_missing_and_extra_marks_are_as_many_as_they_are() -> None:
    removed = frozenset({4, 5, 21, 40})
    shots, _ = photograph(FLIGHT, Camera(), removed=removed, added_s=[40.4, 99.2])
    found = align(shots, FLIGHT)
    picture = draw(found, shots, FLIGHT)
    assert marks(picture, MISSING) == 4
    assert marks(picture, EXTRA) == 2
    assert marks(picture, MATCHED) >= 40  # pairs are one mark each, neighbours may touch


def test_without_a_clock_no_photo_is_drawn_and_every_trigger_is_missing() -> None:
    log = even_flight(12, 2.0)
    shots, _ = photograph(log, Camera())
    picture = draw(align(shots, log), shots, log)
    assert marks(picture, MISSING) == 12
    assert marks(picture, MATCHED) == marks(picture, EXTRA) == 0


def test_a_long_flight_keeps_its_size() -> None:
    long = line_flight(lines=60)
    shots, _ = photograph(long, Camera())
    height, width, _ = draw(align(shots, long), shots, long).shape
    assert width == 1400
    assert 400 < height < 6000


def test_a_single_trigger_can_be_drawn() -> None:
    one = replace(FLIGHT, triggers=FLIGHT.triggers[:1])
    shots, _ = photograph(one, Camera())
    assert marks(draw(align(shots, one), shots, one), MISSING) == 1


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    timeless = replace(FLIGHT, triggers=tuple(replace(t, at=None) for t in FLIGHT.triggers))
    shots, _ = photograph(FLIGHT, Camera())
    with pytest.raises(BadInput, match="no times"):
        draw(align(shots, FLIGHT), shots, timeless)
    with pytest.raises(BadInput, match=r"\.png"):
        write_picture(tmp_path / "a.gif", np.zeros((4, 4, 3), np.uint8))
    write_picture(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert cv2.imread(str(tmp_path / "a.png")).shape == (4, 4, 3)
