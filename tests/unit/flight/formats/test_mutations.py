"""Damaged files of every format: a mission or a BadInput that names the file; nothing else."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flight.formats import open_mission, write_mission
from flight.mission import AltitudeFrame, Mission
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput
from tests.support.missions import BRIDGE

many = settings(
    max_examples=120,
    deadline=60_000,  # a file that is read for a minute hangs, however busy the machine is
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SUFFIXES = (".plan", ".waypoints", ".kml", ".geojson", ".kmz")
LONGEST_MESSAGE = 700
FOREIGN_KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>way</name><LineString>'
    "<altitudeMode>absolute</altitudeMode><coordinates>136.6,36.5,9 136.7,36.5,9</coordinates>"
    "</LineString></Placemark></Document></kml>"
)
FOREIGN_GEOJSON = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"n": 1},
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[136.6, 36.5, 9], [136.7, 36, 9]],
                },
            }
        ],
    }
)
POINTS = "36.5 136.6\n36.4 136.5\n36.4 136.7\n36.6 136.7\n36.4 136.5\n"

WORD = re.compile(rb'"[^"\n]{0,30}"|-?\d+\.?\d*|null|true|false')
ODD_WORDS = (
    b"1e999",
    b"-1e308",
    b"NaN",
    b"-Infinity",
    b"null",
    b"[]",
    b"{}",
    b"true",
    b"-1",
    b"70000",
    b"9" * 4500,
    b'"\\ud800"',
    b"[" * 60,
    b"\xff\xfe",
    b"\x00",
    b"<a/>",
    b"&#1;",
    b"181",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Give one good file of every kind that is read."""
    folder = tmp_path_factory.mktemp("whole")
    found = {}
    for suffix in SUFFIXES:
        path = folder / f"whole{suffix}"
        write_mission(BRIDGE, path)
        found[suffix] = path.read_bytes()
    kinds = {"foreign.kml": FOREIGN_KML, "foreign.geojson": FOREIGN_GEOJSON, "fence.txt": POINTS}
    return found | {name: text.encode() for name, text in kinds.items()}


def flip(content: bytes, data: st.DataObject) -> bytes:
    """Flip up to eight bits."""
    changed = bytearray(content)
    for at in data.draw(st.lists(st.integers(0, len(content) * 8 - 1), min_size=1, max_size=8)):
        changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def cut(content: bytes, data: st.DataObject) -> bytes:
    """Leave out a stretch, as a broken copy does."""
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:first] + content[last:]


def insert(content: bytes, data: st.DataObject) -> bytes:
    """Put strange bytes in."""
    at = data.draw(st.integers(0, len(content)))
    return content[:at] + data.draw(st.binary(min_size=1, max_size=30)) + content[at:]


def repeat(content: bytes, data: st.DataObject) -> bytes:
    """Say a stretch twice."""
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:last] + content[first:]


def reword(content: bytes, data: st.DataObject) -> bytes:
    """Put another value where one stood: the file stays well-formed more often than not."""
    places = list(WORD.finditer(content))
    for _ in range(data.draw(st.integers(1, 3))):
        place = places[data.draw(st.integers(0, len(places) - 1))]
        content = (
            content[: place.start()]
            + data.draw(st.sampled_from(ODD_WORDS))
            + content[place.end() :]
        )
        places = list(WORD.finditer(content)) or places
    return content


HURTS = (flip, cut, insert, repeat, reword)


def read_or_refuse(path: Path, frame: AltitudeFrame | None = AltitudeFrame.HOME) -> Mission | None:
    """Read a file; a refusal must name it, in a message that a person can read."""
    try:
        return open_mission(path, foreign_frame=frame, geoid_height_m=36.0).mission
    except BadInput as refusal:
        assert path.name in str(refusal)
        assert len(str(refusal)) <= LONGEST_MESSAGE
        return None


def carry_on(mission: Mission, folder: Path) -> None:
    """Do with an accepted mission what the commands do next: write it and put it on the wire."""
    for suffix in SUFFIXES:
        path = folder / f"again{suffix}"
        try:
            write_mission(mission, path)
        except BadInput:
            continue
        back = open_mission(path).mission
        if suffix in (".kml", ".geojson"):
            assert back == mission
    for kind in Kind:
        try:
            items_of(mission, kind)
        except BadInput as refusal:
            assert len(str(refusal)) <= LONGEST_MESSAGE


@pytest.mark.parametrize("hurt", HURTS, ids=lambda hurt: hurt.__name__)
@many
@given(data=st.data())
def test_a_damaged_file_is_a_mission_or_a_refusal_with_its_name(
    whole: dict[str, bytes],
    tmp_path: Path,
    hurt: Callable[[bytes, st.DataObject], bytes],
    data: st.DataObject,
) -> None:
    kind = data.draw(st.sampled_from(sorted(whole)))
    path = tmp_path / f"hurt{Path(kind).suffix or kind}"
    path.write_bytes(hurt(whole[kind], data) or b" ")
    mission = read_or_refuse(path)
    if mission is not None:
        carry_on(mission, tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@many
@given(data=st.data())
def test_damage_inside_or_outside_of_an_archive_is_refused_alike(
    whole: dict[str, bytes], tmp_path: Path, method: int, data: st.DataObject
) -> None:
    with zipfile.ZipFile(io.BytesIO(whole[".kmz"])) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    if data.draw(st.booleans(), label="damage inside"):
        name = data.draw(st.sampled_from(sorted(inside)))
        inside[name] = data.draw(st.sampled_from(HURTS))(inside[name], data)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
    content = buffer.getvalue()
    if data.draw(st.booleans(), label="damage outside"):
        content = data.draw(st.sampled_from((flip, cut, insert)))(content, data)
    assume(content.strip())
    path = tmp_path / "hurt.kmz"
    path.write_bytes(content)
    mission = read_or_refuse(path)
    if mission is not None:
        carry_on(mission, tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_a_broken_stream_of_every_compression_is_named(tmp_path: Path, method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("doc.kml", FOREIGN_KML * 20)
    content = bytearray(buffer.getvalue())
    content[60:90] = bytes(30)
    path = tmp_path / "stream.kmz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"stream\.kmz/doc\.kml cannot be read"):
        open_mission(path)


def test_an_archive_whose_directory_points_beyond_its_end_is_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("doc.kml", FOREIGN_KML)
    content = bytearray(buffer.getvalue())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 42 : entry + 46] = (len(content) - 6).to_bytes(4, "little")
    path = tmp_path / "beyond.kmz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"beyond\.kmz"):
        open_mission(path)


@pytest.mark.parametrize("kind", [".plan", ".geojson"])
def test_half_a_character_is_refused_before_it_reaches_a_writer(
    whole: dict[str, bytes], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"half{kind}"
    hurt = whole[kind].replace(b'"ardupilot"', b'"\\uD83D"').replace(b'"Tenken"', b'"\\uD83D"')
    path.write_bytes(hurt)
    with pytest.raises(BadInput, match="half of a character"):
        open_mission(path)
    path.write_bytes(hurt.replace(b"\\uD83D", b"\\uD83D\\uDE00"))
    assert open_mission(path).mission.items == BRIDGE.items


@pytest.mark.parametrize("word", ["点検機", "\ufffe\uffff", "a\x00\x1b[31m", "<&\"'>]]>", "😀"])
def test_any_word_survives_both_open_formats(tmp_path: Path, word: str) -> None:
    text = json.dumps(
        {"type": "FeatureCollection", "tenken_mission": 1, "vehicle": word, "features": []}
    )
    path = tmp_path / "word.geojson"
    path.write_text(text, encoding="utf-8")
    mission = open_mission(path).mission
    assert mission.vehicle == word
    for suffix in (".kml", ".geojson"):
        write_mission(mission, tmp_path / f"again{suffix}")
        assert open_mission(tmp_path / f"again{suffix}").mission == mission


@pytest.mark.parametrize("number", [-1, 65_536, 10**30])
@pytest.mark.parametrize("kind", SUFFIXES[:4])
def test_a_command_out_of_range_is_named_with_file_and_item(
    whole: dict[str, bytes], tmp_path: Path, kind: str, number: int
) -> None:
    content = whole[kind].decode()
    wild = {
        ".waypoints": re.sub(r"(?m)^2\t0\t3\t16\t", f"2\t0\t3\t{number}\t", content),
        ".plan": content.replace('"command": 16,', f'"command": {number},', 1),
    }.get(kind, content.replace('"command": 16,', f'"command": {number},', 1))
    assert wild != content
    path = tmp_path / f"wild{kind}"
    path.write_text(wild, encoding="utf-8")
    with pytest.raises(BadInput, match=rf"wild\{kind}.*(line 4|item 1|feature 2|placemark 2).*\d"):
        open_mission(path)


@pytest.mark.parametrize("radius", ["0", "-12.5"])
@pytest.mark.parametrize("kind", [".plan", ".kml", ".geojson"])
def test_a_fence_circle_without_a_size_is_refused_by_every_format(
    whole: dict[str, bytes], tmp_path: Path, kind: str, radius: str
) -> None:
    path = tmp_path / f"circle{kind}"
    path.write_bytes(whole[kind].replace(b": 12.5", f": {radius}".encode()))
    with pytest.raises(BadInput, match=rf"radius {radius} m; it must be > 0"):
        open_mission(path)


def test_a_jump_with_an_open_target_goes_nowhere_by_chance(tmp_path: Path) -> None:
    way = {"type": "SimpleItem", "command": 16, "frame": 3, "params": [0, 0, 0, None, 36, 136, 9]}
    jump = way | {"command": 177, "frame": 2, "params": [None, 2, 0, 0, 0, 0, 0]}
    mission = {"version": 2, "items": [way, way, jump]}
    path = tmp_path / "jump.plan"
    path.write_text(json.dumps({"fileType": "Plan", "version": 1, "mission": mission}))
    with pytest.raises(BadInput, match=r"jump\.plan: a jump to item None"):
        open_mission(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("version.waypoints", "QGC WPL " + "1" * 100_000),
        ("frame.plan", '{"fileType":"Plan","version":1,"mission":{"version":2,"items":[{"type":'
         '"SimpleItem","command":16,"frame":[' + "1," * 50_000 + '1],"params":[0,0,0,0,1,1,9]}]}}'),
        ("role.geojson", '{"type":"FeatureCollection","tenken_mission":1,"features":[{"properties":'
         '{"role":"' + "x" * 100_000 + '"}}]}'),
        ("kind.geojson", '{"type":"FeatureCollection","features":[{"geometry":{"type":"'
         + "x" * 100_000 + '"}}]}'),
        ("deep.geojson", '{"type":"FeatureCollection","features":' + "[" * 100_000),
        ("deep.kml", "<kml>" + "<a>" * 100_000),
        ("root.kml", "<" + "k" * 100_000 + "/>"),
        ("entity.kml", '<!DOCTYPE kml [<!ENTITY a "aaaa">]><kml>&a;</kml>'),
        ("words.txt", "9" * 100_000 + " 1\n"),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)  # fmt: skip
def test_a_huge_value_does_not_make_a_huge_message(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read_or_refuse(path) is None
