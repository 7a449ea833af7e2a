"""Draw a programme: money by year, and how many bridges have which soundness, with it and without.

matplotlib is imported inside the functions: it takes a second, and most commands draw nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.gradeforecast import GradeForecast
from inspection.errors import BadInput, Unavailable
from inspection.export.writing import replacing

SUFFIXES = (".png", ".svg", ".pdf")

COLOURS = ("#2E7D32", "#F9A825", "#EF6C00", "#C62828")
"""I to IV, as the code-list ``jp_soundness`` has them."""

FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "IPAexGothic",
    "IPAGothic",
    "TakaoPGothic",
    "Yu Gothic",
    "Hiragino Sans",
    "Meiryo",
)
"""Fonts that have Japanese, the first that is there is taken."""

_MONEY_JA = ("予算", "必須（緊急・期限）", "効果による選択", "百万円", "年度ごとの費用")
_MONEY_EN = (
    "budget",
    "required (emergency, due)",
    "chosen by benefit",
    "million yen",
    "Cost by year",
)
_GRADES_JA = ("計画なし", "計画あり", "橋数（期待値）", "健全性の分布")
_GRADES_EN = ("without", "with programme", "bridges (expected)", "Soundness with and without")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Carry the money of one year in yen: the budget, what hard rules take, and the rest."""

    fiscal_year: int
    budget_yen: int
    must_yen: int
    compete_yen: int


def draw_programme(
    path: Path,
    *,
    title: str,
    money: Sequence[Money],
    grades: GradeForecast,
    first_year: int,
    japanese: bool,
) -> None:
    """Draw two panels side by side into PNG, SVG or PDF.

    Args:
        path: where; the suffix chooses the format.
        title: above both.
        money: by year.
        grades: expected numbers of bridges.
        first_year: fiscal year of ``grades.years`` 0.
        japanese: words in Japanese; else in English.

    Raises:
        BadInput: when the suffix is none of PNG, SVG, PDF.
        Unavailable: when no font with Japanese is installed, or the folder cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{path.name}: a picture is {', '.join(SUFFIXES)}")
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"font.family": [_font(japanese)], "svg.fonttype": "path"}):
        figure = Figure(figsize=(12.5, 5.2), dpi=120, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.35])
        _money(left, money, japanese)
        _grades(right, grades, first_year, japanese)
        figure.suptitle(title, fontsize=14)
        with replacing(path) as temporary:
            figure.savefig(temporary, format=path.suffix.lower().removeprefix("."))


def _font(japanese: bool) -> str:
    """Choose a font that has the characters."""
    if not japanese:
        return "DejaVu Sans"
    from matplotlib import font_manager  # noqa: PLC0415

    known = {entry.name for entry in font_manager.fontManager.ttflist}
    found = next((name for name in FONTS if name in known), None)
    if found is None:
        raise Unavailable(
            f"no font with Japanese is installed (looked for {', '.join(FONTS)}); install one, "
            "such as fonts-noto-cjk, or draw with --lang en"
        )
    return found


def _money(panel: Any, money: Sequence[Money], japanese: bool) -> None:  # noqa: ANN401 matplotlib's
    """Draw spending by year under the budget."""
    words = _MONEY_JA if japanese else _MONEY_EN
    at = range(len(money))
    must = [one.must_yen / 1e6 for one in money]
    compete = [one.compete_yen / 1e6 for one in money]
    panel.bar(at, must, color="#8E2A2A", label=words[1], width=0.62)
    panel.bar(at, compete, bottom=must, color="#3B6EA5", label=words[2], width=0.62)
    for x, one in enumerate(money):
        high = one.budget_yen / 1e6
        label = words[0] if x == 0 else None
        panel.plot([x - 0.42, x + 0.42], [high, high], color="black", lw=2, label=label)
    panel.set_xticks(list(at), [str(one.fiscal_year) for one in money])
    top = max([1e-9, *(max(o.budget_yen, o.must_yen + o.compete_yen) / 1e6 for o in money)])
    panel.set_ylim(0, top * 1.28)
    panel.set_ylabel(words[3])
    panel.set_title(words[4])
    panel.legend(loc="upper left", frameon=False, fontsize=9, ncols=1)
    panel.spines[["top", "right"]].set_visible(False)


def _grades(panel: Any, grades: GradeForecast, first_year: int, japanese: bool) -> None:  # noqa: ANN401 matplotlib's
    """Draw two stacked bars for each moment: without on the left, with the programme hatched."""
    words = _GRADES_JA if japanese else _GRADES_EN
    total = float(grades.without[0].sum())
    for shift, rows, hatch in ((-0.21, grades.without, None), (0.21, grades.programme, "///")):
        for x, row in enumerate(rows):
            base = 0.0
            for state, colour in enumerate(COLOURS):
                share = float(row[state])
                panel.bar(
                    x + shift,
                    share,
                    0.38,
                    bottom=base,
                    color=colour,
                    hatch=hatch,
                    edgecolor="white",
                    linewidth=0.6,
                )
                if share > 0.06 * total:
                    panel.text(
                        x + shift,
                        base + share / 2,
                        f"{share:.0f}",
                        ha="center",
                        va="center",
                        fontsize=8,
                        bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none"},
                    )
                base += share
    panel.set_xticks(range(len(grades.years)), [str(first_year + year) for year in grades.years])
    panel.set_ylabel(words[2])
    panel.set_title(words[3])
    panel.set_ylim(0, total * 1.22)
    from matplotlib.patches import Patch  # noqa: PLC0415

    keys = [Patch(color=c, label=s) for c, s in zip(COLOURS, grades.states, strict=True)]
    keys += [
        Patch(facecolor="#9E9E9E", edgecolor="white", label=words[0]),
        Patch(facecolor="#9E9E9E", edgecolor="white", hatch="///", label=words[1]),
    ]
    panel.legend(handles=keys, ncols=6, loc="upper center", frameon=False, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)
