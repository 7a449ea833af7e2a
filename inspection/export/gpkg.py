"""Write defects and a work list as a GeoPackage: layers ``defects`` and ``worklist``."""

from collections.abc import Sequence
from pathlib import Path

import shapely

from inspection.domain.defect import Defect
from inspection.domain.workorder import WorkList
from inspection.errors import BadInput
from inspection.export.cells import Cell
from inspection.export.gpkgfile import Layer, write_layers
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
    layers = [
        Layer(
            name="defects",
            kind="MultiPolygon",
            shapes=outlines,
            table=_attributes(ordered, work_list),
        ),
        Layer(name="worklist", kind="Point", shapes=points, table=table),
    ]
    with replacing(path) as temporary:
        temporary.unlink()  # the driver adds to a file that is there
        write_layers(temporary, layers, crs=UNDEFINED_CARTESIAN if crs == LOCAL_CRS else crs)


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
