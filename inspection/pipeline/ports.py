"""What the use cases ask of the world: a detector, a blob store, a clock, someone to tell."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from inspection.domain.detection import ChipScores
from inspection.domain.privatearea import PrivateArea
from inspection.domain.taxonomy import DamageClass
from inspection.store.blobs import BlobStat


class Detector(Protocol):
    """Score the pixels of chips; the same chip always gets the same scores."""

    @property
    def model_id(self) -> str:
        """Name the model and the digest of its weights."""

    @property
    def classes(self) -> tuple[DamageClass, ...]:
        """Name the classes in the order of the scores, without background."""

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Give the probability above which a pixel belongs to each class."""

    @property
    def continuation_ratio(self) -> float:
        """Give the share of its threshold from which a pixel continues what reaches it."""

    @property
    def gsd_range_mm_per_px(self) -> tuple[float, float]:
        """Give the ground sample distances for which the model was trained."""

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB; H and W are multiples of 32.

        The scores may be as coarse as the network computes them, see ``ChipScores.stride``.
        """


class PrivacyDetector(Protocol):
    """Find what must not be seen in photos: faces, number plates, or whole people and vehicles."""

    @property
    def detector_id(self) -> str:
        """Name the detector and all that its answers depend on."""

    def find(self, pixels: NDArray[np.uint8]) -> tuple[PrivateArea, ...]:
        """Find private areas in upright pixels (H, W, 3) uint8 RGB, in px of these."""


class BlobStore(Protocol):
    """Keep files under keys; a key appears only when its file is complete."""

    def put_file(self, key: str, source: Path) -> None:
        """Copy a file to a key, atomically; an existing equal key stays as it is."""

    def put_bytes(self, key: str, content: bytes) -> None:
        """Write bytes to a key, atomically."""

    def read_bytes(self, key: str) -> bytes:
        """Read all bytes of a key. Raises NotFound."""

    def exists(self, key: str) -> bool:
        """Tell whether a key has a complete file."""

    def stat(self, key: str) -> BlobStat | None:
        """Give the size of a blob and when it was written or taken up last; None for no blob."""

    def local_path(self, key: str) -> AbstractContextManager[Path]:
        """Give a readable local file of a key for as long as the context lasts."""

    def delete(self, key: str) -> None:
        """Remove a key; a missing key is no error."""

    def keys(self, prefix: str) -> Iterator[str]:
        """List the keys under a prefix, sorted."""


class Clock(Protocol):
    """Tell the time."""

    def now(self) -> datetime:
        """Give the present moment, aware UTC."""


class Progress(Protocol):
    """Hear how far a long step has come."""

    def start(self, step: str, total: int) -> None:
        """Begin a step of ``total`` units; 0 means unknown."""

    def advance(self, units: int = 1) -> None:
        """Count finished units of the current step."""

    def say(self, message: str) -> None:
        """Tell the user one sentence."""


class Warrant(Protocol):
    """Say whether the work on a survey is still ours to do."""

    def check(self, connection: Connection) -> None:
        """Check it, for this transaction. Raises Conflict when somebody else has the survey."""

    def commit(self, connection: Connection) -> None:
        """Check it, and say that this transaction changes a result. Raises Conflict."""


class Unconditional:
    """Work without asking anybody: on a store that nobody else works on."""

    def check(self, connection: Connection) -> None:
        """Find that the work is ours."""

    def commit(self, connection: Connection) -> None:
        """Find that the work is ours."""


class Silence:
    """Hear progress and tell nobody; the default for programs and tests."""

    def start(self, step: str, total: int) -> None:
        """Ignore the beginning of a step."""

    def advance(self, units: int = 1) -> None:
        """Ignore progress."""

    def say(self, message: str) -> None:
        """Ignore a sentence."""
