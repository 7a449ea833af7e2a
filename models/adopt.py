"""Turn an engineer's own ONNX file into a network that keeps the registry's contract.

The file's graph is left as it is; steps are put before it (scale, mean, deviation) and behind it.
Behind a semantic network these are softmax, enlargement to the input's size, and channels gathered
into the taxonomy's classes; those of an instance network are in ``models.instances``. The result is
only trusted after ``models.probe`` has run it in a process of its own.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inspection.domain.networkform import Form
from inspection.errors import BadInput
from models.foreign import (
    PREFIX,
    check_float,
    only_image,
    put_between,
    read_foreign,
    shape_of,
    shape_told,
    steps_before,
)
from models.instances import adopt_instances


def adopt(path: Path, form: Form, *, least_confidence: float = 0.25) -> onnx.ModelProto:
    """Return the network of a file between the steps that make it keep the contract.

    Args:
        path: ONNX file, one image in, one map of channels or instances out.
        form: How it takes pixels and gives answers.
        least_confidence: instances told with less are not painted, 0..1.

    Raises:
        BadInput: The file is no ONNX, keeps weights elsewhere, or takes or gives something else.
    """
    model = read_foreign(path)
    image = only_image(model, path.name)
    if form.output == "instances":
        return adopt_instances(model, form, path.name, least_confidence=least_confidence)
    answer = _only_answer(model, path.name, len(form.channels))
    return put_between(
        model, steps_before(image), _steps_behind(answer, form), _constants(form), form
    )


def _only_answer(model: onnx.ModelProto, name: str, channels: int) -> onnx.ValueInfoProto:
    if len(model.graph.output) != 1:
        raise BadInput(
            f"{name} has {len(model.graph.output)} outputs; a semantic network has one map of "
            "channels. Say --output instances for boxes with masks; boxes alone are not taken"
        )
    answer = model.graph.output[0]
    shape = shape_of(answer)
    if len(shape) != 4 or shape[1] not in (channels, None):
        raise BadInput(
            f"{name} gives {shape_told(shape)}, but {channels} channels are mapped to classes; "
            "a semantic network gives (n, channels, h, w)"
        )
    check_float(answer, name)
    return answer


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
    """Give the numbers that the steps behind the graph use."""
    numbers: Mapping[str, NDArray[np.generic]] = {
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
