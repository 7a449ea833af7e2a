"""Derive from a model one that looks several times at each chip: slower, and it sees more."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inspection.errors import BadInput, Conflict
from inspection.pipeline.ports import Detector
from models.judging.choose import choose_rule
from models.judging.evaluate import Report
from models.many_looks import ManyLooks
from models.registry import BOXES_FOLDER, ModelEntry, list_names, write_entry
from models.scoring import detector_scorer
from models.training.config import NAME


def thorough(
    entry: ModelEntry,
    detector: Detector,
    data_dir: Path,
    *,
    name: str,
    weights_dir: Path,
    cards_dir: Path,
    report: Report,
    scales: Sequence[float],
    sets: Sequence[Path] = (),
) -> ModelEntry:
    """Register a model that looks several times with the network of another, by its own rule.

    Args:
        entry: The model whose network looks.
        detector: That model, opened.
        data_dir: Folder of the published sets; their ``val`` images choose the thresholds.
        name: Name of the new model.
        weights_dir: Folder to register it in; the network is copied where it is another's.
        cards_dir: Folder of its card.
        report: Hears how far it is.
        scales: By how much a chip is enlarged for each look; each is taken in a mirror too.
        sets: YAML files of sets of one's own whose ``val`` images choose too.

    Raises:
        BadInput: The name is none, a scale cannot be, or the model looks more than once already.
        Conflict: The name is taken.
    """
    if not re.fullmatch(NAME, name):
        raise BadInput(f"{name!r} is no name for a model: small letters, digits, hyphens")
    if entry.looks > 1:
        raise BadInput(f"{entry.name} looks {entry.looks} times already")
    if name in {*list_names(weights_dir), *list_names(weights_dir / BOXES_FOLDER)}:
        raise Conflict(f"{name} is registered already; choose another name")
    among = frozenset(map(str, entry.training.get("thresholds_from", ())))
    derived = replace(entry, scales=tuple(scales), mirrored=True)
    scorer = detector_scorer(ManyLooks(detector, derived), size_multiple_px=entry.size_multiple_px)
    rule = choose_rule(scorer, data_dir, entry.classes, among=among, sets=sets, report=report)
    path = entry.onnx_path
    if path.parent.resolve() != weights_dir.resolve():
        weights_dir.mkdir(parents=True, exist_ok=True)
        path = Path(shutil.copy(path, weights_dir / f"{name}.onnx"))
    made = replace(
        derived,
        name=name,
        onnx_path=path,
        thresholds=dict(rule.thresholds),
        continuation_ratio=rule.continuation_ratio,
        card_path=cards_dir / f"{name}.md",
        training={**entry.training, "network_of": entry.name},
    )
    write_entry(made)
    return made
