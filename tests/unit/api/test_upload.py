"""Uploads: taken apart in any pieces, bounded, and never named by their sender."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import TooLarge
from api.upload import Limits, Received, clean_name, receive, receiving_folder
from inspection.errors import BadInput

BOUNDARY = "x-boundary-x"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, content: bytes, field: str = "files") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    return head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def take(
    content: bytes,
    folder: Path,
    *,
    cuts: list[int] | None = None,
    content_type: str = CONTENT_TYPE,
    limits: Limits | None = None,
) -> list[Received]:
    async def stream() -> AsyncIterator[bytes]:
        edges = [0, *sorted(cuts or []), len(content)]
        for start, end in pairwise(edges):
            yield content[start:end]

    async def run() -> list[Received]:
        return await receive(
            stream(),
            content_type=content_type,
            folder=folder,
            limits=limits or Limits(file_max_bytes=1000, files_max=3),
        )

    return asyncio.run(run())


def test_files_arrive_complete_in_order_with_their_digest(tmp_path: Path) -> None:
    received = take(body(part("a.jpg", b"alpha"), part("b.jpg", b"")), tmp_path)
    assert [file.name for file in received] == ["a.jpg", "b.jpg"]
    assert [file.size_bytes for file in received] == [5, 0]
    assert received[0].sha256 == hashlib.sha256(b"alpha").hexdigest()
    assert received[0].path is not None and received[0].path.read_bytes() == b"alpha"
    assert received[1].sha256 == hashlib.sha256(b"").hexdigest()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    contents=st.lists(st.binary(max_size=300), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 1200), max_size=12),
)
def test_it_does_not_matter_how_the_body_is_cut(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], cuts: list[int]
) -> None:
    # a content that holds the boundary itself would be another body
    whole = body(*(part(f"{i}.jpg", content) for i, content in enumerate(contents)))
    folder = tmp_path_factory.mktemp("cut")
    received = take(whole, folder, cuts=[min(cut, len(whole)) for cut in cuts])
    assert [file.path.read_bytes() for file in received if file.path] == contents


def test_a_file_over_the_limit_is_set_aside_and_the_next_one_arrives(tmp_path: Path) -> None:
    large, exact = b"L" * 1001, b"E" * 1000
    first, second = take(body(part("large.jpg", large), part("exact.jpg", exact)), tmp_path)
    assert (first.path, first.sha256, first.size_bytes) == (None, None, 1001)
    assert second.path is not None and second.path.read_bytes() == exact
    assert [path.name for path in tmp_path.iterdir()] == [second.path.name]


def test_too_many_files_make_the_whole_request_fail(tmp_path: Path) -> None:
    four = body(*(part(f"{i}.jpg", b"x") for i in range(4)))
    with pytest.raises(TooLarge, match="more than 3 files"):
        take(four, tmp_path)
    assert len(take(body(*(part(f"{i}.jpg", b"x") for i in range(3))), tmp_path)) == 3


def test_a_body_without_end_is_cut_off(tmp_path: Path) -> None:
    limits = Limits(file_max_bytes=10, files_max=1)
    endless = part("a.jpg", b"x" * (limits.body_max_bytes + 1))
    with pytest.raises(TooLarge, match="send less"):
        take(endless, tmp_path, limits=limits)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (body(part("a.jpg", b"alpha"))[:-8], "cut off"),
        (part("a.jpg", b"alpha")[:-4], "cut off"),
        (b"", "cut off"),
        (b"this is no multipart body at all", "not a valid multipart"),
        (body(), "no file|not a valid|cut off"),
        (body(part("a.jpg", b"x", field="photo")), "part named 'files'"),
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n'.encode()
            + body(),
            "with a file name",
        ),
        (body(b"--" + BOUNDARY.encode() + b"\r\n\r\nx\r\n"), "part named 'files'"),
    ],
)
def test_a_broken_body_is_refused_with_words(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        take(content, tmp_path)


@pytest.mark.parametrize("kind", ["multipart/form-data", "image/jpeg; boundary=x", ""])
def test_the_type_must_name_a_boundary(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadInput, match="boundary"):
        take(body(part("a.jpg", b"x")), tmp_path, content_type=kind)


@pytest.mark.parametrize(
    "name", ["../../escape.jpg", "/etc/passwd", "..\\up.jpg", "C:\\x\\y.jpg", "a\x00b.jpg", ".."]
)
def test_no_name_becomes_a_path(tmp_path: Path, name: str) -> None:
    (received,) = take(body(part(name, b"x")), tmp_path)
    assert received.path is not None
    assert received.path.parent == tmp_path
    assert received.path.name == "000000"
    assert "/" not in received.name and "\\" not in received.name


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_clean_names_are_readable_and_bounded(sent: str) -> None:
    name = clean_name(sent)
    assert 1 <= len(name) <= 200
    assert name.isprintable()
    assert not set(name) & {"/", "\\", "\x00", "\n"}
    assert clean_name(name) == name


def test_japanese_names_stay(tmp_path: Path) -> None:
    (received,) = take(body(part("橋梁 点検_01.JPG", b"x")), tmp_path)
    assert received.name == "橋梁 点検_01.JPG"


def test_the_folder_of_a_request_vanishes_with_it(tmp_path: Path) -> None:
    with receiving_folder(tmp_path / "incoming") as one:
        with receiving_folder(tmp_path / "incoming") as other:
            assert one != other
        (one / "file").write_bytes(b"x")
    assert list((tmp_path / "incoming").iterdir()) == []
