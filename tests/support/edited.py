"""Ask the API for edits of the seeded survey, as a page would."""

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.deps import Services
from inspection.store import defects
from inspection.store.edit_tables import edits
from inspection.store.engine import reading
from tests.support.seed import SeededSurvey

ACROSS_PX = [[560, 100], [560, 220]]
"""A cut across the first crack."""

MISSED_PX = [[900, 302], [978, 520], [968, 640], [961, 755]]
"""The second crack as a hand draws it."""

SPALL_PX = [[[700, 500], [800, 500], [800, 600], [700, 600], [700, 500]]]


def on_map(survey: SeededSurvey, points_px: list[Any]) -> list[Any]:
    return [survey.mosaic.grid.to_surface(points_px).tolist()]


def line(survey: SeededSurvey, points_px: list[Any]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": on_map(survey, points_px)[0]}


def polygon(survey: SeededSurvey, rings_px: list[Any]) -> dict[str, Any]:
    rings = [survey.mosaic.grid.to_surface(ring).tolist() for ring in rings_px]
    return {"type": "Polygon", "coordinates": rings}


def split(client: TestClient, survey: SeededSurvey, number: int = 0, **changes: Any) -> Any:
    body = {"editor": "佐藤", "expected_version": 1, "line": line(survey, ACROSS_PX), **changes}
    return client.post(f"/api/defects/{survey.defects[number].defect_id}/split", json=body)


def draw(client: TestClient, survey: SeededSurvey, **changes: Any) -> Any:
    body = {
        "editor": "佐藤",
        "mosaic_sha256": survey.mosaic.sha256,
        "damage_class": "crack",
        "geometry": line(survey, MISSED_PX),
        **changes,
    }
    return client.post(f"/api/surveys/{survey.survey_id}/defects", json=body)


def listed(client: TestClient, survey: SeededSurvey) -> dict[str, Any]:
    found = client.get(f"/api/surveys/{survey.survey_id}/defects").json()["defects"]
    return {one["defect_id"]: one for one in found}


def rows(services: Services) -> tuple[int, int, int]:
    """Count what an edit writes: edits, defects, sightings."""
    with reading(services.engine) as connection:
        count = connection.execute(select(func.count()).select_from(edits)).scalar_one()
        known = defects.known(connection, "bridge-12")
    return count, len(known), sum(len(d.observation_ids) for d in known)
