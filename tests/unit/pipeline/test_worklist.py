"""The work list of the store: drawn up anew each time, frozen once for equal content."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from inspection.domain.eradate import fiscal_year
from inspection.errors import BadInput, NotFound
from inspection.pipeline.worklist import candidates_of, draw_up, freeze
from inspection.store import workorders
from inspection.store.engine import create_engine, reading, writing
from tests.support.seed import Seeded, seed

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 3, 31), 2025),
        (date(2026, 4, 1), 2026),
        (date(2026, 12, 31), 2026),
        (date(2027, 1, 1), 2026),
    ],
)
def test_a_fiscal_year_begins_in_april(day: date, year: int) -> None:
    assert fiscal_year(day) == year


def test_a_list_is_about_one_asset_or_one_survey(seeded: Seeded) -> None:
    engine = create_engine(seeded.database_url)
    with reading(engine) as connection:
        by_survey, _ = draw_up(connection, survey_id=seeded.mapped.survey_id, today=TODAY)
        by_asset, _ = draw_up(connection, asset_id=seeded.mapped.asset_id, today=TODAY)
        assert by_survey == by_asset
        assert {row.defect_id for row in by_survey.rows} == {
            defect.defect_id for defect in seeded.mapped.defects
        }
        assert all(row.photos and len(row.photos[0]) < 64 for row in by_survey.rows)
        with pytest.raises(BadInput, match="exactly one"):
            draw_up(connection, today=TODAY)
        with pytest.raises(BadInput, match="exactly one"):
            draw_up(connection, asset_id="a", survey_id=UUID(int=1), today=TODAY)
        with pytest.raises(NotFound):
            draw_up(connection, survey_id=UUID(int=1), today=TODAY)
    engine.dispose()


def test_the_same_list_is_frozen_once_whenever_it_is_issued(seeded: Seeded) -> None:
    engine = create_engine(seeded.database_url)
    survey_id = seeded.mapped.survey_id
    with writing(engine) as connection:
        drawn, appraised = draw_up(connection, survey_id=survey_id, today=TODAY)
        first = freeze(drawn, survey_id=survey_id, now=NOW)
        later = freeze(drawn, survey_id=survey_id, now=NOW + timedelta(days=9))
        workorders.save(connection, first)
        workorders.save(connection, later)
        kept = workorders.find(connection)
    assert first.work_list_id == later.work_list_id
    assert kept.total == 1
    assert kept.rows[0].issued_at == NOW
    assert kept.rows[0].row_count == len(drawn.rows)
    assert len(candidates_of(appraised)) >= len(
        [row for row in drawn.rows if row.grade is not None]
    )
    engine.dispose()


def test_a_frozen_row_keeps_what_it_was_ranked_by(seeded: Seeded) -> None:
    engine = create_engine(seeded.database_url)
    with reading(engine) as connection:
        drawn, _ = draw_up(connection, survey_id=seeded.local.survey_id, today=TODAY)
    frozen = freeze(drawn, survey_id=seeded.local.survey_id, now=NOW)
    for row, kept in zip(drawn.rows, frozen.rows, strict=True):
        assert kept.score == row.score
        assert sum(item["points"] for item in kept.reasons["items"]) == pytest.approx(row.score)
        assert {"ja", "en", "code"} <= set(kept.reasons["items"][0])
    engine.dispose()


def test_surveys_that_found_nothing_have_a_list_each(seeded: Seeded) -> None:
    """Two empty lists had one identifier, and the second survey of a house died of it."""
    engine = create_engine(seeded.database_url)
    with writing(engine) as connection:
        drawn, _ = draw_up(connection, survey_id=seeded.mapped.survey_id, today=TODAY)
        empty = replace(drawn, rows=(), left_out={})
        lists = [
            freeze(replace(empty, left_out=left_out), survey_id=survey_id, now=NOW)
            for survey_id in (seeded.mapped.survey_id, seeded.local.survey_id)
            for left_out in ({}, {"rejected": 2})
        ]
        before = workorders.find(connection).total
        for one in (*lists, *lists):
            workorders.save(connection, one)
        assert workorders.find(connection).total == before + 4
    engine.dispose()
