"""Command ``tenken privacy register``: use a detector of one's own."""

import json
import shutil
import tempfile
from pathlib import Path

import click
import numpy as np

from inspection.domain.privatearea import PrivateKind
from inspection.errors import BadInput, Broken, Conflict, Unavailable
from inspection.finite import FiniteRange
from inspection.settings import DetectSettings
from models.backends.openvino_private import open_private
from models.private import PrivateEntry, describe, private_names
from models.registry import sha256_of

OWN_FOLDER = "private"
SIZE_MAX_MB = 500
KINDS = ", ".join(PrivateKind)


def own_folder() -> Path:
    """Name the folder of the operator's own detectors."""
    return DetectSettings().models_dir / OWN_FOLDER


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Id to call it by: letters, digits and hyphens.")
@click.option("--kinds", required=True, help=f"What its classes are, in order, of: {KINDS}.")
@click.option(
    "--threshold",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Least score; low, for what is missed is seen by everybody.",
)
@click.option("--licence", default="LicenseRef-own", show_default=True, help="SPDX identifier.")
@click.option("--origin", default="registered by the operator", help="Where it comes from.")
def register(
    *, file: Path, name: str, kinds: str, threshold: float, licence: str, origin: str
) -> None:
    """Register a detector of faces and plates, FILE.onnx, and try it.

    It takes (1, 3, h, w) RGB in 0..1 and answers (1, k, 6): x0 y0 x1 y1 score class. That is what
    Ultralytics writes with nms=True. TENKEN_PRIVACY_DETECTOR=NAME then uses it.

    \b
    Example:
      tenken privacy register plates.onnx --name plates-2026 --kinds face,plate
    """  # noqa: D301 click needs the character itself
    folder = own_folder()
    found = tuple(_kind(word.strip()) for word in kinds.split(","))
    if name in private_names(folder):
        raise Conflict(f"there is a detector {name!r} already; choose another name")
    if file.stat().st_size > SIZE_MAX_MB * 1e6:
        raise BadInput(f"{file.name} is larger than {SIZE_MAX_MB} MB")
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch) / f"{name}.onnx"
        shutil.copyfile(file, draft)
        entry = PrivateEntry(
            name=name,
            onnx_path=draft,
            sha256=sha256_of(draft),
            kinds=found,
            threshold=threshold,
            licence=licence,
            origin=origin,
        )
        told = json.dumps(describe(entry), indent=2)
        draft.with_suffix(".json").write_text(f"{told}\n", encoding="utf-8")
        _try(entry, file.name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in (draft, draft.with_suffix(".json")):
                shutil.copyfile(path, folder / path.name)
        except OSError as error:
            raise Unavailable(f"{folder} cannot be written: {error.strerror}") from error
    click.echo(f"{entry.detector_id}: registered; use it with TENKEN_PRIVACY_DETECTOR={name}")


def _kind(word: str) -> PrivateKind:
    try:
        return PrivateKind(word)
    except ValueError as error:
        raise BadInput(f"there is no kind {word!r}; choose from {KINDS}") from error


def _try(entry: PrivateEntry, called: str) -> None:
    """Look at a picture of noise, small and large; whatever is seen there, the form must be right.

    Raises:
        BadInput: when the network does not keep the contract.
    """
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    try:
        detector = open_private(entry)
        detector.find(noise)
        detector.find(np.tile(noise, (2, 3, 1)))
    except Broken as error:
        raise BadInput(f"{called} cannot be used: {error}") from error
