"""Command ``tenken models register``: use a network of one's own everywhere."""

import json
import shutil
import tempfile
from pathlib import Path

import click

from inspection.domain.networkform import NAME, OUTPUTS, Described, Form
from inspection.errors import BadInput, Conflict
from inspection.finite import FINITE, FiniteRange
from inspection.settings import DetectSettings
from models.boxes.registry import box_names
from models.enter import write_adopted
from models.probe import probe
from models.registry import shipped_names


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Id to call it by: letters, digits and hyphens.")
@click.option(
    "--channels",
    required=True,
    help="Class of each output channel in order, such as background,crack,spall.",
)
@click.option(
    "--gsd-mm-per-px",
    "gsd",
    nargs=2,
    type=FiniteRange(min=0, min_open=True),
    required=True,
    help="Smallest and largest size of a pixel it was trained for.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    help="class=probability; 0.5 where nothing is said. May be given again.",
)
@click.option(
    "--output",
    type=click.Choice(["logits", "probabilities", "instances"]),
    default="logits",
    show_default=True,
    help="What comes out: channels of pixels, or boxes with masks (YOLO segmentation).",
)
@click.option(
    "--full-scale",
    type=click.Choice(["1", "255"]),
    default="1",
    show_default=True,
    help="Value of white at its input.",
)
@click.option(
    "--mean", nargs=3, type=FINITE, default=(0.0, 0.0, 0.0), help="Taken off R, G and B (0..1)."
)
@click.option(
    "--deviation", nargs=3, type=FINITE, default=(1.0, 1.0, 1.0), help="Divides R, G and B (0..1)."
)
@click.option(
    "--size-multiple-px",
    type=click.IntRange(1, 256),
    default=32,
    show_default=True,
    help="Height and width of its input must be multiples of this.",
)
@click.option("--licence", default="LicenseRef-own", show_default=True, help="SPDX identifier.")
@click.option("--replace", is_flag=True, help="Take the place of a model of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def register(
    *,
    file: Path,
    name: str,
    channels: str,
    gsd: tuple[float, float],
    thresholds: tuple[str, ...],
    output: str,
    full_scale: str,
    mean: tuple[float, float, float],
    deviation: tuple[float, float, float],
    size_multiple_px: int,
    licence: str,
    replace: bool,
    as_json: bool,
) -> None:
    """Register a network of your own, FILE.onnx, with the class of each channel.

    Semantic networks give a map of channels. YOLO segmentation networks give instances; export
    them with dynamic=True and nms=False, and name the class of each of their classes, background
    for those that are no damage. Their masks are painted into pixels, so that cracks are joined
    across chips by touching.

    It is tried in a process of its own first. Afterwards --model NAME takes it wherever a model is
    asked for. Widths are reported with it as uncalibrated until it has been calibrated.

    \b
    Examples:
      tenken models register bridge.onnx --name bridge-2026 --channels background,crack,spall \\
        --gsd-mm-per-px 0.3 1.5 --threshold crack=0.4 \\
        --mean .485 .456 .406 --deviation .229 .224 .225
      tenken models register best.onnx --name yolo-own --output instances \\
        --channels crack,background,spall --gsd-mm-per-px 0.5 2 --threshold crack=0.25
      tenken models predict photos/ --out seen/ --model bridge-2026
    """  # noqa: D301
    folder = DetectSettings().models_dir
    check_name(name, folder, replace=replace)
    form = Form(
        channels=tuple(part.strip() for part in channels.split(",")),
        output=OUTPUTS[OUTPUTS.index(output)],
        full_scale=float(full_scale),
        mean=mean,
        deviation=deviation,
    )
    described = Described(
        name=name,
        form=form,
        thresholds=read_thresholds(thresholds, form.classes[1:]),
        gsd_range_mm_per_px=gsd,
        size_multiple_px=size_multiple_px,
        licence=licence,
    )
    with tempfile.TemporaryDirectory(prefix="tenken-model-") as place:
        entry = write_adopted(file, described, Path(place))
        found = probe(Path(place), name)
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in (".onnx", ".json"):  # the description last: it makes the model known
            made = entry.onnx_path.with_suffix(suffix)
            shutil.copyfile(made, folder / f".{name}{suffix}")
            (folder / f".{name}{suffix}").replace(folder / f"{name}{suffix}")
    for dead in found.dead:
        click.echo(
            f"warning: {dead} never rose above 0.001 on noise; is its channel right?", err=True
        )
    if as_json:
        told = {"name": name, "sha256": entry.sha256, "classes": list(entry.classes)}
        click.echo(json.dumps(told | {"mpx_per_s": found.mpx_per_s}, indent=1))
    else:
        click.echo(f"{name}: {', '.join(entry.classes[1:])}; {found.mpx_per_s} Mpx/s on one core")


def check_name(name: str, folder: Path, *, replace: bool) -> None:
    """Check that a model may be called so.

    Raises:
        BadInput: The name is not usable.
        Conflict: Another model has it.
    """
    if not NAME.fullmatch(name):
        raise BadInput(f"name {name!r}: use small letters, digits and hyphens, at most 63")
    if name in (*shipped_names(), *box_names()):
        raise Conflict(f"{name} is a model that comes with Tenken; choose another name")
    if name in box_names(folder):
        raise Conflict(f"{name} is a model of yours that gives boxes; choose another name")
    if (folder / f"{name}.json").exists() and not replace:
        raise Conflict(f"a model {name} is registered already; say --replace to take its place")


def read_thresholds(given: tuple[str, ...], classes: tuple[str, ...]) -> dict[str, float]:
    """Return the threshold of each class, 0.5 where nothing is said.

    Raises:
        BadInput: A word is not class=number, or names a class that does not come out.
    """
    found = dict.fromkeys(classes, 0.5)
    for word in given:
        name, _, value = word.partition("=")
        try:
            number = float(value)
        except ValueError as error:
            raise BadInput(f"threshold {word!r} is not class=number, such as crack=0.4") from error
        if name not in found:
            raise BadInput(f"threshold of {name}: the model gives {', '.join(classes)}")
        found[name] = number
    return found
