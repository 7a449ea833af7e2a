"""Make an int8 network of a registered one: faster on a processor, a little less exact.

Convolutions take 8-bit activations and 8-bit weights, one scale a channel; what lies between them
stays in floating point, and the last layer, whose answer is compared with thresholds, does too. The
ranges of activations are measured on training chips, never on images that judge.

The file keeps the registry's contract, so every engine reads it and the card of the int8 model
tells what was lost.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from datasets.chips import Chip, read_chips
from datasets.manifest import Split
from inspection.errors import BadInput, Refused, Unavailable
from models.registry import WEIGHTS_DIR, ModelEntry, list_names, sha256_of, write_entry
from models.training.config import NAME

SIDE_PX: Final = 320
LEAST_CHIPS: Final = 8
DEFAULT_CHIPS: Final = 96


def with_full_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Undo ``store_weights_as_half``: each weight is float32 again, without a cast beside it."""
    halves = {w.name: w for w in model.graph.initializer if w.data_type == TensorProto.FLOAT16}
    kept = []
    for node in model.graph.node:
        if node.op_type != "Cast" or node.input[0] not in halves:
            kept.append(node)
            continue
        weight = halves[node.input[0]]
        values = numpy_helper.to_array(weight).astype(np.float32)
        weight.CopyFrom(numpy_helper.from_array(values, name=node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    onnx.checker.check_model(model)
    return model


def choose_chips(chips: Iterable[Chip], count: int) -> list[Chip]:
    """Return chips evenly from every source, in turn: a large set must not set the ranges alone.

    Raises:
        BadInput: There are too few to measure anything.
    """
    by_source: dict[str, list[Chip]] = {}
    for chip in chips:
        by_source.setdefault(chip.source, []).append(chip)
    share = -(-count // max(1, len(by_source)))
    chosen = []
    for found in by_source.values():
        step = max(1, len(found) // share)
        chosen += found[::step][:share]
    if len(chosen) < LEAST_CHIPS:
        raise BadInput(
            f"{len(chosen)} training chips are too few to measure the range of activations; "
            f"build at least {LEAST_CHIPS} with `tenken datasets build`"
        )
    return chosen[:count]


def as_square(rgb: NDArray[np.uint8], side_px: int = SIDE_PX) -> NDArray[np.float32]:
    """Return the upper left of an image as the network takes it; short sides are mirrored.

    Returns:
        (1, 3, s, s) float32 in 0..1.
    """
    below, right = (max(0, side_px - side) for side in rgb.shape[:2])
    padded = cv2.copyMakeBorder(rgb, 0, below, 0, right, cv2.BORDER_REFLECT)
    pixels = padded[:side_px, :side_px].transpose(2, 0, 1)[None]
    return np.ascontiguousarray(pixels, dtype=np.float32) / np.float32(255)


class ChipFeeder:
    """Hand chips to ONNX Runtime's calibration, one by one."""

    def __init__(self, chips: Iterable[Chip], input_name: str) -> None:
        self._chips: Iterator[Chip] = iter(chips)
        self._input = input_name

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input, or None after the last."""
        chip = next(self._chips, None)
        return None if chip is None else {self._input: as_square(chip.rgb)}


def last_convolution(model: onnx.ModelProto) -> list[str]:
    """Return the name of the convolution that gives the logits."""
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    return convolutions[-1:]


def quantise(
    entry: ModelEntry,
    chips_dir: Path,
    *,
    name: str,
    weights_dir: Path,
    cards_dir: Path,
    count: int = DEFAULT_CHIPS,
) -> ModelEntry:
    """Write ``<name>.onnx`` and ``<name>.json`` of an int8 copy of a model and return its entry.

    Args:
        entry: The model in full precision.
        chips_dir: Folder that ``tenken datasets build`` wrote; only its training chips are used.
        name: Name of the new model.
        weights_dir: Folder to register it in.
        cards_dir: Folder of its card.
        count: Chips on which ranges are measured.

    Raises:
        BadInput: The name is unusable, or the model is int8 already, or there are too few chips.
        Refused: The name is taken.
        Unavailable: ONNX Runtime is not installed.
    """
    _check_name(name, weights_dir)
    chips = choose_chips(read_chips(chips_dir, Split.TRAIN), count)
    model = with_full_weights(onnx.load(str(entry.onnx_path)))
    if any(node.op_type == "QuantizeLinear" for node in model.graph.node):
        raise BadInput(f"model {entry.name} is int8 already; give the one it was made from")
    weights_dir.mkdir(parents=True, exist_ok=True)
    path = weights_dir / f"{name}.onnx"
    with tempfile.TemporaryDirectory() as folder:
        draft, part = Path(folder) / "full.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, str(draft))
        _calibrate(model, draft, part, chips)
        content = part.read_bytes()
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    made = replace(
        entry,
        name=name,
        onnx_path=path,
        sha256=sha256_of(path),
        card_path=cards_dir / f"{name}.md",
        training={
            **entry.training,
            "int8_copy_of": f"{entry.name}@{entry.sha256[:12]}",
            "calibration_chips": len(chips),
        },
    )
    write_entry(made)
    return made


def _check_name(name: str, weights_dir: Path) -> None:
    """Check that a new model may be called so."""
    if not re.fullmatch(NAME, name):
        raise BadInput(f"name {name!r}: use small letters, digits and hyphens, at most 63")
    if name in (*list_names(weights_dir), *list_names(WEIGHTS_DIR)):
        raise Refused(f"a model {name!r} is registered already; choose another name")


def _calibrate(model: onnx.ModelProto, draft: Path, part: Path, chips: list[Chip]) -> None:
    """Let ONNX Runtime measure the ranges and write the network."""
    try:
        from onnxruntime import quantization  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise Unavailable("int8 needs ONNX Runtime: pip install 'tenken[onnxruntime]'") from error
    options: dict[str, Any] = {
        "quant_format": quantization.QuantFormat.QDQ,
        "activation_type": quantization.QuantType.QUInt8,
        "weight_type": quantization.QuantType.QInt8,
        "calibrate_method": quantization.CalibrationMethod.MinMax,
    }
    quantization.quantize_static(
        str(draft),
        str(part),
        ChipFeeder(chips, model.graph.input[0].name),
        per_channel=True,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=last_convolution(model),
        **options,
    )
