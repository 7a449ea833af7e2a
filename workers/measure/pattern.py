"""Command ``tenken measure pattern``."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.crackpattern import crack_pattern, crack_shape, segments
from inspection.domain.defect import Observation
from inspection.domain.outlineshape import outline_shape
from inspection.finite import FiniteRange
from inspection.pipeline.capability import Element, read_elements
from workers.surveyed import Surveyed, open_survey

Lines = list[NDArray[np.float64]]


@click.command()
@click.argument("survey")
@click.option(
    "--elements",
    "elements_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="GeoJSON polygons of the panels; default: the whole mosaic.",
)
@click.option(
    "--member-axis-deg",
    type=FiniteRange(),
    default=0.0,
    show_default=True,
    help="Axis of the member, counter-clockwise from the x axis of the map.",
)
@click.option(
    "--segment-m",
    type=FiniteRange(0.01),
    default=0.5,
    show_default=True,
    help="Length of a stretch along the crack.",
)
@click.option("--json", "as_json", is_flag=True, help="Print plain values for programs.")
def pattern(
    *,
    survey: str,
    elements_file: Path | None,
    member_axis_deg: float,
    segment_m: float,
    as_json: bool,
) -> None:
    """Describe the cracks of a survey: each one, and the pattern they form on each panel.

    Length, tortuosity, branches, direction to the member axis and stretches of half a metre of each
    crack; spacing, density, one or two directions and grid size of each panel; area, perimeter and
    diameter of everything else. Lengths are metres of the map.

    \b
    Examples:
      tenken measure pattern out/bridge-12 --elements panels.geojson
      tenken measure pattern out/bridge-12 --member-axis-deg 31 --json
    """  # noqa: D301
    surveyed = open_survey(survey)
    grid = surveyed.mosaic.grid
    elements = (
        read_elements(elements_file, grid.crs)
        if elements_file
        else (Element(name="all", outline_m=shapely.Polygon(grid.corners_surface_m)),)
    )
    plain = {
        "elements": [element_pattern(surveyed, element) for element in elements],
        "cracks": [
            described(seen, member_axis_deg, segment_m)
            for seen in surveyed.seen
            if seen.axis_surface_m is not None
        ],
        "areas": [
            {"id": str(seen.observation_id), "damage_class": seen.damage_class.value}
            | asdict(outline_shape(part))
            for seen in surveyed.seen
            if seen.axis_surface_m is None
            for part in shapely.get_parts(seen.outline_surface_m)
        ],
    }
    click.echo(
        json.dumps(_finite(plain), ensure_ascii=False, indent=2) if as_json else table(plain)
    )


def element_pattern(surveyed: Surveyed, element: Element) -> dict[str, Any]:
    """Describe the pattern of the cracks on one panel, cut at its outline."""
    axes = [seen.axis_surface_m for seen in surveyed.seen if seen.axis_surface_m is not None]
    lines = [line for axis in axes for line in lines_of(axis.intersection(element.outline_m))]
    area_m2 = float(element.outline_m.area)
    return {"element": element.name, "area_m2": area_m2} | asdict(
        crack_pattern(lines, area_m2=area_m2)
    )


def described(seen: Observation, member_axis_deg: float, segment_m: float) -> dict[str, Any]:
    """Describe one crack and its stretches."""
    assert seen.axis_surface_m is not None
    lines = lines_of(seen.axis_surface_m)
    shape = crack_shape(lines, member_axis_deg=member_axis_deg)
    return {
        "id": str(seen.observation_id),
        **asdict(shape),
        "segments": [asdict(s) for line in lines for s in segments(line, segment_m=segment_m)],
    }


def lines_of(geometry: shapely.Geometry) -> Lines:
    """Give the lines of a geometry that have a length."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [
        shapely.get_coordinates(part)
        for part in parts
        if isinstance(part, shapely.LineString) and part.length > 0
    ]


def table(plain: dict[str, Any]) -> str:
    """Draw the patterns as lines of text."""
    rows = []
    for e in plain["elements"]:
        far = math.isinf(e["spacing_min_m"])
        spacing = "no parallel cracks" if far else f"spacing {e['spacing_min_m']:.2f} m"
        grid = "" if e["grid_m"] is None else f"   grid {e['grid_m']:.2f} m"
        rows.append(
            f"{e['element']:<12} {e['count']:4d} lines {e['length_m']:8.2f} m "
            f"{e['density_m_per_m2']:6.2f} m/m²   {e['directions']} direction(s)   {spacing}{grid}"
        )
    return "\n".join(rows)


def _finite(value: object) -> object:
    """Write infinity as null: JSON has no word for it."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and math.isinf(value) else value
