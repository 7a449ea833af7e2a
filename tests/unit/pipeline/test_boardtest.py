"""A camera of known faults photographs the printed board; the test must find what it is."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.domain.widthboard import WIDTHS_MM, WidthBoard, lay_out_board
from inspection.domain.widthcalibration import CONCRETE, Tone
from inspection.errors import BadInput, BadPhoto
from inspection.export.boardpdf import write_board_pdf
from inspection.imaging.boardfind import find_board
from inspection.pipeline.boardreport import distances, report_csv, report_lines, report_plain
from inspection.pipeline.boardtest import (
    BoardTest,
    LineReading,
    calibrate,
    check_board,
    smallest_visible_px,
)
from inspection.pipeline.ports import Silence
from tests.support.board_photo import BoardShot, page_of, photograph_board

SHOTS = (
    BoardShot(gsd_mm=0.2, seed=1),
    BoardShot(gsd_mm=0.2, tilt_deg=20.0, turn_deg=12.0, seed=2),
    BoardShot(gsd_mm=0.4, turn_deg=4.0, noise=0.02, seed=3),
)


@pytest.fixture(scope="module")
def board() -> WidthBoard:
    return lay_out_board()


@pytest.fixture(scope="module")
def page(board: WidthBoard, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path = tmp_path_factory.mktemp("pdf") / "board.pdf"
    write_board_pdf(board, path)
    return page_of(path)


@pytest.fixture(scope="module")
def photos(page: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    return [
        photograph_board(page, folder / f"{number}.png", shot) for number, shot in enumerate(SHOTS)
    ]


@pytest.fixture(scope="module")
def checked(photos: list[Path], board: WidthBoard) -> BoardTest:
    return check_board(photos, board, progress=Silence())


def test_the_board_is_found_where_it_is(photos: list[Path], board: WidthBoard) -> None:
    for path in photos:
        found = find_board(path, board)
        assert found.markers == 8
        assert 0.0 < found.residual_px < 1.0
    straight = find_board(photos[0], board)
    width_mm, height_mm = board.size_mm
    middle = straight.view.project(np.array([[width_mm / 2000, height_mm / 2000, 0.0]]))[0]
    size = np.array([straight.view.width_px, straight.view.height_px])
    assert middle == pytest.approx(size / 2, abs=0.3)


def test_every_line_is_read_at_its_scale_and_slant(checked: BoardTest) -> None:
    assert checked.rejected == {}
    for number, shot in enumerate(SHOTS):
        lines = [r for r in checked.readings if r.photo == f"{number}.png"]
        assert len(lines) == 36 + 4
        middle = np.median([line.gsd_mm_per_px for line in lines])
        assert middle == pytest.approx(shot.gsd_mm, rel=0.06)
        assert np.median([line.incidence_deg for line in lines]) == pytest.approx(
            shot.tilt_deg, abs=4.0
        )


def test_lengths_and_places_are_right_and_reported(checked: BoardTest) -> None:
    clear = [r for r in checked.readings if r.true_px >= 1.0]
    assert len(clear) >= 60 and all(r.length_mm is not None for r in clear)
    errors = np.array([r.length_error for r in clear])
    offsets_px = np.array([r.offset_mm / r.gsd_mm_per_px for r in clear if r.offset_mm])
    assert 0.0 < np.sqrt((errors**2).mean()) <= 0.004
    assert 0.0 < np.sqrt((offsets_px**2).mean()) <= 0.4
    for distance, rows in distances(checked):
        assert distance.length_error_percent is not None
        widest = rows[-1]
        assert widest.measured == widest.lines
        assert widest.length_error_percent is not None and widest.position_error_mm is not None
        assert 0.0 < widest.length_error_percent < 0.4
        assert 0.0 < widest.position_error_mm < 0.4 * distance.gsd_mm_per_px
    text = "\n".join(report_lines(checked))
    assert "length error" in text and "position error" in text


@pytest.mark.parametrize(("stated_mm", "error"), [(52.5, -2.5 / 52.5), (50.3, -0.3 / 50.3)])
def test_a_line_that_is_shorter_than_stated_is_found_shorter(
    photos: list[Path], board: WidthBoard, stated_mm: float, error: float
) -> None:
    seen = check_board(photos[:1], _lying(board, stated_mm), progress=Silence())
    lines = [r for r in seen.readings if r.angle_deg == 0.0 and r.true_px > 2.0]
    assert len(lines) >= 5
    for reading in lines:
        assert reading.true_length_mm == pytest.approx(stated_mm)
        assert reading.length_error == pytest.approx(error, abs=0.003)


def test_a_line_that_goes_on_has_no_length(photos: list[Path], board: WidthBoard) -> None:
    seen = check_board(photos[:1], _lying(board, 45.0), progress=Silence())
    lines = [r for r in seen.readings if r.angle_deg == 0.0 and r.true_px > 2.0]
    assert len(lines) >= 5
    assert all(reading.length_mm is None and reading.offset_mm is None for reading in lines)


def _lying(board: WidthBoard, stated_mm: float) -> WidthBoard:
    """State another length of the lying lines than the 50 mm that are printed, at their start."""
    lines = tuple(
        replace(line, start_mm=(line.end_mm[0] - stated_mm, line.end_mm[1]))
        if line.angle_deg == 0.0
        else line
        for line in board.lines
    )
    return replace(board, lines=lines)


def test_blanks_and_unseen_lines_have_no_length(checked: BoardTest) -> None:
    for reading in checked.readings:
        if reading.true_mm == 0 or not reading.detected:
            assert reading.length_mm is None and reading.offset_mm is None
            assert reading.length_error is None


def test_calibrated_widths_are_right_and_their_interval_holds(checked: BoardTest) -> None:
    lines = [r for r in checked.readings if r.true_mm > 0 and r.detected]
    assert len(lines) >= 95
    width = np.array([checked.corrected_px(line) for line in lines])
    true = np.array([line.true_px for line in lines])
    noise = np.array([line.noise_px for line in lines])
    assert abs((width - true).mean()) < 0.05
    assert np.abs(width - true).mean() < 0.1
    clean = checked.clean
    reach = 2 * np.sqrt(noise**2 + clean.floor_px**2 + (clean.share * width) ** 2)
    assert (np.abs(width - true) <= reach).mean() >= 0.95
    assert reach.mean() < 0.45


def test_a_photo_that_had_no_say_is_measured_as_well(
    checked: BoardTest, page: np.ndarray, board: WidthBoard, tmp_path: Path
) -> None:
    path = photograph_board(page, tmp_path / "new.png", BoardShot(gsd_mm=0.3, tilt_deg=10, seed=9))
    new = check_board([path], board, progress=Silence())
    lines = [r for r in new.readings if r.true_mm > 0 and r.detected]
    width = np.array([checked.corrected_px(line) for line in lines])
    true = np.array([line.true_px for line in lines])
    assert abs((width - true).mean()) < 0.06
    assert np.abs(width - true).mean() < 0.12


def test_blank_places_are_not_taken_for_lines(checked: BoardTest) -> None:
    blanks = [reading for reading in checked.readings if reading.number < 0]
    assert len(blanks) == 12
    assert not any(blank.detected for blank in blanks)


def test_a_coarse_and_noisy_camera_does_not_see_thin_lines(
    page: np.ndarray, board: WidthBoard, tmp_path: Path, checked: BoardTest
) -> None:
    shot = BoardShot(gsd_mm=0.5, blur_px=1.4, noise=0.08, seed=4)
    poor = check_board(
        [photograph_board(page, tmp_path / "poor.png", shot)], board, progress=Silence()
    )
    ((row, _),) = distances(poor)
    (fine, *_) = distances(checked)
    assert row.smallest_visible_mm is not None and fine[0].smallest_visible_mm is not None
    assert 0.1 <= row.smallest_visible_mm <= 0.5
    assert fine[0].smallest_visible_mm <= 0.1 < row.smallest_visible_mm + 1e-9
    assert poor.clean.limit_px > 1.5 * checked.clean.limit_px
    assert poor.concrete().limit_px >= CONCRETE.limit_px


def test_a_print_that_came_out_wider_is_told_so(photos: list[Path], board: WidthBoard) -> None:
    wider = {width: width + 0.02 for width in WIDTHS_MM}
    told = check_board(photos[:1], board, printed_mm=wider, progress=Silence())
    plain = check_board(photos[:1], board, progress=Silence())
    for a, b in zip(told.readings, plain.readings, strict=True):
        assert a.width_px == b.width_px
        assert a.true_mm == pytest.approx(b.true_mm + (0.02 if b.true_mm else 0.0))


def test_photos_without_the_whole_board_are_set_aside_with_the_reason(
    photos: list[Path], board: WidthBoard, tmp_path: Path
) -> None:
    picture = cv2.imread(str(photos[0]), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    cv2.imwrite(str(tmp_path / "half.png"), picture[: picture.shape[0] // 3])
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((400, 300), 128, np.uint8))
    (tmp_path / "text.png").write_text("no picture")
    bad = [tmp_path / name for name in ("half.png", "blank.png", "text.png")]
    found = check_board([*bad, photos[0]], board, progress=Silence())
    assert set(found.rejected) == {"half.png", "blank.png", "text.png"}
    assert "3 of the 8 squares" in found.rejected["half.png"]
    assert "cannot be decoded" in found.rejected["text.png"]
    assert set(found.photos) == {"0.png"}
    with pytest.raises(BadInput, match="found in no photo"):
        check_board(bad, board, progress=Silence())


def test_a_bent_board_is_refused(photos: list[Path], board: WidthBoard, tmp_path: Path) -> None:
    picture = cv2.imread(str(photos[0]), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    rows, columns = picture.shape
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    bent = x + np.float32(18) * np.sin(np.pi * y / rows).astype(np.float32)
    path = tmp_path / "bent.png"
    cv2.imwrite(str(path), cv2.remap(picture, bent, y, cv2.INTER_LINEAR, borderValue=128))
    with pytest.raises(BadPhoto, match="off one plane"):
        find_board(path, board)


def test_concrete_takes_the_camera_from_the_board_and_the_rest_from_concrete(
    checked: BoardTest,
) -> None:
    found = checked.concrete()
    assert (found.tone, found.core, found.blur_px) == (Tone.CODED, CONCRETE.core, CONCRETE.blur_px)
    assert found.offsets_px == ()
    assert found.floor_px >= max(CONCRETE.floor_px, checked.clean.floor_px)
    assert found.share >= CONCRETE.share
    worse = replace(checked, clean=replace(checked.clean, floor_px=0.4, limit_px=0.9))
    assert (worse.concrete().floor_px, worse.concrete().limit_px) == (0.4, 0.9)
    assert worse.concrete().profile_floor_px == 0.4


def test_the_report_counts_every_line_once(checked: BoardTest) -> None:
    summed = distances(checked)
    assert [round(row.gsd_mm_per_px, 1) for row, _ in summed] == [0.2, 0.4]
    assert [row.photos for row, _ in summed] == [("0.png", "1.png"), ("2.png",)]
    assert sum(width.lines for _, rows in summed for width in rows) == 3 * 36
    for _, rows in summed:
        assert [row.width_mm for row in rows] == list(WIDTHS_MM)
    plain = json.loads(json.dumps(report_plain(checked)))
    assert plain["distances"][0]["widths"][-1]["width_mm"] == 2.0
    rows = list(csv.DictReader(io.StringIO(report_csv(checked))))
    assert len(rows) == 3 * 40
    wide = [row for row in rows if float(row["true_mm"]) == 1.0]
    assert np.mean([float(row["calibrated_mm"]) for row in wide]) == pytest.approx(1.0, abs=0.03)
    text = "\n".join(report_lines(checked))
    assert "smallest visible width 0.05 mm" in text or "smallest visible width 0.1 mm" in text
    assert text.count("width mm  lines") == 2


def reading(true_px: float, *, detected: bool, number: int = 0) -> LineReading:
    return LineReading(
        photo="a.jpg",
        number=number,
        true_mm=true_px,
        angle_deg=0.0,
        gsd_mm_per_px=1.0,
        incidence_deg=0.0,
        width_px=true_px + 0.1 if detected else float("nan"),
        noise_px=0.01,
        detected=detected,
    )


def test_the_smallest_visible_width_is_where_lines_begin_to_be_missed() -> None:
    seen = [reading(w, detected=w >= 0.5) for w in (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0)]
    assert smallest_visible_px(seen) == 0.5
    assert smallest_visible_px([reading(w, detected=True) for w in (0.1, 2.0)]) == 0.1
    none = [reading(w, detected=False) for w in (0.5, 3.0)]
    assert smallest_visible_px(none) > 3.0
    lucky = [reading(0.1, detected=True), *seen[1:]]
    assert smallest_visible_px(lucky) == 0.5


def test_too_few_lines_give_no_calibration() -> None:
    with pytest.raises(BadInput, match=r"shorter distance"):
        calibrate([reading(w, detected=True) for w in (1.0, 2.0)])
    assert calibrate([reading(float(w), detected=True, number=w) for w in range(1, 8)]).offsets_px
