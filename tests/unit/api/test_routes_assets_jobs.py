"""Assets, originals, jobs and files of work lists: what is kept, what is refused, what changes."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from api.content import REVALIDATE
from api.deps import Services
from api.routes.photos import image_type
from api.upload import Limits
from api.worklist_file import MEDIA_TYPES, FileFormat
from inspection.store import jobs
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.seed import Seeded, database_url
from tests.unit.api.conftest import BASE_URL, NOW, CountingBell, StoppedClock

SEEDED_ASSET = {"asset_id": "bridge-12", "name": "点検橋 bridge-12", "kind": "bridge"}


@pytest.fixture(scope="module")
def reader(
    seeded_template: Seeded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Give a client for tests that change nothing: one home folder serves them all."""
    engine = create_engine(database_url(seeded_template.home))
    services = Services(
        engine=engine,
        blobs=FolderBlobs(seeded_template.home / "blobs"),
        ring=CountingBell(),
        clock=StoppedClock(),
        limits=Limits(file_max_bytes=1000),
        scratch=tmp_path_factory.mktemp("incoming"),
    )
    with closing(TestClient(create_app(services), base_url=BASE_URL)) as opened:
        yield opened
    engine.dispose()


def create(client: TestClient, **described: Any) -> Any:
    return client.post("/api/assets", json={"asset_id": "b-1", "name": "Bridge", **described})


def test_what_is_not_said_about_an_asset_is_the_default(client: TestClient) -> None:
    assert create(client).json() == {
        "asset_id": "b-1",
        "name": "Bridge",
        "kind": "other",
        "member": "",
        "concrete": "RC",
        "attributes": {},
    }


def test_any_identifier_comes_back_under_its_address(client: TestClient) -> None:
    for asset_id in ("a/b", "川/橋?", "100%", "a b", "x" * 200, "#1", "+"):
        assert create(client, asset_id=asset_id).status_code == 201
        shown = client.get(f"/api/assets/{quote(asset_id, safe='')}")
        assert shown.json()["asset_id"] == asset_id


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"asset_id": ""}, "body.asset_id"),
        ({"asset_id": "x" * 201}, "body.asset_id"),
        ({"asset_id": 12}, "body.asset_id"),
        ({"name": ""}, "body.name"),
        ({"name": "x" * 401}, "body.name"),
        ({"member": "x" * 41}, "body.member"),
        ({"kind": "tunnel"}, "body.kind"),
        ({"concrete": "rc"}, "body.concrete"),
        ({"colour": "red"}, "body.colour"),
        ({"attributes": []}, "body.attributes"),
        ({"attributes": {str(n): 1 for n in range(201)}}, "body.attributes"),
    ],
)
def test_the_field_that_does_not_pass_is_named(
    reader: TestClient, change: dict[str, Any], where: str
) -> None:
    answer = create(reader, **change)
    assert answer.status_code == 422
    assert [row["where"] for row in answer.json()["errors"]] == [where]
    assert reader.get("/api/assets").json()["number_matched"] == 2


def test_the_longest_that_is_allowed_is_kept(client: TestClient) -> None:
    many = {str(n): True for n in range(200)}
    change = {"name": "x" * 400, "member": "x" * 40, "attributes": many}
    created = create(client, **change)
    assert created.status_code == 201
    assert client.get("/api/assets/b-1").json() == created.json()


def test_attributes_keep_their_kind(client: TestClient) -> None:
    attributes = {"flag": True, "off": False, "one": 1.0, "zero": 0.0, "text": "1", "empty": ""}
    create(client, attributes=attributes)
    shown = client.get("/api/assets/b-1").json()["attributes"]
    assert shown == attributes
    assert {name: type(value) for name, value in shown.items()} == {
        name: type(value) for name, value in attributes.items()
    }


@pytest.mark.parametrize("body", ["{", "[]", "null", "7", '"b"', ""])
def test_what_is_no_description_is_refused(reader: TestClient, body: str) -> None:
    answer = reader.post("/api/assets", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith("body")


def test_creating_again_with_other_words_changes_nothing(client: TestClient) -> None:
    before = client.get("/api/assets/bridge-12").json()
    answer = client.post("/api/assets", json={**SEEDED_ASSET, "name": "another"})
    assert answer.status_code == 409
    assert "'bridge-12' already" in answer.json()["detail"]
    assert "change it with PUT" in answer.json()["detail"]
    assert client.get("/api/assets/bridge-12").json() == before


def test_replacing_is_idempotent_and_about_one_asset(client: TestClient) -> None:
    changed = {**SEEDED_ASSET, "member": "Ds0202", "attributes": {"adt": 5000.0}}
    first = client.put("/api/assets/bridge-12", json=changed)
    assert client.put("/api/assets/bridge-12", json=changed).json() == first.json()
    assert client.get("/api/assets/bridge-12").json()["member"] == "Ds0202"
    assert client.get("/api/assets/quay-3").json()["member"] == "Ds0101"


def test_nothing_is_created_by_replacing(client: TestClient) -> None:
    body = {"asset_id": "b-1", "name": "Bridge"}
    assert client.put("/api/assets/b-1", json=body).status_code == 404
    other = client.put("/api/assets/bridge-12", json=body)
    assert other.status_code == 409
    assert "'bridge-12' in the address, 'b-1' in the body" in other.json()["detail"]
    assert client.get("/api/assets").json()["number_matched"] == 2


def test_an_original_is_asked_for_each_time(reader: TestClient, seeded_template: Seeded) -> None:
    survey = seeded_template.mapped
    answer = reader.get(f"/api/surveys/{survey.survey_id}/photos/{survey.photo_sha256}")
    assert answer.headers["etag"] == f'"{survey.photo_sha256}"'
    assert answer.headers["cache-control"] == REVALIDATE
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (600, 360)


def test_a_photo_belongs_to_its_survey(reader: TestClient, seeded_template: Seeded) -> None:
    here, photo = seeded_template.local.survey_id, seeded_template.mapped.photo_sha256
    answer = reader.get(f"/api/surveys/{here}/photos/{photo}")
    assert answer.status_code == 404
    assert f"has no photo {photo}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xff\xd8\xff\xe1 Exif", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"<html><script>", "application/octet-stream"),
        (b"\xff\xd8", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_only_the_first_bytes_make_an_image(content: bytes, media_type: str) -> None:
    assert image_type(content) == media_type


def process(client: TestClient, survey_id: uuid.UUID) -> uuid.UUID:
    answer = client.post(f"/api/surveys/{survey_id}/process")
    assert answer.status_code == 202
    return uuid.UUID(answer.json()["job_id"])


def test_jobs_of_a_survey_are_listed_newest_first(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey_id = seeded.mapped.survey_id
    assert client.get(f"/api/surveys/{survey_id}/jobs").json() == {"jobs": []}
    first = process(client, survey_id)
    client.post(f"/api/jobs/{first}/cancel")
    with writing(services.engine) as connection:
        second = jobs.enqueue(connection, survey_id, "conduct", NOW + timedelta(minutes=1)).job_id
    listed = client.get(f"/api/surveys/{survey_id}/jobs").json()["jobs"]
    assert [row["job_id"] for row in listed] == [str(second), str(first)]
    assert [row["active"] for row in listed] == [True, False]
    assert client.get(f"/api/surveys/{survey_id}").json()["job"]["job_id"] == str(second)
    assert client.get(f"/api/surveys/{seeded.local.survey_id}/jobs").json() == {"jobs": []}


def test_after_a_cancelled_job_a_new_one_is_asked_for(
    client: TestClient, seeded: Seeded, bell: CountingBell
) -> None:
    first = process(client, seeded.mapped.survey_id)
    client.post(f"/api/jobs/{first}/cancel")
    second = process(client, seeded.mapped.survey_id)
    assert second != first
    assert bell.rung == [first, second]
    assert client.get(f"/api/jobs/{first}").json()["state"] == "cancelled"


def test_a_job_that_failed_for_now_says_when_it_goes_on(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    job_id = process(client, seeded.mapped.survey_id)
    queued = client.get(f"/api/jobs/{job_id}").json()
    assert (queued["progress"], queued["error"]) == (None, None)
    later = NOW + timedelta(seconds=30)
    with writing(services.engine) as connection:
        held = jobs.claim(connection, job_id, "w", NOW, 60)
        assert held is not None
        jobs.fail(connection, held, "the disk is full", later, retryable=True)
    shown = client.get(f"/api/jobs/{job_id}").json()
    assert (shown["state"], shown["active"], shown["attempt"]) == ("failed", True, 1)
    assert shown["error"] == "the disk is full"
    assert shown["due_at"] > shown["changed_at"] > shown["created_at"]
    assert shown["attempt"] < shown["attempts_max"]


def test_a_finished_job_cannot_be_cancelled(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    job_id = process(client, seeded.mapped.survey_id)
    with writing(services.engine) as connection:
        held = jobs.claim(connection, job_id, "w", NOW, 60)
        assert held is not None
        jobs.finish(connection, held, NOW + timedelta(seconds=5))
    before = client.get(f"/api/surveys/{seeded.mapped.survey_id}").json()
    assert client.post(f"/api/jobs/{job_id}/cancel").status_code == 409
    assert client.get(f"/api/surveys/{seeded.mapped.survey_id}").json() == before
    assert before["job"]["state"] == "done"


@pytest.mark.parametrize("kind", list(FileFormat))
def test_a_file_of_a_work_list_is_dated_and_never_kept(
    reader: TestClient, seeded_template: Seeded, kind: FileFormat
) -> None:
    answer = reader.get(f"/api/worklist.{kind.value}?survey_id={seeded_template.mapped.survey_id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPES[kind]
    assert answer.headers["cache-control"] == "no-store"
    wanted = f'attachment; filename="worklist-20260502.{kind.value}"'
    assert answer.headers["content-disposition"] == wanted


def test_the_file_lists_what_the_data_lists(reader: TestClient, seeded_template: Seeded) -> None:
    query = f"?survey_id={seeded_template.mapped.survey_id}"
    rows = reader.get(f"/api/worklist{query}").json()["rows"]
    assert len(rows) == len(seeded_template.mapped.defects)
    features = json.loads(reader.get(f"/api/worklist.geojson{query}").content)["features"]
    assert len(features) == len(rows)
    for lang in ("ja", "en"):
        text = reader.get(f"/api/worklist.csv{query}&lang={lang}").content.decode("utf-8-sig")
        heading, *lines = list(csv.reader(io.StringIO(text)))
        assert len(lines) == len(rows)
        assert {len(line) for line in lines} == {len(heading)}
        for line, row in zip(lines, rows, strict=True):
            assert row["defect_id"] in line


def test_a_local_work_list_has_positions_but_no_longitudes(
    reader: TestClient, seeded_template: Seeded
) -> None:
    rows = reader.get(f"/api/worklist?survey_id={seeded_template.local.survey_id}").json()["rows"]
    assert rows
    for row in rows:
        assert (row["lonlat"], row["surface_crs"]) == (None, "LOCAL")
        assert len(row["position_surface_m"]) == 2
        assert row["score"] == pytest.approx(sum(item["points"] for item in row["reasons"]))
