"""Storage over HTTP: every byte is somebody's, and only what nothing rests on may go."""

import hashlib
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.emergency import Emergency, Hazard, QuickReport, Signal
from inspection.pipeline.backup import blobs_of_rows
from inspection.pipeline.stocktake import QUIET_S
from inspection.store import audit, emergencies, keys, organisations
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.people import Person, add_cities, add_person
from tests.support.seed import Seeded
from tests.support.tus import TusClient, photo
from tests.unit.api.conftest import NOW

LONG_AGO = NOW.timestamp() - QUIET_S - 60
STRAY = keys.photo_key("ab" * 32, ".jpg")


def storage(client: TestClient, person: Person | None = None) -> dict[str, Any]:
    headers = {} if person is None else person.headers
    answer = client.get("/api/storage", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bytes_of(kinds: list[dict[str, Any]]) -> dict[str, int]:
    return {one["kind"]: one["size_bytes"] for one in kinds}


def stray(seeded: Seeded, services: Services, key: str, *, touched: float = LONG_AGO) -> Path:
    """Leave a file that no row names, as a run does that was killed before its commit."""
    services.blobs.put_bytes(key, b"x" * 1000)
    path = seeded.home / "blobs" / key
    os.utime(path, (touched, touched))
    return path


def test_every_byte_is_weighed_once_and_belongs_to_a_survey(
    client: TestClient, seeded: Seeded
) -> None:
    found = storage(client)
    on_disk: dict[str, int] = {}
    for path in (seeded.home / "blobs").rglob("*"):
        if path.is_file():
            kind = path.relative_to(seeded.home / "blobs").parts[0]
            on_disk[kind] = on_disk.get(kind, 0) + path.stat().st_size
    assert bytes_of(found["kinds"]) == on_disk and set(on_disk) >= {"photos", "orthomosaics"}
    surveys = found["surveys"]
    assert {one["asset_id"] for one in surveys} == {"bridge-12", "quay-3"}
    assert sum(one["size_bytes"] for one in surveys) == sum(on_disk.values())
    assert all(one["size_bytes"] == sum(bytes_of(one["kinds"]).values()) for one in surveys)
    (home,) = found["organisations"]
    assert home == {"organisation_id": HOME, "surveys": 2, "size_bytes": sum(on_disk.values())}
    assert found["disk_total_bytes"] > found["disk_free_bytes"] > 0
    assert found["unowned"] == {"count": 0, "size_bytes": 0, "kinds": []}


def test_what_nothing_rests_on_goes_and_everything_else_stays(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    mosaic = keys.orthomosaic_key("cd" * 32)
    gone = [stray(seeded, services, key) for key in (STRAY, mosaic)]
    fresh = stray(seeded, services, keys.photo_key("ef" * 32, ".jpg"), touched=NOW.timestamp())
    other = stray(seeded, services, keys.detections_key("ab" * 32))
    with reading(services.engine) as connection:
        named = {key for key in blobs_of_rows(connection) if services.blobs.exists(key)}
    for key in named:  # old files that rows name: a decision may rest on them
        os.utime(seeded.home / "blobs" / key, (LONG_AGO, LONG_AGO))
    assert len(named) >= 6
    found = storage(client)["unowned"]
    assert (found["count"], found["size_bytes"]) == (2, 2000)
    freed = client.post("/api/storage/unowned/removal").json()
    assert bytes_of(freed["kinds"]) == {"photos": 1000, "orthomosaics": 1000}
    assert not any(path.exists() for path in gone)
    assert fresh.exists() and other.exists()
    assert all(services.blobs.exists(key) for key in named)
    again = client.post("/api/storage/unowned/removal").json()
    assert again == {"size_bytes": 0, "kinds": []}
    with reading(services.engine) as connection:
        told = [event.subject for event in audit.find(connection)]
    assert told == ["blobs 2000 bytes", "blobs 0 bytes"]


def test_photos_of_an_emergency_report_stay(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    """They belong to no survey; the report names them, and an evacuation may rest on them."""
    path = stray(seeded, services, STRAY)
    reported = QuickReport(
        report_id=uuid.uuid4(),
        emergency="地震",
        asset_id="bridge-12",
        signal=Signal.RED,
        reported_by="班長",
        reported_at=NOW,
        photos=(STRAY,),
    )
    with writing(services.engine) as connection:
        emergencies.begin(
            connection, Emergency(name="地震", hazard=Hazard.EARTHQUAKE, began_at=NOW)
        )
        emergencies.report(connection, reported)
    assert storage(client)["unowned"]["count"] == 0
    client.post("/api/storage/unowned/removal")
    assert path.exists()


def test_a_file_that_is_taken_up_anew_stays(
    client: TestClient, services: Services, seeded: Seeded, tmp_path: Path
) -> None:
    """The same photo comes again just now: its file is there and is not written a second time."""
    source = tmp_path / "photo.jpg"
    source.write_bytes(b"y" * 500)
    key = keys.photo_key(hashlib.sha256(source.read_bytes()).hexdigest(), ".jpg")
    services.blobs.put_file(key, source)
    path = seeded.home / "blobs" / key
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert storage(client)["unowned"]["count"] == 1
    services.blobs.put_file(key, source)
    assert storage(client)["unowned"]["count"] == 0
    client.post("/api/storage/unowned/removal")
    assert path.exists()


def test_an_unfinished_upload_is_shown_and_ended_by_its_own_admin(
    client: TestClient, services: Services, tus: TusClient
) -> None:
    content = photo()
    path = tus.begin("DJI_0001.JPG", content)
    tus.piece(path, 0, content[:1000])
    (upload,) = storage(client)["unfinished"]
    assert (upload["name"], upload["offset_bytes"]) == ("DJI_0001.JPG", 1000)
    assert upload["length_bytes"] == len(content) and upload["own"] is True
    add_cities(services.engine)
    with writing(services.engine) as connection:
        organisations.give(connection, "city-a", ["quay-3"])
    above = add_person(services.engine, Role.ADMIN, HOME, NOW)
    city = add_person(services.engine, Role.ADMIN, "city-a", NOW)
    address = f"/api/storage/uploads/{upload['upload_id']}"
    assert storage(client, above)["unfinished"][0]["own"] is False
    assert client.delete(address, headers=above.headers).status_code == 404
    assert list(services.blobs.keys(keys.UPLOADS)) != []
    assert client.delete(address, headers=city.headers).status_code == 204
    assert client.delete(address, headers=city.headers).status_code == 404
    assert storage(client, city)["unfinished"] == []
    assert list(services.blobs.keys(keys.UPLOADS)) == []


def test_a_city_weighs_its_own_and_clears_nothing_of_all(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    add_cities(services.engine)
    with writing(services.engine) as connection:
        organisations.give(connection, "city-a", ["quay-3"])
    city = add_person(services.engine, Role.ADMIN, "city-a", NOW)
    above = add_person(services.engine, Role.ADMIN, HOME, NOW)
    path = stray(seeded, services, STRAY)
    seen = storage(client, city)
    assert [one["asset_id"] for one in seen["surveys"]] == ["quay-3"]
    assert [one["organisation_id"] for one in seen["organisations"]] == ["city-a"]
    assert seen["unowned"] is None
    refused = client.post("/api/storage/unowned/removal", headers=city.headers)
    assert refused.status_code == 403 and path.exists()
    whole = storage(client, above)
    assert {one["organisation_id"] for one in whole["organisations"]} == {HOME, "city-a"}
    assert client.post("/api/storage/unowned/removal", headers=above.headers).status_code == 200
    assert not path.exists()


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.PLANNER, Role.VIEWER])
def test_others_see_no_storage(client: TestClient, services: Services, role: Role) -> None:
    person = add_person(services.engine, role, HOME, NOW)
    assert client.get("/api/storage", headers=person.headers).status_code == 403
