"""Photos of a bucket are lent when they are read: few open files, few fetched, a small cache."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspection.errors import Unavailable
from inspection.store.filecache import FileCache
from inspection.store.s3blobs import OVERTAKEN_MOST, S3Blobs
from tests.support.apart import apart
from tests.support.bucket import BUCKET, raw, s3_server

pytestmark = pytest.mark.services

PHOTOS = 100
"""More than may be open at a time below."""

CONDUCT = """
import json, resource, sys
from dataclasses import replace
from pathlib import Path

from inspection.domain.widthcalibration import CONCRETE
from inspection.pipeline.admit import original_key
from inspection.pipeline.clickwidth import width_at
from inspection.pipeline.conduct import conduct
from inspection.pipeline.sight import opened_paper
from inspection.store import photos
from inspection.store.engine import create_engine, reading, writing
from inspection.store.filecache import FileCache
from inspection.store.s3blobs import S3Blobs
from tests.support.conducted import keep_views, second_site
from tests.support.records import make_photo
from tests.support.seed import database_url, seed_mosaic

folder, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
made = seed_mosaic(folder / "template")
engine = create_engine(database_url(folder / "template"))
others = [make_photo(number) for number in range(count - 1)]
with writing(engine) as connection:
    photos.save(connection, made.survey_id, others)
engine.dispose()
with second_site(folder / "home", (folder / "template", made)) as site:
    keep_views(site, made)
    cache = folder / "cache"
    blobs = S3Blobs(url, FileCache(cache, 20_000_000))
    for key in site.blobs.kept.keys(""):
        with site.blobs.kept.local_path(key) as path:
            blobs.put_file(key, path)
    for photo in others:
        blobs.put_bytes(original_key(photo), photo.sha256.encode())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    conducted = conduct(site.survey_id, replace(site.tools, blobs=blobs, widths=CONCRETE))
    with reading(site.tools.engine) as connection:
        taken = photos.of_survey(connection, site.survey_id, left_out=None)
    (x_m, y_m), *_ = made.mosaic.grid.to_surface([[285, 150]])
    with opened_paper(made.mosaic, blobs=blobs, photos=taken, widths=CONCRETE) as paper:
        width = width_at(paper, (float(x_m), float(y_m)))
    print(json.dumps({
        "photos": len(taken),
        "defects": len(site.found()),
        "read_in": width.photo_sha256 == made.photo_sha256,
        "fetched": len(list(cache.glob("*.jpg"))),
    }))
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as started:
        yield started


@pytest.fixture
def prefix(endpoint: str) -> str:
    return f"installation-{uuid.uuid4().hex}"


@pytest.fixture
def blobs(prefix: str, tmp_path: Path) -> S3Blobs:
    return S3Blobs(f"s3://{BUCKET}/{prefix}", FileCache(tmp_path / "cache", 1_000_000))


def test_a_survey_of_more_photos_than_files_may_be_open(prefix: str, tmp_path: Path) -> None:
    """Conducted with widths read in the photos, then a click: each is fetched when it is read."""
    told = apart(CONDUCT, tmp_path, f"s3://{BUCKET}/{prefix}", str(PHOTOS))
    assert (told["photos"], told["read_in"]) == (PHOTOS, True)
    assert told["defects"] > 0
    assert told["fetched"] == 1  # the others show nothing of it


def written_over(blobs: S3Blobs, prefix: str, times: int) -> None:
    """Write a key over between the question how large it is and its content, so many times."""
    left = [b"%d" % number for number in range(times)]

    def write(**_: Any) -> None:
        if left:
            raw().put_object(Bucket=BUCKET, Key=f"{prefix}/control/a.csv", Body=left.pop())

    blobs._client.meta.events.register("before-call.s3.GetObject", write)


def test_what_is_written_over_while_it_is_fetched_is_not_kept_under_the_old_name(
    blobs: S3Blobs, prefix: str, tmp_path: Path
) -> None:
    blobs.put_bytes("control/a.csv", b"first")
    written_over(blobs, prefix, OVERTAKEN_MOST - 1)
    with blobs.local_path("control/a.csv") as path:
        assert path.read_bytes() == b"0"  # what was written last
    assert [kept.read_bytes() for kept in (tmp_path / "cache").iterdir()] == [b"0"]


def test_what_is_written_over_again_and_again_is_given_up(blobs: S3Blobs, prefix: str) -> None:
    blobs.put_bytes("control/a.csv", b"first")
    written_over(blobs, prefix, OVERTAKEN_MOST)
    with (
        pytest.raises(Unavailable, match=r"'control/a\.csv' is written again and again"),
        blobs.local_path("control/a.csv"),
    ):
        pass
