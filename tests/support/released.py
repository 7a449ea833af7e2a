"""Records of inspections for tests: made by hand, or approved in a seeded home folder.

Fill a home folder with a reviewed survey by hand, as docs/records-and-open-data.md does::

    python -m tests.support.released home
"""

import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import Connection

from inspection.domain.asset import Asset
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.bridge import Element, Span
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.elementnumber import read_element
from inspection.domain.inspectionrecord import (
    ConfirmedDefect,
    Diagnosis,
    InspectionRecord,
    RecordedDamage,
    RecordedSurvey,
)
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.store import assets, elements, reviews, sheets
from inspection.store.engine import create_engine, writing
from tests.support.seed import SeededSurvey, database_url, seed

APPROVED_AT = datetime(2026, 5, 1, 0, 0, tzinfo=UTC)
FISCAL_YEAR = 2026
"""Fiscal year of the seeded surveys (1 April 2026)."""

SECRETS = ("検査員花子", "承認者次郎", "秘密の所見", "水道管株式会社", "内部メモ", "確認者三郎")
"""Words of people and notes that must never get into open data."""


class AtNoon:
    """Tell always the same time, noon in Japan."""

    def __init__(self, moment: datetime = APPROVED_AT) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def make_damage(element: str = "Mg0101", **changes: Any) -> RecordedDamage:
    values: dict[str, Any] = {
        "span": 1,
        "element": element,
        "member_no": element[2:4],
        "group": "superstructure",
        "member_ja": "主桁",
        "member_en": "Main girder",
        "material": "C",
        "damage_no": 6,
        "damage_ja": "ひびわれ",
        "damage_en": "Cracking",
        "grade": "d",
        "previous": "c",
        "values": "0.25mm/0.5m未満",
        "pattern": 2,
        "division": 0,
        "words": "",
        "line": "⑥ひびわれ(中大)-c→d[0.25mm/0.5m未満]パターン②",
        "countermeasures": ("C1", "S1"),
        "soundness": "II",
        "inspector": SECRETS[0],
        "main": True,
    }
    return RecordedDamage(**(values | changes))


def make_confirmed(number: int = 1, **changes: Any) -> ConfirmedDefect:
    lon, lat = 136.6256691234, 36.5946061234
    values: dict[str, Any] = {
        "number": number,
        "defect_id": str(uuid.UUID(int=number)),
        "survey_id": str(uuid.UUID(int=999)),
        "damage_class": "crack",
        "damage_ja": "ひびわれ",
        "damage_en": "Crack",
        "member": "Ds0101",
        "grade": "d",
        "width": "0.40 ± 0.10",
        "length": "1.25 ± 0.02",
        "area": "0.003",
        "lon_deg": lon,
        "lat_deg": lat,
        "photos": ("DJI_0001.JPG",),
        "photo_sha256s": ("a" * 64,),
        "confirmed_by": SECRETS[5],
        "confirmed_at": "2026-04-20T01:00:00+00:00",
        "mosaic_sha256": "b" * 64,
        "box_px": (10, 10, 60, 20),
        "surface_crs": "EPSG:6675",
        "outline_surface": shapely.box(0.5, 0.5, 1.75, 0.52).wkt,
        "axis_surface": "LINESTRING (0.5 0.51, 1.75 0.51)",
        "anchor_surface": (1.0, 0.51),
        "outline_lonlat": shapely.box(lon - 5e-6, lat - 5e-7, lon + 5e-6, lat + 5e-7).wkt,
    }
    return ConfirmedDefect(**(values | changes))


def make_record(**changes: Any) -> InspectionRecord:
    values: dict[str, Any] = {
        "asset_id": "ISK-0001",
        "fiscal_year": FISCAL_YEAR,
        "guideline": "jp_bridge_2024",
        "asset": {"name": "犀川大橋", "kind": "bridge", "member": "Ds0101", "concrete": "RC"},
        "attributes": {
            "length_m": 62.3,
            "width_m": 21.5,
            "built_fiscal_year": 1924,
            "emergency_route": "1",
        },
        "sheet": {
            "xroad_id": "36.594606, 136.625669",
            "kana": "サイガワオオハシ",
            "route_name": "国道１５７号",
            "prefecture": "石川県",
            "municipality": "金沢市",
            "municipality_code": "17201",
            "address": "片町二丁目",
            "administrator": "石川県",
            "structure": "鋼トラス橋",
            "repair_status": "",
            "lon_deg": 136.6256691234,
            "lat_deg": 36.5946061234,
        },
        "spans": {"1": 62.3, "2": None},
        "diagnosis": Diagnosis(
            subject="ISK-0001",
            value="II",
            by=SECRETS[1],
            at="2026-04-25T00:00:00+00:00",
            note=SECRETS[4],
        ),
        "groups": (Diagnosis(subject="1/Mg", value="II", by=SECRETS[0], source="record"),),
        "damages": (make_damage(),),
        "defects": (make_confirmed(),),
        "surveys": (
            RecordedSurvey(
                survey_id=str(uuid.UUID(int=999)),
                date="2026-04-10",
                surface="nadir",
                crs="EPSG:6675",
                mosaic_sha256="b" * 64,
                gsd_mm_per_px=0.5,
                photos=12,
                models=("crack-n@0123456789ab",),
            ),
        ),
        "findings": {
            "evaluation": {"bridge": {"live_load": "B", "flood": "C"}},
            "events": {"salt": "有"},
            "remarks": SECRETS[2],
            "utilities": SECRETS[3],
        },
        "unverified": ("jp_member/1.0.0", "jp_r6_form/1.0.0"),
    }
    return InspectionRecord(**(values | changes))


def with_sheet(record: InspectionRecord, **changes: Any) -> InspectionRecord:
    """Give a record whose sheet says something else."""
    return replace(record, sheet={**record.sheet, **changes})


def settle(connection: Connection, survey: SeededSurvey, *, soundness: str = "II") -> None:
    """Let people do what an approval needs: ledger, records of elements, verdicts, a diagnosis."""
    known = assets.by_id(connection, survey.asset_id)
    attributes = {
        "soundness": soundness,
        "inspection_fiscal_year": FISCAL_YEAR,
        "length_m": 62.3,
        "width_m": 21.5,
        "built_fiscal_year": 1924,
        "emergency_route": "1",
    }
    asset: Asset = replace(known, name="犀川大橋", attributes=attributes)
    sheet = AssetSheet(
        asset_id=survey.asset_id,
        kana="サイガワオオハシ",
        route_name="国道157号",
        municipality="金沢市",
        municipality_code="172014",
        prefecture="石川県",
        address="片町二丁目",
        administrator="石川県",
        structure="鋼トラス橋",
        lon_deg=136.625669,
        lat_deg=36.594606,
    )
    sheets.save(connection, [LedgerEntry(asset=asset, sheet=sheet)])
    element = Element(asset_id=survey.asset_id, span=1, number=read_element("Mg0101"))
    elements.save_spans(connection, [Span(asset_id=survey.asset_id, span=1, length_m=62.3)])
    elements.save_elements(connection, [element])
    made = DamageRecord(number=7, grade="e", previous="c")
    elements.save_damages(
        connection,
        [
            ElementDamage(
                element=element,
                fiscal_year=FISCAL_YEAR,
                record=made,
                guideline="jp_bridge_2024",
                inspector=SECRETS[0],
                countermeasures=("C1",),
                soundness="II",
            )
        ],
    )
    for place, defect in enumerate(survey.defects):
        last = place == len(survey.defects) - 1
        reviews.record(
            connection,
            Verdict(
                verdict_id=uuid.uuid5(defect.defect_id, "settled"),
                defect_id=defect.defect_id,
                action=Action.REJECT if last else Action.CONFIRM,
                reviewer=SECRETS[5],
                decided_at=APPROVED_AT,
                expected_version=1,
                reason=RejectReason.STAIN if last else None,
            ),
        )


def main(home: Path) -> str:
    """Fill a home folder with a survey that people have reviewed and diagnosed."""
    seeded = seed(home)
    engine = create_engine(database_url(home))
    with writing(engine) as connection:
        settle(connection, seeded.mapped)
    engine.dispose()
    return f"{home}: bridge-12 is reviewed and diagnosed"


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
