"""Parameters of OGC API – Features, each with both of its bounds: boxes in every frame, moments in
every form that RFC 3339 has, pages, and what is refused with the value that was sent.

Source: OGC 17-069r4 §7.15 (bbox, datetime, limit), OGC 18-058r1 §6.2 (crs, bbox-crs),
RFC 3339 §5.6.
"""

from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.crs import CRS84, EPSG_URI, parse_bbox
from api.features import parse_interval
from inspection.errors import BadInput
from inspection.geo.frames import to_crs
from tests.support.seed import GSD_M_PER_PX, LEFT_M, TOP_M, WIDTH_PX, Seeded

ITEMS = "/collections/defects/items"
SURVEYS = "/collections/surveys/items"
PLANE = EPSG_URI + "6675"
JST = timezone(timedelta(hours=9))


def found(client: TestClient, path: str = ITEMS, **query: str) -> dict[str, Any]:
    """Ask with parameters; an underscore stands for a hyphen."""
    answer = client.get(path, params={k.replace("_", "-"): v for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def refused(client: TestClient, query: str, path: str = ITEMS) -> str:
    """Ask with a raw query that is refused; give the words."""
    answer = client.get(f"{path}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    return str(answer.json()["detail"])


class TestMoments:
    """``datetime``: a day, a moment, or an interval with open ends."""

    @pytest.mark.parametrize(
        ("text", "start", "end"),
        [
            ("2026-04-01", (2026, 4, 1), (2026, 4, 2)),
            ("2024-02-29", (2024, 2, 29), (2024, 3, 1)),
            ("2026-12-31", (2026, 12, 31), (2027, 1, 1)),
            ("2026-03-31/2026-04-01", (2026, 3, 31), (2026, 4, 2)),
            ("2026-04-01/2026-04-01", (2026, 4, 1), (2026, 4, 2)),
        ],
    )
    def test_days_last_from_midnight_to_midnight(
        self, text: str, start: tuple[int, int, int], end: tuple[int, int, int]
    ) -> None:
        after, before = parse_interval(text)
        assert after == datetime(*start, tzinfo=UTC)
        assert before == datetime(*end, tzinfo=UTC) - timedelta(microseconds=1)
        assert before.time() == time.max

    @pytest.mark.parametrize(
        "text",
        [
            "2026-04-01T00:00:00Z",
            "2026-04-01t00:00:00z",
            "2026-04-01T09:00:00+09:00",
            "2026-04-01T09:00:00 09:00",
            "2026-03-31T19:00:00-05:00",
            "2026-04-01T00:00:00.000000Z",
            "2026-04-01T00:00:00.0Z",
            "2026-04-01 00:00:00Z",
        ],
    )
    def test_one_moment_has_many_spellings(self, text: str) -> None:
        moment = datetime(2026, 4, 1, tzinfo=UTC)
        assert parse_interval(text) == (moment, moment)
        assert parse_interval(f"{text}/{text}") == (moment, moment)
        assert parse_interval(f"../{text}") == (None, moment)
        assert parse_interval(f"{text}/") == (moment, None)

    @pytest.mark.parametrize("text", [None, "../..", "/", "/..", "../"])
    def test_open_on_both_sides_is_always(self, text: str | None) -> None:
        assert parse_interval(text) == (None, None)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "..",
            "2026-02-30",
            "2026-13-01",
            "2025-02-29",
            "2026-W14-3",
            "2026W143",
            "２０２６-04-01",
            "令和8年4月1日",
            "2026-04-01T24:30:00Z",
            "2026-04-01T00:00:00+25:00",
            "2026-04-01/2026-04-02/2026-04-03",
            "now",
            "2026-04-01\0",
        ],
    )
    def test_what_is_no_moment_is_shown_as_it_was_sent(self, text: str) -> None:
        with pytest.raises(BadInput, match="is not a moment such as 2026-04-01T09:00:00Z") as told:
            parse_interval(text)
        assert repr(text.partition("/")[2] or text) in str(told.value)

    def test_a_moment_without_its_zone_is_refused(self) -> None:
        with pytest.raises(BadInput, match="needs a time zone, such as Z for UTC"):
            parse_interval("2026-04-01T09:00:00")

    @settings(deadline=None)
    @given(
        st.datetimes(timezones=st.sampled_from([UTC, JST]), min_value=datetime(2, 1, 1)),
        st.datetimes(timezones=st.sampled_from([UTC, JST]), min_value=datetime(2, 1, 1)),
    )
    def test_any_interval_comes_back_or_ends_before_it_begins(
        self, one: datetime, two: datetime
    ) -> None:
        text = f"{one.isoformat()}/{two.isoformat()}"
        if one > two:
            with pytest.raises(BadInput, match="ends before it begins"):
                parse_interval(text)
            return
        assert parse_interval(text) == (one, two)
        assert parse_interval(text.replace("+", " ")) == (one, two)

    def test_a_clock_of_japan_need_not_be_escaped(self, client: TestClient) -> None:
        """QGIS and hand-written addresses send ``+09:00``, which a query reads as a space."""
        whole = found(client)["numberMatched"]
        raw = client.get(f"{ITEMS}?datetime=2026-04-01T00:00:00+09:00/..").json()
        escaped = client.get(f"{ITEMS}?datetime={quote('2026-04-01T00:00:00+09:00/..')}").json()
        assert raw["numberMatched"] == escaped["numberMatched"] == whole == 4

    @pytest.mark.parametrize(
        ("when", "count"),
        [
            ("2026-04-01", 4),
            ("2026-04-01T12:00:00+09:00", 4),
            ("2026-04-01T03:00:00Z/..", 4),
            ("2026-04-01T03:00:00.000001Z/..", 0),
            ("../2026-04-01T02:59:59.999999Z", 0),
            ("../2026-03-31", 0),
            ("2026-04-02/..", 0),
        ],
    )
    def test_a_defect_changed_at_a_moment_is_found_at_it(
        self, client: TestClient, when: str, count: int
    ) -> None:
        assert found(client, datetime=when)["numberMatched"] == count


def corner(x_px: float, y_px: float) -> tuple[float, float]:
    """Give east and north of a place on the seeded mosaic."""
    return LEFT_M + x_px * GSD_M_PER_PX, TOP_M - y_px * GSD_M_PER_PX


class TestBoxes:
    """``bbox`` in the order of axes that its frame has."""

    @pytest.mark.parametrize(
        ("window_px", "count"),
        [
            ((0, 0, WIDTH_PX, 900), 4),
            ((140, 110, 710, 190), 1),
            ((890, 290, 990, 770), 1),
            ((1150, 130, 1340, 260), 1),
            ((720, 200, 880, 280), 0),
            ((0, 0, 1, 1), 0),
        ],
    )
    def test_the_same_place_is_the_same_in_every_frame(
        self, client: TestClient, window_px: tuple[int, int, int, int], count: int
    ) -> None:
        x0, y0, x1, y1 = window_px
        (east0, north0), (east1, north1) = corner(x0, y1), corner(x1, y0)
        plane = found(client, bbox=f"{north0},{east0},{north1},{east1}", bbox_crs=PLANE)
        ring = [(east0, north0), (east1, north0), (east1, north1), (east0, north1)]
        lonlat = to_crs(ring, "EPSG:6675", "EPSG:4326")
        low, high = lonlat.min(axis=0), lonlat.max(axis=0)
        world = found(client, bbox=f"{low[0]},{low[1]},{high[0]},{high[1]}", bbox_crs=CRS84)
        assert plane["numberMatched"] == world["numberMatched"] == count
        heights = found(client, bbox=f"{low[0]},{low[1]},-50,{high[0]},{high[1]},9000")
        assert heights["numberMatched"] == count

    def test_east_and_north_changed_places_find_nothing(self, client: TestClient) -> None:
        (east0, north0), (east1, north1) = corner(0, 900), corner(WIDTH_PX, 0)
        swapped = found(client, bbox=f"{east0},{north0},{east1},{north1}", bbox_crs=PLANE)
        assert swapped["numberMatched"] == 0

    @pytest.mark.parametrize("path", [ITEMS, SURVEYS])
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("bbox=", "bbox must be numbers separated by commas, got ''"),
            ("bbox=1,2,3", "needs 4 or 6 numbers, got 3"),
            ("bbox=1,2,3,4,5", "needs 4 or 6 numbers, got 5"),
            ("bbox=1,2,3,4,5,6,7", "needs 4 or 6 numbers, got 7"),
            ("bbox=1,2,x,4", "numbers separated by commas, got '1,2,x,4'"),
            ("bbox=1;2;3;4", "numbers separated by commas"),
            ("bbox=1,2,nan,4", "finite numbers"),
            ("bbox=1,2,inf,4", "finite numbers"),
            ("bbox=1,4,3,2", "corners swapped; lower corner first"),
            ("bbox-crs=x", "CRS 'x' is not offered here; use one of"),
            ("bbox-crs=EPSG:6675&bbox=1,2,3,4", "CRS 'EPSG:6675' is not offered here"),
            ("crs=", "CRS '' is not offered here"),
            ("crs=http://www.opengis.net/def/crs/EPSG/0/3857", "is not offered here"),
            ("datetime=", "datetime '' is not a moment"),
            ("datetime=2026-04-02/2026-04-01", "ends before it begins"),
            ("limit=0", "query.limit: Input should be greater than or equal to 1"),
            ("limit=ten", "query.limit"),
            ("offset=-1", "query.offset"),
            ("f=xml", "query.f"),
            ("Bbox=1,2,3,4", "unknown parameter Bbox; there are asset_id, bbox"),
            ("asset=x&clas=crack", "unknown parameter asset, clas"),
        ],
    )
    def test_a_slip_is_never_passed_over(
        self, client: TestClient, path: str, query: str, words: str
    ) -> None:
        """A filter that is passed over shows more than was asked for."""
        assert words in refused(client, query, path)

    @settings(deadline=None)
    @given(
        west=st.floats(-180, 180), south=st.floats(-90, 90),
        wide=st.floats(0, 20), high=st.floats(0, 20),
    )  # fmt: skip
    def test_a_box_in_degrees_is_taken_as_it_is(
        self, west: float, south: float, wide: float, high: float
    ) -> None:
        box = (west, south, west + wide, south + high)
        text = ",".join(map(repr, box))
        assert parse_bbox(text, CRS84) == box
        turned = ",".join(map(repr, (south, west, south + high, west + wide)))
        assert parse_bbox(turned, EPSG_URI + "4326") == box


class TestAnswers:
    """The frame of an answer, and pages of it."""

    def test_coordinates_are_those_of_the_frame_in_its_order(self, client: TestClient) -> None:
        plane = found(client, crs=PLANE)["features"]
        world = {feature["id"]: feature for feature in found(client)["features"]}
        for feature in plane:
            north_east = np.array(feature["geometry"]["coordinates"][0][0])
            lon_lat = np.array(world[feature["id"]]["geometry"]["coordinates"][0][0])
            moved = to_crs(north_east[:, ::-1], "EPSG:6675", "EPSG:4326")
            assert np.abs(moved - lon_lat).max() < 1e-9
            assert feature["properties"] == world[feature["id"]]["properties"]

    @pytest.mark.parametrize("crs", [CRS84, PLANE])
    def test_the_frame_stands_in_the_header(self, client: TestClient, crs: str) -> None:
        for path in (ITEMS, SURVEYS, f"{ITEMS}/{found(client)['features'][0]['id']}"):
            assert client.get(path, params={"crs": crs}).headers["content-crs"] == f"<{crs}>"

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 9999, 10_000, 10_001, 10**30])
    def test_following_the_links_shows_everything_once(
        self, client: TestClient, limit: int
    ) -> None:
        seen: list[str] = []
        address = f"{ITEMS}?limit={limit}&class=crack&class=spall&crs={quote(PLANE)}"
        while address:
            page = client.get(address).json()
            assert len(page["features"]) == page["numberReturned"] <= limit
            seen += [feature["id"] for feature in page["features"]]
            links = {link["rel"]: link["href"] for link in page["links"]}
            address = links.get("next", "")
        assert len(seen) == len(set(seen)) == page["numberMatched"] == 4
        assert ("prev" in links) is (limit < 4)

    def test_a_local_survey_has_no_footprint_and_says_where_to_look(
        self, client: TestClient, seeded: Seeded
    ) -> None:
        for path, words in (
            (f"{SURVEYS}/{seeded.local.survey_id}", "local frame, not on the earth"),
            (f"{ITEMS}/{seeded.local.defects[0].defect_id}", "see /api/defects/"),
        ):
            answer = client.get(path)
            assert answer.status_code == 404
            assert words in answer.json()["detail"]
