"""A record that was approved before a field was added: read, written and proved as it was then.

``tests/data/records/approved_before_edits.json`` was written by the code of before ``grade_again``.
Whoever adds a field to a part of a record breaks the first test, and names it in ``ADDED_LATER``.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from inspection.domain.inspectionrecord import ADDED_LATER, digest, from_plain, to_plain
from inspection.domain.recordchange import record_changes
from tests.support.released import make_confirmed, make_record

KEPT = Path(__file__).parents[2] / "data" / "records" / "approved_before_edits.json"


@pytest.fixture
def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))
    return found


def test_it_is_written_as_it_was_and_has_the_digest_that_was_kept(kept: dict[str, Any]) -> None:
    assert digest(kept["record"]) == kept["sha256"]
    again = from_plain(kept["record"])
    assert to_plain(again) == kept["record"]
    assert digest(to_plain(again)) == kept["sha256"]


def test_the_same_content_of_today_has_the_same_digest(kept: dict[str, Any]) -> None:
    assert digest(to_plain(make_record())) == kept["sha256"]


def test_what_is_new_is_written_where_it_says_something(kept: dict[str, Any]) -> None:
    cut = make_record(defects=(make_confirmed(grade_again="split"),))
    plain = to_plain(cut)
    assert plain["defects"][0]["grade_again"] == "split"
    assert from_plain(plain) == cut and digest(plain) != kept["sha256"]
    for before, after in ((kept["record"], plain), (plain, kept["record"])):
        (change,) = record_changes(before, after)
        assert change.field == "grade_again"
        assert {change.before, change.after} == {"", "split"}


def test_yesterdays_empty_field_is_no_change(kept: dict[str, Any]) -> None:
    for part, names in ADDED_LATER.items():
        rows = [one | dict.fromkeys(names, "") for one in kept["record"][part]]
        plain = {**kept["record"], part: rows}
        assert to_plain(from_plain(plain)) == kept["record"]
        assert record_changes(plain, kept["record"]) == ()
