"""Which sighting stands: the latest in time, the drawing of its survey, none that was undone."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from inspection.domain.defect import HAND, Defect, Observation, ReviewState
from inspection.errors import NotFound
from inspection.pipeline.consolidate import consolidate
from inspection.pipeline.dossier import sighting_of
from inspection.pipeline.edit import Desk, draw, redraw, undo
from inspection.store import defects, observations, orthomosaics, reviewqueue
from inspection.store.engine import reading
from tests.support.conducted import Site
from tests.unit.pipeline import test_edit_and_rerun as rerun
from tests.unit.pipeline.test_consolidate import LINE, crack, known, later
from tests.unit.pipeline.test_edit_and_rerun import desk  # noqa: F401 a fixture

YEAR = timedelta(days=365)
THEN = datetime(2026, 5, 1, tzinfo=UTC)


def test_an_older_survey_seen_again_does_not_move_the_latest_back_in_time() -> None:
    new = later(LINE)
    (before,) = known(new)
    old = replace(crack(LINE), observation_id=uuid.uuid4())
    moments = {old.survey_id: THEN, new.survey_id: THEN + YEAR}
    said = consolidate([old], known=[before], asset_id="bridge", moments=moments)
    (after,) = said.defects
    assert (after.latest, after.damage_class) == (new, before.damage_class)
    assert after.observation_ids == (new.observation_id, old.observation_id)
    assert (said.matched, said.new, said.held) == ((before.defect_id,), (), ())
    # and the other way round time goes on
    turned = {old.survey_id: THEN + YEAR, new.survey_id: THEN}
    (after,) = consolidate([old], known=[before], asset_id="bridge", moments=turned).defects
    assert after.latest == old
    assert consolidate([old], known=[before], asset_id="bridge").defects == (after,)


def test_what_was_taken_back_holds_nothing() -> None:
    drawn = replace(crack(LINE), model_id=HAND)
    (missed,) = known(drawn)
    gone = replace(missed, state=ReviewState.SUPERSEDED)
    seen = replace(crack(LINE), observation_id=uuid.uuid4())
    held = consolidate([seen], known=[gone], asset_id="bridge")
    assert (held.new, held.held) == ((), (gone.defect_id,))
    news = consolidate([seen], known=[gone], asset_id="bridge", withdrawn=[gone.defect_id])
    assert (len(news.new), news.held) == (1, ())


def shown_in(desk: Desk, defect_id: uuid.UUID, survey_id: uuid.UUID) -> Observation:  # noqa: F811
    """Give what a survey shows of a defect, the same in the queue and in the dossier."""
    with reading(desk.engine) as connection:
        defect = defects.by_id(connection, defect_id)
        seen = sighting_of(connection, defect, survey_id)
        (row,) = (
            one for one in reviewqueue.page(connection, survey_id) if one.defect_id == defect_id
        )
    assert row.box_surface_m == seen.outline_surface_m.bounds
    return seen


def redrawn(desk: Desk, site: Site) -> tuple[Defect, Observation, uuid.UUID]:  # noqa: F811
    """Redraw the longest crack; give it as it was, the drawing, and the edit."""
    whole = rerun.longest(desk)
    drawn = shapely.LineString(rerun.px(desk, site, [(150, 120), (420, 180), (640, 149)]))
    done = redraw(
        desk, rerun.order(), defect_id=whole.defect_id, version=whole.version, drawn=drawn
    )
    return whole, done.edited.defects[0].latest, done.edit.edit_id


@pytest.mark.parametrize("edited", [False, True])
def test_an_earlier_survey_run_again_shows_what_stood_in_it_and_the_later_one_stays(
    desk: Desk,  # noqa: F811
    site: Site,
    edited: bool,
) -> None:
    whole, drawing, _ = redrawn(desk, site) if edited else (rerun.longest(desk), None, None)
    now = rerun.everything(desk)[whole.defect_id]
    rerun.a_later_survey_sees(desk, site, [now])
    newest = rerun.everything(desk)[whole.defect_id].latest
    said = rerun.run_again(site)
    assert said["new"] == 0
    after = rerun.everything(desk)[whole.defect_id]
    assert after.latest == newest
    assert shown_in(desk, whole.defect_id, newest.survey_id) == newest
    in_first = shown_in(desk, whole.defect_id, site.survey_id)
    if drawing is not None:
        assert in_first == drawing
    else:  # what another model saw there last
        assert in_first.model_id == rerun.ShiftedDetector().model_id
    with reading(desk.engine) as connection, pytest.raises(NotFound, match="has not seen"):
        sighting_of(connection, after, uuid.uuid4())


def test_a_drawing_that_was_taken_back_is_not_shown_once_a_later_survey_sees_the_place(
    desk: Desk,  # noqa: F811
    site: Site,
) -> None:
    whole, _, edit_id = redrawn(desk, site)
    undo(desk, rerun.order(), edit_id=edit_id)
    rerun.a_later_survey_sees(desk, site, [rerun.everything(desk)[whole.defect_id]])
    assert shown_in(desk, whole.defect_id, site.survey_id) == whole.latest


def test_sightings_that_a_drawing_held_back_are_news_when_it_is_taken_back(
    desk: Desk,  # noqa: F811
    site: Site,
) -> None:
    """The drawing lies where another model sees a crack, three pixels below the first one's."""
    crack_ = rerun.longest(desk)
    axis = shapely.affinity.translate(
        crack_.latest.axis_surface_m, 0.0, -3 * crack_.latest.measurement.gsd_mm_per_px / 1000
    )
    with reading(desk.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, site.survey_id)
    (line,) = [max(shapely.get_parts(axis), key=lambda part: part.length)]
    done = draw(
        desk,
        rerun.order(),
        survey_id=site.survey_id,
        mosaic_sha256=mosaic.sha256,
        drawn=line.simplify(0.002),
        damage_class=crack_.shown_class,
    )
    (missed,) = done.edited.defects
    assert rerun.run_again(site)["held"] == 1
    (held,) = set(rerun.everything(desk)[missed.defect_id].observation_ids) - {
        missed.latest.observation_id
    }
    undo(desk, rerun.order(), edit_id=done.edit.edit_id)
    owners = [d for d in rerun.standing(desk).values() if held in d.observation_ids]
    assert [d.defect_id for d in owners] == [crack_.defect_id]
    assert owners[0].latest.observation_id == held
    with reading(desk.engine) as connection:
        kept = observations.of_defect(connection, missed.defect_id)
    assert [one.observation_id for one in kept] == [missed.latest.observation_id]
