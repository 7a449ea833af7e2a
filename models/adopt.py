"""Turn an engineer's own ONNX file into a network that keeps the registry's contract.

The file's graph is left as it is; steps are put before it (scale, mean, deviation) and behind it
(softmax, enlargement to the input's size, channels gathered into the taxonomy's classes). The
result is only trusted after ``models.probe`` has run it in a process of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput

Output = Literal["logits", "probabilities"]
OUTPUTS: tuple[Output, ...] = ("logits", "probabilities")
LEAST_OPSET = 13
LARGEST_MB = 1024
PREFIX = "tenken_"
NAMES = tuple(kind.value for kind in DamageClass)
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Say how a foreign network takes pixels and gives answers.

    Attributes:
        channels: Class of each output channel, in order; channels of one class are added up.
        output: Whether the channels are logits or already probabilities.
        full_scale: Value that white has at the input, 1 or 255.
        mean: Taken off each of red, green and blue, in units of 0..1.
        deviation: Divides each of red, green and blue, in units of 0..1.
    """

    channels: tuple[str, ...]
    output: Output = "logits"
    full_scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.channels) - {*NAMES, "background"})
        if unknown:
            raise BadInput(
                f"class {', '.join(unknown)} is not in the taxonomy; "
                f"use background or one of {', '.join(NAMES)}"
            )
        if not set(self.channels) - {"background"}:
            raise BadInput("no channel is damage; map at least one to a class of the taxonomy")
        if self.full_scale not in (1.0, 255.0):
            raise BadInput(f"white is 1 or 255 at the input, not {self.full_scale:g}")
        if not all(value > 0 for value in self.deviation):
            raise BadInput(f"deviation {self.deviation} must be above 0")

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes that come out, background first, in the taxonomy's order."""
        kept = set(self.channels)
        return ("background", *(name for name in NAMES if name in kept))


def adopt(path: Path, form: Form) -> onnx.ModelProto:
    """Return the network of a file between the steps that make it keep the contract.

    Args:
        path: ONNX file, one image in, one map of channels out.
        form: How it takes pixels and gives answers.

    Raises:
        BadInput: The file is no ONNX, keeps weights elsewhere, or takes or gives something else.
    """
    model = _read(path)
    _check_foreign(model, path.name)
    image = _only_image(model, path.name)
    answer = _only_answer(model, path.name, len(form.channels))
    before = _steps_before(image, form)
    behind = _steps_behind(answer, form)
    nodes = [*before, *model.graph.node, *behind]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(_constants(form))
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


def _read(path: Path) -> onnx.ModelProto:
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
    return model


def _check_foreign(model: onnx.ModelProto, name: str) -> None:
    """Refuse a network that went through ``adopt`` already: the steps would bear the same names."""
    names = [value.name for value in (*model.graph.input, *model.graph.initializer)]
    if any(known.startswith(PREFIX) for known in names):
        raise BadInput(
            f"{name} has been registered once already; register the file that it was made from, or "
            "copy it with its .json into the folder of models"
        )


def _only_image(model: onnx.ModelProto, name: str) -> onnx.ValueInfoProto:
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise BadInput(f"{name} has {len(inputs)} inputs; a detector has one image")
    shape = _shape(inputs[0])
    if len(shape) != 4 or shape[1] not in (3, None):
        raise BadInput(f"{name} takes {_told(shape)}; a detector takes (n, 3, h, w)")
    _check_float(inputs[0], name)
    return inputs[0]


def _only_answer(model: onnx.ModelProto, name: str, channels: int) -> onnx.ValueInfoProto:
    if len(model.graph.output) != 1:
        raise BadInput(
            f"{name} has {len(model.graph.output)} outputs; only semantic networks with one map of "
            "channels are taken, not boxes or instances"
        )
    answer = model.graph.output[0]
    shape = _shape(answer)
    if len(shape) != 4 or shape[1] not in (channels, None):
        raise BadInput(
            f"{name} gives {_told(shape)}, but {channels} channels are mapped to classes; "
            "a semantic network gives (n, channels, h, w)"
        )
    _check_float(answer, name)
    return answer


def _check_float(value: onnx.ValueInfoProto, name: str) -> None:
    kind = value.type.tensor_type.elem_type
    if kind not in FLOATS:
        named = kind in TensorProto.DataType.values()
        told = TensorProto.DataType.Name(kind) if named else f"of the unknown type {kind}"
        raise BadInput(f"{name}: {value.name} is {told}, not a floating-point map")


def _shape(value: onnx.ValueInfoProto) -> list[int | None]:
    sides = value.type.tensor_type.shape.dim
    return [side.dim_value if side.HasField("dim_value") else None for side in sides]


def _told(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("?" if side is None else str(side) for side in shape) + ")"


def _steps_before(image: onnx.ValueInfoProto, form: Form) -> list[onnx.NodeProto]:
    """Scale and shift pixels, ending in the name that the graph reads."""
    steps = [
        helper.make_node("Sub", [f"{PREFIX}images", f"{PREFIX}mean"], [f"{PREFIX}shifted"]),
        helper.make_node("Mul", [f"{PREFIX}shifted", f"{PREFIX}scale"], [f"{PREFIX}scaled"]),
    ]
    kind = image.type.tensor_type.elem_type
    return [*steps, helper.make_node("Cast", [f"{PREFIX}scaled"], [image.name], to=kind)]


def _steps_behind(answer: onnx.ValueInfoProto, form: Form) -> list[onnx.NodeProto]:
    """Make probabilities of the taxonomy's classes at the size of the input."""
    p = PREFIX
    soften = "Softmax" if form.output == "logits" else "Identity"
    options = {"axis": 1} if form.output == "logits" else {}
    return [
        helper.make_node("Cast", [answer.name], [f"{p}answer"], to=TensorProto.FLOAT),
        helper.make_node("Shape", [f"{p}images"], [f"{p}size"]),
        helper.make_node("Slice", [f"{p}size", f"{p}two", f"{p}four"], [f"{p}sides"]),
        helper.make_node("Shape", [f"{p}answer"], [f"{p}answer_size"]),
        helper.make_node("Slice", [f"{p}answer_size", f"{p}zero", f"{p}two"], [f"{p}front"]),
        helper.make_node("Concat", [f"{p}front", f"{p}sides"], [f"{p}target"], axis=0),
        helper.make_node(
            "Resize",
            [f"{p}answer", "", "", f"{p}target"],
            [f"{p}full"],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        ),
        helper.make_node(soften, [f"{p}full"], [f"{p}soft"], **options),
        helper.make_node("Conv", [f"{p}soft", f"{p}gather"], [f"{p}probabilities"]),
    ]


def _constants(form: Form) -> list[onnx.TensorProto]:
    """Give the numbers that the steps use."""
    mean = np.array(form.mean, dtype=np.float32).reshape(1, 3, 1, 1)
    scale = form.full_scale / np.array(form.deviation, dtype=np.float32).reshape(1, 3, 1, 1)
    numbers: Mapping[str, NDArray[np.generic]] = {
        "mean": mean,
        "scale": scale.astype(np.float32),
        "gather": gathering(form),
        "zero": np.array([0], dtype=np.int64),
        "two": np.array([2], dtype=np.int64),
        "four": np.array([4], dtype=np.int64),
    }
    return [numpy_helper.from_array(value, f"{PREFIX}{name}") for name, value in numbers.items()]


def gathering(form: Form) -> NDArray[np.float32]:
    """Return which channel adds to which class, (classes, channels, 1, 1) float32 of 0 and 1.

    Examples:
        >>> gathering(Form(channels=("background", "crack", "crack")))[..., 0, 0].tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    """
    adds = [[float(channel == name) for channel in form.channels] for name in form.classes]
    return np.array(adds, dtype=np.float32)[..., None, None]
