"""Place a local plane on the map, or scale it, by control points read from a file.

The file is CSV with the columns ``name, photo, x_px, y_px, x, y``: which pixel of which photo shows
the point, and where it lies, **x east and y north** in metres. The CRS stands in a comment line
``# crs: EPSG:6675`` or in a column ``crs``. With the CRS ``LOCAL`` the points only give scale and
direction, like a tape laid on the ground. Longitude and latitude (x = longitude) are accepted and
moved to the UTM zone.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.errors import BadGeometry
from inspection.geo.frames import WGS84_LONLAT, is_geographic, is_metric, to_crs, utm_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.imaging.planar_ties import as_complex, fit_similarity

NOMINAL_SCALE_UNCERTAINTY = 0.15
"""u_GSD ÷ GSD when only the stand-off is known. Source: domain specification §4.6."""

MEASURED_SCALE_UNCERTAINTY = 0.05
"""u_GSD ÷ GSD with a known dimension in the pictures. Source: domain specification §4.6."""

CONTRADICTION = 0.05
"""Residual ÷ extent of the points above which they contradict each other."""

COLUMNS = ("name", "photo", "x_px", "y_px", "x", "y")

ToPlane = Callable[[int, NDArray[np.float64]], NDArray[np.float64]]
"""Give the plane points (n, 2) m of pixels (n, 2) of a photo by index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPoint:
    """Say which pixel of which photo shows a point, and where it lies.

    Attributes:
        name: name of the point.
        photo: file name of the photo, with or without its ending.
        pixel: (x, y) px, origin at the outer corner of the top-left pixel.
        position: (x east, y north) in the CRS.
        crs: CRS of the position.
    """

    name: str
    photo: str
    pixel: tuple[float, float]
    position: tuple[float, float]
    crs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResidual:
    """Compare where the mosaic puts a control point with where it lies, metres."""

    name: str
    photo: str
    east_m: float
    north_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Say how the local plane lies on the map.

    Attributes:
        scale: map metres per metre of the plane as registered with the nominal GSD.
        turn_rad: rotation from plane to map, counter-clockwise.
        shift_m: (x, y) of the plane's origin on the map.
        crs: CRS of the map, or ``LOCAL``.
        gsd_uncertainty_ratio: standard uncertainty of lengths, as a share.
        residuals: one a control point that was used; meaningless below three points.
        warnings: sentences for the user.
    """

    scale: float = 1.0
    turn_rad: float = 0.0
    shift_m: tuple[float, float] = (0.0, 0.0)
    crs: str = LOCAL_CRS
    gsd_uncertainty_ratio: float = NOMINAL_SCALE_UNCERTAINTY
    residuals: tuple[ControlResidual, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def georeferenced(self) -> bool:
        """Tell whether the plane is tied to the earth."""
        return self.crs != LOCAL_CRS

    @property
    def rms_m(self) -> float | None:
        """Give the rms of the control residuals in metres, None below three points."""
        if len(self.residuals) < 3:
            return None
        return float(np.sqrt(np.mean([r.east_m**2 + r.north_m**2 for r in self.residuals])))


def read_control_points(path: Path) -> tuple[ControlPoint, ...]:
    """Read control points from a CSV file.

    Raises:
        BadGeometry: when the file, a column, a number or the CRS is missing or wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadGeometry(f"control point file {path.name} cannot be read: {error}") from error
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    comments = [line for _, line in numbered if line.lstrip().startswith("#")]
    rows = [(n, line) for n, line in numbered if not line.lstrip().startswith("#")]
    named = [m[1] for m in (re.search(r"crs\s*[:=]\s*(\S+)", c, re.I) for c in comments) if m]
    header = next(csv.reader(io.StringIO(rows[0][1])), []) if rows else []
    columns = [column.strip().lower() for column in header]
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise BadGeometry(
            f"control point file {path.name} lacks the columns {', '.join(missing)}; "
            f"the first row must name {','.join(COLUMNS)}"
        )
    points = [
        _point(dict(zip(columns, next(csv.reader([line])), strict=False)), named, path.name, n)
        for n, line in rows[1:]
    ]
    if len(points) < 2:
        raise BadGeometry(
            f"control point file {path.name} has {len(points)} points; give 2 or more"
        )
    if len({point.crs for point in points}) > 1:
        raise BadGeometry(f"control point file {path.name} mixes several CRS; use one")
    return tuple(points)


def photo_numbers(points: Sequence[ControlPoint], photos: Sequence[Photo]) -> list[int]:
    """Give the index of the photo of each control point.

    Photos are named by file name, with or without folder and ending.

    Raises:
        BadGeometry: when a photo is unknown or does not have the pixel.
    """
    return [_photo_index(point, photos) for point in points]


def place(
    points: Sequence[ControlPoint],
    photos: Sequence[Photo],
    members: Sequence[int],
    to_plane: ToPlane,
) -> Placement:
    """Fit the similarity from the plane to the map through control points.

    Args:
        points: control points of one CRS.
        photos: all photos.
        members: indices of the photos that are registered.
        to_plane: gives plane positions of pixels.

    Raises:
        BadGeometry: when a photo is unknown, when fewer than two points at different places remain,
            or when the points contradict each other.
    """
    numbers = photo_numbers(points, photos)
    used = [(p, i) for p, i in zip(points, numbers, strict=True) if i in set(members)]
    warnings = [
        f"control point {p.name} lies in {p.photo}, which is not registered; it is not used"
        for p, i in zip(points, numbers, strict=True)
        if i not in set(members)
    ]
    if len(used) < 2:
        raise BadGeometry(
            f"{len(used)} usable control points; at least 2 in registered photos are needed"
        )
    plane = np.concatenate([to_plane(i, np.array([p.pixel])) for p, i in used])
    crs, target = _in_metres([p for p, _ in used])
    a, b = _similarity(plane, target)
    off = a * as_complex(plane) + b - as_complex(target)
    _refuse_contradiction(off, plane, target)
    return Placement(
        scale=abs(a),
        turn_rad=float(np.angle(a)),
        shift_m=(b.real, b.imag),
        crs=crs,
        gsd_uncertainty_ratio=MEASURED_SCALE_UNCERTAINTY,
        residuals=tuple(
            ControlResidual(name=p.name, photo=p.photo, east_m=float(d.real), north_m=float(d.imag))
            for (p, _), d in zip(used, off, strict=True)
        ),
        warnings=(*warnings, *_doubts(abs(a), len(used))),
    )


def _point(row: Mapping[str, str], named: Sequence[str], file: str, line: int) -> ControlPoint:
    """Build the control point of one row."""
    crs = (row.get("crs") or (named[0] if named else "")).strip()
    if not crs:
        raise BadGeometry(
            f"control point file {file} does not say its CRS; add a line '# crs: EPSG:6675', "
            "or '# crs: LOCAL' when the points only give the scale"
        )
    try:
        x_px, y_px, x, y = (float(row[column]) for column in ("x_px", "y_px", "x", "y"))
        if not np.isfinite([x_px, y_px, x, y]).all():
            raise ValueError("a number is not finite")
        name, photo = row["name"].strip(), row["photo"].strip()
    except (KeyError, ValueError) as error:
        raise BadGeometry(f"control point file {file}, line {line}: {error!r}") from error
    return ControlPoint(name=name, photo=photo, pixel=(x_px, y_px), position=(x, y), crs=crs)


def _photo_index(point: ControlPoint, photos: Sequence[Photo]) -> int:
    """Find the photo of one control point."""
    wanted = point.photo.replace("\\", "/").casefold()
    for index, photo in enumerate(photos):
        path = PurePosixPath(photo.name.casefold())
        if wanted in {str(path), path.name, path.stem, photo.sha256}:
            x, y = point.pixel
            if 0 <= x <= photo.width_px and 0 <= y <= photo.height_px:
                return index
            raise BadGeometry(
                f"control point {point.name}: pixel {x:g}, {y:g} is outside {photo.name} "
                f"({photo.width_px}×{photo.height_px} px)"
            )
    raise BadGeometry(f"control point {point.name} names the photo {point.photo!r}; no such photo")


def _in_metres(points: Sequence[ControlPoint]) -> tuple[str, NDArray[np.float64]]:
    """Give the metric CRS of the map and the positions (n, 2) in it."""
    crs = points[0].crs
    target = np.array([point.position for point in points])
    if crs.upper() == LOCAL_CRS:
        return LOCAL_CRS, target
    if is_geographic(crs):
        lon, lat = to_crs(target, crs, WGS84_LONLAT).mean(axis=0)
        zone = utm_crs(float(lon), float(lat))
        return zone, to_crs(target, crs, zone)
    if not is_metric(crs):
        raise BadGeometry(f"control points in {crs}: its unit is not the metre; transform them")
    return crs, target


def _similarity(plane: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[complex, complex]:
    """Fit the similarity from plane to map, about the middle to keep all digits."""
    for what, extent in (("pixels", _extent(plane)), ("positions", _extent(target))):
        if not extent > 0:
            raise BadGeometry(f"the {what} of all control points are the same; measure two places")
    middle = complex(*target.mean(axis=0))
    a, b = fit_similarity(as_complex(plane), as_complex(target) - middle)
    return a, b + middle


def _extent(points: NDArray[np.float64]) -> float:
    """Give the diagonal of the bounding box of points, metres."""
    return float(np.linalg.norm(np.ptp(points, axis=0)))


def _refuse_contradiction(
    off: NDArray[np.complex128], plane: NDArray[np.float64], target: NDArray[np.float64]
) -> None:
    """Refuse points that no similarity explains, and name swapped axes as the likely cause."""
    limit = CONTRADICTION * _extent(target)
    worst = float(np.abs(off).max())
    if worst <= limit:
        return
    a, b = _similarity(plane, target[:, ::-1])
    swapped = np.abs(a * as_complex(plane) + b - as_complex(target[:, ::-1])).max() <= limit
    raise BadGeometry(
        f"the control points contradict each other by {worst:.3f} m on {_extent(target):.1f} m; "
        + ("x and y look swapped: x is east, y is north" if swapped else "check photo and pixels")
    )


def _doubts(scale: float, count: int) -> list[str]:
    """Warn about control that cannot be checked or disagrees with the nominal GSD."""
    doubts = []
    if count < 3:
        doubts.append("two control points leave nothing to check them with; measure a third")
    if abs(scale - 1) > NOMINAL_SCALE_UNCERTAINTY:
        doubts.append(
            f"the control points say that the ground sample distance is {scale:.2f} × the nominal "
            "one; the control points are used, check the nominal value"
        )
    return doubts
