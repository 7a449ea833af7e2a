"""Read a foreign ONNX file, and put steps before and behind its graph."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inspection.domain.networkform import Form
from inspection.errors import BadInput

LEAST_OPSET = 13
LARGEST_MB = 1024
PREFIX = "tenken_"
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)


def read_foreign(path: Path) -> onnx.ModelProto:
    """Read an ONNX file of somebody else's.

    Raises:
        BadInput: It is no ONNX, keeps weights elsewhere, is too old or was registered already.
    """
    size_mb = path.stat().st_size / 1e6
    if size_mb > LARGEST_MB:
        raise BadInput(f"{path.name} has {size_mb:.0f} MB; the limit is {LARGEST_MB} MB")
    try:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and onnx raise types of their own
        told = str(error).strip().splitlines() or ["not a protobuf"]
        raise BadInput(f"{path.name} is not a valid ONNX file: {told[0]}") from error
    outside = [w.name for w in model.graph.initializer if w.data_location == TensorProto.EXTERNAL]
    if outside:
        raise BadInput(
            f"{path.name} keeps {len(outside)} weights in other files; save it as a single file"
        )
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if opset < LEAST_OPSET:
        raise BadInput(
            f"{path.name} uses operator set {opset}; export it again with {LEAST_OPSET} or newer"
        )
    _check_new(model, path.name)
    return model


def _check_new(model: onnx.ModelProto, name: str) -> None:
    """Refuse a network that went through ``adopt`` already: the steps would bear the same names."""
    names = [value.name for value in (*model.graph.input, *model.graph.initializer)]
    if any(known.startswith(PREFIX) for known in names):
        raise BadInput(
            f"{name} has been registered once already; register the file that it was made from, or "
            "copy it with its .json into the folder of models"
        )


def only_image(model: onnx.ModelProto, name: str) -> onnx.ValueInfoProto:
    """Return the one input of a network that takes images.

    Raises:
        BadInput: It takes something else.
    """
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise BadInput(f"{name} has {len(inputs)} inputs; a detector has one image")
    shape = shape_of(inputs[0])
    if len(shape) != 4 or shape[1] not in (3, None):
        raise BadInput(f"{name} takes {shape_told(shape)}; a detector takes (n, 3, h, w)")
    check_float(inputs[0], name)
    return inputs[0]


def check_float(value: onnx.ValueInfoProto, name: str) -> None:
    """Refuse an in- or output that is not of floating-point numbers."""
    kind = value.type.tensor_type.elem_type
    if kind not in FLOATS:
        named = kind in TensorProto.DataType.values()
        told = TensorProto.DataType.Name(kind) if named else f"of the unknown type {kind}"
        raise BadInput(f"{name}: {value.name} is {told}, not a floating-point map")


def shape_of(value: onnx.ValueInfoProto) -> list[int | None]:
    """Return the sides of an in- or output, None where any size goes."""
    sides = value.type.tensor_type.shape.dim
    return [side.dim_value if side.HasField("dim_value") else None for side in sides]


def shape_told(shape: Sequence[int | None]) -> str:
    """Return a shape in words for a message."""
    return "(" + ", ".join("?" if side is None else str(side) for side in shape) + ")"


def steps_before(image: onnx.ValueInfoProto) -> list[onnx.NodeProto]:
    """Scale and shift pixels, ending in the name that the graph reads."""
    steps = [
        helper.make_node("Sub", [f"{PREFIX}images", f"{PREFIX}mean"], [f"{PREFIX}shifted"]),
        helper.make_node("Mul", [f"{PREFIX}shifted", f"{PREFIX}scale"], [f"{PREFIX}scaled"]),
    ]
    kind = image.type.tensor_type.elem_type
    return [*steps, helper.make_node("Cast", [f"{PREFIX}scaled"], [image.name], to=kind)]


def put_between(
    model: onnx.ModelProto,
    before: Sequence[onnx.NodeProto],
    behind: Sequence[onnx.NodeProto],
    constants: Sequence[onnx.TensorProto],
    form: Form,
) -> onnx.ModelProto:
    """Return the network with steps around its graph, and with the registry's in- and output."""
    nodes = [*before, *model.graph.node, *behind]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    mean = np.array(form.mean, dtype=np.float32).reshape(1, 3, 1, 1)
    scale = form.full_scale / np.array(form.deviation, dtype=np.float32).reshape(1, 3, 1, 1)
    model.graph.initializer.append(numpy_helper.from_array(mean, f"{PREFIX}mean"))
    model.graph.initializer.append(
        numpy_helper.from_array(scale.astype(np.float32), f"{PREFIX}scale")
    )
    model.graph.initializer.extend(constants)
    del model.graph.input[:]
    del model.graph.output[:]
    free = ["n", 3, "h", "w"]
    model.graph.input.append(
        helper.make_tensor_value_info(f"{PREFIX}images", TensorProto.FLOAT, free)
    )
    outcome = ["n", len(form.classes), "h", "w"]
    model.graph.output.append(
        helper.make_tensor_value_info(f"{PREFIX}probabilities", TensorProto.FLOAT, outcome)
    )
    del model.graph.value_info[:]  # sizes noted for another input
    return model
