"""Read a table of photos and their positions (CSV), as post-processing tools hand it over.

Columns: ``image, lat, lon, h, sd_n, sd_e, sd_u, q``; the first three are needed, the order is
free, other columns are left alone. A height without a frame stays "unknown".
"""

import csv
import io
import unicodedata
from collections.abc import Mapping
from typing import Final

from flight.logs.trigger import CameraTrigger, TriggerLog, fixed
from inspection.errors import BadInput

NEEDED: Final = ("image", "lat", "lon")
KNOWN: Final = (*NEEDED, "h", "sd_n", "sd_e", "sd_u", "q")


def is_position_list(head: str) -> bool:
    r"""Tell whether the first line of a file names at least one of the needed columns.

    >>> is_position_list("image,lat,lon,h\nA.JPG,36,136,10"), is_position_list("a;b")
    (True, False)
    """
    first = head.lstrip("\ufeff").splitlines()[:1]
    return bool(first) and any(name in _columns(first[0]) for name in NEEDED)


def read_position_list(content: str, name: str) -> TriggerLog:
    """Read every row that names a photo and a place.

    Raises:
        BadInput: for missing or doubled columns, a photo named twice, or no usable row.
    """
    text = "\n".join(content.lstrip("\ufeff").splitlines())
    _check_columns(_columns(text.splitlines()[0]), name)
    rows = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text.splitlines()[0]))
    rows.fieldnames = _columns(text.splitlines()[0])
    triggers: list[CameraTrigger] = []
    losses: list[str] = []
    try:
        next(rows, None)  # the heading
        for row in rows:
            try:
                triggers.append(_trigger(row, len(triggers) + 1))
            except BadInput as error:
                losses.append(f"line {rows.line_num} is not used: {error}")
    except csv.Error as error:
        losses.append(f"nothing is read from line {rows.line_num} on: {error}")
    if not triggers:
        raise BadInput(
            f"{name} holds no usable row; {'; '.join(losses[:2]) or 'it has only names'}"
        )
    _check_images(triggers, name)
    return TriggerLog(
        name=name, form="table of positions", triggers=tuple(triggers), losses=tuple(losses)
    )


def _delimiter(heading: str) -> str:
    return max(",;\t", key=heading.count)


def _columns(heading: str) -> list[str]:
    return [cell.strip().strip('"').casefold() for cell in heading.split(_delimiter(heading))]


def _check_columns(columns: list[str], name: str) -> None:
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        raise BadInput(
            f"{name} has no column {', '.join(missing)}; it has {', '.join(columns)}; "
            f"name the columns {', '.join(KNOWN)} (the first three are needed)"
        )
    doubled = [column for column in KNOWN if columns.count(column) > 1]
    if doubled:
        raise BadInput(f"{name} has the column {', '.join(doubled)} twice; keep one")


def _check_images(triggers: list[CameraTrigger], name: str) -> None:
    seen: set[str] = set()
    for trigger in triggers:
        key = image_key(trigger.image)
        if key in seen:
            raise BadInput(f"{name} names the photo {trigger.image} twice; keep one row")
        seen.add(key)


def image_key(name: str) -> str:
    r"""Give a name as it is compared: capitals and the way to write an accent do not count.

    >>> image_key("DJI_が.JPG") == image_key("dji_か\u3099.jpg")
    True
    """
    return unicodedata.normalize("NFC", name).casefold()


def _trigger(row: Mapping[str | None, str | list[str] | None], order: int) -> CameraTrigger:
    image = _cell(row, "image")
    if not image:
        raise BadInput("no photo is named in the column image")
    lat_deg, lon_deg = _number(row, "lat"), _number(row, "lon")
    if lat_deg is None or lon_deg is None:
        raise BadInput(f"{image} has no number in lat or lon")
    placed = fixed(lat_deg, lon_deg)
    return CameraTrigger(
        sequence=order,
        at=None,
        lat_deg=placed[0],
        lon_deg=placed[1],
        height_m=_number(row, "h"),
        std_n_m=_number(row, "sd_n"),
        std_e_m=_number(row, "sd_e"),
        std_u_m=_number(row, "sd_u"),
        quality=_cell(row, "q"),
        source="CSV",
        image=image,
    )


def _cell(row: Mapping[str | None, str | list[str] | None], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _number(row: Mapping[str | None, str | list[str] | None], name: str) -> float | None:
    """Give a cell as a number, None when it is empty.

    Raises:
        BadInput: with the column and the cell when it is no number.
    """
    cell = _cell(row, name)
    try:
        return float(cell) if cell else None
    except ValueError as error:
        raise BadInput(f"column {name} holds {cell!r}, not a number") from error
