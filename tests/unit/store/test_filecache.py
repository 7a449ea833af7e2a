"""A bounded cache of files: fetched once, the oldest goes, what is read stays."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inspection.errors import Unavailable
from inspection.store.filecache import FileCache


class Source:
    """Write a file of a size, and count how often."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    def of(self, name: str, size: int) -> Callable[[Path], None]:
        def fetch(path: Path) -> None:
            self.fetched.append(name)
            path.write_bytes(name[:1].encode() * size)

        return fetch


@pytest.fixture
def source() -> Source:
    return Source()


def read(cache: FileCache, source: Source, name: str, size: int = 40) -> bytes:
    with cache.lent(name, size, source.of(name, size), suffix=".bin") as path:
        assert path.suffix == ".bin"
        return path.read_bytes()


def test_a_file_is_fetched_once(tmp_path: Path, source: Source) -> None:
    cache = FileCache(tmp_path / "cache", 100)
    for _ in range(3):
        assert read(cache, source, "a") == b"a" * 40
    assert source.fetched == ["a"]
    assert read(FileCache(tmp_path / "cache", 100), source, "a") == b"a" * 40
    assert source.fetched == ["a"]  # another process finds it too


def test_what_was_not_read_for_longest_goes(tmp_path: Path, source: Source) -> None:
    import os

    cache = FileCache(tmp_path, 100)
    read(cache, source, "a")
    read(cache, source, "b")
    for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.read_bytes())):
        os.utime(path, (1000 + age, 1000 + age))  # a is older than b
    read(cache, source, "a")  # and is read again
    read(cache, source, "c")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 100
    read(cache, source, "a")
    assert source.fetched == ["a", "b", "c"]
    read(cache, source, "b")
    assert source.fetched == ["a", "b", "c", "b"]


def test_a_file_that_somebody_reads_is_not_thrown_out(tmp_path: Path, source: Source) -> None:
    cache = FileCache(tmp_path, 100)
    with (
        cache.lent("a", 60, source.of("a", 60)) as held,
        cache.lent("b", 60, source.of("b", 60)) as other,
    ):
        assert held.read_bytes() == b"a" * 60 and other.read_bytes() == b"b" * 60
    read(cache, source, "c", 90)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 100


def test_another_process_holds_a_file_too(tmp_path: Path, source: Source) -> None:
    cache = FileCache(tmp_path, 100)
    read(cache, source, "a", 60)
    (path,) = tmp_path.iterdir()
    program = (
        "import fcntl, os, sys\n"
        "handle = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(handle, fcntl.LOCK_SH)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        read(cache, source, "b", 60)
        assert path.exists()
        holder.communicate()
    read(cache, source, "c", 60)
    assert not path.exists()


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path, source: Source) -> None:
    cache = FileCache(tmp_path, 100)

    def fails(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    full = "No space left on device; free some space"
    with pytest.raises(Unavailable, match=full), cache.lent("a", 40, fails):
        pass
    assert list(tmp_path.iterdir()) == []
    assert read(cache, source, "a") == b"a" * 40


def test_what_does_not_fit_is_said(tmp_path: Path, source: Source) -> None:
    with pytest.raises(Unavailable, match="raise TENKEN_BLOBS_CACHE_GB"):
        read(FileCache(tmp_path, 39), source, "a")
    assert source.fetched == []
    assert read(FileCache(tmp_path, 40), source, "a") == b"a" * 40


def test_many_readers_of_one_file_see_it_whole(tmp_path: Path, source: Source) -> None:
    cache = FileCache(tmp_path, 100)
    with ThreadPoolExecutor(8) as readers:
        seen = set(readers.map(lambda _: read(cache, source, "a"), range(16)))
    assert seen == {b"a" * 40}
    assert len(list(tmp_path.iterdir())) == 1
