"""Measure widths of cracks in the photos themselves, not in the mosaic that was painted from them.

A place on the surface is found in a photo by the mapping that painted the mosaic. The profile is
sampled square to the crack as the photo shows it, and its pixels are turned into length by how far
a step across the crack on the surface goes there: an oblique view is corrected by that exactly
(domain specification §4.2). Views flatter than 45° are not used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.oblique import REFUSE_DEG
from inspection.domain.widthcalibration import WidthCalibration
from inspection.errors import BadPhoto
from inspection.imaging.crossing import light_of, sample_profiles
from inspection.imaging.decode import read_grey
from inspection.imaging.ortho import View
from inspection.imaging.surface import Surface
from inspection.imaging.widths import UNREADABLE, measure_light

Floats = NDArray[np.float64]

MOST_PHOTOS = 3
"""Photos in which a place is measured: the best one, and two to compare it with."""

COMPARE_EVERY = 3
"""The photos to compare with are read at every third place only: that tells as well how much photos
differ, and costs a third. Where the best photo cannot be read, they are read at every place."""

EDGE_PX = 3
"""A profile keeps this far from the border of a photo."""

HALF_STEP_PX = 5
"""Reaches of profiles are rounded up to multiples of this, so that few sizes are sampled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Say where widths are wanted.

    Attributes:
        points_m: (n, 2) on the centre line, in the CRS of the surface.
        normals: (n, 2) unit vectors across the crack, likewise.
        half_px: (n,) reach of the profile to either side, photo pixels.
        preferred: (n,) number of the view that the mosaic shows there, from 0; -1 for none.
        step_m: about the size of a pixel, in the CRS of the surface.
        ground_per_map: ground length ÷ map length.
    """

    points_m: Floats
    normals: Floats
    half_px: NDArray[np.int64]
    preferred: NDArray[np.int64]
    step_m: float
    ground_per_map: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoWidths:
    """Carry the widths of n places in up to ``MOST_PHOTOS`` photos each, the best photo first.

    Attributes:
        view: (n, k) number of the view, -1 for none.
        width_mm: (n, k) on the ground; NaN where nothing could be read.
        std_mm: (n, k) standard uncertainty without that of the scale; NaN likewise.
        noise_mm: (n, k) the part of it that differs from place to place along a crack.
        limit_mm: (n, k) least width that could be told from none.
        gsd_mm_per_px: (n, k) across the crack; NaN where there is no view.
        method: (n, k) int8 as in ``imaging.widths``.
        incidence_deg: (n, k) angle between the line of sight and square on.
        too_oblique: (n,) photos show the place, but all of them at more than 45°.
    """

    view: NDArray[np.int64]
    width_mm: Floats
    std_mm: Floats
    noise_mm: Floats
    limit_mm: Floats
    gsd_mm_per_px: Floats
    method: NDArray[np.int8]
    incidence_deg: Floats
    too_oblique: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """Say how one view sees n places.

    Attributes:
        pixels: (n, 2) photo pixel.
        normals: (n, 2) unit vector square to the crack in the photo.
        px_per_m: (n,) photo pixels along it for a metre across the crack on the ground.
        incidence_deg: (n,).
        cost_px: (n,) how unwanted the view is; infinite where it cannot be used.
        fits: (n,) the photo shows the whole profile, at whatever angle.
    """

    pixels: Floats
    normals: Floats
    px_per_m: Floats
    incidence_deg: Floats
    cost_px: Floats
    fits: NDArray[np.bool_]


def measure_in_photos(
    places: Places,
    views: Sequence[View],
    surface: Surface,
    calibration: WidthCalibration,
    *,
    compare: bool = True,
    on_view: Callable[[], None] = lambda: None,
) -> PhotoWidths:
    """Measure each place in the photo that the mosaic shows there, and in others that see it.

    Every photo is decoded once, and once more where it helps out for one that cannot be read.

    Args:
        places: where.
        views: how the photos see the surface.
        surface: what they look at.
        calibration: how the camera draws cracks.
        compare: read other photos of every third place too, to tell by how much photos differ;
            else only where the best photo cannot be read.
        on_view: hears that a view is finished.

    Raises:
        BadPhoto: when a photo can no longer be decoded.
    """
    chosen, too_oblique = _choose(places, views, surface)
    first = chosen.copy()
    left_out = np.arange(len(chosen)) % COMPARE_EVERY != 0
    first[left_out if compare else slice(None), 1:] = -1
    found = _nothing_yet(first, too_oblique)
    _measure_views(found, first, places, views, surface, calibration=calibration, on_view=on_view)
    blind = found.method[:, 0] == UNREADABLE
    second = np.where(blind[:, None] & (first < 0), chosen, -1)
    found.view[second >= 0] = second[second >= 0]
    _measure_views(found, second, places, views, surface, calibration=calibration)
    return found


def _nothing_yet(chosen: NDArray[np.int64], too_oblique: NDArray[np.bool_]) -> PhotoWidths:
    """Give places of which nothing is read yet."""
    shape = chosen.shape
    return PhotoWidths(
        view=chosen.copy(),
        width_mm=np.full(shape, np.nan),
        std_mm=np.full(shape, np.nan),
        noise_mm=np.full(shape, np.nan),
        limit_mm=np.full(shape, np.nan),
        gsd_mm_per_px=np.full(shape, np.nan),
        method=np.full(shape, UNREADABLE, dtype=np.int8),
        incidence_deg=np.full(shape, np.nan),
        too_oblique=too_oblique,
    )


def _measure_views(
    found: PhotoWidths,
    chosen: NDArray[np.int64],
    places: Places,
    views: Sequence[View],
    surface: Surface,
    *,
    calibration: WidthCalibration,
    on_view: Callable[[], None] = lambda: None,
) -> None:
    """Measure the chosen views (n, k) of places; a photo is decoded when it is needed."""
    for number, view in enumerate(views):
        rows, columns = np.nonzero(chosen == number)
        if len(rows):
            light = _light(view, calibration)
            aim = _aim(places, view, surface, rows)
            _measure_view(found, places, aim, light, calibration, at=(rows, columns))
        on_view()


def _choose(
    places: Places, views: Sequence[View], surface: Surface
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Choose the best views (n, k) of each place: the preferred one, then the squarest.

    Also tells (n,) which places are shown by photos that are all too oblique.
    """
    count = len(places.points_m)
    best = np.full((count, MOST_PHOTOS), np.inf)
    chosen = np.full((count, MOST_PHOTOS), -1, dtype=np.int64)
    shown = np.zeros(count, dtype=np.bool_)
    for number, view in enumerate(views):
        outline = view.footprint_surface_m(surface)
        low, high = outline.min(axis=0), outline.max(axis=0)
        inside = ((places.points_m >= low) & (places.points_m <= high)).all(axis=1)
        rows = np.flatnonzero(inside)
        if not len(rows):
            continue
        aim = _aim(places, view, surface, rows)
        shown[rows] |= aim.fits & (aim.incidence_deg > REFUSE_DEG)
        cost = np.where(places.preferred[rows] == number, -1.0, aim.cost_px)
        cost = np.where(np.isfinite(aim.cost_px), cost, np.inf)
        costs = np.column_stack([best[rows], cost])
        numbers = np.column_stack([chosen[rows], np.full(len(rows), number)])
        order = np.argsort(costs, axis=1, kind="stable")[:, :MOST_PHOTOS]
        best[rows] = np.take_along_axis(costs, order, axis=1)
        chosen[rows] = np.take_along_axis(numbers, order, axis=1)
    chosen = np.where(np.isfinite(best), chosen, -1)
    return chosen, shown & (chosen < 0).all(axis=1)


def _aim(places: Places, view: View, surface: Surface, rows: NDArray[np.int64]) -> _Aim:
    """Find how a view sees some places."""
    points, normals = places.points_m[rows], places.normals[rows]
    tangents = np.column_stack([normals[:, 1], -normals[:, 0]])
    world = [
        surface.to_world_m(points + places.step_m * move)
        for move in (np.zeros_like(normals), normals, tangents)
    ]
    here, across, along = (view.project(w) for w in world)
    step_across, step_along = across - here, along - here
    with np.errstate(invalid="ignore", divide="ignore"):
        square = np.column_stack([-step_along[:, 1], step_along[:, 0]])
        square /= np.hypot(square[:, 0], square[:, 1])[:, None]
        shift_px = (square * step_across).sum(axis=1)
        square *= np.sign(shift_px)[:, None]
        incidence = _incidence_deg(view, world, step_across, step_along)
        margin = places.half_px[rows] + EDGE_PX
        size = np.array([view.width_px, view.height_px])
        fits = (here >= margin[:, None]).all(axis=1) & (here <= size - margin[:, None]).all(axis=1)
    usable = fits & (incidence <= REFUSE_DEG)
    cost = np.where(usable, np.abs(view.cost_px(world[0], here)), np.inf)
    return _Aim(
        pixels=here,
        normals=square,
        px_per_m=np.abs(shift_px) / (places.step_m * places.ground_per_map),
        incidence_deg=incidence,
        cost_px=np.where(np.isfinite(cost), cost, np.inf),
        fits=np.asarray(fits, dtype=np.bool_),
    )


def _incidence_deg(
    view: View, world: Sequence[Floats], step_across: Floats, step_along: Floats
) -> Floats:
    """Give the angle (n,) between line of sight and surface normal.

    Without a pose it is read off the mapping: a square seen at θ is narrowed by cos θ.
    """
    if view.pose is not None:
        normal = np.cross(world[1] - world[0], world[2] - world[0])
        ray = world[0] - view.pose.centre_world_m
        size = np.linalg.norm(normal, axis=1) * np.linalg.norm(ray, axis=1)
        cosine = np.abs((normal * ray).sum(axis=1)) / size
    else:
        a, c = step_across.T
        b, d = step_along.T
        mean, area = (a * a + b * b + c * c + d * d) / 2, np.abs(a * d - b * c)
        spread = np.sqrt(np.maximum(mean**2 - area**2, 0.0))
        cosine = np.sqrt(np.maximum(mean - spread, 0.0) / (mean + spread))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, 0.0, 1.0))), dtype=np.float64)


def _light(view: View, calibration: WidthCalibration) -> NDArray[np.float32]:
    """Decode a photo and turn its grey values into light."""
    grey = read_grey(view.path)
    if grey.shape != (view.height_px, view.width_px):
        raise BadPhoto(
            f"{view.path.name} decodes to {grey.shape[1]}×{grey.shape[0]} px but was registered "
            f"with {view.width_px}×{view.height_px} px; was the file exchanged?"
        )
    return light_of(grey, calibration.tone)


def _measure_view(
    found: PhotoWidths,
    places: Places,
    aim: _Aim,
    light: NDArray[np.float32],
    calibration: WidthCalibration,
    *,
    at: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    """Fill in what one photo shows at some rows and columns of the answer."""
    mm_per_px = 1000.0 / aim.px_per_m
    found.gsd_mm_per_px[at] = mm_per_px
    found.incidence_deg[at] = aim.incidence_deg
    halves = places.half_px[at[0]]
    for half in np.unique(halves):
        part = np.flatnonzero(halves == half)
        profiles = sample_profiles(light, aim.pixels[part], aim.normals[part], int(half))
        widths = measure_light(profiles, calibration, False, True)
        these = at[0][part], at[1][part]
        found.width_mm[these] = widths.width_px * mm_per_px[part]
        found.std_mm[these] = widths.std_px * mm_per_px[part]
        found.noise_mm[these] = widths.noise_px * mm_per_px[part]
        found.limit_mm[these] = widths.limit_px * mm_per_px[part]
        found.method[these] = widths.method
