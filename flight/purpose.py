"""Know what flights are for: the table ``flight/purposes.yaml``."""

from dataclasses import dataclass

from flight.tablefile import read_rows
from inspection.errors import BadCodelist, BadInput, NotFound

PRECISION_FACTORS = {"screening": 3.0, "standard": 1.0, "precise": 0.5}
"""GSD over the smallest width of interest. Source: domain specification §4.7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Say how photos for one purpose are taken.

    Attributes:
        code: stable key of the table.
        label: name for people.
        gsd_mm: finest and coarsest ground sample distance that it is meant for, mm per pixel.
        front: overlap of neighbours in a row, 0–1.
        side: overlap of neighbouring rows, 0–1.
        least: overlap below which it does not work, 0–1.
        incidence_deg: greatest angle between optical axis and surface normal.
        continuous: may fly on while it takes photos, when blur allows.
        views: least number of photos that shall see each place.
    """

    code: str
    label: str
    gsd_mm: tuple[float, float]
    front: float
    side: float
    least: float
    incidence_deg: float
    continuous: bool
    views: int


def load_purposes() -> tuple[Purpose, ...]:
    """Read the purposes that ship with Tenken.

    Raises:
        BadCodelist: when a row lacks a field or has one too many.
    """
    rows = read_rows("purposes.yaml", "purposes")
    try:
        return tuple(Purpose(**{**row, "gsd_mm": tuple(row["gsd_mm"])}) for row in rows)
    except (KeyError, TypeError) as error:
        raise BadCodelist(f"purposes.yaml: {error!r}") from error


def find_purpose(code: str) -> Purpose:
    """Find a purpose by its key.

    Raises:
        NotFound: when there is none; the message names the ones there are.
    """
    purposes = {purpose.code: purpose for purpose in load_purposes()}
    if code not in purposes:
        raise NotFound(f"no purpose {code!r}; there are {', '.join(purposes)}")
    return purposes[code]


def purpose_for(gsd_m_per_px: float, *, of_ground: bool) -> Purpose:
    """Choose the purpose that a ground sample distance is usual for.

    Args:
        gsd_m_per_px: wanted.
        of_ground: the surface is a road or deck seen from above, not a face of a structure.

    >>> purpose_for(0.0002, of_ground=False).code, purpose_for(0.0001, of_ground=False).code
    ('crack_rc', 'crack_pc')
    >>> purpose_for(0.001, of_ground=True).code, purpose_for(0.001, of_ground=False).code
    ('pavement', 'surface')
    >>> purpose_for(0.005, of_ground=True).code
    'model'
    """
    gsd_mm = gsd_m_per_px * 1000
    if gsd_mm < 0.15 - 1e-9:
        return find_purpose("crack_pc")
    if gsd_mm <= 0.30 + 1e-9:
        return find_purpose("crack_rc")
    if of_ground and gsd_mm <= 1.5 + 1e-9:
        return find_purpose("pavement")
    return find_purpose("surface" if gsd_mm <= 2.0 + 1e-9 else "model")


def gsd_for_width_m_per_px(width_mm: float, precision: str = "standard") -> float:
    """Give the ground sample distance that a crack width asks for, metres per pixel.

    Args:
        width_mm: smallest width of interest.
        precision: "screening" finds it, "standard" grades it, "precise" measures it to ±0.05 mm.

    Raises:
        BadInput: for a width that is not 0.01–50 mm or an unknown precision.

    Source: domain specification §4.7.

    >>> [round(gsd_for_width_m_per_px(0.2, p) * 1000, 3) for p in PRECISION_FACTORS]
    [0.6, 0.2, 0.1]
    """
    if not 0.01 <= width_mm <= 50:
        raise BadInput(f"crack width {width_mm} mm is outside 0.01–50 mm")
    if precision not in PRECISION_FACTORS:
        raise BadInput(f"precision {precision!r} is none of {', '.join(PRECISION_FACTORS)}")
    return width_mm * PRECISION_FACTORS[precision] / 1000
