"""Compare found cracks with known ones: found or not, where, how long, how often for nothing.

Two questions are kept apart. *Was the crack found, in how many pieces, how long?* is asked after
the one rigid shift that all found cracks share has been taken out, because that shift belongs to
the positioning and not to the detector. *Where is it?* is answered both ways: absolute, as found,
and relative, after the shift.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from datasets.rigid_shift import fit_shift
from datasets.truth import TrueCrack, Truth
from datasets.truth_lines import count_lookalikes, distance_m, share_within
from inspection.domain.defect import Defect
from inspection.domain.measurement import Quantity
from inspection.domain.taxonomy import LINEAR_CLASSES
from inspection.errors import BadInput
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCrack:
    """Carry what the comparison needs of one found crack.

    Attributes:
        defect_id: identity given by the road.
        axis_map_m: centre line(s) in the CRS of the mosaic.
        length_m: measured length, None when it was not measured.
        width_mm: measured width, None when it was not measured or is below the limit.
        width_u_mm: its expanded uncertainty, likewise.
        width_mean_mm: measured mean width, likewise.
    """

    defect_id: str
    axis_map_m: BaseGeometry
    length_m: float | None
    width_mm: float | None = None
    width_u_mm: float | None = None
    width_mean_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """Say how one known crack fared.

    Attributes:
        crack_id: the known crack.
        width_px: true mean width in pixels.
        width_mm: true mean width.
        length_m: true length.
        tapered: its ends fade out; it does not count for the length criterion.
        found: one detection lies on at least half of it.
        covered_ratio: share of it that any detection lies on.
        defect_ids: detections that belong to it; more than one means it fell to pieces.
        length_found_m: summed length of those detections, None when there is none.
        width_robust_mm: true largest 95th percentile over half metres, None when not kept.
        width_found_mm: that width of the longest of them, None when not measured.
        width_found_u_mm: its expanded uncertainty, likewise.
        width_mean_found_mm: mean width of the longest of them, likewise.
        position_error_m: median distance between found and true centre line, as found.
        position_error_relative_m: the same after the shift that all found cracks share.
    """

    crack_id: str
    width_px: float
    width_mm: float
    length_m: float
    tapered: bool
    found: bool
    covered_ratio: float
    defect_ids: tuple[str, ...]
    length_found_m: float | None
    width_robust_mm: float | None
    width_found_mm: float | None
    width_found_u_mm: float | None
    width_mean_found_mm: float | None
    position_error_m: float | None
    position_error_relative_m: float | None

    @property
    def width_error_mm(self) -> float | None:
        """Give found − true robust maximum, None when either is missing."""
        if self.width_found_mm is None or self.width_robust_mm is None:
            return None
        return self.width_found_mm - self.width_robust_mm

    @property
    def width_mean_error_mm(self) -> float | None:
        """Give found − true mean width, None when not measured."""
        if self.width_mean_found_mm is None:
            return None
        return self.width_mean_found_mm - self.width_mm

    @property
    def length_error_ratio(self) -> float | None:
        """Give (found − true) ÷ true length, None when nothing was found."""
        if self.length_found_m is None:
            return None
        return (self.length_found_m - self.length_m) / self.length_m


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthTable:
    """Sum up a comparison.

    Attributes:
        rows: one a known crack.
        gsd_mm_per_px: of the photos.
        wide_px: width from which a crack must be found.
        false_ids: detections that belong to no known crack.
        false_on: how many of those touch each kind of lookalike; ``surface`` means none.
        false_per_100_m2: false detections per 100 m² of surface.
        duplicate_ids: identities that came more than once.
        shift_m: east and north shift of the found cracks against the truth.
        turn_deg: their common rotation, counter-clockwise.
    """

    rows: tuple[TruthRow, ...]
    gsd_mm_per_px: float
    wide_px: float
    false_ids: tuple[str, ...]
    false_on: dict[str, int]
    false_per_100_m2: float
    duplicate_ids: tuple[str, ...]
    shift_m: tuple[float, float]
    turn_deg: float

    @property
    def wide(self) -> tuple[TruthRow, ...]:
        """Give the rows of the cracks that must be found."""
        return tuple(row for row in self.rows if row.width_px >= self.wide_px)

    @property
    def found_ratio(self) -> float:
        """Give the share of the wide cracks that were found, 0–1."""
        return sum(row.found for row in self.wide) / len(self.wide) if self.wide else 0.0

    @property
    def position_error_gsd(self) -> float | None:
        """Give the median absolute position error of the found wide cracks, in GSD."""
        return self._median_gsd([row.position_error_m for row in self.wide if row.found])

    @property
    def position_error_relative_gsd(self) -> float | None:
        """Give the same after taking out the shift that all found cracks share, in GSD."""
        return self._median_gsd([row.position_error_relative_m for row in self.wide if row.found])

    @property
    def length_errors(self) -> tuple[float, ...]:
        """Give |length error| ÷ length of the found wide cracks with sharp ends."""
        errors = (row.length_error_ratio for row in self.wide if row.found and not row.tapered)
        return tuple(abs(error) for error in errors if error is not None)

    @property
    def length_error_median(self) -> float | None:
        """Give the median of the length errors, a ratio."""
        return statistics.median(self.length_errors) if self.length_errors else None

    @property
    def length_error_worst(self) -> float | None:
        """Give the worst of the length errors, a ratio."""
        return max(self.length_errors, default=None)

    def as_rows(self) -> list[dict[str, object]]:
        """Give one plain record a known crack, for a report or ``run.json``."""
        return [
            {
                "crack_id": row.crack_id,
                "width_px": round(row.width_px, 2),
                "width_mm": round(row.width_mm, 2),
                "width_robust_mm": _rounded(row.width_robust_mm, 2),
                "width_found_mm": _rounded(row.width_found_mm, 2),
                "width_found_u_mm": _rounded(row.width_found_u_mm, 2),
                "width_mean_found_mm": _rounded(row.width_mean_found_mm, 2),
                "length_m": round(row.length_m, 3),
                "length_found_m": _rounded(row.length_found_m, 3),
                "length_error_percent": _rounded(row.length_error_ratio, 4, 100),
                "tapered": row.tapered,
                "found": row.found,
                "covered_percent": round(row.covered_ratio * 100, 1),
                "pieces": len(row.defect_ids),
                "position_error_mm": _rounded(row.position_error_m, 5, 1000),
                "position_error_relative_mm": _rounded(row.position_error_relative_m, 5, 1000),
                "defect_ids": list(row.defect_ids),
            }
            for row in self.rows
        ]

    def as_totals(self) -> dict[str, object]:
        """Give the summary as plain values, for a report or ``run.json``."""
        return {
            "cracks": len(self.rows),
            "cracks_found": sum(row.found for row in self.rows),
            "wide_px": self.wide_px,
            "cracks_wide": len(self.wide),
            "cracks_wide_found": sum(row.found for row in self.wide),
            "found_ratio": round(self.found_ratio, 4),
            "position_error_gsd": _rounded(self.position_error_gsd, 3),
            "position_error_relative_gsd": _rounded(self.position_error_relative_gsd, 3),
            "length_error_median": _rounded(self.length_error_median, 4),
            "length_error_worst": _rounded(self.length_error_worst, 4),
            "widths_answered": len(self._width_errors_mm),
            "width_robust_bias_px": _rounded(self.width_robust_bias_px, 3),
            "width_covered_ratio": _rounded(self.width_covered_ratio, 4),
            "width_mean_bias_px": _rounded(self.width_mean_bias_px, 3),
            "false_detections": len(self.false_ids),
            "false_on": dict(self.false_on),
            "false_per_100_m2": round(self.false_per_100_m2, 3),
            "duplicate_ids": list(self.duplicate_ids),
            "shift_m": [round(value, 5) for value in self.shift_m],
            "turn_deg": round(self.turn_deg, 5),
            "gsd_mm_per_px": self.gsd_mm_per_px,
        }

    @property
    def _width_errors_mm(self) -> list[tuple[float, float]]:
        """List error and expanded uncertainty of the robust maximum of all cracks with one."""
        return [
            (row.width_error_mm, row.width_found_u_mm or 0.0)
            for row in self.rows
            if row.width_error_mm is not None
        ]

    @property
    def width_robust_bias_px(self) -> float | None:
        """Give the mean error of the robust maxima in pixels of the photos."""
        return self._mean_px([error for error, _ in self._width_errors_mm])

    @property
    def width_mean_bias_px(self) -> float | None:
        """Give the mean error of the mean widths of cracks with sharp ends, likewise."""
        return self._mean_px([row.width_mean_error_mm for row in self.rows if not row.tapered])

    @property
    def width_covered_ratio(self) -> float | None:
        """Give the share of robust maxima whose truth lies within ± U, 0–1; None without any."""
        errors = self._width_errors_mm
        return sum(abs(e) <= u for e, u in errors) / len(errors) if errors else None

    def _mean_px(self, errors_mm: Iterable[float | None]) -> float | None:
        known = [error for error in errors_mm if error is not None]
        return statistics.mean(known) / self.gsd_mm_per_px if known else None

    def _median_gsd(self, errors_m: Iterable[float | None]) -> float | None:
        known = [error for error in errors_m if error is not None]
        return statistics.median(known) / self.gsd_mm_per_px * 1000 if known else None


def found_cracks(defects: Iterable[Defect]) -> list[FoundCrack]:
    """Keep what the comparison needs of the linear defects."""
    return [
        FoundCrack(
            defect_id=str(defect.defect_id),
            axis_map_m=defect.latest.axis_surface_m,
            length_m=_value(defect.latest.measurement.length_m),
            width_mm=_value(defect.latest.measurement.width_mm),
            width_u_mm=_uncertainty(defect.latest.measurement.width_mm),
            width_mean_mm=defect.latest.measurement.width_mean_mm,
        )
        for defect in defects
        if defect.damage_class in LINEAR_CLASSES and defect.latest.axis_surface_m is not None
    ]


def compare(
    truth: Truth,
    found: Sequence[FoundCrack],
    *,
    crs: str,
    wide_px: float = 3.0,
    tolerance_px: float = 3.0,
) -> TruthTable:
    """Compare found cracks with the truth.

    A known crack is found when one detection lies, within ``tolerance_px`` and half the crack's
    width, on at least half of its length. A detection belongs to a crack when it covers half of it,
    or when half of the detection lies on it; one that belongs to no crack is false.

    Args:
        truth: what was rendered.
        found: centre lines in ``crs``.
        crs: CRS of the mosaic.
        wide_px: width from which a crack must be found.
        tolerance_px: how far from the true line a detection may lie.

    Raises:
        BadInput: when the mosaic is in a local frame, which has no place on the map.
    """
    if crs == LOCAL_CRS:
        raise BadInput("the mosaic is not georeferenced; the truth can only be compared on a map")
    axes = [item.axis_map_m for item in found]
    lines = [_to_map(crack, crs) for crack in truth.cracks]
    gsd_m = truth.gsd_mm_per_px / 1000
    bands_m = [tolerance_px * gsd_m + crack.width_mm / 2000 for crack in truth.cracks]
    shift = fit_shift(axes, lines)
    moved = [shift.undo(axis) for axis in axes]
    belongs = np.zeros((len(lines), len(found)), dtype=bool)
    covers = np.zeros((len(lines), len(found)))
    for i, (line, band_m) in enumerate(zip(lines, bands_m, strict=True)):
        for j, axis in enumerate(moved):
            covers[i, j] = share_within(line, axis, band_m)
            belongs[i, j] = covers[i, j] >= 0.5 or share_within(axis, line, band_m) >= 0.5
    rows = []
    for i, crack in enumerate(truth.cracks):
        own = [j for j in range(len(found)) if belongs[i, j]]
        rows.append(
            _row(
                crack,
                lines[i],
                bands_m[i],
                pieces=[found[j] for j in own],
                relative=[moved[j] for j in own],
                best_cover=float(covers[i].max(initial=0.0)),
            )
        )
    false = [j for j in range(len(found)) if not belongs[:, j].any()]
    return TruthTable(
        rows=tuple(rows),
        gsd_mm_per_px=truth.gsd_mm_per_px,
        wide_px=wide_px,
        false_ids=tuple(found[j].defect_id for j in false),
        false_on=count_lookalikes(truth, [moved[j] for j in false], crs),
        false_per_100_m2=len(false) / truth.area_m2 * 100,
        duplicate_ids=_duplicates(item.defect_id for item in found),
        shift_m=shift.at_centre_m,
        turn_deg=float(np.degrees(shift.turn_rad)),
    )


def _row(
    crack: TrueCrack,
    line: BaseGeometry,
    band_m: float,
    *,
    pieces: Sequence[FoundCrack],
    relative: Sequence[BaseGeometry],
    best_cover: float,
) -> TruthRow:
    lengths = [_length(piece) for piece in pieces]
    longest = pieces[int(np.argmax(lengths))] if pieces else None
    together = shapely.union_all(list(relative)) if pieces else None
    return TruthRow(
        crack_id=crack.crack_id,
        width_px=crack.width_px,
        width_mm=crack.width_mm,
        length_m=crack.length_m,
        tapered=crack.tapered,
        found=best_cover >= 0.5,
        covered_ratio=0.0 if together is None else share_within(line, together, band_m),
        defect_ids=tuple(piece.defect_id for piece in pieces),
        length_found_m=sum(lengths) if pieces else None,
        width_robust_mm=crack.width_robust_mm,
        width_found_mm=longest.width_mm if longest is not None else None,
        width_found_u_mm=longest.width_u_mm if longest is not None else None,
        width_mean_found_mm=longest.width_mean_mm if longest is not None else None,
        position_error_m=distance_m([piece.axis_map_m for piece in pieces], line),
        position_error_relative_m=distance_m(relative, line),
    )


def _to_map(crack: TrueCrack, crs: str) -> BaseGeometry:
    return MultiLineString([to_crs(path, WGS84_LONLAT, crs) for path in crack.paths_lonlat])


def _length(piece: FoundCrack) -> float:
    return float(piece.axis_map_m.length) if piece.length_m is None else piece.length_m


def _value(quantity: object) -> float | None:
    value = getattr(quantity, "value", None)
    return None if value is None else float(value)


def _uncertainty(quantity: Quantity | None) -> float | None:
    return None if quantity is None else quantity.expanded_uncertainty


def _duplicates(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(key for key, count in Counter(ids).items() if count > 1))


def _rounded(value: float | None, digits: int, factor: float = 1.0) -> float | None:
    return None if value is None else round(round(value, digits) * factor, digits)
