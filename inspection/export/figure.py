"""Draw what goes beside a picture in a document: outlines of damage over it, and bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.export.report import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Draw one damage over a picture.

    Attributes:
        path: SVG path data, pixels of the whole raster at the scale of the picture.
        colour: ``#RRGGBB``.
        label: written beside it; empty for none.
        at_px: where the label stands, pixels of the picture.
    """

    path: str
    colour: str
    label: str = ""
    at_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Show a picture with damage drawn over it.

    Attributes:
        picture: the pixels, JPEG.
        outlines: what is drawn over them.
        offset_px: left and top of the picture in the raster, at its scale.
        mm_per_px: millimetres on the surface per pixel of the picture; None when unknown.
    """

    picture: Picture
    outlines: Sequence[Outline]
    offset_px: tuple[float, float] = (0.0, 0.0)
    mm_per_px: float | None = None

    @property
    def bar_px(self) -> float:
        """Give the length of a scale bar in pixels: about a quarter of the picture."""
        return 0.0 if self.mm_per_px is None else self.bar_mm / self.mm_per_px

    @property
    def bar_mm(self) -> float:
        """Give the length that the scale bar stands for, a round number of millimetres."""
        if self.mm_per_px is None:
            return 0.0
        wanted = self.picture.width_px * self.mm_per_px / 4
        power = 10.0 ** (len(str(int(max(1.0, wanted)))) - 1)
        return max(step * power for step in (1, 2, 5) if step * power <= max(1.0, wanted))

    @property
    def bar_text(self) -> str:
        """Name the length of the scale bar."""
        mm = self.bar_mm
        return f"{mm / 1000:g} m" if mm >= 1000 else f"{mm:g} mm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Draw one bar of a chart: its words, how many, and of what colour."""

    label: str
    count: int
    colour: str


def bar_lengths(bars: Sequence[Bar], longest: float = 100.0) -> list[float]:
    """Give the length of each bar when the longest has a given length.

    >>> bar_lengths([Bar(label="a", count=2, colour="#000"), Bar(label="b", count=1, colour="#0")])
    [100.0, 50.0]
    """
    most = max((bar.count for bar in bars), default=0)
    return [0.0 if most == 0 else longest * bar.count / most for bar in bars]
