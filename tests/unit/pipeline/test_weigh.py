"""Models of people: files, weights, judgements; a version is never changed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import Connection

from inspection import codelists
from inspection.errors import BadCodelist, BadInput, Conflict, NotFound, Refused
from inspection.pipeline.weigh import add_model, checked_weights, judge, model_named, reweigh
from inspection.store import prioritymodels, schema
from inspection.store.engine import create_engine, writing

YAML = resources.files(codelists).joinpath("priority_v1.yaml").read_text(encoding="utf-8")
HEAVY = YAML.replace("id: priority_v1", "id: x").replace("L: 0.50", "L: 0.60")
WEIGHTS = {"L": 0.4, "C": 0.5, "T": 0.1}


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path / 't.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def make(store: Connection, **more: object) -> None:
    reweigh(
        store, "priority_v1", **{"weights": WEIGHTS, "name": "ours", "version": "1", "by": "山田",
        "note": "", "clock": Clock(), **more},  # type: ignore[arg-type]
    )  # fmt: skip


def test_new_weights_share_the_tables(store: Connection) -> None:
    make(store)
    found = model_named(store, "ours")
    assert (found.id, found.version, dict(found.weights)) == ("ours", "1", WEIGHTS)
    assert found.kinds == model_named(store, "priority_v1").kinds
    assert prioritymodels.versions(store)[0].made_by == "山田"


def test_a_version_is_never_changed_but_a_new_one_counts(store: Connection) -> None:
    make(store)
    make(store)  # the same again is the same
    with pytest.raises(Conflict, match="version 1 with another content"):
        make(store, weights={"L": 0.5, "C": 0.4, "T": 0.1})
    make(store, version="2", weights={"L": 0.2, "C": 0.7, "T": 0.1})
    assert model_named(store, "ours").version == "2"
    assert dict(model_named(store, "ours/1").weights) == WEIGHTS
    with pytest.raises(NotFound, match="'ours/3'"):
        model_named(store, "ours/3")


def test_a_model_from_a_file(store: Connection) -> None:
    text = YAML.replace("id: priority_v1", "id: noto")
    text = text.replace("levels: {isolated: {points: 15", "levels: {isolated: {points: 60")
    made = add_model(store, text, by="山田", note="孤立を重視", clock=Clock())
    assert made.id == "noto"
    steps = {f.name: f for f in model_named(store, "noto").kinds["bridge"].consequence}
    assert steps["detour_min"].levels["isolated"].points == 60


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (YAML, Conflict, "ships with Tenken"),
        ("a: [", BadCodelist, "no YAML mapping"),
        ("- 1", BadCodelist, "no YAML mapping"),
        (HEAVY, BadCodelist, "add up"),
        ("id: x\nversion: '1'\nsource: y\nneeds_review: true\n", BadCodelist, "x"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model_is_refused(
    store: Connection, text: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        add_model(store, text, by="山田", note="", clock=Clock())


def test_weights_are_somebodys_decision(store: Connection) -> None:
    with pytest.raises(BadInput, match="say who"):
        make(store, by=" ")
    with pytest.raises(BadInput, match=r"ships in version 1\.0\.0, not 9"):
        model_named(store, "priority_v1/9")


@pytest.mark.parametrize(
    "wrong", [{"L": 1.0}, {"L": 0.5, "C": 0.6, "T": 0.1}, {"L": 1.2, "C": -0.3, "T": 0.1}, {}]
)
def test_weights_that_do_not_add_up_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="weights"):
        checked_weights(wrong)


MATRIX = ",L,C,T\nL,1,2,5\nC,1/2,1,4\nT,1/5,1/4,1\n"


def test_golden_ahp_from_a_file() -> None:
    found = judge([("a.csv", MATRIX)])
    assert found.names == ("L", "C", "T")
    assert [round(w, 4) for w in found.ahp.weights] == [0.5695, 0.3331, 0.0974]
    half = judge([("a.csv", "\ufeff,L,C,T\nL,,2,5\nC,,,4\nT,,,\n")])
    assert half.ahp.weights == pytest.approx(found.ahp.weights)


def test_judgements_of_several_people() -> None:
    found = judge([("a.csv", MATRIX), ("b.csv", MATRIX)])
    assert found.respondents == 2
    assert found.ahp.ratio == pytest.approx(0.0212, abs=5e-5)


def test_contradictions_are_refused() -> None:
    circle = judge([("a.csv", ",L,C,T\nL,1,9,1/9\nC,1/9,1,9\nT,9,1/9,1\n")])
    with pytest.raises(Refused, match="L, C, T"):
        circle.ahp.checked(circle.names)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a row and a column"),
        (",L,C\nL,1,2\n", "a row and a column"),
        (",L,C\nL,1,2\nX,1/2,1\n", "row 3 must be 'C'"),
        (",L,C\nL,1,x\nC,,1\n", "no number or fraction"),
        (",L,C\nL,1,1/0\nC,,1\n", "no number or fraction"),
        (",L,C\nL,1,-2\nC,,1\n", "above 0"),
        (",L,C\nL,1,\nC,,1\n", "does not compare criterion 1 with 2"),
    ],
)
def test_a_matrix_that_cannot_be_read_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        judge([("a.csv", text)])


def test_people_must_compare_the_same() -> None:
    with pytest.raises(BadInput, match=r"b\.csv compares L, C, the first L, C, T"):
        judge([("a.csv", MATRIX), ("b.csv", ",L,C\nL,1,2\nC,1/2,1\n")])
    with pytest.raises(BadInput, match="at least one file"):
        judge([])
