"""What people decided follows a split, a merge, a redrawn shape, and is asked for again."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.deps import Services
from inspection.domain.account import Role
from inspection.pipeline.compile import compile_record, gather
from inspection.pipeline.decide import Judgement, decide
from inspection.pipeline.regrade import regrade
from inspection.store import defects, grades, progress
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.edited import draw, line, split
from tests.support.people import add_person
from tests.support.seed import Seeded, SeededSurvey, keep_seeded_views
from tests.unit.api.conftest import BASE_URL, NOW
from tests.unit.api.test_hostile_requests import problem_of

ASSET = "bridge-12"
FINISHED = "2026-04-20"


@dataclass
class TickingClock:
    """Tell a later time whenever it is asked."""

    at: datetime = field(default=NOW)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def ticking(services: Services) -> Services:
    return replace(services, clock=TickingClock())


@pytest.fixture
def client(app: FastAPI, ticking: Services, dist: Path) -> Iterator[TestClient]:
    app.state.services, app.state.dist = ticking, dist
    with closing(TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)) as opened:
        yield opened


@pytest.fixture
def survey(seeded: Seeded, ticking: Services) -> SeededSurvey:
    """Give the survey on the map with grades proposed, as at the end of a run."""
    keep_seeded_views(ticking.blobs, seeded.mapped)  # type: ignore[arg-type]
    with writing(ticking.engine) as connection:
        regrade(connection, defects.standing(connection, ASSET), clock=ticking.clock)
    return seeded.mapped


def confirm(client: TestClient, defect_id: str, version: int = 1) -> None:
    verdict = {"action": "confirm", "reviewer": "鈴木", "expected_version": version}
    assert client.post(f"/api/defects/{defect_id}/verdicts", json=verdict).status_code == 201


def record(client: TestClient, defect_id: str, stage: str = "finished", day: str = FINISHED) -> Any:
    body = {"asset_id": ASSET, "defect_id": defect_id, "stage": stage, "day": day}
    return client.post("/api/measures", json=body)


def grade(services: Services, survey: SeededSurvey, defect_id: str, letter: str) -> None:
    with writing(services.engine) as connection:
        (row,) = [
            row
            for row in grades.of_survey(connection, survey.survey_id)
            if row.candidate.subject_id == defect_id
        ]
        judgement = Judgement(
            survey_id=survey.survey_id,
            scheme=row.candidate.scheme,
            subject_id=defect_id,
            decided=letter,
            by="高橋",
            note="現地で確認",
        )
        decide(connection, judgement, clock=services.clock)


def shown(client: TestClient, defect_id: str) -> tuple[list[tuple[str, str | None]], Any]:
    detail = client.get(f"/api/defects/{defect_id}").json()
    return [(one["grade"], one["again"]) for one in detail["settled"]], detail["work"]


def undo(client: TestClient, done: Any) -> Any:
    return client.post(f"/api/edits/{done['edit']['edit_id']}/undo", json={"editor": "佐藤"})


def merge(client: TestClient, *of: str, version: int) -> Any:
    versions = [{"defect_id": one, "expected_version": version} for one in of]
    return client.post("/api/defects/merge", json={"editor": "佐藤", "defects": versions}).json()


def standing(services: Services) -> list[progress.Moments]:
    with reading(services.engine) as connection:
        return [one for one in progress.moments(connection) if one.asset_id == ASSET]


def confirmed_in_record(services: Services) -> dict[str, tuple[str, str, str]]:
    """Give grade, why it is asked again, and who confirmed, of each defect of the record."""
    with writing(services.engine) as connection:
        found = gather(connection, ASSET, 2026)
        attributes: dict[str, Any] = {"soundness": "II", "inspection_fiscal_year": 2026}
        asset = replace(found.entry.asset, attributes=attributes)
        known = replace(found, entry=replace(found.entry, asset=asset))
        record_ = compile_record(connection, known, {})
    return {d.defect_id: (d.grade, d.grade_again, d.confirmed_by) for d in record_.defects}


def test_parts_take_over_what_was_decided_about_the_whole(
    client: TestClient, survey: SeededSurvey, ticking: Services
) -> None:
    whole = str(survey.defects[0].defect_id)
    confirm(client, whole)
    grade(ticking, survey, whole, "e")
    assert record(client, whole, "ordered", "2026-04-10").status_code == 201
    assert record(client, whole).status_code == 201
    before = standing(ticking)
    detail = client.get(f"/api/defects/{whole}").json()
    assert shown(client, whole)[0] == [("e", None)]

    done = split(client, survey, expected_version=2).json()
    _, *parts = [one["defect_id"] for one in done["defects"]]
    for part in parts:
        decided, work = shown(client, part)
        assert decided == [("e", "split")]
        assert (work["ordered"], work["finished"]) == ("2026-04-10", FINISHED)
        assert (work["taken_over"], work["partly"]) == (True, [])
    repaired = [one for one in standing(ticking) if str(one.finished) == FINISHED]
    assert sum(one.count for one in repaired) == 2
    assert {one.confirmed for one in repaired} == {one.confirmed for one in before if one.finished}
    waiting = client.get("/api/dashboard/waiting").json()["damages"]
    assert not {one["defect_id"] for one in waiting} & {whole, *parts}
    kept = confirmed_in_record(ticking)
    assert {part: kept[part] for part in parts} == dict.fromkeys(parts, ("e", "split", "鈴木"))

    # whoever decides about a part itself is asked no more
    grade(ticking, survey, parts[0], "c")
    assert shown(client, parts[0])[0] == [("c", None)]
    assert shown(client, parts[1])[0] == [("e", "split")]
    assert confirmed_in_record(ticking)[parts[0]][:2] == ("c", "")
    # nobody takes that back unasked
    late = undo(client, done)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/overtaken")
    assert [(one["who"], one["what"]) for one in late.json()["meanwhile"]] == [("高橋", "grade")]
    assert detail["settled"][0]["by"] == "高橋"


def test_an_undo_restores_exactly_what_was_recorded(
    client: TestClient, survey: SeededSurvey, ticking: Services
) -> None:
    whole = str(survey.defects[0].defect_id)
    grade(ticking, survey, whole, "d")
    record(client, whole)
    before, moments = shown(client, whole), standing(ticking)
    done = split(client, survey).json()
    assert record(client, whole, "ordered").status_code == 409  # others stand in its place
    back = undo(client, done)
    assert back.status_code == 201
    assert (shown(client, whole), standing(ticking)) == (before, moments)
    # and taken back again: the parts have what they had
    assert undo(client, back.json()).status_code == 201
    for part in done["defects"][1:]:
        assert shown(client, part["defect_id"])[0] == [("d", "split")]
        assert shown(client, part["defect_id"])[1]["finished"] == FINISHED


def test_a_measure_on_a_part_keeps_the_split_until_it_is_withdrawn(
    client: TestClient, survey: SeededSurvey
) -> None:
    done = split(client, survey).json()
    event = record(client, done["defects"][1]["defect_id"]).json()["event_id"]
    late = undo(client, done)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/overtaken")
    assert [one["what"] for one in late.json()["meanwhile"]] == ["finished"]
    why = {"note": "別の損傷"}
    assert client.post(f"/api/measures/{event}/withdrawal", json=why).status_code == 200
    assert undo(client, done).status_code == 201


def test_a_merged_whole_is_repaired_when_all_of_it_is_and_as_bad_as_the_worst(
    client: TestClient, survey: SeededSurvey, ticking: Services
) -> None:
    done = split(client, survey).json()
    one, other = (part["defect_id"] for part in done["defects"][1:])
    for part, letter in ((one, "c"), (other, "e")):
        confirm(client, part)
        grade(ticking, survey, part, letter)
    record(client, one)
    body = {
        "editor": "佐藤",
        "defects": [{"defect_id": d, "expected_version": 2} for d in (one, other)],
    }
    merged = client.post("/api/defects/merge", json=body).json()
    (whole,) = [d["defect_id"] for d in merged["defects"] if d["state"] == "confirmed"]
    decided, work = shown(client, whole)
    assert decided == [("e", "merged")]
    assert (work["finished"], work["partly"], work["taken_over"]) == (None, ["finished"], True)
    listed = client.get("/api/dashboard/waiting").json()["damages"]
    assert whole in {d["defect_id"] for d in listed}
    assert confirmed_in_record(ticking)[whole] == ("e", "merged", "鈴木")

    # the second piece was repaired too, as its record shows after the merge was taken back
    assert undo(client, merged).status_code == 201
    record(client, other, day="2026-04-25")
    merged = merge(client, one, other, version=4)
    (whole,) = [d["defect_id"] for d in merged["defects"] if d["state"] == "confirmed"]
    assert shown(client, whole)[1] == {
        "ordered": None, "finished": "2026-04-25", "partly": [], "taken_over": True,
    }  # fmt: skip
    listed = client.get("/api/dashboard/waiting").json()["damages"]
    assert whole not in {d["defect_id"] for d in listed}


def test_a_redrawn_defect_keeps_its_grade_and_asks_for_it_again(
    client: TestClient, survey: SeededSurvey, ticking: Services
) -> None:
    defect_id = str(survey.defects[0].defect_id)
    grade(ticking, survey, defect_id, "c")
    body = {
        "editor": "佐藤",
        "expected_version": 1,
        "geometry": line(survey, [[500, 150], [640, 160]]),
    }
    done = client.put(f"/api/defects/{defect_id}/geometry", json=body).json()
    assert shown(client, defect_id)[0] == [("c", "redrawn")]
    assert undo(client, done).status_code == 201
    assert shown(client, defect_id)[0] == [("c", None)]
    grade(ticking, survey, defect_id, "d")
    assert shown(client, defect_id)[0] == [("d", None)]


def test_who_drew_a_damage_confirmed_it(
    client: TestClient, survey: SeededSurvey, ticking: Services
) -> None:
    (drawn,) = draw(client, survey).json()["defects"]
    assert confirmed_in_record(ticking)[drawn["defect_id"]] == ("", "", "佐藤")
    record(client, drawn["defect_id"])
    (edit,) = client.get(f"/api/defects/{drawn['defect_id']}/edits").json()["edits"]
    assert undo(client, {"edit": edit}).status_code == 409


def detail(client: TestClient, defect_id: str) -> Any:
    answer = client.get(f"/api/defects/{defect_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def wish(seen: Any, grade: str, **changes: Any) -> dict[str, Any]:
    """Decide on what a page shows."""
    (of,) = seen["gradable"]
    return {
        "scheme": of["scheme"],
        "grade": grade,
        "by": "高橋",
        "expected_version": seen["version"],
        "grade_version": of["version"],
        "note": "現地で確認",
        **changes,
    }


def decide_on(client: TestClient, seen: Any, grade: str, **changes: Any) -> Any:
    headers = changes.pop("headers", {})
    path = f"/api/defects/{seen['defect_id']}/grades"
    return client.post(path, json=wish(seen, grade, **changes), headers=headers)


def queue(client: TestClient, survey: SeededSurvey, **query: Any) -> dict[str, tuple[str, bool]]:
    path = f"/api/surveys/{survey.survey_id}/queue"
    rows = client.get(path, params={"limit": 500, **query}).json()["rows"]
    return {row["defect_id"]: (row["grade"], row["again"]) for row in rows}


def counted(client: TestClient, survey: SeededSurvey, **query: Any) -> tuple[int, int, Any]:
    answer = client.get(f"/api/surveys/{survey.survey_id}/queue/counts", params=query).json()
    return answer["matched"], answer["again"], answer["by_grade"]


def tile(client: TestClient, survey: SeededSurvey, **query: Any) -> bytes:
    path = f"/api/surveys/{survey.survey_id}/defects/tiles/0/0/0.mvt"
    return client.get(path, params=query).content


def test_a_part_is_asked_again_where_it_is_said_and_found_in_the_queue(
    client: TestClient,
    survey: SeededSurvey,
) -> None:
    whole = str(survey.defects[0].defect_id)
    seen = detail(client, whole)
    assert seen["gradable"][0]["values"] == list("abcde")
    assert seen["gradable"][0]["candidates"] == seen["grades"][0]["candidates"]
    answer = decide_on(client, seen, "e")
    assert answer.status_code == 201, answer.text
    assert [(s["grade"], s["by"], s["again"]) for s in answer.json()["settled"]] == [
        ("e", "高橋", None)
    ]
    assert queue(client, survey)[whole] == ("e", False)
    assert counted(client, survey)[1] == 0 and queue(client, survey, again=True) == {}
    done = split(client, survey).json()
    one, other = (part["defect_id"] for part in done["defects"][1:])
    # both are listed under the grade that holds, and can be asked for
    wanted = {one: ("e", True), other: ("e", True)}
    assert queue(client, survey, grade="e") == wanted == queue(client, survey, again=True)
    matched, again, by_grade = counted(client, survey, again=True)
    assert (matched, again, by_grade) == (2, 2, {**by_grade, "e": 2})
    at = queue(client, survey, at=one, limit=1)
    assert at == {one: ("e", True)}
    assert one.encode() in tile(client, survey, again=True)
    assert whole.encode() not in tile(client, survey, grade="e")

    seen = detail(client, one)
    assert [s["again"] for s in seen["settled"]] == ["split"]
    assert seen["gradable"][0]["version"] == 1
    answer = decide_on(client, seen, "c")
    assert answer.status_code == 201, answer.text
    assert shown(client, one)[0] == [("c", None)]
    assert queue(client, survey, again=True) == {other: ("e", True)}
    assert queue(client, survey)[one] == ("c", False)
    # nobody takes that back unasked, and what is rejected is asked no more
    assert undo(client, done).status_code == 409
    reject = {"action": "reject", "reason": "stain", "reviewer": "鈴木", "expected_version": 1}
    assert client.post(f"/api/defects/{other}/verdicts", json=reject).status_code == 201
    assert queue(client, survey, again=True) == {}
    gone = detail(client, other)
    assert gone["gradable"] == []


def test_what_was_read_is_decided_on_and_nothing_else(
    client: TestClient,
    survey: SeededSurvey,
) -> None:
    whole = str(survey.defects[0].defect_id)
    seen = detail(client, whole)
    allowed = seen["grades"][0]["candidates"]
    departs = next(letter for letter in "edcba" if letter not in allowed)
    said = problem_of(decide_on(client, seen, departs, note=" "), 422)["detail"]
    assert "departs from the candidate" in said
    assert "it has a, b, c, d, e" in problem_of(decide_on(client, seen, "IV"), 422)["detail"]
    wrong = decide_on(client, seen, "e", scheme="soundness_candidate")
    assert "is not graded by 'soundness_candidate'" in problem_of(wrong, 422)["detail"]
    assert decide_on(client, seen, allowed[0], note="").status_code == 201
    late = problem_of(decide_on(client, seen, "e"), 409)
    assert "read it again" in late["detail"]
    confirm(client, whole)
    stale = problem_of(decide_on(client, detail(client, whole), "e", expected_version=1), 409)
    assert [one["what"] for one in stale["meanwhile"]] == ["confirm"]
    now = detail(client, whole)
    assert (now["gradable"][0]["version"], now["version"]) == (2, 2)
    assert decide_on(client, now, "e").status_code == 201
    assert split(client, survey, expected_version=2).status_code == 201
    replaced = decide_on(client, now, "d", expected_version=3, grade_version=3)
    assert "others stand in its place" in problem_of(replaced, 409)["detail"]
    nothing = {**wish(now, "d"), "by": ""}
    part = split(client, survey, expected_version=3)
    assert part.status_code == 409
    problem_of(client.post("/api/defects/" + "0" * 8 + whole[8:] + "/grades", json=nothing), 404)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PLANNER])
def test_only_who_may_decide_does_and_under_their_account(
    client: TestClient,
    survey: SeededSurvey,
    ticking: Services,
    role: Role,
) -> None:
    looks = add_person(ticking.engine, role, HOME, NOW, name="looks")
    decides = add_person(ticking.engine, Role.ENGINEER, HOME, NOW)
    path = f"/api/defects/{survey.defects[0].defect_id}"
    seen = client.get(path, headers=looks.headers).json()
    problem_of(decide_on(client, seen, "e", headers=looks.headers), 403)
    answer = decide_on(client, seen, "e", headers=decides.headers, by="誰か")
    assert answer.status_code == 201, answer.text
    assert answer.json()["settled"][0]["by"] == decides.account.display_name
    with reading(ticking.engine) as connection:
        (row,) = [r for r in grades.of_survey(connection, survey.survey_id) if r.decided]
    assert row.decided_account == decides.account.account_id
