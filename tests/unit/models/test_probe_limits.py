"""A stranger's network is tried as it will be used, by a process that knows no secret."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspection.errors import BadInput
from inspection.pipeline.detect import CHIP_PX
from models.enter import enter_apart
from models.probe import LIMIT_GB, SIDES_PX, ask
from tests.support.modelrows import described

POOL_PX = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "apart"
    made.mkdir()
    return made


def write_greedy_network(path: Path) -> Path:
    """Write a network that compares every place with every other: as the area squared."""
    colours = numpy_helper.from_array(np.full((2, 3, 1, 1), -10.0, dtype=np.float32), "w")
    one_row = numpy_helper.from_array(np.array([0, -1, 1], dtype=np.int64), "one_row")
    little = numpy_helper.from_array(np.array(1e-20, dtype=np.float32), "little")
    sides = {"kernel_shape": [POOL_PX, POOL_PX], "strides": [POOL_PX, POOL_PX]}
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["x"], ["small"], **sides),
            helper.make_node("Conv", ["small", "w"], ["y"]),
            helper.make_node("ReduceMean", ["small"], ["grey"], axes=[1]),
            helper.make_node("Reshape", ["grey", "one_row"], ["column"]),
            helper.make_node("Transpose", ["column"], ["row"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["column", "row"], ["pairs"]),
            helper.make_node("Sigmoid", ["pairs"], ["weighed"]),
            helper.make_node("ReduceMax", ["weighed"], ["most"], keepdims=0),
            helper.make_node("Mul", ["most", "little"], ["nothing"]),
            helper.make_node("Add", ["y", "nothing"], ["z"]),
        ],
        "greedy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 2, "a", "b"])],
        [colours, one_row, little],
    )
    ids = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=9), path)
    return path


def pairs_gb(side_px: int) -> float:
    """Give what it holds for a chip, GB."""
    return 4 * (side_px / POOL_PX) ** 4 / 1e9


def test_a_network_that_is_small_on_small_chips_only_is_refused(
    tmp_path: Path, folder: Path
) -> None:
    assert max(map(pairs_gb, SIDES_PX)) < 0.2 and pairs_gb(CHIP_PX) > LIMIT_GB
    file = write_greedy_network(tmp_path / "greedy.onnx")
    with pytest.raises(BadInput, match=r"(?s)model own.*(memory|ended its process)"):
        enter_apart(file, described("own"), folder)


def test_who_opens_a_strangers_file_knows_no_secret_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "word-1",
        "TENKEN_DATABASE_URL": "postgresql://tenken:word-2@db.example/tenken",
        "TENKEN_QUEUE_BROKER_URL": "redis://:word-3@broker.example/0",
        "PGPASSWORD": "word-4",
        "ANYTHING_ELSE": "word-5",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    told = ask("tests.support.environment", [], "own", limit_s=60.0)
    assert not set(secrets) & set(told)
    assert not [value for value in told.values() if "word-" in str(value)]
    assert told["LANG"] == "ja_JP.UTF-8" and "PATH" in told
