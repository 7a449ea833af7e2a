"""Road network + places → what the closure of each asset would mean, kept for the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from inspection.domain.roadnetwork import Closure, Place
from inspection.errors import BadInput
from inspection.intake.reading import RowProblem
from inspection.intake.roadlines import DEFAULT_SPEED_KMH, read_places, read_roads
from inspection.pipeline.ports import Clock, Progress, Silence
from inspection.planning.closing import close_each
from inspection.planning.roadgraph import WITHIN_M, RoadGraph, build
from inspection.store import closures, sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Carry a network with what could not be read of it."""

    name: str
    roads: RoadGraph
    problems: tuple[RowProblem, ...]


def open_network(
    connection: Connection,
    path: Path,
    *,
    places: Path | None = None,
    layer: str | None = None,
    within_m: float = WITHIN_M,
    speed_kmh: float = DEFAULT_SPEED_KMH,
) -> Network:
    """Read roads and places, and put every asset of the ledger on its road.

    Args:
        connection: an open transaction.
        path: lines, GeoJSON or GeoPackage.
        places: points with people and hubs; None: only detours can be told.
        layer: of a GeoPackage.
        within_m: how far an asset may lie from its road.
        speed_kmh: of roads that do not say.

    Raises:
        NotFound: when a file is not there.
        BadInput: when a file cannot be read.
    """
    read = read_roads(path, layer=layer, speed_kmh=speed_kmh)
    told: Sequence[Place] = ()
    problems = read.problems
    if places is not None:
        found = read_places(places)
        told, problems = found.places, (*problems, *found.problems)
    known = sheets.by_ids(connection, sorted(sheets.all_ids(connection)))
    positions = {asset_id: entry.sheet.lonlat for asset_id, entry in known.items()}
    roads = build(read.lines, positions, told, within_m=within_m)
    return Network(name=read.name, roads=roads, problems=problems)


def detour(
    connection: Connection,
    network: Network,
    *,
    clock: Clock,
    progress: Progress | None = None,
    write: bool = True,
) -> tuple[Closure, ...]:
    """Close each asset of a network in turn, and keep what that would mean.

    The priority model reads it as ``detour_min`` where the owner states none.

    Raises:
        BadInput: when no asset lies on a road.
    """
    heard = progress or Silence()
    if not network.roads.assets:
        raise BadInput(
            f"no asset lies on a road of {network.name}; are its positions in the ledger, or is "
            "--within-m too small?"
        )
    heard.start("closing", len(network.roads.assets))
    found = tuple(close_each(network.roads, heard=heard.advance))
    if write:
        closures.save(connection, found, network=network.name, now=clock.now())
    return found
