"""Put a pose into an XMP packet: the drone makers' names that every tool reads, and our own.

Everything that is in the packet stays, but for properties that would contradict the new pose:
positions, heights and their accuracies in any of the namespaces that Tenken reads.

Source: XMP part 1 (ISO 16684-1) and part 3 §1.1.3; domain specification §6.5 for the names.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from inspection.errors import BadPhoto
from inspection.imaging.xmp import DRONE_NAMESPACES

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META: Final = "adobe:ns:meta/"
DRONE: Final = "http://www.dji.com/drone-dji/1.0/"
EXIF: Final = "http://ns.adobe.com/exif/1.0/"
TENKEN: Final = "https://tenken.invalid/xmp/geotag/1.0/"
"""Our namespace is a name and no address."""

PREFIXES: Final = {"rdf": RDF, "x": META, "drone-dji": DRONE, "tenken": TENKEN}

REPLACED: Final = frozenset(
    {
        "GpsStatus",
        "GpsLatitude",
        "GpsLongitude",
        "GpsLongtitude",
        "AbsoluteAltitude",
        "RelativeAltitude",
        "AltitudeType",
        "RtkFlag",
        "RtkStdLon",
        "RtkStdLat",
        "RtkStdHgt",
        "RtkDiffAge",
        "GPSXYAccuracy",
        "GPSZAccuracy",
        "UTCAtExposure",
    }
)
"""Properties about the position; the old ones go, whether or not there is a new one."""

_EXIF_GPS: Final = "GPS"


def with_pose(
    packet: bytes | None, drone: Mapping[str, str], provenance: Mapping[str, str]
) -> bytes:
    """Give an XMP packet that says a pose.

    Args:
        packet: the photo's own packet, or None.
        drone: properties for the drone makers' namespace, by local name.
        provenance: properties for our own namespace.

    Raises:
        BadPhoto: when the packet is not well-formed XML, or no XMP.
    """
    root, prefixes = _parse(packet) if packet and packet.strip(b"\x00 \r\n\t") else (_empty(), {})
    described = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    if described is None:
        raise BadPhoto("the XMP packet holds no rdf:RDF; it is damaged")
    for description in described.iter(f"{{{RDF}}}Description"):
        _forget(description, frozenset(drone))
    for description in [one for one in described if _is_void(one)]:
        described.remove(description)
    ours = ElementTree.SubElement(described, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
    for namespace, properties in ((DRONE, drone), (TENKEN, provenance)):
        for name, value in properties.items():
            ours.set(f"{{{namespace}}}{name}", _plain(value))
    return _packet_bytes(root, prefixes)


def _parse(packet: bytes) -> tuple[ElementTree.Element, dict[str, str]]:
    """Read a packet and the prefixes that it uses."""
    prefixes: dict[str, str] = {}
    root: ElementTree.Element | None = None
    try:
        source = io.BytesIO(packet.strip(b"\x00 \r\n\t"))
        for event, found in iterparse(source, events=("start-ns", "start"), forbid_dtd=True):
            if event == "start-ns":
                prefixes.setdefault(*found)
            elif root is None:
                root = found
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise BadPhoto(f"its XMP packet is not usable XML: {error}") from error
    if root is None:
        raise BadPhoto("its XMP packet is empty XML")
    return root, prefixes


def _empty() -> ElementTree.Element:
    root = ElementTree.Element(f"{{{META}}}xmpmeta")
    ElementTree.SubElement(root, f"{{{RDF}}}RDF")
    return root


def _forget(description: ElementTree.Element, given: frozenset[str]) -> None:
    """Remove what would contradict the new pose from one description."""
    for name in [name for name in description.attrib if _is_stale(name, given)]:
        del description.attrib[name]
    for child in [child for child in description if _is_stale(child.tag, given)]:
        description.remove(child)


def _is_void(description: ElementTree.Element) -> bool:
    """Say whether a description says nothing: a copy of a copy must not grow."""
    about = {f"{{{RDF}}}about"}
    return (
        description.tag == f"{{{RDF}}}Description"
        and not len(description)
        and set(description.attrib) <= about
    )


def _plain(value: str) -> str:
    """Give a value without the characters that XML has no way to write."""
    return "".join(char if char.isprintable() else "?" for char in value)


def _is_stale(name: str, given: frozenset[str]) -> bool:
    namespace, _, local = name.removeprefix("{").partition("}")
    if namespace == EXIF:
        return local.startswith(_EXIF_GPS)
    if namespace == TENKEN:
        return True
    return namespace.rstrip("/") in DRONE_NAMESPACES and (local in REPLACED or local in given)


def _packet_bytes(root: ElementTree.Element, prefixes: Mapping[str, str]) -> bytes:
    """Write the packet between its processing instructions, with the prefixes that it came with."""
    for prefix, namespace in _usable({**prefixes, **PREFIXES}):
        ElementTree.register_namespace(prefix, namespace)
    body = ElementTree.tostring(root, encoding="unicode")
    begin = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{begin}\n{body}\n<?xpacket end="w"?>'.encode()


def _usable(prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give the prefixes that ElementTree accepts; it invents ``ns0`` and the like itself."""
    for prefix, namespace in prefixes.items():
        invented = prefix.startswith("ns") and prefix[2:].isdigit()
        if prefix and prefix != "xml" and not invented:
            yield prefix, namespace
