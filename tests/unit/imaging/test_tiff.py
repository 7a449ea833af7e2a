"""Where a TIFF keeps its pixels: read from our own bytes, both byte orders, both sizes."""

import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging.cog import new_cog
from inspection.imaging.tiff import Directory, directories

STRIPS, TILES, WIDTH = 273, 324, 256


def tiff(order: str, images: list[tuple[int, list[int]]], *, big: bool = False) -> bytes:
    """Write a TIFF of bare directories: for each image the tag of its pixels and their places."""
    offset, count, size = ("Q", "Q", 8) if big else ("I", "H", 4)
    head = b"II" if order == "<" else b"MM"
    head += struct.pack(order + "HHH", 43, 8, 0) if big else struct.pack(order + "H", 42)
    at = len(head) + size
    body, first = b"", at
    for number, (tag, places) in enumerate(images):
        kind = 16 if big else 4
        entries = [struct.pack(order + "HH" + offset, WIDTH, kind, 1)]
        entries[0] += struct.pack(order + offset, 7)
        directory_bytes = struct.calcsize(order + count) + 2 * (4 + 2 * size) + size
        listed = struct.pack(f"{order}{len(places)}{offset}", *places)
        inside = (
            listed if len(listed) <= size else struct.pack(order + offset, at + directory_bytes)
        )
        entry = struct.pack(order + "HH" + offset, tag, kind, len(places))
        entries.append(entry + inside.ljust(size, b"\0"))
        tail = b"" if len(listed) <= size else listed
        after = at + directory_bytes + len(tail) if number + 1 < len(images) else 0
        body += struct.pack(order + count, 2) + b"".join(entries)
        body += struct.pack(order + offset, after) + tail
        at = after
    return head + struct.pack(order + offset, first if images else 0) + body


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True], ids=["tiff", "bigtiff"])
@pytest.mark.parametrize("tag", [STRIPS, TILES])
def test_each_image_names_its_first_stored_pixels(
    tmp_path: Path, order: str, big: bool, tag: int
) -> None:
    path = tmp_path / "made.tif"
    path.write_bytes(tiff(order, [(tag, [900, 500, 0]), (tag, [0]), (tag, [42])], big=big))
    assert [found.first_pixels for found in directories(path)] == [500, 0, 42]


@settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from("<>"),
    st.booleans(),
    st.lists(st.lists(st.integers(0, 2**31), min_size=1, max_size=6), max_size=4),
)
def test_any_file_is_read_as_it_was_written(
    tmp_path: Path, order: str, big: bool, images: list[list[int]]
) -> None:
    path = tmp_path / "made.tif"
    path.write_bytes(tiff(order, [(TILES, places) for places in images], big=big))
    expected = [min((place for place in places if place), default=0) for places in images]
    assert [found.first_pixels for found in directories(path)] == expected


@pytest.mark.parametrize(
    "content", [b"", b"II", b"\xff\xd8\xff\xe0" * 8, b"II" + b"\x00" * 20, b"II*\x00", b"PK" * 16]
)
def test_another_file_has_no_images(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    assert directories(path) == ()


def test_a_chain_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    """A hostile file may link its directory to itself; it is listed once."""
    content = bytearray(tiff("<", [(TILES, [42])]))
    content[-4:] = struct.pack("<I", 8)
    path = tmp_path / "ring.tif"
    path.write_bytes(bytes(content))
    assert directories(path) == (Directory(at=8, first_pixels=42),)


def test_the_images_of_a_mosaic_are_those_that_gdal_counts(tmp_path: Path) -> None:
    grid = PixelGrid.north_up(
        left_m=0, top_m=0, gsd_m_per_px=0.01, width_px=1100, height_px=700, crs=LOCAL_CRS
    )
    path = tmp_path / "mosaic.tif"
    with new_cog(path, grid, bands=1, dtype="uint16", categorical=True) as canvas:
        canvas.paint(np.ones((700, 1100), dtype=np.uint16), x_px=0, y_px=0)
    with rasterio.open(path) as raster:
        overviews = len(raster.overviews(1))
    found = directories(path)
    assert len(found) >= 1 + overviews
    assert all(0 < one.first_pixels < path.stat().st_size for one in found)
    assert len({one.at for one in found}) == len(found)
