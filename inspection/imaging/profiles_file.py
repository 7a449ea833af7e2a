"""Read grey profiles from a CSV and write the widths measured across them."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput, NotFound
from inspection.imaging.widths import LEAST_SAMPLES

NEEDED = ("mm_per_px", "profile_intensities")
LONGEST = 513
"""Most samples in one profile; more is no profile across a crack."""

MOST_ROWS = 1_000_000
"""Most rows in one file: 31 samples each are 250 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """Carry one row: its name, the scale, and the grey values, or why it cannot be used.

    Attributes:
        row_id: column ``id``, else the number of the row from 1.
        mm_per_px: distance of two samples on the surface; NaN in a row that cannot be used.
        grey: (m,) 0–255; empty in a row that cannot be used.
        trouble: what is wrong with the row; empty when nothing is.
        columns: the row as it was read.
    """

    row_id: str
    mm_per_px: float
    grey: NDArray[np.float64]
    trouble: str
    columns: dict[str, str]


def read_profiles_csv(path: Path) -> list[ProfileRow]:
    """Read the rows of a CSV with columns ``mm_per_px`` and ``profile_intensities``.

    A row that cannot be used is kept, with its trouble.

    Raises:
        NotFound: when the file is not there.
        BadInput: when it is no CSV in UTF-8 or lacks a column.
    """
    rows: list[ProfileRow] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise BadInput(
                    f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(NEEDED)} "
                    "and may have id"
                )
            for number, columns in enumerate(reader, start=1):
                if number > MOST_ROWS:
                    raise BadInput(f"{path.name} has more than {MOST_ROWS} rows; split it")
                rows.append(_row(number, columns))
    except OSError as error:
        raise NotFound(f"{path.name} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"cannot read {path.name} as CSV in UTF-8: {error}") from error
    return rows


def _row(number: int, columns: dict[str, str]) -> ProfileRow:
    """Read one row, or say what is wrong with it."""
    row_id = columns.get("id") or str(number)
    scale, grey, trouble = float("nan"), np.empty(0), ""
    try:
        scale = float(columns["mm_per_px"] or "")
        grey = np.array((columns["profile_intensities"] or "").split(), dtype=np.float64)
    except ValueError:
        trouble = "mm_per_px or profile_intensities are not numbers"
    else:
        trouble = _trouble(scale, grey)
    if trouble:
        scale, grey = float("nan"), np.empty(0)
    return ProfileRow(
        row_id=row_id, mm_per_px=scale, grey=grey, trouble=trouble, columns=dict(columns)
    )


def _trouble(scale: float, grey: NDArray[np.float64]) -> str:
    """Say what is wrong with a profile; empty when nothing is."""
    if not (np.isfinite(scale) and scale > 0):
        return f"mm_per_px must be above 0, got {scale}"
    if not LEAST_SAMPLES <= len(grey) <= LONGEST:
        return f"a profile needs {LEAST_SAMPLES}–{LONGEST} samples, got {len(grey)}"
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 255):
        return "grey values must lie between 0 and 255"
    return ""
