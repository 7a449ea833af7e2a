"""Verdicts: only legal steps, nobody's decision overwritten, values stay values."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.measurement import Measurement, Quantity
from inspection.domain.review import LEGAL, Action, RejectReason, Verdict, review
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Conflict, IllegalTransition

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def defect(state: ReviewState = ReviewState.CANDIDATE, version: int = 1) -> Defect:
    line = LineString([(0, 0), (1, 0)])
    seen = Observation(
        observation_id=UUID(int=1),
        survey_id=UUID(int=2),
        mosaic_sha256="0" * 64,
        damage_class=DamageClass.CRACK,
        confidence=0.8,
        outline_surface_m=line.buffer(0.01),
        axis_surface_m=line,
        anchor_surface_m=(0.5, 0.0),
        surface_crs="LOCAL",
        anchor_lonlat=None,
        box_px=(0, 0, 10, 2),
        photo_sha256s=(),
        measurement=Measurement(
            length_m=Quantity(value=1.0, expanded_uncertainty=0.02),
            width_mm=Quantity(value=None, expanded_uncertainty=None, limit=2.0, below_limit=True),
            width_mean_mm=None,
            area_m2=Quantity(value=0.02, expanded_uncertainty=0.01),
            orientation_deg=0.0,
            gsd_mm_per_px=2.0,
        ),
        model_id="m",
    )
    return Defect(
        defect_id=UUID(int=3),
        asset_id="a",
        damage_class=DamageClass.CRACK,
        state=state,
        version=version,
        latest=seen,
        observation_ids=(seen.observation_id,),
    )


def verdict(action: Action, *, version: int = 1) -> Verdict:
    return Verdict(
        verdict_id=UUID(int=9),
        defect_id=UUID(int=3),
        action=action,
        reviewer="engineer",
        decided_at=NOW,
        expected_version=version,
        reason=RejectReason.SHADOW if action is Action.REJECT else None,
        damage_class=DamageClass.SPALL if action is Action.RECLASSIFY else None,
    )


@pytest.mark.parametrize(("state", "action"), list(itertools.product(ReviewState, Action)))
def test_every_pair_is_either_legal_or_refused(state: ReviewState, action: Action) -> None:
    before = defect(state)
    if (state, action) in LEGAL:
        after = review(before, verdict(action))
        assert after.state is LEGAL[state, action]
        assert after.version == 2
    else:
        with pytest.raises(IllegalTransition, match=state.value):
            review(before, verdict(action))


@given(seen=st.integers(1, 50), now=st.integers(1, 50))
def test_a_decision_on_an_old_version_changes_nothing(seen: int, now: int) -> None:
    current = defect(version=now)
    if seen == now:
        assert review(current, verdict(Action.CONFIRM, version=seen)).version == now + 1
    else:
        with pytest.raises(Conflict, match=f"version {now}"):
            review(current, verdict(Action.CONFIRM, version=seen))


def test_a_new_class_is_a_human_value_beside_the_machine_value() -> None:
    after = review(defect(), verdict(Action.RECLASSIFY))
    assert after.damage_class is DamageClass.CRACK
    assert after.damage_class_reviewed is DamageClass.SPALL
    kept = review(after, verdict(Action.CONFIRM, version=2))
    assert kept.damage_class_reviewed is DamageClass.SPALL


def test_review_returns_a_new_value_and_keeps_the_old() -> None:
    before = defect()
    review(before, verdict(Action.CONFIRM))
    assert before.state is ReviewState.CANDIDATE


def test_a_verdict_says_all_that_its_action_needs() -> None:
    with pytest.raises(BadInput, match="reason"):
        replace(verdict(Action.REJECT), reason=None)
    with pytest.raises(BadInput, match="damage_class"):
        replace(verdict(Action.RECLASSIFY), damage_class=None)
    with pytest.raises(BadInput, match="reviewer"):
        replace(verdict(Action.CONFIRM), reviewer=" ")
    with pytest.raises(BadInput, match="time zone"):
        replace(verdict(Action.CONFIRM), decided_at=datetime(2026, 1, 1))


def test_a_verdict_about_another_defect_is_refused() -> None:
    with pytest.raises(BadInput, match="about defect"):
        review(replace(defect(), defect_id=UUID(int=4)), verdict(Action.CONFIRM))


def test_a_quantity_is_a_number_or_below_its_limit_never_both() -> None:
    with pytest.raises(BadInput, match="one of the three"):
        Quantity(value=1.0, expanded_uncertainty=0.1, limit=2.0, below_limit=True)
    with pytest.raises(BadInput, match="one of the three"):
        Quantity(value=None, expanded_uncertainty=None)
