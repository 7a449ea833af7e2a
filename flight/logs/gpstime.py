"""Turn GPS week and seconds into UTC with a table of leap seconds.

Source: IS-GPS-200 §20.3.3 (weeks since 1980-01-06); IERS Bulletin C for the leap seconds, the last
of which entered at the end of 2016. Public code that subtracts 37 s (TAI − UTC) is wrong: GPS time
has been 19 s behind TAI from its beginning.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from inspection.errors import BadInput

GPS_EPOCH: Final = datetime(1980, 1, 6, tzinfo=UTC)
WEEK_S: Final = 604_800.0

LEAPS: Final = (
    (1981, 7),
    (1982, 7),
    (1983, 7),
    (1985, 7),
    (1988, 1),
    (1990, 1),
    (1991, 1),
    (1992, 7),
    (1993, 7),
    (1994, 7),
    (1996, 1),
    (1997, 7),
    (1999, 1),
    (2006, 1),
    (2009, 1),
    (2012, 7),
    (2015, 7),
    (2017, 1),
)
"""Year and month from whose first moment GPS is one second further ahead of UTC."""

_STARTS: Final = tuple(datetime(year, month, 1, tzinfo=UTC) for year, month in LEAPS)


def leap_seconds(utc: datetime) -> int:
    """Give GPS time − UTC in seconds at a UTC moment.

    >>> [leap_seconds(datetime(year, 6, 23, tzinfo=UTC)) for year in (2026, 2016)]
    [18, 17]
    """
    return sum(utc >= start for start in _STARTS)


def utc_from_gps_week(week: int, seconds: float) -> datetime:
    """Give the UTC moment of a full GPS week (not modulo 1024) and the seconds into it.

    Raises:
        BadInput: for a week before 2000 (a receiver that had no time yet, or a rolled-over week)
            or seconds outside the week.

    >>> utc_from_gps_week(2446, 127865.8).isoformat()
    '2026-11-23T11:30:47.800000+00:00'
    """
    if not 1043 <= week <= 9999 or not 0 <= seconds <= WEEK_S:
        raise BadInput(
            f"GPS week {week}, second {seconds}: not a moment since 2000; the receiver had no "
            "time, or its week has rolled over"
        )
    return utc_from_gps_time(GPS_EPOCH + timedelta(weeks=week, seconds=seconds))


def utc_from_gps_time(gps: datetime) -> datetime:
    """Give the UTC moment of a calendar date and time on the GPS scale.

    >>> [utc_from_gps_time(datetime(2017, 1, 1, 0, 0, s, tzinfo=UTC)).time() for s in (16, 17, 18)]
    [datetime.time(23, 59, 59), datetime.time(0, 0), datetime.time(0, 0)]
    """
    for count in range(len(_STARTS), -1, -1):
        utc = gps - timedelta(seconds=count)
        if leap_seconds(utc) == count:
            return utc
    # the leap second itself has no name in datetime: it is told as the second after it
    return gps - timedelta(seconds=leap_seconds(gps) - 1)
