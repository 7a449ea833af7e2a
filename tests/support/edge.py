"""Every kind of file that comes in from outside, with good ones, bombs, and what reads them.

A kind that a new module takes belongs into ``kinds``; a test compares the list with the suffixes
that the readers name.
"""

import functools
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from openpyxl import Workbook
from PIL import Image

from datasets.formats.coco import read_coco
from datasets.formats.cvat import read_cvat
from datasets.formats.labelme import read_labelme
from datasets.formats.yolo import read_yolo_polygons
from flight.formats import open_mission, write_mission
from flight.inputs import read_features
from flight.logs.opening import open_log
from flight.planfile import read_plan, write_plan
from flight.terrain import read_ground
from inspection.codelists.asset_file import load_asset
from inspection.domain.asset import AssetKind
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame
from inspection.imaging.control import read_marks
from inspection.imaging.sandboxed import examine
from inspection.intake.ledger import read_ledger
from inspection.intake.roadlines import read_roads
from inspection.pipeline.enrol import open_ledger
from inspection.pipeline.ingest import ingest
from inspection.pipeline.ports import Silence
from models.adopt import Form, adopt
from tests.support import flightlog, jpegs, missions
from tests.support.edge_files import (
    ALIASES,
    DEEP,
    GEOJSON,
    HEADING,
    KML,
    LAT,
    LAUGHS,
    LINES,
    LON,
    OUTSIDE,
    RASTER,
    ROWS,
    VIRTUAL,
    gpkg_in,
    heights_in,
    huge_png,
    members_of,
    saved,
    zipped,
)
from tests.support.flightplans import small_plan
from tests.support.tiny_network import write_tiny_network

PIXELS = 4_000_000
TODAY = date(2026, 4, 1)
Read = Callable[[Path], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Describe one kind of file.

    Attributes:
        name: of the kind.
        file: name of such a file.
        seeds: good files.
        read: what the product does with it first; raises only documented errors.
        bombs: files that were made to do harm; ``{beside}`` names the folder they lie in.
    """

    name: str
    file: str
    seeds: tuple[bytes, ...]
    read: Read
    bombs: tuple[bytes, ...] = ()


@functools.cache
def kinds() -> dict[str, Kind]:
    """Give every kind by its name."""
    with TemporaryDirectory() as folder:
        found = [
            *_photos(),
            *_tables(Path(folder)),
            *_flights(Path(folder)),
            *_others(Path(folder)),
        ]
    return {kind.name: kind for kind in found}


def _look(path: Path) -> object:
    """Do with a photo what an upload meets: the sandbox's own code, then the product's."""
    found = examine(path, PIXELS)
    flaw = {name: found[name] for name in ("reason", "detail") if name in found}
    taken = ingest([path], gps_required=False, progress=Silence())
    if flaw or taken.rejections:
        raise BadInput("; ".join([*flaw.values(), *(row.detail for row in taken.rejections)]))
    return taken.photos


def _photos() -> list[Kind]:
    taken = datetime(2026, 4, 1, 3, tzinfo=UTC)
    jpeg = jpegs.jpeg(taken, place=(LAT, LON), xmp=jpegs.DJI_XMP)
    shades = np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)
    pictures = {
        kind: tuple(saved(Image.fromarray(shades), kind, **more) for more in options)
        for kind, options in {
            "PNG": ({}, {"compress_level": 0}),
            "TIFF": (
                {},
                {"compression": "tiff_lzw"},
                {"compression": "tiff_deflate"},
                {"compression": "jpeg"},
            ),
            "JPEG": ({"progressive": True},),
        }.items()
    }
    return [
        Kind(
            name="JPEG",
            file="a.jpg",
            seeds=(jpeg, *pictures["JPEG"]),
            read=_look,
            bombs=(jpeg + b"\0" * 70_000,),
        ),
        Kind(name="PNG", file="a.png", seeds=pictures["PNG"], read=_look, bombs=(huge_png(),)),
        Kind(name="TIFF", file="a.tif", seeds=pictures["TIFF"], read=_look),
        Kind(
            name="ZIP as a photo",
            file="a.jpg",
            seeds=(zipped({"doc.kml": KML, "a.txt": b"a" * 99}),),
            read=_look,
            bombs=(zipped({"doc.kml": bytes(30_000_000)}),),
        ),
    ]


def _tables(folder: Path) -> list[Kind]:
    csv = "\n".join(",".join(f'"{c}"' for c in row) for row in [HEADING, *ROWS])
    book = Workbook()
    for row in [HEADING, *ROWS]:
        book.active.append(row)
    xlsx = io.BytesIO()
    book.save(xlsx)
    record = json.dumps(
        {"result": [{"施設番号": "B-1", "橋梁名": "大橋", "緯度": LAT, "経度": LON}]},
        ensure_ascii=False,
    )
    gpkg = gpkg_in(folder)
    swollen = zipped({**members_of(xlsx.getvalue()), "xl/worksheets/sheet1.xml": b" " * 60_000_000})
    outer = zipped({**members_of(xlsx.getvalue()), "xl/sharedStrings.xml": LAUGHS})
    return [
        Kind(
            name="CSV",
            file="a.csv",
            seeds=(csv.encode(), csv.encode("cp932"), csv.replace(",", "\t").encode("utf-16")),
            read=_ledger,
            bombs=(b'"' * 100_000, b"," * 200_000),
        ),
        Kind(
            name="XLSX",
            file="a.xlsx",
            seeds=(xlsx.getvalue(),),
            read=_ledger,
            bombs=(swollen, outer),
        ),
        Kind(
            name="xROAD JSON", file="a.json", seeds=(record.encode(),), read=_ledger, bombs=(DEEP,)
        ),
        Kind(
            name="GeoJSON ledger", file="a.geojson", seeds=(GEOJSON,), read=_ledger, bombs=(DEEP,)
        ),
        Kind(
            name="GPKG ledger", file="a.gpkg", seeds=(gpkg,), read=_ledger, bombs=(VIRTUAL, OUTSIDE)
        ),
        Kind(
            name="GeoJSON roads",
            file="a.geojson",
            seeds=(LINES,),
            read=read_roads,
            bombs=(VIRTUAL, DEEP),
        ),
        Kind(
            name="GeoJSON site",
            file="a.geojson",
            seeds=(GEOJSON,),
            read=read_features,
            bombs=(VIRTUAL, OUTSIDE, DEEP),
        ),
        Kind(
            name="KML site",
            file="a.kml",
            seeds=(KML,),
            read=read_features,
            bombs=(LAUGHS, OUTSIDE, VIRTUAL),
        ),
        Kind(
            name="KMZ site",
            file="a.kmz",
            seeds=(zipped({"doc.kml": KML}),),
            read=read_features,
            bombs=(
                zipped({"doc.kml": bytes(80_000_000)}),
                zipped({"../../x.kml": KML}),
                zipped({"doc.kml": LAUGHS}),
            ),
        ),
        Kind(name="GPKG site", file="a.gpkg", seeds=(gpkg,), read=read_features, bombs=(VIRTUAL,)),
    ]


def _ledger(path: Path) -> object:
    opened = open_ledger(path)
    return read_ledger(opened.table, opened.mapping, kind=AssetKind.BRIDGE, today=TODAY)


def _flights(folder: Path) -> list[Kind]:
    written = {}
    for suffix, drone in [
        (".plan", None),
        (".waypoints", None),
        (".kml", None),
        (".geojson", None),
        (".kmz", "M3E"),
    ]:
        path = folder / f"mission{suffix}"
        write_mission(missions.BRIDGE, path, drone=drone)
        written[suffix] = path.read_bytes()
    kept = folder / "plan.photos.geojson"
    write_plan(small_plan(), kept)
    log = flightlog.line_flight(lines=1)
    binary = b"".join(flightlog.binary_parts(log)[:40])
    mrk = "\n".join(flightlog.mrk_lines(log.triggers[:4])).encode()
    listed = b"image,lat,lon,h,sd_n,sd_e,sd_u,q\na.jpg,36.5,136.6,80,0.01,0.01,0.02,1\n"
    missions_read = [
        Kind(
            name=f"mission {suffix}",
            file=f"a{suffix}",
            seeds=(content,),
            read=open_mission,
            bombs=(DEEP, LAUGHS, OUTSIDE, zipped({"wpmz/template.kml": bytes(80_000_000)})),
        )
        for suffix, content in written.items()
    ]
    return [
        *missions_read,
        Kind(
            name="photo plan",
            file="a.photos.geojson",
            seeds=(kept.read_bytes(),),
            read=read_plan,
            bombs=(DEEP,),
        ),
        Kind(name="dataflash log", file="a.bin", seeds=(binary,), read=open_log),
        Kind(
            name="dataflash text",
            file="a.log",
            seeds=(flightlog.text_log(log)[:3000].encode(),),
            read=open_log,
        ),
        Kind(name="marks and lists", file="a.mrk", seeds=(mrk, listed), read=open_log),
        Kind(
            name="heights",
            file="a.tif",
            seeds=(heights_in(folder),),
            read=_ground,
            bombs=(RASTER, VIRTUAL),
        ),
    ]


def _ground(path: Path) -> object:
    return read_ground(path, LocalFrame(lon_deg=LON, lat_deg=LAT), (-20.0, -20.0, 20.0, 20.0))


def _others(folder: Path) -> list[Kind]:
    network = write_tiny_network(folder).onnx_path
    asset = "asset_id: B-1\nname: 点検橋\nkind: bridge\nattributes: {adt: 12000, w: 8.5}\n"
    marks = "name,photo,x_px,y_px,lon,lat,h\nP1,a.jpg,10,20,136.65,36.56,12.5\n"
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "crack"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]},
            {
                "id": 2,
                "image_id": 1,
                "category_id": 1,
                "segmentation": {"size": [48, 64], "counts": [100, 20, 2952]},
            },
        ],
    }
    labelme = {
        "imageWidth": 64,
        "imageHeight": 48,
        "shapes": [{"label": "crack", "shape_type": "polygon", "points": [[1, 1], [9, 1], [9, 9]]}],
    }
    cvat = b"""<annotations><version>1.1</version><image id="0" name="a.jpg" width="64" height="48">
<polygon label="crack" points="1,1;9,1;9,9"/>
<box label="crack" xtl="1" ytl="1" xbr="5" ybr="6"/></image></annotations>"""
    return [
        Kind(name="ONNX", file="a.onnx", seeds=(network.read_bytes(),), read=_network),
        Kind(
            name="asset YAML",
            file="a.yaml",
            seeds=(asset.encode(),),
            read=load_asset,
            bombs=(DEEP[:5000], ALIASES),
        ),
        Kind(name="control points", file="a.csv", seeds=(marks.encode(),), read=read_marks),
        Kind(
            name="COCO",
            file="a.json",
            seeds=(json.dumps(coco).encode(),),
            read=read_coco.__wrapped__,
            bombs=(DEEP,),
        ),
        Kind(
            name="labelme",
            file="a.json",
            seeds=(json.dumps(labelme).encode(),),
            read=read_labelme,
            bombs=(DEEP,),
        ),
        Kind(
            name="CVAT",
            file="a.xml",
            seeds=(cvat,),
            read=read_cvat.__wrapped__,
            bombs=(LAUGHS, OUTSIDE),
        ),
        Kind(
            name="YOLO labels",
            file="a.txt",
            seeds=(b"0 0.1 0.1 0.5 0.1 0.5 0.5\n1 0.2 0.2 0.4 0.2 0.4 0.9\n",),
            read=_yolo,
        ),
    ]


def _network(path: Path) -> onnx.ModelProto:
    return adopt(path, Form(channels=("background", "crack", "spall", "crack", "crack", "crack")))


def _yolo(path: Path) -> object:
    return read_yolo_polygons(path, (48, 64))
