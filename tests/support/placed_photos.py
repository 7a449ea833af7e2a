"""Small JPEG photos with the EXIF and XMP of a drone, at given places."""

from pathlib import Path

import numpy as np
from PIL import Image

from flight.flightplan import FlightPlan, PlannedPhoto
from inspection.geo.camera import Camera

TAKEOFF_MSL_M = 137.0


def write_photo(path: Path, plan: FlightPlan, photo: PlannedPhoto) -> Path:
    """Write a planned photo as if it had been taken exactly there, with the plan's camera."""
    lat, lon, height_m = plan.to_latlon_height([photo.position_m])[0].tolist()
    values = {
        "GpsStatus": "RTK",
        "GpsLatitude": f"{lat:+.10f}",
        "GpsLongitude": f"{lon:+.10f}",
        "AbsoluteAltitude": f"{height_m + TAKEOFF_MSL_M:+.4f}",
        "RelativeAltitude": f"{height_m:+.4f}",
        "GimbalRollDegree": "+0.00",
        "GimbalYawDegree": f"{photo.yaw_deg:+.3f}",
        "GimbalPitchDegree": f"{photo.pitch_deg:+.3f}",
        "CalibratedFocalLength": f"{plan.camera.focal_px:.6f}",
    }
    attributes = " ".join(f'drone-dji:{name}="{value}"' for name, value in values.items())
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {attributes}/></rdf:RDF>'
        "</x:xmpmeta>"
    )
    save(path, plan.camera, seed=photo.index, xmp=xmp.encode())
    return path


def save(path: Path, camera: Camera, *, seed: int, xmp: bytes = b"") -> None:
    """Write noise of the size of a camera's photos."""
    shape = (camera.height_px, camera.width_px, 3)
    pixels = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="JPEG", quality=85, xmp=xmp)
