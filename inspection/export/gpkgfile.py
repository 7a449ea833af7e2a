"""Write layers and tables into a GeoPackage; pyogrio's writing is called here only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from inspection.errors import Unavailable
from inspection.export.cells import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Carry one layer, or a table without geometry.

    Attributes:
        name: of the layer.
        table: cells by column; all columns are equally long.
        kind: type of the geometries; empty for a table.
        shapes: geometries, one a row; None where a row has no place.
    """

    name: str
    table: Mapping[str, Sequence[Cell]]
    kind: str = ""
    shapes: Sequence[shapely.Geometry | None] = field(default_factory=tuple)


def write_layers(path: Path, layers: Sequence[Layer], *, crs: str) -> None:
    """Write layers into a new GeoPackage.

    Args:
        path: a name that no file has yet.
        layers: at least one.
        crs: of the geometries.

    Raises:
        Unavailable: when a layer cannot be written.
    """
    for layer in layers:
        columns = [column_array(cells) for cells in layer.table.values()]
        shapes = np.array([shapely.to_wkb(shape) for shape in layer.shapes], dtype=object)
        try:
            pyogrio.raw.write(
                path,
                geometry=shapes if layer.kind else None,
                field_data=[values for values, _ in columns],
                field_mask=[mask for _, mask in columns],
                fields=list(layer.table),
                layer=layer.name,
                driver="GPKG",
                geometry_type=layer.kind or None,
                crs=crs if layer.kind else None,
                append=path.exists(),
            )
        except (DataSourceError, DataLayerError) as error:
            raise Unavailable(
                f"cannot write layer {layer.name!r} of {path.name}: {error}"
            ) from error


def column_array(cells: Sequence[Cell]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Give a column and the mask of its unknown cells.

    >>> column_array([1, None])[1].tolist()
    [False, True]
    """
    unknown = np.array([cell is None for cell in cells], dtype=bool)
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, str) for cell in known) or not known:
        return np.array(["" if c is None else str(c) for c in cells], dtype=object), unknown
    if all(isinstance(cell, int) for cell in known):
        return np.array([c or 0 for c in cells], dtype=np.int64), unknown
    return np.array([c or 0.0 for c in cells], dtype=np.float64), unknown
