"""COGs: what is written is one, what is not one is told why, and nothing is left half-written."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling

from inspection.errors import BadInput, Broken, Unavailable
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging.cog import BLOCK_PX, new_cog, read_grid, validate


def grid(width_px: int = 1500, height_px: int = 1100, crs: str = "EPSG:6675") -> PixelGrid:
    return PixelGrid.north_up(
        left_m=-48_000.5, top_m=66_000.25, gsd_m_per_px=0.0125, width_px=width_px,
        height_px=height_px, crs=crs,
    )  # fmt: skip


def picture(width: int = 1500, height: int = 1100) -> NDArray[np.uint8]:
    random = np.random.default_rng(4)
    coarse = random.integers(0, 255, (height // 50 + 1, width // 50 + 1, 4)).astype(np.uint8)
    pixels = coarse.repeat(50, axis=0).repeat(50, axis=1)[:height, :width]
    pixels[..., 3] = 255
    pixels[:300, :400] = 0
    return pixels


def write(path: Path, pixels: NDArray[np.uint8], where: PixelGrid) -> Path:
    with new_cog(path, where, bands=4, dtype="uint8") as canvas:
        for y in range(0, pixels.shape[0], 512):
            for x in range(0, pixels.shape[1], 512):
                canvas.paint(pixels[y : y + 512, x : x + 512], x_px=x, y_px=y)
    return path


@pytest.fixture(scope="module")
def cog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("cog") / "m.tif", picture(), grid())


def test_what_is_written_is_a_valid_cog(cog: Path) -> None:
    assert validate(cog) == ()


def test_pixels_come_back_as_they_were(cog: Path) -> None:
    with rasterio.open(cog) as dataset:
        assert np.array_equal(np.moveaxis(dataset.read(), 0, 2), picture())
        assert dataset.colorinterp == (
            ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha
        )  # fmt: skip
        assert dataset.block_shapes[0] == (BLOCK_PX, BLOCK_PX)
        assert dataset.compression is rasterio.enums.Compression.deflate


def test_the_grid_comes_back_as_it_was(cog: Path) -> None:
    read = read_grid(cog)
    assert np.allclose(read.surface_from_px, grid().surface_from_px, rtol=0, atol=1e-9)
    assert (read.width_px, read.height_px, read.crs) == (1500, 1100, "EPSG:6675")


def test_overviews_are_means_of_what_they_cover(cog: Path) -> None:
    with rasterio.open(cog) as dataset:
        assert dataset.overviews(1) == [2, 4]
    with rasterio.open(cog, overview_level=0) as half:
        small = np.moveaxis(half.read(), 0, 2)
    assert np.array_equal(small[250:300, 250:300], picture()[500:600:2, 500:600:2])


def test_numbers_in_overviews_are_never_mixed(tmp_path: Path) -> None:
    numbers = np.random.default_rng(2).choice([0, 3, 900, 65_535], (1100, 1500)).astype(np.uint16)
    path = tmp_path / "sources.tif"
    with new_cog(path, grid(), bands=1, dtype="uint16", categorical=True) as canvas:
        canvas.paint(numbers, x_px=0, y_px=0)
    assert validate(path) == ()
    with rasterio.open(path, overview_level=1) as quarter:
        assert set(np.unique(quarter.read(1))) <= {0, 3, 900, 65_535}
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(1), numbers)
        assert dataset.nodata == 0


def test_a_small_raster_needs_no_overviews(tmp_path: Path) -> None:
    path = write(tmp_path / "small.tif", picture(200, 100), grid(200, 100))
    assert validate(path) == ()


def test_a_local_frame_is_declared_as_one(tmp_path: Path) -> None:
    path = write(tmp_path / "local.tif", picture(200, 100), grid(200, 100, LOCAL_CRS))
    assert read_grid(path).crs == LOCAL_CRS
    with rasterio.open(path) as dataset:
        assert "LOCAL_CS" in dataset.crs.to_wkt() or "ENGCRS" in dataset.crs.to_wkt()
        assert not dataset.crs.is_geographic
        assert not dataset.crs.is_projected


def test_the_same_pixels_give_the_same_bytes(cog: Path, tmp_path: Path) -> None:
    again = write(tmp_path / "again.tif", picture(), grid())
    assert again.read_bytes() == cog.read_bytes()


def test_an_unpainted_mosaic_is_empty_and_valid(tmp_path: Path) -> None:
    with new_cog(tmp_path / "empty.tif", grid(), bands=4, dtype="uint8"):
        pass
    with rasterio.open(tmp_path / "empty.tif") as dataset:
        assert not dataset.read().any()


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        new_cog(tmp_path / "m.tif", grid(), bands=4, dtype="uint8") as canvas,
    ):
        canvas.paint(picture()[:512, :512], x_px=0, y_px=0)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tif", picture(200, 100), grid(200, 100))
    before = path.read_bytes()
    with (
        pytest.raises(ZeroDivisionError),
        new_cog(path, grid(200, 100), bands=4, dtype="uint8"),
    ):
        raise ZeroDivisionError
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with (
        pytest.raises(Unavailable, match=r"m\.tif of 1500×1100 px could not be written"),
        new_cog(tmp_path / "no" / "m.tif", grid(), bands=4, dtype="uint8"),
    ):
        pass


def test_an_unknown_crs_is_bad_input(tmp_path: Path) -> None:
    with (
        pytest.raises(BadInput, match="EPSG:999999"),
        new_cog(tmp_path / "m.tif", grid(crs="EPSG:999999"), bands=4, dtype="uint8"),
    ):
        pass


def _plain(source: Path, target: Path, **options: object) -> Path:
    rasterio.shutil.copy(source, target, driver="GTiff", **options)
    return target


def test_strips_without_overviews_are_no_cog(cog: Path, tmp_path: Path) -> None:
    problems = validate(_plain(cog, tmp_path / "strips.tif", TILED="NO"))
    assert any("strips" in problem for problem in problems)
    assert any("no overviews" in problem for problem in problems)
    assert any("LAYOUT=COG" in problem for problem in problems)


def test_overviews_added_behind_the_pixels_are_no_cog(cog: Path, tmp_path: Path) -> None:
    path = _plain(cog, tmp_path / "late.tif", TILED="YES", BLOCKXSIZE=512, BLOCKYSIZE=512)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.average)
    problems = validate(path)
    assert any("stands behind pixels" in problem for problem in problems)
    assert any("before those of a coarser one" in problem for problem in problems)
    assert not any("overviews" in problem for problem in problems)


def test_too_few_overviews_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "big.tif", picture(5000, 600), grid(5000, 600))
    late = _plain(path, tmp_path / "late.tif", TILED="YES")
    with rasterio.open(late, "r+") as dataset:
        dataset.build_overviews([2], Resampling.average)
    assert any("coarsest overview (1:2)" in problem for problem in validate(late))


def test_other_files_are_no_cog(cog: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("not a raster")
    assert "cannot open" in validate(tmp_path / "text.tif")[0]
    with pytest.raises(Broken, match=r"text\.tif cannot be opened"):
        read_grid(tmp_path / "text.tif")
    rasterio.shutil.copy(cog, tmp_path / "m.png", driver="PNG")
    assert any("PNG, not GeoTIFF" in problem for problem in validate(tmp_path / "m.png"))


def test_a_big_tiff_is_understood(cog: Path, tmp_path: Path) -> None:
    rasterio.shutil.copy(cog, tmp_path / "big.tif", driver="COG", BIGTIFF="YES", BLOCKSIZE=512)
    assert (tmp_path / "big.tif").read_bytes()[2] == 43
    assert validate(tmp_path / "big.tif") == ()
