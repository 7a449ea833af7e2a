"""One network described in two ways is two models, to workers, helpers, choices and the page."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.domain.modelref import ModelRef, Standing, standing_of
from inspection.errors import Broken, Unavailable
from inspection.pipeline.ledger import input_digest
from inspection.pipeline.share import detect_inputs
from inspection.pipeline.tools import Tools
from inspection.settings import DetectSettings
from inspection.store import keys, modelchoices, offers, ownmodels
from inspection.store.engine import reading, writing
from inspection.store.modelchoices import Choice
from inspection.store.ownmodels import OwnModel
from inspection.store.scope import HOME
from models.registry import answers_of, load_entry, sha256_of, write_entry
from tests.support.modelrows import own_model
from tests.support.people import add_cities
from tests.support.tiny_network import write_tiny_network
from tests.unit.workers.conftest import Yard
from workers.rack import Publisher, Rack, networks_in


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
def network(tmp_path: Path) -> Path:
    """Write a network of background and crack."""
    folder = tmp_path / "network"
    folder.mkdir()
    return write_tiny_network(folder, outputs=2).onnx_path


def upload(yard: Yard, network: Path, threshold: float, organisation_id: str = HOME) -> OwnModel:
    """Keep an upload of a network that a worker has taken in."""
    blank = own_model("public", organisation_id, now=yard.clock.now())
    described = replace(blank.described, thresholds={"crack": threshold})
    sha256 = sha256_of(network)
    yard.tools.blobs.put_file(keys.network_key(sha256), network)
    with writing(yard.engine) as connection:
        ownmodels.add(connection, replace(blank, described=described))
        ownmodels.take_in(
            connection,
            blank.own_model_id,
            sha256=sha256,
            network_key=keys.network_key(sha256),
            mpx_per_s=1.0,
            dead=(),
        )
        return ownmodels.by_id(connection, blank.own_model_id)


def equipped(yard: Yard, rack: Rack, model: OwnModel) -> Tools:
    assert model.ref is not None
    return rack.equip(yard.tools, model.ref)


class TestUploads:
    def test_one_file_of_two_organisations_is_two_models(
        self, yard: Yard, rack: Rack, network: Path
    ) -> None:
        add_cities(yard.engine)
        strict, keen = upload(yard, network, 0.5), upload(yard, network, 0.3, "city-a")
        assert strict.sha256 == keen.sha256
        seen = [equipped(yard, rack, one) for one in (strict, keen, strict)]
        assert [one.detector().thresholds for one in seen] == [(0.5,), (0.3,), (0.5,)]
        ids = [one.model_id for one in seen]
        assert ids[0] == ids[2] != ids[1]
        assert [one.detector().model_id for one in seen] == ids
        # neither counts a step of the other as done, nor helps with its bands
        wanted = {input_digest("detect", detect_inputs("0" * 64, one)) for one in ids}
        assert len(wanted) == 2

    def test_described_again_with_another_threshold_it_is_another_model(
        self, yard: Yard, rack: Rack, network: Path
    ) -> None:
        first = upload(yard, network, 0.5)
        before = equipped(yard, rack, first)
        with writing(yard.engine) as connection:
            ownmodels.withdraw(connection, first.own_model_id, yard.clock.now())
        after = equipped(yard, rack, upload(yard, network, 0.3))
        assert before.model_id != after.model_id
        assert after.detector().thresholds == (0.3,)

    def test_a_copy_that_was_damaged_here_is_fetched_again(
        self, yard: Yard, rack: Rack, network: Path
    ) -> None:
        model = upload(yard, network, 0.5)
        equipped(yard, rack, model)
        copy = networks_in(yard.tools.work_dir) / str(model.own_model_id) / "public.onnx"
        for content in (b"", b"other contents"):
            copy.write_bytes(content)
            assert equipped(yard, rack, model).detector().thresholds == (0.5,)
        copy.with_suffix(".json").write_bytes(b"{")
        assert equipped(yard, rack, model).detector().thresholds == (0.5,)
        yard.tools.blobs.put_bytes(model.network_key, b"damaged where it is kept")
        copy.write_bytes(b"other contents")
        with pytest.raises(Broken, match="the file is damaged"):
            equipped(yard, rack, model)

    def test_files_of_a_withdrawn_upload_go(
        self, yard: Yard, rack: Rack, publisher: Publisher, network: Path
    ) -> None:
        add_cities(yard.engine)
        gone, stays = upload(yard, network, 0.5), upload(yard, network, 0.3, "city-a")
        for model in (gone, stays):
            equipped(yard, rack, model)
        folder = networks_in(yard.tools.work_dir)
        assert len(list(folder.iterdir())) == 2
        publisher.once()
        assert len(list(folder.iterdir())) == 2
        with writing(yard.engine) as connection:
            ownmodels.withdraw(connection, gone.own_model_id, yard.clock.now())
        publisher.once()
        assert [path.name for path in folder.iterdir()] == [str(stays.own_model_id)]
        shutil.rmtree(folder)
        publisher.once()


class TestMachine:
    """The description of a model of the machine is a file that somebody may write over."""

    def choose(self, yard: Yard, ref: ModelRef) -> None:
        choice = Choice(ref=ref, chosen_by="山田", chosen_at=yard.clock.now())
        with writing(yard.engine) as connection:
            modelchoices.choose_default(connection, HOME, choice)

    def chosen(self, yard: Yard) -> tuple[ModelRef, Standing]:
        with reading(yard.engine) as connection:
            choice = modelchoices.of_survey(connection, yard.survey_id)
            said = [one.offer for one in offers.every(connection)]
        assert choice is not None
        return choice.ref, standing_of(choice.ref, said, yard.clock.now())

    def test_described_otherwise_it_is_not_what_was_chosen(
        self, yard: Yard, rack: Rack, publisher: Publisher, own: Path
    ) -> None:
        entry = write_tiny_network(own)
        ref = ModelRef(name="tiny", sha256=entry.sha256, answers=answers_of(entry))
        self.choose(yard, ref)
        publisher.once()
        assert self.chosen(yard) == (ref, Standing.USABLE)
        before = rack.fit(yard.tools, yard.survey_id)
        write_entry(replace(entry, thresholds=dict(entry.thresholds) | {"crack": 0.25}))
        publisher.once()
        assert self.chosen(yard)[1] is Standing.CHANGED
        with pytest.raises(Unavailable, match=r"described otherwise .*choose the model anew"):
            rack.fit(yard.tools, yard.survey_id)
        again = load_entry("tiny", weights_dir=own)
        self.choose(yard, replace(ref, answers=answers_of(again)))
        after = rack.fit(yard.tools, yard.survey_id)
        assert after.model_id != before.model_id
        assert after.detector().thresholds[0] == 0.25

    def test_a_choice_of_before_stands_and_says_which_description_is_used(
        self, yard: Yard, rack: Rack, publisher: Publisher, own: Path
    ) -> None:
        entry = write_tiny_network(own)
        self.choose(yard, ModelRef(name="tiny", sha256=entry.sha256))
        publisher.once()
        assert self.chosen(yard)[1] is Standing.USABLE
        assert f"+{answers_of(entry)}" in rack.fit(yard.tools, yard.survey_id).model_id

    def test_the_same_description_in_another_folder_is_not_taken_from_the_first(
        self, yard: Yard, own: Path, tmp_path: Path
    ) -> None:
        """A detector that is loaded later must find its file where this choice has it."""
        entry, other = write_tiny_network(own), tmp_path / "other"
        shutil.copytree(own, other)
        ref = ModelRef(name="tiny", sha256=entry.sha256)
        settings = DetectSettings(models_dir=own, threads=1)
        rack = Rack(settings)
        rack.equip(yard.tools, ref)
        settings.models_dir = other
        shutil.rmtree(own)
        assert rack.equip(yard.tools, ref).detector().thresholds[0] == 0.5
