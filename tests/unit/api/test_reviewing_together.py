"""Several reviewers at several pages: nobody's decision is lost, doubled or overwritten unseen."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.deps import Services
from api.errors import MEDIA_TYPE
from inspection.domain.defect import ReviewState
from inspection.domain.review import LEGAL, Action, RejectReason
from inspection.domain.taxonomy import DamageClass
from tests.support.seed import Seeded
from tests.unit.api.conftest import BASE_URL


class RunningClock:
    """Tell a time that is a second later at every look, as real clocks do."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
        self.lock = threading.Lock()

    def now(self) -> datetime:
        with self.lock:
            self.moment += timedelta(seconds=1)
            return self.moment


@pytest.fixture
def page(app: FastAPI, services: Services, dist: Path) -> Iterator[TestClient]:
    """Give a client of a service whose clock runs."""
    app.state.services, app.state.dist = replace(services, clock=RunningClock()), dist
    with closing(TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)) as opened:
        yield opened


def verdict(**changes: Any) -> dict[str, Any]:
    """Describe a decision as a page sends it."""
    plain = {"action": "confirm", "reviewer": "佐藤 花子", "expected_version": 1}
    return {**plain, "verdict_id": str(uuid.uuid4()), **changes}


def decide(page: TestClient, defect_id: uuid.UUID, **changes: Any) -> Any:
    return page.post(f"/api/defects/{defect_id}/verdicts", json=verdict(**changes))


def test_an_answer_that_got_lost_may_be_asked_for_again(page: TestClient, seeded: Seeded) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    sent = verdict(note="幅 0.3 mm")
    first = page.post(f"/api/defects/{defect_id}/verdicts", json=sent)
    second = page.post(f"/api/defects/{defect_id}/verdicts", json=sent)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["version"] == 2
    (kept,) = second.json()["history"]
    assert kept["decided_at"] == first.json()["history"][0]["decided_at"]


def test_a_late_repetition_gives_the_defect_as_it_stands_now(
    page: TestClient, seeded: Seeded
) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    sent = verdict()
    page.post(f"/api/defects/{defect_id}/verdicts", json=sent)
    decide(page, defect_id, action="reopen", expected_version=2)
    again = page.post(f"/api/defects/{defect_id}/verdicts", json=sent)
    assert again.status_code == 201
    assert (again.json()["version"], again.json()["state"]) == (3, "candidate")


@pytest.mark.parametrize(
    "change",
    [
        {"action": "reject", "reason": "shadow"},
        {"reviewer": "鈴木"},
        {"note": "another thought"},
        {"damage_class": "spall"},
        {"expected_version": 2},
    ],
)
def test_one_identifier_is_one_decision(
    page: TestClient, seeded: Seeded, change: dict[str, Any]
) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    sent = verdict()
    page.post(f"/api/defects/{defect_id}/verdicts", json=sent)
    answer = page.post(f"/api/defects/{defect_id}/verdicts", json={**sent, **change})
    assert answer.status_code == 409
    assert "other contents" in answer.json()["detail"]
    assert len(page.get(f"/api/defects/{defect_id}").json()["history"]) == 1


def test_an_identifier_of_another_defect_is_refused(page: TestClient, seeded: Seeded) -> None:
    one, other = (defect.defect_id for defect in seeded.mapped.defects[:2])
    sent = verdict()
    page.post(f"/api/defects/{one}/verdicts", json=sent)
    assert page.post(f"/api/defects/{other}/verdicts", json=sent).status_code == 409
    assert page.get(f"/api/defects/{other}").json()["version"] == 1


def test_the_second_of_two_reviewers_hears_that_the_first_was_faster(
    page: TestClient, seeded: Seeded
) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    assert decide(page, defect_id, reviewer="A").status_code == 201
    late = decide(page, defect_id, reviewer="B", action="reject", reason="stain")
    assert late.status_code == 409
    assert late.headers["content-type"] == MEDIA_TYPE
    assert "is at version 2, you decided on version 1; read it again" in late.json()["detail"]
    shown = page.get(f"/api/defects/{defect_id}").json()
    assert (shown["state"], [row["reviewer"] for row in shown["history"]]) == ("confirmed", ["A"])


@pytest.mark.parametrize("reviewers", [2, 6])
def test_of_reviewers_who_press_at_once_one_is_heard(
    page: TestClient, seeded: Seeded, reviewers: int
) -> None:
    defect_id = seeded.mapped.defects[1].defect_id
    together = threading.Barrier(reviewers)

    def press(number: int) -> int:
        together.wait(timeout=60)
        answer = decide(page, defect_id, reviewer=f"reviewer {number}")
        assert answer.status_code in {201, 409}, answer.text
        return int(answer.status_code)

    with ThreadPoolExecutor(reviewers) as pool:
        statuses = list(pool.map(press, range(reviewers)))
    assert statuses.count(201) == 1
    shown = page.get(f"/api/defects/{defect_id}").json()
    assert (shown["version"], len(shown["history"])) == (2, 1)


def test_reviewers_of_different_defects_do_not_disturb_each_other(
    page: TestClient, seeded: Seeded
) -> None:
    every = [defect.defect_id for defect in (*seeded.mapped.defects, *seeded.local.defects)]
    with ThreadPoolExecutor(len(every)) as pool:
        answers = list(pool.map(lambda defect_id: decide(page, defect_id), every))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["defect_id"] for answer in answers} == set(map(str, every))


@pytest.mark.parametrize("state", sorted(set(ReviewState) - {ReviewState.SUPERSEDED}))
def test_what_a_page_offers_is_what_the_service_takes(
    page: TestClient, seeded: Seeded, state: ReviewState
) -> None:
    """In every state each action is either offered and taken, or neither."""
    road: dict[ReviewState, list[dict[str, Any]]] = {
        ReviewState.CANDIDATE: [],
        ReviewState.CONFIRMED: [{"action": "confirm"}],
        ReviewState.REJECTED: [{"action": "reject", "reason": "joint"}],
    }
    for defect, action in zip(seeded.mapped.defects, Action, strict=True):
        version = 1
        for step in road.get(state, []):
            assert decide(page, defect.defect_id, **step).status_code == 201
            version += 1
        shown = page.get(f"/api/defects/{defect.defect_id}").json()
        assert shown["state"] == state.value
        extra = {"reason": "other", "damage_class": "spall"}
        answer = decide(
            page, defect.defect_id, action=action.value, expected_version=version, **extra
        )
        offered = action.value in shown["legal_actions"]
        assert offered is ((state, action) in LEGAL)
        assert answer.status_code == (201 if offered else 409)


@pytest.mark.parametrize("reason", [None, *RejectReason])
def test_a_rejection_needs_its_reason(
    page: TestClient, seeded: Seeded, reason: RejectReason | None
) -> None:
    defect_id = seeded.mapped.defects[2].defect_id
    answer = decide(page, defect_id, action="reject", reason=reason)
    if reason is None:
        assert answer.status_code == 422
        assert "'shadow'" in answer.json()["detail"]
    else:
        assert answer.json()["history"][0]["reason"] == reason.value


def test_a_change_of_class_needs_the_class_and_keeps_the_machines(
    page: TestClient, seeded: Seeded
) -> None:
    defect_id = seeded.mapped.defects[2].defect_id
    bare = decide(page, defect_id, action="reclassify")
    assert (bare.status_code, "new damage_class" in bare.json()["detail"]) == (422, True)
    named = decide(page, defect_id, action="reclassify", damage_class="spall").json()
    assert (named["damage_class"], named["damage_class_machine"]) == ("spall", "crack")
    assert (named["damage_class_reviewed"], named["state"]) == ("spall", "candidate")


@pytest.mark.parametrize("reviewer", ["", " ", "\u3000", "x" * 201])
def test_a_decision_has_a_name(page: TestClient, seeded: Seeded, reviewer: str) -> None:
    answer = decide(page, seeded.mapped.defects[0].defect_id, reviewer=reviewer)
    assert answer.status_code == 422
    assert "reviewer" in answer.json()["detail"]


def test_a_decision_about_nothing_is_not_found(page: TestClient) -> None:
    answer = decide(page, uuid.uuid4())
    assert answer.status_code == 404


turns = st.lists(
    st.tuples(st.sampled_from(list(Action)), st.sampled_from([None, *DamageClass])), max_size=8
)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(turns)
def test_any_conversation_keeps_version_and_history_in_step(
    page: TestClient, seeded: Seeded, turns: list[tuple[Action, DamageClass | None]]
) -> None:
    """The version counts the verdicts, and each verdict begins where the one before ended."""
    defect_id = seeded.mapped.defects[3].defect_id
    for action, damage_class in turns:
        version = page.get(f"/api/defects/{defect_id}").json()["version"]
        decide(
            page,
            defect_id,
            action=action.value,
            expected_version=version,
            reason="other" if action is Action.REJECT else None,
            damage_class=damage_class,
        )
    shown = page.get(f"/api/defects/{defect_id}").json()
    history = shown["history"]
    assert shown["version"] == 1 + len(history)
    assert [row["version_after"] for row in history] == list(range(2, 2 + len(history)))
    states = ["candidate", *(row["state_after"] for row in history)]
    assert [row["state_before"] for row in history] == states[:-1]
    assert shown["state"] == states[-1]
    moments = [row["decided_at"] for row in history]
    assert moments == sorted(moments)
