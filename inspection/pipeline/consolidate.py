"""Observations + known defects → defects: the same damage keeps its identity over all surveys.

An observation that a defect already has changes nothing, so running twice changes nothing; the run
of an earlier model shows again what that one saw, in place of what another has seen in the same
survey since. What people decided is never touched: a defect that an engineer drew or superseded
*holds* its place in the survey in which they did, so that another run of that survey neither
replaces the drawing nor brings back what others stand for. What was taken back holds nothing. A
later survey is compared with what stands; an earlier one, processed again, never becomes the
latest. Geometries are compared only within one CRS; local frames that nothing ties to the earth
only within one survey, because each has an origin of its own.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.mission import TENKEN_NAMESPACE
from inspection.errors import BadInput
from inspection.geo.grid import LOCAL_CRS
from inspection.geo.polyline import axial_difference_deg

OVERLAP_IOU = 0.1
"""Two outlines that overlap by this share are one damage (domain specification §8)."""

NEAR_M = 0.050
"""Two centre lines this close are one crack (§8)."""

TURN_DEG = 20.0
"""Largest difference of direction between two sightings of one crack (§8)."""

SHARE = 0.5
"""How much of the shorter centre line must lie near the longer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidated:
    """Say what a set of observations does to the defects of an asset.

    Attributes:
        defects: defects to save, new and renewed, by identifier.
        new: identifiers of defects seen for the first time.
        matched: identifiers of known defects that got a new observation, or are shown by one that
            they had before.
        unchanged: identifiers of known defects that had their observation already.
        unseen: identifiers of standing defects that no observation belongs to.
        held: identifiers of drawn or superseded defects to which another sighting was tied that
            changes nothing else.
        released: observations that were tied to a defect beside another one of the same run, which
            shows it now; they are among the observations of others, and leave it.
    """

    defects: tuple[Defect, ...]
    new: tuple[uuid.UUID, ...]
    matched: tuple[uuid.UUID, ...]
    unchanged: tuple[uuid.UUID, ...]
    unseen: tuple[uuid.UUID, ...]
    held: tuple[uuid.UUID, ...] = ()
    released: tuple[uuid.UUID, ...] = ()

    @property
    def facts(self) -> dict[str, object]:
        """Give the counts as plain values for ``run.json``."""
        return {
            "defects": len(self.new) + len(self.matched) + len(self.unchanged),
            "new": len(self.new),
            "matched": len(self.matched),
            "unchanged": len(self.unchanged),
            "unseen": len(self.unseen),
            "held": len(self.held),
        }


def consolidate(
    observations: Sequence[Observation],
    *,
    known: Sequence[Defect],
    asset_id: str,
    moments: Mapping[uuid.UUID, datetime] | None = None,
    turns: Mapping[uuid.UUID, int] | None = None,
    withdrawn: Collection[uuid.UUID] = (),
) -> Consolidated:
    """Tie observations to known defects, each to at most one, the best matches first.

    Args:
        observations: sightings of one run of a survey, in any order.
        known: every defect of the asset, rejected and superseded ones too, so that none of them
            comes back under a new name.
        asset_id: the asset.
        moments: when each survey was made; a sighting of an earlier survey than that by which a
            defect is shown is tied to it and does not become its latest. A survey that is not
            there is later than all.
        turns: which run of its survey saw each sighting, by its identifier, where these are not of
            the last one: an earlier run shows nothing that a later one has seen.
        withdrawn: superseded defects in whose place nothing stands any more, because the edit that
            made them was taken back. They hold nothing and are compared with nothing.

    Raises:
        BadInput: when a known defect belongs to another asset.
    """
    for defect in known:
        if defect.asset_id != asset_id:
            raise BadInput(
                f"defect {defect.defect_id} belongs to {defect.asset_id}, not {asset_id}"
            )
    owner = {key: defect.defect_id for defect in known for key in defect.observation_ids}
    seen = sorted({o.observation_id: o for o in observations}.values(), key=_identity)
    repeated = {owner[o.observation_id] for o in seen if o.observation_id in owner}
    order = _Order(moments=moments or {}, turns=turns or {})
    again = _shown_again(known, seen, order)
    released = {key for _, keys in again.values() for key in keys}
    fresh = [o for o in seen if o.observation_id not in owner or o.observation_id in released]
    surveys = {o.survey_id for o in fresh}
    open_ones = [d for d in known if d.defect_id not in repeated or _holds_in(d, surveys)]
    gone = frozenset(withdrawn)
    free = sorted((d for d in open_ones if d.defect_id not in gone), key=lambda d: d.defect_id)
    pairs = _pair(fresh, free)
    tied: dict[uuid.UUID, Defect] = {key: defect for key, (defect, _) in again.items()}
    for i, j in pairs.items():
        defect = tied.get(free[j].defect_id, free[j])
        tied[defect.defect_id] = _renew(defect, fresh[i], order)
    names = {defect.defect_id for defect in known}
    added = [_new(o, asset_id, names) for i, o in enumerate(fresh) if i not in pairs]
    held = {free[j].defect_id for i, j in pairs.items() if holds(free[j], fresh[i])}
    matched = tied.keys() - held
    standing = {d.defect_id for d in known if d.state is not ReviewState.SUPERSEDED}
    return Consolidated(
        defects=tuple(sorted([*tied.values(), *added], key=lambda defect: defect.defect_id)),
        new=tuple(sorted(defect.defect_id for defect in added)),
        matched=tuple(sorted(matched)),
        unchanged=tuple(sorted(repeated - tied.keys())),
        unseen=tuple(sorted(standing - repeated - tied.keys())),
        held=tuple(sorted(held)),
        released=tuple(sorted(released)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """Know which of two sightings is the older one: time does not run backwards."""

    moments: Mapping[uuid.UUID, datetime]
    turns: Mapping[uuid.UUID, int]

    def is_older(self, observation: Observation, other: Observation) -> bool:
        """Tell whether a sighting is of an earlier survey, or of an earlier run of the same one."""
        if observation.survey_id == other.survey_id:
            mine, theirs = (self.turns.get(o.observation_id) for o in (observation, other))
            return mine is not None and theirs is not None and mine < theirs
        made, since = (self.moments.get(o.survey_id) for o in (observation, other))
        return made is not None and since is not None and made < since


def _shown_again(
    known: Sequence[Defect], seen: Sequence[Observation], order: _Order
) -> dict[uuid.UUID, tuple[Defect, tuple[uuid.UUID, ...]]]:
    """Say which defects a run shows by an observation that they had before, and what leaves them.

    A defect that a person drew, or that a later survey shows, stays as it is. Of several of the
    run the closest to what was shown counts; the others come about where a drawing held them all,
    and go on as news, as they would have without it.
    """
    by_key = {o.observation_id: o for o in seen}
    answer: dict[uuid.UUID, tuple[Defect, tuple[uuid.UUID, ...]]] = {}
    for defect in known:
        mine = [by_key[key] for key in defect.observation_ids if key in by_key]
        mine = [o for o in mine if _may_show(o, defect, order)]
        if not mine:
            continue
        best = mine[0] if len(mine) == 1 else max(mine, key=partial(_closeness, defect.latest))
        others = [o.observation_id for o in mine if o is not best]
        loose = {k for k in others if defect_id(defect.asset_id, k) != defect.defect_id}
        if best.observation_id == defect.latest.observation_id and not loose:
            continue
        ids = tuple(key for key in defect.observation_ids if key not in loose)
        shown = replace(defect, damage_class=best.damage_class, latest=best, observation_ids=ids)
        answer[defect.defect_id] = shown, tuple(sorted(loose))
    return answer


def _closeness(latest: Observation, observation: Observation) -> tuple[bool, float, float]:
    same = observation.observation_id == latest.observation_id
    return same, alike(observation, latest), observation.confidence


def _may_show(observation: Observation, defect: Defect, order: _Order) -> bool:
    """Tell whether a defect may be shown by an observation that it has."""
    latest = defect.latest
    if defect.state is ReviewState.SUPERSEDED or holds(defect, observation):
        return False
    return observation.survey_id == latest.survey_id or order.is_older(latest, observation)


def holds(defect: Defect, observation: Observation) -> bool:
    """Tell whether a defect holds its place against another sighting in the same survey."""
    return _holds_in(defect, {observation.survey_id})


def _holds_in(defect: Defect, survey_ids: Collection[uuid.UUID]) -> bool:
    by_person = defect.state is ReviewState.SUPERSEDED or defect.latest.by_hand
    return by_person and defect.latest.survey_id in survey_ids


def defect_id(asset_id: str, first_observation_id: uuid.UUID) -> uuid.UUID:
    """Derive the identifier of a defect from its asset and its first observation."""
    return uuid.uuid5(TENKEN_NAMESPACE, f"defect\n{asset_id}\n{first_observation_id}")


def _identity(observation: Observation) -> uuid.UUID:
    return observation.observation_id


def _new(observation: Observation, asset_id: str, names: Collection[uuid.UUID]) -> Defect:
    """Make a defect out of an observation that matches none; it takes the name of no other one."""
    name = defect_id(asset_id, observation.observation_id)
    while name in names:
        name = defect_id(asset_id, name)
    return Defect(
        defect_id=name,
        asset_id=asset_id,
        damage_class=observation.damage_class,
        latest=observation,
        observation_ids=(observation.observation_id,),
    )


def _renew(defect: Defect, observation: Observation, order: _Order) -> Defect:
    """Give a defect another observation; human values and version stay, and so does a drawing."""
    ids = (*defect.observation_ids, observation.observation_id)
    if holds(defect, observation) or order.is_older(observation, defect.latest):
        return replace(defect, observation_ids=ids)
    return replace(
        defect, damage_class=observation.damage_class, latest=observation, observation_ids=ids
    )


def _pair(observations: Sequence[Observation], defects: Sequence[Defect]) -> dict[int, int]:
    """Pair observations with defects, the closest first; positions in both lists."""
    if not observations or not defects:
        return {}
    tree = shapely.STRtree([defect.latest.outline_surface_m for defect in defects])
    outlines = [observation.outline_surface_m for observation in observations]
    near = tree.query(outlines, predicate="dwithin", distance=NEAR_M)
    scored = []
    for i, j in near.T.tolist():
        score = likeness(observations[i], defects[j])
        if score > 0:
            scored.append((-score, i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(scored):
        if i not in pairs and j not in taken:
            pairs[i] = j
            if not holds(defects[j], observations[i]):  # room for many: nothing changes
                taken.add(j)
    return pairs


def likeness(observation: Observation, defect: Defect) -> float:
    """Say how well an observation fits a known defect: 0 not at all, up to 2.

    Source: domain specification §8 (change detection). A human class counts beside the machine's,
    because the machine will repeat its mistake. A superseded defect is compared with nothing
    outside of its survey.
    """
    latest = defect.latest
    if defect.state is ReviewState.SUPERSEDED and observation.survey_id != latest.survey_id:
        return 0.0
    if observation.damage_class not in (latest.damage_class, defect.damage_class_reviewed):
        return 0.0
    return alike(observation, latest)


def alike(observation: Observation, latest: Observation) -> float:
    """Say how well two sightings fit by their shapes alone: 0 not at all, up to 2."""
    if observation.surface_crs != latest.surface_crs:
        return 0.0
    if latest.surface_crs == LOCAL_CRS and observation.survey_id != latest.survey_id:
        return 0.0
    iou = overlap_iou(observation.outline_surface_m, latest.outline_surface_m)
    score = iou if iou >= OVERLAP_IOU else 0.0
    return score + _line_share(observation, latest)


def overlap_iou(first: shapely.Geometry, second: shapely.Geometry) -> float:
    """Give the intersection of two outlines divided by their union, 0–1.

    >>> overlap_iou(shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1))
    0.3333333333333333
    """
    shared = float(shapely.intersection(first, second).area)
    return shared / (float(first.area) + float(second.area) - shared)


def _line_share(observation: Observation, latest: Observation) -> float:
    """Give the share of the shorter centre line near the longer one, 0 when it does not count."""
    axes = [observation.axis_surface_m, latest.axis_surface_m]
    angles = [observation.measurement.orientation_deg, latest.measurement.orientation_deg]
    if axes[0] is None or axes[1] is None or angles[0] is None or angles[1] is None:
        return 0.0
    if axial_difference_deg(angles[0], angles[1]) > TURN_DEG:
        return 0.0
    shorter, longer = sorted((axes[0], axes[1]), key=lambda axis: (axis.length, axis.wkb))
    distances: NDArray[np.float64] = shapely.distance(_points_along(shorter), longer)
    share = float((distances <= NEAR_M).mean())
    return share if share >= SHARE else 0.0


def _points_along(axis: shapely.Geometry) -> NDArray[np.object_]:
    """Spread points evenly along a centre line, 20 mm apart, or further on one beyond 10 m."""
    step_m = max(0.020, float(axis.length) / 500)
    parts = [
        shapely.line_interpolate_point(
            line, np.linspace(0, line.length, 2 + int(line.length / step_m))
        )
        for line in shapely.get_parts(axis)
    ]
    points: NDArray[np.object_] = np.concatenate(parts)
    return points
