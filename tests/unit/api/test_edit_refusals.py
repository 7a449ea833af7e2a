"""Edits that are refused with the cure, and widths at a click."""

import re
import shutil
import uuid
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.pipeline.admit import original_key
from inspection.store import keys, photos
from inspection.store.engine import reading
from tests.support.edited import (
    SPALL_PX,
    draw,
    line,
    polygon,
    rows,
    split,
)
from tests.support.seed import Seeded, SeededSurvey, keep_seeded_views


@pytest.fixture
def survey(seeded: Seeded, services: Services) -> SeededSurvey:
    """Give the survey on the map; how its photo sees the surface was kept."""
    keep_seeded_views(services.blobs, seeded.mapped)  # type: ignore[arg-type]
    return seeded.mapped


BAD_LINES: dict[str, tuple[Any, str]] = {
    "no coordinates": ([], "make no LineString|is empty"),
    "one point": ([[0.0, 0.0]], "make no LineString"),
    "words": ([["a", "b"], ["c", "d"]], "numbers"),
    "deep": ([[[0, 0], [1, 1]], [[2, 2], [3, 3]]], "make no LineString|are numbers"),
    "off the mosaic": ([[0.0, 0.0], [1.0, 1.0]], "leaves the mosaic"),
    "a dot": ([[-48403.0, 66109.0], [-48403.0, 66109.001]], "between 3 and 60000 px"),
    "corners": ([[-48403 + i * 1e-5, 66109.0] for i in range(2001)], "2001 corners"),
    "scribble": (
        [[-48403 + i * 1e-5, 66109 + (i % 2) * 2e-3] for i in range(1999)],
        "draw it once",
    ),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_drawings_that_are_none_are_refused_with_the_cure(
    client: TestClient, survey: SeededSurvey, services: Services, case: str
) -> None:
    coordinates, message = BAD_LINES[case]
    before = rows(services)
    answer = draw(client, survey, geometry={"type": "LineString", "coordinates": coordinates})
    assert answer.status_code == 422
    assert re.search(message, answer.json()["detail"]), answer.json()["detail"]
    assert rows(services) == before


def test_what_else_is_refused(client: TestClient, survey: SeededSurvey) -> None:
    bow = polygon(survey, [[[700, 500], [800, 600], [800, 500], [700, 600], [700, 500]]])
    cases: list[tuple[Any, int, str]] = [
        (draw(client, survey, damage_class="spall", geometry=bow), 422, "crosses itself"),
        (draw(client, survey, damage_class="spall"), 422, "drawn as an outline"),
        (draw(client, survey, damage_class="joint"), 422, "no damage"),
        (draw(client, survey, mosaic_sha256="f" * 64), 409, "another mosaic"),
        (draw(client, survey, editor=" "), 422, "name of the engineer"),
        (split(client, survey, line=line(survey, [[10, 10], [20, 20]])), 422, "nothing apart"),
        (split(client, survey, line=polygon(survey, SPALL_PX)), 422, "a cut is one line"),
        (split(client, survey, expected_version=0), 422, "expected_version"),
        (client.post(f"/api/edits/{uuid.uuid4()}/undo", json={"editor": "A"}), 404, "no edit"),
        (client.get(f"/api/defects/{uuid.uuid4()}/edits"), 404, "no defect"),
    ]
    for answer, status, words in cases:
        assert answer.status_code == status, answer.json()
        assert words in answer.json()["detail"]


def test_a_rejected_defect_is_reopened_before_it_is_edited(
    client: TestClient, survey: SeededSurvey
) -> None:
    verdict = {"action": "reject", "reason": "stain", "reviewer": "A", "expected_version": 1}
    client.post(f"/api/defects/{survey.defects[0].defect_id}/verdicts", json=verdict)
    refused = split(client, survey, expected_version=2)
    assert (refused.status_code, "reopen it first" in refused.json()["detail"]) == (409, True)


def test_the_width_at_a_click(client: TestClient, survey: SeededSurvey, services: Services) -> None:
    def width(x_px: float, y_px: float) -> Any:
        (x, y), *_ = survey.mosaic.grid.to_surface([[x_px, y_px]])
        address = f"/api/surveys/{survey.survey_id}/width"
        return client.get(address, params={"x_m": x, "y_m": y})

    for at, wide_mm in (((285, 150), 8.0), ((970, 600), 12.0)):
        found = width(*at).json()
        assert abs(found["width_mm"]["value"] - wide_mm) < 1.5, found
        assert 0 < found["width_mm"]["expanded_uncertainty"] < 4
        assert (found["blind"], found["photo_sha256"]) == (None, survey.photo_sha256)
        (ax, ay), (bx, by) = found["across"]
        across = np.degrees(np.arctan2(by - ay, bx - ax)) % 180
        truth = {8.0: np.degrees(np.arctan2(-60, 270)), 12.0: np.degrees(np.arctan2(-240, -20))}
        assert abs((across - truth[wide_mm]) % 180 - 90) < 25  # square to the crack
    empty = width(450, 450).json()
    assert (
        empty["width_mm"] is None
        or empty["width_mm"]["below_limit"]
        or (empty["width_mm"]["expanded_uncertainty"] > empty["width_mm"]["value"] / 2)
    )
    assert width(2, 2).json()["blind"] == "no_photo"  # nearer to the edge than a profile reaches
    assert width(-20, 50).status_code == 422
    services.blobs.delete(keys.views_key(survey.mosaic.sha256))
    assert width(285, 150).json()["blind"] == "no_views"


def test_a_broken_photo_does_not_break_the_page(
    client: TestClient, survey: SeededSurvey, services: Services
) -> None:
    with reading(services.engine) as connection:
        (photo,) = photos.of_survey(connection, survey.survey_id)
    with services.blobs.local_path(original_key(photo)) as path:
        whole = path.with_suffix(".whole")
        shutil.copy(path, whole)
        path.unlink()  # it is a link to the template's
        path.write_bytes(whole.read_bytes()[:2000])
    (x, y), *_ = survey.mosaic.grid.to_surface([[285, 150]])
    address = f"/api/surveys/{survey.survey_id}/width"
    assert client.get(address, params={"x_m": x, "y_m": y}).json()["blind"] == "photo_missing"
    parts = split(client, survey).json()["defects"][1:]
    assert {part["no_width"] for part in parts} == {"photo_missing"}
