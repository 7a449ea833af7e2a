"""Read and write how a camera draws cracks: the file behind ``--width-calibration`` (JSON).

::

    {"format": "tenken-widths-1", "name": "...", "tone": "srgb", "core": 0.29, "blur_px": 0.75,
     "blur_std_px": 0.1, "floor_px": 0.05, "share": 0.03, "limit_px": 0.5,
     "offsets_px": [[1.0, 0.0], [3.0, 0.4]], "measured_by": "the command that measured it"}
"""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from inspection.domain.widthcalibration import Tone, WidthCalibration
from inspection.errors import BadCodelist, BadInput, NotFound

FORMAT = "tenken-widths-1"
NUMBERS = tuple(
    field.name
    for field in fields(WidthCalibration)
    if field.name not in {"name", "tone", "offsets_px"}
)
MOST_BYTES = 1_000_000


def load_width_calibration(path: Path) -> WidthCalibration:
    """Read a calibration.

    Raises:
        NotFound: when the file cannot be read.
        BadCodelist: when it is no such file, lacks a field, has an unknown one, or a value is out
            of range.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadCodelist(f"width calibration {path} is larger than {MOST_BYTES} bytes")
        record = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise NotFound(f"width calibration {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadCodelist(f"width calibration {path} is no JSON in UTF-8: {error}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BadCodelist(
            f"width calibration {path} must be one object with format {FORMAT!r}; make it with "
            "tenken measure board"
        )
    return width_calibration_of(record, str(path))


def width_calibration_of(record: dict[str, Any], name: str) -> WidthCalibration:
    """Build a calibration out of plain values.

    Args:
        record: what its file contains.
        name: what to call it when it is unusable.

    Raises:
        BadCodelist: when it lacks a field, has an unknown one, or a value is out of range.
    """
    known = {*NUMBERS, "name", "tone", "offsets_px", "format", "measured_by", "board"}
    unknown = sorted(set(record) - known)
    if unknown:
        raise BadCodelist(f"width calibration {name}: unknown {unknown}; known are {sorted(known)}")
    try:
        return WidthCalibration(
            name=str(record["name"]),
            tone=Tone(record["tone"]),
            offsets_px=tuple(
                (float(fitted), float(offset)) for fitted, offset in record.get("offsets_px", ())
            ),
            **{name: float(record[name]) for name in NUMBERS if name in record},
        )
    except (KeyError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"width calibration {name} is unusable: {error}") from error


def width_calibration_text(
    calibration: WidthCalibration, *, measured_by: str, board: dict[str, Any] | None = None
) -> str:
    """Write a calibration as the text of its file.

    Args:
        calibration: what was measured.
        measured_by: the command that did.
        board: figures of a target board to keep beside it; nothing reads them back.
    """
    record: dict[str, Any] = {"format": FORMAT, **asdict(calibration), "measured_by": measured_by}
    if board is not None:
        record["board"] = board
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"
