"""Command ``tenken models recipe``: from a set of one's own to what `models train` needs."""

import json
from pathlib import Path

import click

from datasets.options import data_dir_option, json_option
from inspection.errors import Conflict
from inspection.settings import DetectSettings
from models.commands.options import config_option, say
from models.commands.register import check_name


@click.command("recipe")
@click.argument("set_path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Name of the model to come.")
@click.option(
    "--out",
    "out_path",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="YAML file to write; it is yours to edit.",
)
@data_dir_option
@config_option
@json_option
def recipe_command(
    *,
    set_path: Path,
    name: str,
    out_path: Path,
    data_dir: Path,
    config_path: Path,
    as_json: bool,
) -> None:
    """Write the training recipe that teaches a model the classes of a set of your own.

    SET_PATH is the set.yaml of `tenken datasets feedback`, or one you wrote. Half of the views come
    from it; published sets that are here are seen again, so that what was known is not forgotten.
    The commands that come next are printed.

    \b
    Examples:
      tenken datasets feedback --out sets/2026 --name noto --licence LicenseRef-closed
      tenken models recipe sets/2026/set.yaml --name noto-damage --out runs/noto.yaml
    """  # noqa: D301
    from models.training.config import read_config  # noqa: PLC0415  # with the next, pulls in OpenCV
    from models.training.recipe import recipe, written  # noqa: PLC0415

    check_name(name, DetectSettings().models_dir, replace=False)
    if out_path.exists():
        raise Conflict(f"{out_path} exists; name another file, or delete it")
    base = read_config(config_path)
    found = recipe(base, set_path, name=name, data_dir=data_dir)
    out_path.parent.mkdir(parents=True, exist_ok=True)
    out_path.write_text(written(found.config), encoding="utf-8")
    for label in found.too_few:
        say(f"not learned for want of labelled pixels: {label}")
    chips, run = out_path.with_suffix(".chips"), out_path.with_suffix("")
    sources = " ".join(f"--source {one}" for one in (set_path, *found.sources))
    steps = [
        f"tenken datasets build --out {chips} {sources}",
        f"tenken models train {chips} --out {run} --config {out_path} --begin-with {base.name}",
        f"tenken models export {run} --config {out_path} --set {set_path}",
        f"tenken models evaluate {name} --set {set_path}",
    ]
    if as_json:
        told = {
            "file": str(out_path),
            "classes": list(found.config.classes),
            "pixels": dict(found.pixels),
            "too_few": list(found.too_few),
            "next": steps,
        }
        click.echo(json.dumps(told, indent=2))
        return
    learned = ", ".join(f"{label} {count} px" for label, count in found.pixels.items())
    click.echo(f"wrote {out_path}: learns {learned}")
    click.echo("next:")
    for step in steps:
        click.echo(f"  {step}")
