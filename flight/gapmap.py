"""Lay gaps out on a map: flat panels of square cells, one for each side of each element."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flight.gaps import Gaps, Seen

Floats = NDArray[np.float64]

CELLS = 160
"""Cells along the longest side of all panels, at the most."""
STEEP = 0.7
"""A surface is drawn from the front when its normal is flatter than this (45°), else from above."""
TURN_DEG = 30.0
"""Sides whose normals differ by less share a panel."""
OUTSIDE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Carry one flat piece of the map.

    Attributes:
        element: face, deck or pier.
        side: the direction that the side faces, such as "N" or "up".
        origin_m: (3,) local metres of the lower left corner.
        right: (3,) unit vector along columns.
        up: (3,) unit vector along rows.
        cell_m: side of a cell.
        kinds: (rows from below, columns) of ``Seen``, or nothing outside of the surface.
    """

    element: str
    side: str
    origin_m: Floats
    right: Floats
    up: Floats
    cell_m: float
    kinds: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Carry cells of one kind that lie side by side, as columns and a row of their panel."""

    first: int
    behind: int
    row: int
    kind: Seen


def panels(gaps: Gaps) -> tuple[Panel, ...]:
    """Lay the samples out on panels, in order of the plan."""
    sides = _sides(gaps.samples.normal)
    names = np.array(gaps.element, dtype=object)
    groups = list(dict.fromkeys(zip(gaps.element, sides, strict=True)))
    masks = [(names == name) & (np.array(sides, dtype=object) == side) for name, side in groups]
    planes = [_plane(gaps.samples.normal[mask]) for mask in masks]
    spans = [
        np.ptp(gaps.samples.point_m[mask] @ np.column_stack(plane), axis=0).max()
        for mask, plane in zip(masks, planes, strict=True)
    ]
    spacing = float(np.sqrt(np.median(gaps.samples.weight_m2)))
    cell_m = max(float(max(spans)) / CELLS, 1.5 * spacing)
    kinds = gaps.kind()
    return tuple(
        _panel((name, side), gaps.samples.point_m[mask], kinds[mask], plane, cell_m)
        for (name, side), mask, plane in zip(groups, masks, planes, strict=True)
    )


def blocks(panel: Panel) -> Iterator[Block]:
    """Give the cells of a panel, runs of one kind joined."""
    for row, cells in enumerate(panel.kinds):
        first = 0
        for column in range(1, len(cells) + 1):
            if column == len(cells) or cells[column] != cells[first]:
                if cells[first] != OUTSIDE:
                    yield Block(first=first, behind=column, row=row, kind=Seen(cells[first]))
                first = column


def corners_m(panel: Panel, block: Block) -> Floats:
    """Give the corners (4, 3) of a block, local metres."""
    left, right = block.first * panel.cell_m, block.behind * panel.cell_m
    low, high = block.row * panel.cell_m, (block.row + 1) * panel.cell_m
    return np.array(
        [
            panel.origin_m + u * panel.right + v * panel.up
            for u, v in ((left, low), (right, low), (right, high), (left, high))
        ]
    )


def _sides(normals: Floats) -> list[str]:
    """Name the side that each normal looks to."""
    turned = np.degrees(np.arctan2(normals[:, 0], normals[:, 1])) % 360.0
    steps = np.round(turned / TURN_DEG).astype(int) % round(360 / TURN_DEG)
    return [
        "up" if n[2] >= STEEP else "down" if n[2] <= -STEEP else f"{int(step * TURN_DEG)}°"
        for n, step in zip(normals, steps, strict=True)
    ]


def _plane(normals: Floats) -> tuple[Floats, Floats]:
    """Give right and up of a panel as it is looked at from outside; from above, north is up."""
    mean = normals.mean(axis=0)
    if abs(mean[2]) >= STEEP:
        return np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    flat = np.array([mean[0], mean[1], 0.0]) / np.hypot(mean[0], mean[1])
    return np.array([-flat[1], flat[0], 0.0]), np.array([0.0, 0.0, 1.0])


def _panel(
    name: tuple[str, str],
    points: Floats,
    kinds: NDArray[np.object_],
    plane: tuple[Floats, Floats],
    cell_m: float,
) -> Panel:
    """Give every cell near a sample the gravest kind among its nearest samples."""
    right, up = plane
    flat = points @ np.column_stack([right, up])
    low = flat.min(axis=0)
    columns, rows = np.maximum(1, np.rint((flat.max(axis=0) - low) / cell_m)).astype(int)
    x, y = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    cells = low + np.column_stack([x.ravel(), y.ravel()]) * cell_m
    off, nearest = cKDTree(flat).query(cells)
    drawn = np.where(off <= cell_m, kinds[nearest], OUTSIDE).astype(object)
    order = list(Seen)
    index = np.minimum(np.floor((flat - low) / cell_m).astype(int), [columns - 1, rows - 1])
    grid = drawn.reshape(rows, columns)
    for (column, row), kind in zip(index, kinds, strict=True):
        if grid[row, column] == OUTSIDE or order.index(kind) > order.index(grid[row, column]):
            grid[row, column] = kind
    away = points.mean(axis=0)
    depth = away - (away @ right) * right - (away @ up) * up
    return Panel(
        element=name[0],
        side=name[1],
        origin_m=depth + low[0] * right + low[1] * up,
        right=right,
        up=up,
        cell_m=cell_m,
        kinds=grid,
    )
