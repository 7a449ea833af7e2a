"""Draw an alignment: triggers above, photos below, on the log's time, row under row."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from flight.geotag.alignment import Alignment, Match
from flight.geotag.shot import Shot
from flight.logs.trigger import TriggerLog
from inspection.errors import BadInput
from inspection.export.writing import replacing

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

WIDTH, LEFT, RIGHT, TOP, ROW = 1400, 176, 30, 104, 92
MOST_ROWS: Final = 60
INK: Final = (60, 60, 60)
GRID: Final = (232, 232, 232)
MATCHED: Final = (110, 140, 40)
MISSING: Final = (40, 40, 210)
EXTRA: Final = (0, 130, 240)
"""BGR."""

TRIGGER_Y, PHOTO_Y = 26, 62
"""From the top of a row."""


def draw(alignment: Alignment, shots: list[Shot], log: TriggerLog) -> Image:
    """Draw a picture, (height, 1400, 3) BGR.

    Photos stand where the fitted clock puts them; without a fitted clock they are not drawn.

    Raises:
        BadInput: when the triggers have no time.
    """
    moments = {id(t): t.at.timestamp() for t in log.triggers if t.at is not None}
    if not moments:
        raise BadInput(f"{log.name} has no times, so there is nothing to draw on a time line")
    photos = _photo_moments(alignment, shots, moments)
    start = min(moments.values()) - 4.0
    end = max(moments.values()) + 8.0
    row_s = _row_seconds(sorted(moments.values()), end - start)
    rows = min(MOST_ROWS, int(np.ceil((end - start) / row_s)))
    picture = np.full((TOP + rows * ROW + 20, WIDTH, 3), 255, np.uint8)
    _head(picture, alignment, log)
    for row in range(rows):
        _time_line(picture, row, start + row * row_s, row_s)

    def place(moment: float, below: int) -> tuple[int, int]:
        row, second = divmod(moment - start, row_s)
        x = LEFT + second / row_s * (WIDTH - LEFT - RIGHT)
        return round(x), TOP + int(row) * ROW + below

    for match in alignment.matches:
        if match.photo in photos and start <= photos[match.photo] < start + rows * row_s:
            _photo(picture, match, photos, moments, place)
    missing = {id(trigger) for trigger in alignment.missing}
    for trigger in log.triggers:
        if id(trigger) in moments and moments[id(trigger)] < start + rows * row_s:
            at = place(moments[id(trigger)], TRIGGER_Y)
            _trigger(picture, at, trigger.sequence, gone=id(trigger) in missing)
    return picture


def write_picture(path: Path, picture: Image) -> None:
    """Write a picture as PNG, complete or not at all.

    Raises:
        BadInput: when the name does not end in ``.png``.
    """
    if path.suffix.casefold() != ".png":
        raise BadInput(f"{path} does not end in .png")
    with replacing(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def _photo_moments(
    alignment: Alignment, shots: list[Shot], moments: dict[int, float]
) -> dict[str, float]:
    """Give the moment of every photo on the log's time."""
    clock = alignment.clock
    if clock is None:
        return {}
    middle = (min(moments.values()) + max(moments.values())) / 2
    found = {}
    for shot in shots:
        if shot.camera_s is not None:
            local = shot.camera_s + shot.resolution_s / 2 - clock.offset_s - middle
            found[shot.name] = middle + local / (1 + clock.drift_ppm * 1e-6)
    return found


def _row_seconds(moments: list[float], span_s: float) -> float:
    """Choose how long a row is: about 30 px from trigger to trigger, at most ``MOST_ROWS`` rows."""
    beat = float(np.median([b - a for a, b in pairwise(moments)])) if len(moments) > 1 else 1.0
    wanted = max(beat, 0.01) * (WIDTH - LEFT - RIGHT) / 34.0
    for nice in (5, 10, 15, 20, 30, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800, 3600):
        if nice >= wanted or nice == 3600:
            return float(max(nice, span_s / MOST_ROWS))
    return wanted


def _head(picture: Image, alignment: Alignment, log: TriggerLog) -> None:
    """Write the title and the legend."""
    matched, unmatched = len(alignment.matched), len(alignment.unmatched)
    _write(picture, f"{log.name}: {len(log.triggers)} triggers, {matched + unmatched} photos", 0)
    clock = alignment.clock
    told = (
        "no clock was found; photos are not drawn"
        if clock is None
        else f"camera clock - UTC {clock.offset_s:.2f} s, spread {clock.spread_s:.3f} s; "
        f"{clock.fitting} photos fit here, {clock.runner_up} at the best other offset"
    )
    _write(picture, told, 1)
    x = LEFT
    for colour, text in (
        (MATCHED, f"matched ({matched})"),
        (MISSING, f"trigger without a photo ({len(alignment.missing)})"),
        (EXTRA, f"photo without a trigger ({unmatched})"),
    ):
        cv2.circle(picture, (x + 6, 80), 6, colour, -1, cv2.LINE_AA)
        cv2.putText(picture, text, (x + 20, 85), 0, 0.5, INK, 1, cv2.LINE_AA)
        x += 60 + 9 * len(text)


def _write(picture: Image, text: str, line: int) -> None:
    plain = text.encode("ascii", "replace").decode()  # the fonts of OpenCV know no others
    cv2.putText(picture, plain, (LEFT, 28 + 26 * line), 0, 0.6, INK, 1, cv2.LINE_AA)


def _time_line(picture: Image, row: int, start_s: float, row_s: float) -> None:
    """Draw the two lines of a row with a mark each tenth and its first moment."""
    for below in (TRIGGER_Y, PHOTO_Y):
        y = TOP + row * ROW + below
        cv2.line(picture, (LEFT, y), (WIDTH - RIGHT, y), GRID, 1, cv2.LINE_AA)
    for tenth in range(11):
        x = LEFT + round(tenth * (WIDTH - LEFT - RIGHT) / 10)
        y = TOP + row * ROW
        cv2.line(picture, (x, y + TRIGGER_Y), (x, y + PHOTO_Y), GRID, 1)
    told = datetime.fromtimestamp(start_s, tz=UTC).strftime("%H:%M:%S")
    for text, below in (
        (f"{told} UTC  triggers", TRIGGER_Y),
        (f"{row_s:g} s a row  photos", PHOTO_Y),
    ):
        size = cv2.getTextSize(text, 0, 0.42, 1)[0][0]
        at = (LEFT - 12 - size, TOP + row * ROW + below + 4)
        cv2.putText(picture, text, at, 0, 0.42, INK, 1, cv2.LINE_AA)


def _trigger(picture: Image, at: tuple[int, int], sequence: int, *, gone: bool) -> None:
    """Draw a trigger, hollow where its photo is missing, with its number."""
    colour = MISSING if gone else MATCHED
    cv2.circle(picture, at, 6, (255, 255, 255) if gone else colour, -1, cv2.LINE_AA)
    cv2.circle(picture, at, 6, colour, 2, cv2.LINE_AA)
    if gone or sequence % 5 == 0 or sequence == 1:
        text = str(sequence)
        size = cv2.getTextSize(text, 0, 0.4, 1)[0][0]
        corner = (at[0] - size // 2, at[1] - 11)
        cv2.putText(picture, text, corner, 0, 0.4, colour if gone else INK, 1, cv2.LINE_AA)


def _photo(
    picture: Image,
    match: Match,
    photos: dict[str, float],
    moments: dict[int, float],
    place: Callable[[float, int], tuple[int, int]],
) -> None:
    """Draw a photo, with a line to its trigger where it has one."""
    at = place(photos[match.photo], PHOTO_Y)
    colour = EXTRA if match.trigger is None else MATCHED
    if match.trigger is not None:
        other = place(moments[id(match.trigger)], TRIGGER_Y)
        if other[1] // ROW == (at[1] - PHOTO_Y + TRIGGER_Y) // ROW:
            cv2.line(picture, at, other, colour, 1, cv2.LINE_AA)
    cv2.rectangle(picture, (at[0] - 5, at[1] - 4), (at[0] + 5, at[1] + 4), colour, -1)
    if match.trigger is None:
        name = match.photo.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        plain = name.encode("ascii", "replace").decode()
        size = cv2.getTextSize(plain, 0, 0.4, 1)[0][0]
        corner = (at[0] - size // 2, at[1] + 20)
        cv2.putText(picture, plain, corner, 0, 0.4, colour, 1, cv2.LINE_AA)
