"""An instance network that sees the boxes it was told of, and whose masks are what is dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBox:
    """A box that the network answers with, whatever it is shown; corners in px."""

    x0: float
    y0: float
    x1: float
    y1: float
    number: int
    confidence: float


def write_instance_network(
    path: Path,
    boxes: Sequence[SeenBox],
    *,
    classes: int,
    opset: int = 17,
    prototypes: bool = True,
    sides: tuple[object, object] = ("h", "w"),
) -> Path:
    """Write a network in the layout of YOLO segmentation: boxes of 4 + classes + 2 numbers.

    Its first prototype is 1 everywhere and its second is positive where the image is dark; every
    box asks for the second.
    """
    table = np.zeros((1, 4 + classes + 2, len(boxes)), dtype=np.float32)
    for column, box in enumerate(boxes):
        centre = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        table[0, :4, column] = *centre, box.x1 - box.x0, box.y1 - box.y0
        table[0, 4 + box.number, column] = box.confidence
        table[0, -1, column] = 1
    weight = np.zeros((2, 3, 1, 1), dtype=np.float32)
    weight[1] = -10 / 3
    numbers = {
        "table": table, "weight": weight, "bias": np.array([1, 5], dtype=np.float32),
        "none": np.zeros(1, dtype=np.float32), "axes": np.array([1, 2, 3], dtype=np.int64),
    }  # fmt: skip
    nodes = [
        helper.make_node("AveragePool", ["images"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["small", "weight", "bias"], ["prototypes"]),
        helper.make_node("ReduceSum", ["small", "axes"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "none"], ["nothing"]),
        helper.make_node("Add", ["table", "nothing"], ["boxes"]),
    ]
    answers = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", 6 + classes, "anchors"])
    ]
    if prototypes:
        answers.append(
            helper.make_tensor_value_info("prototypes", TensorProto.FLOAT, ["n", 2, "a", "b"])
        )
    graph = helper.make_graph(
        nodes,
        "seen",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, *sides])],
        answers,
        [numpy_helper.from_array(value, name) for name, value in numbers.items()],
    )
    ids = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=9), path)
    return path
