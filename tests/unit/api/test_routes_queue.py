"""The queue over HTTP: pages, counts, places, and vector tiles that are kept while true."""

import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.content import IMMUTABLE, REVALIDATE
from api.deps import Services
from api.routes.reviewqueue import MVT
from inspection.pipeline.appraisal import appraise_defect
from inspection.store import grades
from inspection.store.defecttiles import TILE_PX
from inspection.store.engine import writing
from tests.services.store.test_defect_tiles import read_tile
from tests.support.seed import Seeded, SeededSurvey
from tests.unit.api.conftest import NOW


@pytest.fixture(params=["mapped", "local"])
def survey(request: pytest.FixtureRequest, seeded: Seeded) -> SeededSurvey:
    found: SeededSurvey = getattr(seeded, request.param)
    return found


def queue(client: TestClient, survey: SeededSurvey, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/api/surveys/{survey.survey_id}/queue?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(page: dict[str, Any]) -> list[str]:
    return [row["defect_id"] for row in page["rows"]]


def confirm(client: TestClient, defect_id: str, version: int = 1) -> None:
    told = {"action": "confirm", "reviewer": "Yamada", "expected_version": version}
    assert client.post(f"/api/defects/{defect_id}/verdicts", json=told).status_code == 201


def test_the_queue_begins_with_the_largest_and_shows_numbers(
    client: TestClient, survey: SeededSurvey
) -> None:
    page = queue(client, survey)
    assert len(page["rows"]) == len(survey.defects) == 4
    lengths = [row["length_m"]["value"] for row in page["rows"] if row["length_m"]]
    assert lengths == sorted(lengths, reverse=True) and len(lengths) == 3
    truth = {str(defect.defect_id): defect.latest for defect in survey.defects}
    for row in page["rows"]:
        seen = truth[row["defect_id"]]
        assert tuple(row["box_surface_m"]) == seen.outline_surface_m.bounds
        assert row["area_m2"]["value"] == seen.measurement.area_m2.value
        assert (row["width_mm"] is None) == (row["damage_class"] == "spall")


@pytest.mark.parametrize("order", ["size", "urgent", "uncertain"])
def test_pages_by_marks_are_the_whole_and_lead_back(
    client: TestClient, survey: SeededSurvey, order: str
) -> None:
    whole = queue(client, survey, f"order={order}")["rows"]
    walked: list[dict[str, Any]] = []
    mark = ""
    while rows := queue(client, survey, f"order={order}&limit=1{mark}")["rows"]:
        walked += rows
        mark = f"&after={rows[0]['mark']}"
    assert walked == whole
    back = queue(client, survey, f"order={order}&limit=2&before={whole[3]['mark']}")
    assert back["rows"] == whole[1:3]
    there = queue(client, survey, f"order={order}&at={whole[2]['defect_id']}")
    assert there["rows"] == whole[2:]


def test_a_place_is_found_although_the_choice_leaves_it_out(
    client: TestClient, survey: SeededSurvey
) -> None:
    """A link to a rejected defect shows it, and the choice goes on behind it."""
    first = ids(queue(client, survey))[0]
    page = queue(client, survey, f"state=confirmed&at={first}&limit=1")
    assert ids(page) == [first]
    assert ids(queue(client, survey, f"state=confirmed&at={first}")) == [first]


def test_a_decision_raises_the_revision_and_moves_the_row(
    client: TestClient, survey: SeededSurvey
) -> None:
    before = queue(client, survey, "order=urgent")
    confirm(client, ids(before)[0])
    after = queue(client, survey, "order=urgent")
    assert after["revision"] == before["revision"] + 1
    assert ids(after) == [*ids(before)[1:], ids(before)[0]]
    assert after["rows"][-1]["state"] == "confirmed" and after["rows"][-1]["version"] == 2
    counts = client.get(f"/api/surveys/{survey.survey_id}/queue/counts?state=candidate").json()
    assert counts == {
        "revision": after["revision"],
        "total": 4,
        "matched": 3,
        "by_class": counts["by_class"],
        "by_state": {"candidate": 3, "confirmed": 1},
        "by_grade": counts["by_grade"],
        "again": 0,
    }
    assert sum(counts["by_class"].values()) == 3 == sum(counts["by_grade"].values())


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("after=nonsense", "no place in the order"),
        ("after=a b", "query.after"),
        ("after=W10&before=W10", "one of the two"),
        ("order=alphabet", "query.order"),
        ("width_mm=-1", "query.width_mm"),
        ("confidence=1.01", "query.confidence"),
        ("limit=501", "query.limit"),
        ("damage_class=dragon", "query.damage_class"),
        ("grade=' OR 1", "query.grade"),
        ("&".join(["grade=e"] * 21), "query.grade"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    client: TestClient, seeded: Seeded, query: str, words: str
) -> None:
    answer = client.get(f"/api/surveys/{seeded.mapped.survey_id}/queue?{query}")
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("path", ["queue", "queue/counts", "defects/tiles/0/0/0.mvt"])
def test_a_survey_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/surveys/{uuid.uuid4()}/{path}")
    assert answer.status_code == 404


def grid_of(client: TestClient, survey: SeededSurvey) -> dict[str, Any]:
    mosaic = client.get(f"/api/surveys/{survey.survey_id}").json()["mosaic"]
    return dict(mosaic["defect_tiles"])


def tile_address(grid: dict[str, Any], z: int, x: int, y: int) -> str:
    template: str = grid["url_template"]
    return template.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))


def test_vector_tiles_lie_in_the_grid_that_the_mosaic_names(
    client: TestClient, survey: SeededSurvey
) -> None:
    grid = grid_of(client, survey)
    assert grid["tile_size_px"] == TILE_PX
    finest = len(grid["resolutions_m_per_px"]) - 1
    side = grid["resolutions_m_per_px"][finest] * TILE_PX
    left, top = grid["origin_surface_m"]
    for defect in survey.defects:
        box = defect.latest.outline_surface_m.bounds
        x, y = int((box[0] - left) // side), int((top - box[3]) // side)
        answer = client.get(tile_address(grid, finest, x, y))
        assert answer.headers["content-type"] == MVT
        drawn, told = read_tile(answer.content)[str(defect.defect_id)]
        assert told["class"] == defect.damage_class.value
        corner = (box[0] - left - x * side) / side * 4096
        assert drawn.bounds[0] == pytest.approx(max(corner, -64), abs=2)
    whole = client.get(tile_address(grid, 0, 0, 0))
    assert set(read_tile(whole.content)) == {str(defect.defect_id) for defect in survey.defects}
    for z, x, y in ((finest + 1, 0, 0), (finest, 99, 0)):
        assert client.get(tile_address(grid, z, x, y)).status_code == 404


def test_a_tile_is_kept_until_something_changes(client: TestClient, survey: SeededSurvey) -> None:
    address = tile_address(grid_of(client, survey), 0, 0, 0)
    now = queue(client, survey)["revision"]
    first = client.get(address)
    assert first.headers["cache-control"] == REVALIDATE
    known = {"if-none-match": first.headers["etag"]}
    assert client.get(address, headers=known).status_code == 304
    named = client.get(f"{address}?revision={now}")
    assert (named.headers["cache-control"], named.content) == (IMMUTABLE, first.content)
    narrowed = client.get(f"{address}?state=confirmed", headers=known)
    assert (narrowed.status_code, narrowed.content) == (200, b"")
    defect_id = ids(queue(client, survey))[0]
    confirm(client, defect_id)
    again = client.get(address, headers=known)
    assert again.status_code == 200 and again.headers["etag"] != first.headers["etag"]
    assert read_tile(again.content)[defect_id][1]["state"] == "confirmed"
    stale = client.get(f"{address}?revision={now}")
    assert stale.headers["cache-control"] == REVALIDATE and stale.content == again.content
    shown = read_tile(client.get(f"{address}?state=confirmed").content)
    assert set(shown) == {defect_id}


def test_grades_narrow_list_counts_and_tiles_alike(
    client: TestClient, services: Services, survey: SeededSurvey
) -> None:
    """Two defects are graded; then somebody says that one of them is something else."""
    worst, other = survey.defects[0], survey.defects[1]
    with writing(services.engine) as connection:
        found = [appraise_defect(connection, one, today=NOW.date()).grade for one in survey.defects]
        grades.save(connection, survey.survey_id, [one for one in found[:2] if one is not None])
    rows = {row["defect_id"]: row["grade"] for row in queue(client, survey)["rows"]}
    letters = {str(one.defect_id): found[n].worst for n, one in enumerate((worst, other))}
    assert None not in letters.values()
    assert rows == {str(one.defect_id): None for one in survey.defects} | letters
    letter = letters[str(worst.defect_id)]
    alike = sorted(key for key, value in letters.items() if value == letter)
    assert sorted(ids(queue(client, survey, f"grade={letter}"))) == alike
    assert len(ids(queue(client, survey, "grade=none"))) == len(survey.defects) - 2
    place = f"/api/surveys/{survey.survey_id}/queue/counts"
    counts = client.get(f"{place}?grade={letter}").json()
    assert (counts["matched"], counts["by_grade"]["none"]) == (len(alike), len(survey.defects) - 2)
    address = tile_address(grid_of(client, survey), 0, 0, 0)
    tile = client.get(f"{address}?grade={letter}")
    assert sorted(read_tile(tile.content)) == alike
    unasked = client.get(address, headers={"if-none-match": tile.headers["etag"]})
    assert unasked.status_code == 200, "another choice is another tile"
    told = {
        "action": "reclassify", "damage_class": "pothole", "reviewer": "Yamada",
        "expected_version": 1,
    }  # fmt: skip
    answer = client.post(f"/api/defects/{worst.defect_id}/verdicts", json=told)
    assert answer.status_code == 201, answer.text
    shown = [one["candidates"][-1] for one in answer.json()["grades"]] or [None]
    rows = {row["defect_id"]: row["grade"] for row in queue(client, survey)["rows"]}
    assert rows[str(worst.defect_id)] == shown[0] != letter


def test_a_rank_can_be_asked_for(client: TestClient, survey: SeededSurvey) -> None:
    defect_id = survey.defects[0].defect_id
    detail = client.get(f"/api/defects/{defect_id}").json()
    assert detail["is_ranked"] is True
    asked = client.get(f"/api/defects/{defect_id}/priority").json()
    assert asked == {"priority": detail["priority"]}
    assert client.get(f"/api/defects/{uuid.uuid4()}/priority").status_code == 404
