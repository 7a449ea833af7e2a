"""Draw outlines and numbers into the pixels of a picture, for documents that hold no drawing."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_NUMBER = r"(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)"
_POINT = re.compile(f"([ML]){_NUMBER} {_NUMBER}|(Z)")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """Carry one outline as SVG path data (M, L, Z only), its colour and its number."""

    path: str
    colour: str
    label: str = ""
    at_px: Point = (0.0, 0.0)


def burn(
    content: bytes, strokes: Sequence[Stroke], *, offset_px: Point = (0.0, 0.0), quality: int = 85
) -> bytes:
    """Draw strokes over an encoded picture; gives JPEG.

    Args:
        content: the picture.
        strokes: in pixels of the picture after ``offset_px`` is taken off.
        offset_px: left and top of the picture.
        quality: of the JPEG.
    """
    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    draw = ImageDraw.Draw(picture)
    thick = max(1, round(max(picture.size) / 500))
    for stroke in strokes:
        for ring in rings(stroke.path):
            moved = [(x - offset_px[0], y - offset_px[1]) for x, y in ring]
            draw.line(moved, fill=stroke.colour, width=thick)
    size = max(12.0, max(picture.size) / 55)
    font = ImageFont.load_default(size)
    for stroke in strokes:
        if stroke.label:
            x, y = stroke.at_px
            box = (x - size * 0.8, y - size * 0.8, x + size * 0.8, y + size * 0.8)
            draw.ellipse(box, fill="white", outline=stroke.colour, width=thick)
            draw.text((x, y), stroke.label, fill="black", font=font, anchor="mm")
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality, optimize=True)
    return written.getvalue()


def rings(path: str) -> list[list[Point]]:
    """Read path data of straight rings; a closed ring ends where it began.

    >>> rings("M0.0 0.0L2.0 0.0L2.0 1.0Z")
    [[(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 0.0)]]
    """
    found: list[list[Point]] = []
    for command, x, y, closing in _POINT.findall(path):
        if closing:
            found[-1].append(found[-1][0])
        elif command == "M":
            found.append([(float(x), float(y))])
        else:
            found[-1].append((float(x), float(y)))
    return found
