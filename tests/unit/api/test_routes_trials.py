"""Trials over HTTP: asked, followed, shown, compared, forgotten; the survey stays as it is."""

import json
import uuid
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.domain.comparison import Outline
from inspection.pipeline.backup import blobs_of_rows
from inspection.pipeline.tryout import outline_to_plain
from inspection.store import errands, keys, trials
from inspection.store.engine import reading, writing
from inspection.store.job import JobState
from tests.support.modelrows import SHA, offered, publish
from tests.support.people import add_cities, add_person
from tests.support.seed import HEIGHT_PX, LEFT_M, TOP_M, WIDTH_PX, Seeded
from tests.unit.api.conftest import NOW, CountingBell

WINDOW = [0, 0, 640, 480]
FIGURES: dict[str, Any] = {
    "model": "tenken-crack-n@cccccccccccc",
    "found": 2,
    "classes": {"crack": {"count": 2, "area_m2": 0.02, "length_m": 1.5, "share": 0.004}},
    "surface_m2": 5.0,
    "gsd_mm_per_px": 2.0,
    "seconds": 1.25,
    "chips_read": 4,
    "too_short": 1,
    "distractors": {"joint": 3},
    "outlines": 2,
    "warnings": ["coarse"],
}


def crack(y: float, kind: str = "crack") -> Outline:
    shape = shapely.box(LEFT_M + 0.1, TOP_M - y - 0.01, LEFT_M + 1.1, TOP_M - y)
    return Outline(damage_class=kind, confidence=0.8, area_m2=0.01, length_m=1.0, shape=shape)


@pytest.fixture(autouse=True)
def worker(services: Services) -> None:
    """Let a worker say what it has."""
    publish(services.engine, NOW, offered(now=NOW), offered("road", "d" * 64, now=NOW))


def ask(
    client: TestClient, seeded: Seeded, *, model: str = "tenken-crack-n", window: Any = WINDOW
) -> Any:
    body = {
        "survey_id": str(seeded.mapped.survey_id),
        "model": {"name": model},
        "window_px": window,
    }
    return client.post("/api/trials", json=body)


def finish(services: Services, trial_id: str, *outlines: Outline, **figures: Any) -> None:
    """Do what a worker does."""
    content = json.dumps([outline_to_plain(one) for one in outlines]).encode()
    key = keys.outlines_key(uuid.UUID(trial_id), "e" * 64)
    services.blobs.put_bytes(key, content)
    with writing(services.engine) as connection:
        told = FIGURES | figures
        trials.finish(connection, uuid.UUID(trial_id), figures=told, outlines_key=key)


def test_a_trial_is_asked_for_followed_and_shown(
    client: TestClient, services: Services, seeded: Seeded, bell: CountingBell
) -> None:
    answer = ask(client, seeded)
    assert answer.status_code == 202, answer.text
    trial = answer.json()
    assert trial["window_px"] == WINDOW and not trial["whole"] and trial["figures"] is None
    assert trial["model"] == {"name": "tenken-crack-n", "own_model_id": None, "sha256": SHA}
    assert trial["mosaic_sha256"] == seeded.mapped.mosaic.sha256
    assert bell.rung == [uuid.UUID(trial["job"]["job_id"])]
    path = f"/api/trials/{trial['trial_id']}"
    early = client.get(f"{path}/outlines")
    assert early.status_code == 409 and "queued; wait for it" in early.json()["detail"]
    with writing(services.engine) as connection:
        held = errands.claim(connection, bell.rung[0], "host:1", NOW, 60)
        assert held is not None
        errands.progress(connection, held, step="detect", units_done=3, units_total=9)
    job = client.get(path).json()["job"]
    assert (job["state"], job["step"], job["done"], job["total"]) == ("running", "detect", 3, 9)
    finish(services, trial["trial_id"], crack(0.5), crack(0.9))
    shown = client.get(path).json()["figures"]
    assert shown["classes"] == [{"damage_class": "crack", **FIGURES["classes"]["crack"]}]
    assert {name: shown[name] for name in FIGURES if name != "classes"} == {
        name: value for name, value in FIGURES.items() if name != "classes"
    }
    outlines = client.get(f"{path}/outlines").json()["outlines"]
    assert [one["outline_surface_m"]["type"] for one in outlines] == ["Polygon", "Polygon"]
    x, y = outlines[0]["outline_surface_m"]["coordinates"][0][0]
    assert LEFT_M < x < LEFT_M + 1.2 and TOP_M - 1 < y < TOP_M
    listed = client.get("/api/trials", params={"survey_id": str(seeded.mapped.survey_id)}).json()
    assert [one["trial_id"] for one in listed["trials"]] == [trial["trial_id"]]
    with reading(services.engine) as connection:
        kept = trials.by_id(connection, uuid.UUID(trial["trial_id"])).outlines_key
        assert kept in set(blobs_of_rows(connection))


def test_the_whole_mosaic_by_choice(client: TestClient, seeded: Seeded) -> None:
    trial = ask(client, seeded, window=None).json()
    assert trial["whole"] and trial["window_px"] == [0, 0, WIDTH_PX, HEIGHT_PX]


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ([0, 0, WIDTH_PX + 1, 100], "does not lie on the mosaic of 1500×900 px"),
        ([-1, 0, 100, 100], "does not lie on the mosaic"),
        ([100, 0, 100, 100], "does not lie on the mosaic"),
        ([0, 0, 63, 500], "is too small; its sides are 64 px or more"),
        ([0, 0, 10], "window_px"),
        ([0, 0, 10, 1e300], "window_px"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    client: TestClient, seeded: Seeded, window: list[float], words: str
) -> None:
    answer = ask(client, seeded, window=window)
    assert answer.status_code == 422 and words in answer.text


def test_what_is_not_there_is_not_tried(client: TestClient, seeded: Seeded) -> None:
    assert ask(client, seeded, model="gone").status_code == 404
    body = {"survey_id": str(uuid.uuid4()), "model": {"name": "road"}}
    assert client.post("/api/trials", json=body).status_code == 404
    assert client.get(f"/api/trials/{uuid.uuid4()}").status_code == 404
    assert client.get("/api/trials", params={"survey_id": str(uuid.uuid4())}).status_code == 404


def test_two_models_are_compared_on_the_same_window(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    first = ask(client, seeded).json()["trial_id"]
    second = ask(client, seeded, model="road").json()["trial_id"]
    elsewhere = ask(client, seeded, window=[0, 0, 641, 480]).json()["trial_id"]
    sides = {"first": first, "second": second}
    unfinished = client.get("/api/trials/comparison", params=sides)
    assert unfinished.status_code == 409
    finish(services, first, crack(0.2), crack(0.5), crack(0.9, "spall"))
    finish(services, second, crack(0.503), crack(0.9, "efflorescence"), crack(1.5))
    finish(services, elsewhere)
    compared = client.get("/api/trials/comparison", params=sides).json()
    assert compared["tolerance_mm"] == pytest.approx(6.0) and compared["share"] == 0.5
    agreed = {side: [one["agreement"] for one in compared[side]["outlines"]] for side in sides}
    assert agreed == {
        "first": ["only", "both", "otherwise"],
        "second": ["both", "otherwise", "only"],
    }
    rows = [
        (one["damage_class"], one["agreement"], one["figures"]["count"])
        for one in compared["first"]["rows"]
    ]
    assert rows == [("crack", "both", 1), ("crack", "only", 1), ("spall", "otherwise", 1)]
    assert compared["second"]["trial"]["model"]["name"] == "road"
    turned = client.get("/api/trials/comparison", params={"first": second, "second": first}).json()
    assert turned["first"]["rows"] == compared["second"]["rows"]
    other = client.get("/api/trials/comparison", params=sides | {"second": elsewhere})
    assert other.status_code == 422
    assert "not of the same window" in other.json()["detail"]


def test_a_comparison_says_what_it_does_not_know(
    client: TestClient, services: Services, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that was kept is compared, fewer are drawn, and what was not kept is said."""
    monkeypatch.setattr("api.routes.trials.OUTLINES_MAX", 1)
    monkeypatch.setattr("api.schemas.trial.OUTLINES_MAX", 1)
    first, second = (ask(client, seeded).json()["trial_id"] for _ in range(2))
    finish(services, first, crack(0.2), crack(0.5), crack(0.8), found=7, compared=3, outlines=1)
    finish(services, second, crack(0.8), found=2, outlines=1)  # by a worker of before
    sides = {"first": first, "second": second}
    compared = client.get("/api/trials/comparison", params=sides).json()
    assert [compared[side]["left_out"] for side in sides] == [4, 1]
    assert [len(compared[side]["outlines"]) for side in sides] == [1, 1]
    rows = [(one["agreement"], one["figures"]["count"]) for one in compared["first"]["rows"]]
    assert rows == [("both", 1), ("only", 2)], "the smallest that was kept is known"
    assert len(client.get(f"/api/trials/{first}/outlines").json()["outlines"]) == 1
    figures = [client.get(f"/api/trials/{one}").json()["figures"] for one in sides.values()]
    assert [(one["outlines"], one["compared"]) for one in figures] == [(1, 3), (1, 1)]


def test_a_trial_is_forgotten_with_its_file_and_its_errand(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    trial = ask(client, seeded).json()
    job_id = uuid.UUID(trial["job"]["job_id"])
    with reading(services.engine) as connection:
        assert errands.by_id(connection, job_id).state is JobState.QUEUED
    finish(services, trial["trial_id"], crack(0.2))
    path = f"/api/trials/{trial['trial_id']}"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == client.delete(path).status_code == 404
    assert list(services.blobs.keys(keys.TRIALS)) == []
    with reading(services.engine) as connection:
        assert not errands.is_one(connection, job_id)


def test_trials_of_another_organisation_are_not_there(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    trial = ask(client, seeded).json()["trial_id"]
    finish(services, trial, crack(0.2))
    add_cities(services.engine)
    stranger = add_person(services.engine, Role.ADMIN, "city-a", NOW).headers
    viewer = add_person(services.engine, Role.ENGINEER, "city-a", NOW).headers
    for path in (f"/api/trials/{trial}", f"/api/trials/{trial}/outlines"):
        assert client.get(path, headers=stranger).status_code == 404
        assert client.get(path, headers=viewer).status_code == 403
    assert client.delete(f"/api/trials/{trial}", headers=stranger).status_code == 404
    body = {"survey_id": str(seeded.mapped.survey_id), "model": {"name": "road"}}
    assert client.post("/api/trials", json=body, headers=stranger).status_code == 404
