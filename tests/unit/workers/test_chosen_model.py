"""A whole survey is processed with the model that was chosen, and says which one found what."""

import uuid
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, select

from inspection.domain.mission import SurveyState
from inspection.domain.modelref import ModelRef
from inspection.settings import DetectSettings
from inspection.store import jobs, modelchoices, steps, tables
from inspection.store.engine import reading, writing
from inspection.store.job import JobState
from inspection.store.modelchoices import Choice
from inspection.store.scope import HOME
from tests.support.conducted import Site, photographed, second_site, site  # noqa: F401 fixtures
from tests.support.sharing import CUT
from tests.support.tiny_network import write_tiny_network
from workers.rack import Rack
from workers.runtime import work


def processed(site: Site, rack: Rack) -> tuple[str, set[str]]:  # noqa: F811
    """Process the survey; give the model of its detection, and those of all it has seen."""
    tools = replace(site.tools, fit=rack.fit, cut=CUT)
    with writing(tools.engine) as connection:
        job = jobs.enqueue(connection, site.survey_id, "conduct", tools.clock.now())
    assert work(tools, job.job_id)
    with reading(tools.engine) as connection:
        ended = jobs.by_id(connection, job.job_id)
        assert ended.state is JobState.DONE, ended.error
        return detected_by(connection, site.survey_id), seen_by(connection)


def detected_by(connection: Connection, survey_id: uuid.UUID) -> str:
    done = [row for row in steps.of_survey(connection, survey_id) if row.step == "detect"]
    return str(done[-1].result["model"])


def seen_by(connection: Connection) -> set[str]:
    return set(connection.execute(select(tables.observations.c.model_id)).scalars())


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
    refs = {}
    for name in ("everybody", "special"):
        entry = write_tiny_network(tmp_path, name=name)
        refs[name] = ModelRef(name=name, sha256=entry.sha256)
    rack = Rack(DetectSettings(models_dir=tmp_path, threads=1))
    choose(site, refs["everybody"], survey=False)
    model, seen = processed(site, rack)
    assert model == refs["everybody"].label
    assert seen == {refs["everybody"].label}
    assert site.state() is SurveyState.PROCESSED
    choose(site, refs["special"], survey=True)
    model, seen = processed(site, rack)
    assert model == refs["special"].label
    # what the other one found stays, under its own name
    assert seen == {ref.label for ref in refs.values()} or seen == {refs["special"].label}
    with writing(site.tools.engine) as connection:
        modelchoices.leave_for_survey(connection, site.survey_id)
    assert processed(site, rack)[0] == refs["everybody"].label
