"""Similarities between photos: exact laws, outliers, chance, and which pairs are tried."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import BadPhoto
from inspection.imaging.planar_ties import (
    ALL_PAIRS_UP_TO,
    NEIGHBOURS,
    Tie,
    agree_on_similarity,
    as_complex,
    candidate_pairs,
    find_ties,
    fit_similarity,
)
from tests.support.strip_scene import CAMERA, level_pose, render, texture, write_photo

coordinates = st.complex_numbers(max_magnitude=5000, allow_nan=False, allow_infinity=False)


@given(
    scale=st.floats(0.1, 10),
    angle=st.floats(-3, 3),
    shift=coordinates,
    seed=st.integers(0, 2**32 - 1),
)
def test_an_exact_similarity_is_found_exactly(
    scale: float, angle: float, shift: complex, seed: int
) -> None:
    a = scale * np.exp(1j * angle)
    random = np.random.default_rng(seed)
    p = random.uniform(0, 5000, 6) + 1j * random.uniform(0, 3000, 6)
    found_a, found_b = fit_similarity(p, a * p + shift)
    assert found_a == pytest.approx(a, rel=1e-9)
    assert np.abs(found_a * p + found_b - (a * p + shift)).max() < 1e-6


def test_complex_points() -> None:
    assert as_complex(np.array([[1.0, 2.0], [3.0, -4.0]])).tolist() == [1 + 2j, 3 - 4j]


def matches(
    good: int, bad: int, *, a: complex = 1.02 * np.exp(0.03j), seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Mix matches that one similarity explains with matches that nothing explains."""
    random = np.random.default_rng(seed)

    def anywhere(count: int) -> np.ndarray:
        return random.uniform(0, 5000, count) + 1j * random.uniform(0, 1000, count)

    p = anywhere(good)
    noise = random.normal(0, 1, good) + 1j * random.normal(0, 1, good)
    return (
        np.concatenate([p, anywhere(bad)]),
        np.concatenate([a * p + (140 + 2900j) + noise, anywhere(bad)]),
    )


@settings(derandomize=True, max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.75, 1.4), st.floats(-3, 3))
def test_three_quarters_of_nonsense_do_not_hide_a_similarity(
    seed: int, scale: float, angle: float
) -> None:
    p, q = matches(60, 180, a=scale * np.exp(1j * angle), seed=seed)
    inside = agree_on_similarity(p, q, tolerance_px=20.0)
    assert inside[:60].all()
    assert inside[60:].sum() <= 4  # chance


def test_nonsense_alone_never_reaches_the_needed_number() -> None:
    for seed in range(5):
        p, q = matches(0, 200, seed=seed)
        assert agree_on_similarity(p, q, tolerance_px=20.0).sum() < 15


def test_an_implausible_scale_is_no_answer() -> None:
    p, q = matches(100, 0, a=2.0 + 0j)
    assert agree_on_similarity(p, q, tolerance_px=20.0).sum() < 15


def test_the_answer_is_the_same_every_time() -> None:
    p, q = matches(40, 200)
    first = agree_on_similarity(p, q, tolerance_px=20.0)
    assert np.array_equal(first, agree_on_similarity(p, q, tolerance_px=20.0))


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_matches_agree_on_nothing(count: int) -> None:
    p = np.zeros(count, dtype=complex)
    assert agree_on_similarity(p, p, tolerance_px=5.0).tolist() == [False] * count


@pytest.mark.parametrize("count", [0, 1, 2, 5, ALL_PAIRS_UP_TO])
def test_few_photos_are_compared_with_all(count: int) -> None:
    assert len(candidate_pairs(count)) == count * (count - 1) // 2


def test_many_photos_are_compared_with_their_neighbours() -> None:
    pairs = candidate_pairs(500)
    assert len(pairs) == 500 * NEIGHBOURS - NEIGHBOURS * (NEIGHBOURS + 1) // 2
    assert all(0 < second - first <= NEIGHBOURS for first, second in pairs)


def test_a_tie_keeps_some_of_its_points() -> None:
    points = np.arange(10.0).reshape(5, 2)
    tie = Tie(
        first=0, second=1, first_px=points, second_px=points + 1, second_from_first=(1, 1 + 1j)
    )
    some = tie.only(np.array([True, False, True, False, False]))
    assert some.first_px.tolist() == [[0, 1], [4, 5]]
    assert some.second_px.tolist() == [[1, 2], [5, 6]]
    assert (some.first, some.second, some.second_from_first) == (0, 1, (1, 1 + 1j))


def test_a_turned_and_darker_neighbour_is_tied(tmp_path: Path) -> None:
    ground = texture(11)
    level = level_pose(0.58, -1.20, 1.0, degrees=(0.0, 0.0, 0.0))
    turned = level_pose(0.58, -0.90, 1.1, degrees=(180.0, 0.0, 0.0))
    photos = [
        write_photo(tmp_path / "a.png", render(ground, level, gain=1.0, seed=1)),
        write_photo(tmp_path / "b.png", render(ground, turned, gain=0.6, seed=2)),
    ]
    (tie,) = find_ties(photos, [tmp_path / "a.png", tmp_path / "b.png"])
    a, _ = tie.second_from_first
    assert abs(a) == pytest.approx(1.0 / 1.1, abs=0.01)
    assert abs(np.degrees(np.angle(a))) == pytest.approx(180, abs=0.5)
    assert len(tie.first_px) == len(tie.second_px) >= 100
    assert (tie.first_px >= 0).all() and (tie.first_px <= (CAMERA.width_px, 480)).all()


def test_a_photo_that_vanished_is_named(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.png", np.zeros((40, 60), np.uint8))
    with pytest.raises(BadPhoto, match=r"gone\.png"):
        find_ties([photo], [tmp_path / "gone.png"])
