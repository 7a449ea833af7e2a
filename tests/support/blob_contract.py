"""What every blob store promises, wherever it keeps its blobs.

A test module that has a fixture ``blobs`` (an empty store) runs the contract by inheriting from the
class.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inspection.errors import BadInput, NotFound
from inspection.pipeline.ports import BlobStore

OUTSIDE = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../outside",
    "a/../../outside",
    "a//b",
    "a/",
    "a/./b",
    ".hidden",
    "a/.incoming/b",
    "a\\..\\b",
    "C:a",
    "a\0b",
    "a\nb",
    "a. ",
    "\udcff",
    "x" * 201,
    "/".join(["x" * 200] * 6),
]
"""Keys that could leave the store, or that some file system understands in its own way."""


class BlobStoreContract:
    """Ask a blob store for everything that ``inspection.pipeline.ports.BlobStore`` promises."""

    def test_bytes_come_back(self, blobs: BlobStore) -> None:
        blobs.put_bytes("a/b.bin", b"\0content")
        assert blobs.exists("a/b.bin")
        assert blobs.read_bytes("a/b.bin") == b"\0content"
        with blobs.local_path("a/b.bin") as path:
            assert path.read_bytes() == b"\0content"

    def test_files_come_back(self, blobs: BlobStore, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"photo" * 1000)
        blobs.put_file("photos/橋 1.jpg", source)
        source.unlink()
        assert blobs.read_bytes("photos/橋 1.jpg") == b"photo" * 1000

    def test_putting_twice_is_the_same_as_once(self, blobs: BlobStore, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"same")
        for _ in range(2):
            blobs.put_file("a", source)
        assert list(blobs.keys("")) == ["a"]

    def test_other_contents_replace_the_old(self, blobs: BlobStore, tmp_path: Path) -> None:
        source = tmp_path / "source"
        for content in (b"old", b"new", b"newest"):
            source.write_bytes(content)
            blobs.put_file("a", source)
            assert blobs.read_bytes("a") == content
        blobs.put_bytes("a", b"")
        assert blobs.read_bytes("a") == b""

    def test_a_missing_key_is_not_found(self, blobs: BlobStore, tmp_path: Path) -> None:
        assert not blobs.exists("a/missing")
        with pytest.raises(NotFound, match="a/missing"):
            blobs.read_bytes("a/missing")
        with pytest.raises(NotFound, match="a/missing"), blobs.local_path("a/missing"):
            pass
        with pytest.raises(NotFound, match="nowhere"):
            blobs.put_file("a", tmp_path / "nowhere")

    def test_a_deleted_key_is_gone_and_deleting_again_is_no_error(self, blobs: BlobStore) -> None:
        blobs.put_bytes("a/b", b"1")
        blobs.put_bytes("a/c", b"2")
        blobs.delete("a/b")
        blobs.delete("a/b")
        assert list(blobs.keys("a/")) == ["a/c"]

    def test_keys_are_listed_sorted_by_prefix(self, blobs: BlobStore) -> None:
        names = ["b/1", "a/2", "a/1", "ab", "a/1x/deep", "a-b/1"]
        for name in names:
            blobs.put_bytes(name, b"")
        assert list(blobs.keys("")) == sorted(names)
        assert list(blobs.keys("a/")) == ["a/1", "a/1x/deep", "a/2"]
        assert list(blobs.keys("a/1")) == ["a/1", "a/1x/deep"]
        assert list(blobs.keys("a")) == ["a-b/1", "a/1", "a/1x/deep", "a/2", "ab"]
        assert list(blobs.keys("nothing/")) == []

    @pytest.mark.parametrize("key", OUTSIDE)
    def test_no_key_leads_out_of_the_store(
        self, blobs: BlobStore, tmp_path: Path, key: str
    ) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"1")
        with pytest.raises(BadInput):
            blobs.put_bytes(key, b"1")
        with pytest.raises(BadInput):
            blobs.put_file(key, source)
        with pytest.raises(BadInput):
            blobs.read_bytes(key)
        with pytest.raises(BadInput):
            blobs.exists(key)
        with pytest.raises(BadInput):
            blobs.delete(key)
        assert list(blobs.keys("")) == []

    def test_writers_of_one_key_do_not_mix(self, blobs: BlobStore) -> None:
        contents = [bytes([n]) * 200_000 for n in range(8)]
        with ThreadPoolExecutor(8) as writers:
            list(writers.map(lambda content: blobs.put_bytes("a", content), contents))
        assert blobs.read_bytes("a") in contents
        assert list(blobs.keys("")) == ["a"]
