"""Requests that no honest program sends: numbers, moments, boxes and names at and past the end."""

import io
import itertools
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.crs import EPSG_URI
from api.errors import HTTP_KIND, MEDIA_TYPE
from inspection.store.page import OFFSET_MAX
from tests.support.seed import Seeded

PLANE7 = EPSG_URI + "6675"
ITEMS = "/collections/defects/items"
SURVEYS = "/collections/surveys/items"
PAGED = ["/api/assets", "/api/surveys", ITEMS, SURVEYS]

LAW = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def problem_of(answer: Any, *statuses: int) -> dict[str, Any]:
    """Give the problem that an answer carries, whose status must be one of these."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    return problem


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize("offset", [OFFSET_MAX + 1, 2**63 - 1, 2**63, 10**30, -1])
def test_an_offset_that_no_database_counts_to_is_named(
    client: TestClient, path: str, offset: int
) -> None:
    problem = problem_of(client.get(f"{path}?offset={offset}"), 400, 422)
    assert [row["where"] for row in problem["errors"]] == ["query.offset"]


@pytest.mark.parametrize("path", PAGED)
def test_the_last_offset_gives_an_empty_page(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}?offset={OFFSET_MAX}&limit=500")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown.get("assets"), shown.get("surveys"), shown.get("features")).count([]) == 1
    assert '"next"' not in answer.text


def test_defects_of_a_survey_have_the_same_bound(client: TestClient, seeded: Seeded) -> None:
    path = f"/api/surveys/{seeded.mapped.survey_id}/defects"
    assert client.get(f"{path}?offset={OFFSET_MAX}").json()["defects"] == []
    problem_of(client.get(f"{path}?offset={OFFSET_MAX + 1}"), 422)


@pytest.mark.parametrize("path", [ITEMS, SURVEYS])
@pytest.mark.parametrize(
    "when",
    [
        "0001-01-01T00:00:00+14:00",  # the year 0 in UTC
        "9999-12-31T23:59:59-00:01",  # the year 10000 in UTC
        "../9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+00:01/..",
    ],
)
def test_a_moment_outside_the_calendar_is_refused_with_its_bounds(
    client: TestClient, path: str, when: str
) -> None:
    problem = problem_of(client.get(path, params={"datetime": when}), 400)
    assert "years 1 to 9999" in problem["detail"]


@pytest.mark.parametrize("path", [ITEMS, SURVEYS])
@pytest.mark.parametrize(
    ("when", "count"),
    [
        ("0001-01-01T00:00:00Z/..", True),
        ("../9999-12-31T23:59:59Z", True),
        ("0001-01-01/9999-12-31", True),
        ("9999-12-31/..", False),
        ("../0001-01-01", False),
        ("0001-01-01T00:00:00-14:00/9999-12-31T23:59:59+14:00", True),
    ],
)
def test_the_ends_of_the_calendar_are_moments_like_others(
    client: TestClient, path: str, when: str, count: bool
) -> None:
    answer = client.get(path, params={"datetime": when})
    assert answer.status_code == 200
    assert bool(answer.json()["numberMatched"]) is count


@pytest.mark.parametrize("path", [ITEMS, SURVEYS])
@pytest.mark.parametrize(
    "box",
    [
        "-1e300,-1e300,1e300,1e300",
        "-1e308,-1e308,1e308,1e308",
        "0,0,0,1e300",
        "1e300,1e300,1e300,1e300",
        "0,0,1.1e8,1",
    ],
)
def test_a_box_beyond_every_map_is_refused(client: TestClient, path: str, box: str) -> None:
    answer = client.get(path, params={"bbox": box, "bbox-crs": PLANE7})
    problem = problem_of(answer, 400)
    assert "outside the area of EPSG:6675" in problem["detail"]


def test_a_box_without_extent_finds_what_it_touches(client: TestClient, seeded: Seeded) -> None:
    spall = seeded.mapped.defects[3]
    x, y = spall.latest.anchor_surface_m
    at = {"bbox-crs": PLANE7}
    point = client.get(ITEMS, params={"bbox": f"{y},{x},{y},{x}", **at}).json()
    assert [feature["id"] for feature in point["features"]] == [str(spall.defect_id)]
    north = client.get(ITEMS, params={"bbox": f"{y},{x},{y + 0.01},{x}", **at}).json()
    assert [feature["id"] for feature in north["features"]] == [str(spall.defect_id)]
    beside = client.get(ITEMS, params={"bbox": f"{y},{x + 9},{y},{x + 9}", **at}).json()
    assert beside["features"] == []


@LAW
@given(st.lists(st.floats(), min_size=3, max_size=7), st.sampled_from(["", PLANE7]))
def test_any_numbers_in_a_box_are_answered_or_refused(
    client: TestClient, numbers: list[float], crs: str
) -> None:
    query = {"bbox": ",".join(map(repr, numbers)), **({"bbox-crs": crs} if crs else {})}
    for path in (ITEMS, SURVEYS):
        answer = client.get(path, params=query)
        assert answer.status_code in {200, 400}, answer.text


@LAW
@given(st.text(max_size=30))
def test_any_words_as_a_moment_are_answered_or_refused(client: TestClient, words: str) -> None:
    assert client.get(ITEMS, params={"datetime": words}).status_code in {200, 400}


@pytest.mark.parametrize(
    "path",
    ["/%00", "/assets/%00.js", "/a%00/../b", "/" + "x" * 300, "/" + "a/" * 3000, "/%ff%fe"],
    ids=["nul", "nul-in-name", "nul-and-up", "long-name", "deep", "no-utf8"],
)
def test_an_address_that_no_file_can_have_leads_nowhere(client: TestClient, path: str) -> None:
    assert problem_of(client.get(path), 404)["title"] == "The thing named does not exist"


@LAW
@given(st.text(min_size=1, max_size=40))
def test_any_address_is_answered_without_a_fault(client: TestClient, words: str) -> None:
    try:
        path = "/" + quote(words)
    except UnicodeEncodeError:  # half a surrogate pair is in no address
        return
    assert client.get(path).status_code < 500


def test_the_problems_of_the_protocol_have_a_page(client: TestClient) -> None:
    refused = problem_of(client.delete("/api/assets"), 405)
    assert refused["type"] == f"/problems/{HTTP_KIND}"
    page = client.get(refused["type"])
    assert page.status_code == 200
    assert page.json()["kind"] == HTTP_KIND
    assert page.json()["status"] is None
    assert "/openapi.json" in page.json()["meaning"]


def test_an_unknown_kind_of_problem_lists_all_there_are(client: TestClient) -> None:
    detail = problem_of(client.get("/problems/unheard-of"), 404)["detail"]
    assert "'http'" in detail and "'bad-photo'" in detail


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/assets", "GET, HEAD, POST"),
        ("PUT", "/api/surveys", "GET, HEAD, POST"),
        ("DELETE", "/api/assets/bridge-12", "GET, HEAD, PUT"),
        ("POST", "/api/worklist", "GET, HEAD"),
        ("PATCH", "/healthz", "GET, HEAD"),
        ("GET", "/api/flight/plans", "POST"),
        ("PUT", "/nothing.js", "GET, HEAD"),
        ("PUT", "/api/surveys/6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e/process", "POST"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
def test_every_method_of_an_address_is_told(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    problem_of(answer, 405)
    assert answer.headers["allow"] == allowed


def test_the_methods_told_are_those_that_work(client: TestClient) -> None:
    told = client.delete("/api/assets").headers["allow"].split(", ")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        status = client.request(method, "/api/assets").status_code
        assert (status != 405) is (method in told)


@pytest.mark.parametrize("char", ["\0", "\n", "\t", "\x1b", "\x7f", "\x85"])
def test_control_characters_in_an_identifier_are_refused(client: TestClient, char: str) -> None:
    answer = client.post("/api/assets", json={"asset_id": f"b{char}1", "name": "Bridge"})
    assert "asset_id" in problem_of(answer, 422)["detail"]
    assert client.get("/api/assets").json()["number_matched"] == 2


@pytest.mark.parametrize("field", ["name", "member"])
def test_a_nul_is_in_no_word_of_an_asset(client: TestClient, field: str) -> None:
    body = {"asset_id": "b-1", "name": "Bridge", "member": "Ds01"}
    answer = client.post("/api/assets", json={**body, field: "b\0"})
    assert f"{field} contains a NUL" in problem_of(answer, 422)["detail"]
    two_lines = client.post("/api/assets", json={**body, field: "b\nc"})
    assert two_lines.json()[field] == "b\nc"


@pytest.mark.parametrize(
    "asset_id", ["犀川　大橋", "Pont d'Été", "🌉-1", "ｱｰﾁ橋", "جسر", "e\u0301", "\u200d", "０１"]
)
def test_names_of_the_whole_world_are_kept_as_sent(client: TestClient, asset_id: str) -> None:
    body = {"asset_id": asset_id, "name": asset_id}
    assert client.post("/api/assets", json=body).status_code == 201
    assert client.get(f"/api/assets/{quote(asset_id, safe='')}").json()["name"] == asset_id


@pytest.mark.parametrize("path", ["/api/surveys", "/api/worklist", ITEMS, SURVEYS])
def test_a_nul_in_a_filter_finds_nothing(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}?asset_id=%00")
    assert answer.status_code in {200, 400, 404, 422}
    if answer.status_code == 200:
        assert "bridge-12" not in answer.text


def verdict(client: TestClient, seeded: Seeded, **changes: Any) -> Any:
    body = {"action": "confirm", "reviewer": "Yamada", "expected_version": 1, **changes}
    return client.post(f"/api/defects/{seeded.mapped.defects[0].defect_id}/verdicts", json=body)


@pytest.mark.parametrize("version", [0, -1, 2**63, 10**40])
def test_a_version_that_was_never_given_is_no_fault(
    client: TestClient, seeded: Seeded, version: int
) -> None:
    problem_of(verdict(client, seeded, expected_version=version), 409, 422)


@pytest.mark.parametrize(("field", "text"), [("reviewer", "Ya\0mada"), ("note", "a\0b")])
def test_a_nul_in_a_verdict_is_refused(
    client: TestClient, seeded: Seeded, field: str, text: str
) -> None:
    assert field in problem_of(verdict(client, seeded, **{field: text}), 422)["detail"]
    history = client.get(f"/api/defects/{seeded.mapped.defects[0].defect_id}").json()["history"]
    assert history == []


def test_a_note_keeps_its_lines(client: TestClient, seeded: Seeded) -> None:
    note = "1行目\n2行目\tbeside"
    answer = verdict(client, seeded, note=note)
    assert answer.status_code == 201
    assert answer.json()["history"][0]["note"] == note


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+81", "-1"])
def test_a_name_that_looks_like_a_formula_is_text_in_every_file(
    client: TestClient, seeded: Seeded, text: str
) -> None:
    changed = {"asset_id": "bridge-12", "name": text, "kind": "bridge", "member": text}
    assert client.put("/api/assets/bridge-12", json=changed).status_code == 200
    query = f"?survey_id={seeded.mapped.survey_id}"
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/api/worklist.xlsx{query}").content))
    cells = itertools.chain.from_iterable(
        row for sheet in book.worksheets for row in sheet.iter_rows()
    )
    assert all(cell.data_type != "f" for cell in cells)
    csv_text = client.get(f"/api/worklist.csv{query}").content.decode("utf-8-sig")
    assert f",{text}," not in csv_text or text == "-1"


@pytest.mark.parametrize(
    "day", ["0", "1e3", "2026-4-1", "20260401", "2026-02-30", "２０２６-04-01"]
)
def test_a_day_is_written_out(client: TestClient, day: str) -> None:
    problem = problem_of(client.get("/api/audit", params={"first": day}), 422)
    assert [row["where"] for row in problem["errors"]] == ["query.first"]
