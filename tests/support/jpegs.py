"""Small JPEGs with the metadata that cameras write."""

import io
from datetime import datetime

import numpy as np
from PIL import Image

DJI_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="DJI Meta Data" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
    xmlns:Camera="http://pix4d.com/camera/1.0"
    tiff:Make="DJI" exif:GPSLatitude="46,50.5N" drone-dji:AbsoluteAltitude="+198.31"
    drone-dji:RelativeAltitude="+39.80" drone-dji:GimbalYawDegree="+45.00"
    drone-dji:GimbalPitchDegree="-89.90" drone-dji:GimbalRollDegree="+0.00"
    drone-dji:RtkStdLat="0.9" drone-dji:GpsLongtitude="-91.9" Camera:GPSXYAccuracy="3.5">
   <drone-dji:RtkStdHgt>1.9</drone-dji:RtkStdHgt>
   <Camera:BandName><rdf:Seq><rdf:li>Red</rdf:li></rdf:Seq></Camera:BandName>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""


def jpeg(
    taken: datetime | None = None,
    *,
    subseconds: bool = True,
    place: tuple[float, float] | None = None,
    xmp: str | None = None,
    shade: int = 90,
    big_endian: bool = False,
    exif: bool = True,
) -> bytes:
    """Give a small JPEG; ``place`` is (latitude, longitude) as EXIF GPS."""
    picture = np.full((24, 32, 3), shade, np.uint8)
    picture[6:18, 8:24] = 255 - shade
    tags = Image.Exif()
    tags.endian = ">" if big_endian else "<"
    tags[0x010F], tags[0x0110] = "Maker", "Model 7"
    block = tags.get_ifd(0x8769)
    block[0x927C] = b"MAKER\x00" + bytes(range(64))  # a maker's note
    if taken is not None:
        block[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")
        if subseconds:
            block[0x9291] = f"{taken.microsecond // 10_000:02d}"
    if place is not None:
        gps = tags.get_ifd(0x8825)
        lat, lon = place
        gps[1], gps[2] = "N" if lat >= 0 else "S", _dms(abs(lat))
        gps[3], gps[4] = "E" if lon >= 0 else "W", _dms(abs(lon))
        gps[5], gps[6] = b"\x00", 12.5
    out = io.BytesIO()
    extra = {"xmp": xmp.encode()} if xmp is not None else {}
    if exif:
        extra["exif"] = tags.tobytes()
    Image.fromarray(picture).save(out, "JPEG", quality=80, **extra)
    return out.getvalue()


def _dms(degrees: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(degrees * 3600, 60)
    whole, minutes = divmod(minutes, 60)
    return (whole, minutes, seconds)
