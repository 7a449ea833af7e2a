"""Uploads in pieces when several write, something dies, or strangers come by."""

import hashlib
import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from api.caretaker import Caretaker, gatherer_of
from api.deps import Services
from inspection.domain.account import Role
from inspection.errors import Unavailable
from inspection.store import audit, uploads
from inspection.store.engine import reading
from inspection.store.scope import HOME
from tests.support.people import add_cities, add_person
from tests.support.seed import Seeded
from tests.support.tus import OFFSET_TYPE, RESUMABLE, TusClient, client_sender, photo
from tests.unit.api.conftest import NOW
from tests.unit.api.test_tus_routes import became, pieces, stored

PHOTO = photo()


def test_writers_at_the_same_place_do_not_mix(
    client: TestClient, tus: TusClient, small_parts: Services, seeded: Seeded
) -> None:
    """Eight clients send the same file at once, each going on where the service says."""
    path = tus.begin("a.jpg", PHOTO)

    def push(number: int) -> int:
        order, sent = random.Random(number), 0
        while True:
            at = tus.offset(path)
            if at == len(PHOTO):
                return sent
            size = order.randrange(1000, 9000)
            sent += tus.piece(path, at, PHOTO[at : at + size])[0] == 204

    with ThreadPoolExecutor(8) as clients:
        assert sum(clients.map(push, range(8))) >= 1
    assert became(client, path)["state"] in {"stored", "already_here"}
    sha256 = hashlib.sha256(PHOTO).hexdigest()
    assert stored(small_parts, seeded).count(sha256) == 1
    assert client.get(f"/api/surveys/{seeded.local.survey_id}/photos/{sha256}").content == PHOTO
    assert pieces(small_parts) == []


def test_a_crash_between_the_last_byte_and_the_photo_is_made_good(
    client: TestClient, tus: TusClient, small_parts: Services, seeded: Seeded
) -> None:
    """Let every byte arrive, and nobody look at them: as a service that was killed just then."""
    for way in ("asked", "tidied"):
        content = photo(len(way))
        path = tus.begin(f"{way}.jpg", content)
        gatherer = gatherer_of(small_parts)
        with reading(small_parts.engine) as connection:
            upload = uploads.by_id(
                connection, seeded.local.survey_id, UUID(path.rpartition("/")[2])
            )
        parts = [gatherer.keep_piece(upload, 0, content)]
        gatherer.keep_piece(upload, 0, b"a piece that never counted")
        gatherer.advance(upload, parts, NOW)
        if way == "asked":
            assert tus.offset(path) == len(content)
        else:
            assert Caretaker(lambda: small_parts).once() == (1, 0)
        assert became(client, path)["state"] == "stored"
        assert hashlib.sha256(content).hexdigest() in stored(small_parts, seeded)
        assert pieces(small_parts) == []


def test_a_disk_that_refuses_for_a_while_ends_nothing(
    client: TestClient, tus: TusClient, small_parts: Services, seeded: Seeded, tmp_path: Path
) -> None:
    """A full disk, here a folder that cannot be made: the rest is tidied, and this one later."""
    in_the_way = tmp_path / "in-the-way"
    in_the_way.write_bytes(b"")
    blocked = replace(small_parts, scratch=in_the_way / "incoming")
    path = tus.begin("a.jpg", PHOTO)
    gatherer = gatherer_of(blocked)
    with reading(small_parts.engine) as connection:
        upload = uploads.by_id(connection, seeded.local.survey_id, UUID(path.rpartition("/")[2]))
    parts = [gatherer.keep_piece(upload, 0, PHOTO)]
    complete = gatherer.advance(upload, parts, NOW)
    with pytest.raises(Unavailable, match=r"a\.jpg cannot be put together in .*check folder"):
        gatherer.finish(complete)
    assert Caretaker(lambda: blocked).once() == (0, 0)
    assert Caretaker(lambda: small_parts).once() == (1, 0)
    assert became(client, path)["state"] == "stored"


def test_old_clients_may_name_the_method_in_a_header(
    client: TestClient, tus: TusClient, services: Services
) -> None:
    path = tus.begin("a.jpg", PHOTO)
    headers = {
        **RESUMABLE, "Upload-Offset": "0", "Content-Type": OFFSET_TYPE,
        "X-HTTP-Method-Override": "PATCH",
    }  # fmt: skip
    assert client.post(path, headers=headers, content=PHOTO[:10]).status_code == 204
    assert tus.offset(path) == 10
    headers = {**RESUMABLE, "X-HTTP-Method-Override": "DELETE"}
    assert client.post(path, headers=headers).status_code == 204
    # elsewhere, and for other methods, the header means nothing
    assert client.post("/api/surveys", headers=headers, json={}).status_code == 422
    sent = {**RESUMABLE, "X-HTTP-Method-Override": "GET"}
    assert client.post(path, headers=sent).status_code == 405


def test_only_octets_come_in_pieces(client: TestClient, tus: TusClient) -> None:
    path = tus.begin("a.jpg", PHOTO)
    for kind in ("application/json", "multipart/form-data", "text/plain", "image/jpeg"):
        sent = {**RESUMABLE, "Upload-Offset": "0", "Content-Type": kind}
        assert client.patch(path, headers=sent, content=b"x").status_code == 415


def test_others_do_not_see_or_fill_an_upload(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    """A crew of a city has its own surveys; those of the prefecture are not there for it."""
    add_cities(services.engine)
    crew = add_person(services.engine, Role.CREW, HOME, NOW)
    stranger = add_person(services.engine, Role.CREW, "city-a", NOW)

    def of(person: Any) -> TusClient:
        plain = client_sender(client)
        return TusClient(
            send=lambda method, path, headers, content: plain(
                method, path, {**headers, **person.headers}, content
            ),
            survey_id=seeded.local.survey_id,
        )

    path = of(crew).begin("a.jpg", PHOTO)
    assert of(stranger).send("HEAD", path, RESUMABLE, None)[0] == 404
    assert of(stranger).piece(path, 0, PHOTO)[0] == 404
    assert of(stranger).send("DELETE", path, RESUMABLE, None)[0] == 404
    place = f"/api/surveys/{seeded.local.survey_id}/uploads"
    headers = {**RESUMABLE, "Upload-Length": "5"}
    assert of(stranger).send("POST", place, headers, b"")[0] == 404
    assert of(crew).piece(path, 0, PHOTO)[0] == 204
    with reading(services.engine) as connection:
        assert list(audit.verify(connection)) == []
        told = [(one.actor, one.subject) for one in audit.find(connection)]
    subjects = {
        subject.split()[0] for actor, subject in told if actor == str(crew.account.account_id)
    }
    assert {"uploads", "photos", "survey_photos"} <= subjects


def test_what_a_killed_service_left_in_its_folder_is_swept(services: Services) -> None:
    left = services.scratch / "whole-left"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    log = services.scratch / "audit-left.csv"
    log.write_bytes(b"x")
    young = services.scratch / "whole-young"
    young.mkdir()
    moment = NOW.timestamp()
    os.utime(young, (moment, moment))
    for old in (left, log):
        os.utime(old, (moment - 90_000, moment - 90_000))
    Caretaker(lambda: services).once()
    assert [one.name for one in Path(services.scratch).iterdir()] == ["whole-young"]
