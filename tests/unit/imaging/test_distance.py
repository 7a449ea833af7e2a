"""Distances are the same whatever number of threads OpenCV has, and the true ones."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from inspection.imaging.candidates import beside
from inspection.imaging.distance import distance_px

DIGESTS = """
import hashlib, sys, cv2, numpy as np
from inspection.imaging.distance import distance_px
cv2.setNumThreads(int(sys.argv[1]))
rng = np.random.default_rng(3)
mask = rng.random((300, 400)) > 0.003
held = []
for _ in range(40):  # the same pixels, each time elsewhere in memory
    held = [*held[-3:], np.full(rng.integers(1, 2_000_000), 0.5)]
    start = int(rng.integers(64))
    there = np.empty(mask.size + 64, bool)[start : start + mask.size].reshape(mask.shape)
    there[:] = mask
    print(hashlib.sha256(distance_px(there).tobytes()).hexdigest())
"""


def test_threads_and_places_in_memory_change_no_bit() -> None:
    """In processes of their own: the number of threads belongs to a process.

    OpenCV's own answer differs between one thread and two, and with one thread in every third call.
    """
    told = {
        line
        for threads in ("1", "2", "4")
        for line in subprocess.run(
            [sys.executable, "-c", DIGESTS, threads], capture_output=True, text=True, check=True
        ).stdout.splitlines()
    }
    assert len(told) == 1


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("size", [(700, 900), (90, 110), (1, 40), (40, 1)])
def test_distances_are_those_of_scipy(size: tuple[int, int], share: float) -> None:
    mask = np.random.default_rng(7).random(size) < share
    mask[0, 0] = False
    expected = distance_transform_edt(mask).astype(np.float32)
    assert np.array_equal(distance_px(mask), expected)
    assert np.array_equal(distance_px(mask.astype(np.uint8)), expected)


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_whole_distance_is_whole(down: int, right: int) -> None:
    mask = np.ones((301, 301), dtype=np.bool_)
    mask[down, right] = False
    found = distance_px(mask)
    assert found[down, right] == 0
    assert found[0, right] == down
    assert found[down, 0] == right


def test_what_lies_exactly_at_the_reach_is_beside() -> None:
    """20 px along a row, and 12 px down with 16 px along."""
    joint = np.zeros((200, 200), dtype=np.bool_)
    joint[100, 100] = True
    near = beside(joint, reach_px=20)
    assert near[100, 120] and near[112, 116] and near[116, 88]
    assert not near[100, 121] and not near[113, 116]
    assert near.sum() == sum(x * x + y * y <= 400 for x in range(-20, 21) for y in range(-20, 21))


def test_rows_that_do_not_lie_side_by_side_are_read_too() -> None:
    mask = np.random.default_rng(9).random((64, 128)) < 0.9
    expected = distance_transform_edt(mask[::2, 1::3]).astype(np.float32)
    assert np.array_equal(distance_px(mask[::2, 1::3]), expected)
