"""Groups of photos, and ties that contradict."""

from dataclasses import replace

import numpy as np
import pytest

from inspection.domain.capture import Photo
from inspection.errors import NotRegistered
from inspection.imaging.planar_adjust import to_photo
from inspection.imaging.planar_group import adjust_largest_group, largest_group
from inspection.imaging.planar_ties import Tie, as_complex, fit_similarity
from tests.support.strip_scene import CAMERA, GSD_M_PER_PX, level_pose

POSES = [
    level_pose(0.58, -1.35, 1.00, degrees=(0.0, 0.5, -0.4)),
    level_pose(0.55, -0.88, 1.02, degrees=(1.2, 0.7, -0.6)),
    level_pose(0.57, -0.42, 0.99, degrees=(-0.8, 0.3, -0.5)),
]
PHOTOS = [Photo(sha256=str(n) * 64, name=f"{n}.jpg", width_px=720, height_px=480) for n in range(4)]


def tie_of(first: int, second: int, *, shift_m: float = 0.0, points: int = 120) -> Tie:
    """Tie two photos by exact points, or by points that are wrong by a constant shift."""
    one, two = POSES[first], POSES[second]
    between = (one.centre_world_m[:2] + two.centre_world_m[:2]) / 2
    random = np.random.default_rng(first + 10 * second)
    plane = between + random.uniform((-0.4, -0.1), (0.4, 0.1), (points, 2))
    p = to_photo(CAMERA, one, plane)
    q = to_photo(CAMERA, two, plane + np.array([0.0, shift_m]))
    return Tie(
        first=first,
        second=second,
        first_px=p,
        second_px=q,
        second_from_first=fit_similarity(as_complex(p), as_complex(q)),
    )


def test_a_tie_that_contradicts_the_others_is_dropped() -> None:
    wrong = tie_of(0, 2, shift_m=0.4, points=40)  # one joint further, hence fewer points
    ties = [tie_of(0, 1), tie_of(1, 2), wrong]
    adjusted, dropped = adjust_largest_group(PHOTOS, ties, gsd_m_per_px=GSD_M_PER_PX)
    assert dropped == [wrong]
    assert sorted(adjusted.poses) == [0, 1, 2]
    assert max(float(r.max()) for r in adjusted.residuals_px) < 0.3


def test_a_tie_that_nothing_checks_is_believed() -> None:
    fourth = tie_of(0, 2, shift_m=0.4, points=30)
    lonely = replace(fourth, first=2, second=3)
    ties = [tie_of(0, 1), tie_of(1, 2), lonely]
    adjusted, dropped = adjust_largest_group(PHOTOS, ties, gsd_m_per_px=GSD_M_PER_PX)
    assert dropped == []  # nothing contradicts a tie that stands alone
    assert sorted(adjusted.poses) == [0, 1, 2, 3]


def test_photos_without_ties_are_an_error_unless_there_is_only_one() -> None:
    with pytest.raises(NotRegistered, match="4 photos"):
        adjust_largest_group(PHOTOS, [], gsd_m_per_px=GSD_M_PER_PX)
    adjusted, _ = adjust_largest_group(PHOTOS[:1], [], gsd_m_per_px=GSD_M_PER_PX)
    assert adjusted.cameras[0].gsd_m_per_px(
        float(adjusted.poses[0].centre_world_m[2])
    ) == pytest.approx(GSD_M_PER_PX)


def test_ties_that_agree_are_all_kept() -> None:
    ties = [tie_of(0, 1), tie_of(1, 2), tie_of(0, 2)]
    adjusted, dropped = adjust_largest_group(PHOTOS, ties, gsd_m_per_px=GSD_M_PER_PX)
    assert dropped == []
    assert len(adjusted.ties) == 3
    assert max(float(r.max()) for r in adjusted.residuals_px) < 0.3


@pytest.mark.parametrize(
    ("edges", "group"),
    [
        ([], [0]),
        ([(1, 2)], [1, 2]),
        ([(0, 1), (2, 3)], [0, 1]),
        ([(0, 4), (2, 3), (3, 1)], [1, 2, 3]),
        ([(0, 1), (1, 2), (2, 3), (3, 4)], [0, 1, 2, 3, 4]),
    ],
)
def test_the_largest_group_of_five(edges: list[tuple[int, int]], group: list[int]) -> None:
    nothing = np.empty((0, 2))
    ties = [
        Tie(first=i, second=j, first_px=nothing, second_px=nothing, second_from_first=(1, 0))
        for i, j in edges
    ]
    assert largest_group(5, ties) == group
