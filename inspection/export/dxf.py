"""Draw the damage of one face or deck as a DXF file that CAD programs open; ezdxf lives here only.

Model space is metres in the CRS of the mosaic, x east and y north (mathematical order), or the
local frame. Each type of damage has a layer; what nobody has confirmed lies on a layer of its own,
dashed, so that it can be switched off.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from inspection.errors import BadInput
from inspection.export.writing import replacing
from inspection.geo.grid import LOCAL_CRS

if TYPE_CHECKING:  # ezdxf takes as long to import as the web framework, and few draw a map
    from ezdxf.document import Drawing
    from ezdxf.layouts import Modelspace

APP_ID = "TENKEN"
"""Name under which the identifier of a damage travels with its lines (extended data)."""

STYLE = "JAPANESE"
FONT_FILE = "msgothic.ttc"
"""Font that Japanese CAD programs have; others substitute their own."""

LABEL_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class MapItem:
    """Carry one damage as it is drawn.

    Attributes:
        defect_id: its identifier.
        label: what stands beside it, such as ``1 ⑥ひびわれ-d w=0.40``.
        kind: name of its type, the layer.
        colour: ``#RRGGBB``.
        confirmed: a person has confirmed it.
        outline_m: polygon(s) in the CRS of the map.
        axis_m: centre line(s) of a linear damage.
        anchor_m: where the label belongs.
    """

    defect_id: str
    label: str
    kind: str
    colour: str
    confirmed: bool
    outline_m: shapely.Geometry
    axis_m: shapely.Geometry | None
    anchor_m: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageMap:
    """Carry a face or deck with its damage.

    Attributes:
        title: words of the title block, one a line.
        crs: CRS of the coordinates, or ``LOCAL``.
        corners_m: (4, 2) corners of the photographed surface, None when unknown.
        items: the damage.
        unconfirmed: word of the layers of what nobody has confirmed.
    """

    title: Sequence[str]
    crs: str
    corners_m: Sequence[tuple[float, float]] | None
    items: Sequence[MapItem]
    unconfirmed: str = "未確認"


def write_dxf(drawn: DamageMap, path: Path) -> None:
    """Write a damage map as DXF R2010 (AC1024, UTF-8), units metres.

    Raises:
        BadInput: when there is nothing to draw on: no damage and no surface.
        Unavailable: when the folder cannot be written.
    """
    import ezdxf  # noqa: PLC0415

    size_m = _text_height_m(drawn)
    document = ezdxf.new("R2010", setup=["linetypes"])
    document.header["$INSUNITS"] = 6  # metres
    document.header["$MEASUREMENT"] = 1
    document.appids.add(APP_ID)
    document.styles.add(STYLE, font=FONT_FILE)
    space = document.modelspace()
    for item in drawn.items:
        _draw(document, space, item, size_m, drawn.unconfirmed)
    _frame(document, space, drawn, size_m)
    with replacing(path) as temporary:
        document.saveas(temporary)


def layer_name(kind: str, confirmed: bool, unconfirmed: str = "未確認") -> str:
    r"""Name the layer of a type of damage, without the characters that DXF forbids.

    Source: Autodesk DXF reference, "Symbol names": ``<>/\":;?*|=`` and the backquote.

    >>> layer_name("剥離/欠損", False)
    'DMG_剥離_欠損_未確認'
    """
    plain = "".join("_" if char in '<>/\\":;?*|=`,' or ord(char) < 32 else char for char in kind)
    return f"DMG_{plain[:80]}" + ("" if confirmed else f"_{unconfirmed}")


def plain_text(text: str, most: int = LABEL_MAX) -> str:
    r"""Give a text that a CAD program shows as it stands, and not as codes of its own.

    ``%%`` begins a code of TEXT entities and ``\`` one of MTEXT; a caret is a control character.

    >>> plain_text("100%%d \\P^M\nx")
    '100％％d ＼P＾M x'
    """
    wide = text.translate({0x25: 0xFF05, 0x5C: 0xFF3C, 0x5E: 0xFF3E})
    seen = "".join(char for char in wide if ord(char) >= 32 or char.isspace())
    clean = " ".join(seen.split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _draw(
    document: "Drawing", space: "Modelspace", item: MapItem, size_m: float, unconfirmed: str
) -> None:
    """Draw one damage on its layer."""
    layer = layer_name(item.kind, item.confirmed, unconfirmed)
    if layer not in document.layers:
        made = document.layers.add(layer, linetype="CONTINUOUS" if item.confirmed else "DASHED")
        made.rgb = _rgb(item.colour)
    tag = [(1000, item.defect_id)]
    lines = _rings(item.outline_m) if item.axis_m is None else _lines(item.axis_m)
    for points, closed in lines:
        line = space.add_lwpolyline(points, close=closed, dxfattribs={"layer": layer})
        line.set_xdata(APP_ID, tag)
    text = space.add_text(
        plain_text(item.label),
        height=size_m,
        dxfattribs={"layer": layer, "style": STYLE},
    )
    text.set_placement((item.anchor_m[0] + size_m, item.anchor_m[1] + size_m))
    text.set_xdata(APP_ID, tag)


Points = list[tuple[float, float]]


def _rings(outline: shapely.Geometry) -> list[tuple[Points, bool]]:
    """List the rings of all polygons, closed."""
    rings = [ring for polygon in shapely.get_parts(outline) for ring in shapely.get_rings(polygon)]
    return [(_points(ring)[:-1], True) for ring in rings]


def _lines(axis: shapely.Geometry) -> list[tuple[Points, bool]]:
    """List the centre lines, open."""
    return [(_points(line), False) for line in shapely.get_parts(axis)]


def _points(line: shapely.Geometry) -> Points:
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(line)]


def _frame(document: "Drawing", space: "Modelspace", drawn: DamageMap, size_m: float) -> None:
    """Draw the surface, the title block, the scale bar and north."""
    for name in ("FRAME", "TITLE"):
        document.layers.add(name, color=7)
    west, south, east, north = _bounds(drawn)
    if drawn.corners_m is not None:
        space.add_lwpolyline(list(drawn.corners_m), close=True, dxfattribs={"layer": "FRAME"})
    line_m = size_m * 1.8
    where = "local metres" if drawn.crs == LOCAL_CRS else drawn.crs
    for number, words in enumerate([*drawn.title, where]):
        _write(space, words, (west, north + line_m * (len(drawn.title) + 1 - number)), size_m * 1.2)
    bar_m = _round_length(max(east - west, north - south) / 5)
    base = south - line_m * 2
    space.add_lwpolyline(
        [
            (west, base + size_m / 2),
            (west, base),
            (west + bar_m, base),
            (west + bar_m, base + size_m / 2),
        ],
        dxfattribs={"layer": "FRAME"},
    )
    _write(space, f"{bar_m:g} m", (west + bar_m + size_m, base), size_m)
    if drawn.crs != LOCAL_CRS:
        x, length = west + bar_m + size_m * 12, line_m * 2
        space.add_line((x, base), (x, base + length), dxfattribs={"layer": "FRAME"})
        space.add_solid(
            [
                (x - size_m / 2, base + length),
                (x + size_m / 2, base + length),
                (x, base + length + size_m),
            ],
            dxfattribs={"layer": "FRAME"},
        )
        _write(space, "N", (x - size_m / 3, base + length + size_m * 1.3), size_m)


def _write(space: "Modelspace", words: str, at: tuple[float, float], size_m: float) -> None:
    from ezdxf.enums import TextEntityAlignment  # noqa: PLC0415

    text = space.add_text(
        plain_text(words), height=size_m, dxfattribs={"layer": "TITLE", "style": STYLE}
    )
    text.set_placement(at, align=TextEntityAlignment.LEFT)


def _bounds(drawn: DamageMap) -> tuple[float, float, float, float]:
    shapes = [item.outline_m for item in drawn.items]
    if drawn.corners_m is not None:
        shapes.append(shapely.Polygon(drawn.corners_m))
    if not shapes:
        raise BadInput("a damage map needs a surface or at least one damage; there is neither")
    west, south, east, north = np.asarray(shapely.total_bounds(shapes)).tolist()
    return west, south, east, north


def _text_height_m(drawn: DamageMap) -> float:
    """Give the height of texts: readable when the whole map is printed on A3, 2.5 mm of 380."""
    west, south, east, north = _bounds(drawn)
    return max(0.002, max(east - west, north - south) * 2.5 / 380)


def _round_length(length_m: float) -> float:
    """Give the largest of 1, 2, 5 · 10ⁿ that is not longer.

    >>> _round_length(0.74), _round_length(12.0)
    (0.5, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(max(length_m, 1e-3)))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= max(length_m, 1e-3))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
