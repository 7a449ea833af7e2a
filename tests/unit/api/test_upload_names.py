"""Names of photos as programs of all kinds send them: for people only, never a path, never lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.upload import NAME_MAX_CHARS, Limits, Received, clean_name, receive
from inspection.errors import BadInput
from tests.support.jpegs import jpeg

LIMITS = Limits(file_max_bytes=1000, files_max=3)
NAMED = b'Content-Disposition: form-data; name="files"; '


def take(
    folder: Path, header: bytes, *, kind: str = "multipart/form-data; boundary=B"
) -> list[Received]:
    """Receive one part with a header."""

    async def body() -> AsyncIterator[bytes]:
        yield b"--B\r\n" + header + b"\r\n\r\nphoto\r\n--B--\r\n"

    return asyncio.run(receive(body(), content_type=kind, folder=folder, limits=LIMITS))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('filename="橋 ①.jpg"'.encode(), "橋 ①.jpg"),
        ('filename="橋.jpg"'.encode("cp932"), "橋.jpg"),
        (b"filename*=utf-8''%E6%A9%8B%20%E2%91%A0.jpg", "橋 ①.jpg"),
        (b"filename*=UTF-8'ja'%E6%A9%8B.jpg", "橋.jpg"),
        (b"filename*=Shift_JIS''%8B%B4.jpg", "橋.jpg"),
        (b"FILENAME* = utf-8''a.jpg", "a.jpg"),
        (b"filename=\"plain.jpg\"; filename*=UTF-8''%E6%A9%8B.jpg", "plain.jpg"),
        (b"filename*=UTF-8''%E6%A9%8B.jpg; filename=\"plain.jpg\"", "plain.jpg"),
        (b"filename*=utf-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        (b"filename*=utf-8''C%3A%5Cphotos%5Ca.jpg", "a.jpg"),
        (b"filename*=utf-8''%00%0D%0A", "unnamed"),
        (b'filename="C:\\\\fakepath\\\\DJI_0001.JPG"', "DJI_0001.JPG"),
        (b'filename=""', "unnamed"),
        (b'filename="a;b.jpg"', "a;b.jpg"),
        (b'filename="\xe2\x80\xaegpj.exe"', "gpj.exe"),
        ("filename=\"ｶｷﾞ１.jpg\"".encode(), "ｶｷﾞ１.jpg"),
        (b"filename=plain.jpg", "plain.jpg"),
    ],
)  # fmt: skip
def test_a_name_is_read_whatever_wrote_it(tmp_path: Path, header: bytes, name: str) -> None:
    (found,) = take(tmp_path, NAMED + header)
    assert (found.name, found.size_bytes) == (name, 5)
    assert found.path is not None and found.path.parent == tmp_path
    assert found.path.name == "000000", "no name is ever a path"


@pytest.mark.parametrize(
    "header",
    [
        NAMED.rstrip(b"; "),
        NAMED + b"filename*=utf-8",
        NAMED + b"filename*=klingon''a.jpg",
        NAMED + b"xfilename*=utf-8''a.jpg",
        b"Content-Disposition: form-data; name=\"other\"; filename*=utf-8''a.jpg",
        b"Content-Type: image/jpeg",
        b"Content-Disposition: attachment",
    ],
)
def test_a_part_without_a_name_says_what_it_should_have(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(BadInput, match="as a part named 'files' with a file name"):
        take(tmp_path, header)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_both_spellings_of_a_name_are_one(tmp_path: Path, name: str) -> None:
    plain = NAMED + b'filename="' + name.replace("\\", "/").replace('"', "'").encode() + b'"'
    escaped = NAMED + b"filename*=utf-8''" + quote(name.replace('"', "'"), safe="").encode()
    (one,), (two,) = take(tmp_path, plain), take(tmp_path, escaped)
    assert one.name == two.name == clean_name(name.replace('"', "'"))
    assert len(one.name) <= NAME_MAX_CHARS and "/" not in one.name


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/form-data; boundary="B"',
        "MULTIPART/FORM-DATA; BOUNDARY=B",
        "multipart/form-data; boundary=B; charset=utf-8",
        "multipart/form-data;boundary=B",
    ],
)
def test_a_type_is_read_in_every_spelling(tmp_path: Path, kind: str) -> None:
    assert take(tmp_path, NAMED + b'filename="a.jpg"', kind=kind)[0].name == "a.jpg"


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/mixed; boundary=B",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/json",
        "",
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=" + "B" * 80,
    ],
)
def test_another_type_or_boundary_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadInput, match="multipart"):
        take(tmp_path, NAMED + b'filename="a.jpg"', kind=kind)


def test_a_photo_of_an_old_program_arrives_under_its_japanese_name(client: TestClient) -> None:
    client.post("/api/assets", json={"asset_id": "a", "name": "a"})
    made = client.post(
        "/api/surveys", json={"asset_id": "a", "surface": "strip", "gsd_mm_per_px": 2.0}
    ).json()
    content = (
        b"--B\r\n" + NAMED + b"filename*=utf-8''%E6%A9%8B%E8%84%9A.jpg\r\n\r\n"
        + jpeg() + b"\r\n--B--\r\n"
    )  # fmt: skip
    answer = client.post(
        f"/api/surveys/{made['survey_id']}/photos",
        content=content,
        headers={"content-type": "multipart/form-data; boundary=B"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["files"][0]["name"] == "橋脚.jpg"
    (photo,) = client.get(f"/api/surveys/{made['survey_id']}").json()["photos"] or [None]
    assert photo is None or photo["name"] == "橋脚.jpg"
