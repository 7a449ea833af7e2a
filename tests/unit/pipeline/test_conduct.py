"""The road from a mosaic to a work list: each step once, wherever it was broken off."""

import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from inspection.domain.measurement import WidthMethod
from inspection.domain.mission import SurveyState
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.conduct import conduct
from inspection.store import defects, observations, orthomosaics, steps, surveys
from inspection.store.engine import reading, writing
from tests.support.conducted import ROAD, Site, keep_views, reused
from tests.support.darkness import DarknessDetector
from tests.support.seed import CRACKS_PX, SeededSurvey


def test_every_step_of_the_road_is_done_in_its_order(site: Site) -> None:
    conducted = conduct(site.survey_id, site.tools)
    assert [entry.step for entry in conducted.entries] == ROAD
    assert conducted.survey.state is SurveyState.PROCESSED is site.state()
    assert conducted.asset.asset_id == "bridge-12"
    assert site.loaded == ["darkness@000000000000"]
    rows = site.rows()
    assert rows["defects"] == rows["observations"] == len(CRACKS_PX)
    assert rows["work_orders"] == len(CRACKS_PX)
    assert rows["steps"] == len(ROAD)


def test_the_cracks_that_were_drawn_lie_where_they_were_drawn(site: Site) -> None:
    conducted = conduct(site.survey_id, site.tools)
    with reading(site.tools.engine) as connection:
        found = defects.find(connection).rows
    assert {row.damage_class for row in found} == {DamageClass.CRACK}
    grid = conducted.mosaic.grid
    for line in CRACKS_PX:
        drawn = shapely.LineString(grid.to_surface(list(line)))
        near = [row for row in found if row.latest.outline_surface_m.distance(drawn) < 0.002]
        assert len(near) == 1
        measured = near[0].latest.measurement.length_m
        assert measured is not None and measured.value is not None
        assert 0.95 * drawn.length < measured.value < 1.05 * drawn.length


def test_widths_are_read_in_the_photos_where_their_views_were_kept(
    site: Site, photographed: tuple[Path, SeededSurvey]
) -> None:
    keep_views(site, photographed[1])
    conducted = conduct(site.survey_id, site.tools)
    with reading(site.tools.engine) as connection:
        seen = [row.latest.measurement for row in defects.find(connection).rows]
    assert {numbers.method for numbers in seen} == {WidthMethod.TROUGH_FIT}
    measured = {entry.step: entry.result for entry in conducted.entries}["measure"]
    plain = json.loads(site.blobs.kept.read_bytes(str(measured["widths_key"])))
    assert len(plain["cracks"]) == len(CRACKS_PX)
    for crack in plain["cracks"]:
        assert crack["photo_gsd_mm_per_px"] == pytest.approx(5.0, rel=0.001)
    assert all(reused(conduct(site.survey_id, site.tools)).values())


def test_another_calibration_of_widths_measures_again(
    site: Site, photographed: tuple[Path, SeededSurvey]
) -> None:
    keep_views(site, photographed[1])
    conduct(site.survey_id, site.tools)
    before = site.found()
    masks = conduct(site.survey_id, replace(site.tools, widths=None))
    again = reused(masks)
    assert (again["detect"], again["measure"], again["consolidate"]) == (True, False, False)
    methods = {row[2].method for row in site.found()}
    assert methods == {WidthMethod.DISTANCE_TRANSFORM}
    assert [row[0] for row in site.found()] == [row[0] for row in before]


def test_conducting_again_does_nothing_and_loads_no_detector(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    rows, found = site.rows(), site.found()
    again = conduct(site.survey_id, site.tools)
    assert all(reused(again).values())
    assert site.loaded == ["darkness@000000000000"]
    assert (site.rows(), site.found()) == (rows, found)


def test_another_model_searches_again_but_makes_no_mosaic(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    other = site.with_detector(DarknessDetector(model_id="darkness@111111111111"))
    again = reused(conduct(site.survey_id, other))
    assert (again["mosaic"], again["detect"], again["measure"]) == (True, False, False)
    assert site.loaded == ["darkness@000000000000", "darkness@111111111111"]
    assert site.rows()["defects"] == len(CRACKS_PX)


def test_equal_detections_of_another_model_are_the_same_damage(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    before = {row[0] for row in site.found()}
    conduct(site.survey_id, site.with_detector(DarknessDetector(model_id="darkness@2222")))
    assert {row[0] for row in site.found()} == before


def test_a_forgotten_step_is_done_again_and_gives_the_same(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    found, rows = site.found(), site.rows()
    with writing(site.tools.engine) as connection:
        assert steps.forget(connection, site.survey_id, "measure") == 1
    again = reused(conduct(site.survey_id, site.tools))
    assert again == {step: step != "measure" for step in ROAD}
    assert (site.found(), site.rows()) == (found, rows)


def test_the_mosaic_of_the_ledger_is_the_one_that_is_searched(site: Site) -> None:
    """A second mosaic row of the survey does not take the place of the one in the ledger."""
    with writing(site.tools.engine) as connection:
        made = orthomosaics.of_survey(connection, site.survey_id)
        orthomosaics.save(connection, replace(made, sha256="f" * 64))
    assert conduct(site.survey_id, site.tools).mosaic.sha256 == made.sha256


def test_equal_photos_in_another_survey_do_not_take_the_sightings(site: Site) -> None:
    """A road that goes on after its mosaic was made files what it finds under its own survey."""
    other = uuid.uuid4()
    with writing(site.tools.engine) as connection:
        first = surveys.by_id(connection, site.survey_id)
        made = orthomosaics.of_survey(connection, site.survey_id)
        surveys.save(connection, replace(first, survey_id=other))
        orthomosaics.save(connection, replace(made, survey_id=other))
    assert conduct(site.survey_id, site.tools).mosaic.survey_id == site.survey_id
    with reading(site.tools.engine) as connection:
        assert len(observations.of_survey(connection, site.survey_id)) >= 3
        assert observations.of_survey(connection, other) == ()
