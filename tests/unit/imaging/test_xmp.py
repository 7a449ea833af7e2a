"""The drone's XMP: both spellings of RDF, hostile packets, numbers with signs."""

import pytest

from inspection.errors import BadPhoto
from inspection.imaging.xmp import DRONE_NAMESPACES, drone_properties, number

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DJI = 'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"'


def packet(attributes: str = "", elements: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>'
        f'<rdf:Description rdf:about="DJI Meta Data" {DJI} '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {attributes}>{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


ATTRIBUTES = packet('drone-dji:RelativeAltitude="+39.80" drone-dji:GimbalYawDegree="-140.0"')
ELEMENTS = packet(
    elements="<drone-dji:RelativeAltitude>+39.80</drone-dji:RelativeAltitude>"
    "<drone-dji:GimbalYawDegree>\n -140.0 </drone-dji:GimbalYawDegree>"
)


@pytest.mark.parametrize("written", [ATTRIBUTES, ELEMENTS], ids=["attributes", "elements"])
def test_both_forms_say_the_same(written: bytes) -> None:
    assert drone_properties(written) == {"RelativeAltitude": "+39.80", "GimbalYawDegree": "-140.0"}


def test_other_namespaces_are_not_taken_for_the_drones() -> None:
    assert drone_properties(packet('tiff:Model="FC300S"')) == {}


def test_a_property_without_namespace_is_passed_over() -> None:
    assert drone_properties(packet('RelativeAltitude="1"')) == {}


def test_empty_properties_are_missing() -> None:
    assert drone_properties(packet('drone-dji:RtkStdLat=" "')) == {}


def test_padding_of_the_camera_is_ignored() -> None:
    padded = b"\n" + ATTRIBUTES + b"   \n\x00\x00"
    assert drone_properties(padded)["RelativeAltitude"] == "+39.80"


def test_the_namespace_may_miss_its_slash() -> None:
    bare = ATTRIBUTES.replace(b"drone-dji/1.0/", b"drone-dji/1.0")
    assert drone_properties(bare)["GimbalYawDegree"] == "-140.0"


def test_the_first_namespace_wins() -> None:
    both = packet(
        f'xmlns:pix="{DRONE_NAMESPACES[2]}/" pix:RelativeAltitude="9" pix:GPSXYAccuracy="0.02" '
        'drone-dji:RelativeAltitude="40"'
    )
    assert drone_properties(both) == {"RelativeAltitude": "40", "GPSXYAccuracy": "0.02"}


@pytest.mark.parametrize(
    "hostile",
    [
        b"<rdf:RDF>",
        b"",
        b"\xff\xfe\x00broken",
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    ],
    ids=["unclosed", "empty", "not text", "entity bomb", "foreign file"],
)
def test_a_hostile_or_broken_packet_is_refused(hostile: bytes) -> None:
    with pytest.raises(BadPhoto, match="XMP"):
        drone_properties(hostile)


@pytest.mark.parametrize(
    ("text", "value"),
    [("+39.80", 39.8), ("-0.5", -0.5), ("1e2", 100.0), ("nan", None), ("inf", None), ("x", None)],
)
def test_numbers_are_finite_or_missing(text: str, value: float | None) -> None:
    assert number({"A": text}, "A") == value


def test_the_first_usable_name_counts() -> None:
    properties = {"GpsLongitude": "?", "GpsLongtitude": "-42.5"}
    assert number(properties, "GpsLongitude", "GpsLongtitude") == -42.5
    assert number(properties, "Missing") is None
