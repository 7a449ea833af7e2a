"""Say what deck is rendered and where it lies: sizes, place on the earth, its own frame.

Deck frame: x along the axis, y to the left of it, metres from one corner of the carriageway.
The surface is a plane with a crossfall; ENU has its origin on the surface at the deck's centre.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame, utm_crs

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """Describe the rendered deck; the bridge is invented, the place is near Wajima.

    Attributes:
        name: of the bridge.
        length_m: between the expansion joints.
        width_m: of the carriageway, kerbs excluded.
        kerb_m: width of the kerb on either side.
        approach_m: asphalt that is rendered beyond either expansion joint.
        crossfall: rise ÷ run to the left.
        heading_deg: of the axis, clockwise from true north.
        lon_deg: of the centre, WGS 84.
        lat_deg: of the centre, WGS 84.
        height_ellipsoid_m: of the surface at the centre.
    """

    name: str = "Hamanasu Bridge (rendered)"
    length_m: float = 24.0
    width_m: float = 8.0
    kerb_m: float = 0.45
    approach_m: float = 2.8
    crossfall: float = 0.015
    heading_deg: float = 83.0
    lon_deg: float = 136.9
    lat_deg: float = 37.39
    height_ellipsoid_m: float = 48.2

    def __post_init__(self) -> None:
        """Check that the deck is a deck."""
        if not (1.0 <= self.length_m <= 60.0 and 1.0 <= self.width_m <= 30.0):
            raise BadInput(
                f"a deck measures 1 to 60 m by 1 to 30 m, got {self.length_m} × {self.width_m} m"
            )

    @property
    def area_m2(self) -> float:
        """Give the carriageway between the expansion joints, m²."""
        return self.length_m * self.width_m

    @property
    def map_crs(self) -> str:
        """Name the UTM zone of the place."""
        return utm_crs(self.lon_deg, self.lat_deg)

    @property
    def frame(self) -> LocalFrame:
        """Give the ENU frame with its origin on the surface at the deck's centre."""
        return LocalFrame(
            lon_deg=self.lon_deg,
            lat_deg=self.lat_deg,
            height_ellipsoid_m=self.height_ellipsoid_m,
        )

    @property
    def corners_deck_m(self) -> Points:
        """Give the corners of the carriageway, (4, 2) m."""
        return np.array(
            [(0, 0), (self.length_m, 0), (self.length_m, self.width_m), (0, self.width_m)],
            dtype=np.float64,
        )

    @property
    def enu_from_deck(self) -> Points:
        """Give the homogeneous matrix (3, 3) from (x, y, 1) on the deck to ENU on its surface.

        >>> (Deck(heading_deg=90.0).enu_from_deck @ [24.0, 4.0, 1.0]).round(9).tolist()
        [12.0, 0.0, 0.0]
        """
        heading = np.radians(self.heading_deg)
        along = np.array([np.sin(heading), np.cos(heading), 0.0])
        left = np.array([-np.cos(heading), np.sin(heading), self.crossfall])
        centre = along * self.length_m / 2 + left * self.width_m / 2
        return np.column_stack([along, left, -centre])

    def to_enu_m(self, points_deck_m: ArrayLike) -> Points:
        """Move (n, 2) points of the deck to (n, 3) ENU metres on its surface."""
        xy = np.atleast_2d(np.asarray(points_deck_m, dtype=np.float64))
        enu = np.column_stack([xy, np.ones(len(xy))]) @ self.enu_from_deck.T
        return np.asarray(enu, dtype=np.float64)

    def to_lonlat_h(self, points_deck_m: ArrayLike) -> Points:
        """Give longitude °, latitude ° and ellipsoidal height m of (n, 2) points, (n, 3)."""
        return self.frame.to_lonlat_h(self.to_enu_m(points_deck_m))
