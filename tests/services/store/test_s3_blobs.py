"""Blobs in a bucket: the contract of every blob store, parts, digests, cache, words of failure."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from inspection.errors import BadInput, Broken, NotFound, Unavailable
from inspection.pipeline.conduct import conduct
from inspection.pipeline.ports import BlobStore, Silence
from inspection.pipeline.stocktake import QUIET_S, unowned
from inspection.pipeline.tools import SystemClock
from inspection.settings import StoreSettings
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, reading
from inspection.store.filecache import FileCache
from inspection.store.s3blobs import DIGEST, PART_BYTES, S3Blobs, read_place
from tests.support.blob_contract import BlobStoreContract
from tests.support.bucket import BUCKET, KEYS, raw, s3_server
from tests.support.conducted import Site, photographed, second_site, site
from tests.support.everyrow import every_row
from tests.support.seed import SeededSurvey, database_url, seed

pytestmark = pytest.mark.services
__all__ = ["photographed", "site"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as started:
        yield started


@pytest.fixture
def prefix(endpoint: str) -> str:
    return f"installation-{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def clients(endpoint: str) -> dict[int, Any]:
    """Keep one client for all tests; to make one takes half a second."""
    first = S3Blobs(f"s3://{BUCKET}", FileCache(Path("unused"), 1))
    first.check()
    return first._clients


@pytest.fixture
def blobs(prefix: str, tmp_path: Path, clients: dict[int, Any]) -> S3Blobs:
    opened = S3Blobs(f"s3://{BUCKET}/{prefix}", FileCache(tmp_path / "cache", 10_000_000))
    opened._clients = clients
    return opened


class TestS3Blobs(BlobStoreContract):
    """The contract of every blob store."""


def head(prefix: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = raw().head_object(Bucket=BUCKET, Key=f"{prefix}/{key}")
    return found


def test_a_large_file_goes_in_parts_and_comes_back_the_same(
    blobs: S3Blobs, prefix: str, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    content = os.urandom(PART_BYTES + 1000)
    source.write_bytes(content)
    blobs.put_file("orthomosaics/a.tif", source)
    assert head(prefix, "orthomosaics/a.tif")["ETag"].endswith('-2"')  # two parts
    assert blobs.read_bytes("orthomosaics/a.tif") == content
    too_large = r"does not fit into the cache.*TENKEN_BLOBS_CACHE_GB"
    with (
        pytest.raises(Unavailable, match=too_large),
        blobs.local_path("orthomosaics/a.tif"),
    ):
        pass


def test_an_equal_file_is_taken_up_anew_and_not_sent_again(
    blobs: S3Blobs, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"same")
    blobs.put_file("a", source)
    before = head(prefix, "a")
    monkeypatch.setattr(type(blobs._client), "upload_file", None)  # would fail when called
    blobs.put_file("a", source)
    after = head(prefix, "a")
    assert after["LastModified"] >= before["LastModified"]
    assert after["Metadata"] == before["Metadata"] and blobs.read_bytes("a") == b"same"


def test_what_was_changed_behind_our_back_is_never_given_out(
    blobs: S3Blobs, prefix: str, tmp_path: Path
) -> None:
    blobs.put_bytes("a", b"as it was written")
    metadata = head(prefix, "a")["Metadata"]
    assert set(metadata) == {DIGEST}
    raw().put_object(Bucket=BUCKET, Key=f"{prefix}/a", Body=b"changed", Metadata=metadata)
    with pytest.raises(Broken, match=r"blob 'a' has sha256 .*restore it from a backup"):
        blobs.read_bytes("a")
    with pytest.raises(Broken, match="blob 'a'"), blobs.local_path("a"):
        pass
    assert list((tmp_path / "cache").iterdir()) == []
    raw().put_object(Bucket=BUCKET, Key=f"{prefix}/foreign", Body=b"of somebody else")
    assert blobs.read_bytes("foreign") == b"of somebody else"


def test_a_file_is_fetched_once_and_keeps_its_suffix(blobs: S3Blobs, prefix: str) -> None:
    blobs.put_bytes("photos/橋.jpg", b"1")
    with blobs.local_path("photos/橋.jpg") as first:
        pass
    raw().put_object(  # same digest in the metadata: whoever reads the cache does not see it
        Bucket=BUCKET,
        Key=f"{prefix}/photos/橋.jpg",
        Body=b"2",
        Metadata=head(prefix, "photos/橋.jpg")["Metadata"],
    )
    with blobs.local_path("photos/橋.jpg") as again:
        assert again == first and again.suffix == ".jpg" and again.read_bytes() == b"1"
    blobs.put_bytes("photos/橋.jpg", b"3")
    with blobs.local_path("photos/橋.jpg") as newer:
        assert newer.read_bytes() == b"3"


def test_installations_of_one_bucket_do_not_see_each_other(
    blobs: S3Blobs, prefix: str, tmp_path: Path
) -> None:
    cache = FileCache(tmp_path / "other", 1000)
    longer = S3Blobs(f"s3://{BUCKET}/{prefix}-2", cache)
    whole = S3Blobs(f"s3://{BUCKET}", cache)
    blobs.put_bytes("a", b"1")
    longer.put_bytes("b", b"2")
    assert list(blobs.keys("")) == ["a"] and list(longer.keys("")) == ["b"]
    assert {f"{prefix}/a", f"{prefix}-2/b"} <= set(whole.keys("installation-"))


def test_size_and_moment_are_told(blobs: S3Blobs) -> None:
    assert blobs.stat("a") is None
    before = SystemClock().now().timestamp()
    blobs.put_bytes("a", b"12345")
    told = blobs.stat("a")
    assert told is not None and told.size_bytes == 5
    assert abs(told.touched_s - before) < 60


def failing(url: str, folder: Path) -> BlobStore:
    return S3Blobs(url, FileCache(folder, 1000))


def test_failures_say_the_cure_and_no_secret(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = failing("s3://nowhere", tmp_path)
    with pytest.raises(Unavailable, match="there is no bucket 'nowhere'; make it first"):
        lost.put_bytes("a", b"")
    with pytest.raises(Unavailable, match="no bucket"):
        list(lost.keys(""))
    source = tmp_path / "source"
    for content in (b"small", bytes(PART_BYTES + 1)):
        source.write_bytes(content)
        with pytest.raises(Unavailable, match="no bucket"):
            lost.put_file("a", source)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    closed = S3Blobs(f"s3://{BUCKET}", FileCache(tmp_path, 1000))
    with pytest.raises(Unavailable, match="cannot be reached") as told:
        closed.check()
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(told.value) and ":9" not in str(told.value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="needs credentials"):
        failing(f"s3://{BUCKET}", tmp_path).read_bytes("a")


@pytest.mark.parametrize(
    "url",
    [
        "http://bucket/a", "s3://", "s3:///a", "s3://key:secret@bucket/a", "s3://bucket/a?b=c",
        "s3://bucket/../a", "bucket",
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(BadInput) as told:
        read_place(url)
    assert "secret@" not in str(told.value)


def test_backup_restore_and_stocktake_work_on_a_bucket(
    prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspection.pipeline.backup import back_up
    from inspection.pipeline.restore import restore

    home = tmp_path / "home"
    seeded = seed(home)
    folder = blobs_of(StoreSettings(home=home, blobs_url=None))
    monkeypatch.setenv("TENKEN_BLOBS_URL", f"s3://{BUCKET}/{prefix}/one")
    bucket = blobs_of(StoreSettings(home=home))
    assert isinstance(bucket, S3Blobs)
    for key in folder.keys(""):
        with folder.local_path(key) as path:
            bucket.put_file(key, path)
    engine = create_engine(database_url(home))
    manifest = back_up(
        tmp_path / "backup", engine=engine, blobs=bucket, clock=SystemClock(), progress=Silence()
    )
    assert manifest.faults == () and manifest.blob_count == len(list(folder.keys("")))
    other = StoreSettings(home=tmp_path / "new", blobs_url=f"s3://{BUCKET}/{prefix}/two")
    back = blobs_of(other)
    restore(
        tmp_path / "backup",
        database_url=database_url(tmp_path / "new"),
        blobs=back,
        progress=Silence(),
        demand_room=lambda needed: None,
    )
    assert {key: back.read_bytes(key) for key in back.keys("")} == {
        key: folder.read_bytes(key) for key in folder.keys("")
    }
    restored = create_engine(database_url(tmp_path / "new"))
    assert every_row(restored) == every_row(engine)
    restored.dispose()
    stray = f"photos/ab/{'ab' * 32}.jpg"
    bucket.put_bytes(stray, b"nobody's")
    now_s = SystemClock().now().timestamp()
    with reading(engine) as connection:
        assert unowned(connection, bucket, now_s=now_s) == ()
        (found,) = unowned(connection, bucket, now_s=now_s + QUIET_S + 60)
    assert (found.key, found.size_bytes) == (stray, 8)
    assert seeded.mapped.mosaic.blob_key in set(bucket.keys(""))
    engine.dispose()


def leaves(value: Any) -> list[Any]:
    """Give the numbers and words of a row, however deep; sums of floats may end in another bit."""
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def test_a_survey_is_worked_on_in_a_bucket_with_the_same_result(
    site: Site, photographed: tuple[Path, SeededSurvey], blobs: S3Blobs, tmp_path: Path
) -> None:
    for key in site.blobs.kept.keys(""):
        with site.blobs.kept.local_path(key) as path:
            blobs.put_file(key, path)
    conduct(site.survey_id, replace(site.tools, blobs=blobs))
    with second_site(tmp_path / "folder", photographed) as other:
        conduct(other.survey_id, other.tools)
        ours, theirs = site.found(), other.found()
        assert [leaves(row) for row in ours] == [
            [pytest.approx(leaf, rel=1e-9) if isinstance(leaf, float) else leaf for leaf in row]
            for row in map(leaves, theirs)
        ]
        assert len(ours) > 0
        assert site.rows() == other.rows()
        assert set(blobs.keys("detections/")) == set(other.blobs.kept.keys("detections/")) != set()


def test_a_bucket_is_made_once_and_asked_for_by_path(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from inspection.cli import tenken

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.replace("127.0.0.1", "localhost"))
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path))
    monkeypatch.setenv("TENKEN_BLOBS_URL", "s3://made-by-us/prefix")
    for said in ("made", "nothing to make"):
        done = CliRunner().invoke(tenken, ["store", "prepare"], catch_exceptions=False)
        assert done.output == f"s3://made-by-us/prefix: {said}\n"
    fresh = S3Blobs("s3://made-by-us", FileCache(tmp_path, 1000))
    address = fresh._client.generate_presigned_url(
        "get_object", Params={"Bucket": "made-by-us", "Key": "a"}
    )
    assert "://localhost:" in address and "/made-by-us/a?" in address
    monkeypatch.delenv("TENKEN_BLOBS_URL")
    done = CliRunner().invoke(tenken, ["store", "prepare"], catch_exceptions=False)
    assert done.output == "the folder of blobs: nothing to make\n"


def test_the_doctor_asks_the_bucket(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspection.settings import DetectSettings, OidcSettings, QueueSettings, ServeSettings
    from workers.doctor import Setup, examine

    for url, good, words in (
        (f"s3://{BUCKET}/a", True, "answers"),
        ("s3://nowhere", False, "make it first"),
        ("http://nowhere", False, "s3://BUCKET"),
    ):
        store = StoreSettings(home=tmp_path, blobs_url=url)
        setup = Setup(
            store=store,
            queue=QueueSettings(),
            serve=ServeSettings(),
            oidc=OidcSettings(),
            detect=DetectSettings(),
        )
        found = next(one for one in examine(setup) if one.check == "blobs")
        assert found.good is good and words in found.words


def test_a_missing_blob_is_missing_not_broken(blobs: S3Blobs) -> None:
    with pytest.raises(NotFound, match="'a/b'"):
        blobs.read_bytes("a/b")
    assert not blobs.exists("a/b")
    blobs.check()
