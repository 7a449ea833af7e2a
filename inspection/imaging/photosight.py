"""Find the photos that see a damage, how well each sees it, and where it lies in them.

Whether something stands between camera and surface is not known: the surface has one height a place
and hides nothing of itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from inspection.imaging.ortho import View
from inspection.imaging.surface import Surface

Floats = NDArray[np.float64]

WHOLE_SHARE = 0.95
"""A photo that shows this share of an outline shows the damage as a whole."""

TIDY_PX = 0.25
"""How far a drawn outline may leave the projected one, photo pixels."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSighting:
    """Say how one photo sees a damage.

    Attributes:
        sha256: the photo.
        width_px: columns of the upright photo.
        height_px: rows of the upright photo.
        outline_px: the outline in the photo, lens distortion included; it may reach outside.
        box_px: the part of the photo that shows it, x0 y0 x1 y1, half-open.
        shown_share: share of the outline that lies in the photo.
        gsd_mm_per_px: on the surface, in the worst direction, at the anchor, or at the place
            nearest to it that the photo shows.
        incidence_deg: angle between the line of sight and square on, at the same place.
        distance_m: from the camera to that place; None where no pose is known.
        is_blurred: whether the photo was set back because it is.
    """

    sha256: str
    width_px: int
    height_px: int
    outline_px: BaseGeometry
    box_px: Box
    shown_share: float
    gsd_mm_per_px: float
    incidence_deg: float
    distance_m: float | None
    is_blurred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Say what to look at on the surface.

    Attributes:
        outline_m: polygon(s) in the CRS of the surface.
        anchor_m: one point on it.
        step_m: about the size of a mosaic pixel.
        ground_per_map: ground length ÷ map length.
    """

    outline_m: BaseGeometry
    anchor_m: tuple[float, float]
    step_m: float
    ground_per_map: float = 1.0


def sees(view: View, world_m: Floats) -> NDArray[np.bool_]:
    """Tell which world points (n, 3) lie in a photo and are not seen too flatly."""
    pixels = view.project(world_m)
    with np.errstate(invalid="ignore"):
        inside = (pixels >= 0).all(axis=1) & (pixels <= [view.width_px, view.height_px]).all(axis=1)
        seen: NDArray[np.bool_] = np.asarray(
            inside & np.isfinite(view.cost_px(world_m, pixels)), dtype=np.bool_
        )
    return seen


def sightings(look: Look, views: Iterable[View], surface: Surface) -> list[PhotoSighting]:
    """List the photos that see a damage, the best first.

    The best photo shows all of it, is sharp, and has the smallest pixels in its worst direction.
    """
    dense = shapely.segmentize(look.outline_m, 4 * look.step_m)
    points = shapely.get_coordinates(dense)
    by_distance = np.argsort(np.hypot(*(points - look.anchor_m).T), kind="stable")
    ordered = np.vstack([[look.anchor_m], points[by_distance]])
    seen = _Outline(
        dense=dense,
        world_m=surface.to_world_m(points),
        ordered_m=ordered,
        ordered_world_m=surface.to_world_m(ordered),
    )
    found = [
        sighting for view in views if (sighting := _sighting(view, seen, surface, look)) is not None
    ]
    return sorted(
        found,
        key=lambda s: (s.shown_share < WHOLE_SHARE, s.is_blurred, s.gsd_mm_per_px, s.sha256),
    )


def in_photo(view: View, points_m: Floats, surface: Surface) -> list[tuple[float, float] | None]:
    """Give the photo pixel of surface points (n, 2); None where the photo does not show them."""
    world = surface.to_world_m(points_m)
    pixels = view.project(world)
    return [
        (float(x), float(y)) if seen else None
        for (x, y), seen in zip(pixels, sees(view, world), strict=True)
    ]


def window_px(
    box_px: Box, size_px: tuple[int, int], *, ratio: float = 0.15, least_px: int = 200
) -> Box:
    """Give the part of a photo to show around a box: with a margin, no narrow strip, kept inside.

    Each side has at least ``least_px`` and half of the other, as far as the photo reaches.

    >>> window_px((10, 100, 50, 140), (3000, 2000))
    (0, 20, 200, 220)
    """
    least = max(least_px, max(box_px[2] - box_px[0], box_px[3] - box_px[1]) // 2)
    spans = []
    for low, high, most in ((box_px[0], box_px[2], size_px[0]), (box_px[1], box_px[3], size_px[1])):
        margin = max(round(ratio * (high - low)), -(-(least - (high - low)) // 2), 0)
        start = max(0, min(low - margin, most - (high - low) - 2 * margin))
        spans.append((start, min(most, max(high + margin, start + least))))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outline:
    """Carry an outline with dense corners.

    Attributes:
        dense: polygon(s) in the CRS of the surface.
        world_m: (n, 3) its corners.
        ordered_m: (n + 1, 2) the anchor, then the corners by their distance from it.
        ordered_world_m: (n + 1, 3) likewise.
    """

    dense: BaseGeometry
    world_m: Floats
    ordered_m: Floats
    ordered_world_m: Floats


def _sighting(view: View, outline: _Outline, surface: Surface, look: Look) -> PhotoSighting | None:
    """Say how one photo sees the outline; None when it does not."""
    seen = sees(view, outline.world_m)
    if not seen.any():
        return None
    pixels = view.project(outline.world_m)
    steps = look.step_m * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    for place in outline.ordered_m[sees(view, outline.ordered_world_m)]:
        triple = surface.to_world_m(place + steps)
        here, right, up = view.project(triple)
        jacobian = np.column_stack([right - here, up - here]) / (look.step_m * look.ground_per_map)
        if np.isfinite(jacobian).all():  # else at the very rim of the lens: the next place
            break
    else:
        return None
    fine, coarse = 1000.0 / np.linalg.svd(jacobian, compute_uv=False)
    incidence, distance_m = _aspect(view, triple, float(fine / coarse))
    inside = pixels[seen]
    low, high = np.floor(inside.min(axis=0)).astype(int), np.ceil(inside.max(axis=0)).astype(int)
    return PhotoSighting(
        sha256=view.sha256,
        width_px=view.width_px,
        height_px=view.height_px,
        outline_px=_drawn(outline.dense, pixels),
        box_px=(int(low[0]), int(low[1]), int(high[0]), int(high[1])),
        shown_share=float(seen.mean()),
        gsd_mm_per_px=float(coarse),
        incidence_deg=incidence,
        distance_m=distance_m,
        is_blurred=view.handicap_px > 0,
    )


def _aspect(view: View, triple: Floats, narrowing: float) -> tuple[float, float | None]:
    """Give angle of incidence and distance; without a pose by how far a square is narrowed."""
    if view.pose is None:
        return float(np.degrees(np.arccos(min(1.0, narrowing)))), None
    ray = view.pose.centre_world_m - triple[0]
    normal = np.cross(triple[1] - triple[0], triple[2] - triple[0])
    distance = float(np.linalg.norm(ray))
    cosine = abs(float(ray @ normal)) / (distance * float(np.linalg.norm(normal)))
    return float(np.degrees(np.arccos(min(1.0, cosine)))), distance


def _drawn(dense: BaseGeometry, pixels: Floats) -> BaseGeometry:
    """Bring an outline into the photo; corners beyond the lens are left out."""
    known = np.isfinite(pixels[:, 0]) & np.isfinite(pixels[:, 1])
    polygons = []
    at = 0
    for part in shapely.get_parts(dense):
        rings: list[Sequence[tuple[float, float]]] = []
        for ring in (part.exterior, *part.interiors):
            count = shapely.get_num_coordinates(ring)
            corners = pixels[at : at + count][known[at : at + count]]
            at += count
            if len(corners) >= 3:
                rings.append(corners.tolist())
        if rings:
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
    tidy = shapely.simplify(shapely.MultiPolygon(polygons), TIDY_PX)
    return tidy if isinstance(tidy, shapely.MultiPolygon) else shapely.MultiPolygon([tidy])
