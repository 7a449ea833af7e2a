"""Say in which respects two records of one inspection differ, part by part.

An approver who sent an inspection back, or whose approval was taken back, wants to read what is
another now, not everything again. Findings are left out: they are written when it is approved.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Plain = Mapping[str, Any]


class Part(StrEnum):
    """Name a part of a record."""

    DIAGNOSIS = "diagnosis"
    GROUP = "group"
    DAMAGE = "damage"
    DEFECT = "defect"
    SURVEY = "survey"
    ASSET = "asset"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """Carry one difference.

    Attributes:
        part: of the record.
        subject: what of that part: a defect, an element, a column; empty where there is only one.
        field: what differs; empty when the whole subject came or went.
        before: as text; empty when it was not there.
        after: as text; empty when it is not there any more.
    """

    part: Part
    subject: str
    field: str
    before: str
    after: str


DIAGNOSED = ("value", "by", "note")
"""What is compared of a diagnosis; the moment tells nothing that the history does not."""

_LISTS: dict[Part, tuple[str, Callable[[Plain], str], tuple[str, ...]]] = {
    Part.GROUP: ("groups", lambda row: str(row["subject"]), ("value", "by", "note")),
    Part.DAMAGE: (
        "damages",
        lambda row: f"{row['span']}/{row['element']} {row['damage_no']}-{row['division']}",
        ("line", "countermeasures", "soundness", "inspector"),
    ),
    Part.DEFECT: (
        "defects",
        lambda row: str(row["defect_id"]),
        (
            *("damage_class", "grade", "grade_again", "width", "length", "area"),
            *("outline_surface", "confirmed_by"),
        ),
    ),
    Part.SURVEY: ("surveys", lambda row: str(row["survey_id"]), ("mosaic_sha256", "photos")),
}
"""For each part that is a list: its name, what a row is known by, and what is compared."""

_WORDS: dict[Part, str] = {Part.GROUP: "value", Part.DAMAGE: "line", Part.DEFECT: "damage_class"}
"""Field that says in a word what came or went."""


def record_changes(before: Plain, after: Plain) -> tuple[RecordChange, ...]:
    """List what differs between two records, as ``to_plain`` gives them: the diagnosis first.

    >>> old = {"diagnosis": {"value": "II"}, "groups": [], "damages": [], "defects": [],
    ...        "surveys": [], "asset": {}, "attributes": {}, "sheet": {}, "spans": {}}
    >>> [one] = record_changes(old, old | {"diagnosis": {"value": "III"}})
    >>> one.part.value, one.field, one.before, one.after
    ('diagnosis', 'value', 'II', 'III')
    """
    said = [{name: one["diagnosis"].get(name) for name in DIAGNOSED} for one in (before, after)]
    found = list(_fields(Part.DIAGNOSIS, "", *said))
    for part, (name, key, compared) in _LISTS.items():
        found += _rows(part, before[name], after[name], key, compared)
    for name in ("asset", "attributes", "sheet", "spans"):
        old, new = before[name], after[name]
        for column in sorted({*old, *new}):
            if old.get(column) != new.get(column):
                found.append(_change(Part.ASSET, column, "", old.get(column), new.get(column)))
    return tuple(found)


def _rows(
    part: Part,
    before: Sequence[Plain],
    after: Sequence[Plain],
    key: Callable[[Plain], str],
    compared: Sequence[str],
) -> Iterator[RecordChange]:
    old, new = {key(row): row for row in before}, {key(row): row for row in after}
    word = _WORDS.get(part)
    for name in sorted({*old, *new}):
        if name in old and name in new:
            # what a record says nothing by it need not have: see inspectionrecord.ADDED_LATER
            picked = [{field: row[name].get(field, "") for field in compared} for row in (old, new)]
            yield from _fields(part, name, *picked)
        else:
            said = [rows[name][word] if word else name for rows in (old, new) if name in rows]
            gone = name in old
            yield _change(part, name, "", said[0] if gone else None, None if gone else said[0])


def _fields(part: Part, subject: str, before: Plain, after: Plain) -> Iterator[RecordChange]:
    for field in [*before, *(name for name in after if name not in before)]:
        if before.get(field) != after.get(field):
            yield _change(part, subject, field, before.get(field), after.get(field))


def _change(part: Part, subject: str, field: str, before: object, after: object) -> RecordChange:
    return RecordChange(
        part=part, subject=subject, field=field, before=_text(before), after=_text(after)
    )


def _text(value: object) -> str:
    """Write a value as a person reads it.

    >>> _text(None), _text(["C1", "S1"]), _text(62.3)
    ('', 'C1, S1', '62.3')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
