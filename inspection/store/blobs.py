"""Keep blobs as files in a folder: ``FolderBlobs``, the embedded ``BlobStore``.

A file is written under a temporary name in the store's own ``.incoming`` folder, flushed to the
disk and then renamed, so that a key either has a complete file or none, whatever dies in between.
"""

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import NotFound, Unavailable
from inspection.store.keys import check_key, check_prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobStat:
    """Say how large a blob is and when it was touched.

    Attributes:
        size_bytes: of its content.
        touched_s: when it was written or taken up last, seconds since 1970.
    """

    size_bytes: int
    touched_s: float


INCOMING = ".incoming"
"""Folder of unfinished files; no key begins with a dot, so it can hide none."""


class FolderBlobs:
    """Keep blobs under a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made when the first blob comes."""
        self._folder = folder

    def put_file(self, key: str, source: Path) -> None:
        """Copy a file to a key, atomically; an equal file that is there already stays as it is.

        Raises:
            BadInput: when the key is unusable.
            NotFound: when the source does not exist.
            Unavailable: when the disk is full or refuses.
        """
        target = self._path(key)
        if not source.is_file():
            raise NotFound(f"file {source} does not exist and cannot be kept as {key}")
        if target.is_file() and _same_contents(target, source):
            os.utime(target)  # taken up anew: whoever clears out what nobody wants sees it
            return
        self._write(target, source.stat().st_size, lambda unfinished: _copy(source, unfinished))

    def put_bytes(self, key: str, content: bytes) -> None:
        """Write bytes to a key, atomically.

        Raises:
            BadInput: when the key is unusable.
            Unavailable: when the disk is full or refuses.
        """
        target = self._path(key)
        self._write(target, len(content), lambda unfinished: _fill(unfinished, content))

    def read_bytes(self, key: str) -> bytes:
        """Read all bytes of a key.

        Raises:
            NotFound: when the key has no file.
            Unavailable: when the disk refuses.
        """
        try:
            return self._path(key).read_bytes()
        except OSError as error:
            if self._has_none(error):
                raise NotFound(f"there is no blob {key!r}") from error
            raise Unavailable(f"blob {key!r} cannot be read: {error.strerror}") from error

    def exists(self, key: str) -> bool:
        """Tell whether a key has a complete file."""
        return self._path(key).is_file()

    def check(self) -> None:
        """Ask whether the folder can be read, if it is there yet; writes nothing.

        Raises:
            Unavailable: when not.
        """
        if self._folder.exists() and not os.access(self._folder, os.R_OK | os.X_OK):
            raise Unavailable(f"{self._folder} cannot be read; check its owner and mode")

    def prepare(self) -> bool:
        """Make nothing: the folder is made when the first blob comes."""
        return False

    def stat(self, key: str) -> BlobStat | None:
        """Give the size of a blob and when it was written or taken up last; None for no blob."""
        path = self._path(key)
        try:
            kept = path.stat()
        except OSError as error:
            if self._has_none(error):
                return None
            raise Unavailable(f"blob {key!r} cannot be seen: {error.strerror}") from error
        if not path.is_file():
            return None
        return BlobStat(size_bytes=kept.st_size, touched_s=kept.st_mtime)

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """Give the file of a key, to be read only, for as long as the context lasts.

        Raises:
            NotFound: when the key has no file.
        """
        path = self._path(key)
        if not path.is_file():
            raise NotFound(f"there is no blob {key!r}")
        yield path

    def delete(self, key: str) -> None:
        """Remove a key; a missing key is no error."""
        try:
            self._path(key).unlink()
        except OSError as error:
            if self._has_none(error):
                return
            raise Unavailable(f"blob {key!r} cannot be removed: {error.strerror}") from error

    def keys(self, prefix: str) -> Iterator[str]:
        """List the keys that begin with a prefix, sorted; an empty prefix lists all."""
        check_prefix(prefix)
        start = self._folder / prefix.rpartition("/")[0]
        found = (
            path.relative_to(self._folder).as_posix() for path in start.rglob("*") if path.is_file()
        )
        return iter(
            sorted(k for k in found if k.startswith(prefix) and not k.startswith(f"{INCOMING}/"))
        )

    def sweep(self, older_than_s: float, now_s: float) -> int:
        """Remove unfinished files that a killed writer left; give how many there were.

        Args:
            older_than_s: a file touched within this time may still be written to.
            now_s: the present moment, seconds since 1970.
        """
        removed = 0
        for path in (self._folder / INCOMING).glob("*"):
            with suppress(FileNotFoundError):  # another sweep was faster
                if now_s - path.stat().st_mtime > older_than_s:
                    path.unlink()
                    removed += 1
        return removed

    def _has_none(self, error: OSError) -> bool:
        """Tell that the disk says a key has no file, rather than that the store is not there."""
        if isinstance(error, NotADirectoryError):
            return self._folder.is_dir()  # below the file of another key
        return isinstance(error, FileNotFoundError | IsADirectoryError)

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _write(self, target: Path, size_bytes: int, fill: Callable[[Path], None]) -> None:
        unfinished = self._folder / INCOMING / uuid.uuid4().hex
        try:
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            fill(unfinished)
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(target)
            _flush_folder(target.parent)
        except OSError as error:
            raise self._refused(target, size_bytes, error) from error
        finally:
            with suppress(OSError):  # gone by the rename, or the folder itself cannot be used
                unfinished.unlink()

    def _refused(self, target: Path, size_bytes: int, error: OSError) -> Unavailable:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free_mb = shutil.disk_usage(self._folder).free / 1e6
            return Unavailable(
                f"the disk of {self._folder} is full: {target.name} needs {size_bytes / 1e6:.1f} "
                f"MB, {free_mb:.1f} MB are free; free some space and try again"
            )
        return Unavailable(f"{target} cannot be written: {error.strerror}; check the folder")


def _same_contents(kept: Path, source: Path) -> bool:
    """Tell whether two files have the same bytes, reading no more than needed."""
    if kept.stat().st_size != source.stat().st_size:
        return False
    with kept.open("rb") as one, source.open("rb") as other:
        while block := one.read(1 << 20):
            if block != other.read(len(block)):
                return False
    return True


def _copy(source: Path, unfinished: Path) -> None:
    shutil.copyfile(source, unfinished)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())


def _fill(unfinished: Path, content: bytes) -> None:
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
