"""The gauge sees the time and the memory of the block it guards, and only of that."""

import time

import numpy as np
import pytest

from inspection.pipeline.gauge import Gauge, peak_rss_mb, reset_peak


def touch(megabytes: int) -> int:
    block = np.ones(megabytes * 1_000_000, dtype=np.uint8)
    return int(block[:: 1 << 20].sum())


def test_seconds_are_those_of_the_block() -> None:
    with Gauge() as gauge:
        time.sleep(0.05)
    assert 0.05 <= gauge.seconds < 0.5


def test_memory_taken_and_given_back_inside_the_block_is_seen() -> None:
    with Gauge() as small:
        touch(1)
    with Gauge() as large:
        touch(300)
    assert 250 < large.peak_rss_mb - small.peak_rss_mb < 400


def test_an_earlier_peak_is_forgotten_where_the_kernel_can() -> None:
    if not reset_peak():
        pytest.fail("this kernel cannot reset the high-water mark: run.json would mislead")
    with Gauge() as large:
        touch(300)
    with Gauge() as after:
        touch(1)
    assert after.peak_rss_mb < large.peak_rss_mb - 200


def test_the_gauge_is_read_even_when_the_block_fails() -> None:
    gauge = Gauge()
    with pytest.raises(ZeroDivisionError), gauge:
        raise ZeroDivisionError
    assert gauge.seconds >= 0
    assert 10 < gauge.peak_rss_mb <= peak_rss_mb() + 1000
