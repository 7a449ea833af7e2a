"""Carry what a ledger says about an asset, and bring it together with what is known.

Source: domain specification §7.1 (columns of xROAD and of open data).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.roadsection import PavementKind, RoadSection
from inspection.errors import BadInput

Attribute = str | float | bool
Choice = TypeVar("Choice", bound=StrEnum)

NOT_YET = ("未", "予定", "見込", "一部", "設計", "工事中", "施工中", "not ", "undone", "abandon")
"""Words of a repair status that take back a word of completion beside them."""


def says_done(repair_status: str, done_words: Iterable[str]) -> bool:
    """Tell whether a repair status says that the measure has been carried out, all of it.

    A bridge that is wrongly taken for repaired drops out of every programme, so that doubt counts
    as not done.

    >>> says_done("措置完了（R6）", ["完了"]), says_done("未完了", ["完了"])
    (True, False)
    >>> says_done("R9 完了予定", ["完了"]), says_done("設計完了", ["完了"])
    (False, False)
    """
    plain = repair_status.lower()
    return any(word in plain for word in done_words) and not any(word in plain for word in NOT_YET)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSheet:
    """Describe where an asset is and who looks after it; empty text means unknown.

    Attributes:
        asset_id: the asset.
        xroad_id: identifier of xROAD (shisetsu_id).
        kana: name in kana.
        route_name: such as 主要地方道 金沢小松線.
        prefecture: name.
        municipality: name.
        municipality_code: 全国地方公共団体コード.
        address: in words.
        administrator: who looks after it.
        structure: form of the superstructure, as the ledger says.
        repair_status: state of the measures, as the ledger says.
        lon_deg: longitude, JGD2011 or WGS 84; None when unknown.
        lat_deg: latitude; None when unknown.
    """

    asset_id: str
    xroad_id: str = ""
    kana: str = ""
    route_name: str = ""
    prefecture: str = ""
    municipality: str = ""
    municipality_code: str = ""
    address: str = ""
    administrator: str = ""
    structure: str = ""
    repair_status: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None

    def __post_init__(self) -> None:
        """Check that a position is whole and on the earth."""
        if (self.lon_deg is None) != (self.lat_deg is None):
            missing = "longitude" if self.lon_deg is None else "latitude"
            raise BadInput(f"the position lacks its {missing}; give both or none")
        if self.lat_deg is not None and not -90 <= self.lat_deg <= 90:
            raise BadInput(
                f"latitude {self.lat_deg}° is outside −90 to 90; swapped with longitude?"
            )
        if self.lon_deg is not None and not -180 <= self.lon_deg <= 180:
            raise BadInput(f"longitude {self.lon_deg}° is outside −180 to 180")

    @property
    def lonlat(self) -> tuple[float, float] | None:
        """Give longitude and latitude, degrees; None when unknown."""
        if self.lon_deg is None or self.lat_deg is None:
            return None
        return self.lon_deg, self.lat_deg


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """Carry one asset as it is known: what the rules read, and what people read."""

    asset: Asset
    sheet: AssetSheet
    section: RoadSection | None = None

    def __post_init__(self) -> None:
        """Check that the parts speak of one asset."""
        names = {self.asset.asset_id, self.sheet.asset_id}
        names |= {self.section.asset_id} if self.section else set()
        if len(names) != 1:
            raise BadInput(f"an entry speaks of several assets: {sorted(names)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """Carry what one row of a ledger says; what it does not say is not there.

    Attributes:
        asset_id: the asset.
        asset: fields of the asset by name: name, kind, concrete.
        sheet: fields of the sheet by name.
        section: fields of the road section by name.
        attributes: inputs of the priority model.
    """

    asset_id: str
    asset: Mapping[str, str] = field(default_factory=dict)
    sheet: Mapping[str, str | float] = field(default_factory=dict)
    section: Mapping[str, str | float] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def merge(known: LedgerEntry | None, row: LedgerRow, *, kind: AssetKind) -> LedgerEntry:
    """Bring a row together with what is known: what it says replaces, what it omits stays.

    Args:
        known: the asset as it stands; None when it is new.
        row: what the ledger says.
        kind: kind of a new asset whose row does not say.

    Raises:
        BadInput: when a new asset has no name, or what comes out is impossible.
    """
    before = known.asset if known else None
    name = row.asset.get("name", before.name if before else "")
    if not name:
        raise BadInput(f"asset {row.asset_id!r} is new and has no name")
    asset = Asset(
        asset_id=row.asset_id,
        name=name,
        kind=_one(AssetKind, "kind", row.asset.get("kind", before.kind if before else kind)),
        member=before.member if before else "",
        concrete=_one(
            Concrete, "concrete", row.asset.get("concrete", before.concrete if before else "RC")
        ),
        attributes={**(before.attributes if before else {}), **row.attributes},
    )
    sheet = replace(
        known.sheet if known else AssetSheet(asset_id=row.asset_id),
        **{name: value for name, value in row.sheet.items() if value != ""},  # type: ignore[arg-type]
    )
    return LedgerEntry(asset=asset, sheet=sheet, section=_section(known, row))


def _one(kind: type[Choice], field_name: str, value: object) -> Choice:
    """Give a choice by its text."""
    try:
        return kind(str(value))
    except ValueError as error:
        raise BadInput(
            f"{field_name} {value!r} is none of {', '.join(one.value for one in kind)}"
        ) from error


def _section(known: LedgerEntry | None, row: LedgerRow) -> RoadSection | None:
    """Bring the road section together."""
    before = known.section if known else None
    if not row.section:
        return before
    allowed = {one.name for one in fields(RoadSection)}
    unknown = sorted(set(row.section) - allowed)
    if unknown:
        raise BadInput(f"a road section has no fields {unknown}")
    values: dict[str, Any] = dict(row.section)
    if "pavement" in values:
        values["pavement"] = _one(PavementKind, "pavement", values["pavement"])
    return replace(before or RoadSection(asset_id=row.asset_id), **values)
