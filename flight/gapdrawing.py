"""Draw the map of gaps as SVG: one panel for each side of each element, with a scale."""

import re
from html import escape

from flight.gapmap import Panel, blocks
from flight.gaps import Gaps, Seen

COLOURS = {
    Seen.GOOD: "#c8e6c9",
    Seen.FEW: "#ffe082",
    Seen.COARSE: "#fb8c00",
    Seen.UNSEEN: "#b71c1c",
}
LABELS = {
    Seen.GOOD: "as planned",
    Seen.FEW: "in too few photos",
    Seen.COARSE: "too coarse or too oblique",
    Seen.UNSEEN: "not seen",
}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, however it is escaped."""
WIDTH_PX = 1000.0
GAP_PX, TITLE_PX, LEGEND_PX = 24.0, 22.0, 64.0
MOST_PX_PER_M = 60.0


def draw(gaps: Gaps, panels: tuple[Panel, ...], *, title: str) -> str:
    """Draw panels below one another, all at one scale, from the viewer's side of each face."""
    widest_m = max(panel.kinds.shape[1] * panel.cell_m for panel in panels)
    scale = min(MOST_PX_PER_M, (WIDTH_PX - 2 * GAP_PX) / widest_m)
    parts: list[str] = []
    y_px = LEGEND_PX + GAP_PX
    for panel in panels:
        parts.append(_panel(panel, scale, y_px + TITLE_PX))
        y_px += TITLE_PX + panel.kinds.shape[0] * panel.cell_m * scale + GAP_PX
    bar_m = _round_down(widest_m / 4)
    parts.append(_bar(bar_m, scale, y_px))
    height = y_px + 40
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH_PX:.0f} {height:.0f}" font-family="Noto Sans CJK JP, Noto Sans, '
        'sans-serif" font-size="13" shape-rendering="crispEdges">'
    )
    share = f"{title}: {100 * gaps.good_share:.1f} % as planned"
    legend = _legend(share)
    background = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, background, legend, *parts, "</svg>", ""])


def _panel(panel: Panel, scale: float, top_px: float) -> str:
    """Draw one panel with its name above it."""
    rows = panel.kinds.shape[0]
    size = panel.cell_m * scale
    name = " · ".join(part for part in (panel.element, panel.side) if part)
    lines = [f'<text x="{GAP_PX}" y="{top_px - 7:.1f}" font-weight="600">{_words(name)}</text>']
    for block in blocks(panel):
        x, y = GAP_PX + block.first * size, top_px + (rows - 1 - block.row) * size
        wide = (block.behind - block.first) * size
        lines.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide + 0.3:.2f}" height="{size + 0.3:.2f}" '
            f'fill="{COLOURS[block.kind]}"/>'
        )
    return "\n".join(lines)


def _legend(text: str) -> str:
    """Draw the title and what the colours mean."""
    lines = [f'<text x="{GAP_PX}" y="26" font-size="17" font-weight="600">{_words(text)}</text>']
    x = GAP_PX
    for kind, label in LABELS.items():
        lines.append(
            f'<rect x="{x}" y="42" width="16" height="16" fill="{COLOURS[kind]}" stroke="#888"/>'
            f'<text x="{x + 22}" y="55">{label}</text>'
        )
        x += 50 + 7.2 * len(label)
    return "\n".join(lines)


def _words(text: str) -> str:
    """Give words as XML can hold them."""
    return escape(NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _bar(length_m: float, scale: float, y_px: float) -> str:
    """Draw the scale bar."""
    end = GAP_PX + length_m * scale
    return (
        f'<path d="M{GAP_PX} {y_px:.1f}v8h{length_m * scale:.1f}v-8" fill="none" stroke="#333"/>'
        f'<text x="{end + 8:.1f}" y="{y_px + 10:.1f}">{length_m:g} m</text>'
    )


def _round_down(value: float) -> float:
    """Give 1, 2 or 5 times a power of ten, no more than a value.

    >>> _round_down(7.3), _round_down(0.3)
    (5.0, 0.2)
    """
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return max(round(step * power, 12) for step in (1, 2, 5) if step * power <= value)
