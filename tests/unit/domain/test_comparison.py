"""What two models found: both, only one, the same thing called otherwise."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.comparison import SHARE, Agreement, Outline, agreements
from inspection.errors import BadInput

BOTH, OTHERWISE, ONLY = Agreement.BOTH, Agreement.OTHERWISE, Agreement.ONLY


def found(shape: shapely.Geometry, kind: str = "crack") -> Outline:
    return Outline(
        damage_class=kind, confidence=0.8, area_m2=shape.area, length_m=None, shape=shape
    )


def crack(x0: float, x1: float, y: float = 0.0, width: float = 0.002) -> Outline:
    """Draw a crack along x, metres."""
    return found(shapely.box(x0, y - width / 2, x1, y + width / 2))


def test_the_same_crack_drawn_a_little_aside_is_found_by_both() -> None:
    ours, theirs = [crack(0, 1)], [crack(0, 1, y=0.003)]
    assert agreements(ours, theirs, tolerance_m=0.003) == (BOTH,)
    assert agreements(ours, theirs, tolerance_m=0.0005) == (ONLY,)


def test_one_long_crack_and_its_pieces_agree_each_by_its_own_measure() -> None:
    """The other found five pieces that cover 60 %: the long one counts, and so does each piece."""
    whole = [crack(0, 1)]
    pieces = [crack(n / 5, n / 5 + 0.12) for n in range(5)]
    assert agreements(whole, pieces, tolerance_m=0.001) == (BOTH,)
    assert agreements(pieces, whole, tolerance_m=0.001) == (BOTH,) * 5
    two = pieces[:2]  # 24 %: the long crack was not found, though what was found of it is right
    assert agreements(whole, two, tolerance_m=0.001) == (ONLY,)
    assert agreements(two, whole, tolerance_m=0.001) == (BOTH, BOTH)


@pytest.mark.parametrize(("covered", "expected"), [(0.49, ONLY), (0.51, BOTH)])
def test_half_of_an_object_must_be_found(covered: float, expected: Agreement) -> None:
    square, part = shapely.box(0, 0, 1, 1), shapely.box(0, 0, covered, 1)
    assert agreements([found(square)], [found(part)], tolerance_m=0) == (expected,)


def test_what_the_other_calls_otherwise_is_said_so() -> None:
    patch = shapely.box(0, 0, 0.3, 0.3)
    ours = [found(patch, "spall"), crack(5, 6), crack(8, 9)]
    theirs = [found(patch, "efflorescence"), crack(5, 6)]
    assert agreements(ours, theirs, tolerance_m=0.003) == (OTHERWISE, BOTH, ONLY)
    assert agreements(theirs, ours, tolerance_m=0.003) == (OTHERWISE, BOTH)


def test_overlapping_objects_of_the_other_are_not_counted_twice() -> None:
    """Two outlines over the same 30 % are 30 %, not 60 %."""
    ours = [found(shapely.box(0, 0, 1, 1))]
    theirs = [found(shapely.box(0, 0, 0.3, 1)), found(shapely.box(0, 0, 0.3, 1))]
    assert agreements(ours, theirs, tolerance_m=0) == (ONLY,)


def test_nothing_agrees_with_nothing() -> None:
    assert agreements([], [crack(0, 1)], tolerance_m=0.1) == ()
    assert agreements([crack(0, 1)], [], tolerance_m=0.1) == (ONLY,)


@pytest.mark.parametrize(
    ("tolerance_m", "share"), [(-0.1, 0.5), (math.nan, 0.5), (0.1, 0.0), (0.1, 1.1)]
)
def test_what_cannot_be_is_refused(tolerance_m: float, share: float) -> None:
    with pytest.raises(BadInput, match="is unusable"):
        agreements([], [], tolerance_m=tolerance_m, share=share)


boxes = st.tuples(st.floats(0, 5), st.floats(0, 5), st.floats(0.05, 2), st.floats(0.05, 2)).map(
    lambda b: shapely.box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)
outlines = st.lists(st.builds(found, boxes, st.sampled_from(["crack", "spall"])), max_size=6)


@given(outlines, outlines, st.just(0.0) | st.floats(0.001, 0.2))
def test_laws(ours: list[Outline], theirs: list[Outline], tolerance_m: float) -> None:
    said = agreements(ours, theirs, tolerance_m=tolerance_m)
    assert len(said) == len(ours)
    # whoever is compared with themselves agrees
    assert set(agreements(ours, ours, tolerance_m=tolerance_m)) <= {BOTH}
    # a wider tolerance or more objects of the other never make fewer agree
    wider = agreements(ours, theirs, tolerance_m=tolerance_m + 0.1)
    more = agreements(ours, [*theirs, *ours[:1]], tolerance_m=tolerance_m)
    for before, after, also in zip(said, wider, more, strict=True):
        assert not (before is BOTH and after is not BOTH)
        assert not (before is BOTH and also is not BOTH)
    # by plain words: the share of each object within reach of the others of its class
    for one, agreement in zip(ours, said, strict=True):
        same = [o.shape.buffer(tolerance_m) for o in theirs if o.damage_class == one.damage_class]
        share = one.shape.intersection(shapely.union_all(same)).area / one.shape.area
        if abs(share - SHARE) > 1e-9:
            assert (agreement is BOTH) is (share > SHARE)
