"""Another run of the machine: what engineers drew stays, and what they superseded stays away."""

import uuid
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.defect import HAND, Defect, Observation, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.consolidate import consolidate
from tests.support.damage import area, crack, defect

NEXT = uuid.UUID("00000000-0000-4000-8000-000000000002")
HALVES = [(0.0, 2.0), (2.0, 4.0)]


def line(x0: float, x1: float, **options: Any) -> Observation:
    return crack([(x0, 0.0), (x1, 0.0)], **options)


def by_hand(seen: Observation) -> Observation:
    return replace(seen, model_id=HAND, observation_id=uuid.uuid5(seen.observation_id, "hand"))


def was_split() -> tuple[Defect, list[Defect]]:
    """Give a crack of 4 m that an engineer cut in the middle, and the halves."""
    whole = replace(defect(line(0.0, 4.0)), state=ReviewState.SUPERSEDED, version=2)
    return whole, [defect(by_hand(line(*half))) for half in HALVES]


def was_merged() -> tuple[list[Defect], Defect]:
    halves = [
        replace(defect(line(*half)), state=ReviewState.SUPERSEDED, version=2) for half in HALVES
    ]
    return halves, defect(by_hand(line(0.0, 4.0)))


cuts = st.lists(st.floats(0.2, 3.8), max_size=4, unique=True).map(sorted)


@settings(max_examples=40)
@given(cuts=cuts, merged=st.booleans(), shift=st.floats(-0.03, 0.03))
def test_however_another_model_cuts_the_crack_nothing_comes_back(
    cuts: list[float], merged: bool, shift: float
) -> None:
    """The same survey again: sightings are tied to what holds the place, and change nothing."""
    if merged:
        closed, standing = was_merged()[0], [was_merged()[1]]
    else:
        closed, standing = [was_split()[0]], was_split()[1]
    known = [*closed, *standing]
    ends = [0.0, *cuts, 4.0]
    again = [
        crack([(a, shift), (b, shift)], seed="another model")
        for a, b in pairwise(ends)
        if b - a > 1e-3
    ]
    answer = consolidate(again, known=known, asset_id="bridge")
    assert answer.new == ()
    assert answer.matched == ()
    before = {d.defect_id: d for d in known}
    for after in answer.defects:
        was = before[after.defect_id]
        assert replace(after, observation_ids=was.observation_ids) == was
    tied = {key for d in answer.defects for key in d.observation_ids}
    assert {o.observation_id for o in again} <= tied  # and none is lost
    twice = consolidate(
        again,
        known=[next((d for d in answer.defects if d.defect_id == k.defect_id), k) for k in known],
        asset_id="bridge",
    )
    assert (twice.defects, twice.new, twice.held) == ((), (), ())


def test_the_machine_s_own_sightings_come_back_as_unchanged() -> None:
    whole, halves = was_split()
    answer = consolidate([whole.latest], known=[whole, *halves], asset_id="bridge")
    assert (answer.defects, answer.new, answer.unchanged) == ((), (), (whole.defect_id,))
    assert set(answer.unseen) == {half.defect_id for half in halves}  # not seen, and still there


def test_a_piece_beside_the_first_pixel_is_absorbed_too() -> None:
    """Another model's first piece may have the identifier of the old whole; the rest is new."""
    whole, halves = was_split()
    shorter = replace(line(0.0, 1.0), observation_id=whole.latest.observation_id)
    rest = line(1.2, 4.0, seed="rest")
    answer = consolidate([shorter, rest], known=[whole, *halves], asset_id="bridge")
    assert answer.new == ()


def test_a_redrawn_defect_keeps_its_drawing_in_its_survey_and_is_renewed_by_the_next() -> None:
    machine = line(0.0, 4.0)
    drawing = by_hand(line(0.0, 3.0))
    redrawn = replace(
        defect(machine),
        latest=drawing,
        observation_ids=(machine.observation_id, drawing.observation_id),
    )
    again = consolidate([line(0.0, 3.9, seed="x")], known=[redrawn], asset_id="bridge")
    (kept,) = again.defects
    assert (kept.latest, again.held) == (drawing, (redrawn.defect_id,))
    next_year = line(0.0, 3.1, survey=NEXT, mosaic="b" * 64)
    later = consolidate([next_year], known=[redrawn], asset_id="bridge")
    assert later.matched == (redrawn.defect_id,)
    assert later.defects[0].latest is next_year


def test_a_drawing_is_never_dropped_by_a_run_that_sees_nothing() -> None:
    missed = defect(by_hand(area(shapely.box(0, 0, 1, 1), DamageClass.SPALL)))
    answer = consolidate([], known=[missed], asset_id="bridge")
    assert (answer.defects, answer.unseen) == ((), (missed.defect_id,))


def test_a_later_survey_belongs_to_what_stands() -> None:
    """Next year's whole crack continues a half or is new; the superseded whole stays closed."""
    closed, standing = was_merged()
    seen = line(0.0, 4.0, survey=NEXT, mosaic="b" * 64)
    answer = consolidate([seen], known=[*closed, standing], asset_id="bridge")
    assert (answer.matched, answer.new) == ((standing.defect_id,), ())
    whole, halves = was_split()
    pieces = [line(*half, survey=NEXT, mosaic="b" * 64) for half in HALVES]
    answer = consolidate(pieces, known=[whole, *halves], asset_id="bridge")
    assert set(answer.matched) == {half.defect_id for half in halves}
    assert answer.new == ()


@pytest.mark.parametrize("gap_m", [0.2, 5.0])
def test_what_lies_elsewhere_is_new(gap_m: float) -> None:
    whole, halves = was_split()
    beside = crack([(0.0, gap_m), (4.0, gap_m)], seed="another crack")
    answer = consolidate([beside], known=[whole, *halves], asset_id="bridge")
    assert len(answer.new) == 1


def test_a_machine_s_defect_nearby_takes_its_own_sighting() -> None:
    """Where a drawing and a machine's defect both fit, the better one counts."""
    drawing = defect(by_hand(line(0.0, 4.0)))
    neighbour = defect(crack([(0.0, 0.04), (4.0, 0.04)]))
    seen = crack([(0.0, 0.041), (4.0, 0.041)], seed="again")
    answer = consolidate([seen], known=[drawing, neighbour], asset_id="bridge")
    assert answer.matched == (neighbour.defect_id,)
