"""Straighten a curved lane along its centre line, and report the crack ratio by sections.

Source: domain specification §2.2 (mesh, evaluation lengths) and §2.5 (検出率, 的中率).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from inspection.domain.crackratio import (
    CrackRatioRule,
    Distress,
    Lane,
    crack_ratio_class,
    mesh_crack_ratio,
)
from inspection.errors import BadGeometry, BadInput
from inspection.geo.polyline import stations

EVALUATION_LENGTHS_M = (10.0, 20.0, 50.0, 100.0)
CLASSES = ("I", "II", "III")
DENSE_M = 0.05
"""Lines and outlines are drawn with points this close before a bend straightens them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStrip:
    """Place a lane by its centre line in the direction of travel.

    Attributes:
        centre_m: (n, 2) points, metres in the CRS of the mosaic.
        width_m: of the lane.
    """

    centre_m: NDArray[np.float64]
    width_m: float

    def __post_init__(self) -> None:
        """Check that the lane has a length and a width."""
        centre = np.asarray(self.centre_m, dtype=np.float64)
        if centre.ndim != 2 or centre.shape[1] != 2 or len(centre) < 2:
            raise BadGeometry(f"a centre line needs (n ≥ 2, 2) points, got shape {centre.shape}")
        if not np.isfinite(centre).all():
            raise BadGeometry("a centre line needs points that are numbers, in metres")
        keep = np.concatenate([[True], np.any(np.diff(centre, axis=0) != 0, axis=1)])
        object.__setattr__(self, "centre_m", centre[keep])
        if not self.width_m > 0 or keep.sum() < 2:
            raise BadGeometry(f"a lane needs a length and a width > 0, got {self.width_m} m wide")

    @property
    def length_m(self) -> float:
        """Give the length of the centre line."""
        return float(stations(self.centre_m)[-1])

    def straighten(self, points_m: ArrayLike) -> NDArray[np.float64]:
        """Give points (n, 2) as distance along the centre line and offset to its left.

        Beyond its ends the centre line goes on straight.

        >>> strip = LaneStrip(centre_m=np.array([[0.0, 0], [10, 0], [10, 10]]), width_m=3)
        >>> strip.straighten([[4, 1], [9, 5], [-1, 0]]).tolist()
        [[4.0, 1.0], [15.0, 1.0], [-1.0, 0.0]]
        """
        points = np.asarray(points_m, dtype=np.float64)
        start, step = self.centre_m[:-1], np.diff(self.centre_m, axis=0)
        size = np.hypot(step[:, 0], step[:, 1])
        unit = step / size[:, None]
        along = stations(self.centre_m)
        low, high = np.zeros(len(size)), size.copy()
        low[0], high[-1] = -np.inf, np.inf
        best = np.full(len(points), np.inf)
        result = np.zeros((len(points), 2))
        for k in range(len(size)):
            offset = points - start[k]
            t = np.clip(offset @ unit[k], low[k], high[k])
            left = offset[:, 1] * unit[k, 0] - offset[:, 0] * unit[k, 1]
            away = np.hypot(*(offset - t[:, None] * unit[k]).T)
            nearer = away < best - 1e-12
            best[nearer] = away[nearer]
            result[nearer, 0] = along[k] + t[nearer]
            result[nearer, 1] = np.copysign(away[nearer], left[nearer])
        return result + 0.0

    def straighten_shape(self, shape: shapely.Geometry) -> shapely.Geometry:
        """Give a geometry in the coordinates of ``straighten``."""
        if len(self.centre_m) > 2:
            shape = shapely.segmentize(shape, DENSE_M)
        moved = shapely.transform(shape, self.straighten)
        return moved if moved.is_valid else shapely.make_valid(moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Report one evaluation length.

    Attributes:
        start_m: along the centre line.
        end_m: likewise.
        crack_ratio_percent: by the mesh of half a metre.
        class_code: I, II or III.
    """

    start_m: float
    end_m: float
    crack_ratio_percent: float
    class_code: str


def sections(
    strip: LaneStrip, distress: Distress, *, rule: CrackRatioRule, section_m: float = 20.0
) -> tuple[Section, ...]:
    """Give the crack ratio of each section of a lane; the last may be shorter.

    Raises:
        BadInput: when the evaluation length is not one of 10, 20, 50 and 100 m.
    """
    if section_m not in EVALUATION_LENGTHS_M:
        raise BadInput(f"evaluation length {section_m} m is unknown; choose 10, 20, 50 or 100 m")
    straight = Distress(
        cracks=[strip.straighten_shape(line) for line in distress.cracks],
        patches=[strip.straighten_shape(outline) for outline in distress.patches],
        potholes=[strip.straighten_shape(outline) for outline in distress.potholes],
        alligators=[strip.straighten_shape(outline) for outline in distress.alligators],
    )
    found = []
    for start in np.arange(0.0, strip.length_m - 1e-6, section_m):
        end = min(start + section_m, strip.length_m)
        lane = Lane(
            x_m=float(start),
            y_m=strip.width_m / 2,
            direction_deg=0.0,
            length_m=float(end - start),
            width_m=strip.width_m,
        )
        percent = mesh_crack_ratio(lane, straight, rule=rule)
        found.append(_section(float(start), float(end), percent, rule))
    return tuple(found)


def aggregate(
    fine: Sequence[Section], *, rule: CrackRatioRule, section_m: float
) -> tuple[Section, ...]:
    """Join fine sections to longer ones by their areas (of one width: by their lengths)."""
    groups: dict[int, list[Section]] = {}
    for section in fine:
        groups.setdefault(int((section.start_m + 1e-6) // section_m), []).append(section)
    joined = []
    for part in groups.values():
        lengths = [section.end_m - section.start_m for section in part]
        percent = float(np.average([s.crack_ratio_percent for s in part], weights=lengths))
        joined.append(_section(part[0].start_m, part[-1].end_m, percent, rule))
    return tuple(joined)


def _section(start_m: float, end_m: float, percent: float, rule: CrackRatioRule) -> Section:
    return Section(
        start_m=start_m,
        end_m=end_m,
        crack_ratio_percent=percent,
        class_code=crack_ratio_class(percent, rule=rule),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Compare one class with the truth over all sections.

    Attributes:
        class_code: I, II or III.
        true: sections of this class in truth.
        extracted: sections that were given this class.
        correct: sections of both.
    """

    class_code: str
    true: int
    extracted: int
    correct: int

    @property
    def detection_rate(self) -> float | None:
        """Give 検出率, correct ÷ true; None without any true one."""
        return self.correct / self.true if self.true else None

    @property
    def hit_rate(self) -> float | None:
        """Give 的中率, correct ÷ extracted; None without any extracted one."""
        return self.correct / self.extracted if self.extracted else None


def agreement(found: Sequence[str], truth: Sequence[str]) -> tuple[Agreement, ...]:
    """Compare classes section by section.

    Raises:
        BadInput: when the two have not the same number of sections, or a class is unknown.

    >>> [a.detection_rate for a in agreement(["I", "II", "II"], ["I", "I", "II"])]
    [0.5, 1.0, None]
    """
    if len(found) != len(truth):
        raise BadInput(f"{len(found)} sections were found but the truth has {len(truth)}")
    unknown = sorted({*found, *truth} - set(CLASSES))
    if unknown:
        raise BadInput(f"unknown classes {unknown}; use I, II or III")
    pairs = list(zip(found, truth, strict=True))
    return tuple(
        Agreement(
            class_code=code,
            true=sum(t == code for _, t in pairs),
            extracted=sum(f == code for f, _ in pairs),
            correct=sum(f == t == code for f, t in pairs),
        )
        for code in CLASSES
    )
