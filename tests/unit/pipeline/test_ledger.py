"""The ledger: a step is done once, its rows come with its entry, and a crash leaves neither."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from inspection.domain.asset import Asset
from inspection.domain.capture import Rejection, RejectionReason
from inspection.domain.mission import Survey
from inspection.errors import Unavailable
from inspection.pipeline.ledger import REVISIONS, Outcome, Plain, input_digest, once
from inspection.pipeline.ports import Silence
from inspection.pipeline.tools import Tools
from inspection.store import assets, photos, schema, steps, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing

SURVEY = UUID(int=7)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class StandingClock:
    """Tell the same time always."""

    def now(self) -> datetime:
        return NOW


def no_detector() -> object:
    raise AssertionError("no step of this test needs a detector")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'tenken.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        assets.save(connection, Asset(asset_id="a", name="a"))
        surveys.save(connection, Survey(survey_id=SURVEY, asset_id="a", created_at=NOW))
    yield engine
    engine.dispose()


@pytest.fixture
def tools(engine: Engine, tmp_path: Path) -> Tools:
    return Tools(
        engine=engine,
        blobs=FolderBlobs(tmp_path / "blobs"),
        load_detector=no_detector,  # type: ignore[arg-type]  # it must not be called
        model_id="m",
        clock=StandingClock(),
        progress=Silence(),
        work_dir=tmp_path / "work",
    )


def rejection(name: str) -> Rejection:
    return Rejection(file=name, reason=RejectionReason.EMPTY, detail="0 bytes")


def outcome(name: str = "x.jpg", value: int = 1) -> Outcome:
    def save(connection: Connection) -> Plain:
        photos.reject(connection, SURVEY, [rejection(name)])
        return {"saved": name}

    return Outcome(result={"value": value}, save=save)


def test_a_step_runs_once_for_equal_inputs(tools: Tools) -> None:
    calls: list[int] = []

    def work() -> Outcome:
        calls.append(1)
        return outcome(value=len(calls))

    first = once(tools, SURVEY, "mosaic", {"a": 1}, work)
    again = once(tools, SURVEY, "mosaic", {"a": 1}, work)
    assert len(calls) == 1
    assert (first.reused, again.reused) == (False, True)
    assert first.result == again.result
    assert again.result["value"] == 1
    assert again.result["saved"] == "x.jpg"
    assert again.seconds == first.seconds


def test_other_inputs_or_another_step_run_anew(tools: Tools) -> None:
    for step, inputs in [("mosaic", {"a": 1}), ("mosaic", {"a": 2}), ("detect", {"a": 1})]:
        assert not once(tools, SURVEY, step, inputs, outcome).reused


def test_rows_and_entry_are_committed_together(tools: Tools, engine: Engine) -> None:
    entry = once(tools, SURVEY, "mosaic", {}, outcome)
    with reading(engine) as connection:
        assert photos.rejected(connection, SURVEY) == (rejection("x.jpg"),)
        kept = steps.of_survey(connection, SURVEY)
    assert [row.step for row in kept] == ["mosaic"]
    assert kept[0].finished_at == NOW
    assert kept[0].peak_rss_mb == entry.peak_rss_mb > 10
    assert f"mosaic r{REVISIONS['mosaic']}" in kept[0].result["code"]


def test_a_failure_while_saving_leaves_neither_rows_nor_entry(tools: Tools, engine: Engine) -> None:
    def save(connection: Connection) -> Plain:
        photos.reject(connection, SURVEY, [rejection("half.jpg")])
        raise Unavailable("the disk is full")

    with pytest.raises(Unavailable):
        once(tools, SURVEY, "mosaic", {}, lambda: Outcome(result={}, save=save))
    with reading(engine) as connection:
        assert photos.rejected(connection, SURVEY) == ()
        assert steps.of_survey(connection, SURVEY) == ()
    assert not once(tools, SURVEY, "mosaic", {}, outcome).reused


@given(inputs=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_the_digest_does_not_depend_on_the_order_of_keys(inputs: dict[str, object]) -> None:
    backwards = dict(reversed(list(inputs.items())))
    assert input_digest("detect", inputs) == input_digest("detect", backwards)
    assert input_digest("detect", inputs) != input_digest("measure", inputs)
    assert input_digest("detect", inputs) != input_digest("detect", {**inputs, "more-keys": 1})
