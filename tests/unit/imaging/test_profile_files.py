"""Files of grey profiles that are broken, strange or hostile, and the command that reads them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.cli import main, tenken
from inspection.domain.widthcalibration import CONCRETE, Tone, WidthCalibration
from inspection.errors import BadInput, NotFound
from inspection.imaging.crossing import MOST_HALF_PX, half_px, light_of, sample_profiles
from inspection.imaging.profiles_file import LONGEST, read_profiles_csv
from inspection.imaging.profilewidth import core_darkness, read_profiles, to_light
from inspection.imaging.widths import LEAST_SAMPLES, UNREADABLE, measure_profiles
from inspection.pipeline.profilewidths import measure_rows

LAW = settings(max_examples=40, deadline=None, derandomize=True)
HEAD = "id,mm_per_px,profile_intensities\n"
CRACK = [120] * 13 + [100, 40, 10, 40, 100] + [120] * 13
GREY = " ".join(map(str, CRACK))


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "profiles.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("row", "trouble"),
    [
        (f"a,0,{GREY}", "mm_per_px must be above 0, got 0.0"),
        (f"a,-0.2,{GREY}", "mm_per_px must be above 0, got -0.2"),
        (f"a,nan,{GREY}", "mm_per_px must be above 0, got nan"),
        (f"a,inf,{GREY}", "mm_per_px must be above 0, got inf"),
        (f"a,,{GREY}", "are not numbers"),
        (f'a,"0,2",{GREY}', "are not numbers"),
        (f"a,0.2mm,{GREY}", "are not numbers"),
        ("a,0.2,", f"needs {LEAST_SAMPLES}–{LONGEST} samples, got 0"),
        ("a,0.2", f"needs {LEAST_SAMPLES}–{LONGEST} samples, got 0"),
        ("a", "are not numbers"),
        ("a,0.2," + " 9" * (LEAST_SAMPLES - 1), f"got {LEAST_SAMPLES - 1}"),
        ("a,0.2," + " 9" * (LONGEST + 1), f"got {LONGEST + 1}"),
        ("a,0.2," + " 9" * LEAST_SAMPLES, ""),
        ("a,0.2," + " 9" * LONGEST, ""),
        (f"a,0.2,{GREY} 256", "between 0 and 255"),
        (f"a,0.2,{GREY} -1", "between 0 and 255"),
        (f"a,0.2,{GREY} nan", "between 0 and 255"),
        (f"a,0.2,{GREY} 1e400", "between 0 and 255"),
        (f"a,0.2,{GREY.replace(' ', ';')}", "are not numbers"),
        (f"a,0.2,{GREY} x", "are not numbers"),
        (f"a,２.５,{GREY}", ""),
        (f"a,0.2,{GREY.replace(' ', '  ')}", ""),
        (f"a,0.2,{GREY.replace(' ', '　')}", ""),
        (f"a,1e-3,{GREY}", ""),
    ],
)
def test_each_row_is_read_or_kept_with_its_trouble(tmp_path: Path, row: str, trouble: str) -> None:
    good = f"b,0.2,{GREY}"
    first, second = read_profiles_csv(written(tmp_path, f"{HEAD}{row}\n{good}\n"))
    assert (first.row_id, second.row_id, second.trouble) == ("a", "b", "")
    assert trouble in first.trouble
    assert (
        bool(first.trouble) == bool(trouble) == np.isnan(first.mm_per_px) == (not first.grey.size)
    )
    assert second.grey.tolist() == CRACK


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_marks_quotes_and_the_order_of_columns_decide_nothing(
    tmp_path: Path, ends: str, mark: bytes
) -> None:
    text = ends.join([
        'profile_intensities,bridge,"id",mm_per_px',
        f'"{GREY}","犀川, 大橋",橋-1,0.25', f"{GREY},,,0.25",
    ])  # fmt: skip
    one, two = read_profiles_csv(written(tmp_path, mark + text.encode()))
    assert (one.row_id, two.row_id) == ("橋-1", "2")
    assert one.columns["bridge"] == "犀川, 大橋"
    assert one.grey.tolist() == two.grey.tolist() == CRACK
    assert one.mm_per_px == 0.25


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column mm_per_px, profile_intensities"),
        (b"\xef\xbb\xbf", "no column mm_per_px"),
        (b"id;mm_per_px;profile_intensities\n", "no column mm_per_px"),
        (b"id,MM_PER_PX,profile_intensities\n", "no column mm_per_px;"),
        ("id,mm_per_px,profile_intensities\n橋,1,2".encode("cp932"), "as CSV in UTF-8"),
        ("id,mm_per_px,profile_intensities\n".encode("utf-16"), "as CSV in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "as CSV in UTF-8"),
        ((HEAD + f"a,0.2,\"{'9 ' * 200_000}\"").encode(), "field larger than field limit"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_of_profiles_is_refused_by_name(
    tmp_path: Path, content: bytes, says: str
) -> None:
    with pytest.raises(BadInput, match=r"profiles\.csv") as caught:
        read_profiles_csv(written(tmp_path, content))
    assert says in str(caught.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.csv cannot be read: No such file"):
        read_profiles_csv(tmp_path / "absent.csv")
    with pytest.raises(NotFound, match="cannot be read: Is a directory"):
        read_profiles_csv(tmp_path)


# shapes that are no crack, or hardly one
X = np.arange(31.0)
SHAPES = {
    "even": np.full(31, 120.0), "black": np.zeros(31), "white": np.full(31, 255.0),
    "edge of a shadow": np.where(X < 15, 200.0, 40.0), "bright line": 120.0 + 100 * (X == 15),
    "ramp": 8 * X, "steep ramp down": 250 - 8 * X, "one dead pixel": 120.0 - 120 * (X == 15),
    "dark ends": np.where((X < 8) | (X > 22), 0.0, 200.0), "all dark but one": 255.0 * (X == 3),
    "stripes": 120.0 + 60 * (-1.0) ** X, "crack at the start": 120.0 - 110 * (X == 0),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("tone", list(Tone))
def test_whatever_a_profile_looks_like_its_width_is_a_number_or_none(name: str, tone: Tone) -> None:
    calibration = WidthCalibration(
        name="any", tone=tone, core=0.08, blur_px=0.8, blur_std_px=0.2, floor_px=0.05, share=0.12
    )
    for fit in (True, False):
        found = measure_profiles(np.stack([SHAPES[name]] * 2), calibration, fit=fit)
        read = found.method != UNREADABLE
        assert np.isfinite(found.width_px).tolist() == read.tolist()
        assert np.all(found.width_px[read] >= 0)
        assert np.all(found.width_px[read] < 31)
        assert np.all(found.std_px[read] > 0)
        assert found.width_px[0] == pytest.approx(found.width_px[1], nan_ok=True)
        assert np.all(found.below_limit[~read])
    if name in ("even", "black", "white", "bright line", "ramp", "crack at the start"):
        assert found.below_limit.all(), f"{name} was read as {found.width_px[0]} px"


@LAW
@given(
    st.lists(st.lists(st.integers(0, 255), min_size=31, max_size=31), min_size=1, max_size=4),
    st.booleans(),
)
def test_any_grey_values_are_measured_without_a_warning_and_row_by_row(
    rows: list[list[int]], fit: bool
) -> None:
    grey = np.array(rows, float)
    found = measure_profiles(grey, CONCRETE, fit=fit)
    single = [measure_profiles(grey[i : i + 1], CONCRETE, fit=fit) for i in range(len(grey))]
    assert [one.method[0] for one in single] == found.method.tolist()
    assert found.width_px == pytest.approx([one.width_px[0] for one in single], nan_ok=True)
    gaps = np.full((2, 31), 120.0)
    gaps[1, 30] = np.nan
    assert measure_profiles(gaps, CONCRETE).method[1] == UNREADABLE


@LAW
@given(st.floats(1, 6), st.floats(0.02, 0.4), st.floats(0.3, 1.0))
def test_edges_and_missing_light_know_a_line_of_pixel_areas(
    width_px: float, core: float, level: float
) -> None:
    # a line without blur: each sample is the mean of its pixel, so that the light adds up exactly
    x = np.arange(-20, 21)
    covered = np.clip(np.minimum(x + 0.5, width_px / 2) - np.maximum(x - 0.5, -width_px / 2), 0, 1)
    light = level * (1 - (1 - core) * covered)
    read = read_profiles(light[None], np.array([core]), CONCRETE)
    assert read.width_px[0] == pytest.approx(width_px, abs=0.35 if read.by_edges[0] else 0.02)
    assert read.darkness[0] == pytest.approx(core, abs=1e-6) or width_px < 1
    assert core_darkness(read, 0.3) == 0.3


def test_golden_light_of_srgb_and_its_ends() -> None:
    grey = np.array([0.0, 10.31475, 128.0, 255.0, 300.0, -5.0])
    assert to_light(grey, Tone.SRGB) == pytest.approx([0, 0.0031308, 0.2158605, 1, 1, 0], abs=1e-6)
    assert to_light(grey, Tone.CODED) == pytest.approx([0, 0.04045, 128 / 255, 1, 1, 0])
    table = light_of(np.arange(256, dtype=np.uint8)[None], Tone.SRGB)[0]
    assert np.all(np.diff(table) > 0)


@pytest.mark.parametrize(
    ("typical", "half"), [(0.0, 15), (1.0, 15), (5.0, 15), (5.1, 16), (20.0, 60), (500.0, 60)]
)
def test_golden_reach_of_a_profile(typical: float, half: int) -> None:
    assert half_px(typical) == half <= MOST_HALF_PX


def test_profiles_are_samples_along_the_normal_and_none_leaves_the_image() -> None:
    ramp = np.tile(np.arange(100, dtype=np.float32), (80, 1))  # light = column
    points = np.array([[50.5, 40.0], [15.5, 40.0], [15.4, 40.0], [84.5, 40.0], [84.6, 40.0]])
    across = sample_profiles(ramp, points, np.tile([1.0, 0.0], (5, 1)))
    assert across[0] == pytest.approx(np.arange(35, 66), abs=1e-3)
    assert across[1] == pytest.approx(np.arange(0, 31), abs=0.2)
    assert np.isnan(across[[2, 4]]).all()
    assert np.isfinite(across[3]).all()
    along = sample_profiles(ramp, points[:1], np.array([[0.0, 1.0]]))
    assert along[0] == pytest.approx(np.full(31, 50.0), abs=1e-3)
    back = sample_profiles(ramp, points[:1], np.array([[-1.0, 0.0]]))
    assert back[0] == pytest.approx(across[0][::-1], abs=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"blur_px": 0.0}, {"blur_px": np.inf}, {"blur_std_px": np.nan}, {"core": 0.9},
        {"core": np.nan}, {"share": -0.1}, {"share": np.inf}, {"floor_px": np.nan},
        {"limit_px": np.inf}, {"offsets_px": ((1.0, 0.0), (1.0, 0.1))},
        {"offsets_px": ((1.0, 0.0), (2.0, 1.5))}, {"offsets_px": ((1.0, np.nan),)},
        {"offsets_px": ((np.inf, 0.0),)},
    ],
)  # fmt: skip
def test_a_calibration_of_impossible_numbers_is_refused(change: dict[str, object]) -> None:
    plain = {
        "name": "x", "tone": Tone.CODED, "core": 0.1, "blur_px": 0.8, "blur_std_px": 0.2,
        "floor_px": 0.05, "share": 0.1,
    }  # fmt: skip
    with pytest.raises(BadInput):
        WidthCalibration(**{**plain, **change})  # type: ignore[arg-type]


# the command
def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(tenken, ["measure", "widths", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_no_row_is_dropped_whatever_it_holds_and_a_width_scales_with_its_pixels(
    tmp_path: Path,
) -> None:
    scales = [0.01, 0.1, 0.2, 1.0, 5.0]
    rows = [f"r{i},{scale},{GREY}" for i, scale in enumerate(scales)]
    source = written(tmp_path, HEAD + "\n".join([*rows, "bad,0.2,1 2", "=cmd|x,nope,0"]))
    out = tmp_path / "out.csv"
    code, stdout, stderr = run(source, "--out", out, "--json")
    assert code == 0
    summary = json.loads(stdout)
    assert (summary["rows"], summary["answered"], summary["refused"]) == (7, 5, 2)
    with out.open(newline="", encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    assert [row["id"] for row in found][:6] == ["r0", "r1", "r2", "r3", "r4", "bad"]
    for row, scale in zip(found, scales, strict=False):
        assert float(row["width_mm"]) == pytest.approx(float(row["width_px"]) * scale, abs=6e-4)
        assert 0 < float(row["expanded_uncertainty_mm"])
    assert "row bad: a profile needs" in stderr
    direct = measure_rows(read_profiles_csv(source), CONCRETE)
    assert [one.method for one in direct] == [row["method"] for row in found]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["absent.csv", "--out", "w.csv"], "absent.csv"),
        (["profiles.csv"], "--out"),
        (["profiles.csv", "--out", "w.csv", "--gsd-uncertainty", "2"], "0.0<=x<=1.0"),
        (["profiles.csv", "--out", "w.csv", "--width-calibration", "no.json"], "no.json"),
        (["profiles.csv", "--out", "."], "directory"),
        (["empty.csv", "--out", "w.csv"], "empty.csv has no column"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_wrong_and_leaves_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], says: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    written(tmp_path, f"{HEAD}a,0.2,{GREY}\n")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(SystemExit) as left:
        main(["measure", "widths", *arguments])
    assert left.value.code == 2
    assert says in capsys.readouterr().err.replace("'", "")
    assert not (tmp_path / "w.csv").exists()


def test_a_folder_that_is_not_there_yet_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, f"{HEAD}a,0.2,{GREY}\n")
    main(["measure", "widths", "profiles.csv", "--out", "no/such/folder/w.csv"])
    assert (tmp_path / "no/such/folder/w.csv").read_text(encoding="utf-8").startswith("id,")
