"""What an approver sees: whose diagnosis it is, what changed, once compiled, in every language."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.inspectionrecord import digest, to_plain
from inspection.domain.release import InspectionState, ReleaseAction
from inspection.pipeline.approve import decision
from inspection.pipeline.examine import examine, progress
from inspection.store import accounts, assets, releases
from inspection.store.engine import reading, writing
from inspection.store.release_tables import approvals
from inspection.store.releases import ReleaseEvent
from inspection.store.scope import HOME
from tests.support.people import Person, add_person
from tests.support.released import AtNoon, settle
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW
from tests.unit.api.test_routes_approvals import (
    PLACE,
    content,
    diagnosis,
    listed,
    post,
    read,
    same_name,
    wish,
)


@pytest.fixture
def settled(services: Services, seeded: Seeded) -> Seeded:
    """Let people have done all that an approval needs."""
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
    return seeded


@pytest.fixture
def chief(services: Services) -> Person:
    return add_person(services.engine, Role.PLANNER, HOME, NOW, name="chief", approver=True)


@pytest.fixture
def engineer(services: Services) -> Person:
    return add_person(services.engine, Role.ENGINEER, HOME, NOW)


def test_whoever_diagnosed_is_told_by_their_account(
    client: TestClient,
    services: Services,
    settled: Seeded,
    chief: Person,
    engineer: Person,
) -> None:
    """Namesakes are two people; who is called otherwise now is still the one who diagnosed."""
    same_name(services, engineer, chief)
    assert not read(client, settled, engineer)["is_own"], "a ledger diagnosed it"
    answer = post(client, "diagnoses", diagnosis(settled, "III"), engineer)
    assert answer.json()["is_own"]
    theirs = read(client, settled, chief)
    assert theirs["diagnosed_by"] == engineer.account.display_name and not theirs["is_own"]
    with writing(services.engine) as connection:
        accounts.rename(connection, engineer.account.account_id, "改姓 花子")
    assert read(client, settled, engineer)["is_own"]
    nobody = client.get(PLACE, params={"asset_id": settled.mapped.asset_id})
    assert nobody.status_code == 401 or not nobody.json()["is_own"]


def keep_as(services: Services, seeded: Seeded, **more: Any) -> None:
    """Approve as an earlier version did, which wrote the same content otherwise."""
    asset_id = seeded.mapped.asset_id
    with writing(services.engine) as connection:
        found = examine(connection, asset_id, 2026)
        assert found.would_be is not None
        now = decision(
            asset_id, 2026, ReleaseAction.APPROVE, by="課長", why="照査済", clock=AtNoon()
        )
        kept = releases.add_approval(connection, found.would_be, now)
        c = approvals.c
        row = connection.execute(
            sa.select(approvals).where(c.approval_id == kept.approval_id)
        ).one()
        plain = dict(row.record)
        plain["defects"] = [one | more for one in plain["defects"]]
        older = {**row._mapping, "approval_id": uuid.uuid4(), "record": plain}
        older |= {"sha256": digest(plain)}
        older.pop("seq", None)
        connection.execute(sa.insert(approvals).values(older))
        event = ReleaseEvent(
            decision=now, state_before=InspectionState.DIAGNOSED,
            state_after=InspectionState.APPROVED, approval_id=older["approval_id"],
        )  # fmt: skip
        releases.write(connection, event, expected_version=0)


def test_what_was_approved_before_a_field_was_added_has_not_changed(
    client: TestClient,
    services: Services,
    settled: Seeded,
    chief: Person,
    engineer: Person,
) -> None:
    """Yesterday's version wrote an empty field, that of before none; neither is a change."""
    stands = read(client, settled, chief)
    keep_as(services, settled, grade_again="")
    assert not read(client, settled, chief)["changed"]
    told = content(client, settled, chief)
    assert (told["is_approved"], told["changes"]) == (True, [])
    assert [one["grade_again"] for one in told["record"]["defects"]] == [None] * 3
    with reading(services.engine) as connection:
        asset_id = settled.mapped.asset_id
        assert not progress(connection, asset_id, 2026).changed
        found = examine(connection, asset_id, 2026)
        kept = found.kept
        assert kept is not None and found.would_be is not None
        assert kept.sha256 != stands["record_sha256"] == digest(to_plain(found.would_be))
    # and what really is another is one, and named
    body = {"action": "reopen", "reviewer": "鈴木", "expected_version": 2, "note": "また"}
    first = settled.mapped.defects[0].defect_id
    answer = client.post(f"/api/defects/{first}/verdicts", json=body, headers=engineer.headers)
    assert answer.status_code == 201, answer.text
    assert read(client, settled, chief)["changed"]


def digest_of(record: Any) -> str:
    from inspection.domain.inspectionrecord import to_plain

    return digest(to_plain(record))


def test_an_evaluation_for_the_form_is_approved_as_it_was_read(
    client: TestClient,
    settled: Seeded,
    chief: Person,
) -> None:
    """It rests on a code-list that is not verified, which the record names; no other change."""
    stands = read(client, settled, chief)
    findings = {"evaluation": {"bridge": {"live_load": "B", "flood": "C"}}, "remarks": "所見"}
    answer = post(client, "approvals", {**wish(stands), "findings": findings}, chief)
    assert answer.status_code == 201, answer.text
    assert not answer.json()["changed"]
    told = content(client, settled, chief)["record"]
    assert any(one.startswith("jp_r6_form/") for one in told["unverified"])


@contextmanager
def statements(services: Services) -> Iterator[list[str]]:
    """Write down what is asked of the database."""
    found: list[str] = []

    def told(*of: Any) -> None:
        found.append(of[2])

    sa.event.listen(services.engine, "before_cursor_execute", told)
    yield found
    sa.event.remove(services.engine, "before_cursor_execute", told)


def test_it_is_gathered_once_to_read_and_once_more_to_decide(
    client: TestClient,
    services: Services,
    settled: Seeded,
    chief: Person,
) -> None:
    """And what is read after a decision is read when no writer waits any more."""

    def gathered(told: list[str]) -> int:
        return sum("FROM element_damages" in one for one in told)

    with statements(services) as told:
        stands = read(client, settled, chief)
    assert gathered(told) == 1
    with statements(services) as told:
        assert post(client, "approvals", wish(stands), chief).status_code == 201
    assert gathered(told) == 2
    with statements(services) as told:
        assert read(client, settled, chief)["state"] == "approved"
    assert gathered(told) == 1


def test_the_list_goes_on_behind_the_longest_name(
    client: TestClient,
    services: Services,
    settled: Seeded,
    chief: Person,
) -> None:
    names = [sign * 200 for sign in ("橋", "𠮷", '"', "R")]
    known: dict[str, Any] = {"soundness": "II", "inspection_fiscal_year": 2025}
    with writing(services.engine) as connection:
        for name in names:
            made = Asset(asset_id=name, name="橋", kind=AssetKind.BRIDGE, attributes=known)
            assets.save(connection, replace(made))
    rows = listed(client, chief, limit=1)
    assert {one["asset_id"] for one in rows} >= set(names)
