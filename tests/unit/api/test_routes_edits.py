"""Edits through the API: measured anew, shown, listed, graded; previewed, repeated, taken back."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import shapely
from fastapi.testclient import TestClient

from api.deps import Services
from api.errors import MEDIA_TYPE
from inspection.domain.defect import HAND
from inspection.pipeline.admit import original_key
from inspection.store import defects, grades, photos
from inspection.store.engine import reading
from tests.support.edited import MISSED_PX, SPALL_PX, draw, line, listed, polygon, rows, split
from tests.support.seed import GSD_M_PER_PX, Seeded, SeededSurvey, keep_seeded_views


@pytest.fixture
def survey(seeded: Seeded, services: Services) -> SeededSurvey:
    """Give the survey on the map; how its photo sees the surface was kept."""
    keep_seeded_views(services.blobs, seeded.mapped)  # type: ignore[arg-type]
    return seeded.mapped


def test_a_split_measures_both_parts_anew(client: TestClient, survey: SeededSurvey) -> None:
    whole = survey.defects[0]
    answer = split(client, survey)
    assert answer.status_code == 201
    old, *parts = answer.json()["defects"]
    assert (old["state"], len(parts), answer.json()["written"]) == ("superseded", 2, True)
    assert whole.latest.axis_surface_m is not None
    total = sum(part["length_m"]["value"] for part in parts)
    # the map of Ishikawa draws lengths 1 part in 10 000 too short
    assert total == pytest.approx(whole.latest.axis_surface_m.length, rel=2e-4)
    areas = sum(part["area_m2"]["value"] for part in parts)
    assert areas == pytest.approx(whole.latest.outline_surface_m.area, rel=4e-4)
    for part in parts:
        width = part["width_mm"]
        assert abs(width["value"] - 8.0) < 1.5  # drawn 4 px of 2 mm wide; not 8.0 as the whole
        assert width["value"] != 8.0
        assert 0 < width["expanded_uncertainty"] < 4
        assert (part["confidence"], part["no_width"], part["version"]) == (1.0, None, 1)
        detail = client.get(f"/api/defects/{part['defect_id']}").json()
        assert (detail["model_id"], detail["state"]) == (HAND, "candidate")
        assert detail["photos"] and detail["grades"] and detail["priority"] and detail["chip"]
    assert set(listed(client, survey)) == {
        *(str(d.defect_id) for d in survey.defects[1:]),
        *(part["defect_id"] for part in parts),
    }
    links = client.get(f"/api/defects/{whole.defect_id}/edits").json()
    assert set(links["superseded_by"]) == {part["defect_id"] for part in parts}
    queue = client.get(f"/api/surveys/{survey.survey_id}/queue").json()["rows"]
    assert {row["defect_id"] for row in queue} == set(listed(client, survey))
    counts = client.get(f"/api/surveys/{survey.survey_id}/queue/counts").json()
    assert (counts["total"], counts["matched"], counts["by_state"]["superseded"]) == (5, 5, 1)
    closed = client.get(f"/api/surveys/{survey.survey_id}/queue", params={"state": "superseded"})
    assert [row["defect_id"] for row in closed.json()["rows"]] == [str(whole.defect_id)]
    (told,) = links["edits"]
    assert (told["kind"], told["editor"], told["undone_by"]) == ("split", "佐藤", None)


def test_lists_exports_and_grades_follow(
    client: TestClient, survey: SeededSurvey, services: Services
) -> None:
    old, *parts = split(client, survey).json()["defects"]
    ids = {part["defect_id"] for part in parts}
    work = client.get("/api/worklist", params={"asset_id": "bridge-12"}).json()
    on_list = {row["defect_id"] for row in work["rows"]}
    assert ids <= on_list
    assert old["defect_id"] not in on_list
    features = client.get("/collections/defects/items", params={"limit": 100}).json()["features"]
    known = {feature["id"] for feature in features}
    assert ids <= known
    assert old["defect_id"] not in known
    asked = client.get("/collections/defects/items", params={"state": "superseded"}).json()
    assert [feature["id"] for feature in asked["features"]] == [old["defect_id"]]
    csv = client.get("/api/worklist.csv", params={"asset_id": "bridge-12"}).text
    assert all(part in csv for part in ids)
    assert old["defect_id"] not in csv
    with reading(services.engine) as connection:
        graded = grades.of_survey(connection, survey.survey_id)
    subjects = {row.candidate.subject_id for row in graded}
    assert ids <= subjects


def test_merging_the_parts_gives_the_whole_again(client: TestClient, survey: SeededSurvey) -> None:
    whole = survey.defects[0].latest
    _, *parts = split(client, survey).json()["defects"]
    named = [{"defect_id": part["defect_id"], "expected_version": 1} for part in parts]
    answer = client.post("/api/defects/merge", json={"editor": "鈴木", "defects": named})
    assert answer.status_code == 201
    *old, again = answer.json()["defects"]
    assert [one["state"] for one in old] == ["superseded"] * 2
    axis = shapely.geometry.shape(again["axis"])
    assert shapely.hausdorff_distance(axis, whole.axis_surface_m) < 1e-6
    outline = shapely.geometry.shape(again["outline"])
    assert outline.symmetric_difference(whole.outline_surface_m).area < 1e-6
    assert again["defect_id"] not in {
        str(survey.defects[0].defect_id),
        *(p["defect_id"] for p in parts),
    }


def test_two_cracks_far_apart_are_one_without_a_bridge(
    client: TestClient, survey: SeededSurvey
) -> None:
    one, other = survey.defects[:2]
    named = [{"defect_id": str(d.defect_id), "expected_version": 1} for d in (one, other)]
    merged = client.post("/api/defects/merge", json={"editor": "A", "defects": named}).json()
    apart = sum(d.latest.axis_surface_m.length for d in (one, other))  # type: ignore[union-attr]
    assert merged["defects"][-1]["length_m"]["value"] == pytest.approx(apart, rel=2e-4)
    spall = {"defect_id": str(survey.defects[3].defect_id), "expected_version": 1}
    mixed = [{"defect_id": str(survey.defects[2].defect_id), "expected_version": 1}, spall]
    refused = client.post("/api/defects/merge", json={"editor": "A", "defects": mixed})
    assert (refused.status_code, "say which one holds" in refused.json()["detail"]) == (422, True)
    as_area = {"editor": "A", "defects": mixed, "damage_class": "spall"}
    taken = client.post("/api/defects/merge", json=as_area).json()["defects"][-1]
    assert (taken["damage_class"], taken["axis"], taken["length_m"]) == ("spall", None, None)
    twice = {"editor": "A", "defects": [spall, spall]}
    assert client.post("/api/defects/merge", json=twice).status_code == 422


def test_a_missed_crack_is_drawn_and_its_width_read_in_the_photo(
    client: TestClient, survey: SeededSurvey
) -> None:
    answer = draw(client, survey)
    (made,) = answer.json()["defects"]
    assert (answer.status_code, made["state"]) == (201, "confirmed")
    assert abs(made["width_mm"]["value"] - 12.0) < 1.5  # 6 px of 2 mm
    assert made["area_m2"]["value"] == pytest.approx(made["length_m"]["value"] * 0.012, rel=0.15)
    outline = shapely.geometry.shape(made["outline"])
    assert outline.is_valid and outline.contains(shapely.Point(made["anchor_surface_m"]))
    assert listed(client, survey)[made["defect_id"]]["version"] == 1


def test_a_missed_area_is_drawn(client: TestClient, survey: SeededSurvey) -> None:
    answer = draw(client, survey, damage_class="spall", geometry=polygon(survey, SPALL_PX))
    (made,) = answer.json()["defects"]
    assert made["area_m2"]["value"] == pytest.approx(100**2 * GSD_M_PER_PX**2, rel=4e-4)
    assert (made["length_m"], made["width_mm"], made["axis"]) == (None, None, None)


def test_a_redrawn_defect_is_the_same_defect_and_keeps_what_the_machine_saw(
    client: TestClient, survey: SeededSurvey, services: Services
) -> None:
    spall = survey.defects[3]
    address = f"/api/defects/{spall.defect_id}/geometry"
    body = {"editor": "A", "expected_version": 1, "geometry": polygon(survey, SPALL_PX)}
    (shown,) = client.put(address, json=body).json()["defects"]
    assert (shown["defect_id"], shown["version"]) == (str(spall.defect_id), 2)
    assert shown["area_m2"]["value"] == pytest.approx(0.04, rel=4e-4)
    on_page = listed(client, survey)[str(spall.defect_id)]
    assert on_page["box_px"] == [700, 500, 800, 600]
    with reading(services.engine) as connection:
        kept = defects.by_id(connection, spall.defect_id)
    assert kept.observation_ids[0] == spall.latest.observation_id
    assert len(kept.observation_ids) == 2
    wrong = {**body, "expected_version": 2, "geometry": line(survey, MISSED_PX)}
    refused = client.put(address, json=wrong)
    assert (refused.status_code, "drawn as an outline" in refused.json()["detail"]) == (422, True)


def test_without_the_photos_a_width_is_not_measured_and_says_why(
    client: TestClient, seeded: Seeded, services: Services
) -> None:
    survey = seeded.mapped
    blind = split(client, survey, preview=True).json()["defects"][1:]
    assert {(p["width_mm"], p["no_width"]) for p in blind} == {(None, "no_views")}
    made = draw(client, survey, preview=True).json()["defects"][0]
    assert made["length_m"]["value"] > 0.9
    assert made["area_m2"]["below_limit"] and made["area_m2"]["value"] is None
    keep_seeded_views(services.blobs, survey)  # type: ignore[arg-type]
    with reading(services.engine) as connection:
        (photo,) = photos.of_survey(connection, survey.survey_id)
    services.blobs.delete(original_key(photo))
    gone = split(client, survey).json()["defects"][1:]
    assert {(p["width_mm"], p["no_width"]) for p in gone} == {(None, "photo_missing")}
    work = client.get("/api/worklist", params={"asset_id": "bridge-12"})
    assert work.status_code == 200  # a crack without a width has no grade, and is listed


def test_where_nothing_dark_is_a_drawn_line_has_no_width(
    client: TestClient, survey: SeededSurvey
) -> None:
    nowhere = draw(client, survey, geometry=line(survey, [[300, 400], [600, 420]])).json()
    (made,) = nowhere["defects"]
    width = made["width_mm"]
    assert (
        width is None or width["below_limit"] or width["expanded_uncertainty"] > width["value"] / 2
    )


def test_a_preview_writes_nothing(
    client: TestClient, survey: SeededSurvey, services: Services
) -> None:
    before = rows(services)
    shown = split(client, survey, preview=True).json()
    assert (shown["written"], len(shown["defects"])) == (False, 3)
    assert draw(client, survey, preview=True).json()["written"] is False
    assert rows(services) == before
    assert len(listed(client, survey)) == len(survey.defects)


def test_an_edit_sent_twice_counts_once(
    client: TestClient, survey: SeededSurvey, services: Services
) -> None:
    edit_id = str(uuid.uuid4())
    first = split(client, survey, edit_id=edit_id)
    counted = rows(services)
    second = split(client, survey, edit_id=edit_id)
    assert (first.status_code, second.status_code) == (201, 201)
    assert rows(services) == counted
    assert {d["defect_id"] for d in second.json()["defects"]} == {
        d["defect_id"] for d in first.json()["defects"]
    }
    other = split(client, survey, 1, edit_id=edit_id)
    assert (other.status_code, "other contents" in other.json()["detail"]) == (409, True)


def test_everything_is_taken_back_and_brought_again(
    client: TestClient, survey: SeededSurvey
) -> None:
    before = listed(client, survey)
    edit = split(client, survey).json()["edit"]
    after = set(listed(client, survey))
    back = client.post(f"/api/edits/{edit['edit_id']}/undo", json={"editor": "A", "note": "slip"})
    assert back.status_code == 201
    now = listed(client, survey)
    assert {k: v["axis"] for k, v in now.items()} == {k: v["axis"] for k, v in before.items()}
    assert now[str(survey.defects[0].defect_id)]["version"] == 3
    again = client.post(f"/api/edits/{edit['edit_id']}/undo", json={"editor": "A"})
    assert (again.status_code, "taken back already" in again.json()["detail"]) == (409, True)
    redo = back.json()["edit"]["edit_id"]
    assert client.post(f"/api/edits/{redo}/undo", json={"editor": "A"}).status_code == 201
    assert set(listed(client, survey)) == after
    links = client.get(f"/api/defects/{survey.defects[0].defect_id}/edits").json()
    assert [one["kind"] for one in links["edits"]] == ["split", "undo", "undo"]
    assert [one["undone_by"] is None for one in links["edits"]] == [False, False, True]
    assert len(links["superseded_by"]) == 2


def test_what_was_decided_since_is_not_taken_back(client: TestClient, survey: SeededSurvey) -> None:
    done = split(client, survey).json()
    part = done["defects"][1]["defect_id"]
    verdict = {"action": "confirm", "reviewer": "鈴木", "expected_version": 1}
    assert client.post(f"/api/defects/{part}/verdicts", json=verdict).status_code == 201
    late = client.post(f"/api/edits/{done['edit']['edit_id']}/undo", json={"editor": "佐藤"})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/overtaken")
    assert [(c["who"], c["what"]) for c in late.json()["meanwhile"]] == [("鈴木", "confirm")]


def test_of_two_engineers_the_second_is_told_what_the_first_did(
    client: TestClient, survey: SeededSurvey
) -> None:
    """Done when 4: nobody's decision is lost, the second is told."""
    first = survey.defects[0].defect_id
    assert split(client, survey, editor="佐藤").status_code == 201
    verdict = {"action": "reject", "reason": "stain", "reviewer": "鈴木", "expected_version": 1}
    redrawn = {"editor": "鈴木", "expected_version": 1, "geometry": line(survey, MISSED_PX)}
    other = {"defect_id": str(survey.defects[1].defect_id), "expected_version": 1}
    both = [{"defect_id": str(first), "expected_version": 1}, other]
    attempts = [
        client.post(f"/api/defects/{first}/verdicts", json=verdict),
        client.put(f"/api/defects/{first}/geometry", json=redrawn),
        client.post("/api/defects/merge", json={"editor": "鈴木", "defects": both}),
        split(client, survey, editor="鈴木"),
        split(client, survey, editor="鈴木", preview=True),
    ]
    for late in attempts:
        assert (late.status_code, late.headers["content-type"]) == (409, MEDIA_TYPE)
        problem = late.json()
        assert problem["type"] == "/problems/overtaken"
        (change,) = problem["meanwhile"]
        assert (change["subject"], change["who"], change["what"]) == (str(first), "佐藤", "split")
        assert change["when"] == "2026-05-02T09:30:00+00:00"
        assert "佐藤 did 'split'" in problem["detail"]
    assert listed(client, survey)[other["defect_id"]]["version"] == 1


def test_engineers_who_edit_at_the_same_moment(
    client: TestClient, survey: SeededSurvey, services: Services
) -> None:
    gate = threading.Barrier(4)

    def attempt(n: int) -> int:
        gate.wait(timeout=30)
        return int(split(client, survey, editor=f"engineer {n}").status_code)

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(attempt, range(4)))
    assert codes == [201, 409, 409, 409]
    assert rows(services) == (1, len(survey.defects) + 2, len(survey.defects) + 2)
