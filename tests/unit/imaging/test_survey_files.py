"""Files beside the photos of a survey: control points, views, XMP, pictures, damaged anyhow."""

import copy
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inspection.errors import BadGeometry, BadInput, BadPhoto, Broken
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.frames import LocalFrame
from inspection.imaging.burn import Stroke, burn, rings
from inspection.imaging.control import COLUMNS, read_marks
from inspection.imaging.jpeg import as_jpeg
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface, GroundSurface, HeightField
from inspection.imaging.viewfile import from_plain, to_plain
from inspection.imaging.xmp import DRONE_NAMESPACES, drone_properties, number

LAW = settings(max_examples=50, deadline=None, derandomize=True)
HEAD = ",".join(COLUMNS)
ROW = "G1,IMG_1.JPG,10.5,20.25,136.9,37.39,48.2"


def marks_of(tmp_path: Path, text: str | bytes) -> Any:
    path = tmp_path / "gcp.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_marks(path)


# control points
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("G1,a.jpg,nan,2,136.9,37.3,4", "row 3: x_px is 'nan'"),
        ("G1,a.jpg,1,inf,136.9,37.3,4", "row 3: y_px is 'inf'"),
        ("G1,a.jpg,1,2,136.9,37.3,nan", "row 3: h is 'nan'"),
        ("G1,a.jpg,1,2,136.9,37.3,", "row 3: h is ''"),
        ("G1,a.jpg,1,2,136.9,37.3", "row 3: h is None"),
        ("G1,a.jpg,1,2,nan,37.3,4", "row 3: lon is 'nan'"),
        ("G1,a.jpg,1,2,37.3,136.9,4", "row 3.*are they swapped"),
        ("G1,a.jpg,1,2,181,37.3,4", "row 3: longitude 181.0°"),
        ('G1,a.jpg,"1,5",2,136.9,37.3,4', "row 3: x_px is '1,5'"),
        (",a.jpg,1,2,136.9,37.3,4", "row 3: name is empty"),
        ("G1, ,1,2,136.9,37.3,4", "row 3: photo is empty"),
        ("G1,b.jpg,1,2,136.9,37.39,48.3", "two places to G1.*48.2.*48.3"),
    ],
)
def test_a_wrong_mark_is_named_with_its_row_in_the_file(
    tmp_path: Path, row: str, says: str
) -> None:
    with pytest.raises(BadGeometry, match=f"gcp.csv.*{says}"):
        marks_of(tmp_path, f"{HEAD}\n{ROW}\n{row}\n")


def test_comments_and_empty_lines_count_as_lines_of_the_file(tmp_path: Path) -> None:
    text = f"# surveyed in May\n\n{HEAD}\n{ROW}\n\n# the next is wrong\nG2,a.jpg,x,2,136.9,37.3,4\n"
    with pytest.raises(BadGeometry, match="row 7: x_px is 'x'"):
        marks_of(tmp_path, text)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "photo",
    ["IMG_1.JPG", "dcim/IMG_1.JPG", r"C:\調査\100MEDIA\IMG_1.JPG", " IMG_1.JPG ", "./IMG_1.JPG"],
)
def test_a_photo_is_named_by_its_file_wherever_it_lay(
    tmp_path: Path, ends: str, photo: str
) -> None:
    text = "\ufeff" + ends.join([HEAD + ",remark", f"杭 1,{photo},1,2,136.9,37.3,4,良", ""])
    (found,) = marks_of(tmp_path, text)
    assert (found.name, found.photo, found.pixel) == ("杭 1", "IMG_1.JPG", (1.0, 2.0))


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"# only words", HEAD.replace(",", ";").encode(), b"\xff\xfe\x00n",
                HEAD.upper().encode(), "name,photo,点,y_px,lon,lat,h".encode()],
)  # fmt: skip
def test_what_is_no_table_of_marks_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadGeometry, match=r"control point file gcp\.csv (lacks|cannot be read)"):
        marks_of(tmp_path, content)
    assert marks_of(tmp_path, HEAD) == ()


# views
PATHS = {"a" * 64: Path("a.jpg"), "b" * 64: Path("b.jpg")}
VIEWS = [
    View(
        sha256="a" * 64, path=PATHS["a" * 64], width_px=40, height_px=30,
        camera=Camera(width_px=40, height_px=30, focal_px=41, cx_px=20, cy_px=15),
        pose=Pose(camera_from_world=rotation_from_gimbal(yaw_deg=3, pitch_deg=-80),
                  centre_world_m=np.array([1.0, 2.0, 9.0])),
    ),
    View(sha256="b" * 64, path=PATHS["b" * 64], width_px=40, height_px=30,
         photo_from_plane=np.array([[100.0, 1, 2], [0, 99, 4], [0, 0.001, 1]])),
]  # fmt: skip
GROUND = GroundSurface(
    frame=LocalFrame(lon_deg=136.6, lat_deg=36.6), map_crs="EPSG:6675",
    field=HeightField(x_m=np.array([-5.0, 5]), y_m=np.array([-5.0, 5]), z_m=np.zeros((2, 2))),
)  # fmt: skip
PLAIN: dict[str, Any] = json.loads(json.dumps(to_plain(VIEWS, GROUND)))


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [p for key, one in inner for p in [(*here, key), *places(one, (*here, key))]]


@LAW
@given(
    st.sampled_from(places(PLAIN)),
    st.sampled_from([..., None, "x", -1, 0, 1e300, float("nan"), [], {}, [1], True]),
)
def test_views_damaged_at_any_place_are_broken_refused_or_whole(
    where: tuple[Any, ...], value: Any
) -> None:
    plain = copy.deepcopy(PLAIN)
    place: Any = plain
    for key in where[:-1]:
        place = place[key]
    if value is ...:
        del place[where[-1]]
    else:
        place[where[-1]] = value
    try:
        views, _ = from_plain(plain, PATHS)
    except (Broken, BadInput) as error:
        assert "run again" in str(error) or "are missing" in str(error)
        return
    for view in views:
        assert view.path in PATHS.values()


@pytest.mark.parametrize("gone", ["surface", "views"])
def test_views_without_a_part_are_our_fault(gone: str) -> None:
    with pytest.raises(Broken, match=f"damaged.*{gone}.*run again"):
        from_plain({key: value for key, value in PLAIN.items() if key != gone}, PATHS)
    assert len(from_plain(PLAIN, PATHS)[0]) == 2
    assert to_plain(*from_plain(PLAIN, PATHS)) == PLAIN
    flat = to_plain(VIEWS, FlatSurface(z_world_m=1.5))
    assert to_plain(*from_plain(flat, PATHS)) == flat


@pytest.mark.parametrize(
    "matrix",
    [np.full((3, 3), np.nan), np.zeros((3, 3)), np.eye(2), np.diag([1.0, 1.0, np.inf])],
    ids=["nan", "zero", "2×2", "inf"],
)
def test_a_view_through_no_plane_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(BadInput, match="photo_from_plane"):
        View(sha256="a" * 64, path=Path("a"), width_px=4, height_px=3, photo_from_plane=matrix)


# XMP
NAMES = st.sampled_from(["RelativeAltitude", "GimbalYawDegree", "GpsLongtitude", "RtkStdHgt"])
TEXTS = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12)


def packet(namespace: str, attributes: dict[str, str], elements: dict[str, str]) -> bytes:
    from xml.sax.saxutils import escape, quoteattr

    inside = "".join(f"<d:{n}>{escape(t)}</d:{n}>" for n, t in elements.items())
    beside = " ".join(f"d:{n}={quoteattr(t)}" for n, t in attributes.items())
    return (
        '<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:d="{namespace}/"><r:Description {beside}>{inside}</r:Description></r:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


@LAW
@given(
    st.sampled_from(DRONE_NAMESPACES), st.dictionaries(NAMES, TEXTS), st.dictionaries(NAMES, TEXTS)
)
def test_each_property_is_found_once_as_attribute_or_element(
    namespace: str, attributes: dict[str, str], elements: dict[str, str]
) -> None:
    expected = {n: t.strip() for n, t in {**attributes, **elements}.items() if t.strip()}
    for padding in (b"", b"\x00\x00", b"\r\n \t"):
        content = padding + packet(namespace, attributes, elements) + padding
        found = drone_properties(content)
        assert {n: t for n, t in found.items() if n in expected} == expected
    assert drone_properties(packet("http://example.com/other", attributes, elements)) == {}


@pytest.mark.parametrize(
    "content",
    [b'<?xml version="1.0" encoding="klingon"?><a/>', b"<a>" * 100_000, b"<a b='1' b='1'/>",
     b"\x00" * 50, "<a>é</a>".encode("latin-1"), b"<a xmlns:b=''><b:c/></a>", b"<?xml?><a/>"],
    ids=["encoding", "deep", "twice", "zeros", "latin", "namespace", "declaration"],
)  # fmt: skip
def test_a_packet_that_is_no_xml_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(BadPhoto, match="XMP packet is not usable XML"):
        drone_properties(content)


@pytest.mark.parametrize(
    ("text", "value"),
    [("+12.5", 12.5), (" 3 ", 3.0), ("-0", 0.0), ("1_000", None), ("12,5", None), ("0x1F", None),
     ("12m", None), ("-inf", None), ("", None), ("١٢", None), ("1e400", None)],
)  # fmt: skip
def test_golden_numbers_of_drones(text: str, value: float | None) -> None:
    assert number({"A": text}, "A") == value


# pictures for documents
def picture(mode: str, size: tuple[int, int] = (60, 40), kind: str = "PNG", **more: Any) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, **more).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (picture("RGB", color="red"), (255, 0, 0)), (picture("L", color=128), (128, 128, 128)),
        (picture("RGBA", color=(255, 0, 0, 0)), (255, 255, 255)),
        (picture("RGBA", color=(0, 0, 0, 128)), (127, 127, 127)),
        (picture("LA", color=(0, 0)), (255, 255, 255)), (picture("1", color=1), (255, 255, 255)),
        (picture("CMYK", kind="JPEG", color=(0, 0, 0, 0)), (255, 255, 255)),
        (picture("P", color=0), (0, 0, 0)),
        (picture("RGB", kind="WEBP", color="white"), (255, 255, 255)),
    ],
)  # fmt: skip
def test_golden_pictures_of_any_kind_become_jpeg_on_white(
    content: bytes, colour: tuple[int, int, int]
) -> None:
    with Image.open(io.BytesIO(as_jpeg(content))) as opened:
        assert (opened.format, opened.mode, opened.size) == ("JPEG", "RGB", (60, 40))
        seen = opened.getpixel((30, 20))
    assert np.abs(np.array(seen) - colour).max() <= 3


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", []), ("M1.0 2.0", [[(1.0, 2.0)]]), ("M-1.5 2L3 -4.25", [[(-1.5, 2.0), (3.0, -4.25)]]),
        ("M0 0L1 0L1 1ZM5 5L6 5L6 6Z", [[(0, 0), (1, 0), (1, 1), (0, 0)],
                                        [(5, 5), (6, 5), (6, 6), (5, 5)]]),
        ("M1e-05 2.5e+2L-3E1 0", [[(1e-5, 250.0), (-30.0, 0.0)]]),
    ],
)  # fmt: skip
def test_golden_rings_of_path_data(path: str, found: list[list[tuple[float, float]]]) -> None:
    assert rings(path) == found


def test_strokes_lie_where_they_were_drawn_and_nowhere_else() -> None:
    plain = picture("RGB", (200, 100), color="black")
    stroke = Stroke(path="M120 30L180 30", colour="#00FF00")
    with Image.open(io.BytesIO(burn(plain, [stroke], offset_px=(100, 10), quality=95))) as opened:
        green = np.asarray(opened)[..., 1] > 128
    rows, columns = np.nonzero(green)
    assert set(rows) <= {19, 20, 21}
    assert 18 <= columns.min() <= 22
    assert 78 <= columns.max() <= 82
    with Image.open(io.BytesIO(burn(plain, [], quality=95))) as opened:
        assert np.asarray(opened).max() == 0
    far = Stroke(path="M5000 5000L6000 5000Z", colour="red", label="9", at_px=(9000.0, 9000.0))
    with Image.open(io.BytesIO(burn(plain, [far]))) as opened:
        assert np.asarray(opened).max() == 0
