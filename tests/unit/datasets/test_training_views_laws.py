"""Laws of what a network is shown: views of chips of any size, drawn cracks of known area, light.

A view never invents a class, never loses which pixel is which, and the same seed is the same view.
"""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets import procedural
from datasets.augment import (
    augment,
    change_light,
    crop_or_pad,
    degrade,
    draw_joint_on,
    light_table,
    motion_kernel,
    rescale,
    turn,
)
from datasets.chips import Chip
from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, JOINT
from datasets.manifest import Split
from datasets.procedural import coverage, draw_crack, draw_joint, render_chip, render_chips

Bytes = NDArray[np.uint8]
SEEDS = st.integers(0, 2**32 - 1)
SIDES = st.integers(1, 90)


def chip(seed: int, height: int, width: int) -> tuple[Bytes, Bytes]:
    """Draw an image whose red channel tells the class of each pixel, and the classes."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice([BACKGROUND, CRACK, JOINT, IGNORE_INDEX], (-(-height // 8), -(-width // 8)))
    classes = np.kron(blocks, np.ones((8, 8)))[:height, :width].astype(np.uint8)
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    rgb[..., 0] = classes
    return rgb, classes


class TestAnyView:
    """Of any chip, however small."""

    @settings(max_examples=50, deadline=None)
    @given(seed=SEEDS, height=SIDES, width=SIDES, size=st.sampled_from([32, 64, 96]))
    def test_it_has_the_asked_size_and_no_new_class(
        self, seed: int, height: int, width: int, size: int
    ) -> None:
        rgb, classes = chip(seed, height, width)
        image, labels = augment(np.random.default_rng(seed), rgb, classes, size)
        assert image.shape == (size, size, 3) and image.dtype == np.uint8
        assert labels.shape == (size, size) and labels.dtype == np.uint8
        assert set(np.unique(labels)) <= set(np.unique(classes)) | {
            BACKGROUND, CRACK, JOINT, IGNORE_INDEX,
        }  # fmt: skip
        again = augment(np.random.default_rng(seed), rgb.copy(), classes.copy(), size)
        assert np.array_equal(again[0], image) and np.array_equal(again[1], labels)

    @settings(max_examples=50, deadline=None)
    @given(seed=SEEDS, height=SIDES, width=SIDES)
    def test_the_chip_itself_is_not_written_on(self, seed: int, height: int, width: int) -> None:
        rgb, classes = chip(seed, height, width)
        rgb.setflags(write=False)
        classes.setflags(write=False)
        augment(np.random.default_rng(seed), rgb, classes, 32)

    @settings(max_examples=50, deadline=None)
    @given(seed=SEEDS, height=SIDES, width=SIDES)
    def test_a_window_keeps_every_pixel_with_its_class(
        self, seed: int, height: int, width: int
    ) -> None:
        rgb, classes = chip(seed, height, width)
        rng = np.random.default_rng(seed)
        image, labels = turn(rng, *crop_or_pad(rng, rgb, classes, 48))
        real = labels != IGNORE_INDEX
        assert (image[..., 0][real] == labels[real]).all()
        beyond = max(0, 48 - height) * 48 + max(0, 48 - width) * 48
        beyond -= max(0, 48 - height) * max(0, 48 - width)
        assert int((~real).sum()) >= beyond

    @settings(max_examples=40, deadline=None)
    @given(seed=SEEDS)
    def test_eight_turns_are_a_group(self, seed: int) -> None:
        """Whatever view was drawn, one of the eight brings the chip back."""
        rgb, classes = chip(seed, 24, 40)
        image, _ = turn(np.random.default_rng(seed), rgb, classes)
        back = [
            np.rot90(flipped, quarters)
            for flipped in (image, image[:, ::-1])
            for quarters in range(4)
        ]
        assert any(view.shape == rgb.shape and np.array_equal(view, rgb) for view in back)

    @pytest.mark.parametrize("factor", [0.5, 0.75, 1.0, 1.5, 2.0])
    @pytest.mark.parametrize("width_px", [1, 2, 3, 8])
    def test_a_crack_keeps_its_length_at_any_scale(self, factor: float, width_px: int) -> None:
        rgb, classes = np.full((128, 128, 3), 200, np.uint8), np.zeros((128, 128), np.uint8)
        classes[:, 60 : 60 + width_px] = CRACK
        image, labels = rescale(rgb, classes, factor)
        assert labels.shape == image.shape[:2] == (round(128 * factor),) * 2
        rows = (labels == CRACK).sum(axis=1)
        assert (rows >= 1).all(), "no gap"
        assert rows.mean() == pytest.approx(width_px * factor, abs=1.0)


class TestLight:
    """Light, lens and codec change values, never shapes."""

    @settings(max_examples=40, deadline=None)
    @given(seed=SEEDS, mean=st.floats(0, 1))
    def test_tones_rise_and_stay_bytes(self, seed: int, mean: float) -> None:
        table = light_table(np.random.default_rng(seed), mean)
        assert table.shape == (256, 1, 3) and table.dtype == np.uint8
        assert (np.diff(table.astype(int), axis=0) >= 0).all()
        assert np.ptp(table.astype(int), axis=0).min() > 100

    @settings(max_examples=40, deadline=None)
    @given(seed=SEEDS)
    def test_a_kernel_of_motion_is_a_short_line_that_sums_to_one(self, seed: int) -> None:
        kernel = motion_kernel(np.random.default_rng(seed))
        assert kernel.shape[0] == kernel.shape[1] and 3 <= len(kernel) <= 7
        assert kernel.sum() == pytest.approx(1, abs=1e-6)
        assert (kernel >= 0).all() and 2 <= np.count_nonzero(kernel) <= len(kernel) + 1

    @settings(max_examples=40, deadline=None)
    @given(seed=SEEDS, shade=st.integers(0, 255))
    def test_an_even_surface_stays_nearly_even(self, seed: int, shade: int) -> None:
        rng = np.random.default_rng(seed)
        image = degrade(rng, np.full((48, 56, 3), shade, np.uint8))
        assert image.shape == (48, 56, 3)
        assert abs(float(image.mean()) - shade) < 8
        lit = change_light(rng, np.full((48, 56, 3), shade, np.uint8))
        assert lit.shape == (48, 56, 3) and lit.dtype == np.uint8

    @settings(max_examples=40, deadline=None)
    @given(seed=SEEDS)
    def test_a_joint_only_darkens_and_never_covers_a_label(self, seed: int) -> None:
        rgb, classes = np.full((64, 64, 3), 180, np.uint8), np.zeros((64, 64), np.uint8)
        classes[20:24], classes[40:44] = CRACK, IGNORE_INDEX
        image, labels = draw_joint_on(np.random.default_rng(seed), rgb, classes)
        assert (image <= rgb).all()
        assert (labels[classes != BACKGROUND] == classes[classes != BACKGROUND]).all()
        assert set(np.unique(labels[classes == BACKGROUND])) <= {BACKGROUND, JOINT}
        assert (image[labels == JOINT] < 180).any(axis=-1).all()


class TestDrawing:
    """Strokes of known area, and what is rendered with them."""

    @settings(max_examples=25, deadline=None)
    @given(angle=st.floats(0, math.pi), width=st.floats(1.5, 12), length=st.floats(20, 60))
    def test_a_straight_stroke_covers_length_times_width(
        self, angle: float, width: float, length: float
    ) -> None:
        """With half discs at its ends; OpenCV draws up to half a pixel too wide."""
        direction = np.array([math.cos(angle), math.sin(angle)])
        points = np.array([48.0, 48.0]) + np.linspace(-0.5, 0.5, 9)[:, None] * length * direction
        cover = coverage(96, [(points, np.full(9, width))])
        drawn = round(4 * width) / 4
        least, most = (
            (length + 0.25) * wide + math.pi * wide**2 / 4 for wide in (drawn - 0.1, drawn + 0.6)
        )
        assert 0.97 * least - 1 <= float(cover.sum()) <= 1.03 * most + 1
        assert 0 <= cover.min() and cover.max() <= 1.0 + 1e-6

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS)
    def test_cracks_and_joints_cover_between_nothing_and_all(self, seed: int) -> None:
        for draw in (draw_crack, draw_joint):
            cover = draw(np.random.default_rng(seed), 96)
            assert cover.shape == (96, 96) and cover.dtype == np.float32
            assert -1e-6 <= cover.min() and cover.max() <= 1.0 + 1e-6
            assert np.array_equal(cover, draw(np.random.default_rng(seed), 96))
        assert draw_joint(np.random.default_rng(seed), 96).max() > 0.5

    @pytest.mark.parametrize("size", [1, 2, 7, 31, 64])
    def test_a_chip_of_any_size_is_rendered(self, size: int) -> None:
        made = render_chip(np.random.default_rng(size), size, "x")
        assert isinstance(made, Chip)
        assert made.rgb.shape == (size, size, 3)
        assert set(np.unique(made.classes)) <= {BACKGROUND, CRACK, JOINT}
        assert (made.split, made.source) == (Split.TRAIN, procedural.NAME)

    def test_chips_of_a_seed_do_not_depend_on_how_many_are_asked_for(self) -> None:
        few = list(render_chips(2, seed=5, size_px=48))
        more = list(render_chips(4, seed=5, size_px=48))
        for one, two in zip(few, more, strict=False):
            assert one.name == two.name and np.array_equal(one.rgb, two.rgb)
        assert len({made.rgb.tobytes() for made in more}) == 4
        assert list(render_chips(0, seed=5)) == []
        other = next(render_chips(1, seed=6, size_px=48))
        assert not np.array_equal(other.rgb, few[0].rgb)

    def test_of_many_chips_some_have_each_class_and_some_have_none(self) -> None:
        seen = [set(np.unique(made.classes)) for made in render_chips(40, seed=1, size_px=64)]
        assert any(CRACK in values for values in seen)
        assert any(JOINT in values for values in seen)
        assert any(values == {BACKGROUND} for values in seen)

    def test_labelled_cracks_are_darker_than_their_sides(self) -> None:
        darker = total = 0
        for made in render_chips(30, seed=9, size_px=96):
            crack = made.classes == CRACK
            if crack.sum() < 60:
                continue
            ring = cv2.dilate(crack.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
            ring &= made.classes == BACKGROUND
            grey = made.rgb.mean(axis=2)
            darker += int(np.median(grey[crack]) < np.median(grey[ring]))
            total += 1
        assert total >= 8 and darker >= 0.9 * total
