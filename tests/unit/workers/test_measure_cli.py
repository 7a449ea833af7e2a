"""``tenken measure``: what goes in, what comes out, and what is refused."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from inspection.codelists.widthcalibrations import width_calibration_text
from inspection.errors import BadInput, NotFound, Refused
from tests.drawn_line import RENDERED, SIZE_PX, DrawnLine
from workers.measure.cli import measure

GREY = " ".join(["120"] * 13 + ["100", "40", "10", "40", "100"] + ["120"] * 13)
FLAT = " ".join(["120", "121"] * 15 + ["120"])


def run_widths(tmp_path: Path, text: str) -> tuple[list[dict[str, str]], dict, str]:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(
        measure, ["widths", str(source), "--out", str(out), "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0
    with out.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream)), json.loads(done.stdout), done.stderr


def test_widths_keeps_every_row_in_order(tmp_path: Path) -> None:
    text = (
        "id,mm_per_px,profile_intensities\n"
        f"a,0.2,{GREY}\nb,0.4,{GREY}\nc,0.2,{FLAT}\nd,-1,{GREY}\ne,0.2,1 2 3\nf,0.2,{GREY} x\n"
        f"g,0.2,{GREY.replace('10', '300')}\n"
    )
    rows, summary, stderr = run_widths(tmp_path, text)
    assert [row["id"] for row in rows] == list("abcdefg")
    a, b, c = rows[:3]
    assert 2.0 <= float(a["width_px"]) <= 3.5
    assert a["width_px"] == b["width_px"]
    assert float(b["width_mm"]) == pytest.approx(2 * float(a["width_mm"]), abs=2e-4)
    assert 0 < float(a["expanded_uncertainty_mm"]) < float(a["width_mm"])
    assert (c["width_mm"], c["below_limit"]) == ("", "1")
    assert [row["method"] for row in rows[3:]] == ["refused"] * 4
    assert summary["answered"] == 2 and summary["refused"] == 4
    assert "row d: mm_per_px must be above 0, got -1.0" in stderr


def test_rows_do_not_depend_on_each_other(tmp_path: Path) -> None:
    head = "mm_per_px,profile_intensities\n"
    alone, _, _ = run_widths(tmp_path, f"{head}0.2,{GREY}\n")
    among, _, _ = run_widths(tmp_path, f"{head}0.2,{FLAT}\n0.2,{GREY}\n0.3,{FLAT}\n")
    assert alone[0]["id"] == "1" and among[1]["id"] == "2"
    assert alone[0]["width_px"] == among[1]["width_px"]


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column profile_intensities"):
        run_widths(tmp_path, "mm_per_px,other\n1,2\n")


def write_line(tmp_path: Path, line: DrawnLine) -> list[str]:
    centre = np.arange(SIZE_PX) + 0.5 - SIZE_PX / 2
    x, y = np.meshgrid(centre, centre)
    off = np.abs(x * line.normal[0] + y * line.normal[1])
    # drawn 2 px too wide, as networks do
    mask = (off <= line.width_px / 2 + 1) & (np.hypot(x, y) < 30)
    cv2.imwrite(str(tmp_path / "image.png"), line.draw())
    cv2.imwrite(str(tmp_path / "mask.png"), mask.astype(np.uint8) * 255)
    return [
        "image",
        str(tmp_path / "image.png"),
        "--mask",
        str(tmp_path / "mask.png"),
        "--gsd-mm-per-px",
        "10",
        "--tone",
        "srgb",
    ]


def test_image_measures_the_pixels_and_not_the_mask(tmp_path: Path) -> None:
    arguments = write_line(tmp_path, DrawnLine(width_px=6.0, angle_deg=17.0))
    done = CliRunner().invoke(measure, [*arguments, "--json"], catch_exceptions=False)
    piece = json.loads(done.stdout)[0]
    assert piece["width_mm"] == pytest.approx(60.0, abs=4.0)
    assert abs(piece["width_mm"] - 60.0) <= piece["expanded_uncertainty_mm"]
    assert piece["length_m"] == pytest.approx(0.6, abs=0.03)
    assert set(piece["methods"]) == {"trough_fit"}
    assert 45 <= piece["methods"]["trough_fit"] <= 62
    text = CliRunner().invoke(measure, arguments, catch_exceptions=False).stdout
    assert " ± " in text and "trough_fit" in text


def test_image_seen_at_a_slant_is_corrected_up_to_45_degrees(tmp_path: Path) -> None:
    arguments = write_line(tmp_path, DrawnLine(width_px=6.0, angle_deg=0.0))

    def width(*options: str) -> float:
        done = CliRunner().invoke(measure, [*arguments, "--json", *options], catch_exceptions=False)
        return float(json.loads(done.stdout)[0]["width_mm"])

    square = width()
    across = width("--tilt-deg", "40", "--tilt-direction-deg", "90")
    assert across / square == pytest.approx(1 / np.cos(np.radians(40)), rel=0.02)
    assert width("--tilt-deg", "40") / square == pytest.approx(1.0, rel=0.02)
    with pytest.raises(Refused, match="seen at 50°"):
        width("--tilt-deg", "50")


def test_image_and_mask_must_fit(tmp_path: Path) -> None:
    arguments = write_line(tmp_path, DrawnLine(width_px=4.0))
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((10, 10), np.uint8))
    with pytest.raises(BadInput, match="10×10 px"):
        CliRunner().invoke(measure, arguments, catch_exceptions=False)
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((SIZE_PX, SIZE_PX), np.uint8))
    with pytest.raises(BadInput, match="no crack"):
        CliRunner().invoke(measure, arguments, catch_exceptions=False)


def test_a_calibration_file_is_used_by_both_commands(tmp_path: Path) -> None:
    clean = tmp_path / "clean.json"
    clean.write_text(width_calibration_text(RENDERED, measured_by="a test"), encoding="utf-8")
    arguments = write_line(tmp_path, DrawnLine(width_px=2.0, angle_deg=17.0))[:-2]
    given = ["--width-calibration", str(clean), "--json"]
    done = CliRunner().invoke(measure, [*arguments, *given], catch_exceptions=False)
    piece = json.loads(done.stdout)[0]
    assert piece["width_mm"] == pytest.approx(20.0, abs=2.0)
    plain = CliRunner().invoke(measure, [*arguments, "--json"], catch_exceptions=False)
    assert json.loads(plain.stdout)[0]["width_mm"] < 15.0  # concrete reads clean lines too narrow
    with pytest.raises(BadInput, match="--tone"):
        CliRunner().invoke(measure, [*arguments, *given, "--tone", "srgb"], catch_exceptions=False)
    source = tmp_path / "in.csv"
    source.write_text(f"mm_per_px,profile_intensities\n0.2,{GREY}\n", encoding="utf-8")
    out = ["--out", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(
        measure, ["widths", str(source), *out, *given], catch_exceptions=False
    )
    assert json.loads(done.stdout)["calibration"] == "drawn lines"
    missing = ["--width-calibration", str(tmp_path / "none.json")]
    with pytest.raises(NotFound):
        CliRunner().invoke(measure, ["widths", str(source), *out, *missing], catch_exceptions=False)
