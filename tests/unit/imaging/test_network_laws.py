"""The least-squares network of photos of a plane: pattern, gauge and truth; rasters of heights."""

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.capture import Photo
from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose
from inspection.geo.frames import to_crs
from inspection.imaging.elevation import GREATEST_SIDE_PX, read_heights_m
from inspection.imaging.planar_adjust import adjust, residuals_px, to_photo, to_plane
from inspection.imaging.planar_network import (
    BENDING_SIGMA,
    HEIGHT_SIGMA,
    POINTS_PER_TIE,
    TIE_SIGMA_PX,
    TILT_SIGMA_RAD,
    UNKNOWNS,
    Network,
)
from inspection.imaging.planar_ties import Tie, as_complex, fit_similarity
from tests.support.strip_scene import level_pose

LAW = settings(max_examples=25, deadline=None, derandomize=True)
GSD = 0.001
SIZES = [(600, 400), (400, 600), (600, 400)]
FOCALS = [700.0, 650.0, 700.0]
PHOTOS = [
    Photo(sha256=str(n) * 64, name=f"{n}.jpg", width_px=w, height_px=h, focal_px=f)
    for n, ((w, h), f) in enumerate(zip(SIZES, FOCALS, strict=True))
]
CAMERAS = [
    Camera(width_px=w, height_px=h, focal_px=f, cx_px=w / 2, cy_px=h / 2, k1=k)
    for (w, h), f, k in zip(SIZES, FOCALS, (0.01, -0.02, 0.01), strict=True)
]
POSES = [
    level_pose(0.0, 0.0, 0.70, degrees=(0.0, 0.4, -0.3)),
    level_pose(0.05, 0.25, 0.66, degrees=(80.0, 0.2, -0.5)),
    level_pose(-0.04, 0.48, 0.71, degrees=(2.0, -0.3, 0.4)),
]


def tie(first: int, second: int, points: int = 80) -> Tie:
    random = np.random.default_rng(10 * first + second)
    middle = (POSES[first].centre_world_m[:2] + POSES[second].centre_world_m[:2]) / 2
    plane = middle + random.uniform(-0.05, 0.05, (points, 2))
    p, q = (to_photo(CAMERAS[i], POSES[i], plane) for i in (first, second))
    return Tie(
        first=first, second=second, first_px=p, second_px=q,
        second_from_first=fit_similarity(as_complex(p), as_complex(q)),
    )  # fmt: skip


TIES = [tie(0, 1), tie(1, 2), tie(0, 2, 20)]


def network(ties: list[Tie] | None = None) -> Network:
    return Network(PHOTOS, [0, 1, 2], TIES if ties is None else ties, GSD)


def some_unknowns(seed: int, scale: float = 1.0) -> NDArray[np.float64]:
    """Give unknowns near the truth: 3 photos of 6, and two picture sizes with a bending each."""
    random = np.random.default_rng(seed)
    unknowns = np.zeros(3 * UNKNOWNS + 2)
    table = unknowns[: 3 * UNKNOWNS].reshape(3, UNKNOWNS)
    table[:, :2] = [pose.centre_world_m[:2] for pose in POSES]
    table += scale * random.normal(0, (0.01, 0.01, 0.02, 0.05, 0.01, 0.01), (3, UNKNOWNS))
    unknowns[-2:] = scale * random.normal(0, 0.02, 2)
    return unknowns


@pytest.mark.parametrize("seed", range(3))
def test_each_misfit_depends_on_exactly_the_unknowns_that_the_pattern_names(seed: int) -> None:
    some, at = network(), some_unknowns(seed)
    step = 1e-6
    columns = [
        (some.misfits(at + step * unit) - some.misfits(at - step * unit)) / (2 * step)
        for unit in np.eye(len(at))
    ]
    jacobian = np.column_stack(columns)
    pattern = np.asarray(some._sparsity().todense())
    assert pattern.shape == jacobian.shape
    missed = (np.abs(jacobian) > 1e-4) & ~pattern
    assert not missed.any(), f"{np.argwhere(missed)[:5].tolist()} are not in the pattern"
    # and it is no pattern of everything: a point touches two photos and two lenses
    assert pattern.sum(axis=1).max() <= 2 * UNKNOWNS + 2 < len(at)


def test_golden_misfits_of_priors_are_in_standard_deviations() -> None:
    alone = Network(PHOTOS, [1], [], GSD)
    unknowns = np.zeros(UNKNOWNS + 1)
    unknowns[:2] = 0.2, -0.3  # half of 400 × 600 px at 1 mm
    assert alone.misfits(unknowns) == pytest.approx(np.zeros(7))
    unknowns[2:] = HEIGHT_SIGMA, 1e-4, TILT_SIGMA_RAD, -TILT_SIGMA_RAD, BENDING_SIGMA
    assert alone.misfits(unknowns) == pytest.approx([1, 1, -1, 0, 0, 1, 1])
    unknowns[:2] += GSD
    assert alone.misfits(unknowns)[3:5] == pytest.approx([1, 1])


@LAW
@given(st.integers(0, 10_000))
def test_the_misfits_of_ties_are_the_residuals_of_the_cameras(seed: int) -> None:
    some, at = network(), some_unknowns(seed)
    cameras, poses = some.cameras(at), some.poses(at)
    count = sum(len(one.first_px) for one in TIES)
    offsets = some.misfits(at)[: 2 * count].reshape(-1, 2) * TIE_SIGMA_PX
    by_camera = np.concatenate([residuals_px(cameras, poses, one) for one in TIES])
    assert np.linalg.norm(offsets, axis=1) == pytest.approx(by_camera, abs=1e-4)
    for pose in poses.values():
        assert np.linalg.det(pose.camera_from_world) == pytest.approx(1)
        assert pose.centre_world_m[2] > 0


@LAW
@given(st.integers(0, 10_000), st.floats(-0.3, 0.3))
def test_rescaling_keeps_every_tie_and_makes_the_mean_scale_the_nominal_one(
    seed: int, excess: float
) -> None:
    some, at = network(), some_unknowns(seed)
    at[: 3 * UNKNOWNS].reshape(3, UNKNOWNS)[:, 2] += excess
    before = at.copy()
    scaled = some.rescaled(at)
    assert np.array_equal(at, before)
    logs = scaled[: 3 * UNKNOWNS].reshape(3, UNKNOWNS)[:, 2]
    assert logs.mean() == pytest.approx(0, abs=1e-12)
    count = 2 * sum(len(one.first_px) for one in TIES)
    assert some.misfits(scaled)[:count] == pytest.approx(some.misfits(at)[:count], abs=1e-6)
    assert some.rescaled(scaled) == pytest.approx(scaled)


def test_photos_turned_by_a_right_angle_and_of_two_lenses_come_back_to_the_truth() -> None:
    found = adjust(PHOTOS, [0, 1, 2], TIES, gsd_m_per_px=GSD)
    assert max(float(r.max()) for r in found.residuals_px) < 0.2
    corners = np.array([[100.0, 100.0], [300, 100], [300, 300], [100, 300]])
    seen, true = (
        np.concatenate([to_plane(cameras[i], poses[i], corners) for i in range(3)])
        for cameras, poses in ((found.cameras, found.poses), (CAMERAS, POSES))
    )
    a, b = fit_similarity(as_complex(seen), as_complex(true))
    off = np.abs(a * as_complex(seen) + b - as_complex(true)) / GSD
    assert off.max() < 3.0
    scales = [math.log(p.centre_world_m[2] / (f * GSD)) for p, f in zip(
        found.poses.values(), FOCALS, strict=True)]  # fmt: skip
    assert np.mean(scales) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("points", [2, POINTS_PER_TIE, POINTS_PER_TIE + 1, 5 * POINTS_PER_TIE])
def test_of_many_points_of_one_overlap_an_even_share_is_used(points: int) -> None:
    one = tie(0, 1, points)
    used = (len(network([one]).misfits(some_unknowns(0))) - 3 * 3 - 3 - 2) // 2
    assert min(points, POINTS_PER_TIE) / 2 <= used <= POINTS_PER_TIE
    if points <= POINTS_PER_TIE:
        assert used == points


def test_a_pose_is_a_rotation_and_no_mirror() -> None:
    with pytest.raises(BadInput, match="rotation"):
        Pose(camera_from_world=np.diag([1.0, 1.0, -1.0]), centre_world_m=np.zeros(3))
    with pytest.raises(BadInput, match="orthonormal"):
        Pose(camera_from_world=1.01 * np.eye(3), centre_world_m=np.zeros(3))
    for centre in (np.array([0.0, np.nan, 0.0]), np.array([np.inf, 0.0, 0.0])):
        with pytest.raises(BadInput, match="centre"):
            Pose(camera_from_world=np.eye(3), centre_world_m=centre)


# rasters of heights
CRS = "EPSG:6675"


def raster(
    path: Path, heights: NDArray[np.float64], transform: Affine, *, nodata: float | None = None,
    crs: str = CRS, kind: str = "float64",
) -> Path:  # fmt: skip
    with rasterio.open(
        path, "w", driver="GTiff", width=heights.shape[1], height=heights.shape[0], count=1,
        dtype=kind, crs=crs, transform=transform, nodata=nodata,
    ) as opened:  # fmt: skip
        opened.write(heights.astype(kind), 1)
    return path


def lonlat(places: NDArray[np.float64], crs: str = CRS) -> NDArray[np.float64]:
    return to_crs(places, crs, "EPSG:4326")


@pytest.mark.parametrize("turned_deg", [0.0, 30.0, 90.0, 200.0])
@pytest.mark.parametrize("crs", [CRS, "EPSG:32653", "EPSG:3857"])
def test_a_slope_is_read_right_from_turned_rasters_in_any_crs(
    tmp_path: Path, turned_deg: float, crs: str
) -> None:
    origin = to_crs(np.array([[136.63, 36.59]]), "EPSG:4326", crs)[0]
    transform = Affine.translation(*origin) @ Affine.rotation(turned_deg) @ Affine.scale(2.0, -2.0)
    rows, columns = np.mgrid[0:40, 0:60] + 0.5
    heights = 50 + 0.3 * columns - 0.7 * rows
    path = raster(tmp_path / "dem.tif", heights, transform, crs=crs)
    random = np.random.default_rng(5)
    pixels = random.uniform([0.6, 0.6], [59.4, 39.4], (50, 2))
    places = np.column_stack(transform @ pixels.T)
    found = read_heights_m(path, lonlat(places, crs))
    assert found == pytest.approx(50 + 0.3 * pixels[:, 0] - 0.7 * pixels[:, 1], abs=2e-3)
    outside = np.column_stack(transform @ np.array([[-0.5, 5.0], [60.5, 5.0], [5, 41]]).T)
    assert np.isnan(read_heights_m(path, lonlat(outside, crs))).all()


def test_places_beside_a_gap_have_a_height_and_in_it_none(tmp_path: Path) -> None:
    heights = np.full((5, 5), 7.0)
    heights[2, 2] = -9999
    transform = Affine(10, 0, -48_000, 0, -10, 66_000)
    path = raster(tmp_path / "gap.tif", heights, transform, nodata=-9999)
    centres = np.array(
        [[-47_995.0 + 10 * c, 65_995.0 - 10 * r] for r in range(5) for c in range(5)]
    )
    found = read_heights_m(path, lonlat(centres)).reshape(5, 5)
    assert np.isnan(found[2, 2])
    # the middle of a known pixel knows its own height, even beside a gap
    assert np.isfinite(found).sum() == 24
    assert found[np.isfinite(found)] == pytest.approx(np.full(24, 7.0))


@pytest.mark.parametrize("kind", ["int16", "uint8", "float32"])
def test_whole_metres_are_interpolated_as_numbers(tmp_path: Path, kind: str) -> None:
    path = raster(tmp_path / "dem.tif", np.array([[10.0, 20.0], [10, 20]]),
                  Affine(10, 0, -48_000, 0, -10, 66_000), kind=kind)  # fmt: skip
    found = read_heights_m(path, lonlat(np.array([[-47_990.0, 65_990.0], [-47_995, 65_990]])))
    assert found == pytest.approx([15.0, 10.0], abs=1e-6)


def test_places_that_are_nowhere_and_no_places_at_all(tmp_path: Path) -> None:
    path = raster(tmp_path / "dem.tif", np.ones((3, 3)), Affine(10, 0, -48_000, 0, -10, 66_000))
    assert read_heights_m(path, np.empty((0, 2))).shape == (0,)
    here = lonlat(np.array([[-47_990.0, 65_990.0]]))
    mixed = np.vstack([here, [[np.nan, 36.0]], [[np.inf, 36.0]], [[-60.0, -30.0]]])
    assert np.isnan(read_heights_m(path, mixed)).tolist() == [False, True, True, True]
    with pytest.raises(BadInput, match=r"absent\.tif cannot be read as a raster of heights"):
        read_heights_m(tmp_path / "absent.tif", here)


def test_a_window_larger_than_the_limit_is_read_coarser_and_still_right(tmp_path: Path) -> None:
    columns = GREATEST_SIDE_PX * 2
    heights = np.tile(100 + 0.01 * (np.arange(columns) + 0.5), (4, 1))
    path = raster(
        tmp_path / "wide.tif", heights, Affine(1, 0, -48_000, 0, -1, 66_000), kind="float32"
    )
    places = np.array([[-48_000.0 + x, 65_998.0] for x in (10.0, 4000.0, 7990.0)])
    assert read_heights_m(path, lonlat(places)) == pytest.approx([100.1, 140, 179.9], abs=0.02)
