"""The sweep rings for what is due, not for what is taken, and not all the time."""

import threading
import uuid

import pytest

from inspection.errors import Unavailable
from inspection.store import jobs
from inspection.store.engine import create_engine, writing
from tests.unit.workers.conftest import Yard
from workers.sweep import Sweep


def test_a_lost_bell_is_rung_again(yard: Yard) -> None:
    rung: list[uuid.UUID] = []
    sweep = Sweep(yard.engine, yard.clock, rung.append)
    assert sweep.once() == []
    job = yard.enqueue()
    assert sweep.once() == [job.job_id] == rung


def test_a_bell_that_waits_is_not_rung_again_at_once(yard: Yard) -> None:
    rung: list[uuid.UUID] = []
    sweep = Sweep(yard.engine, yard.clock, rung.append, patience_s=60)
    yard.enqueue()
    for _ in range(20):
        sweep.once()
        yard.clock.turn(2.9)
    assert len(rung) == 1
    yard.clock.turn(3)
    sweep.once()
    assert len(rung) == 2


def test_a_job_that_is_held_is_left_alone_until_its_lease_ends(yard: Yard) -> None:
    rung: list[uuid.UUID] = []
    sweep = Sweep(yard.engine, yard.clock, rung.append)
    job = yard.enqueue()
    with writing(yard.engine) as connection:
        jobs.claim(connection, job.job_id, "w:1", yard.clock.now(), 60)
    yard.clock.turn(59)
    assert sweep.once() == []
    yard.clock.turn(2)
    assert sweep.once() == [job.job_id]


def test_a_job_that_failed_is_rung_for_as_soon_as_it_is_due_again(yard: Yard) -> None:
    sweep = Sweep(yard.engine, yard.clock, lambda job_id: None)
    job = yard.enqueue()
    assert sweep.once() == [job.job_id]
    with writing(yard.engine) as connection:
        held = jobs.claim(connection, job.job_id, "w:1", yard.clock.now(), 60)
        assert held is not None
        yard.clock.turn(1)
        jobs.fail(connection, held, "disk full", yard.clock.now(), retryable=True)
    assert sweep.once() == []
    yard.clock.turn(5.5)
    assert sweep.once() == [job.job_id]


def test_ended_jobs_are_never_rung_for(yard: Yard) -> None:
    sweep = Sweep(yard.engine, yard.clock, lambda job_id: None)
    job = yard.enqueue()
    with writing(yard.engine) as connection:
        jobs.cancel(connection, job.job_id, yard.clock.now())
    yard.clock.turn(1e6)
    assert sweep.once() == []


def test_a_broker_that_is_down_does_not_end_the_sweep(yard: Yard) -> None:
    stop, tries = threading.Event(), []

    def broken(job_id: uuid.UUID) -> None:
        tries.append(job_id)
        if len(tries) == 3:
            stop.set()
        raise Unavailable("the broker is down")

    job = yard.enqueue()
    Sweep(yard.engine, yard.clock, broken).run(stop, interval_s=0.001)
    assert tries == [job.job_id] * 3


def test_a_database_that_is_not_set_up_does_not_end_the_sweep(
    yard: Yard, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    empty = create_engine(f"sqlite:///{tmp_path_factory.mktemp('x') / 'empty.sqlite'}")
    stop = threading.Event()
    thread = threading.Thread(
        target=Sweep(empty, yard.clock, lambda job_id: None).run, args=(stop, 0.001)
    )
    thread.start()
    while "sweep:" not in caplog.text:
        assert thread.is_alive()
    stop.set()
    thread.join(60)
    empty.dispose()
    assert not thread.is_alive()
    assert "tenken db upgrade" in caplog.text
