"""The gauge sees the time and the memory of the block it guards, and only of that."""

import time
from typing import Any

import pytest

from inspection.pipeline.gauge import Gauge, peak_rss_mb
from tests.support.apart import apart

MEASURED = """
import json
import numpy as np
from inspection.pipeline.gauge import Gauge, reset_peak

def touch(megabytes):
    block = np.ones(megabytes * 1_000_000, dtype=np.uint8)
    return int(block[:: 1 << 20].sum())

blocks, could = [], reset_peak()
for megabytes in (1, 300, 1):
    with Gauge() as gauge:
        touch(megabytes)
    blocks.append(gauge.peak_rss_mb)
print(json.dumps({"could": could, "small": blocks[0], "large": blocks[1], "after": blocks[2]}))
"""


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """Measure blocks that take 1, 300 and 1 MB, in a process that has held nothing before."""
    found: dict[str, Any] = apart(MEASURED)
    return found


def test_seconds_are_those_of_the_block() -> None:
    began_s = time.monotonic()
    with Gauge() as gauge:
        time.sleep(0.05)
    all_s = time.monotonic() - began_s
    time.sleep(0.05)
    assert 0.05 <= gauge.seconds <= all_s


def test_memory_taken_and_given_back_inside_the_block_is_seen(measured: dict[str, Any]) -> None:
    assert 250 < measured["large"] - measured["small"] < 400


def test_an_earlier_peak_is_forgotten_where_the_kernel_can(measured: dict[str, Any]) -> None:
    if not measured["could"]:
        pytest.fail("this kernel cannot reset the high-water mark: run.json would mislead")
    assert measured["after"] < measured["large"] - 200


def test_the_gauge_is_read_even_when_the_block_fails() -> None:
    gauge = Gauge()
    with pytest.raises(ZeroDivisionError), gauge:
        raise ZeroDivisionError
    assert gauge.seconds >= 0
    assert 10 < gauge.peak_rss_mb <= peak_rss_mb() + 1000
