"""Write a real, tiny network that keeps the contract of the registry.

It computes darkness with one convolution over the colours: dark pixels are cracks, light ones
background, the other classes are left with little.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.registry import ModelEntry, sha256_of, write_entry

CLASSES = ("background", "crack", "alligator_crack", "pothole", "patch", "joint")
GAIN = 30.0
MIDDLE = 0.35


def write_tiny_network(folder: Path, *, name: str = "tiny", outputs: int = 6) -> ModelEntry:
    """Write ``<name>.onnx`` and its description; pixels darker than 0.35 score as cracks."""
    weight = np.zeros((outputs, 3, 1, 1), dtype=np.float32)
    bias = np.full(outputs, -20.0, dtype=np.float32)
    weight[0], bias[0] = GAIN / 3, -GAIN * MIDDLE
    weight[1], bias[1] = -GAIN / 3, GAIN * MIDDLE
    path = folder / f"{name}.onnx"
    onnx.save(_network(weight, bias), path)
    entry = ModelEntry(
        name=name,
        onnx_path=path,
        sha256=sha256_of(path),
        classes=CLASSES,
        thresholds=dict.fromkeys(CLASSES[1:], 0.5),
        size_multiple_px=32,
        gsd_range_mm_per_px=(0.5, 5.0),
        licence="AGPL-3.0-or-later",
        card_path=folder / f"{name}.md",
    )
    write_entry(entry)
    return entry


def _network(weight: np.ndarray, bias: np.ndarray) -> onnx.ModelProto:
    image, answer = (["n", channels, "h", "w"] for channels in (3, len(bias)))
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "weight", "bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "darkness",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, answer)],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(network)
    return network
