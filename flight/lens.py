"""Name a camera with its lens: ``dji_p1@50`` is the P1 with the 50 mm lens.

The sensors are ``inspection/codelists/cameras.yaml``. A camera with one fixed lens needs no
``@``; one with interchangeable lenses takes any focal length.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inspection.codelists.cameras import CameraModel, load_cameras, read_cameras
from inspection.errors import BadInput, NotFound
from inspection.geo.camera import Camera

FOCAL_RANGE_MM = (1.0, 1200.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """Carry a sensor with one focal length.

    Attributes:
        name: ``code`` or ``code@focal length in mm``; ``find_lens`` finds it again.
        model: the sensor.
        focal_mm: focal length.
    """

    name: str
    model: CameraModel
    focal_mm: float

    @property
    def pitch_m(self) -> float:
        """Give the distance of two pixels on the sensor, metres."""
        return self.model.pitch_um / 1e6

    @property
    def camera(self) -> Camera:
        """Give size, focal length and principal point in pixels, without distortion."""
        width_px, height_px = self.model.pixels
        return Camera(
            width_px=width_px,
            height_px=height_px,
            focal_px=self.focal_mm * 1000 / self.model.pitch_um,
            cx_px=width_px / 2,
            cy_px=height_px / 2,
        )


def find_lens(name: str, *, path: Path | None = None) -> Lens:
    """Find a camera and its lens by name.

    Args:
        name: ``code`` or ``code@focal length``.
        path: a camera file of the form of ``cameras.yaml`` in its place.

    Raises:
        NotFound: when there is no such camera.
        BadInput: when the focal length is missing, no number, or not a lens of the camera.
    """
    cameras = _cameras(path)
    code, at, focal = name.partition("@")
    model = {camera.code: camera for camera in cameras}.get(code)
    if model is None:
        raise NotFound(f"no camera {code!r} in the table; {_hint(code, cameras)}")
    if not at:
        if len(model.focal_mm) == 1:
            return Lens(name=code, model=model, focal_mm=model.focal_mm[0])
        choices = ", ".join(f"{code}@{choice:g}" for choice in model.focal_mm) or f"{code}@35"
        raise BadInput(f"camera {code!r} has more than one lens; say which: {choices}")
    return Lens(name=name, model=model, focal_mm=_focal_mm(model, focal))


def fixed_lenses(path: Path | None = None) -> tuple[Lens, ...]:
    """Give every camera with each of its own lenses, in the order of the table."""
    return tuple(
        find_lens(f"{camera.code}@{focal:g}", path=path)
        for camera in _cameras(path)
        for focal in camera.focal_mm
    )


def _cameras(path: Path | None) -> tuple[CameraModel, ...]:
    """Read the table, the user's own when there is one."""
    if path is None:
        return load_cameras()
    try:
        return read_cameras(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"camera file {path.name} cannot be read: {error}") from error


def _focal_mm(model: CameraModel, text: str) -> float:
    """Read the focal length behind the @ and check that the camera has it."""
    try:
        focal_mm = float(text)
    except ValueError as error:
        raise BadInput(f"focal length {text!r} is no number of mm; say {model.code}@35") from error
    low, high = FOCAL_RANGE_MM
    if not low <= focal_mm <= high:
        raise BadInput(f"focal length {focal_mm:g} mm is outside {low:g}–{high:g} mm")
    if model.focal_mm and focal_mm not in model.focal_mm:
        choices = ", ".join(f"{choice:g}" for choice in model.focal_mm)
        raise BadInput(f"{model.label} has no {focal_mm:g} mm lens; it has {choices} mm")
    return focal_mm


def _hint(code: str, cameras: Sequence[CameraModel]) -> str:
    """Say which cameras there are, the closest one first."""
    codes = [camera.code for camera in cameras]
    close = difflib.get_close_matches(code, codes, n=1)
    return (f"did you mean {close[0]!r}? " if close else "") + f"there are {', '.join(codes)}"
