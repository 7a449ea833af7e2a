"""The road on real photos: a nadir block with GPS, and a strip without."""

import json
import subprocess
from pathlib import Path

import pytest

from inspection.imaging.cog import validate
from tests.support.quay import judge
from tests.support.road import account, run

pytestmark = [pytest.mark.e2e, pytest.mark.data]


@pytest.fixture(scope="module")
def beach_out(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("beach") / "out"
    run(["run", data_dir / "flights" / "brighton_beach", "--out", out])
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
    assert 0.014 < facts["mosaic"]["gsd_m_per_px"] < 0.019


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
