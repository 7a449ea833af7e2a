"""Bells, sweeps, progress, detectors: what goes wrong is told, and nothing rings too often."""

import io
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import workers.cli  # noqa: F401 slow to import: not the time of a test
from inspection.cli import main
from inspection.domain.measurement import UNCALIBRATED
from inspection.errors import NotFound, Unavailable
from inspection.pipeline.ports import Silence
from inspection.settings import DetectSettings, QueueSettings, StoreSettings
from inspection.store import jobs, schema, surveys
from inspection.store.engine import create_engine, writing
from models.registry import model_id
from tests.support.records import make_survey
from tests.support.tiny_network import write_tiny_network
from workers.outfit import home_settings, outfit
from workers.progress import PLAIN_INTERVAL_S, PlainProgress, TerminalProgress
from workers.queue import CPU_QUEUE, GPU_QUEUE, QUEUES, make_app, ring
from workers.rack import LazyDetector
from workers.sweep import Sweep

# bells


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("carrier-pigeon://:sesame@h", "is no address of a broker"),
        ("redis://:sesame@h:port/0", "is no address of a broker"),
        ("redis://:ses/ame@h:1/0", "is no address of a broker"),
        ("redis://:sesame@[x", "is no address of a broker"),
        ("zookeeper://a:sesame@h", "is no address of a broker"),
        ("redis://:sesame@127.0.0.1:9/0", "refused"),
    ],
)
def test_a_broker_that_is_none_says_so_without_its_password(
    tmp_path: Path, url: str, says: str
) -> None:
    job_id = uuid.uuid4()
    app = make_app(QueueSettings(broker_url=SecretStr(url)), tmp_path)
    with pytest.raises(Unavailable, match=says) as refused:
        ring(app, job_id)
    words = str(refused.value)
    assert str(job_id) in words and "it will be found later" in words
    assert "sesame" not in words and "'ses'" not in words


def test_each_queue_has_its_own_messages(tmp_path: Path) -> None:
    app = make_app(QueueSettings(broker_url=None), tmp_path)
    for name in (*QUEUES, CPU_QUEUE):
        ring(app, uuid.uuid4(), name)
    names = Counter(p.name.split(".")[-2] for p in (tmp_path / "queue" / "messages").iterdir())
    assert names == {CPU_QUEUE: 2, GPU_QUEUE: 1}


@pytest.mark.parametrize("queues", ["", ",", "steam", "cpu,steam", "CPU", "cpu gpu"])
def test_queues_that_are_none_are_refused_before_anything_starts(
    queues: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["worker", "--queues", queues])
    assert left.value.code == 2
    assert "choose from cpu, gpu" in capsys.readouterr().err


# sweeps


@pytest.fixture
def waiting(yard: Any) -> list[uuid.UUID]:
    """Let four jobs of four surveys wait."""
    asked = []
    with writing(yard.engine) as connection:
        for n in range(4):
            survey = surveys.save(connection, make_survey(n, asset_id="b-1"))
            moment = yard.clock.now() - timedelta(minutes=10 - n)
            asked.append(jobs.enqueue(connection, survey.survey_id, "conduct", moment).job_id)
    return asked


def test_the_longest_waiting_is_rung_for_first(yard: Any, waiting: list[uuid.UUID]) -> None:
    rung: list[uuid.UUID] = []
    sweep = Sweep(yard.engine, yard.clock, rung.append)
    assert sweep.once() == waiting == rung
    assert sweep.once() == []


@given(st.lists(st.floats(0.5, 90), min_size=1, max_size=8))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_job_that_stays_due_is_rung_for_again_after_the_patience_and_not_before(
    yard: Any, steps: list[float]
) -> None:
    yard.enqueue()
    sweep = Sweep(yard.engine, yard.clock, lambda _: None, patience_s=60.0)
    last: datetime | None = None
    for step in steps:
        now = yard.clock.now()
        due = last is None or now - last >= timedelta(seconds=60)
        assert bool(sweep.once()) is due
        last = now if due else last
        yard.clock.turn(step)


def test_patience_ends_to_the_second(yard: Any, waiting: list[uuid.UUID]) -> None:
    sweep = Sweep(yard.engine, yard.clock, lambda _: None, patience_s=60)
    assert len(sweep.once()) == 4
    yard.clock.turn(59.9)
    assert sweep.once() == []
    yard.clock.turn(0.1)
    assert sweep.once() == waiting


def test_a_broker_that_fails_in_the_middle_is_asked_again(
    yard: Any, waiting: list[uuid.UUID]
) -> None:
    rung: list[uuid.UUID] = []

    def fickle(job_id: uuid.UUID) -> None:
        if len(rung) == 2:
            rung.append(uuid.UUID(int=0))
            raise Unavailable("the broker is down")
        rung.append(job_id)

    sweep = Sweep(yard.engine, yard.clock, fickle)
    with pytest.raises(Unavailable):
        sweep.once()
    yard.clock.turn(3)
    sweep.once()
    assert set(waiting) <= set(rung)
    yard.clock.turn(3)
    assert sweep.once() == []


def test_a_sweep_that_is_told_to_stop_stops_after_one_round(
    yard: Any, waiting: list[uuid.UUID]
) -> None:
    stop, rung = threading.Event(), []

    def once_and_stop(job_id: uuid.UUID) -> None:
        rung.append(job_id)
        stop.set()

    thread = threading.Thread(
        target=Sweep(yard.engine, yard.clock, once_and_stop).run, args=(stop, 60.0)
    )
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert rung == waiting


# progress


@given(st.lists(st.tuples(st.floats(0.01, 4), st.integers(1, 5)), max_size=40))
def test_plain_lines_never_lie_and_never_hurry(steps: list[tuple[float, int]]) -> None:
    import contextlib

    now, said = [0.0], io.StringIO()
    progress = PlainProgress(lambda: now[0])
    total = sum(units for _, units in steps)
    with contextlib.redirect_stderr(said), progress:
        progress.start("detect", total)
        for seconds, units in steps:
            now[0] += seconds
            progress.advance(units)
    lines = said.getvalue().splitlines()
    assert lines[0] == f"detect: begins, {total} units" if total else "detect: begins"
    counts = [int(line.split()[1]) for line in lines[1:]]
    assert counts == sorted(set(counts))
    assert all(count <= total for count in counts)
    assert len(counts) <= now[0] / PLAIN_INTERVAL_S


def test_bars_end_whatever_happens(capsys: pytest.CaptureFixture[str]) -> None:
    bars = TerminalProgress()
    with pytest.raises(RuntimeError), bars:
        bars.start("mosaic", 5)
        bars.advance(9)  # more than there are
        raise RuntimeError("stop")
    with bars:  # and can begin again
        bars.start("detect", 0)
        bars.say("[橋] 100%")
    assert "[橋] 100%" in capsys.readouterr().err


# what a worker is put together from


class Heard(Silence):
    def __init__(self) -> None:
        self.words: list[str] = []

    def say(self, message: str) -> None:
        self.words.append(message)


def test_an_outfit_makes_its_home_and_says_what_is_not_calibrated(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    entry = write_tiny_network(models)
    heard = Heard()
    store = home_settings(tmp_path / "deep" / "home")
    detection = DetectSettings(models_dir=models, precision="bf16")
    tools = outfit(store, detection, progress=heard, model="tiny")
    assert heard.words == [
        "model tiny is not calibrated on cracks of known width: widths may be too large"
    ]
    assert tools.calibration is UNCALIBRATED
    assert tools.model_id == model_id(entry, "bf16")
    assert tools.work_dir == store.home / "work"
    schema.check(tools.engine)
    tools.engine.dispose()
    again = outfit(store, detection, progress=heard, model="tiny")  # twice is the same as once
    again.engine.dispose()
    with pytest.raises(NotFound, match=r"no model 'ghost' is registered; known: .*tiny"):
        outfit(store, detection, progress=heard, model="ghost")


def test_a_detector_is_loaded_when_it_is_asked_for_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import workers.rack as module

    loaded: list[dict[str, Any]] = []
    original: Callable[..., Any] = vars(module)["load_detector"]

    def counted(name: str, **options: Any) -> Any:
        loaded.append({"name": name, **options})
        return original(name, **options)

    monkeypatch.setattr(module, "load_detector", counted)
    write_tiny_network(tmp_path)
    lazy = LazyDetector("tiny", tmp_path, DetectSettings(models_dir=tmp_path, threads=1))
    assert loaded == []
    assert lazy() is lazy()
    expected = {"engine": "auto", "precision": "f32", "threads": 1, "weights_dir": tmp_path}
    assert loaded == [{"name": "tiny", **expected}]


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Unavailable, match="cannot be made"):
        outfit(home_settings(tmp_path / "file" / "home"), DetectSettings(), progress=Silence())
    assert (tmp_path / "file").read_text() == "mine"


def test_tables_of_a_newer_program_stop_a_worker(tmp_path: Path) -> None:
    store = StoreSettings(home=tmp_path, database_url=None)
    schema.upgrade(store.resolved_database_url())
    engine = create_engine(store.resolved_database_url())
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(Unavailable, match="newer version of Tenken"):
        outfit(store, DetectSettings(), progress=Silence())
