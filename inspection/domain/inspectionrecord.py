"""Carry what an official record of one inspection says: human values only, frozen on approval.

Machine values never stand here. What is approved is kept as a whole with its digest, so that a
record of today can be printed again in ten years whatever has happened to its rows meanwhile.

Source: domain specification §0.2 rule 1, §1.8 (fields of the 2024 forms), §1.9 (photos).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from inspection.errors import BadInput, Broken

Attribute = str | float | bool

ADDED_LATER: Mapping[str, tuple[str, ...]] = {"defects": ("grade_again",)}
"""Fields that the first records do not have, by part: written only where they say something, for
whatever is written changes the digest of what people have approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Carry a soundness that a person decided.

    Attributes:
        subject: the asset, or a member group such as ``1/Mg``.
        value: I to IV, or the class of a road section.
        by: who decided; empty when a ledger says it without a name.
        at: when, ISO 8601; empty when a ledger says it.
        note: why.
        source: ``decision`` of a person in Tenken, ``ledger`` or ``record``.
    """

    subject: str
    value: str
    by: str = ""
    at: str = ""
    note: str = ""
    source: str = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDamage:
    """Carry one damage record of one element, ready for a form.

    Attributes:
        span: number of the span.
        element: such as ``Mg0101``.
        member_no: two digits for the summary.
        group: structure group (工種).
        member_ja: name of the member.
        member_en: name of the member.
        material: code of the material.
        damage_no: 1 to 26; 0 for no damage.
        damage_ja: name of the type.
        damage_en: name of the type.
        grade: a to e.
        previous: grade before; empty when there was none.
        values: what was measured.
        pattern: of cracks; 0 when not given.
        division: 分類; 0 when not given.
        words: free words.
        line: the whole record in one line.
        countermeasures: 対策区分.
        soundness: of the member.
        inspector: who recorded it.
        main: whether the soundness of the bridge rests on the member.
    """

    span: int
    element: str
    member_no: str
    group: str
    member_ja: str
    member_en: str
    material: str
    damage_no: int
    damage_ja: str
    damage_en: str
    grade: str
    previous: str
    values: str
    pattern: int
    division: int
    words: str
    line: str
    countermeasures: tuple[str, ...]
    soundness: str
    inspector: str
    main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedDefect:
    """Carry one defect that a person confirmed.

    Attributes:
        number: counts within the record from 1; its photo number.
        defect_id: the defect.
        survey_id: where it was seen last.
        damage_class: code.
        damage_ja: name.
        damage_en: name.
        member: inspected member.
        grade: letter that a person decided; empty when nobody has.
        grade_again: ``split``, ``merged`` or ``redrawn`` where it was decided about what the defect
            was before that edit, and nobody has decided since; empty otherwise.
        width: shown with its uncertainty, or "< limit"; empty for areas.
        length: shown, m.
        area: shown, m².
        lon_deg: None when not tied to the earth.
        lat_deg: likewise.
        photos: names of the photos, best first.
        photo_sha256s: their digests.
        confirmed_by: who.
        confirmed_at: when, ISO 8601.
        mosaic_sha256: the mosaic on which it was seen.
        box_px: ``x0 y0 x1 y1`` on that mosaic.
        surface_crs: CRS of the two shapes, or ``LOCAL``.
        outline_surface: WKT of the outline.
        axis_surface: WKT of the centre line; empty for areas.
        anchor_surface: one point on it.
        outline_lonlat: WKT of the outline, degrees; empty when not tied to the earth.
    """

    number: int
    defect_id: str
    survey_id: str
    damage_class: str
    damage_ja: str
    damage_en: str
    member: str
    grade: str
    width: str
    length: str
    area: str
    lon_deg: float | None
    lat_deg: float | None
    photos: tuple[str, ...]
    photo_sha256s: tuple[str, ...]
    confirmed_by: str
    confirmed_at: str
    mosaic_sha256: str
    box_px: tuple[int, ...]
    surface_crs: str
    outline_surface: str
    axis_surface: str
    anchor_surface: tuple[float, ...]
    outline_lonlat: str = ""
    grade_again: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSurvey:
    """Name one flight behind a record, with what made its numbers."""

    survey_id: str
    date: str
    surface: str
    crs: str
    mosaic_sha256: str
    gsd_mm_per_px: float
    photos: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRecord:
    """Carry all that an approved inspection says.

    Attributes:
        asset_id: the asset.
        fiscal_year: of the inspection.
        guideline: code of the guideline in force.
        asset: name, kind, member, concrete.
        attributes: of the asset, as they were.
        sheet: what the ledger says of place and owner.
        spans: lengths by number; None when unknown.
        diagnosis: of the asset.
        groups: of member groups.
        damages: records of elements.
        defects: confirmed ones.
        surveys: flights behind them.
        findings: what a person wrote for the form (evaluation, events, remarks, names).
        unverified: code-lists behind it that are not checked against the official text.
    """

    asset_id: str
    fiscal_year: int
    guideline: str
    asset: Mapping[str, str]
    attributes: Mapping[str, Attribute]
    sheet: Mapping[str, Any]
    spans: Mapping[str, float | None] = field(default_factory=dict)
    diagnosis: Diagnosis
    groups: tuple[Diagnosis, ...] = ()
    damages: tuple[RecordedDamage, ...] = ()
    defects: tuple[ConfirmedDefect, ...] = ()
    surveys: tuple[RecordedSurvey, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)
    unverified: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that a person has diagnosed the asset."""
        if not self.diagnosis.value:
            raise BadInput(f"the record of {self.asset_id} has no diagnosis")

    @property
    def name(self) -> str:
        """Give what people call the asset."""
        return self.asset.get("name", self.asset_id)

    @property
    def worst_grade(self) -> str:
        """Give the worst recorded letter, empty when there is none."""
        letters = [damage.grade for damage in self.damages]
        letters += [defect.grade for defect in self.defects]
        return max(letters, default="")


def to_plain(record: InspectionRecord) -> dict[str, Any]:
    """Give a record as plain values for JSON; of what is said since long as it always was."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(record), allow_nan=False))
    for part, names in ADDED_LATER.items():
        for row in plain[part]:
            for name in names:
                if not row[name]:
                    del row[name]
    return plain


def from_plain(plain: Mapping[str, Any]) -> InspectionRecord:
    """Read a record back from plain values, exactly.

    Raises:
        Broken: when they are not those of a record.
    """
    parts = {
        "damages": RecordedDamage,
        "defects": ConfirmedDefect,
        "surveys": RecordedSurvey,
        "groups": Diagnosis,
    }
    try:
        values = dict(plain)
        loose = [name for name in (*parts, "unverified") if not isinstance(plain[name], list)]
        if loose:
            raise TypeError(f"{loose[0]!r} is no list")
        for name, kind in parts.items():
            values[name] = tuple(_made(kind, row) for row in plain[name])
        values["diagnosis"] = _made(Diagnosis, plain["diagnosis"])
        values["unverified"] = tuple(plain["unverified"])
        return InspectionRecord(**values)
    except (AttributeError, BadInput, KeyError, TypeError, ValueError) as error:
        raise Broken(f"a stored record cannot be read: {error!r}") from error


def _made(kind: Any, row: Mapping[str, Any]) -> Any:  # noqa: ANN401 one of four dataclasses
    """Build one part; JSON has lists where the part has tuples."""
    tuples = {f.name for f in fields(kind) if str(f.type).startswith("tuple")}
    return kind(**{k: tuple(v) if k in tuples else v for k, v in row.items()})


def digest(plain: Mapping[str, Any]) -> str:
    """Give the sha256 of a record's content; equal content, equal digest.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
