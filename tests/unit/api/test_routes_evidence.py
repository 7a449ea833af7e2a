"""The evidence for one defect over HTTP: numbers, pictures, what is cached, what is refused."""

import io
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import Engine

from api.content import REVALIDATE
from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.privatearea import Box, PrivateArea, PrivateKind, Screening
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.widthlimits import width_limits
from inspection.store import grades, keys, privacy
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from inspection.store.scope import HOME
from tests.support.people import add_person
from tests.support.seed import Seeded, database_url
from tests.support.visited import MOMENTS, WIDTHS_MM, Visited, visit_twice
from tests.unit.api.conftest import BASE_URL, NOW


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    return visit_twice(tmp_path_factory.mktemp("visited") / "home")


@pytest.fixture
def deck(app: FastAPI, services: Services, visited: Visited) -> Iterator[TestClient]:
    """Serve the deck that was visited twice."""
    engine = create_engine(database_url(visited.home))
    blobs = FolderBlobs(visited.home / "blobs")
    app.state.services = replace(services, engine=engine, blobs=blobs)
    with closing(TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)) as opened:
        yield opened
    engine.dispose()


def address(visited: Visited, crack: int, part: str) -> str:
    return f"/api/defects/{visited.defects[crack].defect_id}/{part}"


def read(client: TestClient, path: str, status: int = 200) -> Any:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_profile_says_all_of_every_place_and_is_asked_for_once(
    deck: TestClient, visited: Visited
) -> None:
    path = address(visited, 0, "profile")
    answer = deck.get(path)
    found = answer.json()
    assert answer.headers["cache-control"] == REVALIDATE
    tag = answer.headers["etag"]
    again = deck.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert found["why_no_points"] is None
    assert found["representative_mm"]["value"] == pytest.approx(WIDTHS_MM[1][0], abs=0.1)
    assert found["method"] == "trough_fit"
    counted = [
        point["width_mm"]["value"]
        for point in found["points"]
        if point["trusted"] and point["width_mm"]["value"] is not None
    ]
    assert found["greatest"]["width_mm"]["value"] == max(counted)
    assert [limit["width_mm"] for limit in found["limits"]] == [0.2, 0.3]
    names = [photo["name"] for photo in found["photos"]]
    assert sorted(names) == ["visit1_0.jpg", "visit1_1.jpg", "visit1_2.jpg"]
    read_points = [photo["points"] for photo in found["photos"]]
    assert read_points == sorted(read_points, reverse=True)
    assert sum(read_points) == len(found["points"])
    then = read(deck, f"{path}?survey_id={visited.visits[0].survey_id}")
    assert then["representative_mm"]["value"] == pytest.approx(WIDTHS_MM[0][0], abs=0.1)
    assert deck.get(f"{path}?survey_id={visited.visits[0].survey_id}").headers["etag"] != tag


def test_photos_come_best_first_with_their_parts(deck: TestClient, visited: Visited) -> None:
    found = read(deck, address(visited, 2, "photos"))
    assert found["number_matched"] == len(found["photos"]) == 3
    assert found["why_none"] is None
    assert [photo["name"] for photo in found["photos"]] == [
        "visit1_2.jpg",
        "visit1_3.jpg",
        "visit1_1.jpg",
    ]
    for photo in found["photos"]:
        x0, y0, x1, y1 = photo["window_px"]
        assert photo["outline"]["type"] == "MultiPolygon"
        assert all(0 <= place["x_px"] <= photo["width_px"] for place in photo["axis"])
        distances = [place["distance_m"] for place in photo["axis"]]
        assert distances == sorted(distances)
        for size in (100, 2048):
            answer = deck.get(f"{photo['crop_url']}&size={size}")
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["cache-control"] == REVALIDATE  # the outline may change
            with Image.open(io.BytesIO(answer.content)) as picture:
                assert max(picture.size) == min(size, max(x1 - x0, y1 - y0))
        assert read_original(deck, photo["url"]) == (photo["width_px"], photo["height_px"])
    assert found["photos"][0]["in_mosaic"] and found["photos"][0]["sharpness_relative"] == 0.8


def read_original(client: TestClient, url: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(client.get(url).content)) as picture:
        return picture.size


def test_a_named_part_is_asked_for_each_time_and_stays_in_the_photo(
    deck: TestClient, visited: Visited
) -> None:
    photo = read(deck, address(visited, 2, "photos"))["photos"][0]
    answer = deck.get(f"{photo['crop_url']}&window=900,700,1100,900&size=500")
    assert answer.headers["cache-control"] == REVALIDATE  # who asks next may see less
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (100, 50)  # never enlarged
    tag = {"If-None-Match": answer.headers["etag"]}
    same = deck.get(f"{photo['crop_url']}&window=900,700,1100,900&size=500", headers=tag)
    assert same.status_code == 304
    for query, status in (
        ("&window=5000,0,5100,100", 422),
        ("&window=1,2,3", 422),
        ("&window=-1,0,10,10", 422),
        ("&window=0,0,9999999,9", 422),
        ("&size=4000", 422),
        ("&size=0", 422),
    ):
        assert deck.get(photo["crop_url"] + query).status_code == status, query
    stranger = photo["crop_url"].replace(photo["sha256"], "ab" * 32)
    assert "sees defect" in read(deck, stranger, 404)["detail"]


def test_growth_comes_with_its_uncertainty(deck: TestClient, visited: Visited) -> None:
    found = read(deck, address(visited, 0, "earlier"))
    assert datetime.fromisoformat(found["created_at"]) == MOMENTS[1]
    (then,) = found["surveys"]
    assert then["survey_id"] == str(visited.visits[0].survey_id)
    assert then["obstacle"] is None and then["mosaic"]["tiles"] is not None
    (near,) = then["near"]
    assert near["is_same"] and near["width_mm"]["value"] == pytest.approx(8.0, abs=0.1)
    path = address(visited, 0, f"earlier/{then['survey_id']}/growth")
    growth = read(deck, path)
    assert growth["change"] == "grown"
    by = growth["width_change_mm"]
    assert abs(by["value"] - 1.6) <= by["expanded_uncertainty"] < 0.7 and by["significant"]
    assert read(deck, path) == growth
    new = read(deck, address(visited, 2, f"earlier/{then['survey_id']}/growth"))
    assert new["change"] == "new" and new["width_change_mm"] is None
    first = f"?survey_id={then['survey_id']}"
    assert read(deck, address(visited, 0, "earlier") + first)["surveys"] == []
    unknown = read(deck, address(visited, 0, f"earlier/{uuid.uuid4()}/growth"), 404)
    assert "no earlier survey" in unknown["detail"]


def test_the_history_tells_machines_and_people_apart(deck: TestClient, visited: Visited) -> None:
    defect_id = visited.defects[1].defect_id
    survey_id = visited.visits[1].survey_id
    told = {"reviewer": "Yamada", "expected_version": 1, "action": "reject", "reason": "joint"}
    assert deck.post(f"/api/defects/{defect_id}/verdicts", json=told).status_code == 201
    engine = create_engine(database_url(visited.home))
    with writing(engine) as connection:
        candidate = GradeCandidate(
            scheme="jp_crack_grade/1.0.0",
            subject=Subject.DEFECT,
            subject_id=str(defect_id),
            candidates=("d", "e"),
            best="e",
            borderline=True,
            unresolved=False,
        )
        grades.save(connection, survey_id, [candidate])
        decision = grades.GradeDecision(
            decision_id=uuid.uuid4(),
            survey_id=survey_id,
            scheme=candidate.scheme,
            subject=Subject.DEFECT,
            subject_id=str(defect_id),
            decided="d",
            decided_by="Kanazawa",
            decided_at=NOW.replace(year=2027),
            expected_version=1,
            note="seen on site",
        )
        grades.decide(connection, decision)
    engine.dispose()
    found = read(deck, address(visited, 1, "history"))
    kinds = [event["kind"] for event in found["events"]]
    assert kinds == ["seen", "seen", "decided", "graded"]
    assert found["version"] == 2
    first, second, decided, graded = found["events"]
    assert [datetime.fromisoformat(e["at"]) for e in (first, second)] == list(MOMENTS)
    assert first["by"] is second["by"] is None
    assert first["machine"]["width_mm"]["value"] == pytest.approx(6.0, abs=0.1)
    assert (decided["by"], decided["action"], decided["reason"]) == ("Yamada", "reject", "joint")
    assert (decided["state_before"], decided["state_after"]) == ("candidate", "rejected")
    assert decided["machine"] == second["machine"]  # what it had said by then
    assert (graded["by"], graded["grade_after"]) == ("Kanazawa", "d")
    assert graded["note"] == "seen on site" and graded["survey_id"] == str(survey_id)


def test_the_history_goes_on_through_edits(client: TestClient, seeded: Seeded) -> None:
    """A part that was split off, and redrawn, still tells what was decided about the whole."""
    whole = seeded.mapped.defects[0].defect_id
    confirm = {"reviewer": "Yamada", "expected_version": 1, "action": "confirm"}
    assert client.post(f"/api/defects/{whole}/verdicts", json=confirm).status_code == 201
    across = seeded.mapped.mosaic.grid.to_surface([[560, 100], [560, 220]]).tolist()
    body = {
        "editor": "Sato",
        "expected_version": 2,
        "line": {"type": "LineString", "coordinates": across},
        "note": "two cracks",
    }
    done = client.post(f"/api/defects/{whole}/split", json=body)
    assert done.status_code in {200, 201}, done.text
    old = read(client, f"/api/defects/{whole}/history")
    parts = old["events"][-1]["with_defects"]
    assert [event["kind"] for event in old["events"]] == ["seen", "decided", "edited"]
    assert old["events"][-1]["state_after"] == "superseded" and len(parts) == 2
    for part in parts:
        found = read(client, f"/api/defects/{part}/history")
        by_kind = {event["kind"]: event for event in found["events"]}
        assert by_kind["decided"]["by"] == "Yamada"
        assert by_kind["decided"]["defect_id"] == str(whole)
        edited = by_kind["edited"]
        assert (edited["by"], edited["edit"]) == ("Sato", "split")
        assert (edited["note"], edited["defect_id"]) == ("two cracks", part)
        assert str(whole) in edited["with_defects"]
        assert {event["defect_id"] for event in found["events"]} == {str(whole), part}
    undo = client.post(f"/api/edits/{done.json()['edit']['edit_id']}/undo", json={"editor": "Sato"})
    assert undo.status_code in {200, 201}, undo.text
    back = read(client, f"/api/defects/{whole}/history")["events"]
    assert [event["edit"] for event in back if event["kind"] == "edited"] == ["split", "undo"]
    assert {event["defect_id"] for event in back} == {str(whole)}


def test_what_is_not_there_is_said(client: TestClient, seeded: Seeded) -> None:
    """A survey without views and widths, an area, and no defect at all."""
    crack = next(d for d in seeded.mapped.defects if d.damage_class is DamageClass.CRACK)
    spall = next(d for d in seeded.mapped.defects if d.damage_class is DamageClass.SPALL)
    found = read(client, f"/api/defects/{crack.defect_id}/profile")
    assert (found["points"], found["why_no_points"]) == ([], "earlier_version")
    assert found["greatest"] is None and found["length_m"] > 0.5
    none = read(client, f"/api/defects/{crack.defect_id}/photos")
    assert (none["photos"], none["why_none"]) == ([], "earlier_version")
    assert read(client, f"/api/defects/{crack.defect_id}/earlier")["surveys"] == []
    assert "is an area" in read(client, f"/api/defects/{spall.defect_id}/profile", 404)["detail"]
    for part in ("profile", "photos", "earlier", "history"):
        assert read(client, f"/api/defects/{uuid.uuid4()}/{part}", 404)["title"]
    stranger = f"?survey_id={seeded.local.survey_id}"
    wrong = read(client, f"/api/defects/{crack.defect_id}/photos{stranger}", 404)
    assert "has not seen" in wrong["detail"]


@pytest.mark.parametrize(
    ("kind", "concrete", "damage_class", "limits"),
    [
        (AssetKind.BRIDGE, Concrete.RC, DamageClass.CRACK, [0.2, 0.3]),
        (AssetKind.BRIDGE, Concrete.PC, DamageClass.CRACK, [0.1, 0.2]),
        (AssetKind.PAVEMENT_SECTION, Concrete.RC, DamageClass.CRACK, [1.0]),
        (AssetKind.BRIDGE, Concrete.RC, DamageClass.SPALL, []),
    ],
)
def test_limits_are_those_of_the_rule_that_grades(
    kind: AssetKind, concrete: Concrete, damage_class: DamageClass, limits: list[float]
) -> None:
    asset = Asset(asset_id="a", name="橋", kind=kind, concrete=concrete)
    found = width_limits(asset, damage_class)
    assert [limit.width_mm for limit in found] == limits
    assert all(limit.ja and limit.en and "/" in limit.scheme for limit in found)


# Who may not see originals


def screened(engine: Engine, survey_id: uuid.UUID, sha256: str, *boxes: Box) -> None:
    found = Screening(
        detector_id=f"test@{len(boxes)}",
        size_px=(1200, 900),
        areas=tuple(PrivateArea(kind=PrivateKind.PERSON, box_px=box, score=0.9) for box in boxes),
        at=NOW,
    )
    with writing(engine) as connection:
        privacy.add_screening(connection, survey_id, sha256, found)


def test_a_viewer_sees_parts_blurred_once_a_detector_has_looked(
    app: FastAPI, services: Services, visited: Visited, tmp_path: Path
) -> None:
    shutil.copytree(visited.home, tmp_path / "visited")
    engine = create_engine(database_url(tmp_path / "visited"))
    blobs = FolderBlobs(tmp_path / "visited" / "blobs")
    app.state.services = replace(services, engine=engine, blobs=blobs)
    viewer, engineer = (
        add_person(engine, role, HOME, NOW) for role in (Role.VIEWER, Role.ENGINEER)
    )
    with closing(TestClient(app, base_url=BASE_URL)) as client:
        path = address(visited, 0, "photos")
        seen = client.get(path, headers=engineer.headers).json()
        sighting = seen["photos"][0]
        x0, y0, x1, y1 = sighting["window_px"]
        part = f"{path}/{sighting['sha256']}.jpg?window={x0},{y0},{x1},{y1}&size=2048"
        unseen = client.get(part, headers=viewer.headers)
        assert unseen.status_code == 404 and "no blurred picture" in unseen.json()["detail"]
        sharp = client.get(part, headers=engineer.headers)
        survey_id = uuid.UUID(seen["survey_id"])
        left = (x0, y0, (x0 + x1) // 2, y1)
        screened(engine, survey_id, sighting["sha256"], left)
        blurred = client.get(part, headers=viewer.headers)
        assert (sharp.status_code, blurred.status_code) == (200, 200)
        one, other = (
            np.asarray(Image.open(io.BytesIO(answer.content)).convert("L")).astype(float)
            for answer in (sharp, blurred)
        )
        half = one.shape[1] // 2
        roughness = [np.abs(np.diff(picture[:, : half - 8])).mean() for picture in (one, other)]
        assert roughness[1] < 0.5 * roughness[0]
        assert client.get(part, headers=engineer.headers).content == sharp.content
        known = {**viewer.headers, "if-none-match": sharp.headers["etag"]}
        next_there = client.get(part, headers=known)  # at the browser that the engineer used
        assert (next_there.status_code, next_there.content) == (200, blurred.content)
        assert sharp.headers["cache-control"] == REVALIDATE
        photo = keys.photo_key(sighting["sha256"], ".jpg")
        content = blobs.read_bytes(photo)
        blobs.delete(photo)
        other = part.replace(f"{x0},", f"{x0 + 1},", 1)
        again = client.get(other, headers=viewer.headers)  # of what is kept in memory, hidden
        assert again.status_code == 200 and again.content != blurred.content
        blobs.put_bytes(photo, content)
        tag = {**viewer.headers, "if-none-match": blurred.headers["etag"]}
        assert client.get(part, headers=tag).status_code == 304
        screened(engine, survey_id, sighting["sha256"], left, (x0, y0, x1, y1))
        again = client.get(part, headers=tag)  # another detector found more
        assert again.status_code == 200 and again.content != blurred.content
        assert again.headers["cache-control"] == REVALIDATE
    engine.dispose()
