"""The bench measures the same chips in every stage, and its figures fit together."""

import json
from pathlib import Path

import pytest
import rasterio
from click.testing import CliRunner

from inspection.errors import BadInput
from inspection.imaging.chips import raster_shape
from models.backends.openvino import OpenVinoDetector
from models.bench import (
    CORE_PX,
    Speed,
    as_plain,
    as_words,
    bench,
    draw_mosaic,
    measure_speed,
    middle,
)
from tests.support.tiny_network import write_tiny_network


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> OpenVinoDetector:
    return OpenVinoDetector(write_tiny_network(tmp_path_factory.mktemp("weights")))


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mosaic") / "m.tif"
    draw_mosaic(path, 2 * CORE_PX)
    return path


def speed() -> Speed:
    return Speed(
        model_id="tiny@000000000000",
        chips=4,
        mosaic_mpx=1.0,
        end_to_end_s=2.0,
        bare_s=1.6,
        read_s=0.3,
        score_s=1.5,
        join_s=0.2,
    )


def test_the_drawn_mosaic_is_metric_and_full(mosaic: Path) -> None:
    shape = raster_shape(mosaic)
    assert (shape.width_px, shape.height_px) == (2 * CORE_PX, 2 * CORE_PX)
    assert shape.gsd_m_per_px == pytest.approx(0.002)
    with rasterio.open(mosaic) as source:
        assert source.dataset_mask().all()


def test_every_stage_sees_the_same_chips(mosaic: Path, detector: OpenVinoDetector) -> None:
    found = measure_speed(mosaic, detector, batch=3, chips_a_side=2)
    assert found.chips == 4
    assert found.mosaic_mpx == pytest.approx(4 * CORE_PX**2 / 1e6)
    for seconds in (found.end_to_end_s, found.bare_s, found.read_s, found.score_s, found.join_s):
        assert 0 < seconds < 60
    assert found.end_to_end_s > found.bare_s / 4


def test_a_smaller_square_is_taken_from_the_middle(
    mosaic: Path, detector: OpenVinoDetector
) -> None:
    assert middle(mosaic, CORE_PX) == (
        CORE_PX // 2,
        CORE_PX // 2,
        3 * CORE_PX // 2,
        3 * CORE_PX // 2,
    )
    assert middle(mosaic, 9 * CORE_PX) == (0, 0, 2 * CORE_PX, 2 * CORE_PX)
    assert measure_speed(mosaic, detector, batch=4, chips_a_side=1).chips == 1


def test_a_mosaic_without_pixels_cannot_be_measured(
    tmp_path: Path, detector: OpenVinoDetector
) -> None:
    path = tmp_path / "empty.tif"
    profile = {"driver": "GTiff", "width": 700, "height": 700, "count": 4, "dtype": "uint8"}
    profile |= {
        "photometric": "RGB",
        "alpha": "YES",
        "transform": rasterio.Affine(1, 0, 5, 0, -1, 5),
    }
    with rasterio.open(path, "w", **profile):
        pass
    with pytest.raises(BadInput, match="no valid pixel"):
        measure_speed(path, detector, batch=1, chips_a_side=1)


def test_figures_are_ratios_of_the_seconds() -> None:
    assert speed().mpx_per_s == 0.5
    assert speed().ratio_to_bare == 1.25
    assert speed().shares == pytest.approx({"read": 0.15, "score": 0.75, "join": 0.1})


def test_figures_are_told_to_people_and_programs() -> None:
    words = as_words(speed())
    assert "0.50 Mpx/s" in words
    assert "1.25 ×" in words
    assert "read 15% · score 75% · join 10%" in words
    plain = json.loads(json.dumps(as_plain(speed())))
    assert plain["mpx_per_s"] == 0.5
    assert plain["ratio_to_bare"] == 1.25
    assert plain["shares"]["score"] == 0.75


def test_the_command_explains_itself_and_refuses_nonsense() -> None:
    runner = CliRunner()
    told = runner.invoke(bench, ["--help"])
    assert told.exit_code == 0
    assert "tenken models bench --mosaic" in told.output
    assert runner.invoke(bench, ["--precision", "i8"]).exit_code == 2
    assert runner.invoke(bench, ["--chips-a-side", "0"]).exit_code == 2
