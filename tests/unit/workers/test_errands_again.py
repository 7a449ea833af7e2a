"""An upload is taken in however often it is begun; what comes to nothing leaves no file."""

import hashlib
import threading
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.errors import Conflict, Unavailable
from inspection.pipeline.tools import Tools
from inspection.settings import DetectSettings
from inspection.store import errands, keys, offers, ownmodels
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from inspection.store.job import Errand, JobState
from inspection.store.ownmodels import WAITING_MOST, OwnModel
from inspection.store.scope import HOME
from tests.support.modelrows import own_model, taken_in, write_dark_network
from tests.unit.workers.conftest import Yard
from workers.errand import ErrandKinds, errand_kinds, register, run_errand
from workers.rack import Publisher, Rack


def uploaded(yard: Yard, content: bytes, name: str = "own") -> tuple[OwnModel, Errand]:
    """Put a file into quarantine and ask for it to be taken in, as the service does."""
    model, sha256 = own_model(name, now=yard.clock.now()), hashlib.sha256(content).hexdigest()
    key = keys.quarantine_key(model.own_model_id, sha256)
    yard.tools.blobs.put_bytes(key, content)
    with writing(yard.engine) as connection:
        ownmodels.add(connection, model)
        ownmodels.file_came(
            connection, model.own_model_id, file_key=key, file_sha256=sha256, file_bytes=1
        )
        asked = errands.enqueue(
            connection,
            errands.REGISTER,
            model.own_model_id,
            yard.clock.now(),
            organisation_id=HOME,
        )
        return ownmodels.by_id(connection, model.own_model_id), asked


def kept(yard: Yard, model: OwnModel) -> OwnModel:
    with reading(yard.engine) as connection:
        return ownmodels.by_id(connection, model.own_model_id)


def state(yard: Yard, asked: Errand) -> Errand:
    with reading(yard.engine) as connection:
        return errands.by_id(connection, asked.job_id)


def quarantined(yard: Yard) -> list[str]:
    return list(yard.tools.blobs.keys(keys.QUARANTINE))


def kinds_of(tmp_path: Path) -> ErrandKinds:
    def refuse() -> None:
        raise Unavailable("the database is away")

    rack = Rack(DetectSettings(models_dir=tmp_path, threads=1))
    return errand_kinds(rack.equip, refuse)


def test_an_attempt_that_died_after_its_result_was_kept_is_repeated_and_done(
    yard: Yard, tmp_path: Path
) -> None:
    content = write_dark_network(tmp_path / "best.onnx").read_bytes()
    model, asked = uploaded(yard, content)
    register(model.own_model_id, yard.tools)  # by somebody who then died, its errand not ended
    yard.tools.blobs.put_bytes(model.file_key, content)  # and before it could remove the file
    first = kept(yard, model)
    assert first.ref is not None and first.file_key == ""
    # the worker cannot say at once that it has one more model, either: that is no failure of this
    assert run_errand(yard.tools, asked.job_id, kinds_of(tmp_path), worker="host:2")
    assert (state(yard, asked).state, state(yard, asked).error) == (JobState.DONE, "")
    assert kept(yard, model) == first
    assert quarantined(yard) == []


def fail(_subject: uuid.UUID, _tools: Tools) -> None:
    raise Unavailable("this machine cannot read ONNX files")


def test_what_cannot_be_tried_to_the_end_leaves_the_reason_and_no_file(yard: Yard) -> None:
    model, asked = uploaded(yard, b"a network")
    for attempt in range(1, asked.attempts_max + 1):
        assert quarantined(yard) == [model.file_key]
        assert run_errand(yard.tools, asked.job_id, {errands.REGISTER: fail}, worker="host:1")
        assert state(yard, asked).attempt == attempt
        yard.clock.turn(3600)
    assert state(yard, asked).state is JobState.DEAD
    assert state(yard, asked).error == "this machine cannot read ONNX files"
    assert kept(yard, model).file_key == "" and quarantined(yard) == []


def test_workers_that_fall_silent_over_it_leave_no_file_either(yard: Yard) -> None:
    model, asked = uploaded(yard, b"a network")
    for _ in range(asked.attempts_max):
        with writing(yard.engine) as connection:
            assert errands.claim(connection, asked.job_id, "gone:1", yard.clock.now(), 60)
        yard.clock.turn(61)
    assert quarantined(yard) == [model.file_key]
    assert not run_errand(yard.tools, asked.job_id, {errands.REGISTER: fail}, worker="host:1")
    assert state(yard, asked).state is JobState.DEAD
    assert kept(yard, model).file_key == "" and quarantined(yard) == []


class Stuck(FolderBlobs):
    """A folder of blobs from which nothing can be removed."""

    def delete(self, key: str) -> None:
        raise Unavailable(f"blob {key!r} cannot be removed")


def test_a_file_that_cannot_be_removed_now_is_no_rows_any_more(yard: Yard, tmp_path: Path) -> None:
    model, asked = uploaded(yard, b"MZ this is a program")
    tools = replace(yard.tools, blobs=Stuck(tmp_path / "blobs"))
    run_errand(tools, asked.job_id, kinds_of(tmp_path), worker="host:1")
    ended = state(yard, asked)
    assert ended.state is JobState.DEAD and "not a valid ONNX file" in ended.error
    assert kept(yard, model).file_key == ""  # whoever looks for blobs of nobody finds it


def test_only_so_many_wait_and_those_that_ended_do_not_count(yard: Yard) -> None:
    """Refused and taken in are not waiting; described without a file is, and in quarantine."""
    refused, _ = uploaded(yard, b"refused", "refused")
    taken_in(yard.engine, yard.clock.now(), name="usable")
    with writing(yard.engine) as connection:
        assert ownmodels.refuse(connection, refused.own_model_id) == refused.file_key
        assert ownmodels.refuse(connection, refused.own_model_id) == ""
        for number in range(WAITING_MOST - 1):
            ownmodels.add(connection, own_model(f"own-{number}", now=yard.clock.now()))
    last, _ = uploaded(yard, b"the last one", "last")
    one_more = own_model("one-more", now=yard.clock.now())
    with (
        pytest.raises(Conflict, match=rf"{WAITING_MOST} models wait .*withdraw some"),
        writing(yard.engine) as connection,
    ):
        ownmodels.add(connection, one_more)
    with writing(yard.engine) as connection:
        ownmodels.withdraw(connection, last.own_model_id, yard.clock.now())
        ownmodels.add(connection, one_more)


class TestPublisherLives:
    """A disk that fails for a moment does not silence the thread that says what there is."""

    class Stale(FolderBlobs):
        """A folder on a network drive that is away at the first question."""

        asked = 0

        def exists(self, key: str) -> bool:
            type(self).asked += 1
            if self.asked == 1:
                raise OSError(116, "Stale file handle")
            return super().exists(key)

    class Rounds(threading.Event):
        """Let so many rounds pass."""

        left = 2

        def wait(self, timeout: float | None = None) -> bool:
            self.left -= 1
            return self.left < 0

    def publisher(self, yard: Yard, folder: Path) -> Publisher:
        return Publisher(
            yard.engine,
            self.Stale(folder / "blobs"),
            yard.clock,
            worker="host:1",
            models_dir=folder,
            work_dir=folder / "work",
        )

    def test_a_drive_that_comes_back_finds_it_there(self, yard: Yard, tmp_path: Path) -> None:
        taken_in(yard.engine, yard.clock.now())
        self.publisher(yard, tmp_path).run(self.Rounds())
        with reading(yard.engine) as connection:
            assert offers.every(connection) != ()

    def test_a_description_that_goes_while_it_is_read_is_told_as_a_fault(
        self, yard: Yard, tmp_path: Path
    ) -> None:
        models = tmp_path / "models"
        models.mkdir()
        (models / "ghost.json").symlink_to(tmp_path / "nowhere")
        self.publisher(yard, models).once()
        with reading(yard.engine) as connection:
            (ghost,) = [o.offer for o in offers.every(connection) if o.offer.key == "ghost"]
        assert ghost.fault == "model ghost cannot be read: No such file or directory"
