"""Know how a model draws cracks: ``<name>.masks.json`` beside its weights.

``python -m tests.benchmarks.mask_offset --write`` measures it on a rendered deck of known widths
and writes the file. It belongs to one set of weights, named by digest.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path

from inspection.domain.measurement import UNCALIBRATED, MaskCalibration
from inspection.errors import Broken
from models.registry import ModelEntry


def calibration_path(entry: ModelEntry) -> Path:
    """Name the file of a model's calibration."""
    return entry.beside(".masks.json")


def load_calibration(entry: ModelEntry) -> MaskCalibration | None:
    """Read how a model draws cracks; None when nobody has calibrated these weights.

    Raises:
        Broken: when the file cannot be read.
    """
    path = calibration_path(entry)
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["sha256"] != entry.sha256:
            return None
        numbers = {name: float(fields[name]) for name in asdict(UNCALIBRATED)}
        if not all(map(math.isfinite, numbers.values())) or numbers["offset_std_px"] < 0:
            raise ValueError(f"{numbers} are no offsets and deviations in pixels")
        return MaskCalibration(**numbers)
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"calibration {path.name} cannot be read: {error!r}") from error


def write_calibration(entry: ModelEntry, calibration: MaskCalibration, measured_by: str) -> Path:
    """Write how a model draws cracks, and the command that measured it; give the file."""
    path = calibration_path(entry)
    fields = {"sha256": entry.sha256, **asdict(calibration), "measured_by": measured_by}
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    return path
