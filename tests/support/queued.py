"""Surveys whose queue is known: many defects, what is expected of each order."""

import random
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.measurement import Quantity
from inspection.domain.review import Action, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.store import (
    reviewqueue,
    reviews,
)
from inspection.store.queue_tables import survey_defects
from inspection.store.reviewqueue import Order
from tests.support.records import (
    NOON,
    Scene,
    make_defect,
    make_measurement,
    make_observation,
)

KINDS = (DamageClass.CRACK, DamageClass.SPALL, DamageClass.RUST_STAIN)


def a_quantity(value: float | None, limit: float = 0.0) -> Quantity:
    return Quantity(
        value=value,
        expanded_uncertainty=None if value is None else 0.1,
        limit=limit,
        below_limit=value is None,
    )


def many(scene: Scene, count: int, seed: int = 5) -> tuple[Defect, ...]:
    """Make defects of all kinds and sizes; some have equal sizes, some no width."""
    rolls = random.Random(seed)
    made = []
    for n in range(count):
        kind = rolls.choice(KINDS)
        linear = kind is DamageClass.CRACK
        width = a_quantity(rolls.choice([None, 0.1, 0.3, 1.0]), limit=0.25) if linear else None
        seen = make_observation(
            scene.mosaic,
            n + 100,
            damage_class=kind,
            confidence=rolls.choice([0.3, 0.5, 0.7, 0.9]),
            measurement=make_measurement().__class__(
                length_m=a_quantity(rolls.choice([0.5, 1.0, 2.0])) if linear else None,
                width_mm=width,
                width_mean_mm=None,
                area_m2=a_quantity(rolls.choice([0.01, 1.0])),
                orientation_deg=None,
                gsd_mm_per_px=10.0,
            ),
        )
        made.append(make_defect(seen))
    return tuple(made)


def decide(connection: Connection, defect_id: uuid.UUID, version: int = 1, **how: Any) -> None:
    told: dict[str, Any] = {"action": Action.CONFIRM, "decided_at": NOON, **how}
    reviews.record(
        connection,
        Verdict(
            verdict_id=uuid.uuid4(),
            defect_id=defect_id,
            reviewer="Yamada",
            expected_version=version,
            **told,
        ),
    )


def expected_key(defect: Defect, order: Order) -> tuple[Any, ...]:
    """Say by plain words what a reviewer sees first."""
    seen = defect.latest
    length = seen.measurement.length_m
    square = length.value**2 if length and length.value else seen.measurement.area_m2.value or 0
    unsure = 4 * seen.confidence * (1 - seen.confidence)
    decided = defect.state is not ReviewState.CANDIDATE
    return {
        Order.SIZE: (-square, defect.defect_id),
        Order.URGENT: (decided, -unsure * unsure * square, defect.defect_id),
        Order.UNCERTAIN: (decided, -unsure, defect.defect_id),
    }[order]


def walk(connection: Connection, survey_id: uuid.UUID, limit: int, **how: Any) -> list[uuid.UUID]:
    ids: list[uuid.UUID] = []
    mark = None
    while page := reviewqueue.page(connection, survey_id, limit=limit, after=mark, **how):
        ids += [row.defect_id for row in page]
        mark = page[-1].mark
    return ids


def rows_of(connection: Connection) -> list[tuple[Any, ...]]:
    c = survey_defects.c
    columns = [column for column in c if column.name not in ("seq", "survey_seq")]
    return sorted(
        (tuple(row) for row in connection.execute(sa.select(*columns))),
        key=lambda row: (str(row[0]), str(row[1])),
    )


def _changed(seen: Any, confidence: float) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__slots__} | {"confidence": confidence}
