"""Uploads in pieces over the whole application: tus 1.0.0, core and the four extensions."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.caretaker import Caretaker
from api.deps import Services
from inspection.pipeline.gather import Terms
from inspection.store import keys, photos
from inspection.store.engine import reading
from tests.support.seed import Seeded
from tests.support.tus import (
    OFFSET_TYPE,
    RESUMABLE,
    TusClient,
    checksum,
    encoded,
    photo,
)
from tests.unit.api.conftest import NOW

PHOTO = photo()


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
