"""Wishes of a flight as pages and programs send them: drawings at the ends of the earth, at the end
of the calendar, in pieces, and out of form. Every one is planned or answered in words."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from flight.formats import open_mission
from flight.preview import MOST_FEATURES, MOST_PHOTOS

LON, LAT = 136.6260, 36.5950
WISH: dict[str, Any] = {"pattern": "area", "camera": "dji_p1@50", "gsd_mm_per_px": 5}


def ring(lon: float, lat: float, side_m: float = 20.0) -> dict[str, Any]:
    """Draw a square."""
    dy = side_m / 111_320
    dx = dy / max(0.01, float(np.cos(np.radians(lat))))
    corners = [[lon, lat], [lon + dx, lat], [lon + dx, lat + dy], [lon, lat + dy], [lon, lat]]
    return {"geometry": {"type": "Polygon", "coordinates": [corners]}}


def plan(client: TestClient, **wish: Any) -> Any:
    """Send a wish, with NaN and half characters if it has some."""
    content = json.dumps(WISH | {"features": [ring(LON, LAT)]} | wish)
    return client.post(
        "/api/flight/plans",
        content=content.encode(),
        headers={"content-type": "application/json"},
    )


class TestPlaces:
    """Where on the earth somebody draws."""

    @pytest.mark.parametrize(
        ("lon", "lat"),
        [(LON, LAT), (-70.0, -33.4), (0.0, 0.0), (179.9985, 10.0), (10.0, 78.2), (141.35, 43.06)],
    )
    def test_the_same_square_is_the_same_flight(
        self, client: TestClient, lon: float, lat: float
    ) -> None:
        found = plan(client, features=[ring(lon, lat)]).json()
        here = plan(client).json()
        assert found["photo_count"] == pytest.approx(here["photo_count"], rel=0.25)
        assert found["standoff_m"] == here["standoff_m"]
        assert found["coverage"]["area_m2"] == pytest.approx(400, rel=0.02)
        points = [
            feature["geometry"]["coordinates"]
            for feature in found["photos"]["features"]
            if feature["geometry"]["type"] == "Point"
        ]
        assert np.abs(np.array(points)[:, 1] - lat).max() < 0.002

    @pytest.mark.parametrize(
        ("features", "words"),
        [
            ([ring(LAT, 136.0)], "latitude and longitude are swapped"),
            ([ring(496.6, LAT)], "are no degrees"),
            ([ring(LON, LAT), ring(LON + 1, LAT)], "reaches .* km from take-off"),
            ([ring(LON, LAT, side_m=50_000)], "more than 5000 of a preview"),
            ([ring(LON, LAT, side_m=0)], "not a simple polygon"),
        ],
    )
    def test_what_cannot_be_flown_is_told_with_its_feature(
        self, client: TestClient, features: list[dict[str, Any]], words: str
    ) -> None:
        answer = plan(client, features=features)
        assert answer.status_code == 422
        assert re.search(words, answer.json()["detail"])


class TestDrawings:
    """Geometries out of form, at any depth."""

    @pytest.mark.parametrize(
        "coordinates",
        [
            [["\ud800"]],
            [[[1, 2], [3, None], [4, 5]]],
            [[[True, False], [1, 2], [3, 4]]],
            [{"a": 1}],
            [[["136.6", "36.5"]]],
            [[[[[[["deep"]]]]]]],
        ],
    )
    def test_what_is_no_number_is_named(self, client: TestClient, coordinates: Any) -> None:
        feature = {"geometry": {"type": "Polygon", "coordinates": coordinates}}
        answer = plan(client, features=[feature])
        assert answer.status_code == 422
        place, _, words = answer.json()["detail"].partition(": Value error, ")
        assert place == "body.features.0.geometry.coordinates"
        assert "numbers" in words

    @pytest.mark.parametrize(
        ("kind", "coordinates"),
        [
            ("Polygon", []),
            ("Polygon", [[]]),
            ("Polygon", [[[LON, LAT]]]),
            ("Polygon", [[[LON, LAT], [LON, LAT + 1e-4], [LON + 1e-4, LAT]]]),
            ("Polygon", [[[LON], [LAT], [LON], [LON]]]),
            ("Polygon", [LON, LAT]),
            ("Polygon", [[[[[[1]]]]]]),
            ("Point", [LON, LAT]),
            ("LineString", [[LON, LAT], [LON + 1e-4, LAT]]),
            ("MultiPoint", [[LON, LAT]]),
            ("Polygon", [[[1e308, 1e308], [1e308, 0], [0, 1e308], [1e308, 1e308]]]),
            (
                "Polygon",
                [[[LON, LAT], [LON + 1e-4, LAT + 1e-4], [LON + 1e-4, LAT], [LON, LAT + 1e-4],
                  [LON, LAT]]],
            ),
        ],
    )  # fmt: skip
    def test_what_is_no_area_is_answered_in_words(
        self, client: TestClient, kind: str, coordinates: Any
    ) -> None:
        answer = plan(client, features=[{"geometry": {"type": kind, "coordinates": coordinates}}])
        assert answer.status_code == 422
        assert answer.json()["type"] in {"/problems/bad-geometry", "/problems/bad-input"}
        assert "Traceback" not in answer.text

    def test_heights_of_a_drawing_do_not_change_an_area(self, client: TestClient) -> None:
        flat = ring(LON, LAT)
        high = json.loads(json.dumps(flat))
        high["geometry"]["coordinates"][0] = [
            [*place, 7.5] for place in flat["geometry"]["coordinates"][0]
        ]
        one, two = plan(client, features=[flat]).json(), plan(client, features=[high]).json()
        assert one["photo_count"] == two["photo_count"]

    def test_a_multipolygon_is_its_parts(self, client: TestClient) -> None:
        parts = [ring(LON, LAT), ring(LON + 0.0005, LAT)]
        several = {
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [part["geometry"]["coordinates"] for part in parts],
            }
        }
        answer = plan(client, features=[several])
        apart = plan(client, features=parts)
        assert apart.status_code == 200
        if answer.status_code == 200:
            assert answer.json()["photo_count"] == apart.json()["photo_count"]
        else:
            assert "MultiPolygon" in answer.json()["detail"]

    def test_many_small_pieces_are_too_many_photos_too(self, client: TestClient) -> None:
        """Each piece has a rim: the sum of their surfaces says little about their photos."""
        pieces = [
            ring(LON + 0.0006 * column, LAT + 0.0006 * row, side_m=10)
            for row, column in itertools.product(range(14), range(14))
        ]
        answer = plan(client, features=pieces, gsd_mm_per_px=3)
        assert answer.status_code == 422
        assert f"more than {MOST_PHOTOS} of a preview" in answer.json()["detail"]

    @pytest.mark.parametrize("count", [0, MOST_FEATURES + 1])
    def test_a_drawing_has_features_and_not_too_many(self, client: TestClient, count: int) -> None:
        answer = plan(client, features=[ring(LON, LAT)] * count)
        assert answer.status_code == 422
        assert "features" in answer.json()["detail"]


class TestTimes:
    """The day of a flight decides whether it is light."""

    @pytest.mark.parametrize(
        ("at", "outcome"),
        [
            ("2026-06-21T12:00:00+09:00", "pass"),
            ("2026-06-21T03:00:00Z", "pass"),
            ("2026-06-21T00:30:00+09:00", "refuse"),
            ("2026-12-21T17:30:00+09:00", "refuse"),
            ("1950-01-01T12:00:00+09:00", "pass"),
            ("2200-12-31T12:00:00+09:00", "pass"),
        ],
    )
    def test_the_sun_is_looked_up_at_the_place(
        self, client: TestClient, at: str, outcome: str
    ) -> None:
        findings = plan(client, at=at).json()["parts"][0]["findings"]
        daylight = [row for row in findings if row["check"] == "jp_uas_rule.night"]
        assert [row["outcome"] for row in daylight] == [outcome]

    @pytest.mark.parametrize(
        "at", ["9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z",
               "1949-12-31T23:59:59Z", "2201-01-01T00:00:00Z"],
    )  # fmt: skip
    def test_the_ends_of_the_calendar_are_no_days_of_flight(
        self, client: TestClient, at: str
    ) -> None:
        answer = plan(client, at=at)
        assert answer.status_code == 422
        assert "its year must lie in 1950–2200" in answer.json()["detail"]

    @pytest.mark.parametrize("at", ["2026-06-21T12:00:00", "2026-06-21", "noon", "令和8年"])
    def test_a_time_without_its_zone_is_none(self, client: TestClient, at: str) -> None:
        answer = plan(client, at=at)
        assert answer.status_code == 422
        assert "body.at" in answer.json()["detail"]


INSIDE = {
    "exposure_s": (0.0005, 0.001),
    "reserve": (0, 0.8),
    "wind_m_s": (0, 49),
    "heading_deg": (0, 359.9),
    "return_height_m": (0, 500),
    "lowest_m": (0, 100),
    "overlap_front": (0.6, 0.9),
}


class TestNumbers:
    """Both bounds of every number."""

    @pytest.mark.parametrize("side", [0, 1])
    def test_the_bounds_are_taken(self, client: TestClient, side: int) -> None:
        wish = {field: bounds[side] for field, bounds in INSIDE.items()}
        answer = plan(client, **wish)
        assert answer.status_code == 200, answer.text

    @pytest.mark.parametrize(
        ("field", "outside"),
        [
            ("gsd_mm_per_px", (0, 500.1)),
            ("exposure_s", (9e-6, 1.1)),
            ("reserve", (-0.01, 0.81)),
            ("wind_m_s", (-1, 49.1)),
            ("heading_deg", (-0.1, 360)),
            ("return_height_m", (-1, 501)),
            ("lowest_m", (-0.1, 100.1)),
            ("overlap_front", (-0.1, 0.96)),
        ],
    )
    def test_beyond_its_bounds_a_field_is_named(
        self, client: TestClient, field: str, outside: tuple[float, ...]
    ) -> None:
        for value in (*outside, float("nan"), float("inf"), "many"):
            answer = plan(client, **{field: value})
            assert answer.status_code == 422, (field, value)
            assert f"body.{field}" in answer.json()["detail"]

    @pytest.mark.parametrize("wish", [{"gsd_mm_per_px": None}, {"crack_width_mm": 0.2}])
    def test_a_wish_is_fineness_or_width_and_not_both(
        self, client: TestClient, wish: dict[str, Any]
    ) -> None:
        answer = plan(client, **wish)
        assert answer.status_code == 422
        assert "give either a ground sample distance or a crack width" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"rules": ["../../etc/passwd"]}, 404, "there is no rule file"),
        ({"rules": ["\ud800"]}, 404, "there is no rule file"),
        ({"rules": ["jp_uas_rule"] * 6}, 422, "body.rules"),
        ({"drone": "balloon"}, 404, "no drone 'balloon'"),
        ({"purpose": "art"}, 404, "no purpose 'art'"),
        ({"camera": "\ud800"}, 422, "body.camera"),
        ({"name": ""}, 422, "body.name"),
        ({"language": "fr"}, 422, "body.language"),
        ({"sets": []}, 422, "body.sets"),
        ({"heights": "msl"}, 422, "heights above sea level need that of take-off"),
        ({"pattern": "corridor"}, 422, "LineString"),
        ({"surprise": 1}, 422, "body.surprise"),
        ({"takeoff_latlon_deg": [0, 0]}, 422, "km from take-off"),
    ],
)
def test_what_nobody_has_is_named(
    client: TestClient, wish: dict[str, Any], status: int, words: str
) -> None:
    answer = plan(client, **wish)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"] or wish == {"pattern": "corridor"}


def test_a_name_is_never_a_header_or_a_path(client: TestClient, tmp_path: Path) -> None:
    content = WISH | {"features": [ring(LON, LAT)], "name": 'a"\r\nX-Evil: 1\r\n/../橋'}
    answer = client.post("/api/flight/plans/files/plan", json=content)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="plan-1.plan"'
    assert "x-evil" not in answer.headers
    (tmp_path / "a.plan").write_bytes(answer.content)
    assert open_mission(tmp_path / "a.plan").mission.items
