"""Open a log by what it contains, not by its name, and read its triggers."""

from pathlib import Path
from typing import Final

from flight.logs import dataflash, mrk, positionlist, rtklib, telemetry
from flight.logs.trigger import TriggerLog
from flight.logs.vehicletriggers import WANTED, read_dataflash
from inspection.errors import BadInput, NotFound
from inspection.intake.csvtable import decode

MOST_BYTES: Final = 4_000_000_000
"""Largest log that is read: a whole day of a vehicle at full rate is below 2 GB."""

FORMS: Final = (
    "ArduPilot dataflash (.BIN or text), telemetry (.tlog), DJI .MRK, RTKLIB _events.pos, or CSV "
    "with the columns image, lat, lon, h, sd_n, sd_e, sd_u, q"
)


def open_log(path: Path, *, camera: int | None = None) -> TriggerLog:
    """Read the triggers of a log of any known form.

    Args:
        path: the log.
        camera: instance of the camera where a vehicle's log has several.

    Raises:
        NotFound: when there is no such file.
        BadInput: when it is empty, too large, of no known form, or has no trigger.
    """
    content = read_log(path)
    if dataflash.is_text(content):
        text = content.decode("utf-8-sig", errors="replace")
        return read_dataflash(dataflash.TextLog(text, WANTED), path.name, camera)
    if telemetry.is_telemetry(content):
        return telemetry.read_telemetry(path)
    if dataflash.is_binary(content):
        return read_dataflash(dataflash.BinaryLog(content, WANTED), path.name, camera)
    return _read_text(content, path.name)


def read_log(path: Path) -> bytes:
    """Read a log.

    Raises:
        NotFound: when there is no such file.
        BadInput: when it cannot be read, is empty or too large.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BadInput(f"{path.name} has {size / 1e9:.1f} GB; a log has at most 4 GB")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no log {path}") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}") from error
    if not content:
        raise BadInput(f"{path.name} has 0 bytes; copy it from the vehicle again")
    return content


def _decoded(content: bytes) -> str:
    """Give the text of UTF-8, UTF-16 or CP932 (tables of Japanese programs), damage as ``?``."""
    return decode(content)[0].encode("utf-8", errors="replace").decode()


def _read_text(content: bytes, name: str) -> TriggerLog:
    """Read the forms that are lines of text."""
    text = _decoded(content)
    head = text[:8192]
    if rtklib.is_rtklib(head):
        return rtklib.read_rtklib(text, name)
    if mrk.is_mrk(head):
        return mrk.read_mrk(text, name)
    if positionlist.is_position_list(head):
        return positionlist.read_position_list(text, name)
    raise BadInput(f"{name} is no log that Tenken knows; known are: {FORMS}")
