"""Write how things stand after a disaster as a map or a table."""

import csv
import io
import json
from pathlib import Path

from sqlalchemy import Connection

from inspection.domain.emergency import CHANGE_WORDS, SIGNAL_WORDS
from inspection.errors import BadInput
from inspection.export.cells import inert
from inspection.export.writing import replace_text, replacing
from inspection.pipeline.respond import Situation, Standing
from inspection.store import sheets

COLUMNS = ("asset_id", "name", "signal", "words", "change", "soundness", "inspection_fiscal_year",
           "reported_by", "reported_at", "lat_deg", "lon_deg", "photos", "note")  # fmt: skip


def write_situation(connection: Connection, found: Situation, out: Path, *, lang: str) -> None:
    """Write GeoJSON (RFC 7946, every asset of the area) or CSV (UTF-8 with BOM, what is reported).

    Raises:
        BadInput: when the suffix is neither.
        Unavailable: when the folder cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in (".geojson", ".csv"):
        raise BadInput(f"{out.name}: how things stand is written as .geojson or .csv")
    wanted = [*(s.asset_id for s in found.standings), *found.waiting]
    entries = sheets.by_ids(connection, wanted)
    rows = [_row(standing, lang) for standing in found.standings]
    if suffix == ".csv":
        with replacing(out) as temporary:
            temporary.write_bytes(_csv(rows).encode("utf-8-sig"))
        return
    known = {str(row["asset_id"]): row for row in rows}
    features = []
    for asset_id in wanted:
        entry = entries[asset_id]
        row = known.get(asset_id, {"asset_id": asset_id, "name": entry.asset.name, "signal": None})
        place = entry.sheet.lonlat
        if place is None and row.get("lon_deg") is not None:
            place = (float(str(row["lon_deg"])), float(str(row["lat_deg"])))
        geometry = None if place is None else {"type": "Point", "coordinates": list(place)}
        features.append({"type": "Feature", "geometry": geometry, "properties": row})
    collection = {"type": "FeatureCollection", "features": features}
    replace_text(out, json.dumps(collection, ensure_ascii=False, indent=1))


def _row(standing: Standing, lang: str) -> dict[str, str | int | float | None]:
    at = 0 if lang == "ja" else 1
    told = standing.report
    lon, lat = told.lonlat or (None, None)
    return {
        "asset_id": standing.asset_id,
        "name": standing.name,
        "signal": told.signal.value,
        "words": SIGNAL_WORDS[told.signal][at],
        "change": CHANGE_WORDS[standing.change][at],
        "soundness": standing.soundness,
        "inspection_fiscal_year": standing.inspection_fiscal_year,
        "reported_by": told.reported_by,
        "reported_at": told.reported_at.isoformat(timespec="minutes"),
        "lat_deg": lat,
        "lon_deg": lon,
        "photos": " ".join(told.photos),
        "note": told.note,
    }


def _csv(rows: list[dict[str, str | int | float | None]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = [inert(row[name]) for name in COLUMNS]
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
