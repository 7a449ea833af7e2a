"""Planning a flight over HTTP: a drawing and a wish in, photos, figures and a check report out."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from flight.drone import load_drones
from flight.formats import open_mission
from flight.planfile import plan_from_document, read_plan
from flight.preview import MOST_PHOTOS

FACE = {
    "geometry": {
        "type": "LineString",
        "coordinates": [[136.6259, 36.5950], [136.6261, 36.5950]],
    },
    "name": "A1",
    "bottom_m": 2.0,
    "top_m": 9.0,
}
DECK = {
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[136.6259, 36.595], [136.6262, 36.595], [136.6262, 36.5952], [136.6259, 36.5952],
             [136.6259, 36.595]]
        ],
    }
}  # fmt: skip
WISH: dict[str, Any] = {
    "name": "abutment",
    "pattern": "facade",
    "features": [FACE],
    "camera": "dji_p1@50",
    "drone": "dji_m350",
    "gsd_mm_per_px": 0.6,
    "takeoff_latlon_deg": [36.5947, 136.6260],
    "wind_m_s": 2.0,
    "at": "2026-11-26T10:00:00+09:00",
}


def post(client: TestClient, wish: dict[str, Any], path: str = "/api/flight/plans") -> Any:
    """Send a wish."""
    return client.post(path, json=wish)


def test_a_wish_becomes_photos_figures_and_a_report(client: TestClient) -> None:
    answer = post(client, WISH)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["photo_count"] == sum(part["photos"] for part in found["parts"]) > 20
    assert found["standoff_m"] == pytest.approx(6.818, abs=0.001)  # 0.6 mm/px · 50 mm / 4.4 µm
    assert found["coverage"]["seen"] > 0.99 and found["coverage"]["elements"].keys() == {"A1"}
    checks = {row["check"]: row for row in found["parts"][0]["findings"]}
    assert checks["fence"]["outcome"] == "pass" and checks["photos"]["outcome"] == "pass"
    assert checks["terrain"]["reason"] == "terrain.none"
    assert found["verdict"] == "warn"
    assert "No conflict found with the loaded rules" in found["parts"][0]["statement"]
    assert found["parts"][0]["rules"][0]["reviewed_on"] == "2026-11-25"
    kinds = [feature["geometry"]["type"] for feature in found["photos"]["features"]]
    assert kinds.count("Point") == kinds.count("Polygon") == found["photo_count"]
    assert len(found["parts"][0]["fence_latlon_deg"]) >= 3
    plan = plan_from_document(found["photos"], "answer")
    assert len(plan.photos) == found["photo_count"]


def test_the_report_speaks_japanese_when_asked(client: TestClient) -> None:
    found = post(client, WISH | {"language": "ja"}).json()
    assert "読み込んだ規則" in found["parts"][0]["statement"]


def test_a_refusal_of_a_rule_is_part_of_the_answer(client: TestClient) -> None:
    found = post(client, WISH | {"wind_m_s": 6.0}).json()
    assert found["verdict"] == "refuse"
    refused = [r["check"] for r in found["parts"][0]["findings"] if r["outcome"] == "refuse"]
    assert refused == ["jp_uas_rule.manual_wind"]
    other = post(client, WISH | {"wind_m_s": 6.0, "rules": ["eu_easa_open"]}).json()
    assert other["verdict"] == "warn"


@pytest.mark.parametrize("file_format", ["plan", "waypoints", "kmz", "kml", "geojson"])
def test_files_are_those_of_the_planner(
    client: TestClient, tmp_path: Path, file_format: str
) -> None:
    answer = post(client, WISH, f"/api/flight/plans/files/{file_format}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="plan-1.{file_format}"'
    path = tmp_path / f"m.{file_format}"
    path.write_bytes(answer.content)
    mission = open_mission(path).mission
    assert len([item for item in mission.items if item.command == 16]) > 20
    again = post(client, WISH, f"/api/flight/plans/files/{file_format}")
    if file_format not in ("kmz", "kml"):  # those carry the time at which they were written
        assert again.content == answer.content


def test_the_photo_file_is_read_by_the_commands(client: TestClient, tmp_path: Path) -> None:
    answer = post(client, WISH, "/api/flight/plans/files/photo-plan")
    path = tmp_path / "a.photos.geojson"
    path.write_bytes(answer.content)
    assert read_plan(path).drone_name == "dji_m350"


def test_parts_are_counted_from_one(client: TestClient) -> None:
    answer = post(client, WISH, "/api/flight/plans/files/plan?part=2")
    assert answer.status_code == 422 and "there is no part 2" in answer.json()["detail"]


def test_a_deck_is_planned_from_above(client: TestClient) -> None:
    wish = {"pattern": "area", "features": [DECK], "camera": "dji_m3e_wide", "gsd_mm_per_px": 3}
    found = post(client, wish).json()
    assert found["coverage"]["good"] > 0.99
    assert any("take-off is assumed" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("change", "status", "match"),
    [
        ({"gsd_mm_per_px": None}, 422, "either a ground sample distance or a crack width"),
        ({"crack_width_mm": 0.2}, 422, "either a ground sample distance or a crack width"),
        ({"gsd_mm_per_px": 0.1}, 403, "closer"),
        ({"camera": "leica"}, 404, "leica"),
        ({"drone": "kite"}, 404, "kite"),
        ({"rules": ["nowhere"]}, 404, "there is no rule file"),
        ({"features": [FACE | {"bottom_m": None, "top_m": None}]}, 422, "A1"),
        ({"features": [DECK], "pattern": "corridor"}, 422, "feature"),
        ({"features": [FACE | {"top_m": 1.0}]}, 422, "A1"),
    ],
)
def test_a_wish_that_cannot_be_is_answered_in_words(
    client: TestClient, change: dict[str, Any], status: int, match: str
) -> None:
    answer = post(client, WISH | change)
    assert answer.status_code == status, answer.text
    assert match in answer.json()["detail"]


def test_rule_files_of_the_server_cannot_be_read_by_path(
    client: TestClient, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: 1", encoding="utf-8")
    answer = post(client, WISH | {"rules": [str(secret)]})
    assert answer.status_code == 404 and "password" not in answer.text


def test_a_flight_too_large_for_a_preview_is_refused_at_once(client: TestClient) -> None:
    long = FACE | {
        "geometry": {
            "type": "LineString",
            "coordinates": [[136.6, 36.595], [136.63, 36.595]],
        },
        "top_m": 40.0,
    }
    answer = post(client, WISH | {"features": [long], "gsd_mm_per_px": 0.3})
    assert answer.status_code == 422
    assert f"more than {MOST_PHOTOS}" in answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"features": []},
        {"wind_m_s": -1},
        {"at": "2026-11-26T10:00:00"},
        {"takeoff_latlon_deg": [136.6, 36.5]},
        {"altitude_frame": "terrain"},
        {"colour": "red"},
        {"features": [FACE | {"geometry": {"type": "LineString", "coordinates": "here"}}]},
    ],
)
def test_a_wish_out_of_form_is_422(client: TestClient, change: dict[str, Any]) -> None:
    assert post(client, WISH | change).status_code == 422


@pytest.mark.parametrize(
    "coordinates",
    [[], [[1]], [["a", "b"], ["c", "d"]], [[0, 0], [0, 0]], [[36.5, 136.6], [36.6, 136.7]]],
)
def test_broken_coordinates_are_answered_in_words(client: TestClient, coordinates: object) -> None:
    face = FACE | {"geometry": {"type": "LineString", "coordinates": coordinates}}
    answer = post(client, WISH | {"features": [face]})
    assert answer.status_code == 422, answer.text


def test_choices_name_what_the_tables_hold(client: TestClient) -> None:
    found = client.get("/api/flight/choices").json()
    assert set(found["drones"]) == {drone.code for drone in load_drones()}
    assert "jp_uas_rule" in found["rules"] and "facade" in found["patterns"]
    assert "dji_p1@50" in found["lenses"] and "dji_p1" in found["cameras"]
    assert json.dumps(found)
