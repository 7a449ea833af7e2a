"""Tiles and pictures show the pixels of the mosaic, at their place and nowhere else."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from inspection.errors import BadInput, Broken, NotFound
from inspection.geo.frames import to_crs
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging.cog import new_cog
from inspection.imaging.maptiles import (
    CHIP_MAX_PX,
    TILE_SIZE_PX,
    Pyramid,
    chip_size,
    chip_window,
    is_north_up,
    own_tile,
    picture,
    resolutions_m_per_px,
    transparent_tile,
    webmercator_tile,
)

WIDTH_PX, HEIGHT_PX = 700, 520
EAST_M, NORTH_M, GSD_M = -48404.0, 66110.0, 0.05

Make = Callable[[str], Path]


def truth() -> NDArray[np.uint8]:
    """Colour each pixel by its place: red counts columns, green rows; a hole is transparent."""
    pixels = np.zeros((HEIGHT_PX, WIDTH_PX, 4), dtype=np.uint8)
    pixels[:, :, 0] = np.arange(WIDTH_PX)[None, :] * 255 // WIDTH_PX
    pixels[:, :, 1] = np.arange(HEIGHT_PX)[:, None] * 255 // HEIGHT_PX
    pixels[:, :, 2] = 77
    pixels[:, :, 3] = 255
    pixels[300:420, 100:260, 3] = 0
    return pixels


def grid(crs: str) -> PixelGrid:
    return PixelGrid.north_up(
        left_m=EAST_M,
        top_m=NORTH_M,
        gsd_m_per_px=GSD_M,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        crs=crs,
    )


@pytest.fixture(scope="module")
def cog(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Write a mosaic in a frame, once for each frame."""
    made: dict[str, Path] = {}

    def make(crs: str) -> Path:
        if crs not in made:
            made[crs] = tmp_path_factory.mktemp("mosaic") / "mosaic.tif"
            with new_cog(made[crs], grid(crs), bands=4, dtype="uint8") as canvas:
                canvas.paint(truth(), x_px=0, y_px=0)
        return made[crs]

    return make


def opened(content: bytes) -> NDArray[np.uint8]:
    return np.array(Image.open(io.BytesIO(content)).convert("RGBA"))


@given(st.integers(1, 200_000), st.integers(1, 200_000))
def test_the_coarsest_level_is_one_tile_and_the_finest_is_native(width: int, height: int) -> None:
    pyramid = Pyramid(width_px=width, height_px=height)
    assert pyramid.step_px(pyramid.levels - 1) == 1
    side = TILE_SIZE_PX * pyramid.step_px(0)
    assert side >= max(width, height)
    assert pyramid.levels == 1 or side < 2 * max(width, height)


@pytest.mark.parametrize("crs", ["EPSG:6675", LOCAL_CRS])
def test_the_native_level_is_the_mosaic_pixel_for_pixel(cog: Make, crs: str) -> None:
    whole = np.zeros((3 * TILE_SIZE_PX, 3 * TILE_SIZE_PX, 4), dtype=np.uint8)
    for row in range(3):
        for column in range(3):
            tile = opened(own_tile(cog(crs), level=2, column=column, row=row))
            y, x = row * TILE_SIZE_PX, column * TILE_SIZE_PX
            whole[y : y + TILE_SIZE_PX, x : x + TILE_SIZE_PX] = tile
    inside, expected = whole[:HEIGHT_PX, :WIDTH_PX], truth()
    assert np.array_equal(inside[:, :, 3], expected[:, :, 3])
    seen = expected[:, :, 3] == 255
    assert np.array_equal(inside[seen], expected[seen])
    assert whole[HEIGHT_PX:, :, 3].max() == 0 and whole[:, WIDTH_PX:, 3].max() == 0


@pytest.mark.parametrize("crs", ["EPSG:6675", LOCAL_CRS])
def test_a_coarse_tile_shows_the_same_place(cog: Make, crs: str) -> None:
    tile = opened(own_tile(cog(crs), level=0, column=0, row=0)).astype(float)
    step, expected = 4, truth().astype(float)
    for row, column in [(10, 10), (60, 150), (120, 20), (100, 170)]:
        y, x = row * step + step / 2, column * step + step / 2
        assert tile[row, column, 0] == pytest.approx(expected[int(y), int(x), 0], abs=3)
        assert tile[row, column, 1] == pytest.approx(expected[int(y), int(x), 1], abs=3)
        assert tile[row, column, 3] == 255
    assert tile[90, 45, 3] == 0  # the hole
    assert tile[HEIGHT_PX // step + 1 :, :, 3].max() == 0


def test_tiles_that_do_not_exist_are_not_found(cog: Make) -> None:
    for level, column, row in [(3, 0, 0), (-1, 0, 0), (2, 3, 0), (2, 0, 3), (0, 1, 0), (0, -1, 0)]:
        with pytest.raises(NotFound):
            own_tile(cog(LOCAL_CRS), level=level, column=column, row=row)


def test_webp_is_smaller_or_equal_in_shape(cog: Make) -> None:
    png = own_tile(cog(LOCAL_CRS), level=2, column=0, row=1)
    webp = own_tile(cog(LOCAL_CRS), level=2, column=0, row=1, image_format="webp")
    assert webp[:4] == b"RIFF" and png[:4] == b"\x89PNG"
    difference = np.abs(opened(webp).astype(int) - opened(png))
    assert np.array_equal(opened(webp)[:, :, 3], opened(png)[:, :, 3])
    assert difference[opened(png)[:, :, 3] == 255].mean() < 4


def tile_of(lon_deg: float, lat_deg: float, z: int) -> tuple[int, int, float, float]:
    """Find the XYZ tile of a place, and where in the tile it lies, px."""
    n = 1 << z
    x = (lon_deg + 180) / 360 * n
    y = (1 - np.arcsinh(np.tan(np.radians(lat_deg))) / np.pi) / 2 * n
    fx, fy = (x % 1) * TILE_SIZE_PX, (y % 1) * TILE_SIZE_PX
    return int(x), int(y), float(fx), float(fy)


def test_a_world_tile_shows_the_mosaic_at_its_place(cog: Make) -> None:
    # zoom 22 has 0.030 m/px here, finer than the mosaic
    for px, py in [(50.5, 50.5), (350.5, 260.5), (650.5, 500.5)]:
        lon, lat = to_crs(grid("EPSG:6675").to_surface([[px, py]]), "EPSG:6675", "EPSG:4326")[0]
        x, y, column, row = tile_of(lon, lat, 22)
        tile = webmercator_tile(cog("EPSG:6675"), z=22, x=x, y=y)
        assert tile is not None
        seen = opened(tile)[int(row), int(column)].astype(int)
        assert abs(seen[0] - px * 255 / WIDTH_PX) <= 3
        assert abs(seen[1] - py * 255 / HEIGHT_PX) <= 3
        assert seen[3] == 255


def test_the_world_is_empty_elsewhere_and_from_far(cog: Make) -> None:
    lon, lat = to_crs([[EAST_M + 17, NORTH_M - 13]], "EPSG:6675", "EPSG:4326")[0]
    x, y, *_ = tile_of(lon, lat, 22)
    assert webmercator_tile(cog("EPSG:6675"), z=22, x=x + 20, y=y) is None
    assert webmercator_tile(cog("EPSG:6675"), z=22, x=0, y=0) is None
    for z in range(23):
        x, y, *_ = tile_of(lon, lat, z)
        tile = webmercator_tile(cog("EPSG:6675"), z=z, x=x, y=y)
        if z >= 18:
            assert tile is not None and opened(tile)[:, :, 3].max() == 255
        if z <= 6:
            assert tile is None or opened(tile)[:, :, 3].mean() < 1


@pytest.mark.parametrize(("z", "x", "y"), [(1, 2, 0), (1, 0, -1), (-1, 0, 0), (31, 0, 0)])
def test_what_is_no_world_tile_is_refused(cog: Make, z: int, x: int, y: int) -> None:
    with pytest.raises(BadInput, match="is no tile"):
        webmercator_tile(cog("EPSG:6675"), z=z, x=x, y=y)


def test_a_local_frame_has_no_place_in_the_world(cog: Make) -> None:
    with pytest.raises(BadInput, match="local frame"):
        webmercator_tile(cog(LOCAL_CRS), z=3, x=1, y=1)


def test_a_transparent_tile_shows_nothing() -> None:
    for image_format in ("png", "webp"):
        tile = opened(transparent_tile(image_format))  # type: ignore[arg-type]  # of the loop
        assert tile.shape == (TILE_SIZE_PX, TILE_SIZE_PX, 4)
        assert tile[:, :, 3].max() == 0


@given(st.integers(0, 690), st.integers(0, 510), st.integers(1, 700), st.integers(1, 520))
def test_a_chip_window_holds_its_box_and_stays_inside(x0: int, y0: int, w: int, h: int) -> None:
    box = (x0, y0, min(WIDTH_PX, x0 + w), min(HEIGHT_PX, y0 + h))
    window = chip_window(box, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    assert 0 <= window[0] <= box[0] < box[2] <= window[2] <= WIDTH_PX
    assert 0 <= window[1] <= box[1] < box[3] <= window[3] <= HEIGHT_PX
    width, height = chip_size(window, 256)
    assert 1 <= width <= 256 and 1 <= height <= 256


def test_a_picture_is_native_or_shrunk(cog: Make) -> None:
    window = (120, 80, 420, 280)
    native = opened(picture(cog(LOCAL_CRS), window=window))
    expected = truth()[80:280, 120:420]
    assert native.shape == (200, 300, 4)
    assert np.array_equal(native[expected[:, :, 3] == 255], expected[expected[:, :, 3] == 255])
    small = opened(picture(cog(LOCAL_CRS), window=window, max_px=30))
    assert small.shape == (20, 30, 4)
    assert abs(int(small[10, 15, 0]) - int(expected[105, 155, 0])) <= 4


@pytest.mark.parametrize(
    ("window", "max_px"),
    [
        ((0, 0, 701, 10), 100),
        ((-1, 0, 10, 10), 100),
        ((10, 10, 10, 20), 100),
        ((0, 0, 10, 10), 0),
        ((0, 0, 10, 10), CHIP_MAX_PX + 1),
    ],
)
def test_a_picture_of_nothing_or_of_too_much_is_refused(
    cog: Make, window: tuple[int, int, int, int], max_px: int
) -> None:
    with pytest.raises(BadInput):
        picture(cog(LOCAL_CRS), window=window, max_px=max_px)


def test_a_damaged_mosaic_is_our_fault(tmp_path: Path) -> None:
    path = tmp_path / "mosaic.tif"
    path.write_bytes(b"II*\x00 this is no raster")
    for broken in (
        lambda: own_tile(path, level=0, column=0, row=0),
        lambda: picture(path, window=(0, 0, 1, 1)),
        lambda: webmercator_tile(path, z=0, x=0, y=0),
    ):
        with pytest.raises(Broken, match=r"mosaic\.tif cannot be read"):
            broken()


def test_only_a_grid_that_is_north_up_and_square_has_own_tiles() -> None:
    upright = grid(LOCAL_CRS)
    assert is_north_up(upright)
    turn, shear, wide, down = (np.array(upright.surface_from_px) for _ in range(4))
    turn[0, 1] = turn[1, 0] = GSD_M / 10
    shear[2, 0] = 1e-4
    wide[0, 0] *= 1.001
    down[1, 1] *= -1
    for matrix in (turn, shear, wide, down):
        other = PixelGrid(surface_from_px=matrix, width_px=WIDTH_PX, height_px=HEIGHT_PX)
        assert not is_north_up(other)


def test_resolutions_double_from_fine_to_coarse() -> None:
    pyramid = Pyramid(width_px=WIDTH_PX, height_px=HEIGHT_PX)
    found = resolutions_m_per_px(pyramid, grid(LOCAL_CRS))
    assert found == pytest.approx([0.2, 0.1, 0.05], rel=1e-9)
