"""Uploads in pieces over the whole application: tus 1.0.0, core and the four extensions."""

import base64
import hashlib
import io
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from api.caretaker import Caretaker
from api.deps import Services
from inspection.domain.account import Role
from inspection.pipeline.gather import Terms
from inspection.store import audit, keys, photos
from inspection.store.engine import reading
from inspection.store.scope import HOME
from tests.support.people import add_cities, add_person
from tests.support.seed import Seeded
from tests.support.tus import (
    OFFSET_TYPE,
    RESUMABLE,
    TusClient,
    checksum,
    client_sender,
    encoded,
)
from tests.unit.api.conftest import NOW


def photo(seed: int = 0, size_px: int = 160) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (size_px, size_px, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=95)
    return stream.getvalue()


PHOTO = photo()


@pytest.fixture
def tus(client: TestClient, seeded: Seeded) -> TusClient:
    return TusClient(send=client_sender(client), survey_id=seeded.local.survey_id)


@pytest.fixture
def small_parts(app: FastAPI, services: Services) -> Services:
    """Write pieces down every 4 kB, so that small photos have many."""
    changed = replace(services, terms=Terms(part_bytes=4096, keep=timedelta(hours=2)))
    app.state.services = changed
    return changed


def stored(services: Services, seeded: Seeded) -> list[str]:
    with reading(services.engine) as connection:
        return [one.sha256 for one in photos.of_survey(connection, seeded.local.survey_id)]


def pieces(services: Services) -> list[str]:
    return list(services.blobs.keys(keys.UPLOADS))


def became(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_what_the_service_speaks(client: TestClient, seeded: Seeded) -> None:
    answer = client.options(f"/api/surveys/{seeded.local.survey_id}/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation", "termination", "checksum", "expiration",
    }  # fmt: skip
    assert answer.headers["tus-max-size"] == "200000"
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


def test_a_photo_in_pieces_becomes_a_photo(
    client: TestClient, tus: TusClient, services: Services, seeded: Seeded
) -> None:
    before = stored(services, seeded)
    path = tus.begin("DJI 橋.JPG", PHOTO)
    assert tus.offset(path) == 0
    for start in range(0, len(PHOTO), 7000):
        status, answered = tus.piece(path, start, PHOTO[start : start + 7000])
        assert status == 204
        assert int(answered["upload-offset"]) == min(start + 7000, len(PHOTO))
    sha256 = hashlib.sha256(PHOTO).hexdigest()
    told = became(client, path)
    assert (told["state"], told["sha256"], told["name"]) == ("stored", sha256, "DJI 橋.JPG")
    assert set(stored(services, seeded)) - set(before) == {sha256}
    assert client.get(f"/api/surveys/{seeded.local.survey_id}/photos/{sha256}").content == PHOTO
    assert pieces(services) == []
    assert tus.offset(path) == len(PHOTO)


def test_the_same_photo_again_is_already_here(client: TestClient, tus: TusClient) -> None:
    tus.whole("a.jpg", PHOTO)
    assert became(client, tus.whole("a.jpg", PHOTO))["state"] == "already_here"
    told = became(client, tus.whole("other name.jpg", PHOTO))
    assert (told["state"], told["reason"]) == ("rejected", "duplicate")


def test_a_file_that_is_no_photo_says_so(client: TestClient, tus: TusClient) -> None:
    told = became(client, tus.whole("notes.jpg", b"notes of the crew"))
    assert (told["state"], told["reason"]) == ("rejected", "not_an_image")
    empty = became(client, tus.begin("empty.jpg", b""))
    assert (empty["state"], empty["reason"]) == ("rejected", "empty")


@pytest.mark.parametrize("wrong", [1, 3999, 4001, 10**9])
def test_a_wrong_offset_changes_nothing(tus: TusClient, small_parts: Services, wrong: int) -> None:
    path = tus.begin("a.jpg", PHOTO)
    assert tus.piece(path, 0, PHOTO[:4000])[0] == 204
    status, _ = tus.piece(path, wrong, PHOTO[wrong : wrong + 10] or b"x")
    assert status == 409
    assert tus.offset(path) == 4000
    assert len(pieces(small_parts)) == 1


def test_a_replayed_piece_is_refused_and_the_photo_is_whole(
    client: TestClient, tus: TusClient, services: Services, seeded: Seeded
) -> None:
    path = tus.begin("a.jpg", PHOTO)
    assert tus.piece(path, 0, PHOTO[:5000])[0] == 204
    assert tus.piece(path, 0, PHOTO[:5000])[0] == 409
    assert tus.piece(path, 5000, PHOTO[5000:])[0] == 204
    assert tus.piece(path, 5000, PHOTO[5000:])[0] == 409
    assert became(client, path)["state"] == "stored"
    assert stored(services, seeded).count(hashlib.sha256(PHOTO).hexdigest()) == 1


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_checksum_is_compared_before_anything_counts(
    tus: TusClient, small_parts: Services, algorithm: str
) -> None:
    path = tus.begin("a.jpg", PHOTO)
    right = checksum(PHOTO[:9000], algorithm)
    status, _ = tus.piece(path, 0, PHOTO[:8999] + b"?", Upload_Checksum=right)
    assert status == 460
    assert (tus.offset(path), pieces(small_parts)) == (0, [])
    assert tus.piece(path, 0, PHOTO[:9000], Upload_Checksum=right)[0] == 204
    assert tus.offset(path) == 9000
    assert len(pieces(small_parts)) == 1


@pytest.mark.parametrize("sent", ["crc32 AAAA", "sha256 ???", "sha256", ""])
def test_a_checksum_that_cannot_be_compared_is_refused(tus: TusClient, sent: str) -> None:
    path = tus.begin("a.jpg", PHOTO)
    assert tus.piece(path, 0, PHOTO[:10], Upload_Checksum=sent)[0] in {422, 460}
    assert tus.offset(path) == 0


def test_a_broken_promise_about_the_whole_file_keeps_nothing(
    client: TestClient, tus: TusClient, services: Services, seeded: Seeded
) -> None:
    before = stored(services, seeded)
    path = tus.begin("a.jpg", PHOTO)
    changed = bytes([PHOTO[0] ^ 1]) + PHOTO[1:]
    assert tus.piece(path, 0, changed)[0] == 460
    told = became(client, path)
    assert told["state"] == "rejected" and "promised was" in told["detail"]
    assert stored(services, seeded) == before
    assert pieces(services) == []


def test_an_upload_that_is_ended_is_gone(
    client: TestClient, tus: TusClient, services: Services
) -> None:
    path = tus.begin("a.jpg", PHOTO)
    tus.piece(path, 0, PHOTO[:5000])
    assert client.delete(path, headers=RESUMABLE).status_code == 204
    assert client.head(path, headers=RESUMABLE).status_code == 404
    assert tus.piece(path, 5000, PHOTO[5000:])[0] == 404
    assert pieces(services) == []
    assert client.delete(path, headers=RESUMABLE).status_code == 404


def test_ending_a_finished_upload_keeps_the_photo(
    client: TestClient, tus: TusClient, services: Services, seeded: Seeded
) -> None:
    path = tus.whole("a.jpg", PHOTO)
    assert client.delete(path, headers=RESUMABLE).status_code == 204
    assert hashlib.sha256(PHOTO).hexdigest() in stored(services, seeded)


def test_an_upload_expires_and_is_forgotten(
    app: FastAPI, tus: TusClient, small_parts: Services
) -> None:
    path = tus.begin("a.jpg", PHOTO)
    _, answered = tus.piece(path, 0, PHOTO[:5000])
    assert parsedate_to_datetime(answered["upload-expires"]) == NOW + timedelta(hours=2)

    class Later:
        def now(self) -> Any:
            return NOW + timedelta(hours=3)

    later = replace(small_parts, clock=Later())
    app.state.services = later
    assert tus.piece(path, 5000, PHOTO[5000:])[0] == 410
    assert tus.send("HEAD", path, RESUMABLE, None)[0] == 410
    assert Caretaker(lambda: later).once() == (0, 1)
    assert tus.send("HEAD", path, RESUMABLE, None)[0] == 404
    assert pieces(small_parts) == []


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", ""])
def test_another_version_is_told_which_one_is_spoken(
    client: TestClient, tus: TusClient, version: str | None
) -> None:
    path = tus.begin("a.jpg", PHOTO)
    headers = {} if version is None else {"Tus-Resumable": version}
    for answer in (
        client.head(path, headers=headers),
        client.delete(path, headers=headers),
        client.post(path.rpartition("/")[0], headers=headers),
        client.patch(path, content=b"x", headers={**headers, "content-type": OFFSET_TYPE}),
    ):
        assert answer.status_code == 412
        assert answer.headers["tus-version"] == "1.0.0"
    assert tus.offset(path) == 0


def test_more_than_announced_and_more_than_allowed_are_too_large(
    client: TestClient, tus: TusClient
) -> None:
    path = tus.begin("a.jpg", PHOTO[:100])
    assert tus.piece(path, 0, PHOTO[:101])[0] == 413
    assert tus.offset(path) == 0
    place = path.rpartition("/")[0]
    headers = {**RESUMABLE, "Upload-Length": "200001"}
    assert client.post(place, headers=headers).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Defer-Length": "1"},
        {"Upload-Length": "-1"},
        {"Upload-Length": "1e3"},
        {"Upload-Length": "9" * 40},
        {"Upload-Length": "1", "Upload-Metadata": "filename ???"},
        {"Upload-Length": "1", "Upload-Metadata": "filename YQ==,filename YQ=="},
        {"Upload-Length": "1", "Upload-Metadata": "x" * 5000},
        {"Upload-Length": "1", "Upload-Metadata": f"sha256 {encoded('abc')}"},
        {"Upload-Length": "1", "Upload-Metadata": f"filename {base64.b64encode(b'%c' % 255)!r}"},
    ],
)
def test_a_beginning_that_cannot_be_read_is_refused(
    client: TestClient, seeded: Seeded, headers: dict[str, str]
) -> None:
    place = f"/api/surveys/{seeded.local.survey_id}/uploads"
    assert client.post(place, headers={**RESUMABLE, **headers}).status_code == 422


def test_a_name_never_becomes_a_path(client: TestClient, tus: TusClient) -> None:
    told = became(client, tus.begin("../../etc/cron.d/x.jpg", PHOTO))
    assert told["name"] == "x.jpg"


def test_the_quota_counts_what_is_unfinished_and_is_given_back(
    app: FastAPI, tus: TusClient, services: Services, client: TestClient
) -> None:
    quota = len(PHOTO) + len(photo(1)) + 999
    app.state.services = replace(services, terms=Terms(unfinished_max_bytes=quota))
    first, _ = tus.begin("a.jpg", PHOTO), tus.begin("b.jpg", photo(1))
    headers = {**RESUMABLE, "Upload-Length": "1000"}
    refused = client.post(first.rpartition("/")[0], headers=headers)
    assert refused.status_code == 403 and "quota" in refused.json()["detail"]
    assert tus.piece(first, 0, PHOTO)[0] == 204
    assert client.post(first.rpartition("/")[0], headers=headers).status_code == 201
    app.state.services = replace(services, terms=Terms(unfinished_max=2))
    assert client.post(first.rpartition("/")[0], headers=headers).status_code == 403


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
    from api.caretaker import gatherer_of
    from inspection.store import uploads

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
    import os

    left = services.scratch / "whole-left"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    young = services.scratch / "whole-young"
    young.mkdir()
    moment = NOW.timestamp()
    os.utime(young, (moment, moment))
    os.utime(left, (moment - 90_000, moment - 90_000))
    Caretaker(lambda: services).once()
    assert [one.name for one in Path(services.scratch).iterdir()] == ["whole-young"]
