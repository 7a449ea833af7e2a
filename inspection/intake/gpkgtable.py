"""Read one layer of a GeoPackage."""

from pathlib import Path

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from inspection.errors import BadInput
from inspection.geo.frames import WGS84_LONLAT
from inspection.intake.jsontable import LAT, LON, position_cells
from inspection.intake.table import Table, TableRow
from inspection.intake.vectorfile import check_vector_file, why


def read_gpkg(path: Path, *, layer: str | None = None) -> Table:
    """Read a layer, the first unless named; positions become WGS 84.

    Raises:
        BadInput: when the file or the layer cannot be read.
    """
    check_vector_file(path, path.name)
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        if layer is not None and layer not in layers:
            raise BadInput(f"{path.name} has no layer {layer!r}; it has {layers}")
        chosen = layer or layers[0]
        meta, _, geometry, columns = pyogrio.raw.read(path, layer=chosen)
    except (DataSourceError, DataLayerError, IndexError) as error:
        words = why(error, path, path.name)
        raise BadInput(f"{path.name} is no GeoPackage that can be read: {words}") from error
    names = [str(name) for name in meta["fields"]]
    shapes = [None] * len(columns[0] if columns else []) if geometry is None else geometry
    rows = []
    for number, wkb in enumerate(shapes):
        cells = tuple(_text(column[number]) for column in columns)
        try:
            shape = None if wkb is None else shapely.from_wkb(wkb)
            place = position_cells(shape, str(meta["crs"] or WGS84_LONLAT))
        except (BadInput, shapely.errors.ShapelyError) as error:
            rows.append(TableRow(line=number + 1, cells=(), broken=str(error)))
            continue
        rows.append(
            TableRow(line=number + 1, cells=(*cells, place.get(LAT, ""), place.get(LON, "")))
        )
    return Table(
        name=path.name,
        form="GeoPackage",
        unit="feature",
        heading=(*names, LAT, LON),
        heading_line=0,
        rows=tuple(rows),
        facts={"layer": chosen, "layers": ", ".join(layers)},
    )


def _text(value: object) -> str:
    """Give an attribute as the text of a cell; NaN and NaT mean unknown."""
    if value is None:
        return ""
    if isinstance(value, np.bool_ | bool):
        return "true" if value else "false"
    if isinstance(value, np.floating | float):
        number = float(value)
        return "" if np.isnan(number) else str(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value)
    return str(value)
