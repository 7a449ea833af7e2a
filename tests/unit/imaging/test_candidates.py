"""Blocks are left out only where nothing can be found, and cutting in blocks changes no pixel."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn import functional

from inspection.domain.detection import ChipScores
from inspection.domain.fragment import Thresholds, Winners, winners
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.imaging import candidates
from inspection.imaging.candidates import BLOCK_PX, JOINT_REACH_PX, Decider, beside
from inspection.imaging.crest import crests
from inspection.imaging.enlarge import native, part

CLASSES = (DamageClass.CRACK, DamageClass.POTHOLE, DamageClass.JOINT)
RULE = Thresholds(upper=(0.5, 0.6, 0.4), continuation_ratio=0.5)
SHARE = 0.35


def answer(seed: int, side: int, stride: int, *, lines: int = 2) -> ChipScores:
    """Draw a faint answer with a few clear lines, as coarse as asked."""
    rng = np.random.default_rng(seed)
    scores = rng.random((len(CLASSES), side, side), dtype=np.float32) * np.float32(0.19)
    for _ in range(lines):
        plane, row, column = rng.integers(len(CLASSES)), *rng.integers(0, side, 2)
        scores[plane, row, column : column + side // 4] = rng.uniform(0.2, 1)
        scores[plane, row : row + side // 5, column] = rng.uniform(0.2, 1)
    return ChipScores(classes=CLASSES, scores=scores, stride=stride)


def plainly(scores: ChipScores, rows: slice, columns: slice, valid: NDArray[np.bool_]) -> Winners:
    """Decide without blocks: enlarge everything, crest everything, then cut."""
    crest = crests(native(scores), share=SHARE, valid=valid)[:, rows, columns]
    return winners(crest, range(len(CLASSES)), thresholds=RULE, valid=valid[rows, columns])


def decide(scores: ChipScores, rows: slice, columns: slice, valid: NDArray[np.bool_]) -> Winners:
    decider = Decider(scores=scores, valid=valid, thresholds=RULE, crest_share=SHARE)
    return decider.core(rows, columns)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    stride=st.sampled_from([1, 2, 4]),
    margin=st.sampled_from([0, 16, 64]),
    lines=st.integers(0, 5),
)
def test_blocks_change_no_pixel(seed: int, stride: int, margin: int, lines: int) -> None:
    side_px = 320
    scores = answer(seed, side_px // stride, stride, lines=lines)
    rng = np.random.default_rng(seed + 1)
    valid = np.ones((side_px, side_px), dtype=bool)
    valid[:, : rng.integers(0, 60)] = False
    core = slice(margin, side_px - margin)
    ours, plain = decide(scores, core, core, valid), plainly(scores, core, core, valid)
    assert np.array_equal(ours.label, plain.label)
    assert ours.score == pytest.approx(plain.score, abs=1e-6)


def test_only_blocks_with_a_place_that_reaches_are_enlarged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at: list[tuple[slice, slice, list[int]]] = []

    def watched(
        scores: ChipScores, rows: slice, columns: slice, *, planes: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        looked_at.append((rows, columns, planes.tolist()))
        return part(scores, rows, columns, planes=planes)

    monkeypatch.setattr(candidates, "part", watched)
    side_px = 4 * BLOCK_PX
    scores = np.zeros((3, side_px // 2, side_px // 2), dtype=np.float32)
    chip = ChipScores(classes=CLASSES, scores=scores, stride=2)
    valid = np.ones((side_px, side_px), dtype=bool)
    whole = slice(0, side_px)
    assert not decide(chip, whole, whole, valid).label.any()
    assert looked_at == []
    scores[1, 99:102, 99:102] = 0.31  # above the lower threshold of potholes, in block (1, 1)
    found = decide(chip, whole, whole, valid)
    assert [planes for _, _, planes in looked_at] == [[1]]
    rows, columns, _ = looked_at[0]
    assert (rows.start, columns.stop) == (BLOCK_PX - 2, 2 * BLOCK_PX + 2)
    assert set(np.unique(found.label)) == {0, 2}
    looked_at.clear()
    scores[1] = 0
    scores[0, BLOCK_PX // 2, 10] = 0.9  # the first place below the border of two blocks: both look
    decide(chip, whole, whole, valid)
    assert [rows.start for rows, _, _ in looked_at] == [0, BLOCK_PX - 2]


def test_a_core_that_begins_anywhere_is_cut_alike() -> None:
    scores = answer(5, 160, 2, lines=6)
    valid = np.ones((320, 320), dtype=bool)
    for start, stop in ((1, 319), (63, 257), (100, 101), (17, 130)):
        rows, columns = slice(start, stop), slice(320 - stop, 320 - start)
        ours, plain = decide(scores, rows, columns, valid), plainly(scores, rows, columns, valid)
        assert ours.label.shape == (stop - start, stop - start)
        assert np.array_equal(ours.label, plain.label)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), stride=st.sampled_from([1, 2, 4, 8]))
def test_enlarging_is_what_torch_calls_bilinear(seed: int, stride: int) -> None:
    scores = answer(seed, 12, stride)
    expected = functional.interpolate(
        torch.from_numpy(scores.scores)[None],
        scale_factor=float(stride),
        mode="bilinear",
        align_corners=False,
    )[0].numpy()
    assert native(scores) == pytest.approx(expected, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    stride=st.sampled_from([1, 2, 4]),
    ends=st.lists(st.integers(0, 48), min_size=4, max_size=4),
)
def test_a_part_is_cut_out_of_the_whole(seed: int, stride: int, ends: list[int]) -> None:
    scores = answer(seed, 48 // stride, stride)
    top, bottom, left, right = (*sorted(ends[:2]), *sorted(ends[2:]))
    rows, columns = slice(top, bottom + 1), slice(left, right + 1)
    rows, columns = slice(top, min(48, rows.stop)), slice(left, min(48, columns.stop))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    whole = native(scores)[:, rows, columns]
    assert part(scores, rows, columns) == pytest.approx(whole, abs=1e-6)
    planes = np.array([0, 2])
    assert part(scores, rows, columns, planes=planes) == pytest.approx(whole[planes], abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), stride=st.sampled_from([2, 4]))
def test_no_pixel_has_more_than_the_places_around_it(seed: int, stride: int) -> None:
    scores = answer(seed, 16, stride)
    fine = native(scores)
    for y, x in np.random.default_rng(seed).integers(0, 16 * stride, (40, 2)):
        around = scores.scores[
            :,
            max(0, y // stride - 1) : y // stride + 2,
            max(0, x // stride - 1) : x // stride + 2,
        ]
        assert (fine[:, y, x] <= around.max(axis=(1, 2)) + 1e-6).all()


def test_what_is_enlarged_is_not_the_answer_itself() -> None:
    scores = answer(1, 8, 1)
    before = scores.scores.copy()
    native(scores)[:] = 0
    part(scores, slice(0, 3), slice(0, 3))[:] = 0
    assert np.array_equal(scores.scores, before)


@pytest.mark.parametrize("stride", [0, -2])
def test_a_stride_below_one_is_refused(stride: int) -> None:
    with pytest.raises(BadInput, match=f"stride {stride}"):
        answer(1, 4, stride)


def with_joint(column: int, side: int = 320) -> ChipScores:
    """Draw a joint down one column of a chip."""
    scores = np.zeros((len(CLASSES), side, side), dtype=np.float32)
    scores[2, :, column : column + 3] = 0.9
    return ChipScores(classes=CLASSES, scores=scores)


def beside_of(scores: ChipScores, core: slice) -> NDArray[np.bool_] | None:
    valid = np.ones(scores.scores.shape[1:], dtype=bool)
    decider = Decider(scores=scores, valid=valid, thresholds=RULE, crest_share=SHARE)
    found, near = decider.core_beside_joints(core, core)
    plain = decider.core(core, core)
    assert np.array_equal(found.label, plain.label)
    assert np.array_equal(found.score, plain.score)
    return near


def test_a_joint_reaches_so_far_to_both_sides_and_no_farther() -> None:
    near = beside_of(with_joint(150), slice(64, 256))
    assert near is not None
    reached = np.flatnonzero(near[100])
    assert (reached.min() + 64, reached.max() + 64) == (150 - JOINT_REACH_PX, 152 + JOINT_REACH_PX)


def test_a_joint_in_the_margin_is_not_missed() -> None:
    near = beside_of(with_joint(64 - 10), slice(64, 256))
    assert near is not None
    assert near[:, : JOINT_REACH_PX - 10 + 3].all()
    assert not near[:, JOINT_REACH_PX - 10 + 3 :].any()


def test_where_there_is_no_joint_nothing_lies_beside_one() -> None:
    assert beside_of(answer(3, 320, 1, lines=0), slice(64, 256)) is None
    assert not beside(np.zeros((5, 7), dtype=bool)).any()


def test_a_detector_that_knows_no_joint_is_not_asked_for_one() -> None:
    scores = ChipScores(classes=CLASSES[:2], scores=with_joint(150).scores[:2])
    rule = Thresholds(upper=RULE.upper[:2], continuation_ratio=0.5)
    valid = np.ones((320, 320), dtype=bool)
    decider = Decider(scores=scores, valid=valid, thresholds=rule, crest_share=SHARE)
    assert decider.core_beside_joints(slice(64, 256), slice(64, 256))[1] is None


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), left=st.integers(80, 240))
def test_what_lies_beside_a_joint_does_not_depend_on_where_cores_end(seed: int, left: int) -> None:
    """Two cores side by side tell what one tells, as long as the chip is the same."""
    scores, rows = answer(seed, 320, 1, lines=4), slice(64, 256)
    valid = np.ones((320, 320), dtype=bool)
    decider = Decider(scores=scores, valid=valid, thresholds=RULE, crest_share=SHARE)

    def near(columns: slice) -> NDArray[np.bool_]:
        _, told = decider.core_beside_joints(rows, columns)
        empty = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
        return empty if told is None else told

    halves = np.hstack([near(slice(64, left)), near(slice(left, 256))])
    assert np.array_equal(halves, near(slice(64, 256)))
