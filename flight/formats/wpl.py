"""Read and write mission lists "QGC WPL 110" (Mission Planner, QGroundControl, MAVProxy).

One item a line, twelve fields: index, current, frame, command, four parameters, latitude,
longitude, altitude, auto-continue. Item 0 of a mission is home. Tabs or spaces, any line ending,
``#`` comments and empty lines are read. The same format holds a fence (commands 5001–5004) or
rally points (5100), which then have no home.

Source: MAVLink developer guide, file formats, "Mission Plain-Text File Format"; domain
specification §6.4.3.
"""

import math
from collections.abc import Iterable, Iterator

from flight.command import Command, name_of
from flight.formats.fenceitems import Safety, fence_items, is_fence_item, rally_items
from flight.formats.loss import LossLedger
from flight.formats.numbering import (
    FRAME_NUMBERS,
    check_count,
    checked,
    command_of,
    frame_of,
    number_in,
)
from flight.mission import Mission, MissionItem
from inspection.errors import BadInput

FIELDS = 12
HEADER = "QGC WPL"


def read_wpl(text: str, name: str, ledger: LossLedger) -> Mission:
    """Read a mission, a fence or rally points from a mission list.

    Raises:
        BadInput: naming the line and what is wrong with it.
    """
    lines = list(_lines(text))
    if not lines or lines[0][1].split()[:2] != HEADER.split():
        raise BadInput(f"{name}: the first line is not 'QGC WPL 110'; this is no mission list")
    version = lines[0][1].split()[2:]
    if version != ["110"]:
        raise BadInput(
            f"{name}: mission list of version {' '.join(version)[:20] or '?'}; 110 is read"
        )
    items = [_item(words, f"{name} line {line}", ledger) for line, words in _numbered(lines, name)]
    check_count(len(items), name)
    first = next((i for i in items if i.command != Command.FENCE_RETURN_POINT), None)
    if first is not None and (is_fence_item(first) or first.command == Command.RALLY_POINT):
        return Safety.of_items(items, name, ledger).mission()
    home, flown = (None, items)
    if items and items[0].command == Command.WAYPOINT:
        home, flown = items[0], items[1:]
    stray = [name_of(i.command) for i in flown if is_fence_item(i)]
    if stray:
        raise BadInput(f"{name}: {stray[0]} among the items of a mission; keep fences in a file")
    known = home is not None and (home.lat_deg, home.lon_deg) != (0.0, 0.0)
    return Mission(
        home_latlon_deg=(home.lat_deg, home.lon_deg) if home is not None and known else None,
        home_altitude_msl_m=home.altitude_m if home is not None and known else None,
        items=tuple(flown),
    )


def write_wpl(mission: Mission, ledger: LossLedger) -> str:
    """Write a mission as a list; a mission without items is written as its fence or rally points.

    Raises:
        BadInput: when there is nothing to write.
    """
    items: Iterable[MissionItem]
    if mission.items or not (mission.fence_polygons or mission.fence_circles):
        if not mission.items and mission.rally_points:
            items = rally_items(mission)
            _note_unwritten(mission, ledger, home=True)
        else:
            items = (_home(mission, ledger), *mission.items)
            _note_unwritten(mission, ledger, fence=True, rally=True)
    else:
        items = fence_items(mission)
        _note_unwritten(mission, ledger, home=True, rally=True)
    lines = [f"{HEADER} 110"]
    for index, item in enumerate(items):
        lines.append(_line(index, item, ledger, flown=index - 1))
    return "\n".join(lines) + "\n"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines that say something, each with its number from 1."""
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.split("#", 1)[0].strip().removeprefix("\ufeff")
        if content:
            yield number, content


def _numbered(lines: list[tuple[int, str]], name: str) -> Iterator[tuple[int, list[str]]]:
    """Give the fields of each item, having checked their number and order."""
    for index, (line, content) in enumerate(lines[1:]):
        words = content.split()
        if len(words) != FIELDS:
            raise BadInput(
                f"{name} line {line}: {len(words)} fields, an item has {FIELDS}; "
                f"the line begins {content[:40]!r}"
            )
        if words[0] != str(index):
            raise BadInput(f"{name} line {line}: item number {words[0][:12]!r}, expected {index}")
        yield line, words


def _item(words: list[str], where: str, ledger: LossLedger) -> MissionItem:
    """Read one item from its twelve fields."""
    frame, command = (_whole(words[i], where, what) for i, what in ((2, "frame"), (3, "command")))
    params = [_parameter(word, where, n) for n, word in enumerate(words[4:8], start=1)]
    place = [number_in(word, where, what) for word, what in zip(words[8:11], PLACE, strict=True)]
    return checked(
        MissionItem(
            command=command_of(command, where),
            frame=frame_of(frame, where),
            params=(params[0], params[1], params[2], params[3]),
            lat_deg=place[0],
            lon_deg=place[1],
            altitude_m=place[2],
            auto_continue=_whole(words[11], where, "auto-continue") != 0,
        ),
        where,
    )


PLACE = ("latitude", "longitude", "altitude")


def _whole(word: str, where: str, what: str) -> int:
    """Read a whole number, also written as 16.000000."""
    number = number_in(word, where, what)
    if number != int(number) or abs(number) > 1e6:
        raise BadInput(f"{where}: {what} is {word[:20]!r}, not a whole number")
    return int(number)


def _parameter(word: str, where: str, number: int) -> float | None:
    """Read a parameter; "nan" leaves it open."""
    if word.lower() == "nan":
        return None
    return number_in(word, where, f"parameter {number}")


def _home(mission: Mission, ledger: LossLedger) -> MissionItem:
    """Give item 0; all zeros where home is not known."""
    lat, lon = mission.home_latlon_deg or (0.0, 0.0)
    if mission.home_latlon_deg is not None and mission.home_altitude_msl_m is None:
        ledger.note("height of home is not known: written as 0 m")
    if mission.home_latlon_deg is None and mission.home_altitude_msl_m is not None:
        ledger.note(f"height of home {mission.home_altitude_msl_m:g} m without a place: not kept")
    return MissionItem(
        command=Command.WAYPOINT,
        frame=frame_of(0, "home"),
        params=(0.0, 0.0, 0.0, 0.0),
        lat_deg=lat,
        lon_deg=lon,
        altitude_m=(mission.home_altitude_msl_m or 0.0) if mission.home_latlon_deg else 0.0,
    )


def _note_unwritten(
    mission: Mission,
    ledger: LossLedger,
    *,
    home: bool = False,
    fence: bool = False,
    rally: bool = False,
) -> None:
    """Note what a list of one kind has no room for."""
    if home and mission.home_latlon_deg is not None:
        lat, lon = mission.home_latlon_deg
        ledger.note(f"home {lat:.7f}, {lon:.7f}: a list of fences or rally points has none")
    elif home and mission.home_altitude_msl_m is not None:
        ledger.note(f"height of home {mission.home_altitude_msl_m:g} m")
    fences = len(mission.fence_polygons) + len(mission.fence_circles)
    if fence and fences:
        ledger.note(f"{fences} fence shapes: a mission list has no fence; write a second file")
    if rally and mission.rally_points:
        ledger.note(f"{len(mission.rally_points)} rally points: a mission list has none")
    if mission.cruise_speed_m_s is not None:
        ledger.note(f"default speed {mission.cruise_speed_m_s:g} m/s")
    if mission.vehicle is not None:
        ledger.note(f"kind of vehicle {mission.vehicle!r}")
    if mission.geoid_height_m is not None:
        ledger.note(f"geoid height {mission.geoid_height_m:g} m")


def _line(index: int, item: MissionItem, ledger: LossLedger, *, flown: int) -> str:
    """Write one item; numbers so that they read back the same."""
    if None in item.params:
        ledger.note("open parameter written as 0", flown)
    numbers = [0.0 if value is None else value for value in item.params]
    place = (item.lat_deg, item.lon_deg, item.altitude_m)
    words = [
        str(index),
        "1" if index == 0 else "0",
        str(FRAME_NUMBERS[item.frame]),
        str(item.command),
        *(_text(value) for value in (*numbers, *place)),
        "1" if item.auto_continue else "0",
    ]
    return "\t".join(words)


def _text(value: float) -> str:
    """Write a number with eight decimals when that is exact, else with all its digits.

    >>> _text(20.0), _text(35.36288112)
    ('20.00000000', '35.36288112')
    """
    short = f"{value:.8f}"
    return short if float(short) == value and math.copysign(1, value) > 0 else repr(value)
