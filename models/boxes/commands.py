"""What the commands of ``tenken models`` do for the box form.

The commands themselves are in ``models.commands``; they turn here when a
configuration or a model is of this form. torch is imported only by what needs it.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.manifest import Split
from inspection.errors import BadInput
from models.boxes.registry import BoxEntry, describe_boxes
from models.commands.options import require_training_libraries

if TYPE_CHECKING:
    from models.boxes.judge import Judgement
    from models.predict import Outcome

Report = Callable[[str], None]


def train_command(
    config_path: Path, *, data_dir: Path, out_dir: Path, budget_min: float, report: Report
) -> None:
    """Train the box network of a configuration, or go on with the run in a folder."""
    require_training_libraries()
    from models.boxes.config import read_box_config  # noqa: PLC0415  # see the module's docstring
    from models.boxes.train import train_boxes  # noqa: PLC0415

    config = read_box_config(config_path)
    state = train_boxes(
        config,
        data_dir=data_dir,
        start_weights=data_dir / "weights" / config.start_weights,
        out_dir=out_dir,
        budget_min=budget_min,
        report=report,
    )
    report(
        f"{state.step} steps in {state.elapsed_s / 60:.1f} min; `tenken models export` with the "
        "same configuration next"
    )


def export_command(
    config_path: Path,
    run_dir: Path,
    *,
    data_dir: Path,
    weights_dir: Path,
    cards_dir: Path,
    report: Report,
) -> BoxEntry:
    """Choose half and thresholds on the val photos, write ONNX, and register the box model."""
    require_training_libraries()
    from models.boxes.config import read_box_config  # noqa: PLC0415  # see the module's docstring
    from models.boxes.export import register_boxes  # noqa: PLC0415
    from models.boxes.photos import photo_files  # noqa: PLC0415
    from models.boxes.train import BOX_FORM  # noqa: PLC0415
    from models.training.loop import CHECKPOINT_NAME  # noqa: PLC0415

    config = read_box_config(config_path)
    state = BOX_FORM.resume(config, run_dir / CHECKPOINT_NAME)
    photos = photo_files(config.sampling, config.label_indices, data_dir, Split.VAL)
    return register_boxes(
        state, config, photos, weights_dir=weights_dir, cards_dir=cards_dir, report=report
    )


def evaluate_command(
    entry: BoxEntry, *, data_dir: Path, engine: str, card: bool, report: Report
) -> "Judgement":
    """Score a registered box model on the val photos of its sources; write its card if asked.

    Raises:
        BadInput: Its description does not say which boxes it learned from.
    """
    require_training_libraries()
    from models.boxes.card import write_box_card  # noqa: PLC0415  # see the module's docstring
    from models.boxes.detect import open_boxes  # noqa: PLC0415
    from models.boxes.judge import judged, look_at_all  # noqa: PLC0415
    from models.boxes.photos import photo_files  # noqa: PLC0415

    labels, sampling = entry.training.get("labels"), entry.training.get("sampling")
    if not labels or not sampling:
        raise BadInput(f"{entry.name} does not say from which boxes it learned; export it again")
    indices = {label: entry.classes.index(name) for name in labels for label in labels[name]}
    photos = photo_files(sampling, indices, data_dir, Split.VAL)
    report(f"boxes: {', '.join(sampling)}, {len(photos)} photos")
    matched = look_at_all(open_boxes(entry, engine=engine).look, photos)
    result = judged(matched, [entry.thresholds[name] for name in entry.classes])
    if card:
        write_box_card(entry, result)
        report(f"wrote {entry.card_path.name}")
    return result


def predict_command(
    entry: BoxEntry, folder: Path, out_dir: Path, *, engine: str, overlay: bool
) -> "Iterable[Outcome]":
    """Answer the photos of a folder with a registered box model."""
    from models.boxes.detect import open_boxes  # noqa: PLC0415  # pulls in OpenVINO
    from models.boxes.predict import predict_boxes  # noqa: PLC0415

    return predict_boxes(open_boxes(entry, engine=engine), folder, out_dir, overlay=overlay)


def summary_of(entry: BoxEntry, result: "Judgement") -> list[str]:
    """Return one line a class and one for all."""
    lines = [
        f"{name}: {score.labelled} boxes, AP50 {score.ap50:.3f} AP50-95 {score.ap:.3f} "
        f"F1 {score.f1:.3f} at {score.threshold:.2f}"
        for name, score in zip(entry.classes, result.classes, strict=True)
    ]
    interval = result.map50_interval
    told = "" if interval is None else f" ({interval.low:.2f}–{interval.high:.2f})"
    return [*lines, f"mAP50 {result.map50:.3f}{told}, mAP50-95 {result.map:.3f}"]


def listed(entry: BoxEntry) -> str:
    """Return two lines about a registered box model."""
    size_mb = entry.onnx_path.stat().st_size / 1e6
    return (
        f"{entry.name}  {size_mb:.1f} MB  boxes in road photos, {entry.photo_px} px  "
        f"{entry.licence}  sha256 {entry.sha256[:12]}\n  classes: {', '.join(entry.classes)}"
    )


def described(entry: BoxEntry) -> dict[str, Any]:
    """Return a registered box model as plain values, as ``tenken models list --json`` tells it."""
    return describe_boxes(entry) | {
        "default": False,
        "file": entry.onnx_path.name,
        "bytes": entry.onnx_path.stat().st_size,
        "card": entry.card_path.name,
    }
