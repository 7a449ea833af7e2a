"""A whole survey is processed with the model that was chosen, and says which one found what."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from inspection.domain.mission import SurveyState
from inspection.domain.modelref import ModelRef
from inspection.settings import DetectSettings
from inspection.store import defects, jobs, modelchoices
from inspection.store.engine import reading, writing
from inspection.store.job import JobState
from inspection.store.modelchoices import Choice
from inspection.store.scope import HOME
from models.registry import load_entry, model_id, sha256_of, write_entry
from tests.support.conducted import Site, photographed, site  # noqa: F401 fixtures
from tests.support.sharing import CUT
from tests.support.tiny_network import write_tiny_network
from workers.rack import Rack
from workers.runtime import work

Shown = tuple[tuple[str, ...], list[object]]


def processed(site: Site, rack: Rack) -> Shown:  # noqa: F811
    """Process the survey; give the models that found what it shows, and the boxes of that."""
    tools = replace(site.tools, fit=rack.fit, cut=CUT)
    with writing(tools.engine) as connection:
        job = jobs.enqueue(connection, site.survey_id, "conduct", tools.clock.now())
    assert work(tools, job.job_id)
    with reading(tools.engine) as connection:
        ended = jobs.by_id(connection, job.job_id)
        assert ended.state is JobState.DONE, ended.error
        boxes = sorted(row.latest.box_px for row in defects.find(connection).rows)
        return modelchoices.finders_of(connection, site.survey_id), list(boxes)


def network(folder: Path, name: str, *, keener: float = 0.0) -> ModelRef:
    """Write a network; the keener it is the lighter a pixel may be that it takes for a crack."""
    entry = write_tiny_network(folder, name=name)
    graph = onnx.load(entry.onnx_path)
    (bias,) = [one for one in graph.graph.initializer if one.name == "bias"]
    values = np.array(numpy_helper.to_array(bias))
    values[1] += keener
    bias.CopyFrom(numpy_helper.from_array(values, "bias"))
    onnx.save(graph, entry.onnx_path)
    write_entry(replace(entry, sha256=sha256_of(entry.onnx_path)))
    return ModelRef(name=name, sha256=load_entry(name, weights_dir=folder).sha256)


def choose(site: Site, ref: ModelRef, *, survey: bool) -> None:  # noqa: F811
    choice = Choice(ref=ref, chosen_by="山田", chosen_at=site.tools.clock.now())
    with writing(site.tools.engine) as connection:
        if survey:
            modelchoices.choose_for_survey(connection, site.survey_id, choice)
        else:
            modelchoices.choose_default(connection, HOME, choice)


def test_default_then_choice_of_the_survey_then_default_again(
    site: Site,  # noqa: F811
    tmp_path: Path,
) -> None:
    usual, special = network(tmp_path, "usual"), network(tmp_path, "special", keener=2.0)
    assert usual.sha256 != special.sha256
    rack = Rack(DetectSettings(models_dir=tmp_path, threads=1))
    choose(site, usual, survey=False)
    named = {
        name: model_id(load_entry(name, weights_dir=tmp_path)) for name in ("usual", "special")
    }
    first = processed(site, rack)
    assert first[0] == (named["usual"],) and len(first[1]) > 0
    assert site.state() is SurveyState.PROCESSED
    choose(site, special, survey=True)
    second = processed(site, rack)
    assert second[0][0] == named["special"]
    with writing(site.tools.engine) as connection:
        modelchoices.leave_for_survey(connection, site.survey_id)
    # back to the first: what it found is shown again, though it was searched long ago
    again = processed(site, rack)
    assert again[0][0] == named["usual"]
    assert set(first[1]) <= set(again[1])
    assert processed(site, rack) == again
