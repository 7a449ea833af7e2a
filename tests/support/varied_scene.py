"""Defects of every make, for tests that compare two ways of telling about them."""

import random
from datetime import timedelta

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from inspection.domain.defect import HAND, Defect, Observation
from inspection.domain.measurement import (
    REFUSED_TOO_OBLIQUE,
    Measurement,
    Quantity,
)
from inspection.domain.raster import Orthomosaic
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS
from inspection.store import assets, defects, orthomosaics, reviews, surveys
from tests.support.records import (
    NOON,
    PLANE_CRS,
    make_asset,
    make_defect,
    make_mosaic,
    make_observation,
    make_survey,
    named,
)

UTM_CRS = "EPSG:32653"
FRAMES = (PLANE_CRS, UTM_CRS, LOCAL_CRS)
"""Frames of the mosaics, in the order of their surveys."""

MOMENTS = 4
"""At how many moments defects changed last, an hour apart."""

CLASSES = (DamageClass.CRACK, DamageClass.SPALL, DamageClass.RUST_STAIN)


def save_varied(connection: Connection, *, count: int, seed: int = 11) -> tuple[Defect, ...]:
    """Write defects on three mosaics of one asset, some of them decided about by people."""
    rolls, asset = random.Random(seed), make_asset()
    assets.save(connection, asset)
    mosaics = []
    for number, crs in enumerate(FRAMES, start=1):
        survey = make_survey(number, created_at=NOON + timedelta(days=number, microseconds=number))
        mosaics.append(make_mosaic(survey, 100 + number, crs))
        surveys.save(connection, survey)
        orthomosaics.save(connection, mosaics[-1])
    seen = [_sighting(rolls, rolls.choice(mosaics), number) for number in range(count)]
    seen += [_at_the_origin(mosaics[0], count)]
    found = tuple(make_defect(one) for one in seen)
    for n in range(MOMENTS):  # half of them without parts of a second
        moment = NOON.replace(microsecond=n % 2) + timedelta(hours=n)
        defects.save(connection, found[n::MOMENTS], now=moment)
    for defect in found[::5]:
        reviews.record(connection, _verdict(rolls, defect))
    return found


def _sighting(rolls: random.Random, mosaic: Orthomosaic, number: int) -> Observation:
    plain = make_observation(mosaic, number)
    x, y = plain.anchor_surface_m
    return make_observation(
        mosaic,
        number,
        damage_class=rolls.choice(CLASSES),
        confidence=rolls.choice([rolls.random(), 1.0, 0.5, 1e-7]),
        outline_surface_m=_outline(rolls, x, y),
        measurement=_measurement(rolls),
        model_id=rolls.choice([HAND, 'm"odel\\橋@1', "large@1"]),
    )


def _at_the_origin(mosaic: Orthomosaic, number: int) -> Observation:
    """See something whose coordinates have exponents: 1e-05 m from the origin of its frame."""
    (place,) = to_crs([[0.0, 0.0]], mosaic.grid.crs, WGS84_LONLAT).tolist()
    return make_observation(
        mosaic,
        number,
        outline_surface_m=shapely.box(-1e-5, 0.0, 2e-5, 3e-5),
        anchor_surface_m=(0.0, 0.0),
        anchor_lonlat=tuple(place),
    )


def _outline(rolls: random.Random, x: float, y: float) -> BaseGeometry:
    size = 10 ** rolls.uniform(-6, 0.3)  # from a thousandth of a millimetre to two metres
    whole = shapely.Point(x, y).buffer(size, quad_segs=rolls.choice([1, 2, 5]))
    beside = shapely.box(x + 2 * size, y, x + 3 * size, y + size)
    made = rolls.randrange(5)
    if made == 0:
        return shapely.MultiPolygon([whole])
    if made == 1:
        return shapely.MultiPolygon([whole, beside])
    if made in (2, 3):
        holes = shapely.MultiPoint([(x - size / 2, y), (x + size / 2, y)]).buffer(size / 5)
        return whole.difference(holes) if made == 2 else whole.difference(holes).union(beside)
    return whole


def _measurement(rolls: random.Random) -> Measurement:
    return Measurement(
        length_m=rolls.choice([None, _quantity(rolls)]),
        width_mm=rolls.choice([None, REFUSED_TOO_OBLIQUE, _quantity(rolls), _below(rolls)]),
        width_mean_mm=None,
        area_m2=rolls.choice([_quantity(rolls), _below(rolls)]),
        orientation_deg=None,
        gsd_mm_per_px=rolls.choice([2.0, 0.1 + 0.2, 10]),
    )


def _quantity(rolls: random.Random) -> Quantity:
    value = rolls.choice([3, 0.0, 10 ** rolls.uniform(-9, 3)])
    return Quantity(value=value, expanded_uncertainty=rolls.choice([None, value / 7]), limit=0.15)


def _below(rolls: random.Random) -> Quantity:
    limit = rolls.uniform(0, 3)
    return Quantity(value=None, expanded_uncertainty=None, limit=limit, below_limit=True)


def _verdict(rolls: random.Random, defect: Defect) -> Verdict:
    action = rolls.choice([Action.CONFIRM, Action.REJECT, Action.RECLASSIFY])
    other = next(one for one in CLASSES if one is not defect.damage_class)
    return Verdict(
        verdict_id=named("verdict", defect.defect_id),
        defect_id=defect.defect_id,
        action=action,
        reviewer="山田",
        decided_at=NOON + timedelta(days=90),
        expected_version=1,
        reason=RejectReason.SHADOW if action is Action.REJECT else None,
        damage_class=other if action is Action.RECLASSIFY else None,
        note="",
    )
