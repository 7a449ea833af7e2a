"""What differs between two records of an inspection: each part, both directions, nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.inspectionrecord import Diagnosis, InspectionRecord, to_plain
from inspection.domain.recordchange import Part, RecordChange, record_changes
from tests.support.released import make_confirmed, make_damage, make_record

RECORD = make_record()


def between(before: InspectionRecord, after: InspectionRecord) -> tuple[RecordChange, ...]:
    return record_changes(to_plain(before), to_plain(after))


def test_the_same_record_has_no_changes_and_findings_are_no_change() -> None:
    assert between(RECORD, make_record()) == ()
    assert between(RECORD, make_record(findings={})) == ()
    assert between(RECORD, make_record(unverified=())) == ()


@pytest.mark.parametrize(
    ("changed", "part", "subject", "field", "before", "after"),
    [
        (
            {"diagnosis": replace(RECORD.diagnosis, value="III")},
            Part.DIAGNOSIS, "", "value", "II", "III",
        ),
        (
            {"groups": (Diagnosis(subject="1/Mg", value="IV", by="検査員花子"),)},
            Part.GROUP, "1/Mg", "value", "II", "IV",
        ),
        ({"groups": ()}, Part.GROUP, "1/Mg", "", "II", ""),
        (
            {"damages": (make_damage(countermeasures=("C2",)),)},
            Part.DAMAGE, "1/Mg0101 6-0", "countermeasures", "C1, S1", "C2",
        ),
        (
            {"damages": (*RECORD.damages, make_damage("Ds0101", line="⑦-e"))},
            Part.DAMAGE, "1/Ds0101 6-0", "", "", "⑦-e",
        ),
        (
            {"defects": (make_confirmed(grade="e"),)},
            Part.DEFECT, make_confirmed().defect_id, "grade", "d", "e",
        ),
        ({"defects": ()}, Part.DEFECT, make_confirmed().defect_id, "", "crack", ""),
        ({"surveys": ()}, Part.SURVEY, RECORD.surveys[0].survey_id, "", "00000000", ""),
        (
            {"attributes": {**RECORD.attributes, "length_m": 60.0}},
            Part.ASSET, "length_m", "", "62.3", "60.0",
        ),
        ({"spans": {"1": 62.3, "2": 31.0}}, Part.ASSET, "2", "", "", "31.0"),
        ({"sheet": {**RECORD.sheet, "kana": "サイ"}}, Part.ASSET, "kana", "", None, "サイ"),
    ],
)  # fmt: skip
def test_each_part_is_compared_by_what_it_is_known_by(
    *, changed: dict[str, object], part: Part, subject: str, field: str, before: str, after: str
) -> None:
    (found,) = between(RECORD, make_record(**changed))
    assert (found.part, found.subject, found.field, found.after) == (part, subject, field, after)
    assert before is None or found.before.startswith(before)
    # and back: the same difference, the other way round
    (back,) = between(make_record(**changed), RECORD)
    assert (back.before, back.after) == (found.after, found.before)


def test_a_place_in_a_list_is_no_difference_but_a_number_more_is() -> None:
    two = (make_confirmed(1), make_confirmed(2, grade="b"))
    assert between(make_record(defects=two), make_record(defects=two[::-1])) == ()
    moved = replace(make_confirmed(1), number=7)
    assert between(RECORD, make_record(defects=(moved,))) == (), "only its number in the form"


@given(
    st.lists(st.integers(1, 9), unique=True, max_size=5),
    st.lists(st.integers(1, 9), unique=True, max_size=5),
)
def test_what_came_and_what_went_is_told_of_every_defect(old: list[int], new: list[int]) -> None:
    before = make_record(defects=tuple(map(make_confirmed, old)))
    after = make_record(defects=tuple(map(make_confirmed, new)))
    found = between(before, after)
    came = {make_confirmed(n).defect_id for n in set(new) - set(old)}
    went = {make_confirmed(n).defect_id for n in set(old) - set(new)}
    assert {one.subject for one in found if one.after} == came
    assert {one.subject for one in found if one.before} == went
    assert len(found) == len(came) + len(went)
