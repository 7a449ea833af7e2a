"""Structure from motion: libraries that live together, and refusals that say what to do."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inspection.errors import NotRegistered
from inspection.geo.camera import Camera
from inspection.imaging.features import Features
from inspection.imaging.sfm import Shot, reconstruct

CAMERA = Camera(width_px=480, height_px=360, focal_px=384, cx_px=240, cy_px=180)

TOGETHER = """
import io, sys
import inspection.imaging.sfm
import cv2, numpy as np, rasterio
from PIL import Image
from rasterio.io import MemoryFile
pixels = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
coded = cv2.imencode(".png", pixels)[1]
assert np.array_equal(cv2.imdecode(coded, cv2.IMREAD_COLOR), pixels)
assert cv2.imdecode(cv2.imencode(".jpg", pixels)[1], cv2.IMREAD_COLOR).shape == pixels.shape
buffer = io.BytesIO()
Image.fromarray(pixels).save(buffer, "PNG")
assert np.array_equal(np.asarray(Image.open(buffer)), pixels)
for driver, options in (("GTiff", {"compress": "deflate"}), ("PNG", {})):
    with MemoryFile() as memory:
        shape = {"width": 400, "height": 300, "count": 3, "dtype": "uint8"}
        with memory.open(driver=driver, **shape, **options) as d:
            d.write(np.moveaxis(pixels, 2, 0))
        with memory.open() as d:
            assert np.array_equal(d.read(), np.moveaxis(pixels, 2, 0))
print("together")
"""


def shot(name: str, x_m: float, features: Features) -> Shot:
    return Shot(
        name=name,
        camera=CAMERA,
        features=features,
        position_enu_m=np.array([x_m, 0.0, 20.0]),
        std_m=np.array([1.5, 1.5, 1.0]),
    )


def noise(seed: int, count: int = 300) -> Features:
    random = np.random.default_rng(seed)
    return Features(
        points_px=random.uniform(0, 360, (count, 2)),
        descriptors=random.integers(0, 120, (count, 128)).astype(np.uint8),
    )


def test_image_libraries_survive_the_company_of_pycolmap() -> None:
    """Loaded in the wrong order, OpenCV's PNG writer ends the process with an abort."""
    code = f"import warnings; warnings.simplefilter('ignore')\n{TOGETHER}"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stderr[-500:]
    assert ended.stdout.strip() == "together"


def test_photos_that_share_nothing_are_not_registered(tmp_path: Path) -> None:
    shots = [shot(f"{n}", 3.0 * n, noise(n)) for n in range(4)]
    with pytest.raises(NotRegistered, match="none of the 4 photos could be tied together"):
        reconstruct(shots, work_dir=tmp_path, reach_m=50.0)


def test_photos_without_a_single_point_are_not_registered(tmp_path: Path) -> None:
    empty = Features(points_px=np.empty((0, 2)), descriptors=np.empty((0, 128), np.uint8))
    shots = [shot(f"{n}", 3.0 * n, empty) for n in range(3)]
    with pytest.raises(NotRegistered, match="overlap"):
        reconstruct(shots, work_dir=tmp_path, reach_m=50.0)
