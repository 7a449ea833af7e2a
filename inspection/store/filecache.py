"""Keep files that were fetched from elsewhere, at most so many bytes, and lend them to readers.

Several processes share the folder. Whoever reads a file holds a shared lock on it, and only a file
that nobody holds is thrown out, the one that was not read for longest first.
"""

import errno
import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inspection.errors import Unavailable

ARRIVING = ".arriving"
TRIES = 8


class FileCache:
    """Lend files by name from a folder of bounded size."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Use a folder, which is made when the first file comes."""
        self._folder = folder
        self._max_bytes = max_bytes

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
            Unavailable: when it is larger than the cache, or the disk is full.
        """
        if size_bytes > self._max_bytes:
            raise Unavailable(
                f"a file of {size_bytes / 1e9:.3g} GB does not fit into the cache of "
                f"{self._max_bytes / 1e9:.3g} GB; raise TENKEN_BLOBS_CACHE_GB"
            )
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}{suffix}"
        handle = self._held(path, size_bytes, fetch)
        try:
            yield path
        finally:
            os.close(handle)

    def _held(self, path: Path, size_bytes: int, fetch: Callable[[Path], None]) -> int:
        """Give an open handle that keeps the file from being thrown out."""
        for _ in range(TRIES):
            handle = _locked(path)
            if handle is not None:
                return handle
            self._bring(path, size_bytes, fetch)
        raise Unavailable(
            f"the cache is too small for what is read at the same time ({self._max_bytes / 1e9:.3g}"
            " GB); raise TENKEN_BLOBS_CACHE_GB"
        )

    def _bring(self, path: Path, size_bytes: int, fetch: Callable[[Path], None]) -> None:
        unfinished = self._folder / f"{ARRIVING}-{uuid.uuid4().hex}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(size_bytes)
            fetch(unfinished)
            unfinished.replace(path)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cure = "free some space" if full else "check TENKEN_HOME"
            raise Unavailable(f"the cache cannot be written: {error.strerror}; {cure}") from error
        finally:
            with suppress(OSError):  # gone by the rename
                unfinished.unlink()

    def _make_room(self, wanted_bytes: int) -> None:
        """Throw out files that nobody holds, oldest first, until so many bytes fit."""
        there = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process was faster
                kept = path.stat()
                there.append((kept.st_mtime, kept.st_size, path))
        held = sum(size for _, size, _ in there)
        for _, size, path in sorted(there):
            if held + wanted_bytes <= self._max_bytes:
                return
            if _thrown_out(path):
                held -= size


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


def _thrown_out(path: Path) -> bool:
    """Remove a file unless somebody holds it; tell whether it is gone."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
