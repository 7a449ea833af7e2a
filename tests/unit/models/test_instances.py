"""Instances of a YOLO segmentation network become scores of pixels, as its own masks are."""

import importlib
from pathlib import Path

import numpy as np
import onnx
import openvino as ov
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image

from inspection.cli import tenken
from inspection.domain.networkform import Form
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from models.adopt import adopt
from models.instances import FAR
from tests.support.seen_boxes import SeenBox, write_instance_network

SIDE = 64
CRACK = Form(channels=("crack", "background", "spall"), output="instances")


def probabilities(file: Path, rgb: NDArray[np.uint8], form: Form = CRACK) -> NDArray[np.float32]:
    """Compute (c, h, w) with the adopted network, at any size."""
    made = adopt(file, form).SerializeToString()
    core = ov.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    network = core.compile_model(core.read_model(made), "CPU", exact)
    chip = rgb.transpose(2, 0, 1)[None].astype(np.float32) / 255
    found: NDArray[np.float32] = next(iter(network([chip]).values()))[0]
    return found


def white(*dark: tuple[slice, slice], side: int = SIDE) -> NDArray[np.uint8]:
    """Return a white chip with black places."""
    made = np.full((side, side, 3), 255, dtype=np.uint8)
    for rows, columns in dark:
        made[rows, columns] = 0
    return made


@pytest.mark.parametrize("opset", [13, 17, 18])
def test_a_mask_is_painted_with_its_confidence_inside_its_box(tmp_path: Path, opset: int) -> None:
    dark = white((slice(16, 32), slice(8, 56)))  # goes on beyond the box
    box = SeenBox(x0=8, y0=8, x1=40, y1=40, number=0, confidence=0.7)
    file = write_instance_network(tmp_path / "f.onnx", [box], classes=3, opset=opset)
    background, crack, spall = probabilities(file, dark)
    expected = np.zeros((SIDE, SIDE))
    expected[16:32, 8:40] = 0.7
    inside, outside = expected.copy(), expected.copy()
    inside[15:33, 7:41] = 0.7  # an edge is as sharp as the prototypes are fine, 4 px
    inside[12:36, 4:44] = 0.7
    outside[18:30, 10:38] = 0.0
    assert np.all(crack[20:28, 12:36] == pytest.approx(0.7, abs=1e-3))
    assert np.all(crack <= inside + 1e-3)
    assert not spall.any()
    np.testing.assert_allclose(background + crack, 1, atol=1e-5)
    assert abs((crack > 0.35).sum() / (expected > 0).sum() - 1) < 0.15


def test_doubled_boxes_are_one_and_neighbours_are_two(tmp_path: Path) -> None:
    left, right = (slice(8, 24), slice(8, 24)), (slice(40, 56), slice(40, 56))
    boxes = [
        SeenBox(x0=8, y0=8, x1=24, y1=24, number=0, confidence=0.6),
        SeenBox(x0=8, y0=8, x1=24, y1=23, number=0, confidence=0.9),
        SeenBox(x0=40, y0=40, x1=56, y1=56, number=0, confidence=0.5),
    ]
    file = write_instance_network(tmp_path / "f.onnx", boxes, classes=3)
    crack = probabilities(file, white(left, right))[1]
    assert crack[10:22, 10:22] == pytest.approx(0.9, abs=1e-3)  # the surer of the two
    assert crack[42:54, 42:54] == pytest.approx(0.5, abs=1e-3)
    assert np.all(crack[:, 30:34] == 0)


def test_classes_go_where_they_are_mapped_and_nothing_is_more_than_certain(tmp_path: Path) -> None:
    place = (slice(16, 48), slice(16, 48))
    boxes = [
        SeenBox(x0=16, y0=16, x1=48, y1=48, number=0, confidence=0.8),
        SeenBox(x0=16, y0=16, x1=48, y1=48, number=1, confidence=0.95),  # mapped to nothing
        SeenBox(x0=16, y0=16, x1=48, y1=48, number=2, confidence=0.6),
    ]
    file = write_instance_network(tmp_path / "f.onnx", boxes, classes=3)
    background, crack, spall = probabilities(file, white(place))
    assert crack[30, 30] == pytest.approx(0.8 / 1.4, abs=1e-3)
    assert spall[30, 30] == pytest.approx(0.6 / 1.4, abs=1e-3)
    assert background[30, 30] == pytest.approx(0, abs=1e-6)
    assert background[4, 4] == 1


def test_two_classes_of_the_network_may_be_one_damage(tmp_path: Path) -> None:
    boxes = [
        SeenBox(x0=8, y0=8, x1=24, y1=24, number=0, confidence=0.6),
        SeenBox(x0=40, y0=40, x1=56, y1=56, number=1, confidence=0.5),
    ]
    file = write_instance_network(tmp_path / "f.onnx", boxes, classes=2)
    form = Form(channels=("crack", "crack"), output="instances")
    dark = white((slice(8, 24), slice(8, 24)), (slice(40, 56), slice(40, 56)))
    crack = probabilities(file, dark, form)[1]
    assert (crack[16, 16], crack[48, 48]) == pytest.approx((0.6, 0.5), abs=1e-3)


@pytest.mark.parametrize("side", [64, 96, 160])
def test_nothing_seen_is_nothing_painted_at_any_size(tmp_path: Path, side: int) -> None:
    faint = SeenBox(x0=8, y0=8, x1=40, y1=40, number=0, confidence=0.2)  # below the least
    file = write_instance_network(tmp_path / "f.onnx", [faint], classes=3)
    found = probabilities(file, white((slice(0, side), slice(0, side)), side=side))
    assert found.shape == (3, side, side)
    assert np.all(found[0] == 1)
    assert not found[1:].any()


@pytest.mark.parametrize(
    ("made", "channels", "told"),
    [
        ({"classes": 2}, 3, "gives 8 numbers for a box; with 2 masks that is 2 classes, but 3"),
        ({"classes": 3, "prototypes": False}, 3, "an instance network gives boxes with mask"),
        ({"classes": 3, "sides": (SIDE, SIDE)}, 3, "64×64 px only.*dynamic=True"),
    ],
)
def test_what_is_no_such_network_is_refused_in_words(
    tmp_path: Path, made: dict[str, object], channels: int, told: str
) -> None:
    box = SeenBox(x0=8, y0=8, x1=40, y1=40, number=0, confidence=0.7)
    file = write_instance_network(tmp_path / "f.onnx", [box], **made)
    form = Form(channels=("crack",) * channels, output="instances")
    with pytest.raises(BadInput, match=told):
        adopt(file, form)


def test_a_semantic_network_is_told_what_it_is(tmp_path: Path) -> None:
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3, "h", "w"]) for n in "xy"]
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "g", values[:1], values[1:])
    ids = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=9), tmp_path / "g.onnx")
    with pytest.raises(BadInput, match=r"gives \(\?, 3, \?, \?\); an instance network"):
        adopt(tmp_path / "g.onnx", CRACK)


def test_it_is_registered_and_used_like_any_other(tmp_path: Path) -> None:
    box = SeenBox(x0=16, y0=16, x1=112, y1=112, number=0, confidence=0.9)
    file = write_instance_network(tmp_path / "best.onnx", [box], classes=3)
    own = tmp_path / "own"
    runner = CliRunner(env={"TENKEN_DETECT_MODELS_DIR": str(own)})
    words = ["models", "register", str(file), "--name", "yolo-own", "--output", "instances"]
    words += ["--channels", "crack,background,spall", "--gsd-mm-per-px", "0.5", "2"]
    done = runner.invoke(tenken, [*words, "--threshold", "crack=0.25"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "crack, spall" in done.output
    from models.detector import load_detector

    detector = load_detector("yolo-own", weights_dir=own)
    assert detector.classes == (DamageClass.CRACK, DamageClass.SPALL)
    dark = white((slice(32, 96), slice(32, 96)), side=128)
    scores = detector.score(dark[None])[0].scores
    assert scores[0, 64, 64] == pytest.approx(0.9, abs=1e-3)
    assert scores[0, 8, 8] == 0


@pytest.mark.data
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, in its own exporter
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_the_published_network_paints_what_its_maker_paints(data_dir: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from models.backends.torchvision_nms import ensure_torchvision

    ensure_torchvision()
    yolo = importlib.import_module("ultralytics").YOLO
    network = yolo("yolo11n-seg.yaml", task="segment")
    weights = load_file(data_dir / "weights" / "yolo11n-seg_coco.safetensors")
    network.model.load_state_dict({n: t.float() for n, t in weights.items()}, strict=False)
    made = tmp_path / "yolo.pt"
    network.save(made)
    onnx_path = Path(yolo(made).export(format="onnx", dynamic=True, imgsz=320, simplify=False))
    name = "1014691_RS_386_386RS124739_30380.jpg"  # two vehicles
    photo = data_dir / "roads" / "brazil" / "images" / name
    image = np.array(Image.open(photo).convert("RGB").resize((640, 352)))
    told = yolo(made).predict(image[..., ::-1], imgsz=(352, 640), conf=0.25, verbose=False)[0]
    theirs = told.masks.data.numpy().max(axis=0) > 0.5
    form = Form(channels=("crack",) * 80, output="instances")
    ours = probabilities(onnx_path, image, form)[1] > 0.2
    assert theirs.mean() > 0.02  # it sees something
    shared = (ours & theirs).sum() / (ours | theirs).sum()
    assert shared > 0.93


def test_sigmoid_of_far_is_nothing() -> None:
    assert 1 / (1 + np.exp(FAR)) < 1e-3
