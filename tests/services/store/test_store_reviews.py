"""Verdicts: one of two wins, twice is once, and history is never changed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, text, update

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.review import Action, RejectReason, Verdict, review
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict, IllegalTransition, NotFound, TenkenError
from inspection.store import defects, observations, reviews, tables
from inspection.store.engine import create_engine, reading, writing
from tests.support.records import (
    NOON,
    Scene,
    make_defect,
    make_measurement,
    make_observation,
    named,
)

fresh_numbers = count(1000)


def _verdict(scene: Scene, name: str = "verdict", **changes: Any) -> Verdict:
    values: dict[str, Any] = {
        "verdict_id": named(name),
        "defect_id": scene.defects[0].defect_id,
        "action": Action.CONFIRM,
        "reviewer": "佐藤",
        "decided_at": NOON + timedelta(hours=1),
        "expected_version": 1,
        "note": "ひび割れ",
    }
    return Verdict(**(values | changes))


def test_a_verdict_changes_the_defect_and_stands_in_its_history(
    scene: Scene, engine: Engine
) -> None:
    verdict = _verdict(scene, damage_class=DamageClass.SPALL)
    with writing(engine) as connection:
        after = reviews.record(connection, verdict)
        assert after == defects.by_id(connection, verdict.defect_id)
        (kept,) = reviews.history(connection, verdict.defect_id)
        assert defects.find(connection, updated_after=verdict.decided_at).rows == (after,)
    assert (after.state, after.version) == (ReviewState.CONFIRMED, 2)
    assert after.damage_class_reviewed is DamageClass.SPALL
    assert kept.verdict == verdict
    assert (kept.state_before, kept.state_after) == (ReviewState.CANDIDATE, ReviewState.CONFIRMED)
    assert (kept.damage_class_before, kept.damage_class_after) == (None, DamageClass.SPALL)
    assert kept.version_after == 2


def test_a_life_of_verdicts_is_kept_in_order(scene: Scene, engine: Engine) -> None:
    steps = [
        (Action.CONFIRM, {}),
        (Action.REJECT, {"reason": RejectReason.JOINT}),
        (Action.REOPEN, {}),
        (Action.RECLASSIFY, {"damage_class": DamageClass.EFFLORESCENCE}),
    ]
    verdicts = [
        _verdict(scene, f"v{n}", action=action, expected_version=n, **extra)
        for n, (action, extra) in enumerate(steps, start=1)
    ]
    for verdict in verdicts:
        with writing(engine) as connection:
            reviews.record(connection, verdict)
    with reading(engine) as connection:
        history = reviews.history(connection, scene.defects[0].defect_id)
        assert reviews.history(connection, scene.defects[1].defect_id) == ()
    assert [record.verdict for record in history] == verdicts
    assert [record.state_after for record in history] == [
        ReviewState.CONFIRMED,
        ReviewState.REJECTED,
        ReviewState.CANDIDATE,
        ReviewState.CANDIDATE,
    ]
    for earlier, later in pairwise(history):
        assert earlier.state_after is later.state_before
        assert earlier.damage_class_after is later.damage_class_before


def test_the_same_verdict_twice_counts_once(scene: Scene, engine: Engine) -> None:
    verdict = _verdict(scene)
    for _ in range(2):
        with writing(engine) as connection:
            assert reviews.record(connection, verdict).version == 2
    with writing(engine) as connection:
        assert len(reviews.history(connection, verdict.defect_id)) == 1
        with pytest.raises(Conflict, match="other contents"):
            reviews.record(connection, replace(verdict, note="something else"))


def test_a_stale_or_illegal_verdict_changes_nothing(scene: Scene, engine: Engine) -> None:
    wrong: list[tuple[Verdict, type[TenkenError], str]] = [
        (_verdict(scene, expected_version=2), Conflict, "version 1"),
        (_verdict(scene, action=Action.REOPEN), IllegalTransition, "candidate"),
        (_verdict(scene, defect_id=named("nothing")), NotFound, "no defect"),
    ]
    for verdict, family, words in wrong:
        with pytest.raises(family, match=words), writing(engine) as connection:
            reviews.record(connection, verdict)
    with reading(engine) as connection:
        assert defects.by_id(connection, scene.defects[0].defect_id) == scene.defects[0]
        assert reviews.history(connection, scene.defects[0].defect_id) == ()


def _together(engine: Engine, verdicts: list[Verdict]) -> list[Defect | Conflict]:
    """Record verdicts on connections of their own, all at the same moment."""
    gate = threading.Barrier(len(verdicts))

    def decide(verdict: Verdict) -> Defect | Conflict:
        gate.wait(timeout=30)
        try:
            with writing(engine) as connection:
                return reviews.record(connection, verdict)
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(verdicts)) as reviewers:
        return list(reviewers.map(decide, verdicts))


@pytest.mark.parametrize("round_number", range(3))
def test_of_reviewers_who_decide_together_exactly_one_wins(
    scene: Scene, engine: Engine, round_number: int
) -> None:
    reject = {"action": Action.REJECT, "reason": RejectReason.STAIN}
    verdicts = [
        _verdict(scene, f"v{n}", reviewer=f"reviewer {n}", **(reject if n % 2 else {}))
        for n in range(4)
    ]
    outcomes = _together(engine, verdicts)
    won = [outcome for outcome in outcomes if isinstance(outcome, Defect)]
    assert len(won) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    with reading(engine) as connection:
        (kept,) = reviews.history(connection, scene.defects[0].defect_id)
        assert defects.by_id(connection, scene.defects[0].defect_id) == won[0]
    assert kept.verdict == verdicts[outcomes.index(won[0])]


def test_a_verdict_that_is_sent_twice_at_once_counts_once(scene: Scene, engine: Engine) -> None:
    outcomes = _together(engine, [_verdict(scene)] * 3)
    assert [getattr(outcome, "version", outcome) for outcome in outcomes] == [2, 2, 2]
    with reading(engine) as connection:
        assert len(reviews.history(connection, scene.defects[0].defect_id)) == 1


def test_the_evidence_of_a_verdict_outlives_later_machines(scene: Scene, engine: Engine) -> None:
    verdict = _verdict(scene)
    seen = scene.defects[0].latest
    with writing(engine) as connection:
        reviews.record(connection, verdict)
        observations.save(
            connection, [replace(seen, confidence=0.1, measurement=make_measurement(None))]
        )
        (kept,) = reviews.history(connection, verdict.defect_id)
    assert kept.evidence["observation_id"] == str(seen.observation_id)
    assert kept.evidence["confidence"] == 0.75
    assert kept.evidence["model_id"] == seen.model_id
    measured = observations.measurement_from_plain(kept.evidence["measurement"])
    assert measured == seen.measurement


@pytest.mark.parametrize(
    "statement",
    [update(tables.reviews).values(reviewer="somebody else"), delete(tables.reviews)],
    ids=["update", "delete"],
)
def test_history_cannot_be_changed(scene: Scene, engine: Engine, statement: Any) -> None:
    with writing(engine) as connection:
        reviews.record(connection, _verdict(scene))
    with (
        pytest.raises(Conflict, match="never changed or removed"),
        writing(engine) as connection,
    ):
        connection.execute(statement)
    with reading(engine) as connection:
        (kept,) = reviews.history(connection, scene.defects[0].defect_id)
    assert kept.verdict.reviewer == "佐藤"


@pytest.mark.services
def test_history_cannot_be_truncated(postgis_url: str) -> None:
    engine = create_engine(postgis_url)
    with pytest.raises(Conflict, match="never changed"), writing(engine) as connection:
        connection.execute(text("TRUNCATE reviews"))
    engine.dispose()


def test_a_verdict_taken_offline_does_not_turn_time_back(scene: Scene, engine: Engine) -> None:
    early = _verdict(scene, decided_at=NOON - timedelta(days=30))
    with writing(engine) as connection:
        reviews.record(connection, early)
        assert defects.find(connection, updated_after=NOON).total == 3
        (kept,) = reviews.history(connection, early.defect_id)
    assert kept.verdict.decided_at == early.decided_at


turn = st.sampled_from(["machine", *Action])


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],  # each example has its own defect
)
@given(turns=st.lists(turn, min_size=1, max_size=10))
def test_in_any_order_machines_and_people_write_their_own_values_only(
    scene: Scene, engine: Engine, turns: list[Any]
) -> None:
    number = next(fresh_numbers)
    expected = make_defect(make_observation(scene.mosaic, number))
    with writing(engine) as connection:
        defects.save(connection, [expected], now=NOON)
    for n, action in enumerate(turns):
        with writing(engine) as connection:
            if action == "machine":
                seen = replace(expected.latest, confidence=(n % 7) / 8)
                expected = replace(expected, latest=seen, damage_class=list(DamageClass)[n])
                stale = replace(expected, state=ReviewState.CANDIDATE, version=1)
                defects.save(connection, [replace(stale, damage_class_reviewed=None)], now=NOON)
                continue
            verdict = _verdict(
                scene,
                f"{number} {n}",
                defect_id=expected.defect_id,
                action=action,
                expected_version=expected.version,
                reason=RejectReason.SHADOW,
                damage_class=DamageClass.RUT,
            )
            try:
                expected = review(expected, verdict)
            except IllegalTransition:
                with pytest.raises(IllegalTransition):
                    reviews.record(connection, verdict)
            else:
                assert reviews.record(connection, verdict) == expected
    with reading(engine) as connection:
        assert defects.by_id(connection, expected.defect_id) == expected
        assert len(reviews.history(connection, expected.defect_id)) == expected.version - 1
