"""Views and surfaces survive being written down."""

import json
from pathlib import Path

import numpy as np
import pytest

from inspection.errors import BadInput, Broken
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.frames import LocalFrame
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface, GroundSurface, HeightField
from inspection.imaging.viewfile import from_plain, to_plain

PATHS = {"a" * 64: Path("a.jpg"), "b" * 64: Path("b.jpg")}
POSED = View(
    sha256="a" * 64,
    path=PATHS["a" * 64],
    width_px=400,
    height_px=300,
    camera=Camera(width_px=400, height_px=300, focal_px=410.5, cx_px=201, cy_px=149, k1=-0.01),
    pose=Pose(
        camera_from_world=rotation_from_gimbal(yaw_deg=31, pitch_deg=-80),
        centre_world_m=np.array([1.0, 2.0, 9.0]),
    ),
    handicap_px=1500,
)
FLAT = View(
    sha256="b" * 64,
    path=PATHS["b" * 64],
    width_px=400,
    height_px=300,
    photo_from_plane=np.array([[100.0, 1, 2], [0, 99, 4], [0, 0.001, 1]]),
)
GROUND = GroundSurface(
    frame=LocalFrame(lon_deg=136.6, lat_deg=36.6, height_ellipsoid_m=40),
    map_crs="EPSG:6675",
    field=HeightField(
        x_m=np.array([-5.0, 0, 5]), y_m=np.array([-5.0, 5]), z_m=np.arange(6.0).reshape(2, 3) / 7
    ),
)


@pytest.mark.parametrize("surface", [FlatSurface(z_world_m=0.25), GROUND])
def test_a_round_trip_sees_the_same(surface: FlatSurface | GroundSurface) -> None:
    plain = json.loads(json.dumps(to_plain([POSED, FLAT], surface)))
    views, back = from_plain(plain, PATHS)
    world = np.array([[0.5, 1.5, 0.1], [2.0, 2.0, 0.0]])
    for before, after in zip((POSED, FLAT), views, strict=True):
        assert np.array_equal(before.project(world), after.project(world))
        assert (before.sha256, before.path, before.handicap_px) == (
            after.sha256, after.path, after.handicap_px
        )  # fmt: skip
    at = surface.to_surface_m(world)
    assert np.allclose(back.to_world_m(at), surface.to_world_m(at), atol=1e-5)


def test_a_missing_photo_is_named() -> None:
    with pytest.raises(BadInput, match="1 photos of the run are missing, first bbbbbbbbbbbb"):
        from_plain(to_plain([POSED, FLAT], GROUND), {"a" * 64: Path("a.jpg")})


def test_other_formats_and_damage_are_refused() -> None:
    plain = to_plain([POSED], GROUND)
    with pytest.raises(BadInput, match="format 9"):
        from_plain(plain | {"format": 9}, PATHS)
    with pytest.raises(Broken, match="damaged"):
        from_plain(plain | {"surface": {"kind": "ground"}}, PATHS)
