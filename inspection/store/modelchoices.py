"""Keep which model is used: the choice of an organisation, and that of a single survey over it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select

from inspection.domain.modelref import ModelRef
from inspection.store.model_tables import model_defaults, survey_models
from inspection.store.rows import add_or_replace
from inspection.store.tables import assets, defects, observations, surveys


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Carry a choice.

    Attributes:
        ref: the model as it was when it was chosen.
        chosen_by: who did.
        chosen_at: when, aware UTC.
        for_survey: whether it was chosen for the survey, not for its organisation.
    """

    ref: ModelRef
    chosen_by: str
    chosen_at: datetime
    for_survey: bool = False


def default_of(connection: Connection, organisation_id: str) -> Choice | None:
    """Read what an organisation chose; None where it leaves that to the service."""
    query = select(model_defaults).where(model_defaults.c.organisation_id == organisation_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _choice(row, for_survey=False)


def named_by(connection: Connection, survey_id: uuid.UUID) -> Choice | None:
    """Read what was chosen for a survey itself; None where nothing was."""
    query = select(survey_models).where(survey_models.c.survey_id == survey_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _choice(row, for_survey=True)


def of_survey(connection: Connection, survey_id: uuid.UUID) -> Choice | None:
    """Read which model a survey is processed with; None for the service's own default."""
    own = named_by(connection, survey_id)
    if own is not None:
        return own
    query = (
        select(assets.c.organisation_id)
        .select_from(surveys.join(assets, assets.c.asset_id == surveys.c.asset_id))
        .where(surveys.c.survey_id == survey_id)
    )
    organisation_id = connection.execute(query).scalar_one_or_none()
    return None if organisation_id is None else default_of(connection, organisation_id)


def surveys_naming(
    connection: Connection, organisation_id: str
) -> tuple[tuple[uuid.UUID, str, Choice], ...]:
    """List the surveys of an organisation for which a model was chosen, with their assets."""
    query = (
        select(survey_models, surveys.c.asset_id)
        .select_from(
            survey_models.join(surveys, surveys.c.survey_id == survey_models.c.survey_id).join(
                assets, assets.c.asset_id == surveys.c.asset_id
            )
        )
        .where(assets.c.organisation_id == organisation_id)
        .order_by(survey_models.c.chosen_at.desc(), survey_models.c.survey_id)
    )
    return tuple(
        (row.survey_id, row.asset_id, _choice(row, for_survey=True))
        for row in connection.execute(query)
    )


def finders_of(connection: Connection, survey_id: uuid.UUID) -> tuple[str, ...]:
    """Name the models that found what a survey shows, the one that found most first."""
    count = func.count().label("count")
    seen = defects.join(
        observations, observations.c.observation_id == defects.c.latest_observation_id
    )
    query = (
        select(observations.c.model_id, count)
        .select_from(seen)
        .where(observations.c.survey_id == survey_id)
        .group_by(observations.c.model_id)
        .order_by(count.desc(), observations.c.model_id)
    )
    return tuple(row.model_id for row in connection.execute(query))


def choose_default(connection: Connection, organisation_id: str, choice: Choice) -> None:
    """Keep what an organisation chose, in the place of what it chose before."""
    _keep(connection, model_defaults, "organisation_id", organisation_id, choice)


def choose_for_survey(connection: Connection, survey_id: uuid.UUID, choice: Choice) -> None:
    """Keep what was chosen for a survey, in the place of what was chosen before."""
    _keep(connection, survey_models, "survey_id", survey_id, choice)


def leave_default(connection: Connection, organisation_id: str) -> None:
    """Leave the choice to the service again."""
    where = model_defaults.c.organisation_id == organisation_id
    connection.execute(delete(model_defaults).where(where))


def leave_for_survey(connection: Connection, survey_id: uuid.UUID) -> None:
    """Leave the choice for a survey to its organisation again."""
    connection.execute(delete(survey_models).where(survey_models.c.survey_id == survey_id))


def _keep(connection: Connection, table: Table, key: str, value: object, choice: Choice) -> None:
    row = {
        key: value,
        "model_name": choice.ref.name,
        "model_sha256": choice.ref.sha256,
        "model_answers": choice.ref.answers,
        "own_model_id": choice.ref.own_model_id,
        "chosen_by": choice.chosen_by,
        "chosen_at": choice.chosen_at,
    }
    add_or_replace(connection, table, [row], key=[key])


def _choice(row: Row[Any], *, for_survey: bool) -> Choice:
    return Choice(
        ref=ref_of(row),
        chosen_by=row.chosen_by,
        chosen_at=row.chosen_at,
        for_survey=for_survey,
    )


def ref_of(row: Row[Any]) -> ModelRef:
    """Read which model a row names."""
    return ModelRef(
        name=row.model_name,
        sha256=row.model_sha256,
        own_model_id=row.own_model_id,
        answers=row.model_answers,
    )
