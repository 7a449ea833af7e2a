"""schemathesis over the whole application: no 5xx, no answer that the document does not know.

A few requests to every address here; ``python -m tests.benchmarks.api_fuzz`` sends as many as one
likes, as every role.
"""

import re
from dataclasses import replace

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.deps import Services
from inspection.domain.account import Role
from inspection.export.catalogue import Publisher
from inspection.store.scope import HOME
from tests.support.fuzzing import ALONE, PUBLISHER, committed, fuzz, things
from tests.support.people import add_person, add_token
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW

WALKED = "^/(collections/surveys/|api/inspections)"
"""Addresses whose fields are walked border by border here; the benchmark walks them all."""


@pytest.fixture
def there(services: Services) -> FastAPI:
    """Give the application as one person at this machine meets it."""
    return create_app(replace(services, publisher=lambda: PUBLISHER))


def test_every_address_keeps_its_word(there: FastAPI, seeded: Seeded) -> None:
    known = things(seeded)
    tally = fuzz(there, known, examples=1, phases=["fuzzing"], operations=ALONE)
    assert tally.faults == {}, tally.told()
    paths = committed()["paths"]
    asked = [path for path in paths if re.match(ALONE, path)]
    assert len(tally.operations) == sum(len(paths[path]) for path in asked)
    assert tally.statuses[401] < 10, "somebody got an account on the way"
    assert tally.statuses[200] + tally.statuses[201] > 20
    assert tally.statuses[422] > 5


def test_the_borders_of_every_field_are_walked(there: FastAPI, seeded: Seeded) -> None:
    tally = fuzz(there, things(seeded), examples=1, phases=["coverage"], operations=WALKED)
    assert tally.faults == {}, tally.told()
    assert tally.requests > 60
    assert tally.statuses[405] > 5


def test_behind_a_sign_in_too(there: FastAPI, services: Services, seeded: Seeded) -> None:
    person = add_person(services.engine, Role.ENGINEER, HOME, NOW)
    scopes = {"look", "decide", "capture", "self"}
    token = add_token(services.engine, person, scopes, NOW)
    signed_in = {"Authorization": f"Bearer {token}"}
    known = things(seeded)
    some = "^/api/(assets|defects|jobs|inspections|people|programmes)"
    tally = fuzz(there, known, examples=1, phases=["fuzzing"], headers=signed_in, operations=some)
    assert tally.faults == {}, tally.told()
    assert tally.statuses[403] >= 3 and tally.statuses[200] >= 3
    strangers = fuzz(there, known, examples=1, phases=["fuzzing"], operations="^/api/assets")
    assert strangers.faults == {}, strangers.told()
    assert set(strangers.statuses) == {401}


def test_an_answer_that_is_not_documented_is_found(there: FastAPI, seeded: Seeded) -> None:
    document = committed()
    del document["paths"]["/api/assets/{asset_id}"]["get"]["responses"]["404"]
    tally = fuzz(
        there,
        things(seeded),
        examples=5,
        phases=["fuzzing"],
        operations="^/api/assets/",
        document=document,
    )
    assert set(tally.faults) == {"status_code_conformance at GET /api/assets/{asset_id}"}
    assert "404" in tally.told()


def test_a_fault_of_ours_is_found(services: Services, seeded: Seeded) -> None:
    def broken() -> Publisher:
        raise ZeroDivisionError

    app = create_app(replace(services, publisher=broken))
    tally = fuzz(app, things(seeded), examples=1, operations="^/catalog", phases=["fuzzing"])
    assert {"GET /catalog.ttl cannot be sent", "GET /catalog.jsonld cannot be sent"} == set(
        tally.faults
    )
    assert "ZeroDivisionError" in tally.told()
