"""Pictures and maps of a flight: to scale, readable in Japanese, and well-formed whatever is named.

A crew measures on the picture with a ruler and opens the map in a browser, so that scale bars are
round numbers and names cannot break either.
"""

import math
import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from flight.came import Came, CamePhoto
from flight.coverage import plan_coverage
from flight.drawing import JAPANESE_FONTS, Canvas, Panel
from flight.flightplan import FlightPlan
from flight.gapdrawing import COLOURS, LABELS, WIDTH_PX, draw
from flight.gapmap import blocks, corners_m, panels
from flight.gaps import Gaps, Seen, find_gaps
from flight.picture import draw_plan
from flight.planfile import plan_document, plan_from_document
from inspection.errors import BadInput
from tests.support.flightplans import CAMERA, nadir_photo, small_plan

SVG = "{http://www.w3.org/2000/svg}"


def came(plan: FlightPlan, *kept: int) -> Came:
    shots = tuple(
        CamePhoto(
            name=str(n), position_m=plan.photos[n].position_m, yaw_deg=0.0, pitch_deg=-90.0,
            camera=CAMERA,
        )
        for n in kept
    )  # fmt: skip
    return Came(photos=shots)


def gaps_of(plan: FlightPlan, *kept: int) -> Gaps:
    return find_gaps(plan, came(plan, *kept), count=1500)


def map_of(plan: FlightPlan, *kept: int) -> Element:
    gaps = gaps_of(plan, *kept)
    found: Element = fromstring(draw(gaps, panels(gaps), title=plan.name))
    return found


# --- the canvas ----------------------------------------------------------------------------------


def written(words: str) -> np.ndarray:
    canvas = Canvas(200, 40)
    canvas.text(5, 5, words, size_px=20)
    return np.asarray(canvas.image())


def knows_japanese() -> bool:
    for name in JAPANESE_FONTS:
        try:
            ImageFont.truetype(name, 20)
        except OSError:
            continue
        return True
    return False


@pytest.mark.skipif(not knows_japanese(), reason="this machine has no Japanese font")
@pytest.mark.parametrize("pair", ["橋脚", "床版", "点検", "ｱｲ", "ひび", "–—", "㎡㎜"])
def test_words_that_differ_look_different(pair: str) -> None:
    """Letters that a font lacks all look alike: an empty box."""
    one, other = (written(letter) for letter in pair)
    assert (one < 128).any()
    assert (one != other).any()


def test_plain_words_look_the_same_everywhere() -> None:
    plain = written("P1 3.0 mm/px")
    canvas = Canvas(200, 40)
    canvas.text(5, 5, "P1 3.0 mm/px", size_px=20)
    np.testing.assert_array_equal(plain, np.asarray(canvas.image()))
    assert (plain < 128).any()


@given(
    low=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
    size=st.tuples(st.floats(0.1, 1e3), st.floats(0.1, 1e3)),
)
@settings(max_examples=40)
def test_a_panel_keeps_shape_and_holds_everything(
    low: tuple[float, float], size: tuple[float, float]
) -> None:
    box = (40.0, 130.0, 590.0, 560.0)
    high = (low[0] + size[0], low[1] + size[1])
    panel = Panel(Canvas(1200, 640), box, np.array([low, high]))
    placed = panel.place(np.array([low, high]))
    assert placed[:, 0].min() >= box[0] - 1e-6
    assert placed[:, 0].max() <= box[2] + 1e-6
    assert placed[:, 1].min() >= box[1] - 1e-6
    assert placed[:, 1].max() <= box[3] + 1e-6
    assert placed[0, 1] > placed[1, 1], "north is at the top"
    np.testing.assert_allclose(np.abs(np.diff(placed, axis=0))[0] / size, panel.px_per_m)


@pytest.mark.parametrize("size_m", [0.01, 0.3, 1.0, 7.0, 99.0, 1000.0, 12_345.0])
def test_scale_bars_are_drawn_at_every_size(size_m: float) -> None:
    canvas = Canvas(600, 620)
    panel = Panel(canvas, (40.0, 130.0, 590.0, 560.0), np.array([[0.0, 0.0], [size_m, size_m]]))
    panel.scale_bar()
    strip = np.asarray(canvas.image())[578:583]
    black = np.flatnonzero((strip < 80).all(axis=2).any(axis=0))
    length_m = (black.max() - black.min()) / panel.px_per_m
    round_ = 10 ** math.floor(math.log10(length_m * 1.01))
    assert min(abs(length_m / round_ - step) for step in (1, 2, 5, 10)) < 0.06


def test_a_canvas_is_as_large_as_it_was_asked_to_be() -> None:
    assert Canvas(33, 21).image().size == (33, 21)
    assert Canvas(33, 21).image().getextrema() == ((255, 255),) * 3


# --- pictures of plans ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_a_picture_has_its_size_in_every_format(tmp_path: Path, suffix: str) -> None:
    plan = small_plan(name="床版 – 点検")
    path = tmp_path / f"床版{suffix}"
    draw_plan(plan, plan_coverage(plan, count=500)).save(path)
    with Image.open(path) as picture:
        assert picture.size == (1200, 640)


def test_the_same_plan_is_the_same_picture() -> None:
    one, other = (draw_plan(small_plan(), plan_coverage(small_plan(), count=500)) for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_fewer_photos_are_more_red() -> None:
    plan = small_plan()
    reds = []
    for count in (6, 4, 2, 1):
        some = replace(plan, photos=plan.photos[:count])
        picture = np.asarray(draw_plan(some, plan_coverage(some, count=2500)))[130:560, 640:]
        reds.append(int((np.abs(picture.astype(int) - (206, 40, 40)).max(axis=2) < 20).sum()))
    assert reds == sorted(reds)
    assert reds[-1] > 4 * max(reds[0], 1)


def test_a_plan_that_wants_two_views_has_a_colour_for_one() -> None:
    plan = small_plan(views=2)
    picture = np.asarray(draw_plan(plan, plan_coverage(plan, count=2500)))[130:560, 640:]
    orange = (np.abs(picture.astype(int) - (240, 160, 50)).max(axis=2) < 20).mean()
    assert orange > 0.3


# --- the map of gaps -----------------------------------------------------------------------------

HOSTILE = ["<b>&amp;", 'a"b', "a\x0bb", "\ufffe", "𠮷野橋", "]]>", "<!--", "two\nlines", "床版 1"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_map_is_well_formed_whatever_is_named(name: str) -> None:
    plan = small_plan(name=name, surface_elements=(name, name))
    root = map_of(plan, 0)
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    clean = re.sub("[\x0b\ufffe]", "\N{REPLACEMENT CHARACTER}", name)
    assert any(text.startswith(f"{clean}: ") for text in texts)
    assert any(text.startswith(f"{clean} · up") for text in texts)
    assert not list(root.iter(f"{SVG}b"))


@pytest.mark.parametrize("kept", [(), (0,), (0, 1, 2), tuple(range(6))])
def test_the_cells_of_a_map_have_the_colours_of_the_gaps(kept: tuple[int, ...]) -> None:
    plan = small_plan()
    gaps = gaps_of(plan, *kept)
    root = map_of(plan, *kept)
    legend = set(COLOURS.values())
    cells = [
        rect for rect in root.iter(f"{SVG}rect")
        if rect.get("fill") in legend and rect.get("stroke") is None
    ]  # fmt: skip
    (panel,) = panels(gaps)
    drawn = {rect.get("fill") for rect in cells}
    assert drawn == {COLOURS[block.kind] for block in blocks(panel)}
    assert len(cells) == len(list(blocks(panel)))
    if not kept:
        assert drawn == {COLOURS[Seen.UNSEEN]}
    for label in LABELS.values():
        assert any(element.text == label for element in root.iter(f"{SVG}text"))


def test_nothing_of_a_map_lies_outside_of_it() -> None:
    root = map_of(small_plan(), 0, 3)
    height = float(root.get("height", "0"))
    for rect in root.iter(f"{SVG}rect"):
        if "%" in rect.get("width", ""):
            continue
        x, y, wide, high = (float(rect.get(key, "0")) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= WIDTH_PX + 1
        assert 0 <= y <= y + high <= height


@pytest.mark.parametrize("side_m", [0.5, 3.0, 20.0, 400.0])
def test_the_bar_of_a_map_is_a_round_number(side_m: float) -> None:
    corner = [[0, 0, 0], [side_m, 0, 0], [side_m, side_m, 0], [0, side_m, 0]]
    surface = np.array(
        [[corner[0], corner[1], corner[2]], [corner[0], corner[2], corner[3]]], float
    )
    plan = small_plan(surface_m=surface, photos=(nadir_photo(0, side_m / 2, side_m / 2),))
    (told,) = [
        element.text for element in map_of(plan).iter(f"{SVG}text")
        if re.fullmatch(r"[\d.e+-]+ m", element.text or "")
    ]  # fmt: skip
    number = float((told or "").removesuffix(" m"))
    lead = number / 10 ** math.floor(math.log10(number) + 1e-9)
    assert min(abs(lead - step) for step in (1, 2, 5)) < 1e-6
    assert number <= side_m / 4 * 1.2


def test_a_wall_is_looked_at_from_the_camera() -> None:
    """A wall that faces south: its left end on the map is its west end, its top is up."""
    a, b, c, d = (0, 10, 0), (20, 10, 0), (20, 10, 8), (0, 10, 8)
    wall = np.array([[a, b, c], [a, c, d]], dtype=np.float64)
    gaps = gaps_of(small_plan(surface_m=wall, surface_elements=("A1", "A1")))
    (panel,) = panels(gaps)
    assert (panel.element, panel.side) == ("A1", "180°")
    np.testing.assert_allclose(panel.right, [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(panel.up, [0, 0, 1], atol=1e-9)
    first = next(iter(blocks(panel)))
    np.testing.assert_allclose(corners_m(panel, first)[0], [0, 10, 0], atol=panel.cell_m)


def test_a_name_with_a_character_of_no_text_is_no_name() -> None:
    for name in ("\x00", "a\x00", "\ud800"):
        document = plan_document(small_plan())
        document["tenken_plan"]["name"] = name
        with pytest.raises(BadInput, match="damaged plan"):
            plan_from_document(document, "p")
