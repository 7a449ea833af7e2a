"""CVAT draws ellipses and turns boxes: what an engineer drew is what the network is taught."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, class_index
from datasets.formats.cvat import read_cvat
from datasets.formats.shape import Shape, ShapeKind, paint
from inspection.errors import BadInput

SIZE = (200, 120)
CLASSES = {"crack": CRACK, "spall": class_index("spall")}


def read_body(path: Path, body: str) -> tuple[Shape, ...]:
    """Read the shapes of one image of a CVAT file."""
    path.write_text(
        f'<annotations><image name="a.jpg" width="{SIZE[0]}" height="{SIZE[1]}">{body}</image>'
        "</annotations>",
        encoding="utf-8",
    )
    read_cvat.cache_clear()
    return read_cvat(path).shapes["a.jpg"]


def painted(path: Path, body: str) -> NDArray[np.uint8]:
    """Read and paint."""
    return paint(read_body(path, body), CLASSES, SIZE)


def inside_turned(
    middle: tuple[float, float], half: tuple[float, float], degrees: float, *, round_: bool
) -> NDArray[np.bool_]:
    """Tell which pixel centres lie in a turned ellipse or rectangle; clockwise on the screen."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    angle = math.radians(degrees)
    along = (x - middle[0]) * math.cos(angle) + (y - middle[1]) * math.sin(angle)
    across = -(x - middle[0]) * math.sin(angle) + (y - middle[1]) * math.cos(angle)
    u, v = np.abs(along) / half[0], np.abs(across) / half[1]
    return np.asarray(u**2 + v**2 <= 1 if round_ else np.maximum(u, v) <= 1, dtype=np.bool_)


class TestEllipse:
    """An ellipse is an area like any other."""

    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(
        wide=st.floats(8, 50), high=st.floats(8, 40), degrees=st.floats(0, 359.9, allow_nan=False)
    )
    def test_it_covers_what_its_equation_says(
        self, tmp_path: Path, wide: float, high: float, degrees: float
    ) -> None:
        body = (
            f'<ellipse label="spall" cx="100" cy="60" rx="{wide}" ry="{high}"'
            f' rotation="{degrees}"/>'
        )
        found = painted(tmp_path / "c.xml", body) == CLASSES["spall"]
        wanted = inside_turned((100, 60), (wide, high), degrees, round_=True)
        rim = 2 * math.pi * math.hypot(wide, high)
        assert int((found ^ wanted).sum()) <= 1.2 * rim
        assert not (wanted & ~found).sum() > 0.25 * rim

    def test_without_a_rotation_it_lies_straight(self, tmp_path: Path) -> None:
        (shape,) = read_body(
            tmp_path / "c.xml", '<ellipse label="spall" cx="50" cy="40" rx="30" ry="10"/>'
        )
        assert shape.kind is ShapeKind.POLYGON
        assert len(shape.points_px) == 64
        assert shape.points_px.min(axis=0) == pytest.approx([20, 30])
        assert shape.points_px.max(axis=0) == pytest.approx([80, 50])
        assert shape.area_px == pytest.approx(math.pi * 30 * 10, rel=2e-3)

    def test_a_quarter_turn_changes_width_and_height(self, tmp_path: Path) -> None:
        upright = painted(tmp_path / "a", '<ellipse label="spall" cx="60" cy="60" rx="9" ry="40"/>')
        turned = painted(
            tmp_path / "b",
            '<ellipse label="spall" cx="60" cy="60" rx="40" ry="9" rotation="90.0"/>',
        )
        assert int((upright != turned).sum()) <= 4

    def test_a_cracked_spall_is_both(self, tmp_path: Path) -> None:
        body = (
            '<polyline label="crack" points="60,60;140,60"/>'
            '<ellipse label="spall" cx="100" cy="60" rx="60" ry="30"/>'
        )
        mask = painted(tmp_path / "c.xml", body)
        assert mask[60, 100] == mask[59, 100] == CRACK or CRACK in mask[59:61, 100]
        assert mask[45, 100] == CLASSES["spall"]
        assert mask[5, 5] == BACKGROUND


class TestTurnedBox:
    """The inside of a turned box is undecided; a crack that reaches out of the straight one too."""

    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(degrees=st.floats(0, 359.9))
    def test_nothing_inside_is_taught_as_background(self, tmp_path: Path, degrees: float) -> None:
        body = f'<box label="crack" xtl="60" ytl="55" xbr="140" ybr="65" rotation="{degrees}"/>'
        mask = painted(tmp_path / "c.xml", body)
        wanted = inside_turned((100, 60), (40, 5), degrees, round_=False)
        assert (mask[wanted] == IGNORE_INDEX).all()
        assert int((mask == BACKGROUND).sum()) > 0.5 * mask.size

    def test_a_straight_box_is_exact(self, tmp_path: Path) -> None:
        mask = painted(
            tmp_path / "c.xml", '<box label="crack" xtl="10" ytl="20" xbr="30" ybr="25"/>'
        )
        wanted = np.zeros_like(mask)
        wanted[20:25, 10:30] = IGNORE_INDEX
        assert np.array_equal(mask, wanted)

    def test_a_box_whose_corners_are_swapped_is_the_same_box(self, tmp_path: Path) -> None:
        one = painted(tmp_path / "a", '<box label="crack" xtl="10" ytl="20" xbr="30" ybr="25"/>')
        two = painted(tmp_path / "b", '<box label="crack" xtl="30" ytl="25" xbr="10" ybr="20"/>')
        assert np.array_equal(one, two)


@pytest.mark.parametrize("kind", ["cuboid", "skeleton", "circle"])
def test_a_shape_that_cannot_be_painted_is_never_background_in_silence(
    tmp_path: Path, kind: str
) -> None:
    with pytest.raises(
        BadInput, match=rf"c\.xml: shape 'crack' is a {kind}, which is not read; draw it as"
    ):
        read_body(tmp_path / "c.xml", f'<{kind} label="crack"/>')


def test_a_word_about_the_whole_image_is_no_shape(tmp_path: Path) -> None:
    assert read_body(tmp_path / "c.xml", '<tag label="wet"/><points label="x" points="1,2"/>') == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<polygon label="crack" points="1,2;3,4"/>', "2 points, needs 3"),
        ('<polyline label="crack" points="1,2"/>', "1 points, needs 2"),
        ('<polygon label="crack" points="1,2,3;3,4,5;5,6,7"/>', "cannot reshape"),
        ('<polygon label="crack" points="1,2;3;5,6"/>', "inhomogeneous"),
        ('<polygon label="crack" points=""/>', "could not convert"),
        ('<polygon label="crack" points="1,nan;3,4;5,6"/>', "finite"),
        ('<polygon points="1,2;3,4;5,6"/>', "label"),
        ('<box label="crack" xtl="1" ytl="2" xbr="3"/>', "ybr"),
        ('<box label="crack" xtl="1" ytl="2" xbr="3" ybr="inf"/>', "finite"),
        ('<box label="crack" xtl="1" ytl="2" xbr="3" ybr="4" rotation="x"/>', "could not"),
        ('<ellipse label="crack" cx="1" cy="2" rx="3"/>', "ry"),
        ('<mask label="crack" left="0" top="0" width="2" height="2" rle="1,2"/>', "2 × 2 px"),
        ('<mask label="crack" left="-1" top="0" width="2" height="2" rle="4"/>', "reaches out"),
        ('<mask label="crack" left="199" top="0" width="2" height="2" rle="4"/>', "reaches out"),
        ('<mask label="crack" left="0" top="119" width="2" height="2" rle="4"/>', "reaches out"),
        ('<mask label="crack" left="0" top="0" width="2" height="2" rle="-1,5"/>', "2 × 2 px"),
        ('<mask label="crack" left="0" top="0" width="2" height="2" rle=""/>', "invalid literal"),
    ],
)
def test_every_broken_shape_is_told_with_its_file(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(BadInput, match=r"^c\.xml") as told:
        read_body(tmp_path / "c.xml", body)
    assert words in str(told.value)


def test_a_mask_at_the_far_corner_is_inside(tmp_path: Path) -> None:
    body = '<mask label="crack" left="198" top="118" width="2" height="2" rle="0,4"/>'
    mask = painted(tmp_path / "c.xml", body)
    assert (mask[118:, 198:] == CRACK).all()
    assert int((mask == CRACK).sum()) == 4


@pytest.mark.parametrize("size", ["0", "-5", "2.5", "1e9", "x", ""])
def test_an_image_of_no_size_is_told_with_its_name(tmp_path: Path, size: str) -> None:
    path = tmp_path / "c.xml"
    path.write_text(f'<a><image name="橋/1.jpg" width="{size}" height="9"/></a>', encoding="utf-8")
    read_cvat.cache_clear()
    with pytest.raises(BadInput, match=r"c\.xml: 橋/1\.jpg: image size"):
        read_cvat(path)
