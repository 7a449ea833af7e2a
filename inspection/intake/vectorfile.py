"""Let GDAL open only what the first bytes show to be a vector file, and tell nothing of folders.

GDAL goes by content, not by name: what is called ``site.kml`` may be a virtual source that makes it
read other files, or fetch addresses. So a file is looked at before GDAL sees it.
"""

import re
from pathlib import Path

from inspection.errors import BadInput

HEAD_BYTES = 8192
REASON_MAX = 300

SQLITE = b"SQLite format 3\0"
GEOPACKAGE_MARKS = (b"GPKG", b"GP10", b"GP11")
"""Application id of a GeoPackage, in the bytes 68 to 72. Source: OGC 12-128r18 §1.1.1.1.1."""

OTHER_MARKS = (b"fgb\x03fgb", b"\x00\x00\x27\x0a")
"""FlatGeobuf, Shapefile."""

BEFORE_ROOT = re.compile(rb"<!--.*?-->|<\?.*?\?>", flags=re.DOTALL)
"""Comments and processing instructions: what stands in them is not the root."""

ROOT = re.compile(rb"\s*<(?:\w+:)?(\w+)[\s>/]")
ROOTS = (b"kml", b"gpx")

POINTERS = (b"<ogrvrt", b"<vrtdataset", b"gdal_streamed_alg")
"""Marks by which GDAL takes a file for one that points to others, wherever in the head they stand.

Source: GDAL 3.12, identification in the drivers OGR VRT, VRT and GDALG: they search the head.
"""

DXF = re.compile(rb"(?:\s*999\r?\n[^\n]*\n)*\s*0\r?\n\s*SECTION\b")


def check_vector_file(path: Path, name: str) -> None:
    """Check that a file is GeoJSON, KML, GPX, GeoPackage, FlatGeobuf, Shapefile or DXF.

    Args:
        path: of the file.
        name: how people call it.

    Raises:
        BadInput: when it is something else, or XML that defines entities.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror}") from error
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if any(mark in head.lower() for mark in POINTERS):
        raise BadInput(f"{name} points to other files instead of holding shapes; send the shapes")
    if text[:1] == b"<":
        _check_xml(text, name)
    elif not _is_known(head, text):
        raise BadInput(
            f"{name} cannot be read: by what stands in it, it is no vector file that can be read "
            "(no GeoPackage, GeoJSON, KML, GPX, FlatGeobuf, Shapefile or DXF)"
        )


def _is_known(head: bytes, text: bytes) -> bool:
    if head.startswith(SQLITE):
        return head[68:72] in GEOPACKAGE_MARKS
    return text[:1] in (b"{", b"[") or head.startswith(OTHER_MARKS) or DXF.match(head) is not None


def _check_xml(text: bytes, name: str) -> None:
    bare = BEFORE_ROOT.sub(b"", text)
    if b"<!" in bare:
        raise BadInput(f"{name} defines entities of its own; save it without <!DOCTYPE …>")
    root = ROOT.match(bare)
    if root is None or root[1] not in ROOTS:
        found = "nothing" if root is None else root[1].decode("ascii", "replace")[:40]
        raise BadInput(f"{name} is XML that begins with {found!r}; only KML and GPX are read")


def why(error: Exception, path: Path, name: str) -> str:
    """Give the words of GDAL without the folder and in a readable length.

    >>> why(ValueError("'/srv/in/a.kml' not recognized"), Path("/srv/in/a.kml"), "a.kml")
    "'a.kml' not recognized"
    """
    return str(error).replace(str(path), name)[:REASON_MAX]
