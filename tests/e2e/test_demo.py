"""``tenken demo`` meets its promises on a rendered deck, each with both bounds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.synth.capture import Flight
from datasets.synth.deck import Deck
from inspection.imaging.cog import validate
from tests.support.outline_truth import compare
from tests.support.road import account, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "out"
    run(["demo", "--no-serve", "--out", folder])
    return folder


@pytest.fixture(scope="module")
def truth(out: Path) -> dict[str, Any]:
    compared: dict[str, Any] = account(out)["truth"]
    print(json.dumps({k: v for k, v in compared.items() if k != "cracks_by_row"}))
    return compared


def test_nine_of_ten_wide_cracks_are_found(truth: dict[str, Any]) -> None:
    assert truth["cracks_wide"] >= 15
    assert 0.9 <= truth["found_ratio"] <= 1.0


def test_cracks_lie_where_they_are(truth: dict[str, Any]) -> None:
    assert 0.0 < truth["position_error_gsd"] <= 2.0


def test_cracks_are_as_long_as_they_are(truth: dict[str, Any]) -> None:
    assert 0.0 < truth["length_error_median"] <= 0.05


def test_cracks_are_as_wide_as_they_are(truth: dict[str, Any]) -> None:
    assert truth["widths_answered"] >= 0.9 * truth["cracks_found"]
    assert abs(truth["width_mean_bias_px"]) <= 0.15
    assert abs(truth["width_robust_bias_px"]) <= 0.15
    assert 0.9 <= truth["width_covered_ratio"] <= 1.0
    reaches = [row["width_found_u_mm"] for row in truth["cracks_by_row"] if row["width_found_u_mm"]]
    assert 0.2 < sum(reaches) / len(reaches) / truth["gsd_mm_per_px"] < 1.5  # px, k = 2


def test_every_half_metre_has_a_width_on_the_map(out: Path, truth: dict[str, Any]) -> None:
    facts = account(out)["measured"]["widths"]
    features = json.loads((out / "widths.geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) == facts["segments"] > 50
    assert facts["read_in_photos"] > facts["of_masks"]
    known = {
        feature["id"]
        for feature in json.loads((out / "defects.geojson").read_text(encoding="utf-8"))["features"]
    }
    seen = [feature["properties"] for feature in features]
    assert {row["defect_id"] for row in seen} <= known
    assert all(row["photos"] >= 1 for row in seen)
    cracks = {key for row in truth["cracks_by_row"] for key in row["defect_ids"]}
    of_cracks = [row for row in seen if row["defect_id"] in cracks]  # others lie at the rim
    assert sum(row["photos"] >= 2 for row in of_cracks) > 0.6 * len(of_cracks) > 30
    assert all((row["width_p95_mm"] is None) == row["below_limit"] for row in seen)


def test_no_identity_comes_twice(truth: dict[str, Any], out: Path) -> None:
    assert truth["duplicate_ids"] == []
    features = json.loads((out / "defects.geojson").read_text(encoding="utf-8"))["features"]
    ids = [feature["id"] for feature in features]
    assert len(set(ids)) == len(ids) == account(out)["defects"]


def test_the_truth_table_stands_in_the_report(truth: dict[str, Any], out: Path) -> None:
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "Compared with the rendered truth" in html
    assert "既知の真値との比較" in html
    for row in truth["cracks_by_row"]:
        assert f">{row['crack_id']}" in html


def test_the_block_lies_on_its_targets(out: Path) -> None:
    fit = account(out)["registration"]
    assert fit["registered"] == fit["of"]
    assert fit["control"]["points"] == 5
    assert 0.0 < fit["control"]["rms_horizontal_m"] < 0.01
    assert fit["height_ratio"] == pytest.approx(1.0, abs=0.01)
    native_m = fit["height_reconstructed_m"] / fit["focal_px_used"]
    assert account(out)["mosaic"]["gsd_m_per_px"] == pytest.approx(native_m, rel=0.002)


def test_the_mosaic_is_a_cog_and_every_stage_is_accounted_for(out: Path) -> None:
    assert validate(out / "orthomosaic.tif") == ()
    stages = {stage["name"]: stage for stage in account(out)["stages"]}
    assert set(stages) == {"ingest", "mosaic", "detect", "measure", "consolidate", "issue"}
    assert all(0 <= s["seconds"] < 1800 and 50 < s["peak_rss_mb"] < 4000 for s in stages.values())


def test_cracks_are_drawn_where_they_are_in_every_photo(out: Path) -> None:
    """Through network, registration and mosaic and back: within 2.5 px of the rendered truth.

    Half are within 1 px. Of cracks of 6 and 7 px the network may outline one side more than the
    other, so the line in the middle of what it drew may lie 2.3 px beside the true one.
    """
    drawn = compare(out, Deck(), Flight())
    assert len(drawn) > 60 and sum(each.is_best for each in drawn) >= 15
    off = np.concatenate([each.off_px for each in drawn])
    print(
        f"{len(drawn)} outlines: median {np.median(off):.2f} px, 95 % {np.percentile(off, 95):.2f}"
    )
    assert 0.05 < np.median(off) <= 1.0
    assert 0.3 < np.percentile(off, 95) <= 2.5
    assert max(np.median(each.off_px) for each in drawn) <= 2.5
