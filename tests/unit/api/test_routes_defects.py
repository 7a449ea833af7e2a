"""Defects through the API: as the mosaic shows them, in detail, decided, and as a work list."""

import csv
import io
import json
import sqlite3
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import openpyxl
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pypdf import PdfReader

from api.deps import Services
from inspection.store import defects, orthomosaics, surveys
from inspection.store.engine import reading, writing
from tests.support.seed import MAP_CRS, Seeded, SeededSurvey, picture
from tests.unit.api.conftest import NOW


def verdict(client: TestClient, defect_id: object, **decision: Any) -> Any:
    told = {"reviewer": "Yamada", "expected_version": 1, **decision}
    return client.post(f"/api/defects/{defect_id}/verdicts", json=told)


@pytest.fixture(params=["mapped", "local"])
def survey(request: pytest.FixtureRequest, seeded: Seeded) -> SeededSurvey:
    found = getattr(seeded, request.param)
    assert isinstance(found, SeededSurvey)
    return found


def test_defects_lie_on_the_mosaic_where_they_were_seen(
    client: TestClient, survey: SeededSurvey
) -> None:
    page = client.get(f"/api/surveys/{survey.survey_id}/defects").json()
    grid = survey.mosaic.grid
    assert page["surface_crs"] == grid.crs
    assert page["mosaic_sha256"] == survey.mosaic.sha256
    assert page["number_matched"] == page["number_returned"] == len(page["defects"]) == 4
    assert page["next"] is None
    for shown in page["defects"]:
        rings = np.array(shown["outline"]["coordinates"][0])
        px = grid.to_px(rings)
        x0, y0, x1, y1 = shown["box_px"]
        assert px[:, 0].min() >= x0 - 1e-3 and px[:, 0].max() <= x1 + 1e-3
        assert px[:, 1].min() >= y0 - 1e-3 and px[:, 1].max() <= y1 + 1e-3
        assert (shown["axis"] is None) == (shown["damage_class"] == "spall")


def test_a_local_defect_never_pretends_to_have_a_longitude(
    client: TestClient, seeded: Seeded
) -> None:
    page = client.get(f"/api/surveys/{seeded.local.survey_id}/defects").json()
    assert page["surface_crs"] == "LOCAL"
    assert all(row["anchor_lonlat"] is None for row in page["defects"])
    mapped = client.get(f"/api/surveys/{seeded.mapped.survey_id}/defects").json()["defects"]
    assert all(136.6 < row["anchor_lonlat"][0] < 136.7 for row in mapped)
    assert all(36.5 < row["anchor_lonlat"][1] < 36.7 for row in mapped)


def test_pages_join_to_the_whole(client: TestClient, survey: SeededSurvey) -> None:
    path: str | None = f"/api/surveys/{survey.survey_id}/defects?limit=3&state=candidate"
    seen: list[str] = []
    pages = 0
    while path is not None:
        page = client.get(path).json()
        seen += [row["defect_id"] for row in page["defects"]]
        path, pages = page["next"], pages + 1
    assert pages == 2
    assert sorted(seen) == sorted(str(defect.defect_id) for defect in survey.defects)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("damage_class=spall", 1),
        ("damage_class=crack", 3),
        ("damage_class=crack&damage_class=spall", 4),
        ("state=confirmed", 0),
        ("state=candidate&damage_class=pothole", 0),
    ],
)
def test_defects_are_chosen_by_class_and_state(
    client: TestClient, seeded: Seeded, query: str, count: int
) -> None:
    page = client.get(f"/api/surveys/{seeded.mapped.survey_id}/defects?{query}").json()
    assert page["number_matched"] == count


def test_a_width_below_the_limit_is_no_number(client: TestClient, seeded: Seeded) -> None:
    page = client.get(f"/api/surveys/{seeded.mapped.survey_id}/defects").json()
    widths = [row["width_mm"] for row in page["defects"] if row["width_mm"]]
    below = [width for width in widths if width["below_limit"]]
    assert below == [
        {
            "value": None,
            "expanded_uncertainty": None,
            "limit": 3.0,
            "below_limit": True,
            "refused": None,
        }
    ]
    assert sorted(width["value"] for width in widths if not width["below_limit"]) == [8.0, 12.0]


def test_the_detail_has_numbers_grade_priority_photo_and_picture(
    client: TestClient, survey: SeededSurvey
) -> None:
    wide = survey.defects[1]
    shown = client.get(f"/api/defects/{wide.defect_id}").json()
    assert shown["width_mm"]["value"] == 12.0
    assert shown["width_mm"]["expanded_uncertainty"] == pytest.approx(1.2)
    assert shown["surface_crs"] == survey.mosaic.grid.crs
    (grade,) = shown["grades"]
    assert grade["scheme"].startswith("jp_crack_grade/")
    assert grade["candidates"] and grade["reasons"]
    priority = shown["priority"]
    assert priority["rank"] in {1, 2, 3, 4}
    assert sum(item["points"] for item in priority["reasons"]) == pytest.approx(priority["score"])
    (photo,) = shown["photos"]
    assert photo["name"].endswith("_0001.JPG")
    assert client.get(photo["url"]).headers["content-type"] == "image/jpeg"
    assert shown["history"] == []
    assert shown["legal_actions"] == ["confirm", "reject", "reclassify"]


def test_the_picture_shows_the_window_that_the_detail_names(
    client: TestClient, survey: SeededSurvey
) -> None:
    chip = client.get(f"/api/defects/{survey.defects[0].defect_id}").json()["chip"]
    answer = client.get(chip["url"])
    assert answer.headers["content-type"] == "image/png"
    pixels = np.array(Image.open(io.BytesIO(answer.content)))
    assert pixels.shape[:2] == (chip["height_px"], chip["width_px"])
    x0, y0, x1, y1 = chip["window_px"]
    truth = picture()[y0:y1, x0:x1]
    visible = truth[:, :, 3] == 255
    assert np.array_equal(pixels[:, :, 3], truth[:, :, 3])
    assert np.array_equal(pixels[visible], truth[visible])
    small = client.get(chip["url"] + "?max_px=100")
    assert max(Image.open(io.BytesIO(small.content)).size) == 100
    assert client.get(chip["url"] + "?max_px=9999").status_code == 422
    known = client.get(chip["url"], headers={"if-none-match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_a_verdict_changes_the_defect_and_is_kept(client: TestClient, seeded: Seeded) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    answer = verdict(client, defect_id, action="confirm", note="見た")
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["state"], shown["version"]) == ("confirmed", 2)
    assert shown["legal_actions"] == ["reject", "reclassify", "reopen"]
    (record,) = shown["history"]
    assert record["reviewer"] == "Yamada" and record["note"] == "見た"
    assert record["decided_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert (record["state_before"], record["state_after"]) == ("candidate", "confirmed")
    assert client.get(f"/api/defects/{defect_id}").json() == shown


def test_two_reviewers_cannot_overwrite_each_other(client: TestClient, seeded: Seeded) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    assert verdict(client, defect_id, action="confirm").status_code == 201
    late = verdict(client, defect_id, action="reject", reason="shadow", reviewer="Suzuki")
    assert late.status_code == 409
    assert "version 2" in late.json()["detail"]
    assert client.get(f"/api/defects/{defect_id}").json()["state"] == "confirmed"


def test_the_same_verdict_sent_twice_counts_once(client: TestClient, seeded: Seeded) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    told = {"action": "confirm", "verdict_id": str(uuid.uuid4())}
    first, again = (verdict(client, defect_id, **told) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert len(again.json()["history"]) == 1
    other = verdict(client, defect_id, **{**told, "reviewer": "Suzuki"})
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("decision", "status", "kind"),
    [
        ({"action": "reject"}, 422, "bad-input"),
        ({"action": "reclassify"}, 422, "bad-input"),
        ({"action": "confirm", "reviewer": "  "}, 422, "bad-input"),
        ({"action": "confirm", "expected_version": 0}, 422, "bad-input"),
        ({"action": "approve"}, 422, "bad-input"),
        ({"action": "confirm", "state": "confirmed"}, 422, "bad-input"),
        ({"action": "reopen"}, 409, "illegal-transition"),
    ],
)
def test_a_wrong_verdict_is_refused_and_changes_nothing(
    client: TestClient, seeded: Seeded, decision: dict[str, Any], status: int, kind: str
) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    before = client.get(f"/api/defects/{defect_id}").json()
    answer = verdict(client, defect_id, **decision)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{kind}"
    assert client.get(f"/api/defects/{defect_id}").json() == before


def test_a_person_may_correct_the_class_and_the_machine_keeps_its_own(
    client: TestClient, seeded: Seeded
) -> None:
    defect_id = seeded.mapped.defects[3].defect_id
    shown = verdict(client, defect_id, action="reclassify", damage_class="exposed_rebar").json()
    assert shown["damage_class"] == shown["damage_class_reviewed"] == "exposed_rebar"
    assert shown["damage_class_machine"] == "spall"
    path = f"/api/surveys/{seeded.mapped.survey_id}/defects?damage_class="
    assert client.get(path + "exposed_rebar").json()["number_matched"] == 1
    assert client.get(path + "spall").json()["number_matched"] == 0


def test_a_verdict_about_nothing_is_not_found(client: TestClient) -> None:
    assert verdict(client, uuid.uuid4(), action="confirm").status_code == 404


def test_the_work_list_ranks_what_is_open_and_counts_what_is_not(
    client: TestClient, seeded: Seeded
) -> None:
    survey = seeded.mapped
    verdict(client, survey.defects[0].defect_id, action="reject", reason="shadow")
    listed = client.get(f"/api/worklist?survey_id={survey.survey_id}").json()
    assert [row["rank"] for row in listed["rows"]] == [1, 2, 3]
    assert str(survey.defects[0].defect_id) not in {row["defect_id"] for row in listed["rows"]}
    assert listed["left_out"] == {"rejected": 1}
    assert listed["priorities"][0]["asset"] == "bridge-12"
    scores = [(row["tier"], -row["score"]) for row in listed["rows"]]
    assert scores == sorted(scores)
    assert client.get(f"/api/defects/{survey.defects[0].defect_id}").json()["priority"] is None
    by_asset = client.get("/api/worklist?asset_id=bridge-12").json()
    assert by_asset == listed


@pytest.mark.parametrize("query", ["", "?survey_id={}&asset_id=bridge-12"])
def test_a_work_list_is_about_one_thing(client: TestClient, seeded: Seeded, query: str) -> None:
    path = "/api/worklist" + query.format(seeded.mapped.survey_id)
    assert client.get(path).status_code == 422
    assert client.get("/api/worklist?asset_id=none").status_code == 404


FORMATS = ("csv", "xlsx", "geojson", "gpkg", "dxf", "pdf")


def test_the_export_has_the_confirmed_defect_in_every_format(
    client: TestClient, seeded: Seeded, tmp_path: Path
) -> None:
    confirmed = str(seeded.mapped.defects[1].defect_id)
    verdict(client, confirmed, action="confirm")
    base = f"/api/worklist.{{}}?survey_id={seeded.mapped.survey_id}"
    answers = {kind: client.get(base.format(kind)) for kind in FORMATS}
    for kind, answer in answers.items():
        assert answer.status_code == 200
        named = f'filename="worklist-{NOW:%Y%m%d}.{kind}"'
        assert named in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answers["csv"].content.decode("utf-8-sig"))))
    assert [row["state"] for row in rows if row["defect_id"] == confirmed] == ["confirmed"]
    book = openpyxl.load_workbook(io.BytesIO(answers["xlsx"].content))
    cells = {cell for line in book.worksheets[1].iter_rows(values_only=True) for cell in line}
    assert confirmed in cells
    features = json.loads(answers["geojson"].content)["features"]
    assert {f["properties"]["state"] for f in features if f.get("id") == confirmed} == {"confirmed"}
    file = tmp_path / "list.gpkg"
    file.write_bytes(answers["gpkg"].content)
    opened = sqlite3.connect(file)
    (state,) = opened.execute(
        "SELECT state FROM worklist WHERE defect_id = ?", (confirmed,)
    ).fetchone()
    opened.close()
    assert state == "confirmed"
    drawing = ezdxf.read(io.StringIO(answers["dxf"].content.decode("utf-8")))
    kept = [line for line in drawing.modelspace().query("LWPOLYLINE") if line.has_xdata("TENKEN")]
    (layer,) = {ln.dxf.layer for ln in kept if ln.get_xdata("TENKEN")[0].value == confirmed}
    assert layer == "DMG_ひびわれ"
    words = "".join(
        page.extract_text() for page in PdfReader(io.BytesIO(answers["pdf"].content)).pages
    )
    assert "確認済" in words


def test_a_csv_for_old_programs_says_its_characters(client: TestClient, seeded: Seeded) -> None:
    path = f"/api/worklist.csv?survey_id={seeded.mapped.survey_id}&encoding=cp932"
    answer = client.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=shift_jis"
    assert "点検橋" in answer.content.decode("cp932")


def test_an_export_leaves_nothing_behind(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    path = f"/api/worklist.gpkg?survey_id={seeded.local.survey_id}"
    assert client.get(path).status_code == 200
    assert list(services.scratch.iterdir()) == []
    assert client.get(path.replace("gpkg", "docx")).status_code == 422


def test_a_defect_seen_again_is_shown_as_each_survey_saw_it(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    """Two surveys of one asset: each shows its own sighting of the same crack."""
    first = seeded.mapped
    again = uuid.uuid4()
    old = first.defects[0]
    with reading(services.engine) as connection:
        survey = surveys.by_id(connection, first.survey_id)
    later = replace(survey, survey_id=again, created_at=survey.created_at + timedelta(days=365))
    mosaic = replace(first.mosaic, survey_id=again, sha256="1" * 64)
    seen = replace(
        old.latest,
        observation_id=uuid.uuid4(),
        survey_id=again,
        mosaic_sha256=mosaic.sha256,
        box_px=(1, 2, 3, 4),
    )
    with writing(services.engine) as connection:
        surveys.save(connection, later)
        orthomosaics.save(connection, mosaic)
        renewed = replace(
            old, latest=seen, observation_ids=(*old.observation_ids, seen.observation_id)
        )
        defects.save(connection, [renewed], now=NOW)

    def boxes(survey_id: object) -> dict[str, list[int]]:
        page = client.get(f"/api/surveys/{survey_id}/defects").json()
        return {row["defect_id"]: row["box_px"] for row in page["defects"]}

    assert boxes(again) == {str(old.defect_id): [1, 2, 3, 4]}
    assert boxes(first.survey_id)[str(old.defect_id)] == list(old.latest.box_px)
    assert len(boxes(first.survey_id)) == 4
    assert client.get(f"/api/defects/{old.defect_id}").json()["observation_count"] == 2
    assert MAP_CRS == client.get(f"/api/surveys/{again}/defects").json()["surface_crs"]
