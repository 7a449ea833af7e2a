"""Keep how photos see a surface as plain values, and bring it back: ``views.json`` of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inspection.errors import BadInput, Broken
from inspection.geo.camera import Camera, Pose
from inspection.geo.frames import LocalFrame
from inspection.imaging.ortho import View
from inspection.imaging.photofile import PhotoFile
from inspection.imaging.surface import FlatSurface, GroundSurface, HeightField, Surface

FORMAT = 1


def to_plain(views: Sequence[View], surface: Surface) -> dict[str, Any]:
    """Give views and surface as plain values; paths are left out, photos keep their sha256."""
    return {
        "format": FORMAT,
        "surface": _surface_to_plain(surface),
        "views": [_view_to_plain(view) for view in views],
    }


def from_plain(
    plain: Mapping[str, Any], paths: Mapping[str, PhotoFile]
) -> tuple[list[View], Surface]:
    """Bring views and surface back.

    Args:
        plain: what ``to_plain`` gave.
        paths: file of each photo by its sha256.

    Raises:
        BadInput: when the format is another one, or the file of a photo is missing.
        Broken: when a field is missing or unusable.
    """
    if plain.get("format") != FORMAT:
        raise BadInput(
            f"views of format {plain.get('format')!r} are unknown (this is {FORMAT}); run again"
        )
    try:
        missing = [str(v["sha256"])[:12] for v in plain["views"] if v["sha256"] not in paths]
    except (KeyError, TypeError) as error:
        raise Broken(f"views.json is damaged: {error!r}; run again") from error
    if missing:
        raise BadInput(
            f"{len(missing)} photos of the run are missing, first {missing[0]}…; keep the store "
            "beside the results, or name the folder of the photos with --photos"
        )
    try:
        return [_view(v, paths) for v in plain["views"]], _surface(plain["surface"])
    except (AttributeError, BadInput, IndexError, KeyError, TypeError, ValueError) as error:
        raise Broken(f"views.json is damaged: {error!r}; run again") from error


def _view_to_plain(view: View) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "sha256": view.sha256,
        "size_px": [view.width_px, view.height_px],
        "handicap_px": view.handicap_px,
    }
    if view.photo_from_plane is not None:
        return plain | {"photo_from_plane": view.photo_from_plane.tolist()}
    assert view.camera is not None and view.pose is not None
    camera, pose = view.camera, view.pose
    return plain | {
        "focal_px": camera.focal_px,
        "centre_px": [camera.cx_px, camera.cy_px],
        "k1": camera.k1,
        "camera_from_world": pose.camera_from_world.tolist(),
        "centre_world_m": pose.centre_world_m.tolist(),
    }


def _view(plain: Mapping[str, Any], paths: Mapping[str, PhotoFile]) -> View:
    width, height = (int(v) for v in plain["size_px"])
    camera, pose, homography = None, None, None
    if "photo_from_plane" in plain:
        homography = np.array(plain["photo_from_plane"], dtype=np.float64)
    else:
        camera = Camera(
            width_px=width,
            height_px=height,
            focal_px=float(plain["focal_px"]),
            cx_px=float(plain["centre_px"][0]),
            cy_px=float(plain["centre_px"][1]),
            k1=float(plain["k1"]),
        )
        pose = Pose(
            camera_from_world=np.array(plain["camera_from_world"], dtype=np.float64),
            centre_world_m=np.array(plain["centre_world_m"], dtype=np.float64),
        )
    return View(
        sha256=str(plain["sha256"]),
        path=paths[plain["sha256"]],
        width_px=width,
        height_px=height,
        camera=camera,
        pose=pose,
        photo_from_plane=homography,
        handicap_px=float(plain["handicap_px"]),
    )


def _surface_to_plain(surface: Surface) -> dict[str, Any]:
    if isinstance(surface, GroundSurface):
        frame, field = surface.frame, surface.field
        return {
            "kind": "ground",
            "map_crs": surface.map_crs,
            "origin": [frame.lon_deg, frame.lat_deg, frame.height_ellipsoid_m],
            "x_m": field.x_m.tolist(),
            "y_m": field.y_m.tolist(),
            "z_m": np.round(field.z_m, 5).tolist(),
        }
    if isinstance(surface, FlatSurface):
        return {"kind": "flat", "z_world_m": surface.z_world_m}
    raise BadInput(f"a surface of kind {type(surface).__name__} cannot be kept yet")


def _surface(plain: Mapping[str, Any]) -> Surface:
    if plain["kind"] == "flat":
        return FlatSurface(z_world_m=float(plain["z_world_m"]))
    lon, lat, height = (float(v) for v in plain["origin"])
    return GroundSurface(
        frame=LocalFrame(lon_deg=lon, lat_deg=lat, height_ellipsoid_m=height),
        map_crs=str(plain["map_crs"]),
        field=HeightField(
            x_m=np.array(plain["x_m"], dtype=np.float64),
            y_m=np.array(plain["y_m"], dtype=np.float64),
            z_m=np.array(plain["z_m"], dtype=np.float64),
        ),
    )
