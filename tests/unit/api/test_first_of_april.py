"""The fiscal year begins at midnight in Japan, which is 15:00 of 31 March at Greenwich.

Every answer about "today" shows the day that hangs on the wall of the prefecture.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.deps import Services
from api.worklist_file import FileFormat, Language, draw
from inspection.domain.eradate import JST, day_in_japan, fiscal_year
from inspection.store import sheets
from inspection.store.engine import reading, writing
from tests.support.released import settle
from tests.support.seed import Seeded

MIDNIGHT = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)
"""1 April 2027, 00:00 in Japan: fiscal year 2027 (Reiwa 9) begins."""


class Clock:
    """Tell the time that a test has set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def at(app: Any, client: TestClient, services: Services) -> Any:
    """Set the clock of the service."""

    def set_clock(moment: datetime) -> TestClient:
        app.state.services = replace(services, clock=Clock(moment))
        return client

    return set_clock


@pytest.mark.parametrize(
    ("moment", "day", "year"),
    [
        (MIDNIGHT - timedelta(microseconds=1), date(2027, 3, 31), 2026),
        (MIDNIGHT, date(2027, 4, 1), 2027),
        (MIDNIGHT + timedelta(hours=9), date(2027, 4, 1), 2027),
        (datetime(2026, 12, 31, 15, tzinfo=UTC), date(2027, 1, 1), 2026),
        (datetime(2028, 2, 29, 14, 59, tzinfo=UTC), date(2028, 2, 29), 2027),
        (datetime(2028, 2, 28, 15, 0, tzinfo=UTC), date(2028, 2, 29), 2027),
        (datetime(2027, 4, 1, 0, 0, tzinfo=JST), date(2027, 4, 1), 2027),
    ],
)
def test_golden_days(moment: datetime, day: date, year: int) -> None:
    assert day_in_japan(moment) == day
    assert fiscal_year(day_in_japan(moment)) == year


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1950, 1, 1),
                    max_value=datetime(2200, 1, 1)))  # fmt: skip
def test_a_day_in_japan_lasts_from_fifteen_to_fifteen(moment: datetime) -> None:
    day = day_in_japan(moment)
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=9)
    assert begins <= moment < begins + timedelta(days=1)
    assert day_in_japan(moment.astimezone(JST)) == day
    assert day_in_japan(moment + timedelta(days=1)) == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (MIDNIGHT - timedelta(minutes=1), "20270331"),
        (MIDNIGHT, "20270401"),
        (MIDNIGHT + timedelta(hours=8, minutes=59), "20270401"),
        (MIDNIGHT + timedelta(hours=9), "20270401"),
    ],
)
@pytest.mark.parametrize("file_format", ["csv", "geojson"])
def test_a_file_is_dated_by_the_calendar_on_the_wall(
    at: Any, moment: datetime, shown: str, file_format: str
) -> None:
    answer = at(moment).get(f"/api/worklist.{file_format}?asset_id=bridge-12")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'"worklist-{shown}.{file_format}"')


def test_a_priority_turns_over_at_midnight_in_japan_and_not_at_nine(
    at: Any, seeded: Seeded, services: Services
) -> None:
    """The age of a bridge and of its inspection count in fiscal years."""
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
    moments = {
        "before": MIDNIGHT - timedelta(minutes=1),
        "after": MIDNIGHT,
        "morning": MIDNIGHT + timedelta(hours=8),
        "nine": MIDNIGHT + timedelta(hours=9),
        "noon": MIDNIGHT + timedelta(hours=12),
    }
    told = {
        name: at(moment).get("/api/worklist?asset_id=bridge-12").json()["priorities"]
        for name, moment in moments.items()
    }
    assert told["after"] == told["morning"] == told["nine"] == told["noon"]
    assert told["before"] != told["after"]
    defect = seeded.mapped.defects[0].defect_id
    shown = {
        name: at(moments[name]).get(f"/api/defects/{defect}").json()["priority"]
        for name in ("after", "nine")
    }
    assert shown["after"] == shown["nine"]


def test_what_is_drawn_for_a_file_is_what_is_listed(seeded: Seeded, services: Services) -> None:
    with writing(services.engine) as connection:
        settle(connection, seeded.mapped)
        assert sheets.by_id(connection, "bridge-12").asset.attributes["built_fiscal_year"] == 1924
    scores = {}
    for name, moment in (("march", MIDNIGHT - timedelta(hours=1)), ("april", MIDNIGHT)):
        with reading(services.engine) as connection:
            drawn = draw(
                connection,
                services.blobs,
                survey_id=None,
                asset_id="bridge-12",
                now=moment,
                file_format=FileFormat.CSV,
                language=Language.JA,
            )
        assert drawn.made == f"{moment:%Y-%m-%d %H:%M} UTC"
        scores[name] = [dict(priority.explanation()) for priority in drawn.work_list.priorities]
    assert scores["march"] != scores["april"]
