"""Ask how a recipe does on a source it has never seen: train without it, then score all of it.

Scores on held-out images of a known source say how well a network remembers a camera and a town.
An inspection brings another of both. For each source with labelled cracks, the same recipe is
trained without it; thresholds are chosen on the ``val`` images of the other sources, and the left
source is scored whole, for no image of it was seen.
"""

from dataclasses import replace
from pathlib import Path

from datasets.classes import CRACK
from datasets.manifest import MASK_KINDS
from datasets.sources import READERS, find_source, read_source
from inspection.errors import BadInput
from models.judging.choose import choose_rule
from models.judging.evaluate import Report, score_source
from models.judging.leave_out_rows import LeftOut
from models.training.config import TrainConfig
from models.training.export import network_scorer
from models.training.train import train


def crack_sources(config: TrainConfig) -> tuple[str, ...]:
    """Return the sources of a recipe whose cracks are labelled with masks, in its order."""
    return tuple(
        name
        for name in config.sampling
        if name in READERS
        and READERS[name][0].label_kind in MASK_KINDS
        and CRACK in READERS[name][0].labelled_classes
    )


def without(config: TrainConfig, source: str) -> TrainConfig:
    """Return the recipe without a source; the shares of the rest keep their proportions.

    Raises:
        BadInput: The recipe has no such source, or no other.
    """
    rest = {name: share for name, share in config.sampling.items() if name != source}
    if source not in config.sampling or not rest:
        known = ", ".join(config.sampling)
        raise BadInput(f"source {source!r} cannot be left out of {config.name}; it has {known}")
    return replace(
        config,
        sampling=rest,
        thresholds_from=tuple(name for name in config.thresholds_from if name != source),
        label_slack_px={
            name: slack_px for name, slack_px in config.label_slack_px.items() if name != source
        },
    )


def leave_out(
    config: TrainConfig,
    source: str,
    *,
    chips_dir: Path,
    start_weights: Path,
    data_dir: Path,
    out_dir: Path,
    budget_min: float,
    report: Report = print,
) -> LeftOut:
    """Train without a source, or go on with that, and score it.

    Args:
        config: The recipe.
        source: Name of the source to leave out.
        chips_dir: Folder that ``tenken datasets build`` wrote.
        start_weights: COCO weights, safetensors.
        data_dir: Folder of the published sets.
        out_dir: Folder of checkpoint and log.
        budget_min: Minutes of training over all runs of the folder.
        report: Hears how far it is.
    """
    fold = without(config, source)
    state = train(
        fold,
        chips_dir=chips_dir,
        start_weights=start_weights,
        out_dir=out_dir,
        budget_min=budget_min,
        report=report,
    )
    scorer = network_scorer(state.average)
    rule = choose_rule(scorer, data_dir, config.classes, report=report, without=frozenset({source}))
    samples = list(read_source(source, data_dir))
    report(f"left out: {source}, {len(samples)} images")
    scores = score_source(scorer, find_source(source), samples, rule, config.classes)
    assert scores.centreline is not None
    return LeftOut(
        source=source,
        images=len(samples),
        threshold=rule.thresholds["crack"],
        counts=scores.counts["crack"],
        intervals=scores.intervals["crack"],
        cl_dice=scores.centreline.cl_dice,
        steps=state.step,
        minutes=round(state.elapsed_s / 60, 1),
    )
