"""Keep what is known of a rendered surface: its cracks, what only looks like one, its cameras.

``truth.json`` is the file form. Lines are kept twice: in metres of the surface's own frame
(``deck``: x along, y to the left of x) and as lon/lat, so that a result in any CRS can be compared.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

Line = NDArray[np.float64]
"""Points of a line or outline, (n, 2) float64."""

FORMAT = "tenken-truth-1"

SEGMENT_M = 0.5
"""Length over which the robust maximum of a width is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCrack:
    """Describe one rendered crack.

    Attributes:
        crack_id: name within the surface.
        paths_deck_m: centre lines; the first is the trunk, others branch from it.
        paths_lonlat: the same points as longitude and latitude, degrees WGS 84.
        length_m: sum of the lengths of the paths, horizontal.
        width_mm: mean width along the paths.
        width_max_mm: greatest width along the paths.
        width_px: mean width ÷ nominal GSD.
        darkness: share of the light that the crack takes from the surface, 0–1, linear.
        tapered: ends fade to nothing, so that its visible length has no sharp truth.
        path_widths_mm: for each path the width (n,) at each of its points, as painted, with rough
            edges, averaged over 10 mm along the crack; empty where it was not kept.
    """

    crack_id: str
    paths_deck_m: tuple[Line, ...]
    paths_lonlat: tuple[Line, ...]
    length_m: float
    width_mm: float
    width_max_mm: float
    width_px: float
    darkness: float
    tapered: bool
    path_widths_mm: tuple[NDArray[np.float64], ...] = ()

    @property
    def width_robust_mm(self) -> float | None:
        """Give the largest 95th percentile over half metres; None where widths were not kept.

        Source: domain specification §4.4.
        """
        largest = None
        for path, width in zip(self.paths_deck_m, self.path_widths_mm, strict=False):
            parts = max(1, round(line_length_m(path) / SEGMENT_M))
            for part in np.array_split(width, parts):
                largest = max(largest or 0.0, float(np.percentile(part, 95)))
        return largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Distractor:
    """Describe one thing that is no crack but may be taken for one.

    Attributes:
        kind: such as ``expansion_joint``, ``tyre_mark``, ``lane_marking``.
        outline_deck_m: (n, 2) outline.
        outline_lonlat: (n, 2) the same points as longitude and latitude.
    """

    kind: str
    outline_deck_m: Line
    outline_lonlat: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Carry everything known of one rendered surface.

    Attributes:
        name: what people call the surface.
        seed: of the random numbers that made it.
        gsd_mm_per_px: nominal ground sample distance of the photos.
        map_crs: the UTM zone of the place.
        area_m2: inspected surface.
        cracks: every crack.
        distractors: every lookalike.
        capture: camera, poses (true and as written to the photos) and noise levels, plain values.
    """

    name: str
    seed: int
    gsd_mm_per_px: float
    map_crs: str
    area_m2: float
    cracks: tuple[TrueCrack, ...]
    distractors: tuple[Distractor, ...]
    capture: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Check that a comparison can divide by what it divides by.

        Raises:
            BadInput: when the ground sample distance or the area is no number above 0.
        """
        for name, value in (("gsd_mm_per_px", self.gsd_mm_per_px), ("area_m2", self.area_m2)):
            if not isinstance(value, int | float) or not 0 < value < math.inf:
                raise BadInput(f"truth {self.name!r}: {name} {value!r} must be a number above 0")

    def write(self, path: Path) -> None:
        """Write ``truth.json``, the same bytes for the same truth."""
        record = {
            "format": FORMAT,
            "name": self.name,
            "seed": self.seed,
            "gsd_mm_per_px": self.gsd_mm_per_px,
            "map_crs": self.map_crs,
            "area_m2": self.area_m2,
            "cracks": [_crack_record(crack) for crack in self.cracks],
            "distractors": [_distractor_record(thing) for thing in self.distractors],
            "capture": dict(self.capture),
        }
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read ``truth.json``.

        Raises:
            BadInput: when the file is missing or is not a truth file.
        """
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["format"] != FORMAT:
                raise BadInput(f"{path} has format {record['format']!r}, expected {FORMAT!r}")
            return cls(
                name=record["name"],
                seed=record["seed"],
                gsd_mm_per_px=record["gsd_mm_per_px"],
                map_crs=record["map_crs"],
                area_m2=record["area_m2"],
                cracks=tuple(_crack(row) for row in record["cracks"]),
                distractors=tuple(_distractor(row) for row in record["distractors"]),
                capture=record["capture"],
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadInput(f"{path} is not a readable truth file: {error!r}") from error


def line_length_m(line: Line) -> float:
    """Give the length of a line of (n, 2) points in metres, metres.

    >>> line_length_m(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]]))
    6.0
    """
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def crack_features(truth: Truth) -> dict[str, Any]:
    """Give the cracks and lookalikes as a GeoJSON FeatureCollection in lon/lat, for a map."""
    cracks = [
        {
            "type": "Feature",
            "geometry": {
                "type": "MultiLineString",
                "coordinates": [_numbers(path, 11) for path in crack.paths_lonlat],
            },
            "properties": {
                "crack_id": crack.crack_id,
                "kind": "crack",
                "length_m": round(crack.length_m, 4),
                "width_mm": round(crack.width_mm, 3),
                "width_px": round(crack.width_px, 3),
            },
        }
        for crack in truth.cracks
    ]
    others = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [_numbers(np.vstack([o.outline_lonlat, o.outline_lonlat[:1]]), 11)],
            },
            "properties": {"kind": o.kind},
        }
        for o in truth.distractors
    ]
    return {"type": "FeatureCollection", "features": cracks + others}


def _crack_record(crack: TrueCrack) -> dict[str, Any]:
    return {
        "crack_id": crack.crack_id,
        "length_m": round(crack.length_m, 5),
        "width_mm": round(crack.width_mm, 4),
        "width_max_mm": round(crack.width_max_mm, 4),
        "width_px": round(crack.width_px, 4),
        "darkness": round(crack.darkness, 4),
        "tapered": crack.tapered,
        "paths_deck_m": [_numbers(path, 5) for path in crack.paths_deck_m],
        "paths_lonlat": [_numbers(path, 11) for path in crack.paths_lonlat],
        "path_widths_mm": [np.round(width, 3).tolist() for width in crack.path_widths_mm],
    }


def _crack(row: Mapping[str, Any]) -> TrueCrack:
    return TrueCrack(
        crack_id=row["crack_id"],
        paths_deck_m=tuple(map(_line, row["paths_deck_m"])),
        paths_lonlat=tuple(map(_line, row["paths_lonlat"])),
        length_m=row["length_m"],
        width_mm=row["width_mm"],
        width_max_mm=row["width_max_mm"],
        width_px=row["width_px"],
        darkness=row["darkness"],
        tapered=row["tapered"],
        path_widths_mm=tuple(
            np.array(width, dtype=np.float64) for width in row.get("path_widths_mm", [])
        ),
    )


def _distractor_record(thing: Distractor) -> dict[str, Any]:
    return {
        "kind": thing.kind,
        "outline_deck_m": _numbers(thing.outline_deck_m, 5),
        "outline_lonlat": _numbers(thing.outline_lonlat, 11),
    }


def _distractor(row: Mapping[str, Any]) -> Distractor:
    return Distractor(
        kind=row["kind"],
        outline_deck_m=_line(row["outline_deck_m"], least=3),
        outline_lonlat=_line(row["outline_lonlat"], least=3),
    )


def _line(rows: list[Any], *, least: int = 2) -> Line:
    """Read the points of a line; what has none or too few is no line."""
    line = np.array(rows, dtype=np.float64)
    if line.ndim != 2 or line.shape[1] != 2 or len(line) < least or not np.isfinite(line).all():
        raise ValueError(f"a line has {least} or more finite points x, y; got shape {line.shape}")
    return line


def _numbers(line: Line, digits: int) -> list[list[float]]:
    """Give plain numbers rounded to digits; 11 digits of a degree are a micrometre."""
    rounded: list[list[float]] = np.round(line, digits).tolist()
    return rounded
