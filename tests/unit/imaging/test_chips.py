"""Chips: cores tile the raster, pixels are its own, edges are filled and masked."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.raster import Chip
from inspection.errors import BadInput, Broken
from inspection.imaging.chips import (
    BLOCK_CACHE_BYTES,
    RasterShape,
    chips,
    cores,
    raster_shape,
)

MARGIN = 16
LOCAL_WKT = 'LOCAL_CS["a metric frame",UNIT["metre",1]]'


def picture(height: int, width: int, seed: int = 7) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(1, 256, (height, width, 3), dtype=np.uint8)


def write(
    path: Path,
    pixels: NDArray[np.generic],
    valid: NDArray[np.bool_] | None = None,
    *,
    crs: str | None = "EPSG:32654",
    gsd: float = 0.002,
    **options: object,
) -> Path:
    bands = pixels if pixels.ndim == 3 else pixels[..., None]
    if valid is not None:
        bands = np.dstack([bands, valid.astype(np.uint8) * 255])
    profile = {
        "driver": "GTiff",
        "width": bands.shape[1],
        "height": bands.shape[0],
        "count": bands.shape[2],
        "dtype": bands.dtype,
        "tiled": True,
        "blockxsize": 64,
        "blockysize": 64,
        "transform": Affine(gsd, 0, 500000, 0, -gsd, 4000000),
        "crs": crs,
    } | options
    if bands.shape[2] > 1:
        profile["photometric"] = "RGB"
    if valid is not None:
        profile["alpha"] = "YES"
    with rasterio.open(path, "w", **profile) as sink:
        sink.write(np.moveaxis(bands, -1, 0))
    return path


def core_of(chip: Chip) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    x0, y0, x1, y1 = chip.core
    part = np.s_[y0 - chip.y_px : y1 - chip.y_px, x0 - chip.x_px : x1 - chip.x_px]
    return chip.pixels[part], chip.valid[part]


def shape(width: int, height: int) -> RasterShape:
    return RasterShape(width_px=width, height_px=height, gsd_m_per_px=None)


@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    chip=st.sampled_from([96, 128, 160]),
    margin=st.sampled_from([0, 16, 32]),
    data=st.data(),
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_cores_tile_any_window_without_gap_or_overlap(
    width: int, height: int, chip: int, margin: int, data: st.DataObject
) -> None:
    x0 = data.draw(st.integers(0, width - 1))
    y0 = data.draw(st.integers(0, height - 1))
    window = (x0, y0, data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height)))
    hits = np.zeros((height, width), dtype=int)
    for a, b, c, d in cores(shape(width, height), chip_px=chip, margin_px=margin, window=window):
        assert (a - x0) % 32 == (b - y0) % 32 == 0
        assert 0 < c - a <= chip - 2 * margin
        assert 0 < d - b <= chip - 2 * margin
        hits[b:d, a:c] += 1
    expected = np.zeros_like(hits)
    expected[window[1] : window[3], window[0] : window[2]] = 1
    assert np.array_equal(hits, expected)


def test_neighbouring_chips_are_read_close_together() -> None:
    """A block is asked for again within one square, so a small cache suffices."""
    order = cores(shape(32 * 64, 32 * 64), chip_px=96, margin_px=16)
    first_square = {(x // 64, y // 64) for x, y, _, _ in order[:16]}
    assert first_square == {(x, y) for x in range(4) for y in range(4)}


@pytest.mark.parametrize(
    ("chip_px", "margin_px"), [(100, 16), (96, 48), (96, -16), (128, 24), (0, 0)]
)
def test_sizes_that_leave_no_core_are_refused(chip_px: int, margin_px: int) -> None:
    with pytest.raises(BadInput, match=f"{chip_px} px with a margin of {margin_px} px"):
        cores(shape(100, 100), chip_px=chip_px, margin_px=margin_px)


@pytest.mark.parametrize("window", [(-1, 0, 5, 5), (0, 0, 101, 5), (5, 5, 5, 9), (0, 9, 5, 3)])
def test_a_window_outside_the_raster_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadInput, match="outside the raster"):
        cores(shape(100, 100), chip_px=96, margin_px=16, window=window)


@pytest.mark.parametrize(("height", "width"), [(300, 217), (64, 64), (20, 500), (1, 1)])
def test_the_cores_put_together_are_the_raster(tmp_path: Path, height: int, width: int) -> None:
    pixels = picture(height, width)
    path = write(tmp_path / "a.tif", pixels)
    canvas = np.zeros_like(pixels)
    for chip in chips(path, chip_px=128, margin_px=MARGIN):
        assert chip.pixels.shape == (128, 128, 3)
        x0, y0, x1, y1 = chip.core
        core, valid = core_of(chip)
        canvas[y0:y1, x0:x1] = core
        assert valid.all()
    assert np.array_equal(canvas, pixels)


def test_the_margin_shows_the_neighbouring_pixels(tmp_path: Path) -> None:
    pixels = picture(400, 400)
    path = write(tmp_path / "a.tif", pixels)
    inner = [
        c
        for c in chips(path, chip_px=128, margin_px=MARGIN)
        if c.x_px >= 0 and c.y_px >= 0 and max(c.x_px, c.y_px) + 128 <= 400
    ]
    assert len(inner) == 9
    for chip in inner:
        truth = pixels[chip.y_px : chip.y_px + 128, chip.x_px : chip.x_px + 128]
        assert np.array_equal(chip.pixels, truth)


def test_beyond_the_raster_pixels_are_reflected_and_not_valid(tmp_path: Path) -> None:
    pixels = picture(70, 70)
    (chip,) = chips(write(tmp_path / "a.tif", pixels), chip_px=128, margin_px=MARGIN)
    assert (chip.x_px, chip.y_px, chip.core) == (-16, -16, (0, 0, 70, 70))
    assert np.array_equal(chip.pixels[16:86, 15], pixels[:, 0])
    assert np.array_equal(chip.pixels[16:86, 12], pixels[:, 3])
    assert np.array_equal(chip.pixels[86, 16:86], pixels[69])
    assert chip.valid.sum() == 70 * 70
    assert chip.valid[16:86, 16:86].all()


def test_chips_without_a_valid_pixel_are_skipped_and_single_pixels_are_not(tmp_path: Path) -> None:
    valid = np.zeros((640, 640), dtype=bool)
    valid[300, 500] = True
    path = write(tmp_path / "a.tif", picture(640, 640), valid)
    (chip,) = chips(path, chip_px=128, margin_px=MARGIN)
    x0, y0, x1, y1 = chip.core
    assert x0 <= 500 < x1
    assert y0 <= 300 < y1
    assert chip.valid.sum() == 1


def test_a_sparse_file_costs_no_chip(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    profile = {"driver": "GTiff", "width": 3000, "height": 3000, "count": 4, "dtype": "uint8"}
    profile |= {"tiled": True, "sparse_ok": True, "photometric": "RGB", "alpha": "YES"}
    with rasterio.open(path, "w", **profile, transform=Affine(1, 0, 9, 0, -1, 9)):
        pass
    assert path.stat().st_size < 20_000
    assert list(chips(path, chip_px=640, margin_px=64)) == []


def test_pixels_without_data_take_the_colour_of_their_nearest_neighbour(tmp_path: Path) -> None:
    pixels = np.full((100, 100, 3), 0, dtype=np.uint8)
    pixels[:, :40] = (10, 20, 30)
    valid = np.zeros((100, 100), dtype=bool)
    valid[:, :40] = True
    (chip,) = chips(write(tmp_path / "a.tif", pixels, valid), chip_px=160, margin_px=16)
    assert (chip.pixels == (10, 20, 30)).all()
    assert np.array_equal(core_of(chip)[1], valid)


def test_an_internal_mask_counts_like_alpha(tmp_path: Path) -> None:
    valid = np.zeros((200, 200), dtype=bool)
    valid[150:, 150:] = True
    path = write(tmp_path / "a.tif", picture(200, 200))
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "r+") as sink,
    ):
        sink.write_mask(valid)
    found = list(chips(path, chip_px=128, margin_px=MARGIN))
    assert [c.core for c in found] == [(96, 96, 192, 192), (192, 96, 200, 192),
                                       (96, 192, 192, 200), (192, 192, 200, 200)]  # fmt: skip
    assert sum(int(core_of(c)[1].sum()) for c in found) == 2500


def test_grey_is_read_as_three_equal_bands(tmp_path: Path) -> None:
    grey = picture(90, 90)[..., 0]
    (chip,) = chips(write(tmp_path / "a.tif", grey), chip_px=128, margin_px=16)
    core, _ = core_of(chip)
    assert np.array_equal(core, np.dstack([grey] * 3))


def test_only_the_window_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", picture(400, 400))
    found = list(chips(path, chip_px=128, margin_px=MARGIN, window=(100, 50, 300, 90)))
    assert [c.core for c in found] == [(100, 50, 196, 90), (196, 50, 292, 90), (292, 50, 300, 90)]


def test_gsd_is_metres_of_metric_rasters_only(tmp_path: Path) -> None:
    pixels = picture(8, 8)
    metric = raster_shape(write(tmp_path / "a.tif", pixels, gsd=0.0023))
    local = raster_shape(write(tmp_path / "b.tif", pixels, crs=None, gsd=0.0023))
    named = raster_shape(write(tmp_path / "e.tif", pixels, crs=LOCAL_WKT, gsd=0.0023))
    feet = raster_shape(write(tmp_path / "c.tif", pixels, crs="EPSG:2263", gsd=0.01))
    degrees = raster_shape(write(tmp_path / "d.tif", pixels, crs="EPSG:4326", gsd=1e-8))
    assert metric.gsd_m_per_px == pytest.approx(0.0023)
    assert local.gsd_m_per_px == pytest.approx(0.0023)
    assert named.gsd_m_per_px == pytest.approx(0.0023)
    assert feet.gsd_m_per_px == pytest.approx(0.01 * 0.3048, rel=1e-4)
    assert degrees.gsd_m_per_px is None


def test_a_raster_without_place_has_no_gsd_and_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        write(path, picture(9, 5), driver="PNG", tiled=False, crs=None, transform=None)
    assert raster_shape(path) == RasterShape(width_px=5, height_px=9, gsd_m_per_px=None)


def test_files_that_are_no_raster_of_bytes_are_named(tmp_path: Path) -> None:
    text = tmp_path / "note.tif"
    text.write_text("no raster")
    with pytest.raises(BadInput, match=r"note\.tif is no raster"):
        raster_shape(text)
    wide = write(tmp_path / "wide.tif", picture(8, 8).astype(np.uint16))
    with pytest.raises(BadInput, match=r"wide\.tif has pixels of type uint16"):
        list(chips(wide, chip_px=96, margin_px=16))


def test_a_damaged_block_is_our_fault_and_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", picture(400, 400), compress="deflate")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    with pytest.raises(Broken, match=r"a\.tif is damaged"):
        list(chips(path, chip_px=128, margin_px=MARGIN))


def test_the_block_cache_is_bounded_while_chips_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", picture(200, 200))
    before = rasterio._env.get_gdal_config("GDAL_CACHEMAX")
    stream = chips(path, chip_px=128, margin_px=MARGIN)
    next(stream)
    assert rasterio._env.get_gdal_config("GDAL_CACHEMAX") == BLOCK_CACHE_BYTES < before
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert rasterio._env.get_gdal_config("GDAL_CACHEMAX") == before
