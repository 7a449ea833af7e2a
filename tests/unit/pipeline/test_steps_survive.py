"""Steps under fire: killed, two at once, odd inputs; and judgements that are no numbers."""

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from inspection.domain.asset import Asset
from inspection.domain.capture import Rejection, RejectionReason
from inspection.domain.mission import Survey
from inspection.errors import BadInput, Refused
from inspection.pipeline.gauge import Gauge
from inspection.pipeline.ledger import REVISIONS, Outcome, Plain, input_digest, once, record
from inspection.pipeline.ports import Silence
from inspection.pipeline.tools import Tools
from inspection.pipeline.weigh import checked_weights, judge, model_named, reweigh
from inspection.store import assets, photos, schema, steps, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from tests.support.bookshelf import fresh_store
from tests.support.released import AtNoon

SURVEY = UUID(int=7)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def tools_on(path: Path) -> Tools:
    """Open the tools of a worker on a store that is there."""
    return Tools(
        engine=create_engine(f"sqlite:///{path}"),
        blobs=FolderBlobs(path.parent / "blobs"),
        load_detector=lambda: pytest.fail("no step of this test detects"),
        model_id="m",
        clock=AtNoon(NOW),
        progress=Silence(),
        work_dir=path.parent / "work",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "tenken.sqlite"
    schema.upgrade(f"sqlite:///{found}")
    engine = create_engine(f"sqlite:///{found}")
    with writing(engine) as connection:
        assets.save(connection, Asset(asset_id="a", name="a"))
        surveys.save(connection, Survey(survey_id=SURVEY, asset_id="a", created_at=NOW))
    engine.dispose()
    return found


@pytest.fixture
def tools(path: Path) -> Iterator[Tools]:
    opened = tools_on(path)
    yield opened
    opened.engine.dispose()


def rejection(name: str) -> Rejection:
    return Rejection(file=name, reason=RejectionReason.EMPTY, detail="0 bytes")


def saving(name: str, value: int = 1) -> Outcome:
    def save(connection: Connection) -> Plain:
        photos.reject(connection, SURVEY, [rejection(name)])
        return {}

    return Outcome(result={"value": value}, save=save)


def state(engine: Engine) -> tuple[list[str], list[Any]]:
    """Give the rows and the finished steps of the survey."""
    with reading(engine) as connection:
        rows = [r.file for r in photos.rejected(connection, SURVEY)]
        return rows, [row.result["value"] for row in steps.of_survey(connection, SURVEY)]


KILLED = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from inspection.domain.capture import Rejection, RejectionReason
from inspection.pipeline.ledger import Outcome, once
from inspection.pipeline.ports import Silence
from inspection.pipeline.tools import Tools
from inspection.store import photos
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine

path, where = Path(sys.argv[1]), sys.argv[2]


class Clock:
    def now(self):
        return datetime(2026, 11, 23, 12, tzinfo=UTC)


def die(here):
    if here == where:
        print("ready", flush=True)
        time.sleep(60)


def work():
    die("work")
    return Outcome(result={"value": 1}, save=save)


def save(connection):
    photos.reject(
        connection, UUID(int=7), [Rejection(file="x", reason=RejectionReason.EMPTY, detail="")]
    )
    die("save")
    return {}


tools = Tools(
    engine=create_engine(f"sqlite:///{path}"), blobs=FolderBlobs(path.parent / "blobs"),
    load_detector=None, model_id="m", clock=Clock(), progress=Silence(),
    work_dir=path.parent / "work",
)
once(tools, UUID(int=7), "mosaic", {"a": 1}, work)
die("done")
"""


class TestKilled:
    @pytest.mark.parametrize(
        ("where", "before"), [("work", ([], [])), ("save", ([], [])), ("done", (["x"], [1]))]
    )
    def test_a_step_is_done_whole_or_not_at_all_and_the_next_worker_goes_on(
        self, path: Path, tools: Tools, where: str, before: tuple[list[str], list[int]]
    ) -> None:
        victim = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path), where],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        )
        assert victim.stdout is not None
        with victim.stdout:
            assert victim.stdout.readline() == "ready\n"
            victim.send_signal(signal.SIGKILL)
            victim.wait(timeout=120)
        assert state(tools.engine) == before
        entry = once(tools, SURVEY, "mosaic", {"a": 1}, lambda: saving("x"))
        assert entry.reused is (where == "done")
        assert state(tools.engine) == (["x"], [1])

    def test_an_interrupt_in_the_middle_leaves_nothing(self, tools: Tools) -> None:
        def save(connection: Connection) -> Plain:
            photos.reject(connection, SURVEY, [rejection("half")])
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            once(tools, SURVEY, "mosaic", {}, lambda: Outcome(result={"value": 1}, save=save))
        assert state(tools.engine) == ([], [])


class TestTwoAtOnce:
    def test_the_first_to_finish_counts_for_both(self, path: Path, tools: Tools) -> None:
        started = threading.Barrier(2, timeout=120)
        results: list[Any] = []

        def run(value: int) -> None:
            mine = tools_on(path)

            def work() -> Outcome:
                started.wait()
                return saving(f"{value}", value)

            results.append(once(mine, SURVEY, "mosaic", {"a": 1}, work).result["value"])
            mine.engine.dispose()

        threads = [threading.Thread(target=run, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        _, kept = state(tools.engine)
        assert len(kept) == 1
        assert results == kept * 2

    def test_a_result_is_given_as_it_is_kept(self, tools: Tools) -> None:
        with Gauge() as gauge:
            pass
        told = []
        for value in (1, 2):
            with writing(tools.engine) as connection:
                told.append(
                    record(
                        connection, tools.clock, SURVEY,
                        step="detect", inputs={"a": 1}, result={"value": value}, gauge=gauge,
                    )["value"]
                )  # fmt: skip
        assert told == [1, 1]


class TestDigests:
    @settings(max_examples=100, deadline=None)
    @given(
        st.dictionaries(st.text(max_size=4), st.integers() | st.none() | st.text(), max_size=3),
        st.dictionaries(st.text(max_size=4), st.integers() | st.none() | st.text(), max_size=3),
    )
    def test_other_inputs_have_another_digest(self, one: Plain, other: Plain) -> None:
        assert (input_digest("mosaic", one) == input_digest("mosaic", other)) is (one == other)

    def test_every_step_has_its_own_digest_and_revision(self) -> None:
        digests = {input_digest(step, {"a": 1}) for step in REVISIONS}
        assert len(digests) == len(REVISIONS)
        assert all(revision >= 1 for revision in REVISIONS.values())
        with pytest.raises(KeyError):
            input_digest("unknown", {})


class TestWeights:
    @pytest.mark.parametrize(
        "weights",
        [
            {"L": math.nan, "C": 0.5, "T": 0.5}, {"L": math.inf, "C": 0.0, "T": 0.0},
            {"L": math.inf, "C": -math.inf, "T": 1.0}, {"L": 2.0, "C": -0.5, "T": -0.5},
            {"L": 0.5, "C": 0.5}, {"L": 0.5, "C": 0.25, "T": 0.25, "X": 0.0},
            {"l": 0.5, "c": 0.25, "t": 0.25}, {"L": 0.5, "C": 0.5, "T": 1e-5},
        ],
    )  # fmt: skip
    def test_what_is_no_division_of_one_is_refused(self, weights: dict[str, float]) -> None:
        with pytest.raises(BadInput, match="weights"):
            checked_weights(weights)

    @settings(max_examples=100, deadline=None)
    @given(st.floats(0, 1), st.floats(0, 1))
    def test_weights_add_up_to_one_exactly_enough(self, one: float, two: float) -> None:
        low, high = sorted((one, two))
        weights = {"L": low, "C": high - low, "T": 1 - high}
        found = checked_weights(weights)
        assert math.isclose(sum(found.values()), 1, abs_tol=1e-12)
        assert found == pytest.approx(weights, abs=2e-6)

    def test_a_model_by_nan_is_never_kept(self, tmp_path: Path) -> None:
        weights = {"L": math.nan, "C": 0.5, "T": 0.5}
        words = {"name": "ours", "version": "1", "by": "課長", "note": "", "clock": AtNoon(NOW)}
        with fresh_store(tmp_path) as connection:
            with pytest.raises(BadInput, match="from 0 to 1"):
                reweigh(connection, "priority_v1", weights, **words)  # type: ignore[arg-type]
            with pytest.raises(Exception, match="ours"):
                model_named(connection, "ours")

    @pytest.mark.parametrize("word", ["", " ", " a", "a ", "a\nb", "a\tb", "a/b", "/", "x" * 101])
    @pytest.mark.parametrize("what", ["name", "version"])
    def test_a_model_has_a_name_by_which_it_is_found_again(
        self, tmp_path: Path, what: str, word: str
    ) -> None:
        words = {"name": "ours", "version": "1", "by": "課長", "note": "", "clock": AtNoon(NOW)}
        weights = {"L": 0.4, "C": 0.5, "T": 0.1}
        with fresh_store(tmp_path) as connection:
            with pytest.raises(BadInput, match=f"the {what}"):
                reweigh(connection, "priority_v1", weights, **{**words, what: word})  # type: ignore[arg-type]
            made = reweigh(connection, "priority_v1", weights, **words)  # type: ignore[arg-type]
            assert model_named(connection, "ours") == made == model_named(connection, "ours/1")


class TestJudgements:
    @pytest.mark.parametrize(
        "cell", ["1/5", "１/５", "１／５", " 1 / 5 ", "0.2", "０．２", "0.20", "2/10"]
    )
    def test_a_fraction_is_read_in_any_width(self, cell: str) -> None:
        assert judge([("f", f",a,b\na,1,{cell}\nb,,1\n")]).ahp.weights[1] == pytest.approx(5 / 6)

    @pytest.mark.parametrize(
        "cell",
        ["x", "1/0", "1e400", "1e-400", "1e999999999", "nan", "inf", "1/2/3", "1_000", "9" * 400,
         "1.5.5", "--1", "½x", "0x10"],
    )  # fmt: skip
    def test_what_is_no_judgement_is_named_at_once(self, cell: str) -> None:
        with pytest.raises(BadInput, match=r"f: row 2 has '.*which is no number or fraction"):
            judge([("f", f",a,b\na,1,{cell}\nb,,1\n")])

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (",a,b\na,5,3\nb,,1\n", "f has 5 where criterion 1 meets itself"),
            (",a,b\na,1,3\nb,3,1\n", "each must be 1 divided by the other"),
            (",a,a\na,1,3\na,,1\n", "each criterion needs a name of its own"),
            (",,b\n,1,3\nb,,1\n", "each criterion needs a name of its own"),
            (",a,b\na,1,10\nb,,1\n", "between 1/9 and 9"),
            (",a,b\na,1,0\nb,,1\n", "judgements are above 0"),
            (",a,b\na,1,3\n", "a row and a column for each criterion"),
            (",a\na,1\n", "a row and a column for each criterion"),
            (",a,b\nb,1,3\na,,1\n", "row 2 must be 'a'"),
        ],
    )
    def test_a_matrix_that_contradicts_itself_is_refused(self, text: str, says: str) -> None:
        with pytest.raises(BadInput, match=says):
            judge([("f", text)])

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(1, 9), min_size=3, max_size=3), st.integers(2, 5))
    def test_many_of_one_mind_judge_like_one(self, cells: list[int], people: int) -> None:
        ab, ac, bc = cells
        text = f",a,b,c\na,1,{ab},{ac}\nb,,1,{bc}\nc,,,1\n"
        alone, together = judge([("f", text)]), judge([("f", text)] * people)
        assert together.respondents == people
        assert together.ahp.weights == pytest.approx(alone.ahp.weights, abs=1e-7)
        assert sum(alone.ahp.weights) == pytest.approx(1)
        if alone.ahp.ratio > 0.10:
            with pytest.raises(Refused, match="contradict each other"):
                alone.ahp.checked(alone.names)
