"""Command ``tenken models list``: what is registered, and what each model is."""

import json
from typing import Any

import click

from datasets.options import json_option
from inspection.settings import DetectSettings
from models.boxes.commands import described, listed
from models.boxes.registry import list_boxes
from models.registry import DEFAULT_MODEL, ModelEntry, list_entries
from models.training.config import PIXELS


@click.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List the registered models; each file is checked against its digest.

    \b
    Examples:
      tenken models list
      tenken models list --json
    """  # noqa: D301
    own_dir = DetectSettings().models_dir
    entries = (*list_entries(), *list_entries(weights_dir=own_dir))
    of_boxes = (*list_boxes(), *list_boxes(own_dir))
    if as_json:
        rows = [*(describe(entry) for entry in entries), *(described(entry) for entry in of_boxes)]
        click.echo(json.dumps(rows, indent=2))
        return
    for entry in entries:
        low, high = entry.gsd_range_mm_per_px
        size_mb = entry.onnx_path.stat().st_size / 1e6
        mark = "  (default)" if entry.name == DEFAULT_MODEL else ""
        click.echo(
            f"{entry.name}  {size_mb:.1f} MB  {low}-{high} mm/px  {entry.licence}  "
            f"sha256 {entry.sha256[:12]}{mark}"
        )
        click.echo(f"  classes: {', '.join(entry.classes[1:])}")
    for boxes in of_boxes:
        click.echo(listed(boxes))


def describe(entry: ModelEntry) -> dict[str, Any]:
    """Return a registered model as plain values."""
    return {
        "name": entry.name,
        "form": PIXELS,
        "default": entry.name == DEFAULT_MODEL,
        "file": entry.onnx_path.name,
        "bytes": entry.onnx_path.stat().st_size,
        "sha256": entry.sha256,
        "classes": list(entry.classes),
        "thresholds": dict(entry.thresholds),
        "continuation_ratio": entry.continuation_ratio,
        "size_multiple_px": entry.size_multiple_px,
        "gsd_range_mm_per_px": list(entry.gsd_range_mm_per_px),
        "output_stride": entry.output_stride,
        "licence": entry.licence,
        "card": entry.card_path.name,
        "training": dict(entry.training),
    }
