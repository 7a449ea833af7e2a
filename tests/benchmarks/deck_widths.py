"""Judge the widths of the road on the demo's deck against the truth: masks before, photos after.

Both come from one run, about five minutes. ``--fit`` measures how the renderer draws cracks, on a
proving deck of another seed and from its true poses, so that neither network nor registration has a
say; ``--write`` keeps it as the calibration of ``tenken demo``.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import shapely
from scipy.spatial import cKDTree

from datasets.synth.capture import Flight
from datasets.synth.proving import lay_out_proving, proving_deck
from datasets.synth.render import render_deck
from datasets.synth.widths import CALIBRATION_PATH, rendered_calibration
from datasets.truth import Truth
from datasets.truth_table import TruthTable, compare, found_cracks
from inspection.codelists.widthcalibrations import width_calibration_text
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.pipeline.conduct import conduct
from inspection.pipeline.deliver import deliver
from inspection.pipeline.tools import Tools
from inspection.settings import DetectSettings
from tests.benchmarks.width_picture import draw_width, frame
from tests.support.deck_calibration import fit_deck
from workers.demo import demonstrate
from workers.outfit import home_settings, outfit
from workers.progress import PlainProgress

SEED = 11
"""Of the deck on which the renderer is calibrated; what is judged has another."""
NEAR_M = 0.012
LEAST_TRUE = 8
MOST_BIAS_PX, LEAST_COVERAGE = 0.15, 0.90


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Compare n segments of half a metre with the truth."""

    segments: int
    median_bias_px: float
    robust_bias_px: float
    robust_rms_px: float
    coverage: float
    mean_u_px: float


def judge_segments(collection: dict[str, Any], truth: Truth) -> Judged:
    """Compare the segments of ``widths.geojson`` that lie on a crack with what was painted."""
    paths = [
        (number, to_crs(line, WGS84_LONLAT, truth.map_crs), width)
        for number, crack in enumerate(truth.cracks)
        for line, width in zip(crack.paths_lonlat, crack.path_widths_mm, strict=True)
    ]
    points = np.concatenate([line for _, line, _ in paths])
    widths = np.concatenate([width for _, _, width in paths])
    number = np.concatenate([np.full(len(line), i) for i, line, _ in paths])
    tree = cKDTree(points)
    rows = []
    for feature in collection["features"]:
        line = to_crs(feature["geometry"]["coordinates"], WGS84_LONLAT, truth.map_crs)
        away, nearest = tree.query(line)
        if (away < NEAR_M).mean() < 0.9 or feature["properties"]["width_p95_mm"] is None:
            continue
        band = shapely.LineString(line).buffer(0.02, cap_style="flat")
        own = number == np.bincount(number[nearest]).argmax()
        true = widths[own & shapely.contains_xy(band, points[:, 0], points[:, 1])]
        if len(true) >= LEAST_TRUE:
            seen = feature["properties"]
            rows.append(
                (
                    (seen["width_median_mm"] or 0.0) - np.median(true),
                    seen["width_p95_mm"] - np.percentile(true, 95),
                    seen["expanded_uncertainty_mm"],
                )
            )
    median, robust, u = np.array(rows).T / truth.gsd_mm_per_px
    return Judged(
        segments=len(rows),
        median_bias_px=float(median.mean()),
        robust_bias_px=float(robust.mean()),
        robust_rms_px=float(np.sqrt((robust**2).mean())),
        coverage=float((np.abs(robust) <= u).mean()),
        mean_u_px=float(u.mean()),
    )


def measured_by_masks(account: dict[str, Any], truth: Truth, out: Path, tools: Tools) -> TruthTable:
    """Measure the same run again with the widths of its masks."""
    blind = replace(tools, widths=None)
    conducted = conduct(UUID(account["survey_id"]), blind)
    tables: list[TruthTable] = []

    def keep(defects: Any) -> tuple[dict[str, Any], Sequence[Any]]:
        tables.append(compare(truth, found_cracks(defects), crs=conducted.mosaic.grid.crs))
        return {}, ()

    deliver(conducted, out=out, tools=blind, extra=keep)
    return tables[0]


def lines_of(after: dict[str, Any], before: TruthTable) -> Iterable[str]:
    """Write the comparison, one line a crack, then the sums."""
    yield "crack   true mean  greatest | photos mean  greatest ± U | masks mean  greatest ± U  mm"

    def number(value: float | None) -> str:
        return "     –" if value is None else f"{value:6.2f}"

    for new, old in zip(after["cracks_by_row"], before.as_rows(), strict=True):
        cells = [new["width_mm"], new["width_robust_mm"]]
        for row in (new, old):
            cells += [row["width_mean_found_mm"], row["width_found_mm"], row["width_found_u_mm"]]
        yield f"{new['crack_id']:6s} " + "  ".join(number(cell) for cell in cells)
    yield "                     answered  mean bias px  greatest bias px  within U"
    for name, totals in (("masks (before)", before.as_totals()), ("photos (after)", after)):
        yield (
            f"{name:20s} {totals['widths_answered']:4d}/{totals['cracks_found']}  "
            f"{totals['width_mean_bias_px']!s:>12}  {totals['width_robust_bias_px']!s:>16}  "
            f"{totals['width_covered_ratio']!s:>8}"
        )


def draw(after: dict[str, Any], before: TruthTable) -> np.ndarray:
    """Draw the greatest width of every crack by masks and by photos, (900, 900, 3) BGR."""
    colours = {"masks (before)": (170, 170, 170), "photos (now)": (160, 110, 20)}
    picture = frame(colours)
    gsd_mm = float(after["gsd_mm_per_px"])
    for rows, colour in zip(
        (before.as_rows(), after["cracks_by_row"]), colours.values(), strict=True
    ):
        for row in rows:
            if row["width_found_mm"] is not None:
                true, found, reach = (
                    float(row[name]) / gsd_mm
                    for name in ("width_robust_mm", "width_found_mm", "width_found_u_mm")
                )
                draw_width(picture, true, found, reach, colour)
    return picture


def fit(*, write: bool) -> None:
    """Calibrate on the proving deck of another seed and print it."""
    deck, flight = proving_deck(), Flight()
    layout = lay_out_proving(deck, seed=SEED, gsd_mm=flight.gsd_mm_per_px)
    with tempfile.TemporaryDirectory() as folder:
        rendered = render_deck(Path(folder), deck=deck, flight=flight, seed=SEED, layout=layout)
        found = fit_deck(rendered, deck, flight)
    command = "python -m tests.benchmarks.deck_widths --fit --write"
    text = width_calibration_text(found, measured_by=command)
    print(text)
    if write:
        CALIBRATION_PATH.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="calibrate the renderer, nothing else")
    parser.add_argument("--write", action="store_true", help="with --fit: keep the calibration")
    parser.add_argument("--picture", type=Path, help="draw masks and photos against the truth")
    wanted = parser.parse_args(argv)
    if wanted.fit:
        fit(write=wanted.write)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools = outfit(
            home_settings(folder / "store"),
            DetectSettings(),
            progress=PlainProgress(),
            widths=rendered_calibration(),
        )
        account = demonstrate(folder, tools=tools).account
        truth = Truth.read(folder / "deck" / "truth.json")
        segments = json.loads((folder / "widths.geojson").read_text(encoding="utf-8"))
        judged = judge_segments(segments, truth)
        before = measured_by_masks(account, truth, folder / "masks", tools)
    for line in lines_of(account["truth"], before):
        print(line)
    print(json.dumps(asdict(judged)))
    if wanted.picture is not None:
        cv2.imwrite(str(wanted.picture), draw(account["truth"], before))
    cost = {stage["name"]: stage["seconds"] for stage in account["stages"]}
    print(f"measuring took {cost['measure']:.1f} s of {sum(cost.values()):.1f} s")
    biases = [account["truth"]["width_mean_bias_px"], judged.robust_bias_px, judged.median_bias_px]
    holds = max(map(abs, biases)) <= MOST_BIAS_PX and judged.coverage >= LEAST_COVERAGE
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
