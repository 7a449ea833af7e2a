"""Sights: the interpolated pixel map agrees with the exact rays, and sampling hits the pixel."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.grid import PixelGrid
from inspection.imaging.ortho import View
from inspection.imaging.sight import (
    LATTICE_PX,
    densify,
    glance,
    lattice_world_m,
    look,
    sample,
    sample_reduced,
)
from inspection.imaging.surface import FlatSurface

FLAT = FlatSurface()
GRID = PixelGrid.north_up(left_m=-6, top_m=5, gsd_m_per_px=0.025, width_px=480, height_px=400)


def tilted(pitch_deg: float = -75) -> View:
    camera = Camera(width_px=400, height_px=300, focal_px=400, cx_px=201, cy_px=148, k1=-0.03)
    pose = Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=30, pitch_deg=pitch_deg, roll_deg=3),
        centre_world_m=np.array([0.5, -1.0, 9.0]),
    )
    return View(
        sha256="a", path=Path("a.jpg"), width_px=400, height_px=300, camera=camera, pose=pose
    )


def shifted(dx_px: float, dy_px: float, gsd: float = 0.025) -> View:
    """See mosaic pixel (x, y) at photo pixel (x + dx, y + dy)."""
    matrix = np.array([[1 / gsd, 0, 6 / gsd + dx_px], [0, -1 / gsd, 5 / gsd + dy_px], [0, 0, 1]])
    return View(
        sha256="b", path=Path("b.jpg"), width_px=400, height_px=300, photo_from_plane=matrix
    )


def exact_px(view: View, window: PixelGrid) -> NDArray[np.float64]:
    x, y = np.meshgrid(np.arange(window.width_px) + 0.5, np.arange(window.height_px) + 0.5)
    centres = np.column_stack([x.ravel(), y.ravel()])
    world = FLAT.to_world_m(window.to_surface(centres))
    return view.project(world).reshape(window.height_px, window.width_px, 2)


@pytest.mark.parametrize("box", [(0, 0, 480, 400), (100, 60, 37, 51), (479, 399, 1, 1)])
def test_the_lattice_covers_its_window_with_a_ring_to_spare(box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    window = GRID.window(x_px=x, y_px=y, width_px=width, height_px=height)
    nodes = GRID.to_px(lattice_world_m(window, FLAT).reshape(-1, 3)[:, :2]) - (x, y)
    assert nodes.min() == pytest.approx(-LATTICE_PX / 2)
    assert (nodes.max(axis=0) >= np.array([width, height])).all()


def drone(pitch_deg: float) -> View:
    camera = Camera(width_px=4000, height_px=2250, focal_px=2000, cx_px=2000, cy_px=1125, k1=0.01)
    pose = Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=120, pitch_deg=pitch_deg),
        centre_world_m=np.array([0.0, 0.0, 40.0]),
    )
    return View(
        sha256="c", path=Path("c.jpg"), width_px=4000, height_px=2250, camera=camera, pose=pose
    )


@pytest.mark.parametrize(
    ("view", "gsd", "most_px"),
    [(drone(-90), 0.02, 0.01), (drone(-60), 0.02, 0.03), (tilted(), 0.025, 0.06)],
)
def test_interpolated_rays_agree_with_exact_ones(view: View, gsd: float, most_px: float) -> None:
    """The last view has a focal length of only 400 px, so pixels bend five times as much."""
    grid = PixelGrid.north_up(left_m=-6, top_m=5, gsd_m_per_px=gsd, width_px=480, height_px=400)
    nodes = glance(view, lattice_world_m(grid, FLAT))
    assert nodes is not None
    sight = look(view, grid, nodes)
    assert sight is not None
    exact = exact_px(view, grid)
    error = np.abs(sight.map_px - exact)[sight.seen]
    assert 0 < error.max() < most_px
    size = np.array([view.width_px, view.height_px])
    inside = ((exact >= 0.5) & (exact <= size - 0.5)).all(axis=2)
    assert (inside ^ sight.seen).sum() < 30  # only along the border of the photo


def test_windows_give_the_same_map_as_the_whole() -> None:
    view = tilted()
    whole = look(view, GRID, glance(view, lattice_world_m(GRID, FLAT)))  # type: ignore[arg-type]
    window = GRID.window(x_px=160, y_px=96, width_px=100, height_px=80)
    part = look(view, window, glance(view, lattice_world_m(window, FLAT)))  # type: ignore[arg-type]
    assert whole is not None
    assert part is not None
    box = (slice(96, 176), slice(160, 260))
    assert np.abs(whole.map_px[box] - part.map_px).max() < 1e-3
    assert np.array_equal(whole.crop(box).seen, part.seen)


def test_what_lies_beside_the_window_is_out_of_sight() -> None:
    assert glance(shifted(-5000, 0), lattice_world_m(GRID, FLAT)) is None
    just_beside = shifted(-483, 0)  # inside the ring of nodes, outside the window
    nodes = glance(just_beside, lattice_world_m(GRID, FLAT))
    assert nodes is not None
    assert look(just_beside, GRID, nodes) is None


def test_behind_the_horizon_nothing_is_seen_and_nothing_is_nan() -> None:
    view = tilted(pitch_deg=-25)
    wide = PixelGrid.north_up(left_m=-60, top_m=60, gsd_m_per_px=0.2, width_px=600, height_px=600)
    nodes = glance(view, lattice_world_m(wide, FLAT))
    assert nodes is not None
    assert np.isnan(nodes).any()
    sight = look(view, wide, nodes)
    assert sight is not None
    assert np.isfinite(sight.map_px).all()
    assert 0.002 < sight.seen.mean() < 0.02


def test_densify_is_exact_for_planes() -> None:
    lattice = lattice_world_m(GRID, FLAT)[..., :2].astype(np.float32)
    dense = densify(lattice, GRID)
    x, y = np.meshgrid(np.arange(480) + 0.5, np.arange(400) + 0.5)
    exact = GRID.to_surface(np.column_stack([x.ravel(), y.ravel()])).reshape(400, 480, 2)
    assert np.abs(dense - exact).max() < 1e-5


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (-13, 40), (7, -3)])
def test_whole_pixel_shifts_copy_pixels(dx: int, dy: int) -> None:
    photo = np.random.default_rng(1).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    view = shifted(dx, dy)
    sight = look(view, GRID, glance(view, lattice_world_m(GRID, FLAT)))  # type: ignore[arg-type]
    assert sight is not None
    painted = sample(photo, sight)
    rows, columns = np.nonzero(sight.seen)
    assert np.array_equal(painted[rows, columns], photo[rows + dy, columns + dx])
    assert len(rows) == (400 - max(dx, 0)) * (300 - max(dy, 0))


def test_half_pixel_shifts_interpolate_without_bias() -> None:
    ramp = np.repeat(np.linspace(20, 220, 400)[None, :, None], 300, axis=0).repeat(3, axis=2)
    view = shifted(0.5, 0)
    sight = look(view, GRID, glance(view, lattice_world_m(GRID, FLAT)))  # type: ignore[arg-type]
    assert sight is not None
    painted = sample(np.rint(ramp).astype(np.uint8), sight)[100, 50:350, 0].astype(float)
    wanted = ramp[100, 50:350, 0] + 0.25  # half of a step of 0.5
    assert abs(float((painted - wanted).mean())) < 0.05


def test_a_reduced_picture_is_read_at_the_same_place() -> None:
    x, y = np.meshgrid((np.arange(50) + 0.5) * 8, (np.arange(30) + 0.5) * 10)
    small = np.stack([x, y, x + y], axis=2).astype(np.float32)  # its own coordinates in the photo
    view = shifted(3, 5)
    sight = look(view, GRID, glance(view, lattice_world_m(GRID, FLAT)))  # type: ignore[arg-type]
    assert sight is not None
    read = sample_reduced(small, sight, (400, 300)).astype(float)
    inner = slice(20, 250), slice(20, 350)
    assert np.abs(read[inner][..., :2] - sight.map_px[inner]).max() < 0.3  # 1/32 of 10 px
