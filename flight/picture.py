"""Draw a plan: the way from above, and how often every place of the surface is seen well."""

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image

from flight.course import lay_course
from flight.coverage import Coverage
from flight.drawing import INK, QUIET, Canvas, Colour, Panel
from flight.flightplan import FlightPlan, Pattern, Trigger

Floats = NDArray[np.float64]

WIDTH_PX, HEIGHT_PX = 1200, 640
LEFT_BOX = (40.0, 130.0, 590.0, 560.0)
RIGHT_BOX = (640.0, 130.0, 1160.0, 560.0)

SURFACE: Colour = (225, 229, 234)
FOOTPRINT: Colour = (30, 110, 190, 26)
WAY: Colour = (30, 110, 190)
APPROACH: Colour = (150, 158, 168)
PHOTO: Colour = (12, 60, 120)
TAKEOFF: Colour = (200, 60, 30)
UNSEEN: Colour = (206, 40, 40)
TOO_FEW: Colour = (240, 160, 50)
ENOUGH: tuple[Colour, ...] = ((170, 212, 240), (96, 166, 220), (38, 116, 186), (14, 66, 128))

UPRIGHT = {Pattern.FACADE, Pattern.ORBIT}
GAP_M = 1.0
BREAK_PX = 60.0
ROW: Colour = (38, 44, 52, 150)
SCATTERED = 4_000
"""Footprints beyond this number are thinned out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unrolled:
    """Carry samples of a surface laid flat."""

    points_m: Floats
    axes: str


def draw_plan(plan: FlightPlan, seen: Coverage) -> Image.Image:
    """Draw a plan and its coverage side by side, 1200 × 640 pixels.

    Args:
        plan: at least one photo.
        seen: its coverage.
    """
    canvas = Canvas(WIDTH_PX, HEIGHT_PX)
    _headline(canvas, plan, seen)
    _from_above(canvas, plan)
    _coverage(canvas, plan, seen)
    return canvas.image()


def _headline(canvas: Canvas, plan: FlightPlan, seen: Coverage) -> None:
    """Say what is flown, and with what."""
    canvas.text(40, 22, plan.name, size_px=24)
    how = "stops at every photo" if plan.trigger is Trigger.STOP else f"{plan.speed_m_s:.2g} m/s"
    distance_m = float(np.median([photo.distance_m for photo in plan.photos]))
    words = (
        f"{plan.pattern}, {plan.camera_name}: {plan.gsd_m_per_px * 1000:.3g} mm/px from "
        f"{distance_m:.1f} m, {len(plan.photos)} photos in {len(plan.rows)} rows, {how}"
    )
    canvas.text(40, 58, words, size_px=15, colour=QUIET)
    canvas.text(LEFT_BOX[0], 96, "the way, seen from above", size_px=14)
    photos = "photo" if plan.views == 1 else "photos"
    told = f"{seen.good_share:.1%} of {seen.area_m2:.0f} sq m seen well by {plan.views} {photos}"
    canvas.text(RIGHT_BOX[0], 96, f"{told} or more", size_px=14)


def _from_above(canvas: Canvas, plan: FlightPlan) -> None:
    """Draw surface, footprints, way, photo points and take-off."""
    steps = lay_course(plan)
    way = np.array([step.position_m[:2] for step in steps])
    outlines = np.array([photo.footprint_m[:, :2] for photo in plan.photos])
    surface = plan.surface_m[:, :, :2]
    every = np.concatenate([way, outlines.reshape(-1, 2), surface.reshape(-1, 2), [[0.0, 0.0]]])
    panel = Panel(canvas, LEFT_BOX, every)
    for triangle in surface:
        if plan.pattern in UPRIGHT:
            canvas.line(panel.place(triangle), colour=INK, width_px=2)
        else:
            canvas.polygon(panel.place(triangle), fill=SURFACE, outline=SURFACE)
    if plan.pattern not in UPRIGHT:
        for outline in outlines[:: 1 + len(outlines) // SCATTERED]:
            canvas.polygon(panel.place(outline), fill=FOOTPRINT, outline=None)
    home = np.zeros((1, 2))
    for end in (way[:1], way[-1:]):
        canvas.line(panel.place(np.concatenate([home, end])), colour=APPROACH)
    canvas.line(panel.place(way), colour=WAY, width_px=1.5)
    for photo in plan.photos[:: 1 + len(plan.photos) // SCATTERED]:
        canvas.dot(panel.place(photo.position_m[:2])[0], radius_px=1.6, colour=PHOTO)
    canvas.dot(panel.place(home)[0], radius_px=5, colour=TAKEOFF)
    x_px, y_px = panel.place(home)[0]
    label = np.array([[x_px + 6, y_px - 9], [x_px + 58, y_px - 9], [x_px + 58, y_px + 8]])
    canvas.polygon(
        np.vstack([label, [x_px + 6, y_px + 8]]), fill=(255, 255, 255, 210), outline=None
    )
    canvas.text(x_px + 8, y_px - 8, "take-off", size_px=12, colour=TAKEOFF)
    canvas.text(LEFT_BOX[2] - 14, LEFT_BOX[1] - 34, "N", size_px=14)
    x_px, top_px = LEFT_BOX[2] - 9, LEFT_BOX[1] - 16
    canvas.line(np.array([[x_px, top_px + 20], [x_px, top_px]]), colour=INK, width_px=2)
    head = np.array([[x_px, top_px - 4], [x_px - 5, top_px + 6], [x_px + 5, top_px + 6]])
    canvas.polygon(head, fill=INK, outline=INK)
    panel.scale_bar()


def _coverage(canvas: Canvas, plan: FlightPlan, seen: Coverage) -> None:
    """Draw how many photos see each sample well."""
    laid = _unrolled(plan, seen)
    panel = Panel(canvas, RIGHT_BOX, laid.points_m)
    cell_m = float(np.sqrt(np.median(seen.samples.weight_m2)))
    side_px = max(2.0, 1.8 * cell_m * panel.px_per_m)
    for place, good in zip(panel.place(laid.points_m), seen.good.tolist(), strict=True):
        canvas.square(place, side_px=side_px, colour=_colour(good, plan.views))
    if plan.pattern in UPRIGHT:
        _rows_on_faces(canvas, plan, panel)
    panel.scale_bar()
    canvas.text(RIGHT_BOX[0] + 190, RIGHT_BOX[3] + 25, laid.axes, size_px=12, colour=QUIET)
    _legend(canvas, plan.views)


def _legend(canvas: Canvas, views: int) -> None:
    """Say what the colours mean."""
    entries = [(UNSEEN, "not well"), (ENOUGH[0], f"{views}"), (ENOUGH[1], f"{views + 1}")]
    entries += [(ENOUGH[2], f"{views + 2} to {2 * views + 2}"), (ENOUGH[3], "more")]
    if views > 1:
        entries.insert(1, (TOO_FEW, "too few"))
    x_px = RIGHT_BOX[0]
    for colour, words in entries:
        canvas.square(np.array([x_px + 6, 614.0]), side_px=12, colour=colour)
        canvas.text(x_px + 17, 606, words, size_px=12)
        x_px += 34 + 8 * len(words)


def _colour(good: int, views: int) -> Colour:
    """Choose the colour of a number of good photos."""
    if good == 0:
        return UNSEEN
    if good < views:
        return TOO_FEW
    return ENOUGH[min(good - views, 2) if good <= 2 * views + 2 else 3]


def _unrolled(plan: FlightPlan, seen: Coverage) -> _Unrolled:
    """Lay the samples flat: upright faces side by side, anything else as seen from above."""
    points, triangle = seen.samples.point_m, seen.samples.triangle
    if plan.pattern not in UPRIGHT:
        below = plan.pattern is Pattern.SOFFIT
        return _Unrolled(
            points_m=points[:, :2],
            axes="soffit, drawn as seen from above" if below else "seen from above",
        )
    unrolled = np.column_stack([_along_faces_m(plan, points, triangle // 2), points[:, 2]])
    return _Unrolled(points_m=unrolled, axes="faces side by side, as the camera sees them")


def _along_faces_m(plan: FlightPlan, points_m: Floats, piece: NDArray[np.int64]) -> Floats:
    """Give how far along all faces, laid side by side, points on pieces of wall are.

    Two triangles make a straight piece of wall (``flight.surface.upright``), one after the other.
    """
    starts = plan.surface_m[::2, 0, :2]
    ways = plan.surface_m[::2, 1, :2] - starts
    lengths = np.linalg.norm(ways, axis=1)
    names = plan.surface_elements[::2] or ("",) * len(starts)
    gaps = np.array([0.0] + [GAP_M * (a != b) for a, b in itertools.pairwise(names)])
    offsets = np.concatenate([[0.0], np.cumsum(lengths)[:-1]]) + np.cumsum(gaps)
    along = ((points_m[:, :2] - starts[piece]) * ways[piece]).sum(axis=1) / lengths[piece]
    return np.asarray(offsets[piece] + along)


def _rows_on_faces(canvas: Canvas, plan: FlightPlan, panel: Panel) -> None:
    """Draw the rows and their photos where they look at."""
    centres = np.array([photo.footprint_m.mean(axis=0) for photo in plan.photos])
    walls = shapely.linestrings(plan.surface_m[::2, :2, :2])
    tree = shapely.STRtree(walls)
    piece = tree.nearest(shapely.points(centres[:, :2]))
    places = panel.place(np.column_stack([_along_faces_m(plan, centres, piece), centres[:, 2]]))
    rows = np.array([photo.row for photo in plan.photos])
    for row in np.unique(rows):
        mine = places[rows == row]
        breaks = np.flatnonzero(np.abs(np.diff(mine[:, 0])) > BREAK_PX) + 1
        for run in np.split(mine, breaks):
            if len(run) > 1:
                canvas.line(run, colour=ROW, width_px=0.7)
    if len(places) <= SCATTERED:
        for place in places:
            canvas.dot(place, radius_px=1.5, colour=INK)
