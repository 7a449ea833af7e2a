"""Keep observations: each sighting of a damage on one mosaic, with its geometry and numbers.

Geometry is kept twice: exactly as measured, WKB in the CRS of the mosaic, and, where the mosaic is
georeferenced, in lon/lat for maps and for searching.
"""

import math
import uuid
from collections.abc import Iterable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row, func, or_, select

from inspection.domain.defect import Observation
from inspection.domain.measurement import Measurement, Quantity, Refusal, WidthMethod
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadGeometry
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.store.rows import add_or_replace, choice
from inspection.store.spatial import Box, meets_surface
from inspection.store.tables import defect_observations, defects, observations, surveys

SURFACE_BOUNDS = ("surface_x0_m", "surface_y0_m", "surface_x1_m", "surface_y1_m")
LONLAT_BOUNDS = ("west_deg", "south_deg", "east_deg", "north_deg")


def save(connection: Connection, seen: Iterable[Observation], *, turn: int | None = None) -> None:
    """Add observations, or replace what a machine said about them; twice is the same as once.

    Args:
        connection: an open writing transaction.
        seen: the sightings.
        turn: which time of measuring the survey this is (``next_turn``); None leaves what is known.

    Raises:
        BadGeometry: when an outline is empty or has coordinates that are not finite.
        Conflict: when the mosaic on which one was seen has not been saved.
    """
    unique = {observation.observation_id: observation for observation in seen}
    told = {} if turn is None else {"turn": turn}
    rows = [{**_row(observation), **told} for observation in unique.values()]
    add_or_replace(connection, observations, rows, key=["observation_id"])


def by_ids(
    connection: Connection, observation_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Observation]:
    """Read some observations by their identifiers; those that are not there are left out."""
    wanted = observations.c.observation_id.in_(list(observation_ids))
    rows = connection.execute(select(observations).where(wanted))
    return {row.observation_id: from_row(row) for row in rows}


def of_survey(connection: Connection, survey_id: uuid.UUID) -> tuple[Observation, ...]:
    """List the observations of a survey in the order of their arrival."""
    rows = connection.execute(
        select(observations)
        .where(observations.c.survey_id == survey_id)
        .order_by(observations.c.seq)
    )
    return tuple(map(from_row, rows))


def of_mosaic(
    connection: Connection, survey_id: uuid.UUID, mosaic_sha256: str
) -> tuple[Observation, ...]:
    """List the observations made on one mosaic of a survey, those of the last run last."""
    rows = connection.execute(
        select(observations)
        .where(observations.c.survey_id == survey_id, observations.c.mosaic_sha256 == mosaic_sha256)
        .order_by(func.coalesce(observations.c.turn, 0), observations.c.seq)
    )
    return tuple(map(from_row, rows))


def next_turn(connection: Connection, survey_id: uuid.UUID) -> int:
    """Number the next time that a survey is measured, counted from 1."""
    query = select(func.max(observations.c.turn)).where(observations.c.survey_id == survey_id)
    return int(connection.execute(query).scalar() or 0) + 1


def turns(
    connection: Connection, asset_id: str, beside: Iterable[uuid.UUID] = ()
) -> dict[uuid.UUID, int]:
    """Say which time of measuring saw each sighting that shows a defect of an asset, and others."""
    c = observations.c
    shown = select(defects.c.latest_observation_id).where(defects.c.asset_id == asset_id)
    rows = connection.execute(
        select(c.observation_id, func.coalesce(c.turn, 0).label("turn")).where(
            or_(c.observation_id.in_(shown), c.observation_id.in_(list(beside)))
        )
    )
    return {row.observation_id: row.turn for row in rows}


def of_run(
    connection: Connection, survey_id: uuid.UUID, mosaic_sha256: str, model_id: str
) -> tuple[Observation, ...]:
    """List what a model saw on one mosaic of a survey the last time, in the order of arrival."""
    c = observations.c
    here = (c.survey_id == survey_id, c.mosaic_sha256 == mosaic_sha256, c.model_id == model_id)
    last = select(func.max(func.coalesce(c.turn, 0))).where(*here).scalar_subquery()
    rows = connection.execute(
        select(observations).where(*here, func.coalesce(c.turn, 0) == last).order_by(c.seq)
    )
    return tuple(map(from_row, rows))


def in_runs(
    connection: Connection, observation_ids: Iterable[uuid.UUID]
) -> tuple[tuple[Observation, ...], ...]:
    """Read some observations, those of one run together: the oldest survey first, then as they ran.

    A run is one model on one mosaic of a survey.
    """
    c = observations.c
    rows = connection.execute(
        select(observations)
        .join(surveys, surveys.c.survey_id == c.survey_id)
        .where(c.observation_id.in_(list(observation_ids)))
        .order_by(surveys.c.created_at, c.survey_id, func.coalesce(c.turn, 0), c.seq)
    )
    runs: dict[tuple[object, ...], list[Observation]] = {}
    for row in rows:
        run = (row.survey_id, row.turn or 0, row.mosaic_sha256, row.model_id)
        runs.setdefault(run, []).append(from_row(row))
    return tuple(map(tuple, runs.values()))


def near(
    connection: Connection, survey_id: uuid.UUID, mosaic_sha256: str, box_m: Box
) -> tuple[Observation, ...]:
    """List the observations on one mosaic whose outline meets a box of its CRS, as they arrived."""
    c = observations.c
    rows = connection.execute(
        select(observations)
        .where(
            c.survey_id == survey_id,
            c.mosaic_sha256 == mosaic_sha256,
            meets_surface(connection.dialect.name, box_m),
        )
        .order_by(c.seq)
    )
    return tuple(map(from_row, rows))


def of_defect(connection: Connection, defect_id: uuid.UUID) -> tuple[Observation, ...]:
    """List every sighting of a defect in the order of arrival."""
    rows = connection.execute(
        select(observations)
        .join(
            defect_observations,
            defect_observations.c.observation_id == observations.c.observation_id,
        )
        .where(defect_observations.c.defect_id == defect_id)
        .order_by(observations.c.seq)
    )
    return tuple(map(from_row, rows))


def from_row(row: Row[Any]) -> Observation:
    """Build an observation out of a row that has all columns of its table."""
    anchor = row.anchor_lonlat
    return Observation(
        observation_id=row.observation_id,
        survey_id=row.survey_id,
        mosaic_sha256=row.mosaic_sha256,
        damage_class=choice(DamageClass, row.damage_class),
        confidence=row.confidence,
        outline_surface_m=shapely.from_wkb(row.outline_surface),
        axis_surface_m=None if row.axis_surface is None else shapely.from_wkb(row.axis_surface),
        anchor_surface_m=(row.anchor_x_m, row.anchor_y_m),
        surface_crs=row.surface_crs,
        anchor_lonlat=None if anchor is None else (anchor.x, anchor.y),
        box_px=tuple(row.box_px),
        photo_sha256s=tuple(row.photo_sha256s),
        measurement=measurement_from_plain(row.measurement),
        model_id=row.model_id,
    )


def measurement_to_plain(measurement: Measurement) -> dict[str, Any]:
    """Give a measurement as plain values for JSON, exactly."""
    return {
        "length_m": _quantity_to_plain(measurement.length_m),
        "width_mm": _quantity_to_plain(measurement.width_mm),
        "width_mean_mm": measurement.width_mean_mm,
        "area_m2": _quantity_to_plain(measurement.area_m2),
        "orientation_deg": measurement.orientation_deg,
        "gsd_mm_per_px": measurement.gsd_mm_per_px,
        "method": measurement.method.value,
    }


def measurement_from_plain(plain: dict[str, Any]) -> Measurement:
    """Read a measurement back from plain values, exactly."""
    return Measurement(
        length_m=_quantity(plain["length_m"]),
        width_mm=_quantity(plain["width_mm"]),
        width_mean_mm=plain["width_mean_mm"],
        area_m2=Quantity(**plain["area_m2"]),
        orientation_deg=plain["orientation_deg"],
        gsd_mm_per_px=plain["gsd_mm_per_px"],
        method=choice(WidthMethod, plain["method"]),
    )


def _quantity_to_plain(quantity: Quantity | None) -> dict[str, Any] | None:
    """Give a quantity as plain values; by name, for ``asdict`` takes most of the time of a save."""
    if quantity is None:
        return None
    plain = {name: getattr(quantity, name) for name in Quantity.__slots__}
    if quantity.refused is None:
        del plain["refused"]  # as rows were written before there was such a thing
    return plain


def _quantity(plain: dict[str, Any] | None) -> Quantity | None:
    if plain is None:
        return None
    refused = plain.get("refused")
    return Quantity(**plain | {"refused": None if refused is None else choice(Refusal, refused)})


def _outline_lonlat(observation: Observation) -> BaseGeometry | None:
    """Give the outline in lon/lat, degrees, valid for searching; None in a local frame."""
    if observation.anchor_lonlat is None or observation.surface_crs == LOCAL_CRS:
        return None
    moved = shapely.transform(
        observation.outline_surface_m,
        lambda points: to_crs(points, observation.surface_crs, WGS84_LONLAT),
    )
    return moved if moved.is_valid else shapely.make_valid(moved)


def _row(observation: Observation) -> dict[str, object]:
    bounds = observation.outline_surface_m.bounds
    if len(bounds) != 4 or not all(map(math.isfinite, bounds)):
        raise BadGeometry(
            f"observation {observation.observation_id} has an outline without an extent "
            f"(bounds {bounds}); it cannot be placed"
        )
    axis, anchor = observation.axis_surface_m, observation.anchor_lonlat
    outline = _outline_lonlat(observation)
    anchor_x_m, anchor_y_m = map(float, observation.anchor_surface_m)  # SQLite would keep a
    # float32 of numpy as bytes; the same holds for every number below
    return {
        "observation_id": observation.observation_id,
        "survey_id": observation.survey_id,
        "mosaic_sha256": observation.mosaic_sha256,
        "damage_class": observation.damage_class.value,
        "confidence": float(observation.confidence),
        "outline_surface": shapely.to_wkb(observation.outline_surface_m),
        "axis_surface": None if axis is None else shapely.to_wkb(axis),
        "anchor_x_m": anchor_x_m,
        "anchor_y_m": anchor_y_m,
        "surface_crs": observation.surface_crs,
        **dict(zip(SURFACE_BOUNDS, bounds, strict=True)),
        "anchor_lonlat": None if anchor is None else shapely.Point(anchor),
        "outline_lonlat": outline,
        **dict(zip(LONLAT_BOUNDS, outline.bounds if outline else [None] * 4, strict=True)),
        "box_px": list(map(int, observation.box_px)),
        "photo_sha256s": list(observation.photo_sha256s),
        "measurement": measurement_to_plain(observation.measurement),
        "model_id": observation.model_id,
    }
