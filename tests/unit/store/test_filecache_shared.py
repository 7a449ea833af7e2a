"""A cache that many ask at once: one of them fetches, room is reserved, nobody is pushed out."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspection.errors import Unavailable
from inspection.store.filecache import COMING, FileCache, Patience
from inspection.turns import Turns
from tests.support.apart import ROOT, apart

LONG_S = 60.0
"""Longer than any test lasts: whoever waits that long hangs."""

MOST = 100


class Halfway:
    """Fetch a file of a size, and stop halfway until told to go on."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.fetched = 0
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, path: Path) -> None:
        self.fetched += 1
        with path.open("wb") as file:
            file.write(b"a")
            file.flush()
            self.begun.set()
            assert self.go_on.wait(LONG_S)
            file.write(b"a" * (self.size - 1))


def read(cache: FileCache, name: str, size: int, fetch: Callable[[Path], None]) -> bytes:
    with cache.lent(name, size, fetch) as path:
        return path.read_bytes()


def filled(letter: str, size: int) -> Callable[[Path], None]:
    return lambda path: void(path.write_bytes(letter.encode() * size))


def void(_: object) -> None:
    """Give nothing, as a fetch does."""


@contextmanager
def arriving(cache: FileCache, size: int) -> Iterator[tuple[Halfway, "Future[bytes]"]]:
    """Let a file "a" be fetched by another thread, halfway when the context begins."""
    fetch = Halfway(size)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(read, cache, "a", size, fetch)
        assert fetch.begun.wait(LONG_S)
        try:
            yield fetch, coming
        finally:
            fetch.go_on.set()


def held_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_file_that_many_ask_for_at_once_is_fetched_once(tmp_path: Path) -> None:
    cache, fetch, together = FileCache(tmp_path, MOST), Halfway(40), threading.Barrier(8)

    def look() -> bytes:
        together.wait(LONG_S)
        return read(FileCache(tmp_path, MOST), "a", 40, fetch)  # another process has its own

    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(look) for _ in range(8)]
        assert fetch.begun.wait(LONG_S)
        fetch.go_on.set()
        assert {one.result(LONG_S) for one in looks} == {b"a" * 40}
    assert fetch.fetched == 1
    assert read(cache, "a", 40, fetch) == b"a" * 40 and fetch.fetched == 1
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [40]  # no notice, no part


def test_room_is_taken_before_a_file_is_there(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, MOST)
    read(cache, "old", 40, filled("o", 40))
    with arriving(cache, 60) as (fetch, coming):
        read(cache, "b", 40, filled("b", 40))  # 1 byte of 60 is there: "old" must go all the same
        fetch.go_on.set()
        assert coming.result(LONG_S) == b"a" * 60
    assert held_bytes(tmp_path) == MOST
    assert {path.read_bytes()[:1] for path in tmp_path.iterdir()} == {b"a", b"b"}


def test_a_file_that_is_being_fetched_is_not_thrown_out(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, MOST)
    with arriving(cache, 60) as (fetch, coming):
        assert read(cache, "b", MOST, filled("b", MOST)) == b"b" * MOST
        fetch.go_on.set()
        assert coming.result(LONG_S) == b"a" * 60
    read(cache, "c", 10, filled("c", 10))  # what overlapped does not stay
    assert held_bytes(tmp_path) <= MOST


def test_who_waits_for_a_fetch_that_fails_fetches_itself(tmp_path: Path) -> None:
    cache, begun, go_on = FileCache(tmp_path, MOST), threading.Event(), threading.Event()

    def fails(path: Path) -> None:
        begun.set()
        assert go_on.wait(LONG_S)
        raise Unavailable("the bucket is gone")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read, cache, "a", 40, fails)
        assert begun.wait(LONG_S)
        second = pool.submit(read, cache, "a", 40, filled("a", 40))
        go_on.set()
        assert isinstance(first.exception(LONG_S), Unavailable)
        assert second.result(LONG_S) == b"a" * 40


def test_what_a_killed_process_left_half_takes_no_room_and_stops_nobody(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from inspection.store.filecache import FileCache\n"
        "def fetch(path):\n"
        "    path.write_bytes(b'half')\n"
        "    print('half', flush=True)\n"
        "    sys.stdin.read()\n"
        "with FileCache(pathlib.Path(sys.argv[1]), 100).lent('a', 90, fetch): pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "half\n"
        assert sum(path.name.startswith(COMING) for path in tmp_path.iterdir()) == 2
        child.kill()
        child.communicate()
    cache = FileCache(tmp_path, MOST)
    read(cache, "kept", 5, filled("k", 5))
    assert held_bytes(tmp_path) == 5  # what the dead one had left is gone
    read(cache, "b", 20, filled("b", 20))
    assert held_bytes(tmp_path) == 25  # and the 90 bytes that it announced count no more
    assert read(cache, "a", 60, filled("a", 60)) == b"a" * 60


class TestPatience:
    """Who answers requests does not wait for minutes, and not many do."""

    def test_the_file_is_being_fetched_and_one_may_ask_again(self, tmp_path: Path) -> None:
        with arriving(FileCache(tmp_path, MOST), 60) as (fetch, coming):
            turns = Turns("fetching", seats=1, waiting_most=0)
            hasty = FileCache(tmp_path, MOST, Patience(turns=turns, wait_s=0.0))
            with pytest.raises(Unavailable, match=r"is being fetched .* try again in some seconds"):
                read(hasty, "a", 60, filled("x", 60))
            assert read(hasty, "b", 40, filled("b", 40)) == b"b" * 40  # others go on
            with turns.one(), pytest.raises(Unavailable, match="others wait for it already"):
                read(hasty, "a", 60, filled("x", 60))
            fetch.go_on.set()
            assert coming.result(LONG_S) == b"a" * 60
            assert read(hasty, "a", 60, filled("x", 60)) == b"a" * 60

    def test_who_has_patience_gets_what_the_other_fetched(self, tmp_path: Path) -> None:
        turns = Turns("fetching", seats=1, waiting_most=0)
        patient = FileCache(tmp_path, MOST, Patience(turns=turns, wait_s=LONG_S))
        with (
            arriving(FileCache(tmp_path, MOST), 60) as (fetch, _),
            ThreadPoolExecutor(1) as pool,
        ):
            waits = pool.submit(read, patient, "a", 60, filled("x", 60))
            while turns._room._value:  # until it waits
                threading.Event().wait(0.001)
            fetch.go_on.set()
            assert waits.result(LONG_S) == b"a" * 60


def test_too_many_open_files_are_said_with_the_cure(tmp_path: Path) -> None:
    program = """
import json, os, pathlib, resource, sys
from inspection.errors import Unavailable
from inspection.store.filecache import FileCache
cache = FileCache(pathlib.Path(sys.argv[1]), 100)
fetch = lambda path: path.write_bytes(b"a" * 40)
with cache.lent("a", 40, fetch):
    pass
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
opened, words = [], []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for name in ("a", "b"):
    try:
        with cache.lent(name, 40, fetch):
            words.append("lent")
    except Unavailable as error:
        words.append(str(error))
for handle in opened:
    os.close(handle)
with cache.lent("b", 40, fetch) as path:
    words.append(path.read_bytes().decode())
print(json.dumps(words))
"""
    *refused, after = apart(program, tmp_path)
    assert after == "a" * 40
    for words in refused:
        assert "Too many open files; raise the limit of open files" in words
        assert "LimitNOFILE" in words
