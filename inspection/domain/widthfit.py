"""Fit how a camera draws cracks to widths that are known: offsets, and what stays uncertain."""

import itertools

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

Floats = NDArray[np.float64]

WANTED_COVERAGE = 0.95
FLOORS_PX = np.arange(0.02, 0.61, 0.02)
SHARES = np.arange(0.0, 0.161, 0.01)
LEAST_WIDTHS = 5


def fit_offsets(
    fitted_px: Floats, true_px: Floats, group: NDArray[np.int64], knots_px: tuple[float, ...]
) -> tuple[tuple[float, float], ...]:
    """Fit by how much fitted widths are too wide, at a few widths; every group weighs the same.

    Give it medians over many places: of single places the fitted and the true width differ by
    chance, which looks like an offset that grows with the width.

    Args:
        fitted_px: (n,) fitted widths.
        true_px: (n,) true ones.
        group: (n,) number of the crack or line.
        knots_px: fitted widths at which the offset is free; those that no width is near are left
            out.

    Raises:
        BadInput: when there are too few widths.
    """
    if len(fitted_px) < LEAST_WIDTHS:
        raise BadInput(
            f"{len(fitted_px)} known widths were read, {LEAST_WIDTHS} are needed; photograph the "
            "board from a shorter distance, or take more photos"
        )
    edges = [0.0, *((a + b) / 2 for a, b in itertools.pairwise(knots_px)), np.inf]
    count, _ = np.histogram(fitted_px, bins=edges)
    knots = np.array(knots_px)[count > 0]
    columns = np.column_stack([np.interp(fitted_px, knots, unit) for unit in np.eye(len(knots))])
    _, number, size = np.unique(group, return_inverse=True, return_counts=True)
    root = 1 / np.sqrt(size[number])
    miss = fitted_px - true_px
    found = np.linalg.lstsq(columns * root[:, None], miss * root, rcond=None)[0]
    offsets = [(float(w), round(float(o), 3)) for w, o in zip(knots, found, strict=True)]
    if any(b[0] - b[1] <= a[0] - a[1] for a, b in itertools.pairwise(offsets)):
        # what little there is would swap widths: one offset for all
        return ((float(knots[0]), round(float(np.average(miss, weights=root)), 3)),)
    return tuple(offsets)


def fit_errors(width_px: Floats, true_px: Floats, noise_px: Floats) -> tuple[float, float]:
    """Find the least standard uncertainty √(noise² + floor² + (share·w)²) that holds 95 %.

    Args:
        width_px: (n,) widths, offsets taken off.
        true_px: (n,) true ones.
        noise_px: (n,) standard deviation of each by noise.

    Returns:
        Floor, px, and share, of 1; the largest of both when none holds so many.
    """
    best: tuple[float, float, float] | None = None
    for floor, share in itertools.product(FLOORS_PX, SHARES):
        reach = 2 * np.sqrt(noise_px**2 + floor**2 + (share * width_px) ** 2)
        if (np.abs(width_px - true_px) <= reach).mean() >= WANTED_COVERAGE:
            candidate = (float(reach.mean()), round(float(floor), 3), round(float(share), 3))
            best = candidate if best is None else min(best, candidate)
    if best is None:
        return float(FLOORS_PX[-1]), float(SHARES[-1])
    return best[1:]
