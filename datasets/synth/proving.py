"""Lay out a proving deck: widths of 0.3 to 8 px, crossings and branches, each in its own cell.

The demo's deck is a bridge as it might be; this one is a ruler. Cracks keep away from each other so
that a width measured on one is not that of its neighbour, and run in all directions.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from shapely import Point

from datasets.synth.deck import Deck
from datasets.synth.fracture import Path, Recipe, grow
from datasets.synth.layout import Crack, Layout, Thing
from inspection.errors import BadInput

Points = NDArray[np.float64]

WIDTHS_PX = (0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0)
"""Mean widths of the single cracks, photo pixels."""
CROSSINGS_PX = ((4.0, 4.0), (6.0, 2.5), (3.0, 5.0), (1.5, 4.0))
BRANCHES_PX = (4.0, 2.5)
CELL_M = (1.5, 1.3)
LENGTH_M = 1.1
BRANCH_M = 0.45
DARKNESS = (0.62, 0.68, 0.74, 0.80)
TURN_DEG = 137.508
"""The golden angle: directions that never line up."""
TARGET_M = 0.15


def proving_deck(columns: int = 8, rows: int = 5) -> Deck:
    """Give a deck of so many cells."""
    return Deck(
        name="Proving deck (rendered)",
        length_m=columns * CELL_M[0],
        width_m=rows * CELL_M[1],
        kerb_m=0.3,
        approach_m=0.5,
    )


def lay_out_proving(
    deck: Deck,
    *,
    seed: int,
    gsd_mm: float,
    widths_px: tuple[float, ...] = 2 * WIDTHS_PX,
    crossings_px: tuple[tuple[float, float], ...] = CROSSINGS_PX,
    branches_px: tuple[float, ...] = BRANCHES_PX,
    grown_px: Mapping[str, float] | None = None,
) -> Layout:
    """Lay out a proving deck; the same arguments give the same deck.

    Args:
        deck: of ``proving_deck``.
        seed: of the paths.
        gsd_mm: of the photos, to which the widths refer.
        widths_px: of single cracks, named ``W01`` and so on in this order.
        crossings_px: pairs of cracks that cross, named ``X1a`` and ``X1b`` and so on.
        branches_px: trunks of cracks with a branch, named ``B1`` and so on.
        grown_px: by how much a crack of a name has grown since the same deck without it.

    Raises:
        BadInput: when the deck has fewer cells than cracks, or a grown crack does not exist.
    """
    centres = _centres(deck)
    wanted = len(widths_px) + len(crossings_px) + len(branches_px)
    if wanted > len(centres):
        raise BadInput(
            f"{wanted} cells are needed and the deck has {len(centres)}; give it more columns"
        )
    cracks = [
        _crack(f"W{n + 1:02d}", width_px, n, centres[n], seed=seed, gsd_mm=gsd_mm)
        for n, width_px in enumerate(widths_px)
    ]
    cells = iter(range(len(widths_px), wanted))
    for n, pair in enumerate(crossings_px):
        cell = next(cells)
        cracks += [
            _crack(
                f"X{n + 1}{side}",
                width_px,
                cell,
                centres[cell],
                seed=seed,
                gsd_mm=gsd_mm,
                turn_deg=turn,
            )
            for side, width_px, turn in zip("ab", pair, (0.0, 75.0), strict=True)
        ]
    for n, width_px in enumerate(branches_px):
        cell = next(cells)
        name = f"B{n + 1}"
        cracks.append(
            _crack(name, width_px, cell, centres[cell], seed=seed, gsd_mm=gsd_mm, branch_m=BRANCH_M)
        )
    targets = _targets(deck)
    return Layout(
        deck=deck,
        gsd_mm=gsd_mm,
        things=tuple(
            Thing(kind="survey_target", outline_deck_m=Point(c).buffer(TARGET_M), blocks=True)
            for c in targets
        ),
        targets_deck_m=targets,
        cracks=tuple(_grown(cracks, grown_px or {}, gsd_mm)),
    )


def _centres(deck: Deck) -> Points:
    """List the middles of the cells (n, 2), in an order that scatters neighbouring widths."""
    columns, rows = round(deck.length_m / CELL_M[0]), round(deck.width_m / CELL_M[1])
    cells = [(i, j) for i in range(columns) for j in range(rows)]
    order = np.random.default_rng(5).permutation(len(cells))
    return (np.array(cells, dtype=np.float64)[order] + 0.5) * CELL_M


def _targets(deck: Deck) -> Points:
    """Place survey targets on corners of cells, off any symmetry, (5, 2)."""
    columns, rows = round(deck.length_m / CELL_M[0]), round(deck.width_m / CELL_M[1])
    corners = [
        (1, 1), (columns - 1, rows - 1), (1, rows - 1), (columns - 1, 1),
        (columns // 2, (rows + 1) // 2),
    ]  # fmt: skip
    return np.array(corners, dtype=np.float64) * CELL_M


def _crack(
    name: str,
    width_px: float,
    cell: int,
    centre_m: Points,
    *,
    seed: int,
    gsd_mm: float,
    turn_deg: float = 0.0,
    branch_m: float = 0.0,
) -> Crack:
    """Grow one crack and lay its middle on the middle of its cell."""
    recipe = Recipe(
        length_m=LENGTH_M,
        width_px=width_px,
        heading_deg=(cell * TURN_DEG + turn_deg) % 180,
        darkness=DARKNESS[(cell + int(turn_deg > 0)) % len(DARKNESS)],
        branch_m=branch_m,
    )
    rng = np.random.default_rng([seed, 11, cell, int(turn_deg)])
    paths = grow(rng, np.zeros(2), recipe, gsd_mm)
    trunk = paths[0].points_deck_m
    shift = centre_m - (trunk[len(trunk) // 2] if turn_deg or not branch_m else trunk.mean(axis=0))
    moved = tuple(replace(path, points_deck_m=path.points_deck_m + shift) for path in paths)
    return Crack(crack_id=name, recipe=recipe, paths=moved)


def _grown(cracks: list[Crack], grown_px: Mapping[str, float], gsd_mm: float) -> list[Crack]:
    """Widen some cracks evenly along their length."""
    unknown = set(grown_px) - {crack.crack_id for crack in cracks}
    if unknown:
        raise BadInput(f"no crack is named {', '.join(sorted(unknown))}")
    return [_wider(crack, grown_px.get(crack.crack_id, 0.0) * gsd_mm) for crack in cracks]


def _wider(crack: Crack, by_mm: float) -> Crack:
    """Give a crack wider by so much everywhere."""
    paths = tuple(
        Path(points_deck_m=p.points_deck_m, width_mm=np.maximum(p.width_mm + by_mm, 0.0))
        for p in crack.paths
    )
    return replace(crack, paths=paths)
