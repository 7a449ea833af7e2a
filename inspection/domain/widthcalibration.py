"""Say how a camera draws narrow dark lines, so that grey values may be read as widths."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput


class Tone(StrEnum):
    """Name how grey values are turned into light before a width is read from them.

    CODED takes them as they are, SRGB linearises them (IEC 61966-2-1).
    """

    CODED = "coded"
    SRGB = "srgb"


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthCalibration:
    """Say how a camera draws cracks and how far widths read from its profiles are off.

    The standard uncertainty of a width w is √(u_fit² + floor² + (share·w)²).

    Attributes:
        name: what it was measured on.
        tone: how grey values become light.
        core: light from inside a crack ÷ light from the surface beside it.
        blur_px: standard deviation of the point spread function, in pixels.
        blur_std_px: how far single profiles stray from that.
        floor_px: standard uncertainty of a fitted width (estimator C) that does not depend on it.
        profile_floor_px: the same for a width by edges or missing light (estimator B).
        share: standard uncertainty that grows with the width, of 1.
        limit_px: least fitted width that is reported as a number: the narrowest calibrated.
        core_std: how far the darkness of single cracks strays from ``core``; 0 takes it as known.
        offsets_px: by how much fitted widths come out too wide: pairs (fitted width, offset) px,
            ascending, straight between them and constant beyond. It is taken off.
    """

    name: str
    tone: Tone
    core: float
    blur_px: float
    blur_std_px: float
    floor_px: float
    share: float
    profile_floor_px: float = 0.3
    limit_px: float = 0.33
    core_std: float = 0.0
    offsets_px: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.core < 0.9:
            raise BadInput(
                f"darkness of a crack must be 0–0.9 of its surroundings, got {self.core}"
            )
        for field in ("blur_px", "blur_std_px"):
            if not 0 < getattr(self, field) < np.inf:
                raise BadInput(f"{field} must be above 0 px, got {getattr(self, field)}")
        for field in ("floor_px", "profile_floor_px", "share", "limit_px", "core_std"):
            if not 0 <= getattr(self, field) < np.inf:
                raise BadInput(f"{field} must not be negative, got {getattr(self, field)}")
        true = [fitted - offset for fitted, offset in self.offsets_px]
        fitted = [width for width, _ in self.offsets_px]
        rising = all(b > a for row in (fitted, true) for a, b in pairwise(row))
        if not (rising and np.all(np.isfinite(fitted + true))):
            raise BadInput(
                "offsets_px need fitted widths that rise, and a wider fit must stay the wider "
                f"crack, got {self.offsets_px}"
            )

    def corrected_px(self, fitted_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the offset off fitted widths (n,) px; never below 0.

        >>> from dataclasses import replace
        >>> calibration = replace(CONCRETE, offsets_px=((1.0, 0.0), (3.0, 0.4)))
        >>> calibration.corrected_px(np.array([0.5, 2.0, 8.0])).tolist()
        [0.5, 1.8, 7.6]
        """
        if not self.offsets_px:
            return fitted_px
        fitted, offsets = np.array(self.offsets_px, dtype=np.float64).T
        corrected: NDArray[np.float64] = np.maximum(
            fitted_px - np.interp(fitted_px, fitted, offsets), 0.0
        )
        return corrected


CONCRETE = WidthCalibration(
    name="BridgeS, 374 profiles across cracks in concrete (Benz & Rodehorst 2021)",
    tone=Tone.CODED,
    core=0.08,
    blur_px=0.8,
    blur_std_px=0.2,
    floor_px=0.05,
    share=0.12,
    limit_px=0.23,
)
"""Default for photos of concrete; fitted by ``python -m tests.benchmarks.width_profiles --fit``."""
