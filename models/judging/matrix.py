"""Write the page that says how good each model is, in each arithmetic, and what it misses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datasets.manifest import Split
from datasets.sources import find_source, read_source
from inspection.errors import Unavailable
from models.detector import load_detector
from models.judging.card import left_out_section, score_cells, table
from models.judging.evaluate import Evaluation, Report, SourceScores, evaluate
from models.judging.gallery import choose, judge_image, write_sheet
from models.judging.leave_out_rows import RESULTS_SUFFIX, read_results
from models.judging.metrics import HitCounts
from models.registry import ModelEntry, folder_of, load_entry
from models.scoring import Scorer, detector_scorer

PRECISIONS: Final = ("f32", "bf16")
PICTURED: Final = ("uav_concrete", "uav75", "cracksc")
"""Sources whose licences let pictures of them be shown."""

OF_EACH: Final = 3
COPIES: Final = frozenset({"int8_copy_of", "network_of"})
"""What the training of a model says that has the network of another: no recipe of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Hold the scores of one model in one arithmetic.

    Attributes:
        entry: The model.
        precision: How it was computed.
        evaluation: What was measured.
    """

    entry: ModelEntry
    precision: str
    evaluation: Evaluation

    @property
    def label(self) -> str:
        """Name it for a table."""
        return f"{self.entry.name} {self.precision}"


def open_model(name: str, precision: str, own_dir: Path) -> tuple[ModelEntry, Scorer]:
    """Return a registered model, shipped or of one's own folder, and what scores with it."""
    weights_dir = folder_of(name, own_dir)
    entry = load_entry(name, weights_dir=weights_dir)
    detector = load_detector(name, precision=precision, weights_dir=weights_dir)
    return entry, detector_scorer(detector, size_multiple_px=entry.size_multiple_px)


def measure(
    names: Sequence[str],
    data_dir: Path,
    *,
    own_dir: Path,
    precisions: Sequence[str],
    report: Report,
) -> list[Variant]:
    """Evaluate each model in each arithmetic that this computer has; an int8 copy has only one."""
    found = []
    for name in names:
        for precision in precisions:
            try:
                entry, scorer = open_model(name, precision, own_dir)
            except Unavailable as error:
                report(f"{name}, {precision} left out: {error}")
                continue
            if "int8_copy_of" in entry.training and precision != precisions[0]:
                continue
            report(f"{name}, {precision}")
            evaluation = evaluate(scorer, data_dir, entry.rule, entry.classes, report=report)
            found.append(Variant(entry=entry, precision=precision, evaluation=evaluation))
    return found


def pixel_rows(variants: Sequence[Variant]) -> str:
    """Return a table of all classes and sources, variants side by side as F1 / F1 within 2 px."""
    keys = {
        (scores.source, name): None
        for variant in variants
        for scores in variant.evaluation.pixels
        for name, counts in scores.counts.items()
        if counts.labelled
    }
    rows = []
    for source, name in keys:
        cells = []
        for variant in variants:
            scores = of_source(variant.evaluation.pixels, source)
            counts = scores.counts.get(name) if scores else None
            cells.append(f"{counts.f1:.3f} / {counts.tolerant_f1:.3f}" if counts else "–")
        rows.append([source, name, *cells])
    return table(["source", "class", *(variant.label for variant in variants)], rows)


def of_source(pixels: Sequence[SourceScores], source: str) -> SourceScores | None:
    """Return the scores of a source, None where it was not scored."""
    return next((scores for scores in pixels if scores.source == source), None)


def site_rows(variants: Sequence[Variant]) -> str:
    """Return a table of the unseen quay, a row for each variant."""
    rows = []
    for variant in variants:
        total = sum(variant.evaluation.strip.values(), HitCounts())
        tiles = variant.evaluation.strip_tiles
        rows.append(
            [
                variant.label,
                f"{total.hit} of {total.boxes} ({total.hit_rate:.0%})",
                f"{total.false_alarms_per_100_m2:.1f}",
                f"{tiles.fired_without} of {tiles.tiles_without} ({tiles.false_rate:.1%})",
            ]
        )
    return table(["model", "boxes hit", "false / 100 m²", "crack-free tiles fired on"], rows)


def loss_rows(variants: Sequence[Variant]) -> str:
    """Return how much F1 of cracks each arithmetic loses against the f32 of the same weights."""
    full = {variant.entry.name: variant for variant in variants if variant.precision == "f32"}
    rows = []
    for variant in variants:
        copied = str(variant.entry.training.get("int8_copy_of", "")).split("@")[0]
        origin = full.get(copied or variant.entry.name)
        if origin is None or origin is variant:
            continue
        cells = []
        for scores in origin.evaluation.pixels:
            other = of_source(variant.evaluation.pixels, scores.source)
            if other is None or "crack" not in scores.counts:
                continue
            change = other.counts["crack"].f1 - scores.counts["crack"].f1
            cells.append(f"{scores.source} {change:+.4f}")
        rows.append([variant.label, origin.label, ", ".join(cells)])
    return table(["computed as", "against", "change of pixel F1 of cracks"], rows)


def draw_examples(
    name: str, data_dir: Path, pictures_dir: Path, *, own_dir: Path, report: Report
) -> dict[str, str]:
    """Write a sheet of best, worst and false for each pictured source; return file by source."""
    entry, scorer = open_model(name, "f32", own_dir)
    files = {}
    for source in map(find_source, PICTURED):
        samples = [s for s in read_source(source.name, data_dir) if s.split is Split.VAL]
        report(f"pictures: {source.name}, {len(samples)} images")
        examples = [judge_image(scorer, source, s, entry.rule, entry.classes) for s in samples]
        file = files[source.name] = f"finds-and-misses-{source.name}.jpg"
        write_sheet(pictures_dir / file, choose(examples, of_each=OF_EACH))
    return files


def page(variants: Sequence[Variant], pictures: Mapping[str, str]) -> str:
    """Return the page, in Markdown."""
    first = variants[0].entry
    left_out = "\n\n".join(
        f"### {variant.entry.name}\n\n"
        + left_out_section(read_results(variant.entry.beside(RESULTS_SUFFIX)))
        for variant in variants
        if variant.precision == "f32" and not COPIES & set(variant.entry.training)
    )
    bounds = table(
        ["source", "class", "IoU", "F1", "F1 within 2 px"],
        [
            [scores.source, name, *score_cells(counts, scores.intervals.get(name))]
            for scores in variants[0].evaluation.pixels
            for name, counts in scores.counts.items()
            if counts.labelled
        ],
    )
    return f"""# What the models find, and what they miss

Written by `tenken models matrix`; do not edit. Every figure is of images that were not trained on.
The `val` images chose the thresholds, so they flatter a little; sources that were left out of a
training altogether do not.

## Pixels: F1 / F1 within 2 px
{pixel_rows(variants)}

Of {variants[0].label}, with 95 % intervals over images:

{bounds}

## A site never seen: the quay strip
Boxes of cracks that were hit within 0.3 m, what no box explains, and 256 px tiles without a crack.

{site_rows(variants)}

## Sources never seen
{left_out}

## What a faster arithmetic costs
{loss_rows(variants)}

`bf16` is `TENKEN_DETECT_PRECISION=bf16`; an int8 copy of a model is made by `tenken models
quantise` and chosen with `--model`.

## Best, worst, false
{shown_of(first.name, pictures)}
"""


def shown_of(name: str, pictures: Mapping[str, str]) -> str:
    """Return the pictures by source with what they show, or where they are to be had."""
    if not pictures:
        return (
            "Left out here, for they show photos of the published sets, which are not copied into\n"
            "the repository: `tenken models matrix` writes them beside the page."
        )
    sheets = [
        f"**{source}** ({find_source(source).licence}, {find_source(source).citation})\n\n"
        f"![Rows: best, worst, most invented](pictures/{file})"
        for source, file in pictures.items()
    ]
    told = (
        f"By {name}: left the image, right the same with cracks found (green), missed (red), and\n"
        "invented (yellow). First row the best, second the worst, third the most invented, "
        f"{OF_EACH} of each."
    )
    return "\n\n".join([told, *sheets])


def write_page(
    path: Path,
    names: Sequence[str],
    data_dir: Path,
    *,
    own_dir: Path,
    precisions: Sequence[str] = PRECISIONS,
    pictured: bool = True,
    report: Report = print,
) -> None:
    """Measure, draw, and write the page and its pictures beside it.

    Args:
        path: The page.
        names: Models to judge, the first of which is pictured.
        data_dir: Folder of the published sets.
        own_dir: Folder of one's own models.
        precisions: Arithmetic of each, f32 first.
        pictured: Whether pictures are drawn; they show photos of the published sets.
        report: Hears how far it is.
    """
    variants = measure(names, data_dir, own_dir=own_dir, precisions=precisions, report=report)
    pictures_dir = path.parent / "pictures"
    pictures = {}
    if pictured:
        pictures = draw_examples(names[0], data_dir, pictures_dir, own_dir=own_dir, report=report)
    path.write_text(page(variants, pictures), encoding="utf-8")
