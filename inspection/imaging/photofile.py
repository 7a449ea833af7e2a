"""Name a photo's file wherever it lies: on this machine, or lent for as long as it is read.

A survey has thousands of photos and a place on it is seen by a few. Where files come from a bucket,
each that is lent is fetched and holds an open file, so a photo is lent when it is decoded, no
sooner, and given back at once.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class LentPhoto:
    """Name a photo that is lent when it is read.

    Attributes:
        name: of its file, for words and for whoever is sent it.
        lend: gives the file for as long as the context lasts; raises NotFound when it is gone.
    """

    name: str
    lend: Callable[[], AbstractContextManager[Path]]


PhotoFile = Path | LentPhoto


@contextmanager
def opened(file: PhotoFile) -> Iterator[Path]:
    """Give the path of a photo for as long as the context lasts.

    Raises:
        NotFound: when it is not kept any more.
        Unavailable: when where it is kept cannot be reached.
    """
    if isinstance(file, LentPhoto):
        with file.lend() as path:
            yield path
    else:
        yield file


@contextmanager
def at_hand(files: Sequence[PhotoFile], folder: Path) -> Iterator[list[Path]]:
    """Give paths of photos that are all read at once, by a program that goes by paths.

    What is lent is linked into a folder under its name, or copied where the file system cannot
    link, so that none of it is held open; it goes afterwards.

    Raises:
        NotFound: when a photo is not kept any more.
        Unavailable: when one cannot be reached, or the disk is full.
    """
    try:
        yield [_placed(file, folder) if isinstance(file, LentPhoto) else file for file in files]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _placed(photo: LentPhoto, folder: Path) -> Path:
    target = folder / photo.name
    with photo.lend() as path:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)
        except OSError as error:
            raise Unavailable(
                f"photo {photo.name} cannot be laid into {folder}: {error.strerror}"
            ) from error
    return target
