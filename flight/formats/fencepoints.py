"""Read the old fence list of Mission Planner: one latitude and longitude a line.

The first line is the point to return to; the rest is one inclusion polygon whose last corner
repeats its first.

Source: ArduPilot AC_Fence, fence files before MAVLink fence items (ArduPilot 4.0 and older).
"""

from flight.formats.fenceitems import return_point
from flight.formats.loss import LossLedger
from flight.formats.numbering import check_place, number_in
from flight.mission import FencePolygon, Mission
from inspection.errors import BadInput


def looks_like_points(text: str) -> bool:
    r"""Say whether the first line with content is two numbers.

    >>> looks_like_points("# fence\n-35.36 149.16\n"), looks_like_points("QGC WPL 110")
    (True, False)
    """
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            return len(words) == 2 and all(_is_number(word) for word in words)
    return False


def read_points(text: str, name: str, ledger: LossLedger) -> Mission:
    """Read the fence polygon from a list of points.

    Raises:
        BadInput: when a line is not two numbers, or the polygon is not closed.
    """
    points = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        where = f"{name} line {number}"
        if not words:
            continue
        if len(words) != 2:
            raise BadInput(f"{where}: {len(words)} fields; a fence list has latitude and longitude")
        lat, lon = number_in(words[0], where, "latitude"), number_in(words[1], where, "longitude")
        points.append(check_place(lat, lon, where))
    if len(points) < 5 or points[1] != points[-1]:
        raise BadInput(
            f"{name}: {len(points)} points; a fence list has a return point, then a polygon of at "
            "least 3 corners whose last point repeats its first"
        )
    ledger.note(return_point(*points[0]))
    return Mission(
        home_latlon_deg=None,
        home_altitude_msl_m=None,
        items=(),
        fence_polygons=(FencePolygon(vertices_latlon_deg=tuple(points[1:-1])),),
    )


def _is_number(word: str) -> bool:
    """Say whether a word reads as a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True
