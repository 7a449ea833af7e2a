"""Know the sensors of drone cameras: the code-list ``cameras.yaml``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Self

import yaml

from inspection.codelists.yamltext import read_yaml
from inspection.errors import BadCodelist


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraModel:
    """Describe the sensor and the lenses of one camera.

    Attributes:
        code: stable key of the code-list.
        label: name for people.
        make: value of the EXIF tag Make.
        exif_models: values of the EXIF tag Model, several where one body was sold under two names.
        sensor_mm: width and height of the light-sensitive area.
        pixels: columns and rows of a full photo.
        pitch_um: distance of two pixels on the sensor.
        focal_mm: fixed focal lengths; empty for interchangeable lenses.
        needs_review: nobody has yet checked the row against the maker's data sheet.
    """

    code: str
    label: str
    make: str
    exif_models: tuple[str, ...]
    sensor_mm: tuple[float, float]
    pixels: tuple[int, int]
    pitch_um: float
    focal_mm: tuple[float, ...]
    needs_review: bool

    def __post_init__(self) -> None:
        """Check that pitch, sensor and pixels tell the same story (data sheets round to 2 %)."""
        for side_mm, side_px in zip(self.sensor_mm, self.pixels, strict=True):
            if side_px <= 0 or abs(self.pitch_um * side_px / 1000 / side_mm - 1) > 0.02:
                raise BadCodelist(
                    f"camera {self.code!r}: {side_px} px of {self.pitch_um} µm are not {side_mm} mm"
                )
        if self.sensor_mm[0] < self.sensor_mm[1]:
            raise BadCodelist(f"camera {self.code!r}: give the long side of the sensor first")

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> Self:
        """Build a camera from one row of the code-list.

        Raises:
            BadCodelist: when a field is missing or has the wrong type.
        """
        try:
            sensor_mm, pixels = _pair(row["sensor_mm"]), _pair(row["pixels"])
            return cls(
                code=str(row["code"]),
                label=str(row["label"]),
                make=str(row["make"]),
                exif_models=tuple(str(model) for model in _list(row["exif_models"])),
                sensor_mm=sensor_mm,
                pixels=(int(pixels[0]), int(pixels[1])),
                pitch_um=_number(row["pitch_um"]),
                focal_mm=tuple(_number(focal) for focal in _list(row["focal_mm"])),
                needs_review=bool(row["needs_review"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadCodelist(f"camera row {row.get('code', row)!r}: {error!r}") from error

    def matches(self, *, make: str, model: str, focal_mm: float | None) -> bool:
        """Tell whether EXIF make, model and focal length are this camera (focal within 10 %)."""
        if make.casefold() != self.make.casefold():
            return False
        if model.casefold() not in {name.casefold() for name in self.exif_models}:
            return False
        if focal_mm is None or not self.focal_mm:
            return True
        return any(abs(focal_mm / fixed - 1) < 0.1 for fixed in self.focal_mm)


def find_camera(
    cameras: Sequence[CameraModel], *, make: str, model: str, focal_mm: float | None = None
) -> CameraModel | None:
    """Find the one camera that EXIF make, model and focal length name.

    None when no row fits, or when several do (a body with two lenses and no focal length given):
    a guess would be a wrong scale.
    """
    fitting = [
        camera for camera in cameras if camera.matches(make=make, model=model, focal_mm=focal_mm)
    ]
    return fitting[0] if len(fitting) == 1 else None


@lru_cache(maxsize=1)
def load_cameras() -> tuple[CameraModel, ...]:
    """Read the cameras that ship with Tenken."""
    text = resources.files(__package__).joinpath("cameras.yaml").read_text(encoding="utf-8")
    return read_cameras(text)


def read_cameras(text: str) -> tuple[CameraModel, ...]:
    """Read and check a camera code-list.

    Raises:
        BadCodelist: when the text is no YAML, a row is wrong, or two rows share a code.
    """
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        raise BadCodelist(f"the camera code-list is not YAML: {error}") from error
    rows = content.get("cameras") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadCodelist("the camera code-list needs a list 'cameras' of mappings")
    cameras = tuple(CameraModel.from_row(row) for row in rows)
    codes = [camera.code for camera in cameras]
    if len(set(codes)) != len(codes):
        raise BadCodelist(f"camera codes must be unique, got {sorted(codes)}")
    return cameras


def _list(value: object) -> list[object]:
    """Give a value that must be a list."""
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {value!r}")
    return value


def _number(value: object) -> float:
    """Give a value that must be a number > 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"expected a number > 0, got {value!r}")
    return float(value)


def _pair(value: object) -> tuple[float, float]:
    """Give a value that must be two numbers > 0."""
    numbers = [_number(item) for item in _list(value)]
    if len(numbers) != 2:
        raise ValueError(f"expected two numbers, got {value!r}")
    return numbers[0], numbers[1]
