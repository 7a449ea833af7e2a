"""Write a plan as GeoJSON of its photos and footprints, and read it back whole.

The file is for the map (points and footprints in lon/lat), for ``tenken flight check`` and for
``tenken flight gaps``: under the key ``tenken_plan`` stand the figures and the surface, so that
nothing of the plan is lost. Heights are metres above take-off.

Source: RFC 7946 (foreign members are allowed, coordinates are lon, lat, height).
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flight.flightplan import FlightPlan, Pattern, PlannedPhoto, Trigger
from flight.mission import AltitudeFrame
from inspection.errors import BadInput
from inspection.geo.camera import Camera

VERSION = 1
FIGURES = (
    "name", "camera_name", "takeoff_msl_m", "gsd_m_per_px", "overlap_front", "overlap_side",
    "incidence_limit_deg", "speed_m_s", "exposure_s", "photo_spacing_m", "lead_in_m", "views",
    "drone_name",
)  # fmt: skip
CHOICES = {"pattern": Pattern, "altitude_frame": AltitudeFrame, "trigger": Trigger}
GREATEST_BYTES = 512 * 1024 * 1024
TEXTS = {"name", "camera_name", "drone_name"}
OPEN = {"takeoff_msl_m", "drone_name"}
DAMAGED = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
FARTHEST_M = 1e6
"""No place of a plan lies farther from its take-off."""


def plan_document(plan: FlightPlan) -> dict[str, Any]:
    """Give a plan as a GeoJSON FeatureCollection: a point and a footprint for every photo."""
    places = plan.to_latlon_height(plan.positions_m)[:, [1, 0, 2]]
    corners = np.array([photo.footprint_m for photo in plan.photos]).reshape(-1, 3)
    outlines = plan.frame.to_lonlat_h(corners).reshape(-1, 4, 3)
    features: list[dict[str, Any]] = []
    for photo, place, outline in zip(plan.photos, places, outlines, strict=True):
        features.append(_feature("Point", _rounded(place), _pose(photo)))
        ring = [_rounded(corner) for corner in [*outline, outline[0]]]
        features.append(_feature("Polygon", [ring], {"what": "footprint", "photo": photo.index}))
    figures: dict[str, Any] = {"version": VERSION}
    figures |= {key: getattr(plan, key) for key in FIGURES}
    figures |= {key: str(getattr(plan, key)) for key in CHOICES}
    figures |= {
        "origin_latlon_deg": list(plan.origin_latlon_deg),
        "gate_latlon_deg": None if plan.gate_latlon_deg is None else list(plan.gate_latlon_deg),
        "camera": {name: getattr(plan.camera, name) for name in Camera.__slots__},
        "surface_m": plan.surface_m.round(4).tolist(),
        "surface_elements": list(plan.surface_elements),
        "notes": list(plan.notes),
    }
    return {"type": "FeatureCollection", "tenken_plan": figures, "features": features}


def write_plan(plan: FlightPlan, path: Path) -> None:
    """Write a plan as GeoJSON."""
    document = json.dumps(plan_document(plan), ensure_ascii=False)
    path.write_text(document + "\n", encoding="utf-8")


def read_plan(path: Path) -> FlightPlan:
    """Read a plan that ``write_plan`` wrote.

    Raises:
        BadInput: when the file is missing, too large, no JSON, or not such a plan.
    """
    try:
        if path.stat().st_size > GREATEST_BYTES:
            raise BadInput(f"{path.name} is larger than {GREATEST_BYTES} bytes; is it a plan?")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path.name} cannot be read as a plan: {error}") from error
    return plan_from_document(document, path.name)


def plan_from_document(document: object, name: str) -> FlightPlan:
    """Build the plan of a document of ``plan_document``.

    Args:
        document: parsed JSON.
        name: of the file, for messages.

    Raises:
        BadInput: when it is not such a document.
    """
    figures = document.get("tenken_plan") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(figures, dict):
        raise BadInput(
            f"{name} has no 'tenken_plan': it is not a photo file of 'tenken flight plan'; "
            "give the file that it wrote beside the mission (NAME.photos.geojson)"
        )
    if figures.get("version") != VERSION:
        raise BadInput(f"{name}: plan version {figures.get('version')!r} is not {VERSION}")
    try:
        return _plan(figures, document["features"])
    except DAMAGED as error:
        raise BadInput(f"{name} is a damaged plan: {error!r}; plan it again") from error


def _plan(figures: dict[str, Any], features: list[dict[str, Any]]) -> FlightPlan:
    """Build a plan from its figures and features."""
    footprints = {
        feature["properties"]["photo"]: feature["geometry"]["coordinates"][0][:4]
        for feature in features
        if feature["geometry"]["type"] == "Polygon"
    }
    poses = [feature for feature in features if feature["geometry"]["type"] == "Point"]
    gate = figures.get("gate_latlon_deg")
    bare = FlightPlan(
        **{key: _figure(key, figures[key]) for key in FIGURES},
        pattern=Pattern(figures["pattern"]),
        altitude_frame=AltitudeFrame(figures["altitude_frame"]),
        trigger=Trigger(figures["trigger"]),
        camera=Camera(**{key: _number(key, side) for key, side in figures["camera"].items()}),
        origin_latlon_deg=_place(figures["origin_latlon_deg"]),
        gate_latlon_deg=None if gate is None else _place(gate),
        photos=(),
        surface_m=_near(np.array(figures["surface_m"], dtype=np.float64).reshape(-1, 3, 3)),
        surface_elements=_texts(figures["surface_elements"]),
        notes=_texts(figures["notes"]),
    )
    if not poses:
        return bare
    places = _near(bare.frame.to_enu_m([pose["geometry"]["coordinates"] for pose in poses]))
    outlines = np.array([footprints[pose["properties"]["photo"]] for pose in poses])
    corners = _near(bare.frame.to_enu_m(outlines.reshape(-1, 3)).reshape(-1, 4, 3))
    photos = tuple(
        PlannedPhoto(
            index=pose["properties"]["photo"],
            row=int(_number("row", pose["properties"]["row"])),
            position_m=place,
            yaw_deg=pose["properties"]["yaw_deg"],
            pitch_deg=pose["properties"]["pitch_deg"],
            distance_m=pose["properties"]["distance_m"],
            footprint_m=outline,
            element=_texts([pose["properties"]["element"]])[0],
        )
        for pose, place, outline in zip(poses, places, corners, strict=True)
    )
    kept = {name: getattr(bare, name) for name in FlightPlan.__slots__ if name != "photos"}
    return FlightPlan(**kept, photos=photos)


def _figure(key: str, value: object) -> Any:  # noqa: ANN401 a text, a number or nothing
    """Give a figure of a plan that is of its kind."""
    if value is None and key in OPEN:
        return None
    if key in TEXTS:
        return _texts([value])[0]
    number = _number(key, value)
    if key == "views" and not (isinstance(value, int) and value >= 1):
        raise ValueError(f"views is {value!r}, no count of 1 or more")
    return number


def _number(key: str, value: object) -> Any:  # noqa: ANN401 whole or not, as it is
    """Give a finite number as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{key} is {value!r}, no finite number")
    return value


def _texts(values: list[object]) -> tuple[str, ...]:
    """Give values that must be texts of whole characters."""
    texts = tuple(value for value in values if isinstance(value, str))
    if not isinstance(values, list) or len(texts) != len(values):
        raise ValueError(f"{values!r:.60} are not all texts")
    if b"\0" in "".join(texts).encode():  # half of a character could never be written again
        raise ValueError("a text holds a character of no text")
    return texts


def _place(pair: list[object]) -> tuple[float, float]:
    """Give a (latitude, longitude) that is on the earth."""
    latitude, longitude = (_number("place", value) for value in pair)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise ValueError(f"{latitude}, {longitude} is not on the earth")
    return float(latitude), float(longitude)


def _near(points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give points that are finite and not on another continent."""
    if not (np.abs(points_m) <= FARTHEST_M).all():
        raise ValueError("a place is not finite, or lies more than 1000 km from take-off")
    return points_m


def _pose(photo: PlannedPhoto) -> dict[str, Any]:
    """Give the properties of a photo."""
    return {
        "what": "photo",
        "photo": photo.index,
        "row": photo.row,
        "yaw_deg": round(photo.yaw_deg, 3),
        "pitch_deg": round(photo.pitch_deg, 3),
        "distance_m": round(photo.distance_m, 4),
        "element": photo.element,
    }


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> dict[str, Any]:
    """Build a GeoJSON feature."""
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _rounded(place: NDArray[np.float64]) -> list[float]:
    """Round lon, lat to 0.1 mm and the height to 1 mm."""
    longitude, latitude, height_m = place.tolist()
    return [round(longitude, 9), round(latitude, 9), round(height_m, 4)]
