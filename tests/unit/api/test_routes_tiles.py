"""Tiles over HTTP: the right pixels, kept by caches for as long as they are true, no others."""

import io
import math
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from api.app import create_app
from api.content import IMMUTABLE, REVALIDATE
from api.deps import Services
from api.errors import MEDIA_TYPE
from api.upload import Limits
from inspection.geo.frames import to_crs
from inspection.imaging.maptiles import TILE_SIZE_PX, Pyramid
from inspection.store import orthomosaics
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.seed import HEIGHT_PX, WIDTH_PX, Seeded, SeededSurvey, database_url, picture
from tests.unit.api.conftest import BASE_URL, CountingBell, StoppedClock

FINEST = Pyramid(width_px=WIDTH_PX, height_px=HEIGHT_PX).levels - 1


@pytest.fixture(scope="module")
def reader(
    seeded_template: Seeded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Give a client for tests that change nothing."""
    engine = create_engine(database_url(seeded_template.home))
    services = Services(
        engine=engine,
        blobs=FolderBlobs(seeded_template.home / "blobs"),
        ring=CountingBell(),
        clock=StoppedClock(),
        limits=Limits(file_max_bytes=1000),
        scratch=tmp_path_factory.mktemp("incoming"),
    )
    with closing(
        TestClient(create_app(services), base_url=BASE_URL, raise_server_exceptions=False)
    ) as opened:
        yield opened
    engine.dispose()


@pytest.fixture(params=["mapped", "local"])
def survey(request: pytest.FixtureRequest, seeded_template: Seeded) -> SeededSurvey:
    found: SeededSurvey = getattr(seeded_template, request.param)
    return found


def own(
    survey: SeededSurvey, z: int, x: int, y: int, kind: str = "png", *, version: str = ""
) -> str:
    query = f"?v={version}" if version else ""
    return f"/api/surveys/{survey.survey_id}/tiles/{z}/{x}/{y}.{kind}{query}"


def mercator(survey: SeededSurvey, z: int, x: int, y: int, kind: str = "png") -> str:
    return f"/api/surveys/{survey.survey_id}/webmercator/{z}/{x}/{y}.{kind}"


def pixels(answer: Any) -> NDArray[np.uint8]:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def mercator_tile_of(lon_deg: float, lat_deg: float, z: int) -> tuple[int, int]:
    """Give column and row of the XYZ tile that holds a place.

    Source: OpenStreetMap wiki, slippy map tilenames.
    """
    across = (lon_deg + 180) / 360
    down = (1 - math.asinh(math.tan(math.radians(lat_deg))) / math.pi) / 2
    return int(across * 2**z), int(down * 2**z)


def test_the_finest_level_shows_every_pixel_as_it_is(
    reader: TestClient, survey: SeededSurvey
) -> None:
    truth = picture()
    for x, y in ((0, 0), (1, 2), (4, 1)):
        shown = pixels(reader.get(own(survey, FINEST, x, y)))
        box = truth[y * 256 : y * 256 + 256, x * 256 : x * 256 + 256]
        opaque = box[..., 3] == 255
        np.testing.assert_array_equal(shown[..., 3] == 255, opaque)
        np.testing.assert_array_equal(shown[opaque], box[opaque])


def test_tiles_at_the_border_are_whole_and_transparent_outside(
    reader: TestClient, survey: SeededSurvey
) -> None:
    last = (WIDTH_PX - 1) // TILE_SIZE_PX, (HEIGHT_PX - 1) // TILE_SIZE_PX
    shown = pixels(reader.get(own(survey, FINEST, *last)))
    inside = WIDTH_PX - last[0] * TILE_SIZE_PX, HEIGHT_PX - last[1] * TILE_SIZE_PX
    assert shown.shape == (TILE_SIZE_PX, TILE_SIZE_PX, 4)
    assert shown[: inside[1], : inside[0], 3].min() == 255
    assert not shown[inside[1] :, :, 3].any()
    assert not shown[:, inside[0] :, 3].any()


def test_level_zero_is_the_whole_mosaic_in_one_tile(
    reader: TestClient, survey: SeededSurvey
) -> None:
    shown = pixels(reader.get(own(survey, 0, 0, 0)))
    opaque = shown[..., 3] > 128
    step = 2**FINEST
    assert abs(int(opaque.any(axis=0).sum()) - (WIDTH_PX - 40) / step) <= 1
    assert abs(int(opaque.any(axis=1).sum()) - HEIGHT_PX / step) <= 1


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("webp", b"RIFF")])
def test_the_format_is_the_one_asked_for(
    reader: TestClient, survey: SeededSurvey, kind: str, magic: bytes
) -> None:
    answer = reader.get(own(survey, 1, 0, 0, kind))
    assert answer.headers["content-type"] == f"image/{kind}"
    assert answer.content.startswith(magic)


def test_a_versioned_tile_is_kept_for_ever_and_a_plain_one_asked_for_again(
    reader: TestClient, survey: SeededSurvey
) -> None:
    plain = reader.get(own(survey, 1, 0, 0))
    kept = reader.get(own(survey, 1, 0, 0, version=survey.mosaic.sha256[:16]))
    assert plain.headers["cache-control"] == REVALIDATE
    assert kept.headers["cache-control"] == IMMUTABLE
    assert plain.headers["etag"] == kept.headers["etag"]
    assert plain.content == kept.content


def test_a_tile_that_the_client_has_is_not_sent_again(
    reader: TestClient, survey: SeededSurvey
) -> None:
    path = own(survey, 1, 0, 0)
    etag = reader.get(path).headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = reader.get(path, headers={"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    assert reader.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_every_tile_has_its_own_tag(reader: TestClient, seeded_template: Seeded) -> None:
    survey, other = seeded_template.mapped, seeded_template.local
    paths = [
        own(survey, 1, 0, 0),
        own(survey, 2, 0, 0),
        own(survey, 1, 1, 0),
        own(survey, 1, 0, 0, "webp"),
        own(other, 1, 0, 0),
        mercator(survey, 1, 0, 0),
    ]
    tags = [reader.get(path).headers["etag"] for path in paths]
    # both surveys show one picture, but in other frames: the files differ
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    ("z", "x", "y"), [(FINEST + 1, 0, 0), (FINEST, 6, 0), (FINEST, 0, 4), (0, 1, 0), (30, 0, 0)]
)
def test_a_tile_outside_the_pyramid_is_not_found(
    reader: TestClient, survey: SeededSurvey, z: int, x: int, y: int
) -> None:
    answer = reader.get(own(survey, z, x, y))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    "tail",
    ["-1/0/0.png", "31/0/0.png", "0/-1/0.png", "0/0/1073741825.png", "0/0/0.gif", "a/0/0.png"],
)
def test_an_address_that_is_no_tile_is_refused(
    reader: TestClient, survey: SeededSurvey, tail: str
) -> None:
    for scheme in ("tiles", "webmercator"):
        answer = reader.get(f"/api/surveys/{survey.survey_id}/{scheme}/{tail}")
        assert answer.status_code in {404, 422}
        assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize("scheme", ["tiles", "webmercator"])
def test_tiles_of_an_older_mosaic_say_that_there_is_another(
    reader: TestClient, seeded_template: Seeded, scheme: str
) -> None:
    survey = seeded_template.mapped
    path = f"/api/surveys/{survey.survey_id}/{scheme}/0/0/0.png?v=0000000000000000"
    answer = reader.get(path)
    assert answer.status_code == 404
    assert survey.mosaic.sha256[:16] in answer.json()["detail"]


def test_web_mercator_shows_the_mosaic_where_it_lies(
    reader: TestClient, seeded_template: Seeded
) -> None:
    survey = seeded_template.mapped
    x, y = survey.mosaic.grid.to_surface([[WIDTH_PX / 2, HEIGHT_PX / 2]])[0]
    lon, lat = to_crs([[x, y]], survey.mosaic.grid.crs, "EPSG:4326")[0]
    z = 24
    column, row = mercator_tile_of(lon, lat, z)
    shown = pixels(reader.get(mercator(survey, z, column, row)))
    assert shown[..., 3].any()
    far = pixels(reader.get(mercator(survey, z, column + 50, row)))
    assert not far[..., 3].any()
    kept = reader.get(
        mercator(survey, z, column, row),
        headers={"if-none-match": reader.get(mercator(survey, z, column, row)).headers["etag"]},
    )
    assert kept.status_code == 304


def test_the_whole_world_in_one_tile_is_drawn_too(
    reader: TestClient, seeded_template: Seeded
) -> None:
    """A bridge is a speck there; the tile is empty and no fault."""
    shown = pixels(reader.get(mercator(seeded_template.mapped, 0, 0, 0, "webp")))
    assert not shown[..., 3].any()


def test_a_local_mosaic_has_no_place_on_a_world_map(
    reader: TestClient, seeded_template: Seeded
) -> None:
    answer = reader.get(mercator(seeded_template.local, 10, 500, 500))
    assert answer.status_code == 404
    assert "add control points" in answer.json()["detail"]


def test_a_survey_without_a_mosaic_has_no_tiles(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    created = client.post("/api/surveys", json={"asset_id": "bridge-12"}).json()["survey_id"]
    for scheme in ("tiles", "webmercator"):
        answer = client.get(f"/api/surveys/{created}/{scheme}/0/0/0.png")
        assert answer.status_code == 404
        assert "no orthomosaic yet" in answer.json()["detail"]
    assert client.get(f"/api/surveys/{uuid.uuid4()}/tiles/0/0/0.png").status_code == 404


def test_a_new_mosaic_takes_the_place_of_the_old_one_at_once(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey = seeded.mapped
    before = client.get(own(survey, 1, 0, 0)).headers["etag"]
    renewed = replace(survey.mosaic, sha256="ab" * 32)
    with writing(services.engine) as connection:
        orthomosaics.save(connection, renewed)
    again = client.get(own(survey, 1, 0, 0), headers={"if-none-match": before})
    assert again.status_code == 200
    assert again.headers["etag"] != before
    old = client.get(own(survey, 1, 0, 0, version=survey.mosaic.sha256[:16]))
    assert old.status_code == 404


def test_a_damaged_mosaic_is_a_fault_that_shows_nothing_of_the_inside(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    services.blobs.put_bytes(seeded.mapped.mosaic.blob_key, b"II*\x00 no more than this")
    answer = client.get(own(seeded.mapped, FINEST, 0, 0))
    assert answer.status_code == 500
    assert "incident" in answer.json()["detail"]
    assert str(seeded.home) not in answer.text
