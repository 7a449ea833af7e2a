"""Turns at something heavy: few at a time, few who wait, and an answer for everybody else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.errors import RETRY_AFTER_S
from inspection.errors import Unavailable
from inspection.imaging.darkroom import Darkroom
from inspection.imaging.photocrop import Cutter
from inspection.turns import Turns
from tests.support.sortie import Shot

LONG_S = 60.0
"""Longer than any test lasts: whoever waits that long hangs."""


def test_one_works_one_waits_and_the_third_is_told_at_once() -> None:
    turns = Turns("sawing", waiting_most=1, patience_s=LONG_S)
    working, done = threading.Event(), threading.Event()

    def work() -> str:
        with turns.one():
            working.set()
            assert done.wait(LONG_S)
        return "sawn"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(work)
        assert working.wait(LONG_S)
        second = pool.submit(work)
        while turns._room._value:  # until the second one waits
            threading.Event().wait(0.001)
        with pytest.raises(Unavailable, match="sawing: others wait for it already"), turns.one():
            pytest.fail("there is no third turn")
        assert not second.done()
        done.set()
        assert (first.result(LONG_S), second.result(LONG_S)) == ("sawn", "sawn")
    with turns.one():
        pass


def test_nobody_waits_for_ever() -> None:
    turns = Turns("sawing", patience_s=0.01)
    with (
        turns.one(),
        pytest.raises(Unavailable, match=r"nobody was done within 0\.01 s"),
        turns.one(),
    ):
        pytest.fail("there is one seat")


def test_who_fails_leaves_the_seat() -> None:
    turns = Turns("sawing", waiting_most=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.one():
            raise ZeroDivisionError
    with turns.one():
        pass


def test_a_photo_that_is_in_memory_needs_no_turn(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(Shot(seed=1).jpeg())
    turns = Turns("decoding a photo", waiting_most=0, patience_s=0.0)
    cutter = Cutter(Darkroom(turns=turns))
    options = {"window": (0, 0, 32, 32), "size_px": (32, 32)}
    first = cutter.cut(path, "a", **options)  # type: ignore[arg-type]
    with turns.one():
        assert cutter.cut(path, "a", **options) == first  # type: ignore[arg-type]
        with pytest.raises(Unavailable, match="decoding a photo"):
            cutter.cut(path, "b", **options)  # type: ignore[arg-type]
    assert RETRY_AFTER_S > 0
