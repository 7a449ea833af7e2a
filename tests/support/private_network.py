"""Write a real, tiny network that keeps the contract of detectors of faces and plates.

Whatever it is shown, it answers the same boxes: what a test wants to have been found.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inspection.domain.privatearea import PrivateKind
from models.private import PrivateEntry, describe, load_private
from models.registry import sha256_of


def write_box_network(path: Path, rows: Sequence[Sequence[float]], *, columns: int = 6) -> Path:
    """Write an ONNX file that answers ``rows`` of x0 y0 x1 y1 score kind."""
    boxes = np.array(rows, dtype=np.float32).reshape(1, -1, columns)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
            helper.make_node("Add", ["boxes", "zero"], ["answer"]),
        ],
        "boxes",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, list(boxes.shape))],
        [
            numpy_helper.from_array(boxes, "boxes"),
            numpy_helper.from_array(np.float32(0), "nothing"),
        ],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(network)
    onnx.save(network, path)
    return path


def registered(
    folder: Path,
    rows: Sequence[Sequence[float]],
    *,
    name: str = "boxes",
    kinds: Sequence[PrivateKind] = (PrivateKind.PERSON, PrivateKind.VEHICLE),
    threshold: float = 0.2,
) -> PrivateEntry:
    """Register such a network in a folder and give its description."""
    folder.mkdir(parents=True, exist_ok=True)
    path = write_box_network(folder / f"{name}.onnx", rows)
    entry = PrivateEntry(
        name=name,
        onnx_path=path,
        sha256=sha256_of(path),
        kinds=tuple(kinds),
        threshold=threshold,
        licence="CC0-1.0",
        origin="made by a test",
    )
    path.with_suffix(".json").write_text(json.dumps(describe(entry)), encoding="utf-8")
    return load_private(name, folder)
