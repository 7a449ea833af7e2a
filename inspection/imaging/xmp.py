"""Read the drone's own numbers from an XMP packet.

Source: domain specification §6.5; XMP specification part 1 (ISO 16684-1): simple properties may be
attributes of ``rdf:Description`` or elements inside it.
"""

import math
import re
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from inspection.errors import BadPhoto

DRONE_NAMESPACES: Final = (
    "http://www.dji.com/drone-dji/1.0",
    "https://www.skydio.com/drone-skydio/1.0",
    "http://pix4d.com/camera/1.0",
    "http://www.autelrobotics.com/autel/1.0",
)
"""Namespaces whose properties are kept, in order of precedence, without the trailing slash."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DESCRIPTION = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"


def drone_properties(packet: bytes) -> dict[str, str]:
    """Collect the drone makers' simple properties by local name, values as text.

    Raises:
        BadPhoto: when the packet is not well-formed XML or declares a document type.

    >>> drone_properties(b'''<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    ...   xmlns:d="http://www.dji.com/drone-dji/1.0/"><r:Description d:RelativeAltitude="+39.80">
    ...   <d:GimbalYawDegree> +45.00 </d:GimbalYawDegree></r:Description></r:RDF>''')
    {'RelativeAltitude': '+39.80', 'GimbalYawDegree': '+45.00'}
    """
    try:
        root: Element = fromstring(packet.strip(b"\x00 \r\n\t"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise BadPhoto(f"the XMP packet is not usable XML: {error}") from error
    found: dict[str, dict[str, str]] = {namespace: {} for namespace in DRONE_NAMESPACES}
    for description in root.iter(_DESCRIPTION):
        elements = {child.tag: child.text or "" for child in description}
        for name, text in {**description.attrib, **elements}.items():
            namespace, _, local = name.removeprefix("{").partition("}")
            if text.strip() and namespace.rstrip("/") in found:
                found[namespace.rstrip("/")].setdefault(local, text.strip())
    merged: dict[str, str] = {}
    for namespace in DRONE_NAMESPACES:
        merged = found[namespace] | merged
    return merged


def number(properties: Mapping[str, str], *names: str) -> float | None:
    """Give the first of some properties that holds a finite number, else None.

    >>> number({"GpsLongtitude": "-42.5"}, "GpsLongitude", "GpsLongtitude")
    -42.5
    >>> number({"RelativeAltitude": "n/a"}, "RelativeAltitude") is None
    True
    """
    for name in names:
        try:
            text = properties[name].strip()
        except KeyError:
            continue
        # Python would read 1_000 and the digits of any script as well
        if _NUMBER.fullmatch(text) and math.isfinite(value := float(text)):
            return value
    return None
