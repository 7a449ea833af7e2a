"""Commands ``tenken datasets``: list, build, check, synth, feedback."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from datasets.classes import LABEL_NAMES
from datasets.feedback_cli import feedback
from datasets.manifest import Source
from datasets.options import data_dir_option, json_option
from datasets.synth.cli import synth


@click.group()
def datasets() -> None:
    """List, check and build the labelled images that models learn from."""


@datasets.command("list")
@data_dir_option
@json_option
def list_command(*, data_dir: Path, as_json: bool) -> None:
    """List the sources that have a reader, with licence, citation and whether they are here.

    \b
    Examples:
      tenken datasets list
      tenken datasets list --data-dir /mnt/sets --json
    """  # noqa: D301
    from datasets.sources import READERS  # noqa: PLC0415  # OpenCV is slow to import

    rows = [describe(source, data_dir) for source, _ in READERS.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        here = "" if row["present"] else "  (not here)"
        terms = "" if row["shippable"] else "  (weights trained on it are not shipped)"
        click.echo(f"{row['name']}  {row['licence']}  {row['label_kind']}{here}{terms}")
        click.echo(f"  {row['citation']}")


def describe(source: Source, data_dir: Path) -> dict[str, object]:
    """Return a source as plain values."""
    return {
        "name": source.name,
        "folder": source.folder,
        "present": (data_dir / source.folder).is_dir(),
        "licence": source.licence,
        "citation": source.citation,
        "label_kind": source.label_kind.value,
        "gsd_mm_per_px": source.gsd_mm_per_px,
        "trainable": source.trainable,
        "shippable": source.shippable,
    }


@datasets.command()
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of chips to write.",
)
@click.option(
    "--source",
    "names",
    multiple=True,
    help="Source to read, or the YAML file of a set of your own; may be repeated; default: the "
    "sources of the shipped model.",
)
@click.option(
    "--procedural",
    type=click.IntRange(0),
    default=500,
    show_default=True,
    help="Rendered training chips to add.",
)
@click.option(
    "--chip-px",
    type=click.IntRange(32, 8192),
    default=512,
    show_default=True,
    help="Largest side of a chip, px.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Seed of the rendered chips.",
)
@data_dir_option
@json_option
def build(
    *,
    out_dir: Path,
    names: Sequence[str],
    procedural: int,
    chip_px: int,
    seed: int,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Cut labelled images into chips at native resolution, each with its class for every pixel.

    Pixels inside a box of a box source are left undecided; outside the boxes they are background.

    \b
    Examples:
      tenken datasets build --out runs/chips
      tenken datasets build --out runs/uav --source uav_concrete --procedural 0
      tenken datasets build --out runs/own --source sets/noto-2026.yaml
    """  # noqa: D301
    from datasets.convert import DEFAULT_SOURCES, build_chips  # noqa: PLC0415  # OpenCV is slow

    summaries = build_chips(
        tuple(names) or DEFAULT_SOURCES,
        data_dir,
        out_dir,
        chip_px=chip_px,
        procedural_count=procedural,
        seed=seed,
    )
    if as_json:
        click.echo(json.dumps([asdict(summary) for summary in summaries], indent=2))
        return
    for summary in summaries:
        found = ", ".join(
            f"{LABEL_NAMES[index]} {count}"
            for index, count in summary.pixels_by_class.items()
            if 0 < index < len(LABEL_NAMES)
        )
        click.echo(f"{summary.source} {summary.split}: {summary.chips} chips; px: {found or '-'}")


@datasets.command()
@click.argument("names", nargs=-1)
@data_dir_option
@json_option
def check(*, names: Sequence[str], data_dir: Path, as_json: bool) -> None:
    """Look for near-copies across splits, unreadable labels, boxes outside, class balance.

    \b
    Examples:
      tenken datasets check
      tenken datasets check uav_concrete uav75 --json
    """  # noqa: D301
    from datasets.check import check_source  # noqa: PLC0415  # OpenCV is slow to import
    from datasets.sources import READERS  # noqa: PLC0415

    results = [check_source(name, data_dir) for name in names or READERS]
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], indent=2))
        return
    for result in results:
        splits = ", ".join(f"{key} {value}" for key, value in result.images_by_split.items())
        click.echo(f"{result.source}: {splits}; {result.empty_labels} without an object")
        for file, reason in result.broken:
            click.echo(f"  broken {file}: {reason}")
        for file in result.boxes_outside:
            click.echo(f"  box outside its image: {file}")
        for first, second in result.copies_across_splits:
            click.echo(f"  look alike across splits: {first} {second}")
        shares = [f"{key} {value:.2%}" for key, value in result.class_share.items() if value]
        click.echo(f"  {', '.join(shares)}" if shares else "  boxes only")


datasets.add_command(synth)
datasets.add_command(feedback)
