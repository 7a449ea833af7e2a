"""Fly over the deck: the camera, the planned grid, the true poses and what the drone believes."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from datasets.synth.deck import Deck
from flight.area import AreaPlan, distance_for_gsd_m, plan_area
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal

SENSOR_WIDTH_MM = 17.3
"""Width of a four-thirds sensor."""
FOCAL_MM = 17.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """Choose camera, grid and noise.

    Attributes:
        width_px: columns of a photo.
        height_px: rows of a photo.
        gsd_mm_per_px: at the middle of the deck.
        k1: radial distortion.
        front_overlap: ratio along a lane.
        side_overlap: ratio between lanes.
        margin_m: how far the grid reaches beyond the carriageway.
        overshoot_m: how far each lane goes on beyond that at both ends.
        hover_sigma_m: how far the drone hangs from its station, each axis.
        tilt_sigma_deg: of the true view from straight down, each axis.
        yaw_sigma_deg: of the true heading from the lane.
        attitude_sigma_deg: of the written gimbal angles from the true ones.
        gps_sigma_m: of the written horizontal position from the true one, each axis.
        gps_sigma_up_m: likewise for the height.
        rtk: write the position as a fixed RTK solution with its standard deviations.
        target_sigma_m: of the surveyed targets, each axis.
        target_sigma_px: of their measured place in the photos, each axis.
    """

    width_px: int = 3000
    height_px: int = 2250
    gsd_mm_per_px: float = 2.0
    k1: float = -0.012
    front_overlap: float = 0.70
    side_overlap: float = 0.50
    margin_m: float = 0.35
    overshoot_m: float = 1.2
    hover_sigma_m: float = 0.04
    tilt_sigma_deg: float = 0.8
    yaw_sigma_deg: float = 1.0
    attitude_sigma_deg: float = 0.2
    gps_sigma_m: float = 0.010
    gps_sigma_up_m: float = 0.015
    rtk: bool = True
    target_sigma_m: float = 0.002
    target_sigma_px: float = 0.3

    @property
    def focal_px(self) -> float:
        """Give the focal length in pixels."""
        return FOCAL_MM * self.width_px / SENSOR_WIDTH_MM

    @property
    def camera(self) -> Camera:
        """Give the camera; its principal point is the middle of the photo."""
        return Camera(
            width_px=self.width_px,
            height_px=self.height_px,
            focal_px=self.focal_px,
            cx_px=self.width_px / 2,
            cy_px=self.height_px / 2,
            k1=self.k1,
        )

    @property
    def height_m(self) -> float:
        """Give the flying height above the middle of the deck, metres."""
        return distance_for_gsd_m(self.camera, self.gsd_mm_per_px / 1000)

    def at_gsd(self, gsd_mm_per_px: float) -> "Flight":
        """Give the same flight at another ground sample distance, higher or lower."""
        return replace(self, gsd_mm_per_px=gsd_mm_per_px)


CONSUMER_GPS = Flight(gps_sigma_m=0.4, gps_sigma_up_m=0.6, rtk=False)
"""The same flight with an ordinary receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """Carry one photo to be: where it truly is, and what will be written in it.

    Attributes:
        name: file name.
        pose: true pose in the deck's ENU frame.
        lonlat_h: written position, longitude °, latitude °, ellipsoidal height m.
        height_m: written height above the take-off point, which is the middle of the deck.
        yaw_deg: written gimbal heading.
        pitch_deg: written gimbal pitch.
        roll_deg: written gimbal roll.
    """

    name: str
    pose: Pose
    lonlat_h: tuple[float, float, float]
    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSighting:
    """Carry one survey target as measured in one photo.

    Attributes:
        name: of the target.
        photo: file name.
        xy_px: measured place, outer-corner convention.
        lonlat_h: surveyed place, longitude °, latitude °, ellipsoidal height m.
    """

    name: str
    photo: str
    xy_px: tuple[float, float]
    lonlat_h: tuple[float, float, float]


def plan(deck: Deck, flight: Flight) -> AreaPlan:
    """Plan the grid over the carriageway in the ENU frame of the deck."""
    return plan_area(
        Polygon(deck.to_enu_m(deck.corners_deck_m)[:, :2]),
        camera=flight.camera,
        distance_m=flight.height_m,
        front_overlap=flight.front_overlap,
        side_overlap=flight.side_overlap,
        margin_m=flight.margin_m,
        overshoot_m=flight.overshoot_m,
    )


def fly(deck: Deck, flight: Flight, *, seed: int) -> list[Shot]:
    """Fly the plan; the drone is never quite where it should be, nor where it believes it is."""
    rng = np.random.default_rng([seed, 6])
    frame = deck.frame
    shots = []
    for station in plan(deck, flight).stations:
        hover = rng.normal(0, flight.hover_sigma_m, 3)
        centre = np.array([station.x_m, station.y_m, station.distance_m]) + hover
        yaw = (station.heading_deg + rng.normal(0, flight.yaw_sigma_deg)) % 360
        tilt = rng.normal(0, flight.tilt_sigma_deg, 2)
        pose = Pose(camera_from_world=_tilted(yaw, tilt), centre_world_m=centre)
        noise = rng.normal(0, 1, 3) * (
            flight.gps_sigma_m,
            flight.gps_sigma_m,
            flight.gps_sigma_up_m,
        )
        lon, lat, height = frame.to_lonlat_h([centre + noise])[0]
        error = rng.normal(0, flight.attitude_sigma_deg, 2)
        shots.append(
            Shot(
                name=f"TNK_{station.index + 1:04d}.JPG",
                pose=pose,
                lonlat_h=(float(lon), float(lat), float(height)),
                height_m=float(centre[2] + rng.normal(0, 0.02)),
                yaw_deg=float((yaw + error[0] + 180) % 360 - 180),
                pitch_deg=float(min(-90 + tilt[0] + error[1], -80.0)),
                roll_deg=0.0,
            )
        )
    return shots


def sight_targets(
    deck: Deck, flight: Flight, targets_deck_m: NDArray[np.float64], shots: list[Shot], *, seed: int
) -> list[TargetSighting]:
    """Measure every survey target in every photo that shows it, with the surveyor's errors."""
    rng = np.random.default_rng([seed, 7])
    camera = flight.camera
    true_enu = deck.to_enu_m(targets_deck_m)
    survey = deck.frame.to_lonlat_h(true_enu + rng.normal(0, flight.target_sigma_m, true_enu.shape))
    sightings = []
    for shot in shots:
        places = camera.project(shot.pose.to_camera(true_enu))
        places = places + rng.normal(0, flight.target_sigma_px, places.shape)
        for number, (x_px, y_px) in enumerate(places):
            if not (60 < x_px < camera.width_px - 60 and 60 < y_px < camera.height_px - 60):
                continue
            lon, lat, height = survey[number]
            sightings.append(
                TargetSighting(
                    name=f"G{number + 1}",
                    photo=shot.name,
                    xy_px=(float(x_px), float(y_px)),
                    lonlat_h=(float(lon), float(lat), float(height)),
                )
            )
    return sightings


def _tilted(yaw_deg: float, tilt_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the ENU → camera rotation of a view near straight down, tilted forward and sideways."""
    forward, sideways = np.radians(tilt_deg)
    about_x = np.array(
        [
            [1, 0, 0],
            [0, np.cos(forward), -np.sin(forward)],
            [0, np.sin(forward), np.cos(forward)],
        ]
    )
    about_y = np.array(
        [
            [np.cos(sideways), 0, np.sin(sideways)],
            [0, 1, 0],
            [-np.sin(sideways), 0, np.cos(sideways)],
        ]
    )
    down = rotation_from_gimbal(yaw_deg=yaw_deg, pitch_deg=-90.0)
    return np.asarray(about_x.T @ about_y @ down, dtype=np.float64)
