"""Whatever arrives, in whatever pieces: files come out whole or the request is refused."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import TooLarge
from api.upload import (
    FIELD,
    NAME_MAX_CHARS,
    Limits,
    Received,
    clean_name,
    receive,
    receiving_folder,
)
from inspection.errors import BadInput

BOUNDARY = "tenken-boundary"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
LIMITS = Limits(file_max_bytes=500, files_max=4)
LAW = settings(
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def part(content: bytes, name: str = "a.jpg", field: str = FIELD) -> bytes:
    """Build one part of a body."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    return head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n"


def body(*contents: bytes) -> bytes:
    """Build a whole body."""
    return b"".join(map(part, contents)) + f"--{BOUNDARY}--\r\n".encode()


def take(
    pieces: Sequence[bytes], folder: Path, limits: Limits = LIMITS, content_type: str = TYPE
) -> list[Received]:
    """Receive the pieces of a body into a folder of its own."""

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    with receiving_folder(folder) as place:
        received = asyncio.run(
            receive(stream(), content_type=content_type, folder=place, limits=limits)
        )
        for file in received:
            assert file.path is None or file.path.parent == place
            if file.path is not None:
                assert hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256
    assert list(folder.iterdir()) == []
    return received


def cut(whole: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut bytes at some places."""
    at = sorted({0, len(whole), *(place % (len(whole) + 1) for place in places)})
    return [whole[a:b] for a, b in pairwise(at)]


@LAW
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    st.lists(st.integers(0, 2000), max_size=12),
)
def test_however_a_body_is_cut_the_files_are_the_same(
    tmp_path: Path, contents: list[bytes], places: list[int]
) -> None:
    received = take(cut(body(*contents), places), tmp_path)
    assert [file.sha256 for file in received] == [
        hashlib.sha256(content).hexdigest() for content in contents
    ]
    assert [file.size_bytes for file in received] == list(map(len, contents))


@LAW
@given(st.integers(1, 900), st.lists(st.integers(0, 2000), max_size=4))
def test_a_body_that_ends_early_is_refused(tmp_path: Path, missing: int, places: list[int]) -> None:
    whole = body(b"x" * 400, b"y" * 400)
    with pytest.raises(BadInput, match=r"cut off|not a valid multipart|no file"):
        take(cut(whole[: len(whole) - min(missing + 4, len(whole))], places), tmp_path)


@LAW
@given(st.binary(max_size=400))
def test_what_is_no_multipart_is_refused(tmp_path: Path, noise: bytes) -> None:
    with pytest.raises(BadInput):
        take([noise], tmp_path)


@pytest.mark.parametrize(("size", "kept"), [(0, True), (499, True), (500, True), (501, False)])
def test_a_file_may_be_as_large_as_the_limit(tmp_path: Path, size: int, kept: bool) -> None:
    (file,) = take([body(b"x" * size)], tmp_path)
    assert file.size_bytes == size
    assert (file.path is not None, file.sha256 is not None) == (kept, kept)


def test_a_file_over_the_limit_does_not_cost_the_next_one(tmp_path: Path) -> None:
    received = take([body(b"a", b"x" * 5000, b"b")], tmp_path)
    assert [file.sha256 is not None for file in received] == [True, False, True]
    assert received[1].size_bytes == 5000


@pytest.mark.parametrize(("count", "taken"), [(1, True), (4, True), (5, False)])
def test_a_request_may_have_as_many_files_as_the_limit(
    tmp_path: Path, count: int, taken: bool
) -> None:
    whole = body(*[b"x"] * count)
    if taken:
        assert len(take([whole], tmp_path)) == count
        return
    with pytest.raises(TooLarge, match="more than 4 files in one request; send them in several"):
        take([whole], tmp_path)


def test_a_body_that_cannot_be_honest_is_broken_off(tmp_path: Path) -> None:
    limits = Limits(file_max_bytes=10, files_max=1)
    endless = [part(b""), *[b"x" * 1000] * 20]
    with pytest.raises(TooLarge, match=f"over {limits.body_max_bytes} bytes"):
        take(endless, tmp_path, limits)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "application/json",
        "text/plain; boundary=x",
    ],
)
def test_a_type_without_a_boundary_is_refused(tmp_path: Path, content_type: str) -> None:
    with pytest.raises(BadInput, match="multipart/form-data with a boundary"):
        take([body(b"x")], tmp_path, content_type=content_type)


@pytest.mark.parametrize(
    "head",
    [
        'form-data; name="photos"; filename="a.jpg"',
        'form-data; name="files"',
        'form-data; filename="a.jpg"',
        "form-data",
        "",
    ],
)
def test_a_part_that_is_no_file_of_ours_is_refused(tmp_path: Path, head: str) -> None:
    whole = f"--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
    with pytest.raises(BadInput, match="part named 'files' with a file name"):
        take([whole.encode()], tmp_path)


def test_an_empty_request_says_what_it_should_have_had(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        take([f"--{BOUNDARY}--\r\n".encode()], tmp_path)


@LAW
@given(st.text(max_size=300))
def test_a_cleaned_name_is_short_readable_and_no_path(sent: str) -> None:
    name = clean_name(sent)
    assert 1 <= len(name) <= NAME_MAX_CHARS
    assert name == name.strip()
    assert not set(name) & set("/\\\0\n\r")
    assert name.strip(".") != ""
    assert all(char.isprintable() for char in name)


@LAW
@given(st.text(max_size=300))
def test_cleaning_again_changes_nothing(sent: str) -> None:
    assert clean_name(clean_name(sent)) == clean_name(sent)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("橋 1.JPG", "橋 1.JPG"),
        ("C:\\DCIM\\100MEDIA\\DJI_0001.JPG", "DJI_0001.JPG"),
        ("../../../etc/passwd", "passwd"),
        ("a/b\\c.jpg", "c.jpg"),
        ("photo\r\nSet-Cookie: x.jpg", "photoSet-Cookie: x.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "unnamed"),
        ("a/", "unnamed"),
        ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
    ],
)
def test_names_people_and_attackers_send(sent: str, shown: str) -> None:
    assert clean_name(sent) == shown
