"""Who may edit what: engineers of the owner only, under their own name, witnessed by the log."""

import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.store import audit, defects
from inspection.store.engine import reading
from inspection.store.scope import HOME
from tests.support.people import CITIES, Person, add_cities, add_person
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW

EDITORS = {Role.ENGINEER}


@pytest.fixture
def engineer(services: Services) -> Person:
    return add_person(services.engine, Role.ENGINEER, HOME, NOW, name="suzuki")


def cut(client: TestClient, seeded: Seeded, person: Person | None, **changes: Any) -> Any:
    survey = seeded.mapped
    line = survey.mosaic.grid.to_surface([[560, 100], [560, 220]]).tolist()
    body = {
        "editor": "somebody else",
        "expected_version": 1,
        "line": {"type": "LineString", "coordinates": line},
        **changes,
    }
    address = f"/api/defects/{survey.defects[0].defect_id}/split"
    return client.post(address, json=body, headers=person.headers if person else {})


def every_edit(client: TestClient, seeded: Seeded, person: Person) -> dict[str, int]:
    """Try every kind of edit; give the statuses."""
    survey = seeded.mapped
    one, other, third, spall = survey.defects
    grid = survey.mosaic.grid
    line = {"type": "LineString", "coordinates": grid.to_surface([[300, 400], [600, 420]]).tolist()}
    ring = grid.to_surface([[700, 500], [800, 500], [800, 600], [700, 500]]).tolist()
    both = [{"defect_id": str(d.defect_id), "expected_version": 1} for d in (other, third)]
    drawn = {"mosaic_sha256": survey.mosaic.sha256, "damage_class": "crack", "geometry": line}
    redrawn = {"expected_version": 1, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    send = {
        "split": lambda: cut(client, seeded, person),
        "merge": lambda: client.post(
            "/api/defects/merge", json={"defects": both}, headers=person.headers
        ),
        "redraw": lambda: client.put(
            f"/api/defects/{spall.defect_id}/geometry", json=redrawn, headers=person.headers
        ),
        "draw": lambda: client.post(
            f"/api/surveys/{survey.survey_id}/defects", json=drawn, headers=person.headers
        ),
        "undo": lambda: client.post(
            f"/api/edits/{uuid.uuid4()}/undo", json={}, headers=person.headers
        ),
    }
    assert one.defect_id not in {d.defect_id for d in (other, third, spall)}
    return {kind: ask().status_code for kind, ask in send.items()}


@pytest.mark.parametrize("role", list(Role))
def test_only_engineers_edit(
    client: TestClient, services: Services, seeded: Seeded, role: Role
) -> None:
    person = add_person(services.engine, role, HOME, NOW)
    statuses = every_edit(client, seeded, person)
    if role in EDITORS:
        assert statuses == {"split": 201, "merge": 201, "redraw": 200, "draw": 201, "undo": 404}
    else:
        assert set(statuses.values()) == {403}
    address = f"/api/defects/{seeded.mapped.defects[0].defect_id}/edits"
    shown = client.get(address, headers=person.headers)
    assert shown.status_code == 200  # everybody who looks sees what was done
    assert len(shown.json()["edits"]) == (role in EDITORS)


def test_an_edit_stands_under_the_name_of_the_account(
    client: TestClient, seeded: Seeded, engineer: Person
) -> None:
    told = cut(client, seeded, engineer).json()["edit"]
    assert told["editor"] == engineer.account.display_name != "somebody else"
    late = cut(client, seeded, engineer)
    assert late.status_code == 409
    assert [change["who"] for change in late.json()["meanwhile"]] == [told["editor"]]


def test_engineers_of_others_neither_edit_nor_see(
    client: TestClient, services: Services, seeded: Seeded, engineer: Person
) -> None:
    """A city below the owner sees nothing of it; its edits find nothing to change."""
    add_cities(services.engine)
    stranger = add_person(services.engine, Role.ENGINEER, CITIES[0], NOW, name="tanaka")
    assert set(every_edit(client, seeded, stranger).values()) == {404}
    survey = seeded.mapped
    done = cut(client, seeded, engineer).json()
    back = client.post(
        f"/api/edits/{done['edit']['edit_id']}/undo", json={}, headers=stranger.headers
    )
    assert back.status_code == 404
    hidden = client.get(
        f"/api/defects/{survey.defects[0].defect_id}/edits", headers=stranger.headers
    )
    assert hidden.status_code == 404
    x, y = survey.mosaic.grid.to_surface([[285, 150]])[0]
    clicked = client.get(
        f"/api/surveys/{survey.survey_id}/width",
        params={"x_m": x, "y_m": y},
        headers=stranger.headers,
    )
    assert clicked.status_code == 404
    with reading(services.engine) as connection:
        standing = defects.standing(connection, survey.asset_id)
    assert len(standing) == len(survey.defects) + 1


def test_a_taken_identifier_of_somebody_else_is_no_way_in(
    client: TestClient, services: Services, seeded: Seeded, engineer: Person
) -> None:
    edit_id = str(uuid.uuid4())
    assert cut(client, seeded, engineer, edit_id=edit_id).status_code == 201
    colleague = add_person(services.engine, Role.ENGINEER, HOME, NOW, name="yamada")
    again = cut(client, seeded, colleague, edit_id=edit_id)
    assert (again.status_code, "other contents" in again.json()["detail"]) == (409, True)


def test_the_audit_log_witnesses_every_row_of_an_edit(
    client: TestClient, services: Services, seeded: Seeded, engineer: Person
) -> None:
    done = cut(client, seeded, engineer).json()
    undone = client.post(
        f"/api/edits/{done['edit']['edit_id']}/undo", json={}, headers=engineer.headers
    )
    assert undone.status_code == 201
    with reading(services.engine) as connection:
        assert list(audit.verify(connection)) == []
        told = audit.find(connection, limit=1000)
    mine = [event for event in told if event.actor == str(engineer.account.account_id)]
    split = [event for event in mine if event.action == "split_defect"]
    tables = {event.subject.split()[0] for event in split}
    assert {"edits", "edit_shares", "defects", "observations", "defect_observations"} <= tables
    changed = [e for e in split if e.subject == f"defects {seeded.mapped.defects[0].defect_id}"]
    assert changed and all(e.before_sha256 and e.after_sha256 for e in changed)
    back = {event.subject.split()[0] for event in mine if event.action == "undo_edit"}
    assert {"edits", "edit_shares", "defects"} <= back
    assert "observations" not in back  # nothing that was seen or drawn is touched


def test_a_preview_leaves_no_line(
    client: TestClient, services: Services, seeded: Seeded, engineer: Person
) -> None:
    with reading(services.engine) as connection:
        before = audit.head(connection)
    assert cut(client, seeded, engineer, preview=True).status_code == 201
    with reading(services.engine) as connection:
        assert audit.head(connection) == before
