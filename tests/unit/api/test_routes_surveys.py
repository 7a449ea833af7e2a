"""Assets, surveys, photos and jobs through the API."""

import hashlib
import io
import uuid
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.deps import Services
from inspection.store import jobs
from inspection.store.engine import writing
from tests.support.seed import Seeded
from tests.unit.api.conftest import NOW, CountingBell

ASSET = {
    "asset_id": "ISK-0123/上り",
    "name": "犀川大橋",
    "kind": "bridge",
    "concrete": "PC",
    "attributes": {"adt": 12000.0, "lifeline": True, "route": "1"},
}


def jpeg(seed: int = 0, size: tuple[int, int] = (160, 120)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def new_survey(client: TestClient, **changes: Any) -> str:
    described = {"asset_id": "bridge-12", "surface": "strip", "gsd_mm_per_px": 2.3, **changes}
    answer = client.post("/api/surveys", json=described)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["survey_id"])


def upload(client: TestClient, survey_id: str, *files: tuple[str, bytes]) -> Any:
    parts = [("files", (name, content, "image/jpeg")) for name, content in files]
    return client.post(f"/api/surveys/{survey_id}/photos", files=parts)


def test_an_asset_is_created_shown_and_listed(client: TestClient) -> None:
    created = client.post("/api/assets", json=ASSET)
    assert created.status_code == 201
    shown = client.get("/api/assets/ISK-0123/上り").json()
    assert {name: shown[name] for name in ASSET} == ASSET
    listed = client.get("/api/assets").json()
    assert [row["asset_id"] for row in listed["assets"]] == ["ISK-0123/上り", "bridge-12", "quay-3"]
    assert listed["number_matched"] == 3
    assert len(client.get("/api/assets?limit=1&offset=1").json()["assets"]) == 1


def test_creating_the_same_asset_twice_is_fine_and_another_is_a_conflict(
    client: TestClient,
) -> None:
    assert client.post("/api/assets", json=ASSET).status_code == 201
    assert client.post("/api/assets", json=ASSET).status_code == 201
    other = client.post("/api/assets", json={**ASSET, "name": "Another"})
    assert other.status_code == 409
    assert client.get("/api/assets/ISK-0123/上り").json()["name"] == ASSET["name"]


def test_an_asset_is_replaced_but_keeps_its_identifier(client: TestClient) -> None:
    changed = {**ASSET, "asset_id": "bridge-12", "name": "New name"}
    assert client.put("/api/assets/bridge-12", json=changed).json()["name"] == "New name"
    assert client.put("/api/assets/quay-3", json=changed).status_code == 409
    missing = {**ASSET, "asset_id": "none"}
    assert client.put("/api/assets/none", json=missing).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"asset_id": ""},
        {"asset_id": "x" * 201},
        {"asset_id": "   "},
        {"kind": "tunnel"},
        {"colour": "red"},
        {"attributes": {"adt": [1]}},
        {"attributes": {"adt": None}},
    ],
)
def test_a_wrong_asset_is_refused(client: TestClient, change: dict[str, Any]) -> None:
    answer = client.post("/api/assets", json={**ASSET, **change})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/bad-input"


def test_numbers_that_json_does_not_know_are_refused(client: TestClient) -> None:
    text = '{"asset_id": "n", "name": "n", "attributes": {"adt": NaN}}'
    answer = client.post("/api/assets", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_a_survey_is_created_empty(client: TestClient) -> None:
    survey_id = new_survey(client)
    shown = client.get(f"/api/surveys/{survey_id}").json()
    assert shown["state"] == "created"
    assert shown["gsd_mm_per_px"] == pytest.approx(2.3, rel=1e-12)
    assert shown["created_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert (shown["photo_count"], shown["defect_count"]) == (0, 0)
    assert (shown["photos"], shown["rejections"], shown["mosaic"]) == ([], [], None)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"gsd_mm_per_px": None}, 422),  # a strip needs a scale
        ({"gsd_mm_per_px": 0}, 422),
        ({"gsd_mm_per_px": 20_000}, 422),
        ({"surface": "ceiling"}, 422),
        ({"map_crs": "mercator"}, 422),
        ({"map_crs": "EPSG:999999"}, 422),
        ({"map_crs": "EPSG:4326"}, 422),  # degrees are no metres
        ({"map_crs": "EPSG:2263"}, 422),  # nor are feet
        ({"asset_id": "unknown"}, 404),
    ],
)
def test_a_wrong_survey_is_refused(client: TestClient, change: dict[str, Any], status: int) -> None:
    described = {"asset_id": "bridge-12", "surface": "strip", "gsd_mm_per_px": 2.3, **change}
    assert client.post("/api/surveys", json=described).status_code == status
    assert client.get("/api/surveys").json()["number_matched"] == 2


def test_surveys_are_listed_newest_first_and_by_asset(client: TestClient) -> None:
    survey_id = new_survey(client)
    rows = client.get("/api/surveys").json()["surveys"]
    assert rows[0]["survey_id"] == survey_id
    assert len(rows) == 3
    assert {row["defect_count"] for row in rows[1:]} == {4}
    mine = client.get("/api/surveys?asset_id=bridge-12").json()
    assert mine["number_matched"] == 2
    assert {row["asset_name"] for row in mine["surveys"]} == {"点検橋 bridge-12"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 3),
        ("BRIDGE", 2),
        (" bridge-12 ", 2),
        ("点検橋 quay", 1),
        ("%", 0),
        ("_", 0),
        ("e-1", 2),
    ],
)
def test_surveys_are_found_by_what_their_asset_is_called(
    client: TestClient, text: str, found: int
) -> None:
    new_survey(client)
    answer = client.get("/api/surveys", params={"q": text, "limit": 1}).json()
    assert answer["number_matched"] == found
    assert len(answer["surveys"]) == min(found, 1)


def test_a_text_that_is_too_long_for_any_asset_is_refused(client: TestClient) -> None:
    assert client.get("/api/surveys", params={"q": "x" * 201}).status_code == 422


def test_the_detail_describes_the_mosaic_and_its_tiles(client: TestClient, seeded: Seeded) -> None:
    shown = client.get(f"/api/surveys/{seeded.mapped.survey_id}").json()
    mosaic = shown["mosaic"]
    grid = seeded.mapped.mosaic.grid
    assert (mosaic["width_px"], mosaic["height_px"]) == (grid.width_px, grid.height_px)
    assert mosaic["crs"] == "EPSG:6675" and mosaic["georeferenced"] is True
    a, b, c, d, e, f = mosaic["surface_from_px"]
    assert [a * 10 + b * 20 + c, d * 10 + e * 20 + f] == pytest.approx(
        grid.to_surface([[10, 20]])[0].tolist(), abs=1e-9
    )
    tiles = mosaic["tiles"]
    assert tiles["origin_surface_m"] == pytest.approx([c, f])
    assert tiles["resolutions_m_per_px"] == pytest.approx([0.016, 0.008, 0.004, 0.002])
    left, bottom, right, top = tiles["extent_surface_m"]
    assert right - left == pytest.approx(3.0) and top - bottom == pytest.approx(1.8)
    assert seeded.mapped.mosaic.sha256[:16] in tiles["url_template"]
    assert shown["rejections"] == [
        {"file": "notes.jpg", "reason": "not_an_image", "detail": "text", "sha256": None}
    ]


def test_a_local_mosaic_has_no_place_on_the_world_map(client: TestClient, seeded: Seeded) -> None:
    mosaic = client.get(f"/api/surveys/{seeded.local.survey_id}").json()["mosaic"]
    assert mosaic["crs"] == "LOCAL" and mosaic["georeferenced"] is False
    assert mosaic["webmercator_url_template"] is None
    assert mosaic["tiles"] is not None


def test_photos_are_taken_in_and_bad_files_set_aside(client: TestClient) -> None:
    survey_id = new_survey(client)
    good, other = jpeg(1), jpeg(2)
    answer = upload(
        client,
        survey_id,
        ("a.jpg", good),
        ("copy of a.jpg", good),
        ("cut.jpg", other[: len(other) // 2]),
        ("notes.jpg", b"this is a text"),
        ("empty.jpg", b""),
        ("huge.jpg", b"\xff\xd8" + bytes(200_000)),
    )
    assert answer.status_code == 200, answer.text
    fates = {row["name"]: (row["status"], row["reason"]) for row in answer.json()["files"]}
    assert fates == {
        "a.jpg": ("stored", None),
        "copy of a.jpg": ("rejected", "duplicate"),
        "cut.jpg": ("rejected", "truncated"),
        "notes.jpg": ("rejected", "not_an_image"),
        "empty.jpg": ("rejected", "empty"),
        "huge.jpg": ("rejected", "too_large"),
    }
    assert answer.json()["photo_count"] == 1
    shown = client.get(f"/api/surveys/{survey_id}").json()
    assert [photo["name"] for photo in shown["photos"]] == ["a.jpg"]
    assert {row["file"] for row in shown["rejections"]} == set(fates) - {"a.jpg"}
    assert all(row["detail"] for row in shown["rejections"])


def test_uploading_again_changes_nothing(client: TestClient, services: Services) -> None:
    survey_id = new_survey(client)
    first = upload(client, survey_id, ("a.jpg", jpeg(1)), ("b.jpg", jpeg(2))).json()
    before = client.get(f"/api/surveys/{survey_id}").json()
    again = upload(client, survey_id, ("a.jpg", jpeg(1)), ("b.jpg", jpeg(2))).json()
    assert [row["status"] for row in first["files"]] == ["stored", "stored"]
    assert [row["status"] for row in again["files"]] == ["already_here", "already_here"]
    assert client.get(f"/api/surveys/{survey_id}").json() == before
    assert list(services.scratch.iterdir()) == []


def test_an_original_comes_back_byte_for_byte(client: TestClient) -> None:
    survey_id, content = new_survey(client), jpeg(3)
    sha256 = hashlib.sha256(content).hexdigest()
    assert upload(client, survey_id, ("no suffix", content)).json()["photo_count"] == 1
    answer = client.get(f"/api/surveys/{survey_id}/photos/{sha256}")
    assert answer.content == content
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert client.get(f"/api/surveys/{survey_id}/photos/{'0' * 64}").status_code == 404


def test_a_photo_without_position_is_set_aside_where_positions_are_needed(
    client: TestClient,
) -> None:
    survey_id = new_survey(client, surface="nadir", gsd_mm_per_px=None)
    (row,) = upload(client, survey_id, ("a.jpg", jpeg(1))).json()["files"]
    assert (row["status"], row["reason"]) == ("rejected", "no_gps")


def test_sharpness_is_related_to_the_whole_flight_however_it_arrives(client: TestClient) -> None:
    together, apart = new_survey(client), new_survey(client)
    sharp = [(f"{i}.jpg", jpeg(i)) for i in range(3)]
    flat = ("flat.jpg", jpeg_flat())
    upload(client, together, *sharp, flat)
    upload(client, apart, flat)
    upload(client, apart, *sharp)

    def grades(survey_id: str) -> dict[str, float]:
        photos = client.get(f"/api/surveys/{survey_id}").json()["photos"]
        return {photo["name"]: photo["sharpness_relative"] for photo in photos}

    assert grades(together) == pytest.approx(grades(apart))
    assert 0 <= grades(apart)["flat.jpg"] < 0.4 < grades(apart)["1.jpg"] < 2.5


def jpeg_flat() -> bytes:
    ramp = np.linspace(90, 110, 160).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(np.broadcast_to(ramp[None, :, None], (120, 160, 3))).save(stream, "JPEG")
    return stream.getvalue()


def test_too_many_files_are_refused_as_a_whole(client: TestClient) -> None:
    survey_id = new_survey(client)
    files = [(f"{i}.jpg", jpeg(i)) for i in range(7)]
    assert upload(client, survey_id, *files).status_code == 413
    assert client.get(f"/api/surveys/{survey_id}").json()["photo_count"] == 0


def test_processing_asks_for_one_job_and_rings_after_it_is_written(
    client: TestClient, bell: CountingBell
) -> None:
    survey_id = new_survey(client)
    empty = client.post(f"/api/surveys/{survey_id}/process")
    assert empty.status_code == 422 and "upload photos first" in empty.json()["detail"]
    assert bell.rung == []
    upload(client, survey_id, ("a.jpg", jpeg(1)))
    first = client.post(f"/api/surveys/{survey_id}/process")
    again = client.post(f"/api/surveys/{survey_id}/process")
    assert (first.status_code, again.status_code) == (202, 202)
    job = first.json()
    assert (job["state"], job["active"], job["attempt"]) == ("queued", True, 0)
    assert again.json()["job_id"] == job["job_id"]
    assert [str(job_id) for job_id in bell.rung] == [job["job_id"]] * 2
    shown = client.get(f"/api/surveys/{survey_id}").json()
    assert shown["state"] == "processing"
    assert shown["job"]["job_id"] == job["job_id"]
    assert client.get(f"/api/jobs/{job['job_id']}").json() == {**job, "bands": []}


def test_a_bell_that_cannot_be_heard_loses_no_job(client: TestClient, bell: CountingBell) -> None:
    survey_id = new_survey(client)
    upload(client, survey_id, ("a.jpg", jpeg(1)))
    bell.broken = True
    answer = client.post(f"/api/surveys/{survey_id}/process")
    assert answer.status_code == 202
    (job,) = client.get(f"/api/surveys/{survey_id}/jobs").json()["jobs"]
    assert job["state"] == "queued"


def test_a_job_shows_its_progress_and_its_error(client: TestClient, services: Services) -> None:
    survey_id = new_survey(client)
    upload(client, survey_id, ("a.jpg", jpeg(1)))
    job_id = uuid.UUID(client.post(f"/api/surveys/{survey_id}/process").json()["job_id"])
    with writing(services.engine) as connection:
        held = jobs.claim(connection, job_id, "w", NOW, 60)
        assert held is not None
        jobs.progress(connection, held, step="mosaic", units_done=3, units_total=12)
    running = client.get(f"/api/jobs/{job_id}").json()
    assert running["state"] == "running"
    assert running["progress"] == {"step": "mosaic", "done": 3, "total": 12}
    with writing(services.engine) as connection:
        later = NOW + timedelta(seconds=1)
        jobs.fail(connection, held, "too few photos", later, retryable=False)
    dead = client.get(f"/api/jobs/{job_id}").json()
    assert (dead["state"], dead["active"], dead["error"]) == ("dead", False, "too few photos")


def test_a_job_is_cancelled_once(client: TestClient) -> None:
    survey_id = new_survey(client)
    upload(client, survey_id, ("a.jpg", jpeg(1)))
    job_id = client.post(f"/api/surveys/{survey_id}/process").json()["job_id"]
    assert client.post(f"/api/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/api/surveys/{survey_id}").json()["state"] == "created"
    assert client.post(f"/api/jobs/{job_id}/cancel").status_code == 409


@pytest.mark.parametrize(
    "path", ["/api/surveys/{}", "/api/jobs/{}", "/api/surveys/{}/jobs", "/api/surveys/{}/defects"]
)
def test_what_does_not_exist_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path.format(uuid.uuid4())).status_code == 404
    assert client.get(path.format("not-a-uuid")).status_code == 422
