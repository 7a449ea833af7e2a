"""Whole mosaics: true to the ground in metres, the same bytes twice, memory that does not grow."""

import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from inspection.errors import BadInput, BadPhoto
from inspection.geo.grid import PixelGrid
from inspection.imaging.canvas import WINDOW_PX, write_mosaic
from inspection.imaging.cog import read_grid, validate
from inspection.imaging.ortho import View, frame_grid
from inspection.imaging.surface import FlatSurface
from tests.support.nadir_scene import CAMERA, NadirScene, colour_at, flat, fly

FLAT = FlatSurface()
GSD = 0.04


def views_of(scene: NadirScene) -> list[View]:
    return [
        View(
            sha256=photo.sha256,
            path=scene.paths[photo.sha256],
            width_px=photo.width_px,
            height_px=photo.height_px,
            camera=CAMERA,
            pose=scene.poses[photo.sha256],
        )
        for photo in scene.photos
    ]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> NadirScene:
    return fly(tmp_path_factory.mktemp("flight"), lines=2, shots=3, height=flat)


@pytest.fixture(scope="module")
def mosaic(scene: NadirScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mosaic")
    views = views_of(scene)
    grid = frame_grid(views, FLAT, gsd_m_per_px=GSD, crs="EPSG:6675")
    write_mosaic(
        views, grid, FLAT, out_tif=folder / "m.tif", out_sources_tif=folder / "sources.tif"
    )
    return folder


def read(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        return np.asarray(np.moveaxis(dataset.read(), 0, 2))


def truth(grid: PixelGrid) -> NDArray[np.uint8]:
    x, y = np.meshgrid(np.arange(grid.width_px) + 0.5, np.arange(grid.height_px) + 0.5)
    ground = grid.to_surface(np.column_stack([x.ravel(), y.ravel()]))
    return colour_at(ground, (grid.height_px, grid.width_px))


def test_both_files_are_valid_cogs_on_one_grid(mosaic: Path) -> None:
    assert validate(mosaic / "m.tif") == ()
    assert validate(mosaic / "sources.tif") == ()
    first, second = read_grid(mosaic / "m.tif"), read_grid(mosaic / "sources.tif")
    assert np.array_equal(first.surface_from_px, second.surface_from_px)
    assert (first.width_px, first.height_px) == (second.width_px, second.height_px)
    assert first.crs == "EPSG:6675"


def test_the_mosaic_shows_the_ground_where_it_is_within_a_tenth_of_a_pixel(mosaic: Path) -> None:
    """Measured by phase correlation of 96 px patches against the texture itself."""
    image = read(mosaic / "m.tif")
    wanted = truth(read_grid(mosaic / "m.tif"))
    shifts = []
    for y in range(20, image.shape[0] - 116, 96):
        for x in range(20, image.shape[1] - 116, 96):
            box = slice(y, y + 96), slice(x, x + 96)
            if (image[box][..., 3] == 255).all():
                seen, real = (a[box][..., 1].astype(np.float32) for a in (image, wanted))
                window = cv2.createHanningWindow((96, 96), cv2.CV_32F)
                shifts.append(cv2.phaseCorrelate(seen, real, window)[0])
    error_px = np.hypot(*np.array(shifts).T)
    assert len(shifts) >= 15
    assert np.median(error_px) < 0.1
    assert error_px.max() < 0.35  # 14 mm; patches with a seam included
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.05  # no bias of half a pixel anywhere


def test_brightness_is_that_of_the_ground_within_the_differences_of_exposure(mosaic: Path) -> None:
    image = read(mosaic / "m.tif")
    seen = image[..., 3] == 255
    ratio = image[seen][:, :3].mean() / truth(read_grid(mosaic / "m.tif"))[seen].mean()
    assert 0.95 < ratio < 1.05


def test_every_photo_shows_something_and_every_pixel_names_its_photo(
    mosaic: Path, scene: NadirScene
) -> None:
    sources = read(mosaic / "sources.tif")[..., 0]
    assert set(np.unique(sources)) == {0, *range(1, len(scene.photos) + 1)}
    assert np.array_equal(sources > 0, read(mosaic / "m.tif")[..., 3] == 255)
    grid = read_grid(mosaic / "sources.tif")
    for number, photo in enumerate(scene.photos, start=1):
        rows, columns = np.nonzero(sources == number)
        ground = grid.to_surface(np.column_stack([columns + 0.5, rows + 0.5]))
        pose = scene.poses[photo.sha256]
        pixels = CAMERA.project(pose.to_camera(np.column_stack([ground, np.zeros(len(ground))])))
        assert pixels.min() > 0.4
        assert (pixels < (CAMERA.width_px - 0.4, CAMERA.height_px - 0.4)).all()


def test_the_same_photos_give_the_same_bytes(
    mosaic: Path, scene: NadirScene, tmp_path: Path
) -> None:
    views = views_of(scene)
    grid = frame_grid(views, FLAT, gsd_m_per_px=GSD, crs="EPSG:6675")
    for budget_mb in (320, 0):  # one photo at a time decodes more often, and changes nothing
        write_mosaic(
            views,
            grid,
            FLAT,
            out_tif=tmp_path / "m.tif",
            out_sources_tif=tmp_path / "s.tif",
            budget_mb=budget_mb,
        )
        assert (tmp_path / "m.tif").read_bytes() == (mosaic / "m.tif").read_bytes()
        assert (tmp_path / "s.tif").read_bytes() == (mosaic / "sources.tif").read_bytes()


def test_progress_counts_every_window_once(scene: NadirScene, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    views = views_of(scene)[:1]
    grid = PixelGrid.north_up(
        left_m=-40, top_m=40, gsd_m_per_px=0.04, width_px=WINDOW_PX + 10, height_px=WINDOW_PX + 10
    )
    write_mosaic(
        views,
        grid,
        FLAT,
        out_tif=tmp_path / "m.tif",
        out_sources_tif=tmp_path / "s.tif",
        on_window=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]


def _peak_bytes(scene: NadirScene, folder: Path, gsd: float) -> tuple[int, int]:
    views = views_of(scene)
    grid = frame_grid(views, FLAT, gsd_m_per_px=gsd, crs="LOCAL")
    tracemalloc.start()
    try:
        write_mosaic(views, grid, FLAT, out_tif=folder / "m.tif", out_sources_tif=folder / "s.tif")
        return grid.width_px * grid.height_px, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_mosaic(scene: NadirScene, tmp_path: Path) -> None:
    """Few windows or four times as many: the peak of arrays is one window and its photos."""
    small, small_peak = _peak_bytes(scene, tmp_path, 0.018)
    large, large_peak = _peak_bytes(scene, tmp_path, 0.009)
    assert large > 3.8 * small
    assert large_peak < 1.25 * small_peak
    assert large_peak < 400 * 2**20


def test_no_views_and_lost_photos_are_told(scene: NadirScene, tmp_path: Path) -> None:
    files = {"out_tif": tmp_path / "m.tif", "out_sources_tif": tmp_path / "s.tif"}
    views = views_of(scene)
    grid = frame_grid(views, FLAT, gsd_m_per_px=GSD, crs="LOCAL")
    with pytest.raises(BadInput, match="1 to 65535 photos, got 0"):
        write_mosaic([], grid, FLAT, **files)
    lost = View(
        sha256="0",
        path=tmp_path / "lost.png",
        width_px=views[0].width_px,
        height_px=views[0].height_px,
        camera=CAMERA,
        pose=views[0].pose,
    )
    with pytest.raises(BadPhoto, match=r"lost\.png"):
        write_mosaic([lost, *views[1:]], grid, FLAT, **files)
    assert not list(tmp_path.glob("*.tif"))
