"""Keep files that were fetched from elsewhere, at most so many bytes, and lend them to readers.

Several processes share the folder. Whoever reads a file holds a shared lock on it, and only a file
that nobody holds is thrown out, the one that was not read for longest first. Whoever fetches one
holds the lock of a notice beside it, which says by its name what is coming and how large that is:
so a file is fetched once, however many ask for it, and its room is taken before it is there.
"""

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import Unavailable
from inspection.turns import Turns

COMING = ".coming-"
"""Begins the name of a notice; the size of what is coming follows, then its name."""

PART = ".part"
"""Ends the name of a file that is being fetched."""

ASK_S = 0.05
"""How often somebody who waits looks whether a file has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Bound the waiting for a file that somebody else is fetching.

    Attributes:
        turns: how many threads of this process may wait.
        wait_s: how long one waits.
    """

    turns: Turns
    wait_s: float


class FileCache:
    """Lend files by name from a folder of bounded size."""

    def __init__(self, folder: Path, max_bytes: int, patience: Patience | None = None) -> None:
        """Use a folder, which is made when the first file comes.

        Args:
            folder: where files are kept.
            max_bytes: of all of them, where those that are being read leave room.
            patience: for files that others fetch; None waits as long as it takes.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._patience = patience

    @contextmanager
    def lent(
        self, name: str, size_bytes: int, fetch: Callable[[Path], None], *, suffix: str = ""
    ) -> Iterator[Path]:
        """Lend a file for as long as the context lasts, fetched first where it is not there.

        Args:
            name: of the content; another content has another name.
            size_bytes: of the file.
            fetch: writes the file to a path.
            suffix: of the file, for programs that go by it.

        Raises:
            Unavailable: when it is larger than the cache, the disk is full, too many files are
                open, or others have not fetched it in time.
        """
        if size_bytes > self._max_bytes:
            raise Unavailable(
                f"a file of {size_bytes / 1e9:.3g} GB does not fit into the cache of "
                f"{self._max_bytes / 1e9:.3g} GB; raise TENKEN_BLOBS_CACHE_GB"
            )
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}{suffix}"
        with _translated():
            handle = _locked(path)
            if handle is None:
                handle = self._brought(path, size_bytes, fetch)
        try:
            yield path
        finally:
            os.close(handle)

    def _brought(self, path: Path, size_bytes: int, fetch: Callable[[Path], None]) -> int:
        """Fetch a file, unless somebody else is about to; give a handle that holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        notice = self._folder / f"{COMING}{size_bytes}-{path.name}"
        with self._alone(notice):
            handle = _locked(path)
            if handle is not None:  # fetched by whom we waited for
                return handle
            unfinished = _part_of(notice)
            try:
                self._make_room()
                fetch(unfinished)
                handle = os.open(unfinished, os.O_RDONLY)
                fcntl.flock(handle, fcntl.LOCK_SH)  # before anybody can throw it out
                unfinished.replace(path)
            except BaseException:
                if handle is not None:
                    os.close(handle)
                raise
            finally:
                with suppress(OSError):  # gone by the rename
                    unfinished.unlink()
            return handle

    @contextmanager
    def _alone(self, notice: Path) -> Iterator[None]:
        """Hold the lock of a notice, and take it away afterwards."""
        handle = self._held(notice)
        try:
            yield
        finally:
            with suppress(OSError):
                notice.unlink()
            os.close(handle)

    def _held(self, notice: Path) -> int:
        """Wait for the lock of a notice; whoever held it before has taken that one away."""
        while True:
            handle = os.open(notice, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._wait(handle)
                if os.fstat(handle).st_nlink:
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def _wait(self, handle: int) -> None:
        """Take a lock when whoever holds it lets go.

        Raises:
            Unavailable: when that takes too long, or too many wait.
        """
        if self._patience is None:
            fcntl.flock(handle, fcntl.LOCK_EX)
            return
        if _taken(handle):
            return
        with self._patience.turns.one():
            until_s = time.monotonic() + self._patience.wait_s
            while not _taken(handle):
                if time.monotonic() >= until_s:
                    raise Unavailable(
                        "the file is being fetched from the bucket; try again in some seconds"
                    )
                time.sleep(ASK_S)

    def _make_room(self) -> None:
        """Throw out files that nobody holds, oldest first, until all that is here or comes fits."""
        there = []
        for path in self._folder.iterdir():
            if not path.name.endswith(PART):  # counted by its notice
                with suppress(FileNotFoundError):  # another process was faster
                    kept = path.stat()
                    coming = _coming_bytes(path)
                    size = kept.st_size if coming is None else coming
                    there.append((coming is None, kept.st_mtime, size, path))
        held = sum(size for _, _, size, _ in there)
        for is_whole, _, size, path in sorted(there):
            if is_whole and held <= self._max_bytes:
                return
            if _thrown_out(path):  # a notice only when its writer is dead
                held -= size


@contextmanager
def _translated() -> Iterator[None]:
    """Say what the disk, or the limits of this process, refuse."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise Unavailable(
                f"the cache cannot be read: {error.strerror}; raise the limit of open files "
                "(ulimit -n, LimitNOFILE)"
            ) from error
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = "free some space" if full else "check TENKEN_HOME"
        raise Unavailable(f"the cache cannot be written: {error.strerror}; {cure}") from error


def _part_of(notice: Path) -> Path:
    return notice.with_name(f"{notice.name}{PART}")


def _coming_bytes(path: Path) -> int | None:
    """Read off a notice how large what is coming will be; None for every other file."""
    if not path.name.startswith(COMING):
        return None
    size = path.name.removeprefix(COMING).partition("-")[0]
    return int(size) if size.isdecimal() else None


def _locked(path: Path) -> int | None:
    """Hold a file against being thrown out; None when it is not there (any more)."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        os.utime(handle)  # read just now
        if os.fstat(handle).st_nlink:
            return handle
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _taken(handle: int) -> bool:
    """Take a lock for oneself unless somebody has it; tell whether it was taken."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _thrown_out(path: Path) -> bool:
    """Remove a file, and what a notice announces, unless somebody holds it; tell if it is gone."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        if not _taken(handle):
            return False
        if _coming_bytes(path) is not None:
            _part_of(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)
    return True
