"""The stand-in suppresses as torchvision does, and only stands in where it must."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backends.torchvision_nms import SYMPTOM, ensure_torchvision, nms


def brute_force(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """Suppress box by box, in plain Python."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        a = boxes[index]
        for other in kept:
            b = boxes[other]
            width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
            height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
            shared = width * height
            union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
            if shared > threshold * union:
                break
        else:
            kept.append(index)
    return kept


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40), threshold=st.floats(0.05, 0.95))
def test_the_same_boxes_are_kept_as_by_brute_force(seed: int, count: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 50, (count, 2))
    boxes = np.concatenate([corner, corner + rng.integers(1, 40, (count, 2))], 1).astype(np.float64)
    scores = rng.permutation(count) / 40.0
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
    assert kept.tolist() == brute_force(boxes, scores, threshold)


def test_no_box_gives_no_index() -> None:
    kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert kept.shape == (0,)
    assert kept.dtype == torch.int64


def test_equal_boxes_leave_the_best() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10]] * 3)
    assert nms(boxes, torch.tensor([0.2, 0.9, 0.5]), 0.5).tolist() == [1]


def test_iou_of_exactly_the_threshold_stays() -> None:
    boxes = torch.tensor([[0.0, 0, 2, 1], [1.0, 0, 3, 1]])  # IoU 1/3
    assert len(nms(boxes, torch.tensor([0.9, 0.8]), 1 / 3)) == 2
    assert len(nms(boxes, torch.tensor([0.9, 0.8]), 0.33)) == 1


def test_torchvision_suppresses_after_the_call() -> None:
    ensure_torchvision()
    import torchvision

    boxes = torch.tensor([[0.0, 0, 10, 10], [1.0, 0, 11, 10], [30.0, 30, 40, 40]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.8, 0.9, 0.1]), 0.5)
    assert kept.tolist() == [1, 2]


def test_a_second_call_changes_nothing() -> None:
    assert ensure_torchvision() == ensure_torchvision()


def run(code: str) -> str:
    """Run code in a fresh interpreter, where nothing of torch is loaded yet."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


FAKE = """
    import sys, types
    from pathlib import Path
    from tempfile import mkdtemp

    folder = Path(mkdtemp())
    (folder / "torchvision").mkdir()
    (folder / "torchvision" / "__init__.py").write_text({source!r})
    sys.path.insert(0, str(folder))
    from models.backends import torchvision_nms
"""


def test_nothing_is_registered_where_the_native_operator_exists() -> None:
    code = textwrap.dedent(FAKE.format(source="native = True")) + textwrap.dedent(
        """
        import torch
        assert torchvision_nms.ensure_torchvision() is False
        import torchvision
        print(torchvision.native, hasattr(torch.ops.torchvision, "nms"))
        """
    )
    assert run(code) == "True False"


def test_the_symptom_is_cured_and_half_imported_modules_are_dropped() -> None:
    source = (
        "import torch\n"
        "if not hasattr(torch.ops.torchvision, 'nms'):\n"
        f"    raise RuntimeError('{SYMPTOM}')\n"
        "whole = True\n"
    )
    boxes = "def _assert_has_ops():\n    raise RuntimeError('no compiled library')\n"
    code = textwrap.dedent(FAKE.format(source=source)) + textwrap.dedent(
        f"""
        (folder / "torchvision" / "ops").mkdir()
        (folder / "torchvision" / "ops" / "__init__.py").touch()
        (folder / "torchvision" / "ops" / "boxes.py").write_text({boxes!r})
        assert torchvision_nms.ensure_torchvision() is True
        import torchvision
        from torchvision.ops.boxes import _assert_has_ops
        print(torchvision.whole, _assert_has_ops())
        """
    )
    assert run(code) == "True None"


def test_any_other_failure_is_passed_on() -> None:
    source = "raise RuntimeError('CUDA driver is too old')"
    code = textwrap.dedent(FAKE.format(source=source)) + textwrap.dedent(
        """
        try:
            torchvision_nms.ensure_torchvision()
        except RuntimeError as error:
            print(error)
        """
    )
    assert run(code) == "CUDA driver is too old"


@pytest.mark.timeout(300)
def test_ultralytics_suppresses_boxes_after_the_call() -> None:
    code = """
        import os
        from models.backends.torchvision_nms import ensure_torchvision
        ensure_torchvision()
        import torch, torchvision
        from ultralytics.utils.nms import non_max_suppression
        raw = torch.zeros(1, 5, 2)
        raw[0, :, 0] = torch.tensor([10.0, 10, 8, 8, 0.9])
        raw[0, :, 1] = torch.tensor([11.0, 10, 8, 8, 0.8])
        (kept,) = non_max_suppression(raw, conf_thres=0.25, iou_thres=0.5)
        print(len(kept), os.environ["YOLO_AUTOINSTALL"])
    """
    assert run(code).splitlines()[-1] == "1 false"
