"""Laws of the rendered deck: its frame, its pixels, its cracks' paths and its written tags."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.synth.canvas import FULL, SOFT, Canvas, Patch, blank, coverage, encode
from datasets.synth.deck import Deck
from datasets.synth.fracture import RECIPES, STEP_M, Recipe, grow, kinks, wander
from datasets.synth.tags import focal_35mm
from inspection.errors import BadInput

LAW = settings(derandomize=True, deadline=None, max_examples=20)


def small() -> Canvas:
    return blank(Deck(length_m=2.0, width_m=1.0, kerb_m=0.2, approach_m=0.4), 0.01)


class TestDeck:
    @pytest.mark.parametrize(("length", "width"), [(1.0, 1.0), (60.0, 30.0)])
    def test_both_ends_of_the_sizes_are_taken(self, length: float, width: float) -> None:
        assert Deck(length_m=length, width_m=width).area_m2 == length * width

    @pytest.mark.parametrize(
        ("length", "width"), [(0.99, 5.0), (60.1, 5.0), (5.0, 0.99), (5.0, 30.1), (math.nan, 5.0)]
    )
    def test_a_size_outside_is_told_in_metres(self, length: float, width: float) -> None:
        with pytest.raises(BadInput, match=rf"1 to 60 m by 1 to 30 m, got {length} × {width} m"):
            Deck(length_m=length, width_m=width)

    @LAW
    @given(heading=st.integers(0, 359), x=st.floats(0, 24), y=st.floats(0, 8))
    def test_distances_on_a_level_deck_stay(self, heading: int, x: float, y: float) -> None:
        deck = Deck(heading_deg=heading, crossfall=0.0)
        centre, point = deck.to_enu_m([(12.0, 4.0), (x, y)])
        assert centre == pytest.approx((0, 0, 0), abs=1e-9)
        assert np.linalg.norm(point) == pytest.approx(math.hypot(x - 12, y - 4), abs=1e-9)

    def test_the_crossfall_lifts_the_left_edge(self) -> None:
        right, left = Deck(crossfall=0.02).to_enu_m([(12.0, 0.0), (12.0, 8.0)])
        assert (right[2], left[2]) == pytest.approx((-0.08, 0.08))


class TestCanvas:
    def test_sides_are_whole_soft_pixels(self) -> None:
        canvas = small()
        rows, cols = canvas.grey.shape
        assert (rows % SOFT, cols % SOFT) == (0, 0)
        assert canvas.tint.shape == (rows // SOFT, cols // SOFT, 3)
        assert (canvas.left_m, canvas.top_m) == pytest.approx((-0.4, 1.2))

    @LAW
    @given(x=st.floats(-5, 5), y=st.floats(-5, 5))
    def test_the_matrix_and_the_method_agree(self, x: float, y: float) -> None:
        canvas = small()
        by_matrix = canvas.px_from_deck @ [x, y, 1.0]
        assert canvas.to_px(np.array([[x, y]]))[0] == pytest.approx(by_matrix[:2], abs=1e-6)

    def test_a_box_outside_paints_nothing(self) -> None:
        def paint(patch: Patch) -> np.ndarray:
            raise AssertionError(patch)

        canvas = small()
        canvas.repaint((50, 50, 51, 51), paint)
        canvas.repaint((-9, -9, -8, -8), paint)
        assert not canvas.grey.any()

    def test_a_tint_outside_changes_nothing(self) -> None:
        canvas = small()
        ring = np.array([(50.0, 50.0), (51.0, 50.0), (51.0, 51.0)])
        canvas.tint_inside(ring, 0.1, lambda share: share * np.zeros(3, dtype=np.float32))
        assert (canvas.tint == 1).all()

    @pytest.mark.parametrize(("light", "byte"), [(-1.0, 0), (0.0, 0), (FULL, 255), (9.0, 255)])
    def test_light_is_clipped_at_both_ends(self, light: float, byte: int) -> None:
        assert encode(np.float32([light])).tolist() == [byte]

    @LAW
    @given(distance=st.floats(0, 0.02), more=st.floats(0, 0.02))
    def test_coverage_falls_with_the_distance(self, distance: float, more: float) -> None:
        near, far = coverage(np.float32([distance, distance + more]), 0.004, 0.001)
        assert 0 <= far <= near <= 1


class TestFracture:
    @pytest.mark.parametrize("number", range(len(RECIPES)))
    def test_every_recipe_keeps_length_and_mean_width(self, number: int) -> None:
        recipe = RECIPES[number]
        trunk, *branches = grow(np.random.default_rng(number), np.zeros(2), recipe, 2.0)
        assert trunk.length_m == pytest.approx(recipe.length_m, abs=STEP_M)
        assert len(trunk.width_mm) == len(trunk.points_deck_m)
        assert len(branches) == (recipe.branch_m > 0)
        if not recipe.tapered:
            assert trunk.width_mm.mean() == pytest.approx(recipe.width_px * 2.0)
        assert trunk.width_mm.min() > 0

    def test_a_tapered_crack_fades_at_both_ends_only(self) -> None:
        recipe = Recipe(length_m=1.5, width_px=4, heading_deg=0, darkness=0.7, tapered=True)
        (path,) = grow(np.random.default_rng(1), np.zeros(2), recipe, 2.0)
        middle = path.width_mm[200:-200].mean()
        assert max(path.width_mm[0], path.width_mm[-1]) < 0.05 * middle

    def test_the_same_generator_grows_the_same_crack(self) -> None:
        first, second = (
            grow(np.random.default_rng(8), np.ones(2), RECIPES[4], 2.0) for _ in range(2)
        )
        for a, b in zip(first, second, strict=True):
            assert np.array_equal(a.points_deck_m, b.points_deck_m)
            assert np.array_equal(a.width_mm, b.width_mm)

    @pytest.mark.parametrize("count", [1, 2, 500])
    def test_signals_have_the_asked_length_and_none_is_level_without_spread(
        self, count: int
    ) -> None:
        rng = np.random.default_rng(2)
        assert wander(rng, count, correlation=5.0, sigma=0.2).shape == (count,)
        assert kinks(rng, count, mean_run=4.0, sigma=0.2).shape == (count,)
        assert not wander(rng, count, correlation=5.0, sigma=0.0).any()


def test_focal_length_on_film_follows_the_diagonal() -> None:
    from dataclasses import replace

    from datasets.synth.capture import Flight

    square = replace(Flight(), width_px=1000, height_px=1000)
    wide = replace(Flight(), width_px=1000, height_px=500)
    assert focal_35mm(square) == round(17.5 * 43.267 / (17.3 * math.sqrt(2)))
    assert focal_35mm(wide) > focal_35mm(Flight()) > focal_35mm(square)
