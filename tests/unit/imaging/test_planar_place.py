"""Control points: the file, the similarity, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.errors import BadGeometry, BadInput
from inspection.geo.frames import to_crs
from inspection.imaging.planar_place import (
    ControlPoint,
    Placement,
    photo_numbers,
    place,
    read_control_points,
)

PHOTOS = [
    Photo(sha256=f"{n}" * 64, name=f"100MEDIA/MAX_{n}.jpg", width_px=1000, height_px=800)
    for n in range(3)
]
HEADER = "name,photo,x_px,y_px,x,y\n"
GOOD = (
    "# crs: EPSG:6675\n"
    + HEADER
    + "A,MAX_0.jpg,10,20,-48404.9,66109.8\nB,MAX_1,5,6,-48404.9,66119.8\n"
)


def to_plane(index: int, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay photos side by side at 1 cm a pixel, y up."""
    return np.asarray(pixels * (0.01, -0.01) + (10.0 * index, 8.0))


def control(
    places: Sequence[tuple[int, float, float]], target: NDArray[np.float64], crs: str
) -> list[ControlPoint]:
    return [
        ControlPoint(
            name=f"P{n}", photo=f"MAX_{photo}.jpg", pixel=(x, y), position=tuple(at), crs=crs
        )
        for n, ((photo, x, y), at) in enumerate(zip(places, target.tolist(), strict=True))
    ]


PLACES = [(0, 100.0, 100.0), (1, 900.0, 700.0), (2, 500.0, 50.0)]
PLANE = np.concatenate([to_plane(i, np.array([[x, y]])) for i, x, y in PLACES])


def moved(scale: float, degrees: float, shift: tuple[float, float]) -> NDArray[np.float64]:
    z = (PLANE[:, 0] + 1j * PLANE[:, 1]) * scale * np.exp(1j * np.radians(degrees))
    return np.column_stack([z.real + shift[0], z.imag + shift[1]])


# -- the similarity -----------------------------------------------------------------------------


@given(
    scale=st.floats(0.2, 5),
    degrees=st.floats(-179, 179),
    east=st.floats(-1e6, 1e6),
    north=st.floats(-1e6, 1e6),
)
def test_an_exact_similarity_is_found(
    scale: float, degrees: float, east: float, north: float
) -> None:
    target = moved(scale, degrees, (east, north))
    found = place(control(PLACES, target, "EPSG:6675"), PHOTOS, [0, 1, 2], to_plane)
    assert found.scale == pytest.approx(scale, rel=1e-6)
    assert np.degrees(found.turn_rad) == pytest.approx(degrees, abs=1e-4)
    assert found.shift_m == pytest.approx((east, north), abs=1e-3)
    assert found.rms_m == pytest.approx(0, abs=1e-5)
    assert found.crs == "EPSG:6675"
    assert found.georeferenced
    assert found.gsd_uncertainty_ratio == 0.05


def test_two_points_have_no_residual_worth_the_name() -> None:
    target = moved(1.0, 20, (0, 0))[:2]
    found = place(control(PLACES[:2], target, "EPSG:6675"), PHOTOS, [0, 1, 2], to_plane)
    assert found.rms_m is None
    assert len(found.residuals) == 2
    assert "nothing to check" in found.warnings[0]


def test_residuals_say_where_the_mosaic_puts_the_point() -> None:
    target = moved(1.0, 0, (0, 0))
    target[2] += (0.03, -0.06)
    found = place(control(PLACES, target, "EPSG:6675"), PHOTOS, [0, 1, 2], to_plane)
    assert found.rms_m is not None and 0.01 < found.rms_m < 0.07
    total = np.sum([(r.east_m, r.north_m) for r in found.residuals], axis=0)
    assert total == pytest.approx([0, 0], abs=1e-9)  # least squares balances them
    assert found.residuals[2].east_m < 0 < found.residuals[2].north_m


def test_a_scale_far_from_the_nominal_one_is_doubted() -> None:
    found = place(control(PLACES, moved(1.3, 0, (0, 0)), "EPSG:6675"), PHOTOS, [0, 1, 2], to_plane)
    (warning,) = found.warnings
    assert "1.30 × the nominal" in warning


def test_local_points_scale_without_placing() -> None:
    found = place(control(PLACES, moved(2.0, 90, (3, 4)), "local"), PHOTOS, [0, 1, 2], to_plane)
    assert (found.crs, found.georeferenced) == ("LOCAL", False)
    assert found.scale == pytest.approx(2.0)
    assert found.gsd_uncertainty_ratio == 0.05


def test_longitude_and_latitude_are_moved_to_the_utm_zone() -> None:
    utm = moved(1.0, 10, (645_000, 4_051_000))
    lonlat = to_crs(utm, "EPSG:32653", "EPSG:4326")
    found = place(control(PLACES, lonlat, "EPSG:4326"), PHOTOS, [0, 1, 2], to_plane)
    assert found.crs == "EPSG:32653"
    assert found.shift_m == pytest.approx((645_000, 4_051_000), abs=1e-3)
    assert found.scale == pytest.approx(1.0, abs=1e-6)


def test_without_control_nothing_moves() -> None:
    still = Placement()
    assert (still.scale, still.turn_rad, still.shift_m) == (1.0, 0.0, (0.0, 0.0))
    assert not still.georeferenced
    assert still.gsd_uncertainty_ratio == 0.15
    assert still.rms_m is None


# -- what is refused ----------------------------------------------------------------------------


def test_swapped_axes_are_recognised() -> None:
    swapped = moved(1.0, 25, (500, 900))[:, ::-1]
    with pytest.raises(BadGeometry, match="x is east, y is north"):
        place(control(PLACES, swapped, "EPSG:6675"), PHOTOS, [0, 1, 2], to_plane)


def test_points_that_contradict_each_other_are_refused() -> None:
    wrong = moved(1.0, 0, (0, 0)) + np.array([[0, 0], [0, 9.0], [5.0, 0]])
    with pytest.raises(BadGeometry, match=r"contradict each other by \d.*check photo"):
        place(control(PLACES, wrong, "EPSG:6675"), PHOTOS, [0, 1, 2], to_plane)


def test_points_in_photos_that_are_not_registered_are_named_and_left_out() -> None:
    points = control(PLACES, moved(1.0, 0, (0, 0)), "EPSG:6675")
    found = place(points, PHOTOS, [0, 1], to_plane)
    assert [r.name for r in found.residuals] == ["P0", "P1"]
    assert "P2" in found.warnings[0] and "not registered" in found.warnings[0]
    with pytest.raises(BadGeometry, match="1 usable"):
        place(points, PHOTOS, [1], to_plane)


def test_two_points_at_one_place_are_refused() -> None:
    same = [PLACES[0], PLACES[0]]
    with pytest.raises(BadGeometry, match="pixels of all"):
        place(control(same, moved(1, 0, (0, 0))[:2], "EPSG:6675"), PHOTOS, [0], to_plane)
    one_target = np.repeat(moved(1, 0, (0, 0))[:1], 2, axis=0)
    with pytest.raises(BadGeometry, match="positions of all"):
        place(control(PLACES[:2], one_target, "EPSG:6675"), PHOTOS, [0, 1], to_plane)


def test_feet_are_refused() -> None:
    with pytest.raises(BadGeometry, match="unit is not the metre"):
        place(control(PLACES, moved(1, 0, (0, 0)), "EPSG:2263"), PHOTOS, [0, 1, 2], to_plane)


def test_an_unknown_crs_is_refused() -> None:
    with pytest.raises(BadInput, match="EPSG:999999"):
        place(control(PLACES, moved(1, 0, (0, 0)), "EPSG:999999"), PHOTOS, [0, 1, 2], to_plane)


@pytest.mark.parametrize(
    "spelling",
    ["MAX_1.jpg", "max_1.JPG", "MAX_1", "100MEDIA/MAX_1.jpg", "100MEDIA\\MAX_1.jpg", "1" * 64],
)
def test_a_photo_may_be_named_in_several_ways(spelling: str) -> None:
    point = ControlPoint(name="A", photo=spelling, pixel=(1, 2), position=(0, 0), crs="LOCAL")
    assert photo_numbers([point], PHOTOS) == [1]


def test_an_unknown_photo_is_refused() -> None:
    point = ControlPoint(name="A", photo="MAX_9", pixel=(1, 2), position=(0, 0), crs="LOCAL")
    with pytest.raises(BadGeometry, match="'MAX_9'; no such photo"):
        photo_numbers([point], PHOTOS)


@pytest.mark.parametrize("pixel", [(-1.0, 5.0), (1001.0, 5.0), (5.0, 801.0)])
def test_a_pixel_outside_its_photo_is_refused(pixel: tuple[float, float]) -> None:
    point = ControlPoint(name="A", photo="MAX_1", pixel=pixel, position=(0, 0), crs="LOCAL")
    with pytest.raises(BadGeometry, match="1000×800"):
        photo_numbers([point], PHOTOS)


# -- the file -----------------------------------------------------------------------------------


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "gcp.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    first, second = read_control_points(written(tmp_path, GOOD))
    assert first == ControlPoint(
        name="A",
        photo="MAX_0.jpg",
        pixel=(10.0, 20.0),
        position=(-48404.9, 66109.8),
        crs="EPSG:6675",
    )
    assert second.photo == "MAX_1"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("# crs: ", "#CRS="),
        GOOD.replace("name,photo", "Name , Photo"),
        GOOD + "\n\n# measured 2025-04-01\n",
        GOOD.replace("# crs: EPSG:6675\n", "")
        .replace("x,y\n", "x,y,crs\n")
        .replace("66109.8\n", "66109.8,EPSG:6675\n")
        .replace("66119.8\n", "66119.8,EPSG:6675\n"),
    ],
    ids=["bom", "crlf", "spelling", "spaces", "comments", "column"],
)
def test_the_same_file_in_other_clothes(tmp_path: Path, text: str) -> None:
    plain = read_control_points(written(tmp_path, GOOD))
    assert read_control_points(written(tmp_path, text)) == plain


def test_quoted_names_may_hold_commas(tmp_path: Path) -> None:
    text = GOOD.replace("\nA,", '\n"bollard, north",')
    assert read_control_points(written(tmp_path, text))[0].name == "bollard, north"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "lacks the columns name"),
        ("# crs: LOCAL\n", "lacks the columns"),
        (GOOD.replace("y_px", "py"), "lacks the columns y_px"),
        (GOOD.replace("# crs: EPSG:6675\n", ""), "does not say its CRS"),
        (GOOD.replace("A,MAX_0.jpg,10", "A,MAX_0.jpg,ten"), "line 3.*ten"),
        (GOOD.replace("66109.8", "nan"), "line 3.*not finite"),
        (GOOD.replace(",66109.8", ""), "line 3.*'y'"),
        ("# crs: EPSG:6675\n" + HEADER + "A,MAX_0,1,2,3,4\n", "has 1 points"),
    ],
)
def test_a_wrong_file_says_what_and_where(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BadGeometry, match=why):
        read_control_points(written(tmp_path, text))


def test_two_crs_in_one_file_are_refused(tmp_path: Path) -> None:
    text = HEADER.replace("x,y\n", "x,y,crs\n")
    text += "A,MAX_0,1,2,3,4,EPSG:6675\nB,MAX_0,5,6,7,8,EPSG:6676\n"
    with pytest.raises(BadGeometry, match="mixes several CRS"):
        read_control_points(written(tmp_path, text))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadGeometry, match=r"gone\.csv cannot be read"):
        read_control_points(tmp_path / "gone.csv")
    with pytest.raises(BadGeometry, match="cannot be read"):
        read_control_points(written(tmp_path, "# 測量\n", encoding="cp932"))
