"""Lend a folder for unfinished files: one a survey, to one process at a time, empty at the start.

A killed process leaves its folder behind; the next one that works on the survey finds it unlocked
and empties it, so nothing piles up.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from inspection.errors import Conflict, Unavailable


@contextmanager
def workshop(parent: Path, survey_id: UUID) -> Iterator[Path]:
    """Give the empty folder of a survey and clear it away afterwards.

    Raises:
        Conflict: when another process works on the survey.
        Unavailable: when the folder cannot be made.
    """
    folder, lock = parent / f"survey-{survey_id}", parent / f"survey-{survey_id}.lock"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        held = lock.open("w")
    except OSError as error:
        raise Unavailable(f"work folder {parent} cannot be used: {error.strerror}") from error
    with held:
        try:
            # The kernel lets go of the lock when the process dies, however it dies.
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                f"another process works on survey {survey_id}; wait for it or stop it"
            ) from error
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
