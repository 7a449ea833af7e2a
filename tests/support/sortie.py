"""Photos of a short flight over a deck, with what a drone writes into them, and what goes wrong."""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

LAT_DEG, LON_DEG = 36.5946, 136.6257
M_PER_DEG_LAT, M_PER_DEG_LON = 110_970.0, 89_500.0
"""Near enough at this place for photos that stand metres apart."""

SIZE_PX = (480, 360)
FOCAL_PX = 400.0
HEIGHT_M = 5.0

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {height}
 drone-dji:GimbalYawDegree="{yaw:+.2f}" drone-dji:GimbalPitchDegree="{pitch:+.2f}"
 drone-dji:GimbalRollDegree="+0.00" drone-dji:CalibratedFocalLength="{focal:.1f}"
/></rdf:RDF></x:xmpmeta>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """Say where a photo is taken and what is wrong with it.

    Attributes:
        east_m: of the middle of the deck.
        north_m: of the middle of the deck.
        seed: another one is another picture.
        height_m: above take-off; None when the drone does not say.
        yaw_deg: heading of the camera.
        pitch_deg: −90 looks straight down.
        placed: it carries a position.
        blur_px: standard deviation of the blur.
        light: factor of its brightness.
    """

    east_m: float = 0.0
    north_m: float = 0.0
    seed: int = 0
    height_m: float | None = HEIGHT_M
    yaw_deg: float = 0.0
    pitch_deg: float = -90.0
    placed: bool = True
    blur_px: float = 0.0
    light: float = 1.0

    def jpeg(self) -> bytes:
        """Render it."""
        return _encoded(self._pixels(), self._tags(), self._xmp())

    def _pixels(self) -> np.ndarray:
        noise = np.random.default_rng(self.seed).normal(150, 45, SIZE_PX[::-1])
        if self.blur_px > 0:
            noise = cv2.GaussianBlur(noise, (0, 0), self.blur_px)
        grey = np.clip(noise * self.light, 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)

    def _tags(self) -> Image.Exif:
        tags = Image.Exif()
        tags[0x010F], tags[0x0110] = "Maker", "Model 7"
        if self.placed:
            gps = tags.get_ifd(0x8825)
            gps[1], gps[2] = "N", _dms(LAT_DEG + self.north_m / M_PER_DEG_LAT)
            gps[3], gps[4] = "E", _dms(LON_DEG + self.east_m / M_PER_DEG_LON)
        return tags

    def _xmp(self) -> bytes:
        height_m = self.height_m
        height = "" if height_m is None else f'drone-dji:RelativeAltitude="{height_m:+.2f}"'
        values = {"height": height, "yaw": self.yaw_deg, "pitch": self.pitch_deg}
        return XMP.format(**values, focal=FOCAL_PX).encode()


def sortie(columns: int, rows: int, *, step_m: float = 1.0) -> dict[str, bytes]:
    """Give the photos of a grid over a deck, by name."""
    return {
        f"DJI_{1 + row * columns + column:04d}.JPG": Shot(
            east_m=column * step_m, north_m=row * step_m, seed=1 + row * columns + column
        ).jpeg()
        for row in range(rows)
        for column in range(columns)
    }


def _encoded(pixels: np.ndarray, tags: Image.Exif, xmp: bytes) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=80, exif=tags.tobytes(), xmp=xmp)
    return stream.getvalue()


def _dms(degrees: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(degrees * 3600, 60)
    whole, minutes = divmod(minutes, 60)
    return (whole, minutes, seconds)
