"""A browser that has a picture is not sent it again; one that has another is (RFC 9110 §13).

Every address with a tag keeps the same laws: tiles, pictures of defects, originals.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from api.app import create_app
from api.content import IMMUTABLE, REVALIDATE, cached
from api.deps import Services
from api.upload import Limits
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from tests.support.seed import Seeded, database_url
from tests.unit.api.conftest import BASE_URL, CountingBell, StoppedClock

TAG = st.text("abcdef0123456789-", min_size=1, max_size=40)


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
    with closing(TestClient(create_app(services), base_url=BASE_URL)) as opened:
        yield opened
    engine.dispose()


def addresses(seeded: Seeded) -> dict[str, tuple[str, bool]]:
    """Name every kind of address with a tag, and whether what it shows can never change."""
    survey = seeded.mapped
    base, version = f"/api/surveys/{survey.survey_id}", survey.mosaic.sha256
    return {
        "own tile": (f"{base}/tiles/0/0/0.png", False),
        "own tile of a version": (f"{base}/tiles/0/0/0.webp?v={version[:16]}", True),
        "own tile of the whole digest": (f"{base}/tiles/0/0/0.png?v={version}", True),
        "tile of the world": (f"{base}/webmercator/0/0/0.png", False),
        "picture of a defect": (f"/api/defects/{survey.defects[0].defect_id}/chip.png", False),
        # it never changes; but the next person at a browser may not see originals
        "original": (f"{base}/photos/{survey.photo_sha256}", False),
    }


KINDS = ["own tile", "own tile of a version", "own tile of the whole digest",
         "tile of the world", "picture of a defect", "original"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
class TestEveryTag:
    """What holds for each address."""

    def test_what_the_client_has_is_not_sent_again(
        self, reader: TestClient, seeded_template: Seeded, kind: str
    ) -> None:
        address, forever = addresses(seeded_template)[kind]
        first = reader.get(address)
        tag = first.headers["etag"]
        assert first.status_code == 200 and len(first.content) > 50
        assert first.headers["cache-control"] == (IMMUTABLE if forever else REVALIDATE)
        for sent in (tag, f"W/{tag}", f'"other", {tag}', f'W/"x",  W/{tag} ', "*"):
            again = reader.get(address, headers={"if-none-match": sent})
            assert (again.status_code, again.content) == (304, b""), sent
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]

    def test_another_tag_is_sent_the_whole(
        self, reader: TestClient, seeded_template: Seeded, kind: str
    ) -> None:
        address, _ = addresses(seeded_template)[kind]
        first = reader.get(address)
        bare = first.headers["etag"].strip('"')
        for sent in ('""', f'"{bare}x"', bare, f"'{bare}'", f'"{bare[:-1]}"', "", ","):
            again = reader.get(address, headers={"if-none-match": sent})
            assert again.status_code == 200, sent
            assert again.content == first.content

    def test_nobody_else_is_given_what_was_kept(
        self, reader: TestClient, seeded_template: Seeded, kind: str
    ) -> None:
        address, _ = addresses(seeded_template)[kind]
        headers = reader.get(address).headers
        assert headers["cache-control"].startswith("private")
        assert {"Cookie", "Authorization"} <= set(headers["vary"].split(", "))
        assert headers["x-content-type-options"] == "nosniff"


def test_every_address_has_its_own_tag(reader: TestClient, seeded_template: Seeded) -> None:
    tags = {
        kind: reader.get(address).headers["etag"]
        for kind, (address, _) in addresses(seeded_template).items()
    }
    same = {"own tile", "own tile of the whole digest"}  # the same bytes
    assert len(set(tags.values())) == len(tags) - 1
    assert len({tags[kind] for kind in same}) == 1


def test_the_tag_of_an_original_is_its_digest(reader: TestClient, seeded_template: Seeded) -> None:
    address, _ = addresses(seeded_template)["original"]
    answer = reader.get(address)
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"' == f'"{seeded_template.mapped.photo_sha256}"'
    assert answer.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    "version",
    ["", "0", "abc", "g" * 16, "0" * 15, "0" * 65, "ABCDEF0123456789", "../" * 6, "*", "%00"],
)
@pytest.mark.parametrize("scheme", ["tiles", "webmercator"])
def test_what_is_no_version_keeps_nothing_for_a_year(
    reader: TestClient, seeded_template: Seeded, scheme: str, version: str
) -> None:
    """A short version fits every mosaic to come: its picture would never be asked for again."""
    survey = seeded_template.mapped
    answer = reader.get(f"/api/surveys/{survey.survey_id}/{scheme}/0/0/0.png?v={version}")
    assert answer.status_code == 422
    assert "immutable" not in answer.headers.get("cache-control", "")
    assert "query.v" in answer.json()["detail"]


@pytest.mark.parametrize("digits", [16, 17, 40, 64])
def test_a_version_may_be_as_long_as_the_digest(
    reader: TestClient, seeded_template: Seeded, digits: int
) -> None:
    survey = seeded_template.mapped
    base = f"/api/surveys/{survey.survey_id}/tiles/0/0/0.png?v="
    assert reader.get(base + survey.mosaic.sha256[:digits]).status_code == 200
    other = reader.get(base + survey.mosaic.sha256[: digits - 1] + (
        "0" if survey.mosaic.sha256[digits - 1] != "0" else "1"
    ))  # fmt: skip
    assert other.status_code == 404
    assert "load it again" in other.json()["detail"]


@settings(deadline=None)
@given(tag=TAG, others=st.lists(TAG, max_size=4), versioned=st.booleans())
def test_a_tag_is_found_in_any_list_and_nowhere_else(
    tag: str, others: list[str], versioned: bool
) -> None:
    def ask(sent: str) -> tuple[object, dict[str, str]]:
        scope = {"type": "http", "headers": [(b"if-none-match", sent.encode())]}
        return cached(Request(scope), tag=tag, media_type="image/png", versioned=versioned)

    listed = ", ".join(f'"{other}"' for other in [*others, tag])
    known, headers = ask(listed)
    assert known is not None
    assert headers["ETag"] == f'"{tag}"'
    assert headers["Cache-Control"] == (IMMUTABLE if versioned else REVALIDATE)
    without = ", ".join(f'"{other}"' for other in others if other != tag)
    assert ask(without)[0] is None
