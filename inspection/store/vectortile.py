"""Encode a vector tile where the database cannot.

The format is small: commands and zigzag numbers inside a protocol buffer. It is written out here
because the library for it demands a protocol-buffers runtime older than the one onnx needs (record
48); tests read every tile back with GDAL.

Source: Mapbox Vector Tile specification 2.1; Protocol Buffers encoding, wire types 0, 1 and 2.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row

from inspection.store.spatial import Box

POINT, LINE, POLYGON = 1, 2, 3
"""Kinds of geometry, by the numbers of the specification."""

KINDS = {
    "Point": POINT,
    "MultiPoint": POINT,
    "LineString": LINE,
    "MultiLineString": LINE,
    "Polygon": POLYGON,
    "MultiPolygon": POLYGON,
}
MOVE, DRAW, CLOSE = 1, 2, 7
VERSION = 2

Value = str | bool | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Describe a feature.

    Attributes:
        number: identifies it within the layer.
        shapes: how it may be drawn, surface metres, best first; the first that leaves something on
            the tile is taken.
        properties: plain values; what is None is left out.
    """

    number: int
    shapes: Sequence[BaseGeometry]
    properties: Mapping[str, Value | None]


def shapes(row: Row[Any], *, is_point: bool, tolerance_m: float) -> list[BaseGeometry]:
    """List how a defect may be drawn: outline, centre line, a point on it; or a point only."""
    if is_point:
        return [shapely.Point((row.x0_m + row.x1_m) / 2, (row.y0_m + row.y1_m) / 2)]
    outline = shapely.make_valid(shapely.from_wkb(row.outline_surface))
    found = [shapely.simplify(outline, tolerance_m)]
    if row.axis_surface is not None:
        found.append(shapely.from_wkb(row.axis_surface))
    return [*found, shapely.Point(row.anchor_x_m, row.anchor_y_m)]


def encode(drawn: Iterable[Drawn], *, layer: str, box_m: Box, extent: int, buffer: int) -> bytes:
    """Encode features as the only layer of a tile; no bytes when none of them lies on it.

    Args:
        drawn: the features, in the order in which they are to be drawn.
        layer: name of the layer.
        box_m: left, bottom, right, top of the tile on the surface.
        extent: units along the side of the tile.
        buffer: units beyond the side that lines and areas keep; points keep none.
    """
    names: dict[str, int] = {}
    values: dict[tuple[type, Value], int] = {}
    features = bytearray()
    for one in drawn:
        shape = _placed(one.shapes, box_m, extent, buffer)
        if shape is None:
            continue
        tags = [
            number
            for name, value in one.properties.items()
            if value is not None
            for number in (
                names.setdefault(name, len(names)),
                # True equals 1, and is not the same value
                values.setdefault((type(value), value), len(values)),
            )
        ]
        features += _field(
            2,
            _number(1, one.number)
            + _field(2, _packed(tags))
            + _number(3, KINDS[shape.geom_type])
            + _field(4, _packed(_commands(shape))),
        )
    if not features:
        return b""
    content = _field(1, layer.encode()) + bytes(features)
    content += b"".join(_field(3, name.encode()) for name in names)
    content += b"".join(_field(4, _value(value)) for _, value in values)
    return _field(3, content + _number(5, extent) + _number(15, VERSION))


def _placed(
    candidates: Sequence[BaseGeometry], box_m: Box, extent: int, buffer: int
) -> BaseGeometry | None:
    """Give the first shape that leaves something on the tile, in whole units, y down."""
    left, _, _, top = box_m
    scale = extent / (box_m[2] - left)
    for shape in candidates:
        kind = KINDS.get(shape.geom_type, POLYGON)
        window = shapely.box(-buffer, -buffer, extent + buffer, extent + buffer)
        units = shapely.transform(
            shape, lambda xy: np.column_stack([(xy[:, 0] - left), (top - xy[:, 1])]) * scale
        )
        if kind == POINT and not (0 <= units.x < extent and 0 <= units.y < extent):
            continue  # on a seam, one of the two tiles has it
        inside = shapely.set_precision(shapely.intersection(units, window), 1.0)
        parts = [part for part in _parts(inside) if KINDS[part.geom_type] == kind]
        if parts:
            joined = shapely.union_all(parts)
            return joined if not joined.is_empty else None
    return None


def _parts(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    """Walk the simple parts of a shape that are not empty."""
    for part in shapely.get_parts(shape):
        if hasattr(part, "geoms"):
            yield from _parts(part)
        elif not part.is_empty:
            yield part


def _commands(shape: BaseGeometry) -> list[int]:
    """Write a shape in whole units as commands, each point by its way from the one before."""
    commands: list[int] = []
    at = (0, 0)
    for line, closes in _lines(shape):
        points = [(round(x), round(y)) for x, y in line]
        first, rest = points[0], points[1:]
        commands.append(MOVE | 1 << 3)
        for i, point in enumerate((first, *rest)):
            if i == 1:
                commands.append(DRAW | len(rest) << 3)
            commands += [_zigzag(point[0] - at[0]), _zigzag(point[1] - at[1])]
            at = point
        if closes:
            commands.append(CLOSE | 1 << 3)
    return commands


def _lines(shape: BaseGeometry) -> Iterator[tuple[Sequence[tuple[float, float]], bool]]:
    """Walk the lines of a shape; rings without their last point, outer ones clockwise as seen."""
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon":
            yield part.coords, False
            continue
        # y counts downwards, so that what shapely takes for counter-clockwise is seen clockwise
        turned = shapely.geometry.polygon.orient(part, sign=1.0)
        for ring in (turned.exterior, *turned.interiors):
            yield ring.coords[:-1], True


def _zigzag(number: int) -> int:
    """Fold a signed number into an unsigned one.

    >>> [_zigzag(n) for n in (0, -1, 1, -2)]
    [0, 1, 2, 3]
    """
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    """Write an unsigned number, seven bits a byte, the lowest first.

    >>> _varint(300).hex()
    'ac02'
    """
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _packed(numbers: Iterable[int]) -> bytes:
    return b"".join(map(_varint, numbers))


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        return _field(1, value.encode())
    if isinstance(value, bool):
        return _number(7, int(value))
    if isinstance(value, int):
        return _number(6, _zigzag(value))
    return _varint(3 << 3 | 1) + struct.pack("<d", value)
