"""Hold a registered block on surveyed ground control points.

Receivers on drones leave a block tilted and shifted by centimetres: a tilt of one milliradian moves
the ground 10 m below by a centimetre. Points on the ground whose coordinates were surveyed take
that out.

The file is CSV with the columns ``name, photo, x_px, y_px, lon, lat, h``: which pixel of which
photo shows the point, and where it lies (degrees WGS 84, metres in the height reference of the
survey). A point needs two photos or more; three points that do not lie on one line place the
block.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.errors import BadGeometry
from inspection.geo.frames import LocalFrame
from inspection.imaging.alignment import Similarity, breadth_m, fit
from inspection.imaging.sfm import Model

COLUMNS = ("name", "photo", "x_px", "y_px", "lon", "lat", "h")

MIN_POINTS = 3
MIN_MARKS = 2

CONTRADICTION = 0.02
"""Residual ÷ extent of the points above which they contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Say which pixel of which photo shows a surveyed point.

    Attributes:
        name: name of the point.
        photo: file name of the photo.
        pixel: (x, y) px, origin at the outer corner of the top-left pixel.
        lonlat_h: longitude and latitude in degrees, height in metres.
    """

    name: str
    photo: str
    pixel: tuple[float, float]
    lonlat_h: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Say how well a block lies on its control points.

    Attributes:
        residuals: by point, block − survey, (3,) metres east, north, up.
        unused: names of points seen in too few registered photos.
    """

    residuals: Mapping[str, NDArray[np.float64]]
    unused: tuple[str, ...]

    @property
    def rms_horizontal_m(self) -> float:
        """Give the horizontal rms over the points, m."""
        return float(np.sqrt(np.mean([r[0] ** 2 + r[1] ** 2 for r in self.residuals.values()])))

    @property
    def rms_vertical_m(self) -> float:
        """Give the vertical rms over the points, m."""
        return float(np.sqrt(np.mean([r[2] ** 2 for r in self.residuals.values()])))

    @property
    def facts(self) -> dict[str, object]:
        """Give the comparison as plain values, for ``run.json``."""
        return {
            "points": len(self.residuals),
            "unused": list(self.unused),
            "rms_horizontal_m": self.rms_horizontal_m,
            "rms_vertical_m": self.rms_vertical_m,
            "residuals": [
                {"name": name, "east_m": r[0], "north_m": r[1], "up_m": r[2]}
                for name, r in ((n, [float(v) for v in row]) for n, row in self.residuals.items())
            ],
        }


def read_marks(path: Path) -> tuple[Mark, ...]:
    """Read the marks of surveyed points from a CSV file.

    Raises:
        BadGeometry: when the file, a column or a number is missing or wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadGeometry(f"control point file {path.name} cannot be read: {error}") from error
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    reader = csv.DictReader((line for _, line in lines), skipinitialspace=True)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise BadGeometry(
            f"control point file {path.name} lacks the columns {', '.join(missing)}; for photos "
            f"with GPS the first row must name {','.join(COLUMNS)}"
        )
    rows = zip((number for number, _ in lines[1:]), reader, strict=False)
    return _agreed(tuple(_mark(row, path.name, number) for number, row in rows), path.name)


def _agreed(marks: tuple[Mark, ...], file: str) -> tuple[Mark, ...]:
    """Refuse a point that is said to lie in two places."""
    known: dict[str, tuple[float, float, float]] = {}
    for mark in marks:
        if known.setdefault(mark.name, mark.lonlat_h) != mark.lonlat_h:
            raise BadGeometry(
                f"control point file {file} gives two places to {mark.name}: "
                f"{known[mark.name]} and {mark.lonlat_h}; correct one, or give them two names"
            )
    return marks


def _mark(row: Mapping[str, str | None], file: str, line: int) -> Mark:
    """Read one row."""
    numbers = {}
    for column in COLUMNS[2:]:
        try:
            numbers[column] = float(row[column] or "")
        except ValueError:
            numbers[column] = math.nan
        if not math.isfinite(numbers[column]):
            raise BadGeometry(
                f"control point file {file}, row {line}: {column} is {row[column]!r}, not a number"
            )
    for column in COLUMNS[:2]:
        if not (row[column] or "").strip():
            raise BadGeometry(f"control point file {file}, row {line}: {column} is empty")
    if not (-180 <= numbers["lon"] <= 180 and -90 <= numbers["lat"] <= 90):
        raise BadGeometry(
            f"control point file {file}, row {line}: longitude {numbers['lon']}°, latitude "
            f"{numbers['lat']}° is not on the earth; are they swapped?"
        )
    return Mark(
        name=str(row["name"]).strip(),
        photo=PureWindowsPath(str(row["photo"]).strip()).name,  # parts at both kinds of slashes
        pixel=(numbers["x_px"], numbers["y_px"]),
        lonlat_h=(numbers["lon"], numbers["lat"], numbers["h"]),
    )


def hold(
    model: Model, photos: Sequence[Photo], marks: Sequence[Mark], frame: LocalFrame
) -> tuple[Model, Held]:
    """Move a model so that its control points lie where they were surveyed.

    Args:
        model: a block in the ENU frame, placed by the receiver's positions.
        photos: the photos of the block; marks name them by file name.
        marks: marks of surveyed points.
        frame: the ENU frame.

    Returns:
        The moved model, and how well it lies on the points.

    Raises:
        BadGeometry: when a photo is unknown, fewer than three points are seen twice, the points
            lie on one line, or they contradict each other.
    """
    named = {PurePosixPath(photo.name).name: photo.sha256 for photo in photos}
    unknown = sorted({mark.photo for mark in marks} - set(named))
    if unknown:
        raise BadGeometry(f"control points name photos that are not there: {', '.join(unknown)}")
    surveyed = {mark.name: frame.to_enu_m([mark.lonlat_h])[0] for mark in marks}
    seen = {}
    for name in surveyed:
        own = [m for m in marks if m.name == name and named[m.photo] in model.poses]
        if len({mark.photo for mark in own}) >= MIN_MARKS:
            seen[name] = _intersect(model, [(named[m.photo], m.pixel) for m in own])
    names = sorted(seen)
    if len(names) < MIN_POINTS:
        raise BadGeometry(
            f"{len(names)} control points are marked in {MIN_MARKS} or more registered photos, "
            f"{MIN_POINTS} are needed; mark more points or leave the file out"
        )
    found = np.array([seen[name] for name in names])
    target = np.array([surveyed[name] for name in names])
    similarity = _place(found, target)
    missed = similarity.points(found) - target
    _refuse_contradiction(names, missed, target)
    held = Held(
        residuals=dict(zip(names, missed, strict=True)),
        unused=tuple(sorted(set(surveyed) - set(names))),
    )
    return _moved(model, similarity), held


def _intersect(
    model: Model, marks: Sequence[tuple[str, tuple[float, float]]]
) -> NDArray[np.float64]:
    """Give the point (3,) that is nearest to the rays through its marks, least squares.

    Source: the normal equations of point-to-line distances, Σ (I − d dᵀ)(x − c) = 0.
    """
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for sha256, pixel in marks:
        pose = model.poses[sha256]
        ray = pose.to_world_directions(model.cameras[sha256].rays([pixel]))[0]
        across = np.eye(3) - np.outer(ray, ray)
        normal += across
        right += across @ pose.centre_world_m
    return np.asarray(np.linalg.solve(normal, right), dtype=np.float64)


def _place(found: NDArray[np.float64], target: NDArray[np.float64]) -> Similarity:
    """Fit the similarity through the points."""
    if breadth_m(target) < 0.02 * float(np.ptp(target[:, :2], axis=0).max()):
        raise BadGeometry(
            "the control points lie on one line; add one beside it, so that they hold the tilt"
        )
    return fit(found, target)


def _refuse_contradiction(
    names: Sequence[str], missed_m: NDArray[np.float64], target_m: NDArray[np.float64]
) -> None:
    """Refuse points of which one must be wrong, naming the worst."""
    extent_m = float(np.ptp(target_m[:, :2], axis=0).max())
    miss_m = np.linalg.norm(missed_m, axis=1)
    worst = int(miss_m.argmax())
    if miss_m[worst] > CONTRADICTION * extent_m:
        raise BadGeometry(
            f"control point {names[worst]} misses by {miss_m[worst]:.2f} m within "
            f"{extent_m:.1f} m; check its coordinates and its marks"
        )


def _moved(model: Model, similarity: Similarity) -> Model:
    """Move cameras and points."""
    return replace(
        model,
        poses={name: similarity.pose(pose) for name, pose in model.poses.items()},
        points=similarity.points(model.points) if len(model.points) else model.points,
    )
