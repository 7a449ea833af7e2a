"""Disaster → what to look at in which order, judgements from the spot, and what they change."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from inspection.codelists.emergencies import load_order_rule
from inspection.domain.emergency import (
    Change,
    Emergency,
    QuickReport,
    Signal,
    compare,
    distance_km,
    newest,
    urgency,
)
from inspection.domain.prioritymodel import Attribute, Item
from inspection.domain.roadnetwork import CutOff
from inspection.errors import BadInput, NotFound
from inspection.pipeline.detour import Network
from inspection.pipeline.ingest import ingest
from inspection.pipeline.ports import BlobStore, Clock, Silence
from inspection.pipeline.rank import Known, know
from inspection.planning.closing import cut_off
from inspection.planning.route import Tour, tours
from inspection.planning.travel import travel_minutes
from inspection.store import emergencies, keys, sheets

ROAD_FACTOR = 1.3
"""Roads are longer than the line through the air by about that much, where no network is given."""

MOST_STOPS = 2000
FAR_FROM_ASSET_KM = 1.0
"""A position further from its asset than this is probably a slip; it is told, not refused."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Carry one asset to look at.

    Attributes:
        asset_id: the asset.
        name: its name.
        lonlat: where.
        wave: 1 is the first.
        points: of urgency.
        items: why.
    """

    asset_id: str
    name: str
    lonlat: tuple[float, float]
    wave: int
    points: float
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """Carry the way of each crew.

    Attributes:
        stops: what is looked at, by row − 1 of ``tours``.
        tours: one a crew.
        unreachable: assets to which no open road leads.
        without_position: assets in the ledger that have none.
        refused: reason by asset whose attributes the rule does not know.
    """

    stops: tuple[Stop, ...]
    tours: tuple[Tour, ...]
    unreachable: tuple[str, ...]
    without_position: tuple[str, ...]
    refused: Mapping[str, str]


def route(
    connection: Connection,
    emergency: Emergency,
    *,
    start_lonlat: tuple[float, float],
    fiscal_year: int,
    crews: int = 1,
    speed_kmh: float = 30.0,
    stop_min: float = 15.0,
    network: Network | None = None,
) -> RoutePlan:
    """Put the assets of an area into the order in which crews look at them.

    Assets that have a report already are left out. With a network, times are those of its open
    roads: assets reported as closed are not driven over.

    Args:
        connection: an open transaction.
        emergency: the disaster.
        start_lonlat: where crews start.
        fiscal_year: present fiscal year.
        crews: how many.
        speed_kmh: over the line through the air × 1.3, where no network is given.
        stop_min: minutes at each asset.
        network: roads; its assets must be placed on them.

    Raises:
        BadInput: when nothing is left to look at, too much for one plan, or a speed is none.
    """
    _check_place(start_lonlat)
    done = newest(emergencies.reports_of(connection, emergency.name))
    known = know(connection, fiscal_year=fiscal_year)
    stops, lost, refused = _stops(known, emergency, frozenset(done))
    if not stops:
        raise BadInput(
            f"nothing is left to look at in {emergency.name!r}: {len(done)} assets have a report, "
            f"{len(lost)} have no position"
        )
    if len(stops) > MOST_STOPS:
        raise BadInput(
            f"{len(stops)} assets are too many for one plan (at most {MOST_STOPS}); name a "
            "smaller area"
        )
    closed = [a for a, told in done.items() if told.signal is Signal.RED]
    if not 0 < speed_kmh < float("inf"):
        raise BadInput(f"crews drive at a speed above 0 km/h, got {speed_kmh:g}")
    if network is None:
        minutes = _through_air([start_lonlat, *(stop.lonlat for stop in stops)], speed_kmh)
    else:
        minutes = _by_road(network, start_lonlat, stops, closed)
    found = tours(minutes, [stop.wave for stop in stops], crews=crews, stop_min=stop_min)
    reached = {row for tour in found for row in tour.stops}
    return RoutePlan(
        stops=tuple(stops),
        tours=found,
        unreachable=tuple(s.asset_id for row, s in enumerate(stops, 1) if row not in reached),
        without_position=lost,
        refused=refused,
    )


def _check_place(lonlat: tuple[float, float]) -> None:
    """Check that a position is on the earth."""
    lon_deg, lat_deg = lonlat
    if not (-180 <= lon_deg <= 180 and -90 <= lat_deg <= 90):
        raise BadInput(f"{lon_deg:g}° east, {lat_deg:g}° north is no position; are they swapped?")


def _stops(
    known: Known, emergency: Emergency, done: frozenset[str]
) -> tuple[list[Stop], tuple[str, ...], dict[str, str]]:
    """List what is to be looked at, what has no position and what cannot be judged."""
    rule = load_order_rule()
    stops: list[Stop] = []
    lost: list[str] = []
    refused: dict[str, str] = {}
    for asset_id, case in known.cases.items():
        lonlat = known.entries[asset_id].sheet.lonlat
        if asset_id in done:
            continue
        if lonlat is None:
            lost.append(asset_id)
            continue
        if emergency.area is not None and not emergency.area.holds(lonlat):
            continue
        try:
            items = urgency(case.attributes, emergency.hazard, rule=rule)
        except BadInput as error:
            refused[asset_id] = str(error)
            continue
        points = sum(item.points for item in items)
        stops.append(
            Stop(
                asset_id=asset_id,
                name=known.entries[asset_id].asset.name,
                lonlat=lonlat,
                wave=rule.wave(points),
                points=points,
                items=items,
            )
        )
    return stops, tuple(lost), refused


def _through_air(points: Sequence[tuple[float, float]], speed_kmh: float) -> Floats:
    """Give minutes between points as the crow flies, × 1.3, (n, n)."""
    found = np.zeros((len(points), len(points)))
    for i, a in enumerate(points):
        for j, b in enumerate(points[:i]):
            found[i, j] = found[j, i] = distance_km(a, b) * ROAD_FACTOR / speed_kmh * 60
    return found


def _by_road(
    network: Network,
    start_lonlat: tuple[float, float],
    stops: Sequence[Stop],
    closed: Sequence[str],
) -> Floats:
    """Give minutes by open roads, inf where there is no way, (n + 1, n + 1)."""
    roads = network.roads
    nodes = [roads.nearest(start_lonlat)]
    for stop in stops:  # what lies on no road is reached from the nearest crossing
        banks = roads.assets.get(stop.asset_id)
        nodes.append(banks[0] if banks else roads.nearest(stop.lonlat))
    return travel_minutes(roads, nodes, closed=[a for a in closed if a in roads.assets])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Carry a report that was kept, and what a person should know about it."""

    report: QuickReport
    warnings: tuple[str, ...]


def tell(
    connection: Connection,
    blobs: BlobStore,
    *,
    emergency: str,
    asset_id: str,
    signal: Signal,
    by: str,
    photos: Sequence[Path],
    lonlat: tuple[float, float] | None,
    note: str,
    clock: Clock,
) -> Told:
    """Keep a judgement from the spot with its photos and its position.

    The position is the one given, else that of the first photo that has one.

    Raises:
        NotFound: when there is no such emergency, asset or file.
        BadInput: when a photo cannot be read, or nobody answers for the judgement.
    """
    if lonlat is not None:
        _check_place(lonlat)
    emergencies.by_name(connection, emergency)
    where = sheets.by_id(connection, asset_id).sheet.lonlat
    taken = ingest(photos, gps_required=False, progress=Silence())
    if taken.rejections:
        worst = taken.rejections[0]
        raise BadInput(f"photo {worst.file}: {worst.detail}; nothing was kept")
    poses = [photo.pose for photo in taken.photos if photo.pose is not None]
    place = lonlat or next(((pose.lon_deg, pose.lat_deg) for pose in poses), None)
    kept = []
    for sha256, path in sorted(taken.paths.items()):
        key = keys.photo_key(sha256, path.suffix)
        blobs.put_file(key, path)
        kept.append(key)
    told = QuickReport(
        report_id=uuid.uuid4(),
        emergency=emergency,
        asset_id=asset_id,
        signal=signal,
        reported_by=by,
        reported_at=clock.now(),
        lonlat=place,
        photos=tuple(kept),
        note=note,
    )
    emergencies.report(connection, told)
    return Told(report=told, warnings=_warnings(told, where))


def _warnings(told: QuickReport, where: tuple[float, float] | None) -> tuple[str, ...]:
    """Say what is odd about a report."""
    found = []
    if told.lonlat is None:
        found.append("the report has no position: no photo carries one, and --position is missing")
    elif where is not None and (away := distance_km(told.lonlat, where)) > FAR_FROM_ASSET_KM:
        found.append(f"the position is {away:.1f} km from the asset; is it the right one?")
    if not told.photos:
        found.append("the report has no photo")
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Say how an asset stands: its newest judgement beside its last regular inspection."""

    asset_id: str
    name: str
    report: QuickReport
    soundness: str
    inspection_fiscal_year: int | None
    main_grade: str
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Carry what is known at a moment.

    Attributes:
        standings: assets with a report, closed ones first.
        waiting: assets of the area without one.
        cut_off: places that no hub reaches over what is not closed; None without a network.
    """

    standings: tuple[Standing, ...]
    waiting: tuple[str, ...]
    cut_off: CutOff | None


def situation(
    connection: Connection,
    emergency: Emergency,
    *,
    fiscal_year: int,
    network: Network | None = None,
) -> Situation:
    """Tell how things stand.

    Args:
        connection: an open transaction.
        emergency: the disaster.
        fiscal_year: present fiscal year.
        network: roads with places, for who is cut off.
    """
    told = newest(emergencies.reports_of(connection, emergency.name))
    known = know(connection, fiscal_year=fiscal_year)
    order = {Signal.RED: 0, Signal.YELLOW: 1, Signal.GREEN: 2}
    standings = [_standing(known, report) for report in told.values()]
    closed = [a for a, report in told.items() if report.signal is Signal.RED]
    lost = None
    if network is not None:
        lost = cut_off(network.roads, [a for a in closed if a in network.roads.assets])
    return Situation(
        standings=tuple(sorted(standings, key=lambda s: (order[s.report.signal], s.asset_id))),
        waiting=tuple(a for a in known.cases if a not in told and _inside(known, emergency, a)),
        cut_off=lost,
    )


def _inside(known: Known, emergency: Emergency, asset_id: str) -> bool:
    lonlat = known.entries[asset_id].sheet.lonlat
    if emergency.area is None:
        return True
    return lonlat is not None and emergency.area.holds(lonlat)


def _standing(known: Known, report: QuickReport) -> Standing:
    """Put a report beside the last regular inspection."""
    if report.asset_id not in known.cases:
        raise NotFound(f"there is no asset {report.asset_id!r}")
    attributes: Mapping[str, Attribute] = known.cases[report.asset_id].attributes
    year = attributes.get("inspection_fiscal_year")
    return Standing(
        asset_id=report.asset_id,
        name=known.entries[report.asset_id].asset.name,
        report=report,
        soundness=str(attributes.get("soundness", "")),
        inspection_fiscal_year=int(year) if isinstance(year, int | float) else None,
        main_grade=str(attributes.get("main_grade", "")),
        change=compare(report.signal, attributes.get("soundness"), rule=load_order_rule()),
    )
