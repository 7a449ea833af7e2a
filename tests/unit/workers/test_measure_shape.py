"""``tenken measure capability``, ``growth`` and ``crackratio`` on a finished survey."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from inspection.errors import BadInput, NotFound, TenkenError
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface
from inspection.imaging.viewfile import to_plain
from inspection.store import keys
from inspection.store.blobs import FolderBlobs
from tests.support.seed import SeededSurvey, seed
from workers.measure.cli import measure
from workers.surveyed import open_survey


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(measure, [str(a) for a in arguments])
    if isinstance(result.exception, TenkenError):
        raise result.exception
    return result


def answer(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(measure, [str(a) for a in (*arguments, "--json")])
    assert result.exit_code == 0, result.output
    plain: dict[str, Any] = json.loads(result.stdout)
    return plain


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Give a folder as 'tenken run' leaves it, about the local survey, with its views."""
    out = tmp_path / "run"
    local = seed(out / "store").local
    (out / "run.json").write_text(json.dumps({"survey_id": str(local.survey_id)}))
    _keep_views(out, local)
    return out


def _keep_views(out: Path, made: SeededSurvey) -> None:
    """Say that the one photo of the survey shows the whole mosaic square-on."""
    (photo,) = (out / "store" / "blobs").glob(f"photos/**/{made.photo_sha256}.*")
    height, width = cv2.imread(str(photo)).shape[:2]
    grid = made.mosaic.grid
    scale = np.diag([width / grid.width_px, height / grid.height_px, 1.0])
    view = View(
        sha256=made.photo_sha256,
        path=photo,
        width_px=width,
        height_px=height,
        photo_from_plane=scale @ np.linalg.inv(grid.surface_from_px),
    )
    blobs = FolderBlobs(out / "store" / "blobs")
    plain = json.dumps(to_plain([view], FlatSurface()))
    blobs.put_bytes(keys.views_key(made.mosaic.sha256), plain.encode())


def line_file(folder: Path, made_at: tuple[float, float, float, float]) -> Path:
    x0, y0, x1, y1 = made_at
    path = folder / "lane.geojson"
    path.write_text(
        json.dumps(
            {
                "tenken:crs": "LOCAL",
                "features": [
                    {"geometry": {"type": "LineString", "coordinates": [[x0, y0], [x1, y1]]}}
                ],
            }
        )
    )
    return path


def lane(run_dir: Path, folder: Path) -> Path:
    """Lay a lane over the middle of the mosaic, 3 m long."""
    corners = open_survey(str(run_dir)).mosaic.grid.corners_surface_m
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle = float((low[1] + high[1]) / 2)
    return line_file(folder, (float(low[0]), middle, float(high[0]), middle))


def test_capability_writes_its_four_files(run_dir: Path) -> None:
    plain = answer("capability", run_dir, "--width-mm", 20, "--cell-m", 0.05)
    assert {p.name for p in (run_dir / "capability").iterdir()} == {
        "capability.json", "capability.tif", "gaps.geojson", "inspected.tif"
    }  # fmt: skip
    (whole,) = plain["elements"]
    parts = ("inspected_percent", "not_at_this_width_percent", "not_seen_percent")
    assert sum(whole[part] for part in parts) == pytest.approx(100, abs=0.05)
    assert "inspected at" in call("capability", run_dir, "--cell-m", 0.1).output


def test_an_unreachable_width_is_inspected_nowhere(run_dir: Path) -> None:
    (whole,) = answer("capability", run_dir, "--width-mm", 0.001, "--cell-m", 0.1)["elements"]
    assert whole["inspected_percent"] == 0


def test_photos_may_lie_elsewhere(run_dir: Path, tmp_path: Path) -> None:
    blobs = run_dir / "store" / "blobs" / "photos"
    shutil.move(str(blobs), tmp_path / "card")
    with pytest.raises(BadInput, match="--photos"):
        call("capability", run_dir)
    found = answer("capability", run_dir, "--photos", tmp_path / "card", "--cell-m", 0.1)
    assert found["elements"][0]["area_m2"] > 1


def test_a_survey_without_views_says_so(run_dir: Path) -> None:
    shutil.rmtree(run_dir / "store" / "blobs" / "views")
    with pytest.raises(NotFound, match="earlier version"):
        call("capability", run_dir)


def test_a_survey_compared_with_itself_has_not_changed(run_dir: Path) -> None:
    plain = answer("growth", run_dir, run_dir)
    counts = plain["counts"]
    assert counts["no_significant_change"] == sum(counts.values()) > 0
    assert json.loads((run_dir / "growth.json").read_text()) == plain
    assert "no significant change" in call("growth", run_dir, run_dir).output


def test_pattern_of_the_three_seeded_cracks(run_dir: Path, tmp_path: Path) -> None:
    plain = answer("pattern", run_dir)
    (whole,) = plain["elements"]
    assert whole["count"] == len(plain["cracks"]) > 0
    assert whole["length_m"] == pytest.approx(sum(c["length_m"] for c in plain["cracks"]), rel=0.01)
    assert whole["density_m_per_m2"] == pytest.approx(whole["length_m"] / whole["area_m2"])
    for crack in plain["cracks"]:
        assert sum(s["length_m"] for s in crack["segments"]) == pytest.approx(crack["length_m"])
        assert crack["tortuosity"] >= 1
    turned = answer("pattern", run_dir, "--member-axis-deg", 90)["cracks"]
    swapped = {"longitudinal": "transverse", "transverse": "longitudinal", "diagonal": "diagonal"}
    assert [c["direction"] for c in turned] == [swapped[c["direction"]] for c in plain["cracks"]]
    assert all(area["area_m2"] > 0 for area in plain["areas"]) and plain["areas"]
    assert "direction(s)" in call("pattern", run_dir).output


def test_crack_ratio_with_a_truth_table(run_dir: Path, tmp_path: Path) -> None:
    line = lane(run_dir, tmp_path)
    arguments = ("crackratio", run_dir, "--centre-line", line, "--lane-width-m", 1.5)
    plain = answer(*arguments)
    (only,) = plain["sections"]
    assert 0 < only["crack_ratio_percent"] <= 60
    truth = tmp_path / "truth.csv"
    truth.write_text(f"start_m,class\n0.0,{only['class_code']}\n")
    agreed = answer(*arguments, "--truth", truth)["agreement"]
    assert [a["detection_rate"] for a in agreed if a["true"]] == [1.0]
    assert "検出率" in call(*arguments, "--truth", truth).output
    truth.write_text("start_m,class\n20,I\n")
    with pytest.raises(BadInput, match="one row a section"):
        call(*arguments, "--truth", truth)


def test_unusable_lines_are_refused(run_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "lane.geojson"
    for content, match in (
        ("nothing", "no GeoJSON line"),
        ('{"type": "Point", "coordinates": [1, 2]}', "Point"),
        ('{"type": "LineString", "coordinates": [[1, 2], [2, 3]]}', "different frames"),
    ):
        path.write_text(content)
        with pytest.raises(BadInput, match=match):
            call("crackratio", run_dir, "--centre-line", path, "--lane-width-m", 3)


@pytest.mark.parametrize("where", ["nowhere", "empty"])
def test_what_is_no_survey_is_refused(where: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises((BadInput, NotFound)):
        call("growth", tmp_path / where, tmp_path / where)


def test_every_command_shows_examples() -> None:
    for name in ("capability", "growth", "crackratio", "pattern"):
        assert "Examples:" in CliRunner().invoke(measure, [name, "--help"]).output
