"""Good files of every kind that comes in from outside, and files that were made to do harm."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from PIL import Image

LON, LAT = 136.6562, 36.5613
CANARY = "CANARY-8d1f"
"""Stands in files beside the one that is read; nobody may ever see it."""

HEADING = [
    "施設番号",
    "橋梁名",
    "路線名",
    "緯度",
    "経度",
    "橋長（ｍ）",
    "架設年度",
    "健全性",
    "日交通量（台／日）",
    "緊急輸送道路",
]
ROWS = [
    [
        "B-1",
        "犀川大橋",
        "国道１５９号",
        "36.5613",
        "136.6562",
        "62.5",
        "大正13年",
        "Ⅱ",
        "１２，０００",
        "第１次",
    ],
    ["B-2", "浅野川橋", "市道１号", "36°34'12\"", "136.67", "20", "S45", "3", "", "なし"],
]
FEATURES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": 7,
            "properties": {
                "施設番号": "B-1",
                "橋梁名": "大橋",
                "name": "deck",
                "top_m": 8.5,
                "speed_kmh": 40,
            },
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        for kind, coordinates in [
            ("Polygon", [[[LON, LAT], [LON + 1e-3, LAT], [LON, LAT + 1e-3], [LON, LAT]]]),
            ("LineString", [[LON, LAT], [LON + 1e-3, LAT + 1e-3]]),
            ("Point", [LON, LAT]),
        ]
    ],
}
GEOJSON = json.dumps(FEATURES, ensure_ascii=False).encode()
LINES = json.dumps(FEATURES | {"features": FEATURES["features"][1:2]}, ensure_ascii=False).encode()
KML = f"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>site</name>
<Placemark><name>deck</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
{LON},{LAT},0 {LON + 0.001},{LAT},0 {LON},{LAT + 0.001},0 {LON},{LAT},0
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
<Placemark><name>p</name><Point><coordinates>{LON},{LAT}</coordinates></Point></Placemark>
</Document></kml>""".encode()
LAUGHS = (
    b"""<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "ha">"""
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"""]>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>&j;</name></Document></kml>"""
)
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file://{beside}/canary.txt">]>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>&x;</name>
<Point><coordinates>136,36</coordinates></Point></Placemark></Document></kml>"""
VIRTUAL = b"""<OGRVRTDataSource><OGRVRTLayer name="canary">
<SrcDataSource>{beside}/canary.csv</SrcDataSource>
<GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>
<GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer></OGRVRTDataSource>"""
"""GDAL would open this under any name, and read the file that it names."""
RASTER = b"""<VRTDataset rasterXSize="20" rasterYSize="20"><SRS>EPSG:4326</SRS>
<GeoTransform>136.656, 0.0001, 0, 36.562, 0, -0.0001</GeoTransform>
<VRTRasterBand dataType="Float32" band="1">
<SimpleSource>
<SourceFilename>{beside}/canary.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>
</VRTRasterBand></VRTDataset>"""
DEEP = b"[" * 100_000
ALIASES = b"a: &a [1]\nb: &b [*a,*a]\nc: [" + b"*b," * 500 + b"]"


def saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def huge_png() -> bytes:
    """Promise 900 Mpx."""
    good = bytearray(saved(Image.new("L", (8, 8)), "PNG"))
    good[16:24] = (30_000).to_bytes(4, "big") * 2
    return bytes(good)


def gpkg_in(folder: Path) -> bytes:
    path = folder / "seed.gpkg"
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array([shapely.Point(LON, LAT), shapely.Point(LON, LAT + 0.1)])),
        field_data=[np.array(["B-1", "B-2"], dtype=object), np.array(["大橋", "橋"], dtype=object)],
        fields=["施設番号", "橋梁名"],
        geometry_type="Point",
        crs="EPSG:4326",
        driver="GPKG",
    )
    return path.read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def heights_in(folder: Path) -> bytes:
    path = folder / "canary.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=20,
        height=20,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=rasterio.transform.from_origin(LON - 1e-3, LAT + 1e-3, 1e-4, 1e-4),
    ) as raster:
        raster.write(np.arange(400, dtype=np.float32).reshape(1, 20, 20))
    return path.read_bytes()


def put_canaries(folder: Path) -> None:
    """Lay files beside that must never be seen."""
    (folder / "canary.txt").write_text(CANARY)
    (folder / "canary.csv").write_text(f"name,lon,lat\n{CANARY},136,36\n")
    heights_in(folder)
