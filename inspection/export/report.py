"""Write the report of one run as a single HTML file that opens anywhere, without a network.

Pictures are embedded, so the file can be mailed. Every sentence exists in Japanese and English;
a switch in the page chooses. Values come in already formatted by the rules of the house (a width
below the limit of the image is "< limit", never a number).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from inspection.export.writing import replace_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Carry an encoded picture, its media type and its size."""

    content: bytes
    media_type: str
    width_px: int
    height_px: int

    @property
    def data_uri(self) -> str:
        """Give the picture as text that an HTML page can show."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode('ascii')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayShape:
    """Draw one defect on the overview.

    Attributes:
        path: SVG path data in pixels of the overview.
        colour: CSS colour of its class.
        title: words shown when the pointer rests on it.
        rank: rank in the work list, None when not in it.
        anchor_px: where the rank is written, pixels of the overview.
    """

    path: str
    colour: str
    title: str
    rank: int | None
    anchor_px: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectCard:
    """Show one of the worst defects: a picture and its numbers, ready to print."""

    rank: int
    defect_id: str
    label_en: str
    label_ja: str
    colour: str
    picture: Picture
    facts: Sequence[tuple[str, str, str]]
    """Rows of (English label, Japanese label, value with unit)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """Explain one colour."""

    colour: str
    label_en: str
    label_ja: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Show rows under bilingual headings; numbers are already formatted."""

    title_en: str
    title_ja: str
    note_en: str
    note_ja: str
    headings: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Gather all that the page shows."""

    title: str
    asset_name: str
    created_at: str
    facts: Sequence[tuple[str, str, str]]
    warnings: Sequence[str]
    overview: Picture
    shapes: Sequence[OverlayShape]
    legend: Sequence[LegendEntry]
    worst: Sequence[DefectCard]
    tables: Sequence[Table]
    provenance: Mapping[str, str]


def render_report(report: Report) -> str:
    """Render the page; everything from outside is escaped."""
    environment = Environment(
        loader=PackageLoader("inspection.export"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(report=report)


def write_report(report: Report, path: Path) -> None:
    """Write the page to a file, complete or not at all."""
    replace_text(path, render_report(report))
