"""Command ``tenken measure crackratio``."""

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import shapely

from inspection.codelists.grades import load_crack_ratio_rule
from inspection.domain.crackratio import CrackRatioRule, Distress
from inspection.domain.lanestrip import LaneStrip, agreement, sections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS
from workers.surveyed import Surveyed, open_survey


@click.command()
@click.argument("survey")
@click.option(
    "--centre-line",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="GeoJSON LineString of the lane's centre, in the direction of travel.",
)
@click.option(
    "--lane-width-m",
    required=True,
    type=FiniteRange(0, min_open=True),
    help="Width of the lane.",
)
@click.option(
    "--section-m",
    type=click.Choice(["10", "20", "50", "100"]),
    default="20",
    show_default=True,
    help="Evaluation length.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with columns start_m, class (I, II, III) of the same sections.",
)
@click.option("--json", "as_json", is_flag=True, help="Print plain values for programs.")
def crackratio(
    *,
    survey: str,
    centre_line: Path,
    lane_width_m: float,
    section_m: str,
    truth: Path | None,
    as_json: bool,
) -> None:
    """Give the crack ratio of a lane by a mesh of half a metre, section by section.

    SURVEY is a folder of 'tenken run' or the identifier of a survey. With --truth it prints the
    table of 検出率 (correct ÷ true) and 的中率 (correct ÷ extracted) per class.

    \b
    Examples:
      tenken measure crackratio out/road --centre-line lane.geojson --lane-width-m 3.0
      tenken measure crackratio out/road --centre-line lane.geojson --lane-width-m 3 \\
        --section-m 100 --truth truth.csv --json
    """  # noqa: D301
    surveyed = open_survey(survey)
    strip = LaneStrip(
        centre_m=read_line(centre_line, surveyed.mosaic.grid.crs), width_m=lane_width_m
    )
    rule = load_crack_ratio_rule()
    distress, unknown = distress_of(surveyed, rule)
    found = sections(strip, distress, rule=rule, section_m=float(section_m))
    plain: dict[str, Any] = {
        "rule": rule.version,
        "sections": [asdict(section) for section in found],
        "cracks_of_unknown_width": unknown,
    }
    if truth is not None:
        classes = read_truth(truth, [section.start_m for section in found])
        plain["agreement"] = [
            asdict(a) | {"detection_rate": a.detection_rate, "hit_rate": a.hit_rate}
            for a in agreement([section.class_code for section in found], classes)
        ]
    click.echo(json.dumps(plain, ensure_ascii=False, indent=2) if as_json else _table(plain))


def distress_of(surveyed: Surveyed, rule: CrackRatioRule) -> tuple[Distress, int]:
    """Sort what was seen; cracks known to be too narrow are left out.

    Returns:
        The distress, and how many cracks counted although their width is below the limit of the
        image: leaving them out could hide a bad road.
    """
    by_class: dict[DamageClass, list[shapely.Geometry]] = {}
    unknown = 0
    for seen in surveyed.seen:
        shape = seen.outline_surface_m
        if seen.damage_class is DamageClass.CRACK:
            width = seen.measurement.width_mm
            value = None if width is None else width.value
            limit = 0.0 if width is None else width.limit
            if (value if value is not None else limit or rule.min_width_mm) < rule.min_width_mm:
                continue
            unknown += value is None
            shape = shape.centroid if seen.axis_surface_m is None else seen.axis_surface_m
        by_class.setdefault(seen.damage_class, []).append(shape)
    return Distress(
        cracks=by_class.get(DamageClass.CRACK, ()),
        patches=by_class.get(DamageClass.PATCH, ()),
        potholes=by_class.get(DamageClass.POTHOLE, ()),
        alligators=by_class.get(DamageClass.ALLIGATOR_CRACK, ()),
    ), unknown


LONGEST_M = 100_000.0
"""A longer lane is taken for one in another frame."""

NO_LINE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
"""What reading a file raises that is no GeoJSON."""


def _refuse(token: str) -> float:
    raise ValueError(f"{token} is no coordinate")


def read_line(path: Path, crs: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Read a GeoJSON LineString, lon/lat or local metres, as (n, 2) in the CRS of the mosaic.

    Raises:
        BadInput: when it is no line, or its frame does not fit the mosaic.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse)
        local = plain.get("tenken:crs") == LOCAL_CRS
        feature = plain["features"][0] if "features" in plain else plain
        line = shapely.geometry.shape(feature.get("geometry", feature))
    except (*NO_LINE, shapely.errors.ShapelyError) as error:
        raise BadInput(f"{path.name} is no GeoJSON line: {error!r}") from error
    if line.geom_type != "LineString":
        raise BadInput(f"{path.name} holds a {line.geom_type}; give one LineString")
    if local != (crs == LOCAL_CRS):
        raise BadInput(
            f"{path.name} and the mosaic ({crs}) are in different frames; state "
            '"tenken:crs": "LOCAL" for a local mosaic, and lon/lat for any other'
        )
    points = shapely.get_coordinates(line)
    placed = points if local else to_crs(points, WGS84_LONLAT, crs)
    with np.errstate(invalid="ignore"):
        length_m = float(np.hypot(*np.diff(placed, axis=0).T).sum())
    if not length_m <= LONGEST_M:  # NaN too
        raise BadInput(
            f"{path.name} is {length_m / 1000:g} km long; up to {LONGEST_M / 1000:g} km are "
            "measured at a time: is it in the frame of the mosaic?"
        )
    return placed


def read_truth(path: Path, starts_m: list[float]) -> list[str]:
    """Read the true class of each section by its start.

    Raises:
        BadInput: when a column or a section is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        given = {round(float(row["start_m"]), 2): row["class"].strip() for row in rows}
        return [given[round(start, 2)] for start in starts_m]
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
        raise BadInput(
            f"{path.name} needs the columns start_m and class and one row a section; "
            f"missing or unreadable: {error}"
        ) from error


def _table(plain: dict[str, Any]) -> str:
    """Draw the answer as lines of text."""
    lines = ["   from m      to m   crack ratio   class"]
    for s in plain["sections"]:
        lines.append(
            f"{s['start_m']:9.1f} {s['end_m']:9.1f} {s['crack_ratio_percent']:11.2f} %   "
            f"{s['class_code']}"
        )
    if plain["cracks_of_unknown_width"]:
        lines.append(
            f"{plain['cracks_of_unknown_width']} cracks counted whose width the photos cannot show"
        )
    if "agreement" in plain:
        lines.append("class   true  extracted  correct   検出率   的中率")
        for a in plain["agreement"]:
            rates = ["    –" if r is None else f"{r:5.2f}" for r in
                     (a["detection_rate"], a["hit_rate"])]  # fmt: skip
            lines.append(
                f"{a['class_code']:<6} {a['true']:5d} {a['extracted']:10d} {a['correct']:8d}    "
                f"{rates[0]}    {rates[1]}"
            )
    return "\n".join(lines)
