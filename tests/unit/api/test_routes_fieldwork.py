"""What need not be sent, small pictures, coverage and outlook, over the whole application."""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.caretaker import gatherer_of
from api.deps import Services
from api.schemas.upload import ASKED_MAX
from inspection.domain.capture import Rejection, RejectionReason
from inspection.imaging.decode import Looked
from inspection.imaging.sandbox import Sandbox
from inspection.store import jobs, keys, photos, steps, uploads
from inspection.store.engine import reading, writing
from tests.support.seed import Seeded
from tests.support.sortie import Shot, sortie
from tests.support.tus import TusClient, photo
from tests.unit.api.conftest import NOW

PHOTO = photo(1, 64)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def known(client: TestClient, survey_id: UUID, *sha256s: str) -> dict[str, Any]:
    answer = client.post(f"/api/surveys/{survey_id}/photos/known", json={"sha256s": list(sha256s)})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def upload(client: TestClient, survey_id: UUID, **files: bytes) -> list[dict[str, Any]]:
    sent = [("files", (name.replace("_", "."), content)) for name, content in files.items()]
    answer = client.post(f"/api/surveys/{survey_id}/photos", files=sent)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["files"]
    return rows


def small(client: TestClient, survey_id: UUID, sha256: str) -> Any:
    return client.get(f"/api/surveys/{survey_id}/photos/{sha256}/thumbnail")


def test_nobody_has_to_send_what_is_here_set_aside_or_half_here(
    client: TestClient, tus: TusClient, seeded: Seeded, small_parts: Services
) -> None:
    survey_id = seeded.local.survey_id
    cut, half = photo(2, 64)[:900], photo(3, 200)
    tus.whole("a.jpg", PHOTO)
    upload(client, survey_id, b_jpg=cut)
    path = tus.begin("c.jpg", half)
    tus.piece(path, 0, half[:9000])
    strange = digest(b"never seen")
    told = known(client, survey_id, digest(PHOTO), digest(cut), digest(half), strange)
    assert told["here"] == [{"sha256": digest(PHOTO), "name": "a.jpg"}]
    (aside,) = told["set_aside"]
    assert (aside["file"], aside["reason"]) == ("b.jpg", "truncated")
    assert aside["sha256"] == digest(cut)
    (arriving,) = told["arriving"]
    assert arriving["sha256_promised"] == digest(half)
    assert arriving["offset_bytes"] == 9000
    assert path.endswith(arriving["upload_id"])


def test_of_two_uploads_of_the_same_the_one_is_named_that_has_come_further(
    client: TestClient, tus: TusClient, seeded: Seeded, small_parts: Services
) -> None:
    first, second = tus.begin("a.jpg", PHOTO), tus.begin("a.jpg", PHOTO)
    tus.piece(second, 0, PHOTO[:100])
    tus.piece(first, 0, PHOTO[:50])
    (arriving,) = known(client, seeded.local.survey_id, digest(PHOTO))["arriving"]
    assert second.endswith(arriving["upload_id"])


def test_what_has_expired_or_belongs_to_another_survey_is_wanted(
    client: TestClient, tus: TusClient, seeded: Seeded, services: Services
) -> None:
    tus.begin("a.jpg", PHOTO)
    tus.whole("b.jpg", photo(5, 64))
    nothing = {"here": [], "set_aside": [], "arriving": []}
    elsewhere = seeded.mapped.survey_id
    assert known(client, elsewhere, digest(PHOTO), digest(photo(5, 64))) == nothing
    gatherer = gatherer_of(services)
    with reading(services.engine) as connection:
        arriving = uploads.arriving(connection, seeded.local.survey_id, {digest(PHOTO)}, NOW)
        past = NOW + gatherer.terms.keep
        assert uploads.arriving(connection, seeded.local.survey_id, {digest(PHOTO)}, past) == {}
    assert list(arriving) == [digest(PHOTO)]
    late = NOW + gatherer.terms.keep + timedelta(seconds=1)
    assert gatherer.tidy(late) == (0, 2)  # what ended is forgotten too; its photo stays
    assert known(client, seeded.local.survey_id, digest(PHOTO)) == nothing


@pytest.mark.parametrize(
    "asked", [["x"], [digest(b"").upper()], ["a" * 65], ["0" * 64] * (ASKED_MAX + 1)]
)
def test_only_digests_are_asked_about_and_not_too_many(
    client: TestClient, seeded: Seeded, asked: list[str]
) -> None:
    path = f"/api/surveys/{seeded.local.survey_id}/photos/known"
    assert client.post(path, json={"sha256s": asked}).status_code == 422
    assert client.post(path, json={"sha256s": ["0" * 64] * ASKED_MAX}).status_code == 200


def test_a_survey_that_is_not_there_knows_nothing(client: TestClient) -> None:
    path = f"/api/surveys/{UUID(int=9)}/photos/known"
    assert client.post(path, json={"sha256s": []}).status_code == 404


def test_small_pictures_of_what_is_kept_and_of_what_is_not(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey_id = seeded.mapped.survey_id  # nadir: photos need a position
    placed, lost = Shot(seed=1).jpeg(), Shot(seed=2, placed=False).jpeg()
    rows = upload(client, survey_id, a_jpg=placed, b_jpg=lost)
    assert [row["reason"] for row in rows] == [None, "no_gps"]
    for content in (placed, lost):
        answer = small(client, survey_id, digest(content))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert "immutable" in answer.headers["cache-control"]
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == (240, 180)
        tag = {"if-none-match": answer.headers["etag"]}
        path = f"/api/surveys/{survey_id}/photos/{digest(content)}/thumbnail"
        assert client.get(path, headers=tag).status_code == 304
    assert services.blobs.exists(keys.thumbnail_key(digest(lost)))
    assert services.blobs.exists(keys.thumbnail_key(digest(placed)))  # made when it arrived


def test_a_photo_that_came_without_a_small_picture_gets_one_from_elsewhere(
    app: Any, client: TestClient, seeded: Seeded, services: Services
) -> None:
    """Photos of commands come in without; no decoder runs in the process of the service."""
    asked: list[Path] = []

    def look(paths: Iterable[Path]) -> Looked:
        asked.extend(paths)
        return Looked(thumbnails=dict.fromkeys(asked, b"small"))

    app.state.services = replace(services, examine=look)
    survey = seeded.local
    for _ in range(2):
        assert small(client, survey.survey_id, survey.photo_sha256).content == b"small"
    assert len(asked) == 1
    app.state.services = replace(services, examine=lambda _paths: Looked())
    assert small(client, seeded.mapped.survey_id, seeded.mapped.photo_sha256).status_code == 404


def test_half_a_photo_is_shown_as_far_as_it_came(
    app: Any, client: TestClient, seeded: Seeded, services: Services
) -> None:
    app.state.services = replace(services, examine=Sandbox().look)
    whole = Shot(seed=3).jpeg()
    half = whole[: len(whole) // 2]
    (row,) = upload(client, seeded.local.survey_id, a_jpg=half)
    assert row["reason"] == "truncated"
    answer = small(client, seeded.local.survey_id, digest(half))
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (240, 180)


def test_there_is_no_small_picture_of_a_stranger(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey_id = seeded.mapped.survey_id
    old = Rejection(file="old.jpg", reason=RejectionReason.EMPTY, detail="", sha256=digest(b"x"))
    with writing(services.engine) as connection:
        photos.reject(connection, survey_id, [old])
    for sha256 in (digest(b"x"), digest(b"y"), "no-digest", seeded.local.photo_sha256):
        assert small(client, survey_id, sha256).status_code == 404, sha256


def test_photos_say_what_speaks_against_them(client: TestClient, seeded: Seeded) -> None:
    survey_id = seeded.mapped.survey_id
    shots = {f"p{seed}_jpg": Shot(seed=seed).jpeg() for seed in range(5)}
    upload(client, survey_id, **shots)
    upload(client, survey_id, soft_jpg=Shot(seed=9, blur_px=3.0).jpeg())
    shown = client.get(f"/api/surveys/{survey_id}").json()["photos"]
    concerns = {one["name"]: one["concerns"] for one in shown}
    assert concerns["soft.jpg"] == ["soft"]
    assert [concerns[f"p{seed}.jpg"] for seed in range(5)] == [[]] * 5
    related = {one["name"]: one["sharpness_relative"] for one in shown}
    assert sorted(related[f"p{seed}.jpg"] for seed in range(5))[2] == pytest.approx(1.0, abs=0.1)


def test_coverage_of_a_flight(client: TestClient, seeded: Seeded) -> None:
    survey_id = seeded.mapped.survey_id
    flight = {name.replace(".", "_"): content for name, content in sortie(3, 2).items()}
    upload(client, survey_id, **flight)
    path = f"/api/surveys/{survey_id}/coverage"
    wide, narrow = (client.get(path, params={"width_mm": mm}).json() for mm in (5, 0.2))
    assert wide["share"] > 0.3 > narrow["share"] == 0
    assert wide["area_m2"] == pytest.approx(narrow["area_m2"], rel=1e-6)
    assert {one["reach"] for one in wide["sightings"]} == {"able"}
    assert {one["reach"] for one in narrow["sightings"]} == {"coarse"}
    assert all(one["distance_m"] == 5.0 for one in wide["sightings"])
    assert all(one["gsd_mm_per_px"] == pytest.approx(12.5) for one in wide["sightings"])
    (old,) = [one for one in wide["unplaced"] if one["name"].startswith("bridge-12")]
    assert old["reason"] in {"no_height", "no_lens"}  # it was put there without
    near = client.get(path, params={"width_mm": 5, "surface_height_m": 4}).json()
    assert {one["reach"] for one in near["sightings"]} == {"fine"}
    for region in wide["regions"]:
        assert region["geometry"]["type"] in {"Polygon", "MultiPolygon"}


@pytest.mark.parametrize("query", ["width_mm=0", "width_mm=x", "width_mm=nan", "width_mm=51"])
def test_coverage_wants_a_width(client: TestClient, seeded: Seeded, query: str) -> None:
    path = f"/api/surveys/{seeded.mapped.survey_id}/coverage?{query}"
    assert client.get(path).status_code == 422


def test_coverage_of_nothing_is_nothing(client: TestClient, seeded: Seeded) -> None:
    told = client.get(f"/api/surveys/{seeded.local.survey_id}/coverage").json()
    assert (told["share"], told["regions"], told["sightings"]) == (0, [], [])
    assert [one["reason"] for one in told["unplaced"]] != []


def test_the_outlook_goes_by_what_earlier_surveys_took(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey_id = seeded.local.survey_id
    path = f"/api/surveys/{survey_id}/outlook"
    idle = client.get(path).json()
    assert [stage["state"] for stage in idle["stages"]] == ["waiting"] * 5
    assert idle["remaining"] is None
    job_id = client.post(f"/api/surveys/{survey_id}/process").json()["job_id"]
    with writing(services.engine) as connection:
        jobs.claim(connection, UUID(job_id), "worker", NOW, 60.0)
    assert client.get(path).json()["remaining"] is None  # nothing was ever measured here
    with writing(services.engine) as connection:
        for stage in ("mosaic", "detect", "measure", "consolidate", "issue"):
            steps.commit(
                connection, seeded.mapped.survey_id, stage, "d",
                result={}, seconds=12.0, peak_rss_mb=1.0, now=NOW,
            )  # fmt: skip
    told = client.get(path).json()
    assert told["measured"] == 1
    assert told["remaining"] == pytest.approx({"low_s": 40.0, "high_s": 90.0})  # 5 × 12 s, ± half
    assert [stage["state"] for stage in told["stages"]] == ["working", *["waiting"] * 4]
