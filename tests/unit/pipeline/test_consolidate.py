"""Consolidating: the same damage keeps its identity, and nothing else gets it."""

import random
import uuid
from dataclasses import replace

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.pipeline.consolidate import consolidate, defect_id, overlap_iou
from tests.support.damage import area, crack, defect, quantity, with_width

NEXT = uuid.UUID("00000000-0000-4000-8000-000000000002")
LINE = [(0.0, 0.0), (1.0, 0.1), (2.0, 0.0)]


def moved(points: list[tuple[float, float]], dx: float, dy: float) -> list[tuple[float, float]]:
    return [(x + dx, y + dy) for x, y in points]


def later(points: list[tuple[float, float]], **options: object) -> Observation:
    return crack(points, survey=NEXT, mosaic="b" * 64, **options)  # type: ignore[arg-type]


def known(*observations: Observation) -> list[Defect]:
    return list(consolidate(observations, known=[], asset_id="bridge").defects)


def test_a_first_survey_makes_one_defect_for_each_observation() -> None:
    seen = [crack(LINE), area(shapely.box(5, 5, 6, 6))]
    answer = consolidate(seen, known=[], asset_id="bridge")
    assert len(answer.defects) == len(answer.new) == 2
    assert {d.defect_id for d in answer.defects} == {
        defect_id("bridge", o.observation_id) for o in seen
    }
    assert all(d.state is ReviewState.CANDIDATE and d.version == 1 for d in answer.defects)
    facts = {"defects": 2, "new": 2, "matched": 0, "unchanged": 0, "unseen": 0, "held": 0}
    assert answer.facts == facts


def test_running_twice_saves_nothing_and_changes_no_id() -> None:
    seen = [crack(LINE), area(shapely.box(5, 5, 6, 6))]
    first = consolidate(seen, known=[], asset_id="bridge")
    again = consolidate(seen, known=first.defects, asset_id="bridge")
    assert again.defects == ()
    assert again.unchanged == first.new
    assert (again.new, again.matched, again.unseen) == ((), (), ())


def test_the_next_survey_finds_the_same_crack_again() -> None:
    before = known(crack(LINE))
    seen = later(moved(LINE, 0.01, 0.03), width=quantity(6.0, 2.0, 2.0))
    answer = consolidate([seen], known=before, asset_id="bridge")
    (after,) = answer.defects
    assert answer.matched == (before[0].defect_id,)
    assert after.latest is seen
    assert after.observation_ids == (*before[0].observation_ids, seen.observation_id)


@pytest.mark.parametrize(("shift_m", "same"), [(0.045, True), (0.080, False)])
def test_cracks_up_to_50_mm_apart_are_the_same(shift_m: float, same: bool) -> None:
    answer = consolidate(
        [later(moved(LINE, 0.0, shift_m))], known=known(crack(LINE)), asset_id="bridge"
    )
    assert bool(answer.matched) is same
    assert bool(answer.new) is not same


@pytest.mark.parametrize(("rise", "same"), [(0.20, True), (0.60, False)])
def test_a_crossing_crack_is_another_one(rise: float, same: bool) -> None:
    # both pass through one point; only the direction differs
    straight = crack([(-0.2, 0.0), (0.2, 0.0)])
    slanted = later([(-0.2, -0.2 * rise), (0.2, 0.2 * rise)])
    answer = consolidate([slanted], known=known(straight), asset_id="bridge")
    assert bool(answer.matched) is same


def test_a_crack_that_grew_is_still_the_same() -> None:
    grown = later([*LINE, (3.0, 0.1), (4.0, 0.0)])
    assert consolidate([grown], known=known(crack(LINE)), asset_id="bridge").matched


def test_a_crack_that_goes_on_beside_the_end_of_another_is_new() -> None:
    beside = later([(2.02, 0.0), (4.0, 0.1)])
    assert consolidate([beside], known=known(crack(LINE)), asset_id="bridge").new


@pytest.mark.parametrize(("shift_m", "same"), [(0.8, True), (0.83, False)])
def test_areas_that_overlap_by_a_tenth_are_the_same(shift_m: float, same: bool) -> None:
    spall = area(shapely.box(0, 0, 1, 1))
    seen = area(shapely.box(shift_m, 0, 1 + shift_m, 1), survey=NEXT)
    assert overlap_iou(spall.outline_surface_m, seen.outline_surface_m) == pytest.approx(
        (1 - shift_m) / (1 + shift_m)
    )
    assert bool(consolidate([seen], known=known(spall), asset_id="bridge").matched) is same


def test_another_class_is_another_defect() -> None:
    box = shapely.box(0, 0, 1, 1)
    rust = area(box, DamageClass.RUST_STAIN, survey=NEXT)
    assert consolidate([rust], known=known(area(box)), asset_id="bridge").new


def test_the_class_a_person_gave_counts_too() -> None:
    box = shapely.box(0, 0, 1, 1)
    (spall,) = known(area(box))
    reviewed = replace(spall, damage_class_reviewed=DamageClass.RUST_STAIN)
    rust = area(box, DamageClass.RUST_STAIN, survey=NEXT)
    again = area(box, survey=NEXT)
    for seen in (rust, again):
        answer = consolidate([seen], known=[reviewed], asset_id="bridge")
        assert answer.matched == (spall.defect_id,)
        assert answer.defects[0].damage_class_reviewed is DamageClass.RUST_STAIN


@pytest.mark.parametrize("state", sorted(set(ReviewState) - {ReviewState.SUPERSEDED}))
def test_what_people_decided_is_never_touched(state: ReviewState) -> None:
    (before,) = known(crack(LINE))
    decided = replace(before, state=state, version=7)
    (after,) = consolidate([later(LINE)], known=[decided], asset_id="bridge").defects
    assert (after.state, after.version) == (state, 7)


def test_other_frames_are_never_compared() -> None:
    elsewhere = later(LINE, crs="EPSG:6675")
    assert consolidate([elsewhere], known=known(crack(LINE)), asset_id="bridge").new


def test_local_frames_of_two_surveys_have_nothing_in_common() -> None:
    before = known(crack(LINE, crs="LOCAL"))
    other_survey = later(LINE, crs="LOCAL")
    same_survey = crack(LINE, crs="LOCAL", mosaic="c" * 64)
    assert consolidate([other_survey], known=before, asset_id="bridge").new
    assert consolidate([same_survey], known=before, asset_id="bridge").matched


def test_each_defect_gets_one_observation_the_best() -> None:
    before = known(crack(LINE))
    near, nearer = later(moved(LINE, 0, 0.04)), later(moved(LINE, 0.0, 0.0005))
    answer = consolidate([near, nearer], known=before, asset_id="bridge")
    assert answer.matched == (before[0].defect_id,)
    assert len(answer.new) == 1
    matched = next(d for d in answer.defects if d.defect_id in answer.matched)
    assert matched.latest is nearer


def test_a_defect_that_is_not_seen_is_reported_and_kept() -> None:
    before = known(crack(LINE))
    answer = consolidate([], known=before, asset_id="bridge")
    assert answer.unseen == (before[0].defect_id,)
    assert answer.defects == ()


def test_an_old_survey_run_again_does_not_take_the_place_of_a_newer_one() -> None:
    first = crack(LINE)
    (after,) = consolidate([later(LINE)], known=known(first), asset_id="bridge").defects
    answer = consolidate([first], known=[after], asset_id="bridge")
    assert answer.defects == ()
    assert answer.unchanged == (after.defect_id,)


def test_the_same_observation_twice_in_one_call_counts_once() -> None:
    assert len(consolidate([crack(LINE), crack(LINE)], known=[], asset_id="a").defects) == 1


def test_defects_of_another_asset_are_a_mistake() -> None:
    with pytest.raises(BadInput, match="belongs to other"):
        consolidate([], known=[defect(crack(LINE), asset_id="other")], asset_id="bridge")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_the_order_of_the_inputs_changes_nothing(rng: random.Random, count: int) -> None:
    def scene(survey: str) -> list[Observation]:
        lines = [moved(LINE, 0.0, 0.06 * i + rng.uniform(-0.03, 0.03)) for i in range(count)]
        make = crack if survey == "first" else later
        return [make(line) for line in lines]

    before, seen = known(*scene("first")), scene("second")
    expected = consolidate(seen, known=before, asset_id="bridge")
    rng.shuffle(before)
    rng.shuffle(seen)
    found = consolidate(seen, known=before, asset_id="bridge")
    assert found == expected
    assert len(found.matched) + len(found.new) == count
    assert len(set(found.matched) | set(found.new)) == count


def test_a_new_width_is_the_latest_but_not_a_new_defect() -> None:
    before = known(with_width(crack(LINE), quantity(4.0, 2.0, 2.0)))
    wider = with_width(later(LINE), quantity(8.0, 2.0, 2.0))
    (after,) = consolidate([wider], known=before, asset_id="bridge").defects
    assert after.latest.measurement.width_mm == quantity(8.0, 2.0, 2.0)


def test_an_earlier_run_never_takes_the_place_of_a_later_one() -> None:
    (before,) = known(crack(LINE))
    other = replace(crack(LINE), observation_id=uuid.uuid4())
    for mine, shown, latest in ((1, 2, before.latest), (2, 1, other), (1, 1, other)):
        turns = {other.observation_id: mine, before.latest.observation_id: shown}
        (after,) = consolidate([other], known=[before], asset_id="bridge", turns=turns).defects
        assert after.latest == latest
        assert after.observation_ids == (*before.observation_ids, other.observation_id)


def test_no_new_defect_takes_the_name_of_a_known_one() -> None:
    """The first sighting of a defect that was taken back went to another, and is news again."""
    (before,) = known(crack(LINE))
    gone = replace(before, state=ReviewState.SUPERSEDED, observation_ids=())
    said = consolidate([before.latest], known=[gone], asset_id="bridge", withdrawn=[gone.defect_id])
    (made,) = said.new
    assert made != gone.defect_id
    assert said.defects[0].observation_ids == before.observation_ids
