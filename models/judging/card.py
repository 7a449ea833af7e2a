"""Write a model's card from its registration and its measured scores, never by hand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from datasets.procedural import LICENCE as PROCEDURAL_LICENCE
from datasets.sources import PROCEDURAL, READERS
from models.judging.evaluate import Evaluation, SourceScores
from models.judging.intervals import DRAWS, ScoreIntervals
from models.judging.leave_out_rows import RESULTS_SUFFIX, LeftOut, mean_tolerant_f1, read_results
from models.judging.metrics import HitCounts, PixelCounts
from models.judging.reliability import BINS, LEAST, ReliabilityBin, calibration_error
from models.judging.tiles import TILE_PX
from models.registry import ModelEntry

UNLEARNT: Mapping[str, str] = {
    "spall": "spalling",
    "exposed_rebar": "exposed rebar",
    "efflorescence": "efflorescence",
    "wet_spot": "leakage",
    "steel_corrosion": "corrosion",
}
"""Damage that an inspection is asked about, and for which no published labels may be shipped."""

LIMITS = """\
- The label precision bounds every pixel score: masks shifted by one pixel score IoU 0.74 against
  themselves on uav_concrete.
- `joint` (slab and formwork joints) is reported so that joints are not called cracks; it is not a
  defect. uav_concrete labels wide straight gaps as crack, so the two are not cleanly apart.
- Potholes and patches were learnt from few photos taken from vehicles, not from drones."""

STRIP_LIMITS = """\
- The quay strip is an unseen site for the weights, but the training renderer was written by someone
  who had looked at one of its photos; its numbers are an acceptance test, not a blind one.
- The four photos of the strip overlap, so its area counts some surface more than once; some of its
  cracks are unlabelled and count here as false alarms."""

NOT_HERE = "Not measured: the photos were not here."


def limits_section(entry: ModelEntry, evaluation: Evaluation) -> str:
    """Return what a model does not claim, and what its scores do not say."""
    unlearnt = [told for name, told in UNLEARNT.items() if name not in entry.classes]
    claims = (
        f"- Nothing is claimed for {listed(unlearnt)}: there were no\n  labels to train on."
        if unlearnt
        else ""
    )
    parts = (claims, LIMITS, STRIP_LIMITS if evaluation.strip else "")
    return "\n".join(filter(None, parts))


def listed(words: Sequence[str]) -> str:
    """Join words as a sentence does.

    Examples:
        >>> listed(["spalling", "leakage", "corrosion"]), listed(["leakage"])
        ('spalling, leakage or corrosion', 'leakage')
    """
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table.

    Examples:
        >>> print(table(["a", "b"], [["1", "2"]]))
        | a | b |
        |---|---|
        | 1 | 2 |
    """
    names = list(header)
    lines = [names, ["---"] * len(names)]
    text = ["| " + " | ".join(lines[0]) + " |", "|" + "|".join(lines[1]) + "|"]
    return "\n".join([*text, *("| " + " | ".join(row) + " |" for row in rows)])


class Trained(Protocol):
    """A registered model of any form."""

    @property
    def training(self) -> Mapping[str, Any]:
        """How it was trained."""
        ...


def data_section(entry: Trained) -> str:
    """Return the table of training sources: share of the views, licence, whom to cite."""
    rows = []
    for name, share in entry.training.get("sampling", {}).items():
        if name in READERS:
            source = READERS[name][0]
            rows.append([name, f"{share:.0%}", source.licence, source.citation])
        elif name == PROCEDURAL:
            rows.append([name, f"{share:.0%}", PROCEDURAL_LICENCE, "rendered, datasets.procedural"])
        else:
            rows.append([name, f"{share:.0%}", "not recorded", "a set of one's own; see its file"])
    return table(["source", "share of views", "licence", "citation"], rows)


def training_section(entry: Trained) -> str:
    """Return how the network was trained, one fact a line."""
    facts = {key: value for key, value in entry.training.items() if key != "sampling"}
    return "\n".join(f"- {key.replace('_', ' ')}: {value}" for key, value in facts.items())


def pixel_section(scores: Iterable[SourceScores]) -> str:
    """Return the table of pixel scores, a row for each source and class."""
    rows = []
    for source in scores:
        for name, counts in source.counts.items():
            rows.append(
                [
                    source.source,
                    source.split,
                    str(source.images),
                    name,
                    f"{counts.labelled}",
                    *score_cells(counts, source.intervals.get(name)),
                ]
            )
    header = ["source", "split", "images", "class", "labelled px", "IoU", "F1", "F1 within 2 px"]
    return table(header, rows)


def score_cells(counts: PixelCounts, intervals: ScoreIntervals | None) -> list[str]:
    """Return IoU, F1 and tolerant F1, each with its 95 % interval where it is known."""
    if not counts.labelled:
        return ["no label"] * 3
    scores = {"iou": counts.iou, "f1": counts.f1, "tolerant_f1": counts.tolerant_f1}
    if intervals is None:
        return [f"{score:.3f}" for score in scores.values()]
    return [
        f"{score:.3f} ({getattr(intervals, name).low:.2f}–{getattr(intervals, name).high:.2f})"
        for name, score in scores.items()
    ]


def centreline_section(scores: Iterable[SourceScores]) -> str:
    """Return the table of centre lines, a row for each source with cracks."""
    rows = [
        [
            source.source,
            f"{source.centreline.recall:.3f}",
            f"{source.centreline.precision:.3f}",
            f"{source.centreline.cl_dice:.3f}",
        ]
        for source in scores
        if source.centreline is not None
    ]
    return table(["source", "recall", "precision", "clDice"], rows)


def left_out_section(results: Iterable[LeftOut]) -> str:
    """Return the table of sources that the recipe was trained without, and the mean over them."""
    found = tuple(results)
    if not found:
        return "Not measured; `tenken models leave-out` trains the recipe without each source."
    rows = [
        [
            result.source,
            str(result.images),
            f"{result.threshold:.2f}",
            *score_cells(result.counts, result.intervals),
            f"{result.cl_dice:.3f}",
            f"{result.steps}",
            f"{result.minutes:.0f}",
        ]
        for result in found
    ]
    header = ["source", "images", "threshold", "IoU", "F1", "F1 within 2 px", "clDice", "steps"]
    text = table([*header, "minutes"], rows)
    return f"{text}\n\nMean F1 within 2 px over these sources: {mean_tolerant_f1(found):.3f}."


def reliability_section(bins: tuple[ReliabilityBin, ...]) -> str:
    """Return what was told of crack pixels and what was true, and the mean distance of both."""
    rows = [
        [
            f"{number / BINS:.1f}–{(number + 1) / BINS:.1f}",
            str(found.pixels),
            f"{found.told:.3f}",
            f"{found.true:.3f}",
        ]
        for number, found in enumerate(bins)
        if found.pixels
    ]
    text = table(["told", "pixels", "mean told", "share labelled"], rows)
    return (
        f"{text}\n\nMean distance over pixels told at least {LEAST}: {calibration_error(bins):.3f}."
    )


def joint_lines(scores: Iterable[SourceScores]) -> str:
    """Return, for each source with joints, how much of them is called crack."""
    return "\n".join(
        f"- {source.source}: {source.joints_called_crack:.1%} of labelled joint pixels called crack"
        for source in scores
        if source.joints_called_crack is not None
    )


def strip_section(evaluation: Evaluation) -> str:
    """Return the table of hits and false alarms on the photos of the unseen site."""
    if not evaluation.strip:
        return NOT_HERE
    total = HitCounts()
    for counts in evaluation.strip.values():
        total += counts
    rows = [
        [
            name,
            str(counts.boxes),
            str(counts.hit),
            f"{counts.hit_rate:.1%}",
            str(counts.components),
            str(counts.false_alarms),
            f"{counts.area_m2:.0f}",
            f"{counts.false_alarms_per_100_m2:.1f}",
        ]
        for name, counts in [*evaluation.strip.items(), ("all", total)]
    ]
    header = ["photo", "boxes", "hit", "rate", "cracks reported", "false", "m²", "false / 100 m²"]
    return table(header, rows)


def strip_tiles_line(evaluation: Evaluation) -> str:
    """Return how many tiles of the unseen site are fired on."""
    if not evaluation.strip:
        return ""
    tiles = evaluation.strip_tiles
    return (
        f"Of its {TILE_PX} px tiles, {tiles.fired_with_cracks} of {tiles.tiles_with_cracks} that "
        f"touch a box are fired on, and {tiles.fired_without} of {tiles.tiles_without} "
        f"({tiles.false_rate:.1%}) that lie further than 0.3 m from every box."
    )


def tiles_line(evaluation: Evaluation) -> str:
    """Return how many held-out tiles of the other quay are fired on."""
    tiles = evaluation.tiles
    if tiles is None:
        return NOT_HERE
    without = (
        f"{tiles.fired_without} of {tiles.tiles_without} tiles without are fired on"
        if tiles.tiles_without
        else "the held-out photo has no tile without cracks"
    )
    return (
        f"{tiles.fired_with_cracks} of {tiles.tiles_with_cracks} tiles with cracks are fired on; "
        f"{without}. Other photos of this quay were in training, as hard negatives outside boxes."
    )


def rule_section(entry: ModelEntry) -> str:
    """Return how the thresholds were chosen and how pixels become objects."""
    views = entry.training.get("thresholds_from")
    judges = (
        f"of {', '.join(views)} (a class that none of them labels: of all)"
        if views
        else "of the sources below"
    )
    return (
        f"Chosen on the `val` images {judges}, for the best mean F1 over sources.\n"
        "An object needs one pixel above its threshold; pixels above "
        f"{entry.continuation_ratio:.0%} of it that touch continue the object. "
        "A crack that keeps to a joint is told as a part of the joint."
    )


def write_card(entry: ModelEntry, evaluation: Evaluation) -> None:
    """Write the card of a model from what was measured."""
    low, high = entry.gsd_range_mm_per_px
    size_mb = entry.onnx_path.stat().st_size / 1e6
    thresholds = table(
        ["class", "threshold"], [[name, f"{value:.3f}"] for name, value in entry.thresholds.items()]
    )
    text = f"""# {entry.name}

Written by `tenken models evaluate`; do not edit. A semantic segmentation network: each pixel gets
the probability of {", ".join(entry.classes)}. Licence {entry.licence}. ONNX, {size_mb:.1f} MB,
half-precision weights, sha256 `{entry.sha256}`. Meant for {low}-{high} mm/px on the surface.

## Training data
Only the `train` part of each set. uav75 is GPL-3.0 and the quay tiles are CC BY-SA 4.0; the weights
carry the program's own licence, AGPL-3.0.

{data_section(entry)}

## Training
{training_section(entry)}

## Thresholds
{rule_section(entry)}

{thresholds}

## Pixels, native resolution
These `val` images also chose the thresholds, so these are validation scores, not test scores.

{pixel_section(evaluation.pixels)}

{joint_lines(evaluation.pixels)}

In brackets: 95 % intervals, images drawn again {DRAWS} times.

## Course of cracks, whatever their width
Centre-line pixels of the label that the prediction covers (recall), and the reverse (precision).

{centreline_section(evaluation.pixels)}

## Cracks on sources never seen
The same recipe, trained afresh without one source at a time and scored on the whole of it;
thresholds from the `val` images of the others. The weights that ship have seen all of them.

{left_out_section(read_results(entry.beside(RESULTS_SUFFIX)))}

## Does a confidence mean a probability?
Crack pixels of the same images: what the network told, and how many of them are labelled.

{reliability_section(evaluation.reliability)}

## Quay strip: whole photos of a site left out of training, 2.3 mm/px nominal
A box is hit if a reported crack comes within 0.3 m of its centre; a reported crack further than
0.3 m from every box is false; cracks shorter than 0.1 m are not reported.

{strip_section(evaluation)}

{strip_tiles_line(evaluation)}

## Quay-wall tiles, 256 px
{tiles_line(evaluation)}

## Limits
{limits_section(entry, evaluation)}
"""
    entry.card_path.parent.mkdir(parents=True, exist_ok=True)
    entry.card_path.write_text(text, encoding="utf-8")
