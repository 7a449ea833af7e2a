"""Bodies that no honest program sends, to every address that takes one."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.errors import MEDIA_TYPE
from api.security import JSON_MAX_BYTES
from tests.support.fuzzing import things
from tests.support.hostile import RAW, Taker, spoilt, takers
from tests.support.seed import Seeded

TAKERS = list(takers())
JSON = {"content-type": "application/json"}
EVERY, MOST = 17, 40
"""Which of the spoilt bodies the suite sends; ``tests.benchmarks.api_fuzz`` sends all."""


def filled(path: str, seeded: Seeded) -> str:
    """Fill the parameters of a path with things that are there."""
    known = things(seeded)
    return re.sub(r"{(\w+)}", lambda found: known.get(f"path.{found[1]}", ["plan"])[0], path)


def test_there_are_bodies_to_spoil() -> None:
    assert {"/api/assets", "/api/session", "/api/flight/plans"} <= {one.path for one in TAKERS}
    assert len(list(spoilt({"a": [1, {"b": 2}]}, "NaN"))) == 5
    assert list(spoilt({"a": [1]}, "NaN"))[-1] == b'{"a": [NaN]}'


@pytest.mark.parametrize("taker", TAKERS, ids=lambda one: f"{one.method} {one.path}")
def test_whatever_json_can_carry_is_answered_in_words(
    client: TestClient, seeded: Seeded, taker: Taker
) -> None:
    path = filled(taker.path, seeded)
    bodies = itertools.chain.from_iterable(spoilt(taker.body, raw) for raw in RAW.values())
    for content in itertools.islice(bodies, 0, EVERY * MOST, EVERY):
        answer = client.request(taker.method, path, content=content, headers=JSON)
        assert answer.status_code < 500, content[:500]
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == MEDIA_TYPE
            assert len(answer.content) < 100_000
        answer.json()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf{}",
        '{"name": "\u6a4b"}'.encode("utf-16"),
        '{"name": "\u6a4b"}'.encode("cp932"),
        b"\xff\xfe",
        b'{"a": 1',
        b"[" * 100_000,
        b"9" * 5000,
        b'{"asset_id": "a", "asset_id": "b"}',
    ],
    ids=["none", "bom", "utf-16", "cp932", "no-utf8", "cut", "deep", "digits", "twice"],
)
@pytest.mark.parametrize("path", ["/api/assets", "/api/session", "/api/flight/plans"])
def test_what_is_no_json_is_refused_with_words(
    client: TestClient, path: str, content: bytes
) -> None:
    answer = client.post(path, content=content, headers=JSON)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["detail"]


def pieces(total_bytes: int) -> Iterator[bytes]:
    """Send many bytes without saying how many."""
    yield b'{"name": "'
    for _ in range(total_bytes // 65_536):
        yield b"x" * 65_536
    yield b'"}'


@pytest.mark.parametrize("path", ["/api/assets", "/api/session"])
def test_a_body_that_is_read_as_a_whole_has_an_end(client: TestClient, path: str) -> None:
    said: Any = client.post(path, content=b"x" * (JSON_MAX_BYTES + 1), headers=JSON)
    unsaid = client.post(path, content=pieces(2 * JSON_MAX_BYTES), headers=JSON)
    for answer in (said, unsaid):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert f"{JSON_MAX_BYTES} bytes" in answer.json()["detail"]
    huge = {**JSON, "content-length": "9" * 30}
    assert client.post(path, content=b"{}", headers=huge).status_code == 413
    longest = json.dumps({"name": "x" * (JSON_MAX_BYTES - 12)}).encode()
    assert len(longest) == JSON_MAX_BYTES
    assert client.post(path, content=longest, headers=JSON).status_code == 422
