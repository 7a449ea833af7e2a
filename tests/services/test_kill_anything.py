"""Whoever dies at whatever moment: rows and blobs are those of an undisturbed run; a short version.

The long one is ``python -m tests.benchmarks.kill_anything --kills 50``.
"""

import random
from dataclasses import replace

import pytest

from tests.benchmarks.kill_anything import compare
from tests.support.surviving import VICTIMS, Deaths, Left, differences, lasting

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]

KILLS = 4


def test_everybody_dies_once_and_nothing_is_lost_or_twice_or_undecided() -> None:
    outcome, different = compare(surveys=1, kills=KILLS, seed=11)
    assert set(outcome.died) == set(VICTIMS)
    assert len(outcome.died) >= KILLS
    assert different == []
    rows, blobs = outcome.left.rows, outcome.left.blobs
    assert outcome.decided == len(rows["reviews"]) == 3
    assert len(rows["survey_photos"]) == len(rows["photos"]) == 3
    assert len(rows["orthomosaics"]) == 2  # of the survey of before, and of the new one
    assert sum(key.startswith("photos/") for key in blobs) == 3


LEFT = Left(rows={"photos": ["a", "b", "b"], "reviews": []}, blobs={"x": "1", "y": "2"})


def test_whatever_differs_is_told() -> None:
    assert differences(LEFT, LEFT) == []
    lost = replace(LEFT, rows={"photos": ["a", "b"], "reviews": []}, blobs={"x": "1"})
    assert differences(LEFT, lost) == ["photos: only undisturbed b", "blob y: 2 and None"]
    twice = replace(LEFT, rows={"photos": ["a", "b", "b", "b"], "reviews": []})
    assert differences(LEFT, twice) == ["photos: only killed b"]
    changed = replace(LEFT, blobs={"x": "1", "y": "3"})
    assert differences(LEFT, changed) == ["blob y: 2 and 3"]


def test_only_when_and_how_long_passes() -> None:
    row = {"name": "a", "seconds": 3.2, "result": {"n": [{"seconds": 1, "m": 2}], "seq": 9}}
    assert lasting(row) == {"name": "a", "result": {"n": [{"m": 2}]}}


def test_each_dies_once_before_anybody_dies_twice() -> None:
    deaths = Deaths(cluster=None, wanted=9, order=random.Random(2))  # type: ignore[arg-type]
    for _ in range(9):
        deaths.died.append(deaths._next())
    assert set(deaths.died[:4]) == set(VICTIMS)
    assert deaths.over
