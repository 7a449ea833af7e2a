"""Distinctive points: where they are, how many, and that they find each other again."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.imaging.features import CELLS, Features, find_features
from inspection.imaging.matching import match


def concrete(seed: int = 3, rows: int = 320, columns: int = 420) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    grey = cv2.GaussianBlur(random.standard_normal((rows, columns)), (0, 0), 1.5)
    return np.clip(128 + 40 * grey / grey.std(), 0, 255).astype(np.uint8)


def test_points_move_with_the_picture() -> None:
    whole = concrete()
    here = find_features(whole[:300, :400], scale=1.0, at_most=800)
    there = find_features(whole[20:, 15:], scale=1.0, at_most=800)
    pairs = match(here, there)
    shift = here.points_px[pairs[:, 0]] - there.points_px[pairs[:, 1]]
    right = np.linalg.norm(shift - (15, 20), axis=1) < 0.5
    assert len(pairs) > 200
    assert 0.95 < right.mean() <= 1.0


def test_pixels_are_those_of_the_full_picture_whatever_the_scale() -> None:
    big = cv2.resize(concrete(), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    full = find_features(concrete(), scale=1.0, at_most=600)
    half = find_features(big, scale=0.5, at_most=600)
    pairs = match(full, half)
    off = half.points_px[pairs[:, 1]] - 2 * full.points_px[pairs[:, 0]]
    assert len(pairs) > 150
    assert np.abs(np.median(off, axis=0)).max() < 0.3


def test_points_are_not_biased_to_one_side() -> None:
    picture = concrete(rows=320, columns=400)
    upright = find_features(picture, scale=1.0, at_most=500)
    turned = find_features(np.ascontiguousarray(picture[::-1, ::-1]), scale=1.0, at_most=500)
    pairs = match(upright, turned)
    bias = upright.points_px[pairs[:, 0]] + turned.points_px[pairs[:, 1]] - (400, 320)
    assert len(pairs) > 300
    assert np.abs(np.median(bias, axis=0)).max() < 0.05


def test_the_points_that_are_kept_are_described_as_if_all_were() -> None:
    picture = concrete(rows=480, columns=640)
    found = find_features(picture, scale=1.0, at_most=300)
    even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(picture)
    sift = cv2.SIFT_create(contrastThreshold=0.015, enable_precise_upscale=True)
    keypoints, descriptors = sift.detectAndCompute(even, None)
    assert len(keypoints) > 4 * len(found.points_px) == 1200
    all_px = np.array([keypoint.pt for keypoint in keypoints]) + 0.5
    for at_px, described in zip(found.points_px, found.descriptors, strict=True):
        there = np.linalg.norm(all_px - at_px, axis=1) < 1e-3  # one for each direction of a point
        assert (descriptors[there].astype(np.uint8) == described).all(axis=1).any()


def test_a_stain_does_not_take_all_points_away() -> None:
    picture = (concrete() // 4 + 96).astype(np.uint8)
    picture[:80, :80] = concrete(5)[:80, :80]  # strong contrast in one corner
    found = find_features(picture, scale=1.0, at_most=288)
    in_the_corner = (found.points_px < 80).all(axis=1).mean()
    area = 80 * 80 / picture.size
    assert len(found.points_px) == 288
    assert 0 < in_the_corner < 2.5 * area
    cells = (found.points_px / (420, 320) * CELLS).astype(int)
    assert len(np.unique(cells, axis=0)) > 0.9 * CELLS**2


def test_the_limit_is_kept_and_the_choice_is_repeatable() -> None:
    first = find_features(concrete(), scale=1.0, at_most=100)
    second = find_features(concrete(), scale=1.0, at_most=100)
    assert first.points_px.shape == (100, 2)
    assert np.array_equal(first.points_px, second.points_px)
    assert np.array_equal(first.descriptors, second.descriptors)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64)])
def test_a_blank_picture_has_no_points(size: tuple[int, int]) -> None:
    blank = find_features(np.full(size, 90, np.uint8), scale=1.0, at_most=10)
    assert blank.points_px.shape == (0, 2)


def test_points_and_descriptors_must_belong_together() -> None:
    with pytest.raises(BadInput, match="2 points"):
        Features(points_px=np.zeros((2, 2)), descriptors=np.zeros((3, 128), np.uint8))
