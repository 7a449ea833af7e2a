"""Workers take uploads in, try models, use the one that was chosen, and say what they have."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.domain.mission import SurveyState
from inspection.domain.modelref import ModelRef, Origin
from inspection.errors import NotFound, Unavailable
from inspection.pipeline.tools import Tools
from inspection.settings import DetectSettings
from inspection.store import errands, jobs, keys, modelchoices, offers, ownmodels, trials
from inspection.store.engine import reading, writing
from inspection.store.job import Errand, JobState
from inspection.store.modelchoices import Choice
from inspection.store.ownmodels import OwnModel
from inspection.store.scope import HOME
from models.registry import DEFAULT_MODEL, load_entry, model_id
from tests.support.modelrows import SHA, own_model, taken_in, write_dark_network
from tests.support.tiny_network import write_tiny_network
from tests.unit.workers.conftest import Yard
from workers import runtime
from workers.errand import ErrandKinds, errand_kinds, run_errand
from workers.helping import lend_a_hand
from workers.rack import Publisher, Rack
from workers.runtime import answer, work
from workers.sweep import Sweep


@pytest.fixture
def own(tmp_path: Path) -> Path:
    made = tmp_path / "own"
    made.mkdir()
    return made


@pytest.fixture
def rack(own: Path) -> Rack:
    return Rack(DetectSettings(models_dir=own, threads=1))


@pytest.fixture
def publisher(yard: Yard, own: Path) -> Publisher:
    tools = yard.tools
    return Publisher(
        tools.engine,
        tools.blobs,
        yard.clock,
        worker="host:1",
        models_dir=own,
        work_dir=tools.work_dir,
    )


@pytest.fixture
def kinds(rack: Rack, publisher: Publisher) -> ErrandKinds:
    return errand_kinds(rack.equip, publisher.once)


def ask(yard: Yard, kind: str, subject: uuid.UUID) -> Errand:
    with writing(yard.engine) as connection:
        return errands.enqueue(connection, kind, subject, yard.clock.now(), organisation_id=HOME)


def state(yard: Yard, errand: Errand) -> Errand:
    with reading(yard.engine) as connection:
        return errands.by_id(connection, errand.job_id)


def uploaded(yard: Yard, file: Path) -> OwnModel:
    """Put a file into quarantine, as the service does."""
    model = own_model(now=yard.clock.now())
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    key = keys.quarantine_key(model.own_model_id, sha256)
    yard.tools.blobs.put_file(key, file)
    with writing(yard.engine) as connection:
        ownmodels.add(connection, model)
        ownmodels.file_came(
            connection,
            model.own_model_id,
            file_key=key,
            file_sha256=sha256,
            file_bytes=file.stat().st_size,
        )
        return ownmodels.by_id(connection, model.own_model_id)


def choose(yard: Yard, ref: ModelRef, *, survey: bool = False) -> None:
    choice = Choice(ref=ref, chosen_by="山田", chosen_at=yard.clock.now(), for_survey=survey)
    with writing(yard.engine) as connection:
        if survey:
            modelchoices.choose_for_survey(connection, yard.survey_id, choice)
        else:
            modelchoices.choose_default(connection, HOME, choice)


def said(yard: Yard) -> dict[str, tuple[Origin, str, str]]:
    with reading(yard.engine) as connection:
        return {
            one.offer.key: (one.offer.origin, one.offer.sha256, one.offer.fault)
            for one in offers.every(connection)
        }


class TestRegister:
    def test_an_upload_is_taken_in_published_and_used(
        self, yard: Yard, kinds: ErrandKinds, rack: Rack, tmp_path: Path
    ) -> None:
        model = uploaded(yard, write_dark_network(tmp_path / "best.onnx"))
        asked = ask(yard, errands.REGISTER, model.own_model_id)
        rung: list[uuid.UUID] = []
        Sweep(yard.engine, yard.clock, rung.append).once()
        assert rung == [asked.job_id]
        answer(yard.tools, asked.job_id, ring=rung.append, kinds=kinds)
        assert state(yard, asked).state is JobState.DONE
        with reading(yard.engine) as connection:
            kept = ownmodels.by_id(connection, model.own_model_id)
        assert kept.ref is not None and kept.file_key == "" and kept.dead == ()
        assert not yard.tools.blobs.exists(model.file_key)  # out of quarantine
        assert yard.tools.blobs.exists(keys.network_key(kept.sha256))
        assert said(yard)[kept.ref.key] == (Origin.UPLOADED, kept.sha256, "")
        tools = rack.equip(yard.tools, kept.ref)
        assert tools.model_id.startswith(f"{kept.ref.label}+")  # and how it is described
        assert tools.detector().model_id == tools.model_id
        assert rack.equip(yard.tools, kept.ref).load_detector is tools.load_detector  # kept loaded

    def test_what_is_no_network_is_refused_in_words_and_not_kept(
        self, yard: Yard, kinds: ErrandKinds, tmp_path: Path
    ) -> None:
        (tmp_path / "best.onnx").write_bytes(b"MZ this is a program")
        model = uploaded(yard, tmp_path / "best.onnx")
        asked = ask(yard, errands.REGISTER, model.own_model_id)
        assert run_errand(yard.tools, asked.job_id, kinds, worker="host:1")
        ended = state(yard, asked)
        assert ended.state is JobState.DEAD and "not a valid ONNX file" in ended.error
        assert str(tmp_path) not in ended.error
        assert not yard.tools.blobs.exists(model.file_key)
        with reading(yard.engine) as connection:
            assert ownmodels.by_id(connection, model.own_model_id).ref is None
        assert yard.state() is SurveyState.CREATED  # no survey has anything to do with it

    def test_a_file_that_was_changed_in_quarantine_is_refused(
        self, yard: Yard, kinds: ErrandKinds, tmp_path: Path
    ) -> None:
        model = uploaded(yard, write_dark_network(tmp_path / "best.onnx"))
        yard.tools.blobs.put_bytes(model.file_key, b"something else")
        asked = ask(yard, errands.REGISTER, model.own_model_id)
        run_errand(yard.tools, asked.job_id, kinds, worker="host:1")
        assert "is damaged; upload it again" in state(yard, asked).error


class TestAnswer:
    def test_surveys_come_first_and_a_worker_without_kinds_leaves_errands(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[object] = []
        monkeypatch.setitem(runtime.KINDS, "conduct", lambda survey, _tools: done.append(survey))
        asked, job = ask(yard, errands.TRY, uuid.uuid4()), yard.enqueue()
        kinds: ErrandKinds = {errands.TRY: lambda subject, _tools: done.append(subject)}
        silent: Callable[[uuid.UUID], None] = lambda _: None  # noqa: E731
        answer(yard.tools, asked.job_id, ring=silent)
        assert done == [yard.survey_id] and yard.job(job.job_id).state is JobState.DONE
        answer(yard.tools, asked.job_id, ring=silent)
        assert state(yard, asked).state is JobState.QUEUED
        answer(yard.tools, asked.job_id, ring=silent, kinds=kinds)
        assert done == [yard.survey_id, asked.subject_id]
        assert state(yard, asked).state is JobState.DONE
        answer(yard.tools, asked.job_id, ring=silent, kinds=kinds)  # a bell may ring twice
        assert len(done) == 2
        with pytest.raises(NotFound):
            answer(yard.tools, uuid.uuid4(), ring=silent, kinds=kinds)

    def test_an_errand_of_an_unknown_kind_is_dead_and_one_that_may_pass_waits(
        self, yard: Yard
    ) -> None:
        def fail(subject: uuid.UUID, tools: Tools) -> None:
            tools.progress.start("detect", 4)
            raise Unavailable("the disk is full")

        strange, unlucky = ask(yard, "paint", uuid.uuid4()), ask(yard, "try", uuid.uuid4())
        for asked in (strange, unlucky):
            assert run_errand(yard.tools, asked.job_id, {"try": fail}, worker="host:1")
        assert state(yard, strange).state is JobState.DEAD
        assert "kind 'paint'" in state(yard, strange).error
        waiting = state(yard, unlucky)
        assert (waiting.state, waiting.error) == (JobState.FAILED, "the disk is full")
        assert not run_errand(yard.tools, unlucky.job_id, {"try": fail}, worker="host:1")

    def test_an_errand_that_is_forgotten_meanwhile_ends_quietly(self, yard: Yard) -> None:
        asked = ask(yard, "try", uuid.uuid4())

        def forgotten_meanwhile(subject: uuid.UUID, tools: Tools) -> None:
            with writing(yard.engine) as connection:
                trials.remove(connection, subject)
            with writing(yard.engine) as connection:
                tools.warrant.commit(connection)
                yard.done.append(subject)

        assert run_errand(yard.tools, asked.job_id, {"try": forgotten_meanwhile}, worker="host:1")
        assert yard.done == []

    def test_an_errand_that_is_cancelled_meanwhile_keeps_nothing(self, yard: Yard) -> None:
        asked = ask(yard, "try", uuid.uuid4())

        def cancelled_meanwhile(subject: uuid.UUID, tools: Tools) -> None:
            with writing(yard.engine) as connection:
                errands.cancel(connection, asked.job_id, yard.clock.now())
            with writing(yard.engine) as connection:
                tools.warrant.commit(connection)
                yard.done.append(subject)

        kinds: ErrandKinds = {"try": cancelled_meanwhile}
        assert run_errand(yard.tools, asked.job_id, kinds, worker="host:1")
        assert state(yard, asked).state is JobState.CANCELLED
        assert yard.done == []


class TestChoice:
    """A survey is processed with the model that was chosen, and with no other."""

    def tools_of_job(
        self, yard: Yard, rack: Rack, monkeypatch: pytest.MonkeyPatch
    ) -> tuple[list[Tools], uuid.UUID]:
        used: list[Tools] = []
        monkeypatch.setitem(runtime.KINDS, "conduct", lambda _survey, tools: used.append(tools))
        job = yard.enqueue()
        work(replace(yard.tools, fit=rack.fit), job.job_id)
        return used, job.job_id

    def test_nobody_chose(self, yard: Yard, rack: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
        used, _ = self.tools_of_job(yard, rack, monkeypatch)
        assert [tools.model_id for tools in used] == [yard.tools.model_id]

    def test_the_organisation_chose_and_the_survey_over_it(
        self, yard: Yard, rack: Rack, own: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shipped, tiny = load_entry(DEFAULT_MODEL), write_tiny_network(own)
        choose(yard, ModelRef(name=shipped.name, sha256=shipped.sha256))
        used, _ = self.tools_of_job(yard, rack, monkeypatch)
        choose(yard, ModelRef(name="tiny", sha256=tiny.sha256), survey=True)
        more, _ = self.tools_of_job(yard, rack, monkeypatch)
        labels = [tools.model_id for tools in (*used, *more)]
        assert labels == [f"{shipped.name}@{shipped.sha256[:12]}", model_id(tiny)]
        assert more[0].detector().model_id == labels[1]
        assert used[0].calibration != more[0].calibration  # that of the shipped one was measured

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("tiny", "the file was exchanged; choose the model anew"),
            ("gone", "no model 'gone' is registered"),
        ],
    )
    def test_what_is_not_there_is_said_and_nothing_else_is_used(
        self, yard: Yard, own: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
    ) -> None:
        write_tiny_network(own)
        rack, sha256 = Rack(DetectSettings(models_dir=own, threads=1)), SHA
        choose(yard, ModelRef(name=name, sha256=sha256))
        used, job_id = self.tools_of_job(yard, rack, monkeypatch)
        job = yard.job(job_id)
        assert used == [] and job.state is JobState.FAILED
        assert f"the organisation is to be processed with {name}@cccccccccccc" in job.error
        assert words in job.error
        for _ in range(2):  # another worker may have it, but not for ever
            yard.clock.turn(601)
            work(replace(yard.tools, fit=rack.fit), job_id)
        assert yard.job(job_id).state is JobState.DEAD
        assert yard.state() is SurveyState.FAILED

    def test_nobody_helps_with_a_model_that_they_do_not_have(self, yard: Yard, rack: Rack) -> None:
        choose(yard, ModelRef(name="gone", sha256=SHA))
        job = yard.enqueue()
        with writing(yard.engine) as connection:
            jobs.claim(connection, job.job_id, "other:1", yard.clock.now(), 60)
        tools = replace(yard.tools, fit=rack.fit)
        assert lend_a_hand(tools, job.job_id) == 0

    def test_an_upload_that_was_withdrawn_is_not_used_any_more(
        self, yard: Yard, rack: Rack
    ) -> None:
        model = taken_in(yard.engine, yard.clock.now())
        assert model.ref is not None
        with pytest.raises(Unavailable, match="no blob"):
            rack.equip(yard.tools, model.ref)
        with writing(yard.engine) as connection:
            ownmodels.withdraw(connection, model.own_model_id, yard.clock.now())
        with pytest.raises(Unavailable, match="was withdrawn"):
            rack.equip(yard.tools, model.ref)


class TestPublisher:
    def test_it_says_what_the_machine_has_and_what_is_damaged(
        self, yard: Yard, publisher: Publisher, own: Path
    ) -> None:
        publisher.once()
        first = said(yard)
        assert first[DEFAULT_MODEL] == (Origin.SHIPPED, load_entry(DEFAULT_MODEL).sha256, "")
        entry = write_tiny_network(own)
        publisher.once()
        assert said(yard)["tiny"] == (Origin.MACHINE, entry.sha256, "")
        entry.onnx_path.write_bytes(b"other contents")
        publisher.once()
        origin, sha256, fault = said(yard)["tiny"]
        assert (origin, sha256) == (Origin.MACHINE, "")
        assert "was replaced without exporting" in fault
        for path in own.glob("tiny.*"):
            path.unlink()
        publisher.once()
        assert said(yard) == first

    def test_while_nothing_changes_it_only_says_that_it_lives(
        self, yard: Yard, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publisher.once()
        with monkeypatch.context() as patch:
            patch.setattr("workers.rack.load_entry", None)  # no network is read again
            yard.clock.turn(30)
            publisher.once()
        with reading(yard.engine) as connection:
            assert {one.offer.seen_at for one in offers.every(connection)} == {yard.clock.now()}
        with writing(yard.engine) as connection:  # somebody emptied the table
            offers.publish(connection, "host:1", (), yard.clock.now())
        publisher.once()
        assert DEFAULT_MODEL in said(yard)

    def test_an_upload_whose_network_is_lost_is_said_to_be_broken(
        self, yard: Yard, publisher: Publisher
    ) -> None:
        model = taken_in(yard.engine, yard.clock.now())
        yard.tools.blobs.put_bytes(model.network_key, b"a network")
        publisher.once()
        assert said(yard)[str(model.own_model_id)] == (Origin.UPLOADED, SHA, "")
        yard.tools.blobs.delete(model.network_key)
        publisher.once()
        assert "not in the blob store any more" in said(yard)[str(model.own_model_id)][2]
