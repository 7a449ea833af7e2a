"""Photos of the target board → how well a camera measures widths, and its calibration.

Source: accuracy report, domain specification §4.8; performance sheet, §1.10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspection.domain.widthboard import BoardLine, WidthBoard
from inspection.domain.widthcalibration import CONCRETE, Tone, WidthCalibration
from inspection.domain.widthfit import fit_errors, fit_offsets
from inspection.errors import BadInput, BadPhoto
from inspection.imaging.boardfind import FoundBoard, find_board
from inspection.imaging.crossing import half_px, light_of
from inspection.imaging.decode import read_grey
from inspection.imaging.lineplace import BEYOND_PX, place_line
from inspection.imaging.sourcewidth import EDGE_PX, PhotoWidths, Places, measure_in_photos
from inspection.imaging.surface import FlatSurface
from inspection.imaging.trough import END_SAMPLES
from inspection.imaging.widths import UNREADABLE
from inspection.pipeline.ports import Progress

INK = WidthCalibration(
    name="lines on a printed board",
    tone=Tone.SRGB,
    core=0.06,
    core_std=0.06,
    blur_px=0.8,
    blur_std_px=0.4,
    floor_px=0.0,
    share=0.0,
    limit_px=0.0,
)
"""What is expected of printed lines before any is measured."""

KNOTS_PX = (0.4, 0.8, 1.5, 2.5, 4.0, 7.0)
ENDS = 0.12
"""Share of a line at either end that is left out."""
PLACES = 25
SEEN_NOISES = 3.0
"""A place is seen when its width is so many times its noise."""
LEAST_SEEN_PX = 0.05
"""Narrower fits are none."""
SEEN_SHARE = 0.5
"""A line is detected when it is seen at so many of its places."""
WANTED_RATE = 0.9
"""The smallest visible width is that from which on so many lines are detected."""
LEAST_HALF_PX = END_SAMPLES + 2
EMPTY_PITCHES = 0.08
"""The paper is empty so far beyond the ends of a line, in pitches; then comes a label."""
BESIDE_PX = 5
"""Length and place are read so far beside a line: its blur, and a little paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReading:
    """Carry what one photo shows of one line.

    Attributes:
        photo: file name.
        number: of the line; negative for a place without one.
        true_mm: its width, 0 without one.
        angle_deg: its direction on the board.
        gsd_mm_per_px: across it.
        incidence_deg: how obliquely it was seen.
        width_px: fitted (median over its places); NaN when nothing could be fitted.
        noise_px: standard deviation of that by noise.
        detected: whether it was seen.
        true_length_mm: from end to end, as printed.
        length_mm: as measured; None where its ends could not be found.
        offset_mm: how far its middle lies from where the board has it; None likewise.
    """

    photo: str
    number: int
    true_mm: float
    angle_deg: float
    gsd_mm_per_px: float
    incidence_deg: float
    width_px: float
    noise_px: float
    detected: bool
    true_length_mm: float = 0.0
    length_mm: float | None = None
    offset_mm: float | None = None

    @property
    def length_error(self) -> float | None:
        """Give (measured − true) ÷ true length; None where it was not measured."""
        if self.length_mm is None or not self.true_length_mm > 0:
            return None
        return (self.length_mm - self.true_length_mm) / self.true_length_mm

    @property
    def true_px(self) -> float:
        """Give the true width in pixels of this photo."""
        return self.true_mm / self.gsd_mm_per_px


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTest:
    """Carry the result of a test.

    Attributes:
        readings: of every line in every photo that could be used.
        photos: by file name: the board in it.
        rejected: by file name: why a photo could not be used.
        clean: how this camera draws clean dark lines.
    """

    readings: tuple[LineReading, ...]
    photos: Mapping[str, FoundBoard]
    rejected: Mapping[str, str]
    clean: WidthCalibration

    def concrete(self) -> WidthCalibration:
        """Give the calibration of cracks in concrete, no better than this camera showed itself.

        Ink has clean edges, concrete has not: how dark and how ragged cracks are stays as it was
        calibrated on concrete (decision 16); what the board shows is the camera.
        """
        return replace(
            CONCRETE,
            name=f"{CONCRETE.name}; {self.clean.name}",
            floor_px=max(CONCRETE.floor_px, self.clean.floor_px),
            profile_floor_px=max(CONCRETE.profile_floor_px, self.clean.floor_px),
            share=float(np.hypot(CONCRETE.share, self.clean.share)),
            limit_px=max(CONCRETE.limit_px, self.clean.limit_px),
        )

    def corrected_px(self, reading: LineReading) -> float:
        """Give the width that the clean calibration makes of a reading, px."""
        return float(self.clean.corrected_px(np.array([reading.width_px]))[0])


def check_board(
    paths: Sequence[Path],
    board: WidthBoard,
    *,
    printed_mm: Mapping[float, float] | None = None,
    progress: Progress,
) -> BoardTest:
    """Measure all lines of a board in photos of it and fit how the camera draws them.

    Args:
        paths: photos; those that show too little of the board are set aside with the reason.
        board: as printed.
        printed_mm: width that each nominal width really has on this print, where it was measured.
        progress: hears one unit per photo.

    Raises:
        BadInput: when no photo can be used, or too few lines can be read in them.
    """
    progress.start("read boards", len(paths))
    found: dict[str, FoundBoard] = {}
    rejected: dict[str, str] = {}
    readings: list[LineReading] = []
    for path in paths:
        try:
            found[path.name] = find_board(path, board)
            readings += read_lines(found[path.name], board, printed_mm or {})
        except BadPhoto as error:
            found.pop(path.name, None)
            rejected[path.name] = str(error)
        progress.advance()
    if not found:
        reasons = "; ".join(rejected.values()) or "no photo was given"
        raise BadInput(f"the board was found in no photo: {reasons}")
    return BoardTest(
        readings=tuple(readings), photos=found, rejected=rejected, clean=calibrate(readings)
    )


def read_lines(
    found: FoundBoard, board: WidthBoard, printed_mm: Mapping[float, float]
) -> list[LineReading]:
    """Measure every line, and every place without one, in one photo.

    Raises:
        BadPhoto: when the photo shows the lines too small to tell them from their neighbours.
    """
    aimed = [
        (line, places)
        for line in (*board.lines, *board.blanks)
        if (places := _places(line, found, board.pitch_mm)) is not None
    ]
    if not aimed:
        raise BadPhoto(
            f"{found.view.path.name} shows the lines so small that their neighbours are too close; "
            "photograph the board from closer by, or print a larger one"
        )
    seen = measure_in_photos(
        _together([places for _, places in aimed]), [found.view], FlatSurface(), INK
    )
    readings: list[LineReading] = []
    light = light_of(read_grey(found.view.path), Tone.SRGB)
    for place, (line, aim) in enumerate(aimed):
        rows = slice(place * PLACES, (place + 1) * PLACES)
        true_mm = printed_mm.get(line.width_mm, line.width_mm)
        reading = _line_reading(found.view.path.name, line, true_mm, seen, rows)
        if reading is not None:
            half = int(aim.half_px[0])
            readings.append(
                _extended(reading, line, found, light, half_px=half, pitch_mm=board.pitch_mm)
            )
    return readings


def _extended(
    reading: LineReading,
    line: BoardLine,
    found: FoundBoard,
    light: NDArray[np.float32],
    *,
    half_px: int,
    pitch_mm: float,
) -> LineReading:
    """Add length and place to the reading of a line that was detected."""
    if line.width_mm <= 0 or not reading.detected:
        return reading
    ends_mm = np.array([line.start_mm, line.end_mm])
    start_px, end_px = found.view.project(np.column_stack([ends_mm / 1000, np.zeros(2)]))
    true_mm = float(np.linalg.norm(ends_mm[1] - ends_mm[0]))
    extended = replace(reading, true_length_mm=true_mm)
    reach_px = int(np.ceil(reading.true_px / 2)) + BESIDE_PX
    beyond_px = EMPTY_PITCHES * pitch_mm / true_mm * float(np.linalg.norm(end_px - start_px))
    placed = place_line(
        light,
        start_px,
        end_px,
        half_px=min(half_px, reach_px),
        beyond_px=min(beyond_px, BEYOND_PX),
    )
    if placed is None:
        return extended
    along = (end_px - start_px) / np.linalg.norm(end_px - start_px)
    across = placed.across_px * np.array([-along[1], along[0]])
    seen_px = np.array(
        [start_px + placed.start_px * along + across, end_px + placed.end_px * along + across]
    )
    seen_mm = found.on_board_mm(seen_px)
    return replace(
        extended,
        length_mm=float(np.linalg.norm(seen_mm[1] - seen_mm[0])),
        offset_mm=float(np.linalg.norm(seen_mm.mean(axis=0) - ends_mm.mean(axis=0))),
    )


def _line_reading(
    photo: str, line: BoardLine, true_mm: float, seen: PhotoWidths, rows: slice
) -> LineReading | None:
    """Sum up one line; None when it lies beyond the photo, or was seen flatter than 45°."""
    inside = seen.view[rows, 0] == 0
    if not inside.all():
        return None
    gsd_mm = float(np.median(seen.gsd_mm_per_px[rows, 0]))
    read = seen.method[rows, 0] != UNREADABLE
    width, noise = seen.width_mm[rows, 0][read] / gsd_mm, seen.noise_mm[rows, 0][read] / gsd_mm
    visible = width > np.maximum(SEEN_NOISES * noise, LEAST_SEEN_PX)
    return LineReading(
        photo=photo,
        number=line.number,
        true_mm=true_mm,
        angle_deg=line.angle_deg,
        gsd_mm_per_px=gsd_mm,
        incidence_deg=float(np.median(seen.incidence_deg[rows, 0])),
        width_px=float(np.median(width)) if read.any() else float("nan"),
        noise_px=float(np.median(noise) / np.sqrt(PLACES / 5)) if read.any() else 0.0,
        detected=bool(visible.sum() >= SEEN_SHARE * PLACES),
    )


def _together(parts: Sequence[Places]) -> Places:
    """Put the places of several lines into one list."""
    return Places(
        points_m=np.concatenate([part.points_m for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        half_px=np.concatenate([part.half_px for part in parts]),
        preferred=np.concatenate([part.preferred for part in parts]),
        step_m=float(np.median([part.step_m for part in parts])),
    )


def _places(line: BoardLine, found: FoundBoard, pitch_mm: float) -> Places | None:
    """Spread places along a line; None when its neighbours are too close at this distance."""
    share = np.linspace(ENDS, 1 - ENDS, PLACES)[:, None]
    start, end = np.array(line.start_mm) / 1000, np.array(line.end_mm) / 1000
    points = start + share * (end - start)
    along = (end - start) / np.linalg.norm(end - start)
    normal = np.array([-along[1], along[0]])
    middle = (start + end) / 2
    pair = np.array([[*middle, 0.0], [*(middle + 0.001 * normal), 0.0]])
    px_per_mm = float(np.linalg.norm(np.diff(found.view.project(pair), axis=0)))
    if not np.isfinite(px_per_mm) or px_per_mm <= 0:
        return None
    # 1 mm of the widest neighbour, and its blur
    clear_px = int((pitch_mm - 1.0) * px_per_mm) - EDGE_PX
    half = min(half_px(line.width_mm * px_per_mm), clear_px)
    if half < LEAST_HALF_PX + line.width_mm * px_per_mm / 2:
        return None
    return Places(
        points_m=points,
        normals=np.tile(normal, (len(points), 1)),
        half_px=np.full(len(points), half, dtype=np.int64),
        preferred=np.zeros(len(points), dtype=np.int64),
        step_m=0.001 / px_per_mm,
    )


def calibrate(readings: Sequence[LineReading]) -> WidthCalibration:
    """Fit how the camera draws clean lines: offsets, floor, share, and the smallest visible width.

    Raises:
        BadInput: when too few lines are detected.
    """
    lines = [r for r in readings if r.true_mm > 0 and r.detected and np.isfinite(r.width_px)]
    fitted, true, noise, number = (
        np.array([getattr(r, name) for r in lines])
        for name in ("width_px", "true_px", "noise_px", "number")
    )
    offsets = fit_offsets(fitted, true, number.astype(np.int64), KNOTS_PX)
    corrected = replace(INK, offsets_px=offsets)
    floor, share = fit_errors(corrected.corrected_px(fitted), true, noise)
    photos = len({r.photo for r in lines})
    return replace(
        corrected,
        name=f"target board, {len(lines)} lines in {photos} photos",
        floor_px=floor,
        share=share,
        limit_px=round(smallest_visible_px(readings), 3),
    )


def smallest_visible_px(readings: Sequence[LineReading]) -> float:
    """Give the least width in pixels from which on nine of ten lines are detected.

    Lines up to half as wide again are judged together. Where not even the widest are detected, it
    is wider than all of them.
    """
    lines = [reading for reading in readings if reading.true_mm > 0]
    widths = np.array([line.true_px for line in lines])
    detected = np.array([line.detected for line in lines])
    smallest = float(widths.max(initial=0.0)) * (1 + 1e-9)
    for width in np.unique(widths)[::-1]:
        near = (widths >= width) & (widths < 1.5 * width)
        if detected[near].mean() < WANTED_RATE:
            break
        smallest = float(width)
    return smallest
