"""Write defects and a work list as a GeoPackage: layers ``defects`` and ``worklist``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from inspection.domain.defect import Defect
from inspection.domain.workorder import WorkList
from inspection.errors import BadInput, Unavailable
from inspection.export.cells import Cell
from inspection.export.table import COLUMNS
from inspection.export.writing import replacing
from inspection.geo.grid import LOCAL_CRS

UNDEFINED_CARTESIAN = (
    'ENGCRS["Tenken local frame",EDATUM["Local"],CS[Cartesian,2],'
    'AXIS["x",east,ORDER[1]],AXIS["y",north,ORDER[2]],LENGTHUNIT["metre",1]]'
)
"""CRS of a local frame: metres on a plane that nothing ties to the earth."""


def write_gpkg(defects: Sequence[Defect], work_list: WorkList, path: Path) -> None:
    """Write the outlines of defects and the rows of a work list, both in the CRS of the mosaic.

    Args:
        defects: the defects of one CRS; those that are not in the list have no rank.
        work_list: the list; its rows are points.
        path: where; the file is complete or not there.

    Raises:
        BadInput: when the defects have several CRS.
        Unavailable: when the file cannot be written.
    """
    systems = {defect.latest.surface_crs for defect in defects}
    systems |= {row.surface_crs for row in work_list.rows}
    if len(systems) > 1:
        raise BadInput(f"one GeoPackage needs one CRS, got {sorted(systems)}; write one for each")
    crs = next(iter(systems), LOCAL_CRS)
    ordered = sorted(defects, key=lambda defect: str(defect.defect_id))
    outlines = [_polygons(defect.latest.outline_surface_m) for defect in ordered]
    points = [shapely.Point(row.x_m, row.y_m) for row in work_list.rows]
    table = {column.name: [column.value(row) for row in work_list.rows] for column in COLUMNS}
    with replacing(path) as temporary:
        temporary.unlink()  # the driver adds to a file that is there
        _write_layer(temporary, "defects", outlines, _attributes(ordered, work_list), crs)
        _write_layer(temporary, "worklist", points, table, crs)


def _polygons(outline: shapely.Geometry) -> shapely.Geometry:
    """Make every outline a multipolygon: a layer has one type."""
    return outline if isinstance(outline, shapely.MultiPolygon) else shapely.MultiPolygon([outline])


def _attributes(defects: Sequence[Defect], work_list: WorkList) -> dict[str, list[Cell]]:
    """Give the attributes of the defects' layer, by column."""
    rank = {row.defect_id: row.rank for row in work_list.rows}
    return {
        "defect_id": [str(defect.defect_id) for defect in defects],
        "asset_id": [defect.asset_id for defect in defects],
        "rank": [rank.get(defect.defect_id) for defect in defects],
        "damage_class": [(d.damage_class_reviewed or d.damage_class).value for d in defects],
        "state": [defect.state.value for defect in defects],
        "confidence": [round(defect.latest.confidence, 4) for defect in defects],
        "area_m2": [defect.latest.measurement.area_m2.value for defect in defects],
        "survey_id": [str(defect.latest.survey_id) for defect in defects],
    }


def _write_layer(
    path: Path,
    layer: str,
    shapes: Sequence[shapely.Geometry],
    table: dict[str, list[Cell]],
    crs: str,
) -> None:
    """Write one layer."""
    columns = [_array(cells) for cells in table.values()]
    try:
        pyogrio.raw.write(
            path,
            geometry=np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object),
            field_data=[values for values, _ in columns],
            field_mask=[mask for _, mask in columns],
            fields=list(table),
            layer=layer,
            driver="GPKG",
            geometry_type="MultiPolygon" if layer == "defects" else "Point",
            crs=UNDEFINED_CARTESIAN if crs == LOCAL_CRS else crs,
            append=path.exists(),
        )
    except (DataSourceError, DataLayerError) as error:
        raise Unavailable(f"cannot write layer {layer!r} of {path.name}: {error}") from error


def _array(cells: Sequence[Cell]) -> tuple[NDArray[np.generic], NDArray[np.bool_] | None]:
    """Give a column and the mask of its unknown cells."""
    unknown = np.array([cell is None for cell in cells], dtype=bool)
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in known) or not known:
        return np.array(["" if c is None else str(c) for c in cells], dtype=object), unknown
    if all(isinstance(cell, int) for cell in known):
        return np.array([c or 0 for c in cells], dtype=np.int64), unknown
    return np.array([c or 0.0 for c in cells], dtype=np.float64), unknown
