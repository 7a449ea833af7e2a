"""The road on real photos: a nadir block with GPS, and a strip without."""

import hashlib
import json
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging.cog import validate
from tests.support.quay import judge
from tests.support.road import account, run

pytestmark = [pytest.mark.e2e, pytest.mark.data, pytest.mark.timeout(3600)]


BEACH_MM = 30.0
"""Pixel size of the mosaic, coarser than the photos' own 16.7 mm: the beach is for registration
and accounts, and a third of the pixels shows them as well."""


@pytest.fixture(scope="module")
def beach_out(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("beach") / "out"
    photos = data_dir / "flights" / "brighton_beach"
    run(["run", photos, "--gsd-mm-per-px", str(BEACH_MM), "--out", out])
    return out


@pytest.fixture(scope="module")
def quay_out(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("quay") / "out"
    photos = data_dir / "flights" / "quay_strip" / "images"
    run(["run", photos, "--surface", "strip", "--gsd-mm-per-px", "2.3", "--out", out])
    return out


def test_every_photo_of_the_beach_is_registered_at_the_height_that_was_flown(
    beach_out: Path,
) -> None:
    facts = account(beach_out)
    fit = facts["registration"]
    assert facts["photos"]["registered"] == 18
    assert facts["photos"]["rejected"] == []
    assert abs(fit["height_ratio"] - 1) <= 0.03
    assert 0.05 < fit["camera_gps_rms_horizontal_m"] <= 0.6
    assert 0.1 < fit["reprojection_px"] < 2.0
    assert len(fit["residuals"]) == 18
    assert facts["mosaic"]["crs"] == "EPSG:32615"
    assert 0.014 < fit["height_reconstructed_m"] / fit["focal_px_used"] < 0.019
    assert facts["mosaic"]["gsd_m_per_px"] == pytest.approx(BEACH_MM / 1000)


def test_the_mosaic_of_the_beach_opens_in_gdal_as_a_valid_cog(beach_out: Path) -> None:
    assert validate(beach_out / "orthomosaic.tif") == ()
    told = subprocess.run(
        ["gdalinfo", "-json", beach_out / "orthomosaic.tif"], check=True, capture_output=True
    )
    info = json.loads(told.stdout)
    assert info["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"
    assert len(info["bands"][0]["overviews"]) >= 3
    assert 'ID["EPSG",32615]' in info["coordinateSystem"]["wkt"]


def test_a_model_outside_its_resolution_says_so(beach_out: Path) -> None:
    assert any("outside" in sentence for sentence in account(beach_out)["warnings"])


def test_the_strip_of_the_quay_is_tied_from_photo_to_photo(quay_out: Path, data_dir: Path) -> None:
    strip = account(quay_out)["registration"]
    images = sorted((data_dir / "flights" / "quay_strip" / "images").glob("*.jpg"))
    order = [hashlib.sha256(path.read_bytes()).hexdigest() for path in images]
    assert strip["unregistered"] == {}
    assert [(tie["first"], tie["second"]) for tie in strip["ties"]] == list(pairwise(order))
    assert all(tie["points"] >= 1000 for tie in strip["ties"])
    assert all(0.5 < tie["rms_px"] < 2.5 for tie in strip["ties"])
    assert set(strip["photos"]) == set(order)
    corners = [corners_m(strip["photos"][sha256]["surface_from_px"]) for sha256 in order]
    assert np.ptp(np.concatenate(corners), axis=0) == pytest.approx([13.5, 26.5], abs=0.7)


def corners_m(surface_from_px: list[list[float]]) -> np.ndarray:
    """Give the corners of a photo of the quay on its surface, (4, 2), metres."""
    grid = PixelGrid(
        surface_from_px=np.array(surface_from_px), width_px=5376, height_px=3584, crs=LOCAL_CRS
    )
    return np.asarray(grid.corners_surface_m)


def test_the_quay_is_one_mosaic_and_its_cracks_are_hit(quay_out: Path, data_dir: Path) -> None:
    facts = account(quay_out)
    assert facts["photos"]["registered"] == 4
    assert facts["mosaic"]["georeferenced"] is False
    assert facts["mosaic"]["crs"] == "LOCAL"
    judgement = judge(quay_out, data_dir / "flights" / "quay_strip")
    print(judgement, judgement.hit_ratio, judgement.false_alarms_per_100_m2)
    assert 60 <= judgement.boxes <= 104  # 104 boxes, less those that two photos show
    assert judgement.hit_ratio >= 0.70
    assert judgement.false_alarms_per_100_m2 < 60
    assert 250 < judgement.area_m2 < 400
