"""Report how well a camera measures widths: per distance and width, as table, CSV and JSON."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inspection.export.cells import inert
from inspection.pipeline.boardtest import WANTED_RATE, BoardTest, LineReading

SAME_DISTANCE = 1.15
"""Photos whose ground sample distances differ by less are reported together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthRow:
    """Sum up lines of one width at one distance.

    Attributes:
        gsd_mm_per_px: median of the photos.
        width_mm: true width.
        lines: how many.
        detected: how many of them were seen.
        bias_mm: mean fitted − true width of the detected, before the calibration; None without.
        rmse_mm: root mean square error after the calibration, on the lines that it was fitted to.
        spread_mm: standard deviation of the fitted widths.
        measured: lines whose length and place were found.
        length_error_percent: root mean square of (measured − true) ÷ true length of these, %.
        position_error_mm: root mean square distance of their middles from where they are printed.
    """

    gsd_mm_per_px: float
    width_mm: float
    lines: int
    detected: int
    bias_mm: float | None
    rmse_mm: float | None
    spread_mm: float | None
    measured: int
    length_error_percent: float | None
    position_error_mm: float | None

    @property
    def detection_rate(self) -> float:
        """Give the share of lines that were seen, 0–1."""
        return self.detected / self.lines


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceRow:
    """Sum up the photos of one distance.

    Attributes:
        gsd_mm_per_px: median.
        photos: file names.
        smallest_visible_mm: least width from which on nine of ten lines were seen; None when not
            even the widest.
        length_error_percent: as of ``WidthRow``, over all widths.
        position_error_mm: likewise.
        false_rate: share of places without a line that were taken for one; None without any.
        incidence_deg: largest angle from square on.
    """

    gsd_mm_per_px: float
    photos: tuple[str, ...]
    smallest_visible_mm: float | None
    length_error_percent: float | None
    position_error_mm: float | None
    false_rate: float | None
    incidence_deg: float


def distances(test: BoardTest) -> list[tuple[DistanceRow, list[WidthRow]]]:
    """Sum up a test by distance, nearest first, and by width, narrowest first."""
    summed = []
    for readings in _by_distance(test.readings):
        rows = [
            _width_row([r for r in readings if r.true_mm == width], test)
            for width in sorted({r.true_mm for r in readings if r.true_mm > 0})
        ]
        summed.append((_distance_row(readings, rows), rows))
    return summed


def _by_distance(readings: Sequence[LineReading]) -> Iterable[list[LineReading]]:
    """Group the readings of photos with about the same ground sample distance."""
    names = {reading.photo for reading in readings}
    scale = {
        name: float(np.median([r.gsd_mm_per_px for r in readings if r.photo == name]))
        for name in names
    }
    group: list[str] = []
    for name in sorted(names, key=lambda name: (scale[name], name)):
        if group and scale[name] > SAME_DISTANCE * scale[group[0]]:
            yield [r for r in readings if r.photo in group]
            group = []
        group.append(name)
    if group:
        yield [r for r in readings if r.photo in group]


def _width_row(lines: Sequence[LineReading], test: BoardTest) -> WidthRow:
    """Sum up lines of one width."""
    seen = [line for line in lines if line.detected and np.isfinite(line.width_px)]
    scale = np.array([line.gsd_mm_per_px for line in seen])
    fitted = np.array([line.width_px for line in seen]) * scale
    corrected = np.array([test.corrected_px(line) for line in seen]) * scale
    true = lines[0].true_mm
    return WidthRow(
        gsd_mm_per_px=float(np.median([line.gsd_mm_per_px for line in lines])),
        width_mm=true,
        lines=len(lines),
        detected=sum(line.detected for line in lines),
        bias_mm=float((fitted - true).mean()) if seen else None,
        rmse_mm=float(np.sqrt(((corrected - true) ** 2).mean())) if seen else None,
        spread_mm=float(fitted.std()) if seen else None,
        measured=sum(line.length_mm is not None for line in lines),
        length_error_percent=_length_error_percent(lines),
        position_error_mm=_position_error_mm(lines),
    )


def _length_error_percent(lines: Sequence[LineReading]) -> float | None:
    """Give the root mean square relative error of the lengths that were measured, %."""
    errors = [line.length_error for line in lines if line.length_error is not None]
    return 100 * float(np.sqrt(np.mean(np.square(errors)))) if errors else None


def _position_error_mm(lines: Sequence[LineReading]) -> float | None:
    """Give the root mean square error of place of the lines that were measured, mm."""
    errors = [line.offset_mm for line in lines if line.offset_mm is not None]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else None


def _distance_row(readings: Sequence[LineReading], rows: Sequence[WidthRow]) -> DistanceRow:
    """Sum up the photos of one distance."""
    smallest = None
    for row in reversed(rows):
        if row.detection_rate < WANTED_RATE:
            break
        smallest = row.width_mm
    blank = [reading.detected for reading in readings if reading.number < 0]
    return DistanceRow(
        gsd_mm_per_px=float(np.median([r.gsd_mm_per_px for r in readings])),
        photos=tuple(sorted({reading.photo for reading in readings})),
        smallest_visible_mm=smallest,
        length_error_percent=_length_error_percent(readings),
        position_error_mm=_position_error_mm(readings),
        false_rate=float(np.mean(blank)) if blank else None,
        incidence_deg=max(reading.incidence_deg for reading in readings),
    )


def report_plain(test: BoardTest) -> dict[str, Any]:
    """Give the report as plain values."""
    return {
        "photos": {
            name: {"markers": board.markers, "residual_px": round(board.residual_px, 3)}
            for name, board in sorted(test.photos.items())
        },
        "rejected": dict(sorted(test.rejected.items())),
        "calibration": asdict(test.clean),
        "distances": [
            {**_rounded(distance), "widths": [_rounded(row) for row in rows]}
            for distance, rows in distances(test)
        ],
    }


def _rounded(row: WidthRow | DistanceRow) -> dict[str, Any]:
    return {
        key: round(value, 5) if isinstance(value, float) else value
        for key, value in asdict(row).items()
    }


def report_csv(test: BoardTest) -> str:
    """Give every line of every photo as CSV."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(
        ["photo", "line", "true_mm", "angle_deg", "gsd_mm_per_px", "incidence_deg",
         "fitted_mm", "calibrated_mm", "detected", "true_length_mm", "length_mm", "offset_mm"]
    )  # fmt: skip
    for r in test.readings:
        known = np.isfinite(r.width_px)
        fitted, calibrated = (
            (f"{value * r.gsd_mm_per_px:.5f}" if known else "")
            for value in (r.width_px, test.corrected_px(r))
        )
        writer.writerow(
            [inert(r.photo), r.number, f"{r.true_mm:g}", f"{r.angle_deg:g}",
             f"{r.gsd_mm_per_px:.5f}", f"{r.incidence_deg:.2f}", fitted, calibrated,
             int(r.detected),
             *("" if value is None else f"{value:.4f}"
               for value in (r.true_length_mm or None, r.length_mm, r.offset_mm))]
        )  # fmt: skip
    return table.getvalue()


def report_lines(test: BoardTest) -> Iterable[str]:
    """Write the report as lines of text."""
    for name, board in sorted(test.photos.items()):
        yield f"{name}: {board.markers} squares, off one plane by {board.residual_px:.2f} px"
    for name, reason in sorted(test.rejected.items()):
        yield f"set aside {name}: {reason}"
    for distance, rows in distances(test):
        smallest = distance.smallest_visible_mm
        false = "–" if distance.false_rate is None else f"{distance.false_rate:.0%}"
        yield ""
        yield (
            f"{distance.gsd_mm_per_px:.3f} mm/px, {len(distance.photos)} photos, up to "
            f"{distance.incidence_deg:.0f}° from square on: smallest visible width "
            f"{'none' if smallest is None else f'{smallest:g} mm'}, blank places taken for a line "
            f"{false}"
        )
        length, place = distance.length_error_percent, distance.position_error_mm
        yield (
            f"  length error {_or_dash(length, 2)} %, position error {_or_dash(place, 3)} mm "
            "(root mean square over all lines whose ends were found)"
        )
        yield ("  width mm  lines  detected   bias mm  spread mm   RMSE mm   length %  position mm")
        for row in rows:
            cells = [
                "      –" if value is None else f"{value:+7.3f}"
                for value in (row.bias_mm, row.spread_mm, row.rmse_mm)
            ]
            length, place = row.length_error_percent, row.position_error_mm
            yield (
                f"  {row.width_mm:8g}  {row.lines:5d}  {row.detection_rate:8.0%}  "
                f"{cells[0]}   {cells[1]}   {cells[2]}    "
                f"{_or_dash(length, 2):>6}   {_or_dash(place, 3):>6}"
            )


def _or_dash(value: float | None, digits: int) -> str:
    """Write a number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"
