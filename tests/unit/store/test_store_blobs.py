"""The folder of blobs keeps the contract, also when a writer dies or the disk is full."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspection.errors import NotFound, Unavailable
from inspection.pipeline.ports import BlobStore
from inspection.store.blobs import INCOMING, FolderBlobs
from tests.support.blob_contract import BlobStoreContract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store" / "blobs"


@pytest.fixture
def blobs(folder: Path) -> BlobStore:
    return FolderBlobs(folder)


class TestFolderBlobs(BlobStoreContract):
    """The contract of every blob store."""


DIES_BEFORE_RENAME = """
import os, pathlib, signal, sys
from inspection.store.blobs import FolderBlobs

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

pathlib.Path.replace = die
FolderBlobs(pathlib.Path(sys.argv[1])).put_bytes("a/b", b"half")
"""


def test_a_writer_that_dies_before_the_rename_leaves_no_key(folder: Path) -> None:
    store = FolderBlobs(folder)
    store.put_bytes("a/a", b"old")
    died = subprocess.run([sys.executable, "-c", DIES_BEFORE_RENAME, folder], check=False)
    assert died.returncode == -signal.SIGKILL
    assert [path.read_bytes() for path in (folder / INCOMING).iterdir()] == [b"half"]
    assert not store.exists("a/b")
    assert list(store.keys("")) == ["a/a"]
    with pytest.raises(NotFound):
        store.read_bytes("a/b")
    store.put_bytes("a/b", b"whole")
    assert store.read_bytes("a/b") == b"whole"


def test_a_sweep_removes_what_dead_writers_left_and_nothing_else(folder: Path) -> None:
    store = FolderBlobs(folder)
    assert store.sweep(older_than_s=3600, now_s=time.time()) == 0
    store.put_bytes("a", b"1")
    for name, age_s in (("old", 7200), ("young", 60)):
        left = folder / INCOMING / name
        left.write_bytes(b"half")
        os.utime(left, (time.time() - age_s,) * 2)
    assert store.sweep(older_than_s=3600, now_s=time.time()) == 1
    assert [path.name for path in (folder / INCOMING).iterdir()] == ["young"]
    assert store.read_bytes("a") == b"1"


def test_a_full_disk_is_unavailable_and_keeps_the_old_blob(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderBlobs(folder)
    store.put_bytes("a", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match=r"a needs 1\.5 MB, [\d.]+ MB are free"):
        store.put_bytes("a", b"x" * 1_500_000)
    monkeypatch.undo()
    assert store.read_bytes("a") == b"old"
    assert list((folder / INCOMING).iterdir()) == []


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = FolderBlobs(tmp_path / "file" / "blobs")
    with pytest.raises(Unavailable, match="check the folder"):
        store.put_bytes("a", b"1")
    with pytest.raises(Unavailable, match="cannot be read"):
        store.read_bytes("a")


def test_an_equal_blob_is_not_written_again(folder: Path, tmp_path: Path) -> None:
    store, source = FolderBlobs(folder), tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    store.put_file("a", source)
    before = (folder / "a").stat()
    store.put_file("a", source)
    assert (folder / "a").stat().st_ino == before.st_ino
    source.write_bytes(b"x" * 2_999_999 + b"y")
    store.put_file("a", source)
    assert (folder / "a").stat().st_ino != before.st_ino


def test_listing_a_part_does_not_walk_other_folders(folder: Path) -> None:
    store = FolderBlobs(folder)
    store.put_bytes("a/1", b"")
    store.put_bytes("b/1", b"")
    (folder / "b").chmod(0)
    try:
        assert list(store.keys("a/")) == ["a/1"]
    finally:
        (folder / "b").chmod(0o700)
