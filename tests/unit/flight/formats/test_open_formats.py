"""KML, KMZ and GeoJSON, ours and strangers', and the readers of JSON, XML and archives below."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.formats import archive, jsontext, open_mission, write_mission, xmltext
from flight.mission import AltitudeFrame
from inspection.errors import BadInput
from tests.support.missions import BRIDGE

K = "{http://www.opengis.net/kml/2.2}"


def saved(folder: Path, content: str | bytes, name: str = "x.kml") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def own(folder: Path, suffix: str) -> str:
    """Give the text of the bridge mission in one of our open formats."""
    write_mission(BRIDGE, folder / f"own{suffix}")
    return (folder / f"own{suffix}").read_text(encoding="utf-8")


def test_golden_kml_shows_places_longitude_first_with_their_mode(tmp_path: Path) -> None:
    root = fromstring(own(tmp_path, ".kml"))
    marks = root.findall(f"{K}Document/{K}Placemark")
    names = [mark.findtext(f"{K}name") for mark in marks]
    assert names[:4] == ["home", "1 takeoff (22)", "2 waypoint (16)", "3 change speed (178)"]
    assert names[-3:] == ["fence", "fence 12.5 m", "rally"]
    second = marks[2].find(f"{K}Point")
    assert second is not None
    assert second.findtext(f"{K}coordinates") == "136.6563,36.5614,15.0"
    assert second.findtext(f"{K}altitudeMode") == "relativeToGround"
    assert marks[3].find(f"{K}Point") is None
    ring = marks[-3].findtext(f".//{K}coordinates") or ""
    assert ring.split()[0] == ring.split()[-1] == "136.655,36.56"


def test_golden_geojson_is_rfc_7946(tmp_path: Path) -> None:
    collection = json.loads(own(tmp_path, ".geojson"))
    assert (collection["type"], collection["tenken_mission"]) == ("FeatureCollection", 1)
    features = collection["features"]
    assert [f["properties"]["role"] for f in features] == [
        "home",
        *["item"] * 9,
        "fence",
        "fence_circle",
        "rally",
    ]
    assert features[2]["geometry"] == {"type": "Point", "coordinates": [136.6563, 36.5614]}
    assert features[3]["geometry"] is None
    ring = features[10]["geometry"]["coordinates"][0]
    assert (len(ring), ring[0]) == (5, ring[-1])


def test_moving_a_point_in_a_globe_moves_the_waypoint(tmp_path: Path) -> None:
    text = own(tmp_path, ".kml").replace("136.6563,36.5614,15.0", "136.6570,36.5620,22.5")
    moved = open_mission(saved(tmp_path, text)).mission.items[1]
    assert (moved.lat_deg, moved.lon_deg, moved.altitude_m) == (36.562, 136.657, 22.5)
    flat = open_mission(saved(tmp_path, text.replace("36.5620,22.5", "36.5620"))).mission.items[1]
    assert flat.altitude_m == 15.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"role": "home"', '"role": "house"', "placemark 0: role 'house' is unknown"),
        ('"role": "item", "command": 22', '"role": "item"', "placemark 1: command"),
        ('"frame": "home"', '"frame": "moon"', "frame 'moon' is unknown"),
        ('"params": [0.0, 0.0, 0.0, 0.0]', '"params": [0.0]', "has 1 entries, expected 4"),
        ('"radius_m": 12.5', '"radius_m": "wide"', "is 'wide', not a number"),
        ('"inclusion": true', '"inclusion": 1', "is 1, not true or false"),
        ("136.6562,36.5613", "136.6562,96.5613", "placemark 0: latitude 96.5613"),
        ("136.6562,36.5613", "", "placemark 0 has no coordinates of a Point"),
        ('"vehicle": "ardupilot"', '"vehicle": 7', "vehicle is 7, not a word"),
        ('"home_altitude_msl_m": 26.4', '"home_altitude_msl_m": "high"', "'high', not a number"),
        ("<name>rally</name>", "<name>rally</name></Placemark><Placemark><name>mine</name>",
         "was added by somebody"),
    ],
)  # fmt: skip
def test_a_changed_kml_of_ours_is_refused_with_the_placemark(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = own(tmp_path, ".kml")
    assert old in text
    with pytest.raises(BadInput, match=rf"^edited\.kml.*{words}"):
        open_mission(saved(tmp_path, text.replace(old, new), "edited.kml"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"tenken_mission": 1', '"tenken_mission": 2', "tenken_mission 2 is not 1; update Tenken"),
        ('"role": "rally"', '"role": "party"', "role 'party' is unknown"),
        ('"type": "Polygon"', '"type": "LineString"', "is 'LineString', not a Polygon"),
        ('"vehicle": "ardupilot"', '"vehicle": []', "vehicle is .., not a word"),
        ('"altitude_m": 15.0', '"altitude_m": null', "altitude_m"),
        ('"altitude_m": 15.0', '"altitude_m": 1e9', "beyond ±100 km"),
        ('"auto_continue": true', '"auto_continue": "yes"', "'yes', not true or false"),
        ('"radius_m": 12.5', '"radius_m": -1', "radius -1 m; it must be > 0"),
        ('"features": [', '"features": [7, ', "feature 0 is int, not an object"),
    ],
)
def test_a_changed_geojson_of_ours_is_refused_with_the_feature(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = own(tmp_path, ".geojson")
    assert old in text
    with pytest.raises(BadInput, match=rf"^edited\.geojson.*{words}"):
        open_mission(saved(tmp_path, text.replace(old, new), "edited.geojson"))


def kml(*marks: str) -> str:
    """Write a stranger's KML."""
    inside = "".join(f"<Placemark>{mark}</Placemark>" for mark in marks)
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'


def point(coordinates: str, mode: str = "absolute") -> str:
    """Write a point of KML."""
    said = f"<altitudeMode>{mode}</altitudeMode>" if mode else ""
    return f"<Point>{said}<coordinates>{coordinates}</coordinates></Point>"


@pytest.mark.parametrize(
    ("mode", "chosen", "frame"),
    [
        ("absolute", None, AltitudeFrame.MSL),
        ("relativeToGround", None, AltitudeFrame.TERRAIN),
        ("absolute", AltitudeFrame.HOME, AltitudeFrame.HOME),
        ("clampToGround", AltitudeFrame.TERRAIN, AltitudeFrame.TERRAIN),
        ("", AltitudeFrame.MSL, AltitudeFrame.MSL),
    ],
)
def test_the_frame_of_a_strangers_heights(
    tmp_path: Path, mode: str, chosen: AltitudeFrame | None, frame: AltitudeFrame
) -> None:
    path = saved(tmp_path, kml(point("136,36,9", mode)))
    assert open_mission(path, foreign_frame=chosen).mission.items[0].frame is frame


@pytest.mark.parametrize("mode", ["", "clampToGround", "clampToSeaFloor"])
def test_a_height_that_counts_from_nowhere_asks_for_its_frame(tmp_path: Path, mode: str) -> None:
    with pytest.raises(BadInput, match=r"x\.kml: placemark 0 '': height 9 m from where"):
        open_mission(saved(tmp_path, kml(point("136,36,9", mode))))


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("<name>橋</name><Polygon/>", "placemark 0 '橋' has neither point nor line"),
        (point("136,36"), "a point without a height"),
        (point("136"), "'136' are not longitude,latitude"),
        (point("136,36,9,1"), "are not longitude,latitude"),
        (point("136,36,high"), "'high', not a number"),
        (point("36,136,9"), "latitude 136"),
        (point("576966,5093317,9"), "metres of a projected system"),
        (point(""), "has no coordinates of a Point"),
        (point("136,36,1e9"), "beyond ±100 km"),
    ],
)
def test_a_placemark_that_cannot_be_flown_is_named(tmp_path: Path, mark: str, words: str) -> None:
    with pytest.raises(BadInput, match=rf"x\.kml: .*{words}"):
        open_mission(saved(tmp_path, kml(mark)))


def test_extended_data_of_a_stranger_is_named_as_lost(tmp_path: Path) -> None:
    data = '<ExtendedData><Data name="crew"><value>佐藤</value></Data></ExtendedData>'
    reading = open_mission(saved(tmp_path, kml(point("136,36,9") + data, point("136,37,9"))))
    assert [loss.what for loss in reading.losses] == ["x.kml: extended data of the placemarks"]
    assert len(reading.mission.items) == 2


def test_folders_and_lines_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    line = "<LineString><altitudeMode>absolute</altitudeMode><coordinates>1,1,1 2,2,2\n3,3,3"
    text = kml(point("9,9,9"), f"{line}</coordinates></LineString>").replace(
        "<Document>", "<Document><Folder>"
    ).replace("</Document>", "</Folder></Document>")  # fmt: skip
    items = open_mission(saved(tmp_path, text)).mission.items
    assert [i.altitude_m for i in items] == [9.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (kml(), "has no placemarks; there is nothing to fly"),
        ("<gpx/>", "the root element is <gpx>, not <kml>"),
        ("<kml>", "is not XML"),
        ("<?xml version='1.0' encoding='klingon'?><kml/>", "is not XML"),
    ],
)
def test_a_file_that_is_no_mission_of_kml(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(BadInput, match=rf"^x\.kml.*{words}"):
        open_mission(saved(tmp_path, content))


def kmz(**files: str | bytes) -> bytes:
    """Pack an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["doc.kml", "Folder/DOC.KML", "../../etc/doc.kml", "/abs/doc.kml"])
def test_an_ordinary_kmz_is_read_by_its_one_kml(tmp_path: Path, name: str) -> None:
    files: dict[str, str | bytes] = {name: kml(point("136,36,9")), "picture.png": b"x"}
    content = kmz(**files)
    reading = open_mission(saved(tmp_path, content, "x.kmz"))
    assert (reading.kind, len(reading.mission.items)) == ("KMZ", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.kmz"]


def test_two_kml_in_an_archive_are_not_chosen_between(tmp_path: Path) -> None:
    content = kmz(**{"a.kml": kml(), "b.kml": kml()})
    with pytest.raises(BadInput, match=r"x\.kmz holds 2 \.kml files and no wpmz"):
        open_mission(saved(tmp_path, content, "x.kmz"))


@settings(max_examples=40, deadline=None)
@given(
    files=st.dictionaries(
        st.from_regex(r"[a-c]{1,3}(/[a-c]{1,3})?\.(kml|png)", fullmatch=True),
        st.binary(max_size=50),
    )
)
def test_what_was_packed_is_what_is_read(files: dict[str, bytes]) -> None:
    packed = archive.pack(files)
    assert archive.pack(files) == packed
    found = archive.members(packed, "x.kmz")
    assert {name: archive.member(packed, info, "x") for name, info in found.items()} == files


def test_an_archive_of_too_many_files_is_not_searched() -> None:
    packed = archive.pack({f"{n}.txt": b"" for n in range(archive.MAX_MEMBERS + 1)})
    with pytest.raises(BadInput, match=r"x\.kmz holds 2001 files, at most 2000"):
        archive.members(packed, "x.kmz")
    few = archive.pack({f"{n}.txt": b"" for n in range(archive.MAX_MEMBERS)})
    assert len(archive.members(few, "x.kmz")) == archive.MAX_MEMBERS


@pytest.mark.parametrize(
    ("reader", "value", "words"),
    [
        (jsontext.mapping, [], "x is list, not an object"),
        (jsontext.sequence, {}, "x is dict, not a list"),
        (jsontext.number, True, "x: the value is True, not a number"),
        (jsontext.number, "7", "is '7', not a number"),
        (jsontext.number, 10**400, "not a finite number"),
        (jsontext.whole, 1.0, "x is 1.0, not a whole number"),
        (jsontext.whole, True, "x is True, not a whole number"),
        (jsontext.command, 65_536, "command 65536 is not a MAV_CMD"),
        (jsontext.command, -1, "command -1"),
        (jsontext.truth, 0, "x is 0, not true or false"),
        (jsontext.truth, None, "x is None"),
        (jsontext.latlon, [1], "x has 1 entries, expected 2"),
        (jsontext.latlon, [91, 0], "latitude 91"),
        (jsontext.latlon, [0, None], "is None, not a number"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_place(
    reader: Any, value: object, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        reader(value, "x")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(value=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), json_values))
def test_any_object_of_json_is_parsed_as_it_is(value: dict[str, object]) -> None:
    assert jsontext.parse(json.dumps(value), "x") == json.loads(json.dumps(value))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_has_not_are_refused_by_name(word: str) -> None:
    with pytest.raises(BadInput, match=f"x: {word} is not a number of JSON; write null or 0"):
        jsontext.parse(f'{{"a": [{word}]}}', "x")


def test_elements_are_found_by_their_local_names() -> None:
    text = b'<a xmlns="u"><b xmlns="v"><c> 7.5 </c><c>8</c></b><b/><d></d></a>'
    root = xmltext.parse(text, "x")
    assert xmltext.number_of(root, "x", "b", "c") == 7.5
    assert [xmltext.local(one) for one in root] == ["b", "b", "d"]
    assert len(list(xmltext.children(root, "b"))) == 2
    assert xmltext.text_of(root, "d") is None
    assert xmltext.text_of(root, "b", "x") is None
    assert xmltext.child(None, "b") is None
    assert list(xmltext.children(None, "b")) == []


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        b"<!DOCTYPE a><a/>",
    ],
)
def test_a_document_type_is_never_read(content: bytes) -> None:
    with pytest.raises(BadInput, match="x has a DTD or entities in it"):
        xmltext.parse(content, "x")


def test_numbers_in_xml_read_back_to_the_last_digit() -> None:
    root, top = xmltext.document({"wpml": "u"})
    for value in (0.1 + 0.2, -0.0, 1e-12, 136.65630000000002):
        xmltext.add(top, "v", value)
    again = xmltext.parse(xmltext.serialise(root), "x")
    words = [element.text for element in xmltext.children(xmltext.child(again, "Document"), "v")]
    assert words == ["0.30000000000000004", "-0.0", "1e-12", "136.65630000000002"]


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ({"type": "Feature", "geometry": None}, "its type is 'Feature'"),
        ({"type": "Point", "coordinates": [136, 36, 9]}, "its type is 'Point'"),
        ({"waypoints": []}, "its type is None"),
        ({"type": ["x"] * 100}, "its type is "),
    ],
)
def test_json_that_is_no_mission_is_told_as_what_it_is(
    tmp_path: Path, top: dict[str, object], words: str
) -> None:
    path = saved(tmp_path, json.dumps(top), "x.json")
    with pytest.raises(BadInput, match=rf"^x\.json is JSON, but neither a plan .*{words}") as told:
        open_mission(path)
    assert len(str(told.value)) < 200


def test_a_word_inside_does_not_decide_what_a_file_is(tmp_path: Path) -> None:
    point_ = {"type": "Point", "coordinates": [136, 36, 9]}
    feature = {"type": "Feature", "geometry": point_, "properties": {"fileType": "Plan"}}
    collection = {"type": "FeatureCollection", "features": [feature]}
    path = saved(tmp_path, json.dumps(collection), "x.json")
    assert open_mission(path, foreign_frame=AltitudeFrame.HOME).kind == "GeoJSON"
    write_mission(BRIDGE, tmp_path / "a.plan")
    text = (tmp_path / "a.plan").read_text(encoding="utf-8")
    noted = text.replace('"Tenken"', '"FeatureCollection"')
    assert noted != text
    assert open_mission(saved(tmp_path, noted, "b.plan")).kind == "QGroundControl plan"
