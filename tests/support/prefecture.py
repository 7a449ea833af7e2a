"""Invent a prefecture: bridges with attributes and positions, and prices. All of it made up."""

import random

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.prioritymodel import Attribute
from inspection.domain.programme import Work
from inspection.domain.unitcost import CostUnit, UnitCost

FISCAL_YEAR = 2026
TOWNS = ("七尾市", "輪島市", "珠洲市", "志賀町", "穴水町", "能登町")
STRUCTURES = ("鋼鈑桁橋", "PC桁橋", "RC桁橋")


def invent_bridges(count: int, *, seed: int = 7) -> list[LedgerEntry]:
    """Invent bridges; the same seed gives the same ones."""
    rng = random.Random(seed)
    return [_bridge(number, rng) for number in range(1, count + 1)]


def _bridge(number: int, rng: random.Random) -> LedgerEntry:
    soundness = rng.choices(["I", "II", "III", "IV"], [36, 52, 11.5, 0.5])[0]
    inspected = rng.randint(FISCAL_YEAR - 5, FISCAL_YEAR - 1)
    attributes: dict[str, Attribute] = {
        "soundness": soundness,
        "inspection_fiscal_year": inspected,
        "diagnosis_fiscal_year": inspected,
        "built_fiscal_year": rng.randint(1950, 2015),
        "length_m": round(min(400.0, 6 * 2.718 ** rng.gauss(0.8, 0.8)), 1),
        "width_m": round(rng.uniform(4, 12), 1),
        "adt": int(2.718 ** rng.gauss(7, 1.2)),
        "coast_distance_m": int(2.718 ** rng.gauss(7.5, 1.5)),
        "emergency_route": rng.choices(["1", "2", "3", "none"], [15, 15, 10, 60])[0],
        "under_bridge": rng.choices(["railway", "road", "river"], [3, 17, 80])[0],
        "deicing": rng.choice(["heavy", "moderate", "none"]),
        "detour_min": rng.choices([5.0, 20.0, 45.0], [70, 22, 8])[0],
    }
    if soundness in ("III", "IV"):
        attributes["countermeasures"] = "C2" if soundness == "III" else "E1"
    asset_id = f"X-{number:05d}"
    return LedgerEntry(
        asset=Asset(
            asset_id=asset_id,
            name=f"架空橋{number}",
            kind=AssetKind.BRIDGE,
            attributes=attributes,
        ),
        sheet=AssetSheet(
            asset_id=asset_id,
            municipality=rng.choice(TOWNS),
            structure=rng.choice(STRUCTURES),
            lon_deg=round(rng.uniform(136.7, 137.3), 6),
            lat_deg=round(rng.uniform(36.9, 37.5), 6),
        ),
    )


PRICES = tuple(
    UnitCost(name=name, work=work, unit=unit, yen=yen, structure=structure, overhead_percent=60)
    for name, work, unit, yen, structure in (
        ("ひび割れ注入・表面保護", Work.PREVENTIVE, CostUnit.SQUARE_METRE, 38_000, ""),
        ("塗替え", Work.PREVENTIVE, CostUnit.SQUARE_METRE, 45_000, "鋼"),
        ("断面修復・床版補強", Work.MAJOR, CostUnit.SQUARE_METRE, 160_000, ""),
        ("当て板・床版取替", Work.MAJOR, CostUnit.SQUARE_METRE, 210_000, "鋼"),
        ("架替え", Work.REPLACEMENT, CostUnit.SQUARE_METRE, 900_000, ""),
        ("たたき落とし", Work.EMERGENCY, CostUnit.EACH, 600_000, ""),
        ("詳細調査", Work.INVESTIGATION, CostUnit.EACH, 2_500_000, ""),
        ("定期点検", Work.INSPECTION, CostUnit.METRE, 18_000, ""),
    )
)
"""Made-up prices; no agency pays these."""
