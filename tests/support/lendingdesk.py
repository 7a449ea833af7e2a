"""Lend photos of a folder as a bucket does, and keep count."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inspection.imaging.photofile import LentPhoto


@dataclass
class LendingDesk:
    """Keep count of what is lent.

    Attributes:
        names: of the files that were lent, in order.
        lent_now: how many are.
        lent_most: how many were at a time.
    """

    names: list[str] = field(default_factory=list)
    lent_now: int = 0
    lent_most: int = 0

    def photo(self, path: Path) -> LentPhoto:
        """Name a photo that is lent from here."""
        return LentPhoto(name=path.name, lend=lambda: self._lent(path))

    @contextmanager
    def _lent(self, path: Path) -> Iterator[Path]:
        self.names.append(path.name)
        self.lent_now += 1
        self.lent_most = max(self.lent_most, self.lent_now)
        try:
            yield path
        finally:
            self.lent_now -= 1
