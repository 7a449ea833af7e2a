"""The audit log over HTTP: pages that hold together, filters, proof, and who may read what."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.deps import Services
from api.routes import audit as route
from inspection.domain.account import Role
from inspection.errors import BadInput
from inspection.store import audit
from inspection.store.audit import Event
from inspection.store.auditpages import Wanted, every, newest
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.people import Person, add_cities, add_person
from tests.unit.api.conftest import NOW

START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)


def event(number: int, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "at": START + timedelta(hours=number),
        "actor": "command",
        "organisation_id": HOME,
        "action": f"act {number % 3}",
        "subject": f"assets {number}",
    }
    return Event(**(values | changes))


def fill(services: Services, count: int, **changes: Any) -> None:
    with writing(services.engine) as connection:
        audit.append(connection, [event(number, **changes) for number in range(count)])


@pytest.fixture
def admin(services: Services) -> Person:
    return add_person(services.engine, Role.ADMIN, HOME, NOW, name="kanri")


def page(client: TestClient, person: Person, **query: Any) -> dict[str, Any]:
    answer = client.get("/api/audit", params=query, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_pages_hold_together_while_others_write(
    client: TestClient, services: Services, admin: Person
) -> None:
    fill(services, 25)
    first = page(client, admin, limit=10)
    fill(services, 3)
    second = page(client, admin, limit=10, before=first["next"])
    third = page(client, admin, limit=10, before=second["next"])
    seen = [entry["seq"] for one in (first, second, third) for entry in one["entries"]]
    assert seen == list(range(25, 0, -1)) and third["next"] is None
    assert page(client, admin, limit=25, before=26)["next"] is None


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    actor=st.sampled_from([None, "command", "anonymous"]),
    action=st.sampled_from([None, "act 0", "act 1", "nothing"]),
    hours=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    size=st.sampled_from([1, 7, 1000]),
)
def test_a_narrowed_log_is_the_whole_one_filtered(
    services: Services, actor: str | None, action: str | None, hours: tuple[int, int], size: int
) -> None:
    with reading(services.engine) as connection:
        empty = not audit.head(connection).entries
    if empty:
        fill(services, 20)
        fill(services, 8, actor="anonymous", organisation_id="")
    since, until = START + timedelta(hours=hours[0]), START + timedelta(hours=sum(hours))
    wanted = Wanted(actor=actor, action=action, since=since, until=until)
    with reading(services.engine) as connection:
        whole = list(every(connection, Wanted()))
        found, before = [], None
        while batch := newest(connection, wanted, before=before, limit=size):
            found += batch
            before = batch[-1].seq
    assert [entry.seq for entry in whole] == list(range(28, 0, -1))
    assert found == [
        entry
        for entry in whole
        if actor in (None, entry.event.actor)
        and action in (None, entry.event.action)
        and since <= entry.event.at < until
    ]


def test_a_page_too_large_is_refused(services: Services) -> None:
    with reading(services.engine) as connection:
        for limit in (0, 1001):
            with pytest.raises(BadInput, match="1 to 1000"):
                newest(connection, Wanted(), limit=limit)


def test_days_are_days_in_japan(client: TestClient, services: Services, admin: Person) -> None:
    """Hour 14 of 1 April in UTC is still the 1st in Japan, hour 15 is the 2nd."""
    fill(services, 20)
    day = page(client, admin, first="2026-04-02", last="2026-04-02")["entries"]
    assert [entry["subject"] for entry in day] == [f"assets {n}" for n in range(19, 14, -1)]
    assert len(page(client, admin, last="2026-04-01")["entries"]) == 15
    assert page(client, admin, last="9999-12-31")["entries"] != []


def test_a_person_is_found_by_name_and_named(
    client: TestClient, services: Services, admin: Person
) -> None:
    fill(services, 4)
    fill(services, 2, actor=str(admin.account.account_id))
    mine = page(client, admin, actor="kanri")["entries"]
    assert [entry["seq"] for entry in mine] == [6, 5]
    assert {entry["actor_name"] for entry in mine} == {"kanri"}
    assert page(client, admin, actor="command")["entries"][0]["actor_name"] is None


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"actor": "nobody"}, 404, "no account 'nobody'"),
        ({"actor": "a b"}, 422, "use 1 to 100"),
        ({"first": "2026-05-02", "last": "2026-05-01"}, 422, "before the first"),
        ({"first": "yesterday"}, 422, "first"),
        ({"limit": 0}, 422, "limit"),
        ({"before": 0}, 422, "before"),
    ],
)
def test_what_cannot_be_asked_is_named(
    client: TestClient, admin: Person, query: dict[str, Any], status: int, words: str
) -> None:
    answer = client.get("/api/audit", params=query, headers=admin.headers)
    assert answer.status_code == status and words in answer.text


def test_a_city_reads_its_own_and_the_prefecture_what_is_below(
    client: TestClient, services: Services, admin: Person
) -> None:
    add_cities(services.engine)
    city = add_person(services.engine, Role.ADMIN, "city-a", NOW)
    for organisation_id in (HOME, "city-a", "city-b", ""):
        fill(services, 1, organisation_id=organisation_id)
    read = {entry["organisation_id"] for entry in page(client, city)["entries"]}
    assert read == {"city-a"}
    above = {entry["organisation_id"] for entry in page(client, admin)["entries"]}
    assert above == {HOME, "city-a", "city-b", ""}
    file = client.get("/api/audit/file.csv", headers=city.headers).text
    assert len(file.splitlines()) == 2


def test_the_file_has_what_the_pages_have(
    client: TestClient, services: Services, admin: Person
) -> None:
    fill(services, 5)
    fill(services, 1, subject='=cmd|"/C calc"!A0, "x"')
    answer = client.get("/api/audit/file.csv", headers=admin.headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="audit.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    entries = page(client, admin)["entries"]
    assert [row["entry_sha256"] for row in rows] == [e["entry_sha256"] for e in entries]
    assert rows[0]["subject"].startswith("'=cmd")
    assert [row["at"] for row in rows] == [entry["at"] for entry in entries]
    assert list(services.scratch.glob("audit-*")) == []
    refused = client.get("/api/audit/file.csv", params={"actor": "nobody"}, headers=admin.headers)
    assert refused.status_code == 404 and list(services.scratch.glob("audit-*")) == []


def test_the_whole_chain_is_proved_and_a_changed_entry_found(
    client: TestClient, services: Services, admin: Person
) -> None:
    fill(services, 12)
    told = client.get("/api/audit/verification", headers=admin.headers).json()
    with reading(services.engine) as connection:
        head = str(audit.head(connection))
    assert told == {
        "entries": 12,
        "head": head,
        "whole": True,
        "faults": [],
        "verified_at": NOW.isoformat().replace("+00:00", "Z"),
    }
    with writing(services.engine) as connection:
        connection.execute(text("DROP TRIGGER audit_log_refuse_update"))
        connection.execute(text("UPDATE audit_log SET subject = 'x' WHERE seq = 7"))
    told = client.get("/api/audit/verification", headers=admin.headers).json()
    assert told["whole"] is False
    assert told["faults"] == [{"seq": 7, "reason": "it was changed"}]


def test_one_proof_at_a_time(client: TestClient, admin: Person) -> None:
    with route._verifying:
        busy = client.get("/api/audit/verification", headers=admin.headers)
    assert busy.status_code == 503 and "already" in busy.text
    assert client.get("/api/audit/verification", headers=admin.headers).status_code == 200
