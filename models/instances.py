"""Turn an engineer's own instance network into one that keeps the registry's contract.

YOLO segmentation networks answer with boxes, class scores, mask coefficients and mask prototypes.
The steps put behind the graph suppress doubled boxes inside the chip and paint the masks that are
left into scores of pixels, so that everything behind the network stays as it is for semantic
networks: pieces are joined by touching pixels, never by suppressing boxes across chips.

A pixel of a mask gets the confidence of its instance; the greatest counts where masks of a class
overlap. Masks are as fine as their prototypes, usually a quarter of the image.

Source: Ultralytics documentation, segmentation export: output0 (n, 4 + classes + masks, anchors)
with boxes as centre, width and height in px and scores from 0 to 1, output1 (n, masks, h/4, w/4).
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inspection.domain.networkform import Form
from inspection.errors import BadInput
from models.foreign import (
    PREFIX,
    check_float,
    only_image,
    put_between,
    shape_of,
    shape_told,
    steps_before,
)

OVERLAP_IOU = 0.7
"""Boxes of a class that overlap more are one object, as in Ultralytics' own prediction."""

MOST_OF_A_CLASS = 100
"""Instances of one network class in one chip; bounds the memory of the masks."""

FAR = 8.0
"""Logit of a mask where it certainly is not; sigmoid(-8) is 0.0003."""

NEAR = -2.0
"""A prototype pixel from which an instance lends its confidence to the pixels around."""


def adopt_instances(
    model: onnx.ModelProto, form: Form, name: str, *, least_confidence: float
) -> onnx.ModelProto:
    """Return an instance network between the steps that make it keep the contract.

    Args:
        model: the network as it was read.
        form: how it takes pixels; its channels are the network's classes, in order.
        name: file name, for messages.
        least_confidence: instances told with less are not painted, 0..1.

    Raises:
        BadInput: The outputs are not those of such a network.
    """
    boxes, prototypes = _outputs(model, name, len(form.channels))
    image = only_image(model, name)
    if None not in shape_of(image)[2:]:
        sides = "×".join(str(side) for side in shape_of(image)[2:])
        raise BadInput(
            f"{name} takes images of {sides} px only, and its boxes are laid out for that size; "
            "export it with dynamic=True"
        )
    old = max(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")) < 18
    behind = _Steps(form, boxes=boxes, prototypes=prototypes, least=least_confidence, old=old)
    return put_between(model, steps_before(image), behind.nodes, behind.constants, form)


def _outputs(model: onnx.ModelProto, name: str, classes: int) -> tuple[str, str]:
    """Name the output of boxes and that of mask prototypes."""
    flat = [each for each in model.graph.output if len(shape_of(each)) == 3]
    maps = [each for each in model.graph.output if len(shape_of(each)) == 4]
    if len(flat) != 1 or len(maps) != 1:
        told = ", ".join(shape_told(shape_of(each)) for each in model.graph.output)
        raise BadInput(
            f"{name} gives {told or 'nothing'}; an instance network gives boxes with mask "
            "coefficients (n, 4 + classes + masks, anchors) and prototypes (n, masks, h/4, w/4)"
        )
    rows, masks = shape_of(flat[0])[1], shape_of(maps[0])[1]
    if rows is not None and masks is not None and rows != 4 + classes + masks:
        raise BadInput(
            f"{name} gives {rows} numbers for a box; with {masks} masks that is "
            f"{rows - masks - 4} classes, but {classes} channels are mapped"
        )
    if masks is None:
        raise BadInput(f"{name} does not say how many mask prototypes it gives; export it again")
    for each in (flat[0], maps[0]):
        check_float(each, name)
    return flat[0].name, maps[0].name


class _Steps:
    """Collect the nodes and numbers that paint instances into probabilities of pixels."""

    def __init__(self, form: Form, *, boxes: str, prototypes: str, least: float, old: bool) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._form = form
        self._old = old  # before operator set 18, ReduceMax has its axes as an attribute
        self._number = 0
        self._read(boxes, prototypes)
        self._suppress(least)
        self._chosen()
        self._grid()
        self._paint()

    def _add(self, kind: str, inputs: Sequence[str], output: str = "", **options: object) -> str:
        """Add a node and name its output."""
        self._number += 1
        name = f"{PREFIX}{output or f'step_{self._number}'}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name

    def _keep(self, value: object, kind: type[np.generic]) -> str:
        """Add a number or a list of them and name it."""
        self._number += 1
        name = f"{PREFIX}value_{self._number}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
        return name

    def _whole(self, *values: int) -> str:
        return self._keep(list(values), np.int64)

    def _real(self, value: float) -> str:
        return self._keep(value, np.float32)

    def _read(self, boxes: str, prototypes: str) -> None:
        """Take the first image: boxes (N, 4), scores (classes, N), coefficients (N, masks)."""
        count = len(self._form.channels)
        table = self._add("Cast", [boxes], to=TensorProto.FLOAT)
        self._protos = self._add("Cast", [prototypes], to=TensorProto.FLOAT)
        axis, end = self._whole(1), self._whole(np.iinfo(np.int64).max)
        corner, ends = self._whole(4), self._whole(4 + count)
        box = self._add("Slice", [table, self._whole(0), corner, axis])
        self._boxes = self._add("Transpose", [box], perm=[0, 2, 1])
        self._scores = self._add("Slice", [table, corner, ends, axis])
        coefficients = self._add("Slice", [table, ends, end, axis])
        self._coefficients = self._add("Transpose", [coefficients], perm=[0, 2, 1])

    def _suppress(self, least: float) -> None:
        """Choose the boxes that stay: (k, 3) image, class, anchor."""
        inputs = [
            self._boxes, self._scores, self._whole(MOST_OF_A_CLASS),
            self._keep([OVERLAP_IOU], np.float32), self._keep([least], np.float32),
        ]  # fmt: skip
        chosen = self._add("NonMaxSuppression", inputs, center_point_box=1)
        self._class = self._add("Gather", [chosen, self._keep(1, np.int64)], axis=1)
        self._anchor = self._add("Gather", [chosen, self._keep(2, np.int64)], axis=1)

    def _chosen(self) -> None:
        """Give box (k, 4), confidence (k,) and mask logits (k, h, w) of each chosen instance."""
        first = self._keep(0, np.int64)
        table = self._add("Gather", [self._boxes, first], axis=0)
        self._box = self._add("Gather", [table, self._anchor], axis=0)
        scores = self._add("Gather", [self._scores, first], axis=0)
        place = [
            self._add("Unsqueeze", [each, self._whole(1)]) for each in (self._class, self._anchor)
        ]
        self._confidence = self._add("GatherND", [scores, self._add("Concat", place, axis=1)])
        table = self._add("Gather", [self._coefficients, first], axis=0)
        weights = self._add("Gather", [table, self._anchor], axis=0)
        protos = self._add("Gather", [self._protos, first], axis=0)
        flat = self._add("Flatten", [protos], axis=1)
        size = self._add("Shape", [protos])
        self._sides = self._add("Slice", [size, self._whole(1), self._whole(3)])
        shape = self._add("Concat", [self._whole(-1), self._sides], axis=0)
        logits = self._add("Reshape", [self._add("MatMul", [weights, flat]), shape])
        self._logits = self._add("Clip", [logits, self._real(-FAR), self._real(FAR)])

    def _grid(self) -> None:
        """Tell which prototype pixels lie in the box of each instance, (k, h, w) bool."""
        image = self._add("Shape", [f"{PREFIX}images"])
        inside = []
        for axis, (centre, extent) in enumerate(((1, 3), (0, 2))):  # rows, then columns
            place = self._keep(axis, np.int64)
            count = self._add("Gather", [self._sides, place])
            pixels = self._add("Gather", [image, self._keep(axis + 2, np.int64)])
            step = self._add("Div", [self._real_of(pixels), self._real_of(count)])
            index = self._add("Range", [self._keep(0, np.int64), count, self._keep(1, np.int64)])
            middle = self._add("Add", [self._real_of(index), self._real(0.5)])
            along = self._add("Mul", [middle, step])
            centres = self._add("Gather", [self._box, self._whole(centre)], axis=1)
            extents = self._add("Gather", [self._box, self._whole(extent)], axis=1)
            half = self._add("Mul", [extents, self._real(0.5)])
            distance = self._add("Abs", [self._add("Sub", [along, centres])])
            within = self._add("LessOrEqual", [distance, half])
            inside.append(self._add("Unsqueeze", [within, self._whole(2 - axis)]))
        self._inside = self._add("And", inside)

    def _real_of(self, value: str) -> str:
        return self._add("Cast", [value], to=TensorProto.FLOAT)

    def _paint(self) -> None:
        """Give the probability of each class of the taxonomy and of background, (1, c, h, w)."""
        logits = self._add("Where", [self._inside, self._logits, self._real(-FAR)])
        spread = self._add("Unsqueeze", [self._confidence, self._whole(1, 2)])
        near = self._add("Greater", [logits, self._real(NEAR)])
        lent = self._add("Where", [near, spread, self._real(0.0)])
        planes = [self._plane(name, logits, lent) for name in self._form.classes[1:]]
        damage = self._add("Concat", planes, axis=1)
        total = self._add("ReduceSum", [damage, self._whole(1)], keepdims=1)
        share = self._add("Div", [damage, self._add("Max", [total, self._real(1.0)])])
        left = self._add("ReduceSum", [share, self._whole(1)], keepdims=1)
        background = self._add("Sub", [self._real(1.0), left])
        self._add("Concat", [background, share], "probabilities", axis=1)

    def _plane(self, name: str, logits: str, lent: str) -> str:
        """Give the scores of one class at the size of the image, (1, 1, h, w)."""
        numbers = [n for n, channel in enumerate(self._form.channels) if channel == name]
        column = self._add("Unsqueeze", [self._class, self._whole(1)])
        same = self._add("Equal", [column, self._whole(*numbers)])
        count = self._add("ReduceSum", [self._real_of(same), self._whole(1)], keepdims=0)
        member = self._add("Unsqueeze", [count, self._whole(1, 2)])
        is_member = self._add("Greater", [member, self._real(0.5)])
        size = self._add("Concat", [self._whole(1), self._sides], axis=0)
        outline = self._most(is_member, logits, -FAR, size)
        strength = self._most(is_member, lent, 0.0, size)
        grown = self._add("MaxPool", [strength], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        image = self._add("Shape", [f"{PREFIX}images"])
        sides = self._add("Slice", [image, self._whole(2), self._whole(4)])
        target = self._add("Concat", [self._whole(1, 1), sides], axis=0)
        fine = self._add(
            "Resize", [outline, "", "", target], mode="linear",
            coordinate_transformation_mode="half_pixel",
        )  # fmt: skip
        told = self._add(
            "Resize", [grown, "", "", target], mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        return self._add(
            "Where", [self._add("Greater", [fine, self._real(0.0)]), told, self._real(0.0)]
        )

    def _most(self, is_member: str, values: str, nothing: float, size: str) -> str:
        """Give the greatest value of the members at each pixel, (1, 1, h, w)."""
        own = self._add("Where", [is_member, values, self._real(nothing)])
        empty = self._add(
            "ConstantOfShape", [size],
            value=helper.make_tensor("value", TensorProto.FLOAT, [1], [nothing]),
        )  # fmt: skip
        both = self._add("Concat", [own, empty], axis=0)  # never empty, however few were chosen
        if self._old:
            most = self._add("ReduceMax", [both], axes=[0], keepdims=1)
        else:
            most = self._add("ReduceMax", [both, self._whole(0)], keepdims=1)
        return self._add("Unsqueeze", [most, self._whole(0)])
