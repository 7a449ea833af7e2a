"""Prove what was inspected: rasters, shares per element, and the polygons of a second flight."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely.errors import ShapelyError

from inspection.errors import BadGeometry, BadInput
from inspection.export.geojson import LOCAL_NOTE, to_geojson_frame
from inspection.export.writing import replace_text
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.geo.scale import map_scale
from inspection.imaging.album import Album
from inspection.imaging.capability import (
    CORRECTABLE_DEG,
    SMALLEST_PX,
    Capability,
    Inspected,
    PhotoGrade,
    grade_photos,
    grey_of,
    map_capability,
    read_tiles,
)
from inspection.imaging.cog import new_cog
from inspection.imaging.ortho import View, frame_grid
from inspection.imaging.surface import Surface
from inspection.pipeline.ports import Progress

CELL_M = 0.05
MAX_CELLS = 16_000_000
CAPABILITY_FILE, INSPECTED_FILE = "capability.tif", "inspected.tif"
GAPS_FILE, SUMMARY_FILE = "gaps.geojson", "capability.json"
BANDS = ("width_min_um", "gsd_um_per_px", "blur_px_x100", "incidence_deg_x100", "light")
UNABLE = 65535
"""Value of the first band where a photo sees but none could measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Name a part of the surface, in the CRS of the map."""

    name: str
    outline_m: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Say how much of an element was inspected, in per cent of its area."""

    element: str
    area_m2: float
    yes_percent: float
    no_percent: float
    not_seen_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Carry what was proved.

    Attributes:
        capability: the map.
        inspected: (rows, columns) codes of ``Inspected`` at the wanted width.
        shares: per element.
        gaps: polygons of "no" and "not seen", with the code and element, in the CRS of the map.
        width_mm: the wanted width.
    """

    capability: Capability
    inspected: NDArray[np.uint8]
    shares: tuple[Share, ...]
    gaps: tuple[tuple[str, Inspected, shapely.Geometry], ...]
    width_mm: float


def prove(
    views: Sequence[View],
    surface: Surface,
    crs: str,
    *,
    width_mm: float,
    progress: Progress,
    elements: Sequence[Element] = (),
    cell_m: float = CELL_M,
    max_incidence_deg: float = CORRECTABLE_DEG,
) -> Proof:
    """Map what the photos could have measured and answer for one crack width.

    Without elements the surface asked about is the convex hull of all that any photo sees.

    Raises:
        BadInput: when the width, the cell or the limit of incidence is unusable.
        BadGeometry: when an element lies outside of the map.
        BadPhoto: when a photo can no longer be decoded.
    """
    if not cell_m > 0:
        raise BadInput(f"a cell must be larger than 0 m, got {cell_m} m")
    grid = _grid(views, surface, crs, cell_m, elements)
    grades = _grades(views, surface, grid, progress)
    progress.start("map capability", len(views))
    middle = grid.to_surface([[grid.width_px / 2, grid.height_px / 2]])[0]
    capability = map_capability(
        views,
        surface,
        grid,
        grades.__getitem__,
        max_incidence_deg=max_incidence_deg,
        ground_per_map=1.0 / map_scale(crs, float(middle[0]), float(middle[1])).linear,
        on_view=lambda done, total: progress.advance(),
    )
    return answer(capability, width_mm=width_mm, elements=elements)


def _grades(
    views: Sequence[View], surface: Surface, grid: PixelGrid, progress: Progress
) -> dict[int, PhotoGrade]:
    """Grade the photos whose footprint reaches the map, by number; each is decoded once."""
    corners = [[0, 0], [grid.width_px, grid.height_px]]
    low, high = np.sort(grid.to_surface(corners), axis=0)
    album, readings, sizes = Album(views), {}, {}
    progress.start("read blur and light", len(views))
    for number, view in enumerate(views):
        outline = view.footprint_surface_m(surface)
        if (outline.max(axis=0) >= low).all() and (outline.min(axis=0) <= high).all():
            readings[number] = read_tiles(grey_of(album.photo(number)))
            area_m2 = float(shapely.Polygon(outline).area)
            sizes[number] = 1000 * float(np.sqrt(area_m2 / (view.width_px * view.height_px)))
        progress.advance()
    graded = grade_photos(list(readings.values()), list(sizes.values()))
    return dict(zip(readings, graded, strict=True))


def answer(capability: Capability, *, width_mm: float, elements: Sequence[Element] = ()) -> Proof:
    """Answer "inspected at this width?" for each element of a map."""
    grid = capability.grid
    asked = tuple(elements) or (Element(name="all", outline_m=_seen_hull(capability)),)
    inspected = np.zeros((grid.height_px, grid.width_px), dtype=np.uint8)
    shares, gaps = [], []
    for element in asked:
        inside = _inside(element.outline_m, grid)
        if not inside.any():
            raise BadGeometry(
                f"element {element.name!r} covers no cell of the map; check its CRS and outline"
            )
        codes = capability.inspected(width_mm, inside)
        inspected = np.where(inside, codes, inspected)
        shares.append(_share(element, codes, inside))
        gaps += [
            (element.name, code, shape)
            for code in (Inspected.NO, Inspected.NOT_SEEN)
            for shape in _polygons(codes == code, grid)
        ]
    return Proof(
        capability=capability,
        inspected=inspected.astype(np.uint8),
        shares=tuple(shares),
        gaps=tuple(gaps),
        width_mm=width_mm,
    )


def write_proof(proof: Proof, out: Path) -> None:
    """Write capability.tif, inspected.tif, gaps.geojson and capability.json into a folder.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    capability, grid = proof.capability, proof.capability.grid
    out.mkdir(parents=True, exist_ok=True)
    with new_cog(out / CAPABILITY_FILE, grid, bands=len(BANDS), dtype="uint16") as canvas:
        canvas.paint(_bands(capability), x_px=0, y_px=0)
    with new_cog(out / INSPECTED_FILE, grid, bands=1, dtype="uint8", categorical=True) as canvas:
        canvas.paint(proof.inspected, x_px=0, y_px=0)
    replace_text(out / GAPS_FILE, json.dumps(gaps_collection(proof), ensure_ascii=False) + "\n")
    text = json.dumps(summary(proof), ensure_ascii=False, indent=2)
    replace_text(out / SUMMARY_FILE, text + "\n")


def summary(proof: Proof) -> dict[str, Any]:
    """Give the answer as plain values."""
    grid = proof.capability.grid
    return {
        "width_mm": proof.width_mm,
        "cell_m": grid.gsd_m_per_px,
        "crs": grid.crs,
        "codes": {code.name.lower(): int(code) for code in Inspected},
        "bands": list(BANDS),
        "gaps": len(proof.gaps),
        "elements": [
            {
                "element": share.element,
                "area_m2": round(share.area_m2, 3),
                "inspected_percent": round(share.yes_percent, 2),
                "not_at_this_width_percent": round(share.no_percent, 2),
                "not_seen_percent": round(share.not_seen_percent, 2),
            }
            for share in proof.shares
        ],
    }


def gaps_collection(proof: Proof) -> dict[str, Any]:
    """Give the gaps as GeoJSON: lon/lat, or local metres when nothing ties the map to the earth.

    ``gsd_needed_mm_per_px`` is what a sharp, square-on second flight needs.
    """
    crs = proof.capability.grid.crs
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    if crs == LOCAL_CRS:
        collection |= {"tenken:crs": LOCAL_CRS, "tenken:note": LOCAL_NOTE}
    collection["features"] = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(to_geojson_frame(shape, crs)),
            "properties": {
                "element": name,
                "reason": code.name.lower(),
                "area_m2": round(float(shape.area), 4),
                "width_mm": proof.width_mm,
                "gsd_needed_mm_per_px": round(proof.width_mm / SMALLEST_PX, 4),
                "map_crs": crs,
            },
        }
        for name, code, shape in proof.gaps
    ]
    return collection


def read_elements(path: Path, crs: str) -> tuple[Element, ...]:
    """Read elements from GeoJSON polygons in lon/lat, or in local metres for a local map.

    The name is the property ``element_id``, ``name`` or the ``id`` of the feature.

    Raises:
        BadInput: when the file cannot be read or holds no polygon.
        BadGeometry: when a polygon is broken.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8-sig"))
        features = plain["features"]
        local = plain.get("tenken:crs") == LOCAL_CRS
        shapes = [shapely.geometry.shape(f["geometry"]) for f in features]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        raise BadInput(f"{path.name} is no GeoJSON feature collection: {error!r}") from error
    if local != (crs == LOCAL_CRS):
        raise BadInput(
            f"{path.name} is in {'local metres' if local else 'lon/lat'} but the map is in {crs}; "
            'state "tenken:crs": "LOCAL" for a local map, and lon/lat for any other'
        )
    found = []
    for number, (feature, shape) in enumerate(zip(features, shapes, strict=True), start=1):
        given = feature.get("properties")
        given = given if isinstance(given, dict) else {}
        name = str(given.get("element_id") or given.get("name") or feature.get("id") or number)
        polygon = shape.geom_type in {"Polygon", "MultiPolygon"}
        if not polygon or shape.is_empty or not shape.is_valid:
            raise BadGeometry(f"element {name!r} of {path.name} is no valid polygon")
        moved = shape if local else shapely.transform(shape, lambda p: to_crs(p, WGS84_LONLAT, crs))
        if not np.all(np.isfinite(moved.bounds)):
            raise BadGeometry(
                f"element {name!r} of {path.name} lies outside of {crs}, at "
                f"{shape.bounds[0]:g}, {shape.bounds[1]:g}; are longitude and latitude swapped?"
            )
        found.append(Element(name=name, outline_m=moved))
    if not found:
        raise BadInput(f"{path.name} holds no polygon; draw one for each element")
    return tuple(found)


def _grid(
    views: Sequence[View], surface: Surface, crs: str, cell_m: float, elements: Sequence[Element]
) -> PixelGrid:
    """Lay cells over the elements, or over all that the photos see."""
    if elements:
        west, south, east, north = shapely.union_all([e.outline_m for e in elements]).bounds
        left, top = np.floor(west / cell_m) * cell_m, np.ceil(north / cell_m) * cell_m
        width = int(np.ceil((east - left) / cell_m - 1e-9))
        height = int(np.ceil((top - south) / cell_m - 1e-9))
        grid = PixelGrid.north_up(
            left_m=float(left),
            top_m=float(top),
            gsd_m_per_px=cell_m,
            width_px=max(width, 1),
            height_px=max(height, 1),
            crs=crs,
        )
    else:
        grid = frame_grid(views, surface, gsd_m_per_px=cell_m, crs=crs)
    if grid.width_px * grid.height_px > MAX_CELLS:
        raise BadInput(
            f"the map would have {grid.width_px}×{grid.height_px} cells of {cell_m} m; "
            f"choose larger cells, at most {MAX_CELLS} in all"
        )
    return grid


def _transform(grid: PixelGrid) -> Affine:
    m = grid.surface_from_px
    return Affine(m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2])


def _inside(outline: shapely.Geometry, grid: PixelGrid) -> NDArray[np.bool_]:
    """Mark the cells whose middle lies in an outline."""
    inside = rasterio.features.geometry_mask(
        [outline], (grid.height_px, grid.width_px), _transform(grid), invert=True
    )
    return np.asarray(inside, dtype=np.bool_)


def _seen_hull(capability: Capability) -> shapely.Geometry:
    """Give the convex hull of all cells that any photo sees."""
    rows, columns = np.nonzero(capability.views)
    if not len(rows):
        raise BadInput("no photo sees the surface; check positions and the map's CRS")
    corners = [(columns + dx, rows + dy) for dx in (0, 1) for dy in (0, 1)]
    pixels = np.concatenate([np.column_stack(corner) for corner in corners])
    return shapely.multipoints(capability.grid.to_surface(pixels)).convex_hull


def _share(element: Element, codes: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Share:
    count = np.bincount(codes[inside], minlength=4) * 100.0 / inside.sum()
    return Share(
        element=element.name,
        area_m2=float(element.outline_m.area),
        yes_percent=float(count[Inspected.YES]),
        no_percent=float(count[Inspected.NO]),
        not_seen_percent=float(count[Inspected.NOT_SEEN]),
    )


def _polygons(mask: NDArray[np.bool_], grid: PixelGrid) -> list[shapely.Geometry]:
    """Give the outlines of the connected cells of a mask."""
    found = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=_transform(grid))
    return [shapely.geometry.shape(shape) for shape, _ in found]


def _bands(capability: Capability) -> NDArray[np.uint16]:
    """Pack the map into whole numbers, (rows, columns, 5); 0 where nothing sees."""
    seen = capability.views > 0
    width = np.where(np.isfinite(capability.width_min_mm), capability.width_min_mm * 1000, UNABLE)
    layers = (
        width,
        capability.gsd_mm_per_px * 1000,
        capability.blur_px * 100,
        capability.incidence_deg * 100,
        capability.light,
    )
    packed = [
        np.where(seen, np.clip(np.rint(np.nan_to_num(layer)), 1, UNABLE), 0) for layer in layers
    ]
    return np.stack(packed, axis=2).astype(np.uint16)
