"""Open and write mission files: what a file is, is seen in its content, not in its name."""

import contextlib
import uuid
from dataclasses import dataclass
from pathlib import Path

from flight.formats import archive, jsontext
from flight.formats.fencepoints import looks_like_points, read_points
from flight.formats.geojson import read_geojson, write_geojson
from flight.formats.kml import read_kml, write_kml
from flight.formats.loss import Loss, LossLedger
from flight.formats.qgcplan import read_plan, write_plan
from flight.formats.wpl import HEADER, read_wpl, write_wpl
from flight.formats.wpmlread import read_wpml
from flight.formats.wpmlwrite import write_wpml
from flight.mission import AltitudeFrame, Mission
from inspection.errors import BadInput, NotFound

MAX_BYTES = 64 * 2**20
SUFFIXES = (".plan", ".waypoints", ".txt", ".kmz", ".kml", ".geojson")
DATAFLASH = b"\xa3\x95"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Hold what a file gave.

    Attributes:
        mission: the mission.
        kind: format of the file, in words.
        losses: what of the file is not in the mission.
    """

    mission: Mission
    kind: str
    losses: tuple[Loss, ...]


def read_mission(
    path: Path,
    *,
    foreign_frame: AltitudeFrame | None = None,
    geoid_height_m: float | None = None,
) -> Mission:
    """Read a mission from a file; ``open_mission`` also says what was lost.

    Raises:
        NotFound: when there is no such file.
        BadInput: naming the file, the place in it and the reason.
    """
    reading = open_mission(path, foreign_frame=foreign_frame, geoid_height_m=geoid_height_m)
    return reading.mission


def open_mission(
    path: Path,
    *,
    foreign_frame: AltitudeFrame | None = None,
    geoid_height_m: float | None = None,
) -> Reading:
    """Read a mission from a file with the format that its content shows.

    Args:
        path: of the file.
        foreign_frame: from where the heights of a stranger's KML or GeoJSON count.
        geoid_height_m: of sea level above the ellipsoid, for DJI files with ellipsoidal heights
            that do not say it themselves.

    Raises:
        NotFound: when there is no such file.
        BadInput: naming the file, the place in it and the reason.
    """
    content, name, ledger = _content(path), path.name, LossLedger()
    if content[:2] == b"PK":
        kind, mission = _from_archive(content, name, ledger, foreign_frame, geoid_height_m)
    elif content[:2] == DATAFLASH:
        raise BadInput(f"{name} is a dataflash log of a flight, not a mission")
    elif content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        kind, mission = "KML", read_kml(content, name, ledger, foreign_frame)
    else:
        kind, mission = _from_text(_text(content, name), name, ledger, foreign_frame)
    return Reading(mission=mission, kind=kind, losses=ledger.losses())


def write_mission(mission: Mission, path: Path, *, drone: str | None = None) -> tuple[Loss, ...]:
    """Write a mission to a file, whole or not at all, and give what the format could not carry.

    Args:
        mission: the mission.
        path: its suffix chooses the format: .plan, .waypoints or .txt, .kmz (DJI), .kml, .geojson.
        drone: name of the DJI aircraft that a .kmz is for.

    Raises:
        BadInput: for an unknown suffix, or a mission that the format cannot carry at all.
    """
    ledger, suffix = LossLedger(), path.suffix.lower()
    if suffix == ".plan":
        content = write_plan(mission, ledger).encode()
    elif suffix in (".waypoints", ".txt"):
        content = write_wpl(mission, ledger).encode()
    elif suffix == ".kmz":
        content = write_wpml(mission, ledger, drone)
    elif suffix == ".kml":
        content = write_kml(mission, ledger)
    elif suffix == ".geojson":
        content = write_geojson(mission, ledger).encode()
    else:
        raise BadInput(f"{path.name}: suffix {suffix!r} is none of {', '.join(SUFFIXES)}")
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written: {error.strerror}") from None
    return ledger.losses()


def _content(path: Path) -> bytes:
    """Read a file within bounds."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise BadInput(f"{path.name} is larger than {MAX_BYTES // 2**20} MB; no mission is")
    if not content.strip():
        raise BadInput(f"{path.name} is empty")
    return content


def _text(content: bytes, name: str) -> str:
    """Decode UTF-8, with or without a byte order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(
            f"{name} is neither text nor an archive; it begins {content[:8]!r}"
        ) from None


def _from_text(
    text: str, name: str, ledger: LossLedger, frame: AltitudeFrame | None
) -> tuple[str, Mission]:
    """Read one of the formats that are text."""
    start = text.lstrip()
    if start.startswith("{"):
        top = jsontext.parse(text, name)
        if "fileType" in top:
            return "QGroundControl plan", read_plan(text, name, ledger)
        if top.get("type") == "FeatureCollection":
            return "GeoJSON", read_geojson(text, name, ledger, frame)
        raise BadInput(
            f"{name} is JSON, but neither a plan of QGroundControl (fileType) nor a GeoJSON "
            f"FeatureCollection; its type is {top.get('type')!r:.40}"
        )
    if start.startswith(HEADER):
        return "mission list (WPL 110)", read_wpl(text, name, ledger)
    if looks_like_points(text):
        return "fence list of points", read_points(text, name, ledger)
    raise BadInput(
        f"{name} is no mission file: it begins {start[:24]!r}; read are mission lists "
        "(QGC WPL 110), .plan, .kmz, .kml and .geojson"
    )


def _from_archive(
    content: bytes,
    name: str,
    ledger: LossLedger,
    frame: AltitudeFrame | None,
    geoid_height_m: float | None,
) -> tuple[str, Mission]:
    """Read a DJI wayline archive or an ordinary KMZ."""
    found = archive.members(content, name)
    if "wpmz/waylines.wpml" in found:
        template = found.get("wpmz/template.kml")
        mission = read_wpml(
            archive.member(content, found["wpmz/waylines.wpml"], name),
            None if template is None else archive.member(content, template, name),
            name,
            ledger,
            geoid_height_m,
        )
        return "DJI wayline (WPML)", mission
    if "wpmz/template.kml" in found:
        raise BadInput(f"{name} has a template but no waylines; open and save it in DJI Pilot 2")
    plain = sorted(entry for entry in found if entry.endswith(".kml"))
    if len(plain) != 1:
        raise BadInput(f"{name} holds {len(plain)} .kml files and no wpmz/waylines.wpml")
    return "KMZ", read_kml(archive.member(content, found[plain[0]], name), name, ledger, frame)
