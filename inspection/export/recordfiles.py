"""Write an approved record as data: CSV of its elements, JSON, GeoJSON, GeoPackage, DXF map."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from inspection.domain.inspectionrecord import ConfirmedDefect, InspectionRecord, to_plain
from inspection.errors import BadInput
from inspection.export.cells import Cell
from inspection.export.dxf import DamageMap, MapItem
from inspection.export.encoding import CsvReport, Encoding, encode_rows
from inspection.export.formvalues import size_words
from inspection.export.geojson import bounds_of
from inspection.export.gpkgfile import Layer, write_layers
from inspection.export.writing import replacing
from inspection.geo.frames import WGS84_LONLAT

ELEMENT_COLUMNS = (
    ("asset_id", "施設番号"),
    ("span", "径間番号"),
    ("element", "要素番号"),
    ("material", "材料"),
    ("line", "損傷"),
    ("inspector", "点検者"),
    ("countermeasures", "対策区分"),
    ("soundness", "健全性"),
    ("fiscal_year", "点検年度"),
)
"""Columns of the element sheet; ``tenken assets import --as elements`` reads them back."""

DEFECT_FIELDS = (
    "number",
    "defect_id",
    "damage_class",
    "damage_ja",
    "damage_en",
    "member",
    "grade",
    "width",
    "length",
    "area",
    "confirmed_by",
    "confirmed_at",
)


def write_elements_csv(
    record: InspectionRecord, path: Path, *, encoding: Encoding = "utf-8-sig"
) -> CsvReport:
    """Write the damage records of the elements as a sheet that imports again."""
    rows = [
        [_element(record, i)[name] for name, _ in ELEMENT_COLUMNS]
        for i in range(len(record.damages))
    ]
    content, report = encode_rows([ja for _, ja in ELEMENT_COLUMNS], rows, encoding=encoding)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return report


def _element(record: InspectionRecord, index: int) -> dict[str, Cell]:
    damage = record.damages[index]
    return {
        "asset_id": record.asset_id,
        "span": damage.span,
        "element": damage.element,
        "material": damage.material,
        "line": damage.line,
        "inspector": damage.inspector,
        "countermeasures": "+".join(damage.countermeasures),
        "soundness": damage.soundness,
        "fiscal_year": record.fiscal_year,
    }


def record_features(record: InspectionRecord) -> dict[str, Any]:
    """Give the confirmed damages with a place as a feature collection (RFC 7946)."""
    features = []
    for defect in record.defects:
        if not defect.outline_lonlat:
            continue
        shape = shapely.orient_polygons(shapely.from_wkt(defect.outline_lonlat))
        features.append(
            {
                "type": "Feature",
                "id": defect.defect_id,
                "bbox": [float(value) for value in shape.bounds],
                "geometry": shapely.geometry.mapping(shape),
                "properties": {"asset_id": record.asset_id, "fiscal_year": record.fiscal_year}
                | {name: getattr(defect, name) for name in DEFECT_FIELDS},
            }
        )
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    if features:
        collection["bbox"] = bounds_of([feature["bbox"] for feature in features])
    return collection | {"features": features}


def record_json(record: InspectionRecord, sha256: str) -> dict[str, Any]:
    """Give a record with its digest; the digest is that of ``record`` in canonical JSON."""
    return {"sha256": sha256, "record": to_plain(record)}


def write_record_gpkg(record: InspectionRecord, path: Path) -> None:
    """Write layers of asset and damages, and tables of spans, elements and photos.

    Raises:
        Unavailable: when the file cannot be written.
    """
    lon, lat = record.sheet.get("lon_deg"), record.sheet.get("lat_deg")
    placed = [d for d in record.defects if d.outline_lonlat]
    layers = [
        Layer(
            name="assets",
            kind="Point",
            shapes=[] if lon is None else [shapely.Point(lon, lat)],
            table={} if lon is None else _asset_table(record),
        ),
        Layer(
            name="damages",
            kind="MultiPolygon",
            shapes=[_multi(d) for d in placed],
            table={name: [getattr(d, name) for d in placed] for name in DEFECT_FIELDS},
        ),
        Layer(
            name="spans",
            table={
                "asset_id": [record.asset_id for _ in record.spans],
                "span": [int(number) for number in record.spans],
                "length_m": list(record.spans.values()),
            },
        ),
        Layer(
            name="elements",
            table={
                name: [_element(record, i)[name] for i in range(len(record.damages))]
                for name, _ in ELEMENT_COLUMNS
            },
        ),
        Layer(name="images", table=_images(record)),
    ]
    with replacing(path) as temporary:
        temporary.unlink()  # the driver adds to a file that is there
        write_layers(temporary, layers, crs=WGS84_LONLAT)


def _asset_table(record: InspectionRecord) -> dict[str, Sequence[Cell]]:
    table: dict[str, Sequence[Cell]] = {
        "asset_id": [record.asset_id],
        "name": [record.name],
        "fiscal_year": [record.fiscal_year],
        "soundness": [record.diagnosis.value],
        "guideline": [record.guideline],
    }
    for name in ("kana", "route_name", "municipality", "administrator", "structure"):
        table[name] = [str(record.sheet.get(name, ""))]
    return table


def _images(record: InspectionRecord) -> dict[str, Sequence[Cell]]:
    """List the photos of each damage with their digests, which prove that they are unchanged."""
    pairs = [
        (defect, name, sha256)
        for defect in record.defects
        for name, sha256 in zip(defect.photos, defect.photo_sha256s, strict=True)
    ]
    return {
        "defect_id": [defect.defect_id for defect, _, _ in pairs],
        "number": [defect.number for defect, _, _ in pairs],
        "photo": [name for _, name, _ in pairs],
        "sha256": [sha256 for _, _, sha256 in pairs],
    }


def _multi(defect: ConfirmedDefect) -> shapely.Geometry:
    shape = shapely.from_wkt(defect.outline_lonlat)
    return shape if isinstance(shape, shapely.MultiPolygon) else shapely.MultiPolygon([shape])


def record_map(
    record: InspectionRecord, colours: dict[str, str], *, survey_id: str | None, language: str
) -> DamageMap:
    """Lay the confirmed damage of one face or deck out as a drawing.

    Args:
        record: what was approved.
        colours: by code of the damage.
        survey_id: whose face; may be None where the record has one survey.
        language: of the words.

    Raises:
        BadInput: when the record has no such survey, or several and none was named.
    """
    ids = [survey.survey_id for survey in record.surveys]
    if survey_id is None and len(ids) == 1:
        survey_id = ids[0]
    if survey_id is None or survey_id not in ids:
        raise BadInput(
            f"a damage map shows the face of one survey; the record of {record.asset_id} has "
            f"{', '.join(ids) or 'none'}; name one with --survey"
        )
    survey = next(one for one in record.surveys if one.survey_id == survey_id)
    found = [d for d in record.defects if d.survey_id == survey_id]
    items = [
        MapItem(
            defect_id=d.defect_id,
            label=_label(d, language),
            kind=d.damage_ja if language == "ja" else d.damage_en,
            colour=colours[d.damage_class],
            confirmed=True,
            outline_m=shapely.from_wkt(d.outline_surface),
            axis_m=shapely.from_wkt(d.axis_surface) if d.axis_surface else None,
            anchor_m=(d.anchor_surface[0], d.anchor_surface[1]),
        )
        for d in found
    ]
    title = [f"{record.name} ({record.asset_id})", f"{survey.date} {survey.surface}"]
    return DamageMap(title=title, crs=survey.crs, corners_m=None, items=items)


def _label(defect: ConfirmedDefect, language: str) -> str:
    name = defect.damage_ja if language == "ja" else defect.damage_en
    parts = [str(defect.number), f"{name}-{defect.grade}" if defect.grade else name]
    return " ".join([*parts, size_words(defect)])
