"""Which form a client prefers, and what it may keep."""

import pytest
from fastapi import Request

from api.content import IMMUTABLE, REVALIDATE, cached, prefers_html
from api.features import parse_interval
from inspection.errors import BadInput

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (BROWSER, True),
        ("application/json", False),
        ("*/*", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html, application/json;q=0.5", True),
        ("application/geo+json,application/json,text/html;q=0.1", False),
        ("text/html;q=nonsense", False),
    ],
)
def test_the_accept_header_chooses(accept: str, expected: bool) -> None:
    assert prefers_html(request(accept=accept)) is expected


def test_the_address_wins_over_the_header() -> None:
    assert prefers_html(request(accept="application/json"), "html")
    assert not prefers_html(request(accept=BROWSER), "json")
    assert not prefers_html(request())


@pytest.mark.parametrize("header", ['"abc"', 'W/"abc"', '"x", "abc"', "*"])
def test_known_content_is_not_sent_again(header: str) -> None:
    known, headers = cached(
        request(if_none_match=header), tag="abc", media_type="image/png", versioned=True
    )
    assert known is not None
    assert known.status_code == 304
    assert headers["ETag"] == '"abc"'


@pytest.mark.parametrize("header", ['"abd"', "abc", ""])
def test_unknown_content_is_sent(header: str) -> None:
    known, headers = cached(
        request(if_none_match=header), tag="abc", media_type="image/png", versioned=False
    )
    assert known is None
    assert headers["Cache-Control"] == REVALIDATE


def test_only_a_versioned_address_may_be_kept_for_ever() -> None:
    _, headers = cached(request(), tag="abc", media_type="image/png", versioned=True)
    assert headers["Cache-Control"] == IMMUTABLE


def test_intervals_are_read_with_either_end_open() -> None:
    assert parse_interval(None) == (None, None)
    start, end = parse_interval("2026-04-01T00:00:00Z/2026-05-01T00:00:00+09:00")
    assert start is not None and end is not None
    assert start.isoformat() == "2026-04-01T00:00:00+00:00"
    assert end.isoformat() == "2026-04-30T15:00:00+00:00"
    assert parse_interval("../2026-04-01T00:00:00Z")[0] is None
    assert parse_interval("2026-04-01T00:00:00Z/")[1] is None
    assert parse_interval("../..") == (None, None)
    moment = parse_interval("2026-04-01T00:00:00Z")
    assert moment[0] == moment[1] == start


def test_a_day_lasts_until_its_end() -> None:
    start, end = parse_interval("2026-04-01")
    assert start is not None and end is not None
    assert start.isoformat() == "2026-04-01T00:00:00+00:00"
    assert end.isoformat() == "2026-04-01T23:59:59.999999+00:00"


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "2026-04-01T00:00:00", "2026-05-01/2026-04-01", "1/2/3", ""]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_interval(text)
