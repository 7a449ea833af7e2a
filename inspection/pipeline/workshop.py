"""Lend a folder for unfinished files: one a survey, to one process at a time, empty at the start.

A killed process leaves its folder behind; the next one that works on the survey finds it unlocked
and empties it, so nothing piles up.
"""

import fcntl
import os
import platform
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from inspection.errors import Conflict, Unavailable

_ours: list[int] = []
"""Handles of the locks of this process; nobody closes them before it ends."""


def premises(parent: Path) -> Path:
    """Give this process a folder of its own for as long as it lives, in a folder of all workers.

    A worker that hangs, or that the network has cut off, still holds its folders; another one that
    takes over its survey must not wait for them. What workers of this machine left that are dead is
    cleared away.

    Raises:
        Unavailable: when the folder cannot be made.
    """
    node = platform.node() or "host"
    name = f"{node}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for lock in parent.glob(f"{node}-*.lock"):
            _clear_if_dead(lock)
        held = os.open(parent / f"{name}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
        (parent / name).mkdir()
    except OSError as error:
        raise Unavailable(f"work folder {parent} cannot be used: {error.strerror}") from error
    _ours.append(held)
    return parent / name


def _clear_if_dead(lock: Path) -> None:
    """Clear away the folder of a process that does not hold its lock any more."""
    with suppress(OSError), lock.open() as held:  # held by the living, or another one was faster
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink()


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
