"""Missions for tests: one of everything, and strategies that draw any."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from flight.command import PLACED, Command, has_place
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission, MissionItem

Params = tuple[float | None, float | None, float | None, float | None]


def item(
    command: int,
    frame: AltitudeFrame = AltitudeFrame.MISSION,
    params: Params = (0.0, 0.0, 0.0, 0.0),
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> MissionItem:
    """Make an item; params and place in the order of MAVLink."""
    return MissionItem(
        command=int(command),
        frame=frame,
        params=params,
        lat_deg=place[0],
        lon_deg=place[1],
        altitude_m=place[2],
    )


def waypoint(
    lat: float,
    lon: float,
    altitude: float,
    frame: AltitudeFrame = AltitudeFrame.HOME,
    *,
    hold: float = 0.0,
    yaw: float | None = None,
) -> MissionItem:
    """Make a waypoint."""
    return item(Command.WAYPOINT, frame, (hold, 0.0, 0.0, yaw), (lat, lon, altitude))


BRIDGE = Mission(
    home_latlon_deg=(36.5613, 136.6562),
    home_altitude_msl_m=26.4,
    items=(
        item(Command.TAKEOFF, AltitudeFrame.HOME, place=(0.0, 0.0, 15.0)),
        waypoint(36.5614, 136.6563, 15.0),
        item(Command.CHANGE_SPEED, params=(1.0, 2.0, -1.0, 0.0)),
        item(Command.GIMBAL_PITCH_YAW, params=(-90.0, 0.0, 0.0, 0.0)),
        item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0)),
        item(Command.TRIGGER_DISTANCE, params=(3.0, 0.0, 1.0, 0.0)),
        waypoint(36.5618, 136.6563, 15.0, yaw=90.0),
        item(Command.TRIGGER_DISTANCE, params=(0.0, 0.0, 0.0, 0.0)),
        item(Command.RETURN_TO_LAUNCH),
    ),
    fence_polygons=(
        FencePolygon(
            vertices_latlon_deg=(
                (36.560, 136.655),
                (36.560, 136.658),
                (36.563, 136.658),
                (36.563, 136.655),
            )
        ),
    ),
    fence_circles=(
        FenceCircle(centre_latlon_deg=(36.5625, 136.6575), radius_m=12.5, inclusion=False),
    ),
    rally_points=((36.5611, 136.6561, 20.0),),
    cruise_speed_m_s=3.0,
    vehicle="ardupilot",
)
"""A small mission that uses every part of a Mission."""

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)
latitudes = st.floats(-89.9, 89.9).filter(lambda x: abs(x) > 1e-6)
longitudes = st.floats(-179.9, 179.9).filter(lambda x: abs(x) > 1e-6)
heights = st.floats(-400, 9000)
places = st.tuples(latitudes, longitudes)
open_numbers = st.none() | numbers


ANY_COMMAND = st.sampled_from(sorted(PLACED)) | st.integers(16, 3000)


@st.composite
def items(draw: Any, commands: Any = None, parameters: Any = open_numbers) -> MissionItem:
    """Draw any item."""
    command = draw(ANY_COMMAND if commands is None else commands)
    frame = draw(st.sampled_from(AltitudeFrame))
    made = item(
        command,
        frame,
        tuple(draw(parameters) for _ in range(4)),
        (*draw(places), draw(heights)),
    )
    if not has_place(made):
        made = replace(made, lat_deg=draw(numbers), lon_deg=draw(numbers))
    return replace(made, auto_continue=draw(st.booleans()))


polygons = st.builds(
    FencePolygon,
    vertices_latlon_deg=st.lists(places, min_size=3, max_size=6).map(tuple),
    inclusion=st.booleans(),
)
circles = st.builds(
    FenceCircle,
    centre_latlon_deg=places,
    radius_m=st.floats(0.1, 5000),
    inclusion=st.booleans(),
)


@st.composite
def missions(draw: Any, parameters: Any = open_numbers) -> Mission:
    """Draw any mission."""
    fence = (Command.FENCE_POLYGON_INCLUSION, Command.RALLY_POINT)
    flown = items(
        st.sampled_from(sorted(c for c in PLACED if c < min(fence))) | st.integers(16, 3000),
        parameters,
    )
    home = draw(st.none() | places)
    return Mission(
        home_latlon_deg=home,
        home_altitude_msl_m=None if home is None else draw(heights),
        items=tuple(draw(st.lists(flown, max_size=8))),
        fence_polygons=tuple(draw(st.lists(polygons, max_size=2))),
        fence_circles=tuple(draw(st.lists(circles, max_size=2))),
        rally_points=tuple(draw(st.lists(st.tuples(latitudes, longitudes, heights), max_size=2))),
        cruise_speed_m_s=draw(st.none() | st.floats(0.5, 20)),
        vehicle=draw(st.sampled_from([None, "ardupilot", "px4", "dji"])),
        geoid_height_m=draw(st.none() | st.floats(-100, 80)),
    )
