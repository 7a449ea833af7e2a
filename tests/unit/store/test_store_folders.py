"""A folder of blobs among odd folders: keys below files, folders that are keys, killed writers."""

import errno
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import BadInput, NotFound, Unavailable
from inspection.store import keys
from inspection.store.blobs import INCOMING, FolderBlobs
from inspection.store.engine import checked_url, ensure_folder

SEGMENT = st.text(
    st.characters(categories=["L", "N"], max_codepoint=0x9FFF), min_size=1, max_size=6
)
KEYS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
A = "a" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> FolderBlobs:
    return FolderBlobs(folder)


# keys among each other


@pytest.mark.parametrize(
    "key", ["photos", "photos/ab", "photos/ab/x.jpg/below", "photos/none", "x"]
)
def test_a_key_without_a_file_is_not_there_whatever_else_is(blobs: FolderBlobs, key: str) -> None:
    blobs.put_bytes("photos/ab/x.jpg", b"x")
    assert not blobs.exists(key)
    with pytest.raises(NotFound, match=key):
        blobs.read_bytes(key)
    with pytest.raises(NotFound, match=key), blobs.local_path(key):
        pass
    blobs.delete(key)
    assert blobs.read_bytes("photos/ab/x.jpg") == b"x"


def test_a_key_cannot_be_made_where_another_needs_a_folder(blobs: FolderBlobs) -> None:
    blobs.put_bytes("a/b", b"1")
    for key in ("a", "a/b/c"):
        with pytest.raises(Unavailable, match="cannot be written"):
            blobs.put_bytes(key, b"2")
    assert list(blobs.keys("")) == ["a/b"]
    assert list((blobs._folder / INCOMING).iterdir()) == []


def test_a_store_below_a_folder_that_is_called_as_ours_has_its_keys(tmp_path: Path) -> None:
    inner = FolderBlobs(tmp_path / INCOMING / "deep")
    inner.put_bytes("a/b", b"1")
    (tmp_path / INCOMING / "deep" / INCOMING / "left").write_bytes(b"")
    assert list(inner.keys("")) == ["a/b"]
    assert list(inner.keys("a/")) == ["a/b"]


@given(st.dictionaries(KEYS, st.binary(max_size=20), max_size=6), st.data())
@settings(max_examples=25, deadline=None)
def test_a_folder_is_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, bytes], data: st.DataObject
) -> None:
    blobs, kept = FolderBlobs(tmp_path_factory.mktemp("blobs")), dict[str, bytes]()
    for key, content in wanted.items():
        try:
            blobs.put_bytes(key, content)
        except Unavailable:  # a key above or below another
            assert any(k.startswith(f"{key}/") or key.startswith(f"{k}/") for k in kept)
        else:
            kept[key] = content
    for key in data.draw(st.lists(st.sampled_from(sorted(kept)), unique=True)) if kept else ():
        blobs.delete(key)
        del kept[key]
    assert {key: blobs.read_bytes(key) for key in blobs.keys("")} == kept
    for prefix in {key[:n] for key in kept for n in (1, 2, 3)}:
        if not prefix.endswith(("/", ".", " ")):
            assert list(blobs.keys(prefix)) == sorted(k for k in kept if k.startswith(prefix))


def test_an_empty_store_has_no_keys_and_makes_no_folder(folder: Path) -> None:
    assert list(FolderBlobs(folder).keys("")) == []
    assert FolderBlobs(folder).sweep(0, 1e12) == 0
    FolderBlobs(folder).delete("a")
    assert not folder.exists()


# writers


def test_readers_never_see_half_a_blob(blobs: FolderBlobs) -> None:
    contents = {bytes([n]) * 200_000 for n in range(4)}
    blobs.put_bytes("a", b"\0" * 200_000)
    stop, seen = threading.Event(), set[bytes]()

    def read() -> None:
        while not stop.is_set():
            seen.add(blobs.read_bytes("a"))

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(3) as writers:
        list(writers.map(lambda content: blobs.put_bytes("a", content), sorted(contents) * 4))
    stop.set()
    reader.join()
    assert seen <= contents
    assert list((blobs._folder / INCOMING).iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_disk_that_refuses_is_said_and_leaves_nothing(
    blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    blobs.put_bytes("a", b"old")

    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Unavailable) as refused:
        blobs.put_bytes("a", b"n" * 2_500_000)
    full = code in (errno.ENOSPC, errno.EDQUOT)
    assert ("a needs 2.5 MB" in str(refused.value)) is full
    assert ("free some space" in str(refused.value)) is full
    monkeypatch.undo()
    assert blobs.read_bytes("a") == b"old"
    assert list((blobs._folder / INCOMING).iterdir()) == []


def test_a_sweep_takes_what_is_older_than_it_says(blobs: FolderBlobs, folder: Path) -> None:
    blobs.put_bytes("a", b"1")
    for age in (10, 100, 1000):
        left = folder / INCOMING / f"{age}"
        left.write_bytes(b"half")
        os.utime(left, (1e9 - age, 1e9 - age))
    assert blobs.sweep(1000, 1e9) == 0
    assert blobs.sweep(99, 1e9) == 2
    assert [p.name for p in (folder / INCOMING).iterdir()] == ["10"]
    assert blobs.read_bytes("a") == b"1"


# names


@given(st.text(max_size=40))
def test_an_upload_has_one_name_whatever_system_sent_it(name: str) -> None:
    survey = uuid.UUID(int=3)
    try:
        key = keys.upload_key(survey, name)
    except BadInput:
        return
    assert key.startswith(keys.upload_prefix(survey))
    for folder in ("C:\\DCIM\\", "/sdcard/", "..\\..\\", "a/b/"):
        assert keys.upload_key(survey, folder + name) == key
    assert keys.upload_key(survey, key.rsplit("/", 1)[1]) == key  # once more changes nothing
    assert keys.check_key(key) == key


def test_letters_in_two_codings_are_one_name() -> None:
    survey = uuid.UUID(int=3)
    assert keys.upload_key(survey, "か\u3099.JPG") == keys.upload_key(survey, "が.JPG")
    assert keys.upload_key(survey, "..hidden.jpg").endswith("/hidden.jpg")
    for name in ("", " ", "...", "a/", "\\", "a:b.jpg", "x" * 201, "あ" * 67, "a\x7f", "a ", "a."):
        if name == "a ":
            assert keys.upload_key(survey, name).endswith("/a")
            continue
        with pytest.raises(BadInput, match="is no blob key"):
            keys.upload_key(survey, name)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("x" * 200, True), ("x" * 201, False), ("あ" * 66, True), ("あ" * 67, False),
        ("/".join(["x" * 169] * 6), True), ("/".join(["x" * 170] * 6), False),
        ("a b", True), ("a ", False), ("a.", False), (".a", False), ("a..b", True), ("a/.b", False),
        ("橋 1.JPG", True), ("\u200b", True), ("a\u0085", False), ("a\x7f", False), ("a|b", False),
    ],
)  # fmt: skip
def test_keys_at_their_limits(key: str, good: bool) -> None:
    if good:
        assert keys.check_key(key) == key
        return
    with pytest.raises(BadInput):
        keys.check_key(key)


def test_keys_of_nouns_spread_over_256_folders_and_never_meet() -> None:
    survey, seen = uuid.UUID(int=1), uuid.UUID(int=2)
    made = [
        keys.photo_key(A, ".JPG"), keys.orthomosaic_key(A), keys.sources_key(A), keys.views_key(A),
        keys.widths_key(A), keys.detections_key(A), keys.registration_key(A),
        keys.picture_key(seen, A), keys.report_key(survey, A, ".Pdf"), keys.control_key(survey),
        keys.upload_key(survey, "a.jpg"),
    ]  # fmt: skip
    assert len(set(made)) == len(made) == len({key.split("/")[0] for key in made})
    assert all(keys.check_key(key) == key for key in made)
    assert made[0] == f"photos/aa/{A}.jpg"
    assert made[8].endswith(".pdf")


# addresses of databases


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "cannot be parsed"), ("tenken.sqlite", "cannot be parsed"),
        ("postgresql://u:sesame@h:port/db", "cannot be parsed"),
        ("mysql://u:sesame@h/x", "'mysql'"),
        ("oracle+cx://u:sesame@h/x", "'oracle'"), ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"), ("sqlite:///", "needs a file"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_its_password(url: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        checked_url(url)
    assert "sesame" not in str(refused.value)


def test_the_folder_of_a_database_is_made_and_that_of_a_server_is_not(tmp_path: Path) -> None:
    ensure_folder(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.sqlite'}")
    ensure_folder(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.sqlite'}")
    ensure_folder("postgresql://h/db")
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "b"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match=r"folder .*file.* cannot be made"):
        ensure_folder(f"sqlite:///{tmp_path / 'file' / 'x.sqlite'}")
