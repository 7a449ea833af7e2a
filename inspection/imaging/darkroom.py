"""Keep photos that were decoded last, and decode one at a time.

A photo in memory is a hundred times its file. Whoever asks for parts of photos shares one darkroom
with all others who do, so that neither memory nor threads grow with the number of people.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inspection.turns import Turns

BUDGET_MB = 256
"""Decoded photos that are kept in memory: four of 20 megapixels. One is always kept."""

Key = tuple[str, object]
"""Digest of a photo, and what was made of it."""

Pixels = TypeVar("Pixels", bound=NDArray[np.uint8])


class Darkroom:
    """Decode photos, one at a time for all threads, and keep the last ones up to a budget."""

    def __init__(self, budget_mb: int = BUDGET_MB, turns: Turns | None = None) -> None:
        """Set the bounds.

        Args:
            budget_mb: of photos that are kept.
            turns: at decoding; one at a time and twelve who wait, unless said otherwise.
        """
        self._budget_bytes = budget_mb * 2**20
        self._kept: OrderedDict[Key, NDArray[np.uint8]] = OrderedDict()
        self._books = threading.Lock()  # never held while anything is decoded
        self._turns = turns or Turns("decoding a photo", waiting_most=12, patience_s=15.0)

    @property
    def held_bytes(self) -> int:
        """Count the bytes of decoded photos that are kept now."""
        return sum(photo.nbytes for photo in self._kept.values())

    def photo(self, key: Key, decode: Callable[[], Pixels]) -> Pixels:
        """Give what a key names: what is kept of it, else what is decoded now. Nobody changes it.

        Args:
            key: equal key, equal pixels.
            decode: gives the pixels, (H, W, 3) uint8.

        Raises:
            Unavailable: when others are having photos decoded.
        """
        if (kept := self._found(key)) is not None:
            return kept  # type: ignore[return-value]  # equal key, equal pixels
        with self._turns.one():
            if (kept := self._found(key)) is not None:  # decoded by whom we waited for
                return kept  # type: ignore[return-value]
            photo = decode()
            with self._books:
                while self._kept and self.held_bytes + photo.nbytes > self._budget_bytes:
                    self._kept.popitem(last=False)
                self._kept[key] = photo
            return photo

    def _found(self, key: Key) -> NDArray[np.uint8] | None:
        with self._books:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)
