"""A road with two surveys on which machines run and an engineer edits, without reading a photo.

Damage lies at places two metres apart, as a crack below and another 90 mm above: too far apart to
be one, and each within reach of a drawing between the two. So a drawing holds both, and only one
of them is what it stands for.
"""

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import Engine

from inspection.domain.defect import HAND, Defect, Observation, ReviewState
from inspection.domain.edit import Edit, Edited, EditKind, draw, merge, redraw, split
from inspection.domain.raster import Orthomosaic
from inspection.pipeline.consolidate import Consolidated
from inspection.pipeline.consolidate import defect_id as new_id
from inspection.pipeline.edit import Desk, Order, undo
from inspection.pipeline.tie import tie
from inspection.store import (
    assets,
    defects,
    edits,
    observations,
    orthomosaics,
    reviewqueue,
    surveys,
)
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from tests.support.conducted import RunningClock
from tests.support.records import NOON, make_asset, make_mosaic, make_observation, make_survey

BELOW_M, BETWEEN_M, ABOVE_M = 0.0, 0.045, 0.09
Cluster = tuple[int, float]
"""Where a crack lies: the place, and how high."""


@dataclass
class World:
    """Hold one asset with two surveys, what was seen where, and what engineers do."""

    desk: Desk
    asset_id: str
    earlier: Orthomosaic
    now: Orthomosaic
    seen: dict[uuid.UUID, Cluster] = field(default_factory=dict)

    def run(
        self, model: str, clusters: Sequence[Cluster], *, earlier: bool = False
    ) -> Consolidated:
        """Let a model see cracks as it sees them, in one of the surveys."""
        mosaic = self.earlier if earlier else self.now
        found = [self.sight(mosaic, model, cluster) for cluster in sorted(set(clusters))]
        self.seen |= {
            one.observation_id: cluster
            for one, cluster in zip(found, sorted(set(clusters)), strict=True)
        }
        with writing(self.desk.engine) as connection:
            assets.lock(connection, self.asset_id)
            turn = observations.next_turn(connection, mosaic.survey_id)
            observations.save(connection, found, turn=turn)
            seen = observations.of_run(connection, mosaic.survey_id, mosaic.sha256, model)
            assert {one.observation_id for one in seen} >= {one.observation_id for one in found}
            return tie(connection, seen, asset_id=self.asset_id, now=self.desk.clock.now())

    def sight(self, mosaic: Orthomosaic, model: str, cluster: Cluster) -> Observation:
        """Make a sighting: each model has its own, a little apart from those of the others."""
        place, height_m = cluster
        apart_m = random.Random(f"{model} {cluster}").uniform(-0.002, 0.002)
        name = uuid.uuid5(mosaic.survey_id, f"{model} {cluster}")
        one = make_observation(mosaic, 2 * place, observation_id=name, model_id=model)
        return moved(one, 0.0, height_m + apart_m)

    def drawn(self, place: int, mosaic: Orthomosaic | None = None) -> Observation:
        """Draw between the two cracks of a place."""
        one = make_observation(
            mosaic or self.now,
            2 * place,
            observation_id=uuid.uuid4(),
            model_id=HAND,
            confidence=1.0,
        )
        return moved(one, 0.0, BETWEEN_M)

    def do(
        self,
        kind: EditKind,
        of: Sequence[Defect],
        seen: Sequence[Observation],
        compose: Callable[[list[Defect], Edit], Edited],
    ) -> Edit:
        """Record an edit as the pencil does, without reading photos."""
        edit = Edit(
            edit_id=uuid.uuid4(),
            kind=kind,
            asset_id=self.asset_id,
            editor="佐藤",
            edited_at=self.desk.clock.now(),
            expected_versions={d.defect_id: d.version for d in of},
        )
        with writing(self.desk.engine) as connection:
            assets.lock(connection, self.asset_id)
            found = edits.locked(connection, edit.expected_versions)
            edits.record(connection, edit, compose(found, edit), seen)
        return edit

    def redraw(self, defect: Defect, mosaic: Orthomosaic | None = None) -> Edit:
        shape = self.drawn(self.place_of(defect), mosaic)
        return self.do(
            EditKind.REDRAW, [defect], [shape], lambda found, e: redraw(found[0], shape, e)
        )

    def draw(self, place: int) -> Edit:
        shape = self.drawn(place)
        return self.do(EditKind.DRAW, [], [shape], lambda _, e: draw(shape, self.asset_id, new_id))

    def split(self, defect: Defect) -> Edit:
        whole = self.drawn(self.place_of(defect))
        x0, y0, x1, y1 = whole.outline_surface_m.bounds
        middle, axis = (x0 + x1) / 2, (y0 + y1) / 2
        parts = [
            replace(
                whole,
                observation_id=uuid.uuid4(),
                outline_surface_m=shapely.box(a, y0, b, y1),
                axis_surface_m=shapely.LineString([(a, axis), (b, axis)]),
            )
            for a, b in ((x0, middle - 0.01), (middle + 0.01, x1))
        ]
        return self.do(
            EditKind.SPLIT, [defect], parts, lambda found, e: split(found[0], parts, e, new_id)
        )

    def merge(self, one: Defect, other: Defect) -> Edit:
        shapes = [self.drawn(self.place_of(defect)) for defect in (one, other)]
        whole = replace(
            shapes[0],
            outline_surface_m=shapely.union_all([s.outline_surface_m for s in shapes]),
            axis_surface_m=shapely.MultiLineString([s.axis_surface_m for s in shapes]),
        )
        return self.do(
            EditKind.MERGE, [one, other], [whole], lambda found, e: merge(found, whole, e, new_id)
        )

    def edit(self, kind: EditKind, one: Defect, other: Defect) -> Edit:
        """Edit one of two defects, or both, or draw what is a third."""
        match kind:
            case EditKind.REDRAW:
                return self.redraw(one)
            case EditKind.SPLIT:
                return self.split(one)
            case EditKind.MERGE:
                return self.merge(one, other)
            case _:
                return self.draw(3)

    def take_back(self, edit: Edit) -> Edit:
        return undo(
            self.desk, Order(edit_id=uuid.uuid4(), editor="佐藤"), edit_id=edit.edit_id
        ).edit

    def place_of(self, defect: Defect) -> int:
        return self.seen[defect.latest.observation_id][0]

    def known(self) -> dict[uuid.UUID, Defect]:
        with reading(self.desk.engine) as connection:
            return {d.defect_id: d for d in defects.known(connection, self.asset_id)}

    def standing(self) -> dict[uuid.UUID, Defect]:
        return {k: d for k, d in self.known().items() if d.state is not ReviewState.SUPERSEDED}

    def at(self, cluster: Cluster) -> Defect:
        """Find the one defect that a cluster is counted as."""
        (one,) = [
            d for d in self.standing().values() if self.seen.get(d.latest.observation_id) == cluster
        ]
        return one

    def check_each_counts_once(self) -> None:
        """Check that every crack that was ever seen is one standing defect, with all its sightings.

        And that each survey lists exactly what it saw.
        """
        owners: dict[uuid.UUID, set[Cluster]] = {}
        for key, defect in self.standing().items():
            owners[key] = {self.seen[o] for o in defect.observation_ids if o in self.seen}
        assert all(len(clusters) == 1 for clusters in owners.values()), owners
        counted = sorted(cluster for clusters in owners.values() for cluster in clusters)
        assert counted == sorted(set(self.seen.values()))
        tied = {o for d in self.standing().values() for o in d.observation_ids}
        assert tied >= self.seen.keys()
        for mosaic in (self.earlier, self.now):
            with reading(self.desk.engine) as connection:
                listed = reviewqueue.page(connection, mosaic.survey_id)
                here = {
                    o.observation_id for o in observations.of_survey(connection, mosaic.survey_id)
                }
            mine = {c for o, c in self.seen.items() if o in here}
            assert len(listed) == len(mine), mosaic.survey_id


def moved(one: Observation, dx_m: float, dy_m: float) -> Observation:
    def shift(shape: Any) -> Any:
        return shapely.affinity.translate(shape, dx_m, dy_m)

    return replace(
        one,
        outline_surface_m=shift(one.outline_surface_m),
        axis_surface_m=shift(one.axis_surface_m),
    )


def face(defect: Defect) -> tuple[Any, ...]:
    return (
        defect.latest,
        defect.state,
        defect.damage_class,
        defect.damage_class_reviewed,
    )


def open_world(engine: Engine, tmp_path: Path, number: int = 1) -> World:
    asset_id = f"asset-{number}"
    earlier = make_survey(1, asset_id)
    now = make_survey(2, asset_id, created_at=NOON + timedelta(days=365))
    with writing(engine) as connection:
        assets.save(connection, make_asset(asset_id))
        mosaics = []
        for survey in (earlier, now):
            surveys.save(connection, survey)
            mosaics.append(make_mosaic(survey, 1000 * number + len(mosaics)))
            orthomosaics.save(connection, mosaics[-1])
    desk = Desk(engine=engine, blobs=FolderBlobs(tmp_path / "blobs"), clock=RunningClock())
    return World(desk=desk, asset_id=asset_id, earlier=mosaics[0], now=mosaics[1])
