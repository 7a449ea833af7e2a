"""Rows of profiles → a width in millimetres with its uncertainty, or "below the limit"."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.domain.widthcalibration import WidthCalibration
from inspection.imaging.profiles_file import ProfileRow
from inspection.imaging.widths import METHODS, UNREADABLE, measure_profiles

GSD_RATIO = 0.05
"""u_GSD ÷ GSD where the scale comes from a known length (domain specification §4.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWidth:
    """Carry the answer to one row.

    Attributes:
        row_id: the name of the row.
        width_px: None when below the limit or unreadable.
        width_mm: likewise.
        expanded_uncertainty_mm: U (k = 2), likewise.
        method: name of the estimator; ``unreadable``, or ``refused`` for a bad row.
        below_limit: True when the profile shows no width that could be told from none.
        trouble: why a row was refused; empty otherwise.
    """

    row_id: str
    width_px: float | None
    width_mm: float | None
    expanded_uncertainty_mm: float | None
    method: str
    below_limit: bool
    trouble: str = ""


def measure_rows(
    rows: Sequence[ProfileRow], calibration: WidthCalibration, *, gsd_ratio: float = GSD_RATIO
) -> list[RowWidth]:
    """Measure each row by itself; the order is kept and no row is dropped.

    Args:
        rows: as read.
        calibration: how the camera draws cracks.
        gsd_ratio: u_GSD ÷ GSD.
    """
    answers: dict[int, RowWidth] = {}
    by_length: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        if row.trouble:
            answers[index] = _none(row, "refused", below=False)
        else:
            by_length.setdefault(len(row.grey), []).append(index)
    for indices in by_length.values():
        found = measure_profiles(np.stack([rows[i].grey for i in indices]), calibration)
        below = found.below_limit
        for place, index in enumerate(indices):
            row, method = rows[index], int(found.method[place])
            name = "unreadable" if method == UNREADABLE else METHODS[method].value
            if below[place]:
                answers[index] = _none(row, name, below=True)
                continue
            width, std = float(found.width_px[place]), float(found.std_px[place])
            answers[index] = RowWidth(
                row_id=row.row_id,
                width_px=width,
                width_mm=width * row.mm_per_px,
                expanded_uncertainty_mm=2 * row.mm_per_px * float(np.hypot(std, width * gsd_ratio)),
                method=name,
                below_limit=False,
            )
    return [answers[index] for index in range(len(rows))]


def _none(row: ProfileRow, method: str, *, below: bool) -> RowWidth:
    """Answer a row without a number."""
    return RowWidth(
        row_id=row.row_id,
        width_px=None,
        width_mm=None,
        expanded_uncertainty_mm=None,
        method=method,
        below_limit=below,
        trouble=row.trouble,
    )
