"""GPS time to UTC: the table of leap seconds, golden moments, laws."""

import doctest
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.logs import gpstime
from flight.logs.gpstime import (
    GPS_EPOCH,
    LEAPS,
    leap_seconds,
    utc_from_gps_time,
    utc_from_gps_week,
)
from inspection.errors import BadInput


def test_doctests_hold() -> None:
    assert doctest.testmod(gpstime).failed == 0


def test_golden_minus_18_since_2017_and_never_37() -> None:
    assert leap_seconds(datetime(2017, 1, 1, tzinfo=UTC)) == 18
    assert leap_seconds(datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)) == 17
    assert leap_seconds(datetime(1980, 1, 6, tzinfo=UTC)) == 0
    assert leap_seconds(datetime(2030, 1, 1, tzinfo=UTC)) == 18


def test_golden_week_of_the_given_log() -> None:
    # the first CAM message of autopilot_log: week 2446, 127865.8 s
    assert utc_from_gps_week(2446, 127_865.8) == datetime(
        2026, 11, 23, 11, 30, 47, 800_000, tzinfo=UTC
    )


def test_the_table_ascends_in_januaries_and_julies() -> None:
    assert list(LEAPS) == sorted(LEAPS)
    assert {month for _, month in LEAPS} == {1, 7}
    assert len(LEAPS) == 18


@given(st.datetimes(datetime(1981, 1, 1), datetime(2040, 1, 1)))
def test_there_and_back_is_the_same_moment(naive: datetime) -> None:
    utc = naive.replace(tzinfo=UTC)
    gps = utc + timedelta(seconds=leap_seconds(utc))
    assert utc_from_gps_time(gps) == utc


def test_a_leap_second_itself_is_told_as_the_second_after_it() -> None:
    gps = datetime(2017, 1, 1, 0, 0, 17, tzinfo=UTC) + timedelta(seconds=0.5)
    # GPS 00:00:17.0 is 23:59:60 UTC + …: the moment lies within a second of midnight
    assert abs(utc_from_gps_time(gps) - datetime(2017, 1, 1, tzinfo=UTC)) <= timedelta(seconds=1)


@pytest.mark.parametrize(("week", "second"), [(0, 0.0), (398, 10.0), (2446, -1.0), (2446, 6.1e5)])
def test_a_receiver_without_time_is_told(week: int, second: float) -> None:
    with pytest.raises(BadInput, match=f"week {week}"):
        utc_from_gps_week(week, second)


def test_the_epoch_is_a_sunday() -> None:
    assert GPS_EPOCH.weekday() == 6
