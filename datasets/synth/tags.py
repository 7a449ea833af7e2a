"""Write JPEG files with the EXIF and XMP tags that a survey drone writes.

Source of the tags: domain specification §6.5; the namespace is DJI's, which most software reads.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from datasets.synth.capture import FOCAL_MM, SENSOR_WIDTH_MM, Flight, Shot

JPEG_QUALITY = 92
DIAGONAL_35MM_MM = 43.267
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Say when a photo was taken and which of the flight it is.

    Attributes:
        taken_at: aware, in the zone of the camera's clock.
        number: counts the shutter, from 1.
    """

    taken_at: datetime
    number: int


def write_photo(
    path: Path, pixels: NDArray[np.uint8], shot: Shot, flight: Flight, stamp: Stamp
) -> None:
    """Write one photo as JPEG with EXIF and XMP; the same input gives the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(
        buffer,
        format="JPEG",
        quality=JPEG_QUALITY,
        exif=exif_of(shot, flight, stamp),
        xmp=xmp_packet(shot, flight).encode(),
    )
    path.write_bytes(buffer.getvalue())


def exif_of(shot: Shot, flight: Flight, stamp: Stamp) -> Image.Exif:
    """Build the EXIF block of one photo."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Tenken", "Synthetic"
    exif[0x0112] = 1  # Orientation: as stored
    local = stamp.taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x0132] = local
    offset = stamp.taken_at.strftime("%z")
    details = exif.get_ifd(EXIF_IFD)
    details[0x829A] = IFDRational(1, 1250)  # ExposureTime, s
    details[0x829D] = IFDRational(40, 10)  # FNumber
    details[0x8827] = 100  # ISO
    details[0x9003] = details[0x9004] = local
    details[0x9011] = f"{offset[:3]}:{offset[3:]}"  # OffsetTimeOriginal
    details[0x9291] = f"{stamp.taken_at.microsecond // 10_000:02d}"  # SubSecTimeOriginal
    details[0x920A] = IFDRational(round(FOCAL_MM * 100), 100)
    details[0xA002], details[0xA003] = flight.width_px, flight.height_px
    details[0xA405] = focal_35mm(flight)
    _add_gps(exif.get_ifd(GPS_IFD), shot)
    return exif


def focal_35mm(flight: Flight) -> int:
    """Give the focal length with the same diagonal field of view on 35 mm film, mm.

    >>> focal_35mm(Flight())
    35
    """
    diagonal_mm = SENSOR_WIDTH_MM * float(np.hypot(1, flight.height_px / flight.width_px))
    return round(FOCAL_MM * DIAGONAL_35MM_MM / diagonal_mm)


def xmp_packet(shot: Shot, flight: Flight) -> str:
    """Build the XMP packet of one photo."""
    lon, lat, height_m = shot.lonlat_h
    values = {
        "GpsStatus": "RTK" if flight.rtk else "Normal",
        "AltitudeType": "RtkAlt" if flight.rtk else "GpsFusionAlt",
        "GpsLatitude": f"{lat:+.10f}",
        "GpsLongitude": f"{lon:+.10f}",
        "AbsoluteAltitude": f"{height_m:+.3f}",
        "RelativeAltitude": f"{shot.height_m:+.3f}",
        "GimbalRollDegree": f"{shot.roll_deg:+.2f}",
        "GimbalYawDegree": f"{shot.yaw_deg:+.2f}",
        "GimbalPitchDegree": f"{shot.pitch_deg:+.2f}",
        "FlightYawDegree": f"{shot.yaw_deg:+.2f}",
        "CalibratedFocalLength": f"{flight.focal_px:.6f}",
        "CalibratedOpticalCenterX": f"{flight.width_px / 2:.6f}",
        "CalibratedOpticalCenterY": f"{flight.height_px / 2:.6f}",
        "DewarpFlag": "0",
    }
    if flight.rtk:
        values |= {
            "RtkFlag": "50",
            "RtkStdLon": f"{flight.gps_sigma_m:.5f}",
            "RtkStdLat": f"{flight.gps_sigma_m:.5f}",
            "RtkStdHgt": f"{flight.gps_sigma_up_m:.5f}",
        }
    attributes = "\n".join(f'   drone-dji:{name}="{value}"' for name, value in values.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about="Tenken rendered photo"\n'
        '   xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"\n'
        f"{attributes}/>\n"
        " </rdf:RDF>\n"
        "</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    )


def _add_gps(gps: dict[int, object], shot: Shot) -> None:
    """Fill the GPS directory: version, latitude, longitude, ellipsoidal height, datum."""
    lon, lat, height_m = shot.lonlat_h
    gps[0] = b"\x02\x03\x00\x00"
    gps[1], gps[2] = "N" if lat >= 0 else "S", _sexagesimal(abs(lat))
    gps[3], gps[4] = "E" if lon >= 0 else "W", _sexagesimal(abs(lon))
    gps[5] = b"\x00" if height_m >= 0 else b"\x01"
    gps[6] = IFDRational(round(abs(height_m) * 1000), 1000)
    gps[18] = "WGS-84"


def _sexagesimal(angle_deg: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Split an angle into degrees, minutes and seconds; 1e-6 of a second is 0.03 mm."""
    micro_s = round(angle_deg * 3600e6)
    degrees, rest = divmod(micro_s, 3_600_000_000)
    minutes, seconds = divmod(rest, 60_000_000)
    return IFDRational(degrees, 1), IFDRational(minutes, 1), IFDRational(seconds, 1_000_000)
