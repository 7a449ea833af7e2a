"""Take an engineer's own network in: adopt its file, describe it, try it; the way of all uploads.

The command line reads a file of the person who types. What somebody uploaded is only opened in a
process of its own, with limits: ``python -m models.enter FOLDER`` reads ``upload.onnx`` and
``described.json`` there and says what became of them.
"""

import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.networkform import Described, described_of, plain_of
from inspection.errors import BadInput, TenkenError, Unavailable
from inspection.pipeline.detect import CHIP_PX
from models.probe import LIMIT_GB, LIMIT_S, Probe, ask, probe
from models.registry import ModelEntry, load_entry, sha256_of, write_entry

GIVEN = "upload.onnx"
DESCRIBED = "described.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Carry a network that was taken in, and what it did when it was tried."""

    entry: ModelEntry
    found: Probe


def write_adopted(file: Path, described: Described, folder: Path) -> ModelEntry:
    """Write the network of a file and its description into a folder, in the registry's contract.

    Args:
        file: ONNX file of somebody else's.
        described: what it is called, and how it takes pixels and gives answers.
        folder: where to.

    Raises:
        BadInput: The file is no network that can be taken, or its steps do not fit the chips.
        Unavailable: This machine cannot read ONNX files.
    """
    step = described.size_multiple_px
    if CHIP_PX % step:
        raise BadInput(
            f"size multiple {step} px does not divide the chips of {CHIP_PX} px in "
            "which a mosaic is read; choose a power of two"
        )
    try:
        import onnx  # noqa: PLC0415  # extra ml
    except ImportError as error:
        raise Unavailable("reading ONNX files needs onnx: pip install 'tenken[ml]'") from error
    from models.adopt import adopt  # noqa: PLC0415  # needs onnx

    least = min(described.thresholds.values())
    path = folder / f"{described.name}.onnx"
    onnx.save(adopt(file, described.form, least_confidence=least), path)
    entry = ModelEntry(
        name=described.name,
        onnx_path=path,
        sha256=sha256_of(path),
        classes=described.form.classes,
        thresholds=described.thresholds,
        size_multiple_px=step,
        gsd_range_mm_per_px=described.gsd_range_mm_per_px,
        licence=described.licence,
        card_path=path.with_suffix(".md"),
        training={"adopted_from": file.name, "file_sha256": sha256_of(file)},
    )
    write_entry(entry)
    return entry


def enter_apart(
    file: Path, described: Described, folder: Path, *, limit_s: float = LIMIT_S
) -> Entered:
    """Take in what somebody uploaded: nothing of it is opened in this process.

    Args:
        file: the upload.
        described: what was said about it.
        folder: an empty folder.
        limit_s: Seconds after which a step is given up.

    Raises:
        BadInput: It cannot be taken; why.
        Unavailable: This machine cannot read ONNX files.
    """
    (folder / GIVEN).symlink_to(file.resolve())
    (folder / DESCRIBED).write_text(json.dumps(plain_of(described)), encoding="utf-8")
    answer = ask("models.enter", [str(folder)], described.name, limit_s=limit_s)
    if answer["unavailable"]:
        raise Unavailable(answer["fault"])
    if answer["fault"]:
        raise BadInput(answer["fault"])
    entry = load_entry(described.name, weights_dir=folder)
    return Entered(entry=entry, found=probe(folder, described.name, limit_s=limit_s))


def main() -> None:
    """Limit this process, adopt what lies in the folder, and print the answer as the last line."""
    limit = LIMIT_GB * 1024**3
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = Path(sys.argv[1])
    fault, unavailable = "", False
    try:
        plain = json.loads((folder / DESCRIBED).read_text(encoding="utf-8"))
        write_adopted(folder / GIVEN, described_of(plain), folder)
    except TenkenError as error:
        fault, unavailable = str(error), isinstance(error, Unavailable)
    print(json.dumps({"fault": fault, "unavailable": unavailable}))


if __name__ == "__main__":
    main()
