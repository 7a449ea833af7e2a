"""Going back to an earlier model or mosaic shows what that one gave, and known stays known."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from inspection.domain.capture import Rejection, RejectionReason
from inspection.domain.defect import Defect
from inspection.domain.inspectionrecord import RecordedSurvey
from inspection.domain.raster import Orthomosaic
from inspection.pipeline.compile import compile_record, gather, survey_year
from inspection.pipeline.conduct import conduct
from inspection.pipeline.ports import Detector
from inspection.store import (
    catalogue,
    defects,
    orthomosaics,
    photos,
    progress,
    removals,
    reviewqueue,
    steps,
    surveys,
)
from inspection.store.engine import reading, writing
from inspection.store.removals import Removal, RemovalAction
from tests.support.conducted import RunningClock, Site, enter_mosaic, reused
from tests.support.darkness import DarknessDetector
from tests.support.records import make_photo
from tests.unit.pipeline.test_edit_and_rerun import ShiftedDetector, run_again

ASSET = "bridge-12"


def standing(site: Site) -> dict[uuid.UUID, Defect]:
    with reading(site.tools.engine) as connection:
        return {d.defect_id: d for d in defects.standing(connection, ASSET)}


def mosaic_of(site: Site) -> str:
    """Give the digest of the mosaic that stands, the same on the map of all surveys."""
    with reading(site.tools.engine) as connection:
        made = orthomosaics.of_survey(connection, site.survey_id)
        (footprint,) = catalogue.footprints(connection, asset_id=ASSET)
    assert footprint.mosaic_sha256 == made.sha256
    return made.sha256


TWIN = replace(DarknessDetector(), model_id="twin@000000000002")
"""Another model whose sightings begin at the very pixels of the first one's."""


@pytest.mark.parametrize("other", [ShiftedDetector(), TWIN], ids=["lower", "same pixels"])
def test_going_back_to_an_earlier_model_shows_what_that_one_found(
    site: Site, other: Detector
) -> None:
    """A sighting is a model's own, so that a later model writes over nothing."""
    conduct(site.survey_id, site.tools)
    first = standing(site)
    assert run_again(site, other)["matched"] == len(first)
    second = standing(site)
    assert second.keys() == first.keys()
    assert {d.latest.model_id for d in second.values()} == {other.model_id}
    again = conduct(site.survey_id, site.tools)
    assert reused(again)["detect"] and not reused(again)["consolidate"]
    back = standing(site)
    assert {k: d.latest for k, d in back.items()} == {k: d.latest for k, d in first.items()}
    assert all(set(d.observation_ids) > set(first[k].observation_ids) for k, d in back.items())
    with reading(site.tools.engine) as connection:
        listed = reviewqueue.page(connection, site.survey_id)
    assert {row.defect_id: row.box_surface_m for row in listed} == {
        k: d.latest.outline_surface_m.bounds for k, d in first.items()
    }
    assert all(reused(conduct(site.survey_id, site.tools)).values())
    run_again(site, other)
    assert standing(site) == second


def another_mosaic(site: Site) -> tuple[Orthomosaic, str]:
    """Add a photo that ties into nothing, and enter the mosaic that is made with it."""
    late = make_photo(7, name="late.jpg")
    with writing(site.tools.engine) as connection:
        photos.save(connection, site.survey_id, [late])
        made = orthomosaics.of_survey(connection, site.survey_id)
        other = replace(made, sha256="e" * 64, facts={"registration": {"registered": 1, "of": 2}})
        orthomosaics.save(connection, other)
    enter_mosaic(site, other)
    return other, late.sha256


def take(site: Site, sha256: str, action: RemovalAction) -> None:
    removal = Removal(
        event_id=uuid.uuid4(),
        survey_id=site.survey_id,
        sha256=sha256,
        action=action,
        why="手振れ",
        by="撮影班",
        at=site.tools.clock.now(),
    )
    with writing(site.tools.engine) as connection:
        removals.record(connection, removal)


def test_the_mosaic_of_the_photos_that_are_used_stands(site: Site) -> None:
    conduct(site.survey_id, site.tools)
    first, found = mosaic_of(site), standing(site)
    other, late = another_mosaic(site)
    aside = Rejection(file="late.jpg", reason=RejectionReason.NOT_REGISTERED, detail="no overlap")
    with writing(site.tools.engine) as connection:
        photos.reject(connection, site.survey_id, [aside])
        faults = {one.file: one.reason for one in photos.rejected(connection, site.survey_id)}
    conduct(site.survey_id, site.tools)
    assert mosaic_of(site) == other.sha256
    seen = standing(site)
    assert {d.latest.mosaic_sha256 for d in seen.values()} == {other.sha256}
    for action, mosaic in (
        (RemovalAction.REMOVE, first),
        (RemovalAction.RESTORE, other.sha256),
    ):
        take(site, late, action)
        again = reused(conduct(site.survey_id, site.tools))
        assert (again["mosaic"], again["measure"], again["consolidate"]) == (True, False, False)
        assert mosaic_of(site) == mosaic
        now = standing(site)
        shown = found if mosaic == first else seen
        assert {k: d.latest for k, d in now.items()} == {k: d.latest for k, d in shown.items()}
        with reading(site.tools.engine) as connection:
            told = {one.file: one.reason for one in photos.rejected(connection, site.survey_id)}
        # what could not be tied in is said of the mosaic that stands; other faults stay said
        kept = {file: reason for file, reason in faults.items() if file != "late.jpg"}
        assert told == (kept if mosaic == first else faults)
        assert all(reused(conduct(site.survey_id, site.tools)).values())


def test_what_was_known_stays_known_since_the_first_time(site: Site) -> None:
    clock = site.tools.clock
    assert isinstance(clock, RunningClock)

    def detected() -> set[object]:
        with reading(site.tools.engine) as connection:
            return {one.detected for one in progress.moments(connection)}

    conduct(site.survey_id, site.tools)
    first = detected()
    assert len(first) == 1
    clock.moment += timedelta(days=120)
    run_again(site)
    clock.moment += timedelta(days=180)
    conduct(site.survey_id, site.tools)
    assert detected() == first
    with writing(site.tools.engine) as connection:  # an operator has the step done again
        assert steps.forget(connection, site.survey_id, steps.LAST_STEP)
    clock.moment += timedelta(days=10)
    assert not reused(conduct(site.survey_id, site.tools))["consolidate"]
    assert detected() == first


def test_a_record_counts_the_photos_of_its_mosaic(site: Site) -> None:
    def recorded() -> RecordedSurvey:
        with reading(site.tools.engine) as connection:
            survey = surveys.by_id(connection, site.survey_id)
            found = gather(connection, ASSET, survey_year(survey))
            said = {"soundness": "II", "inspection_fiscal_year": found.fiscal_year}
            asset = replace(found.entry.asset, attributes=said)
            diagnosed = replace(found, entry=replace(found.entry, asset=asset))
            (told,) = compile_record(connection, diagnosed, {}).surveys
        return told

    conduct(site.survey_id, site.tools)
    before = recorded()
    with reading(site.tools.engine) as connection:
        (photo,) = photos.of_survey(connection, site.survey_id)
    take(site, photo.sha256, RemovalAction.REMOVE)
    assert (recorded(), before.photos) == (before, 1)
    take(site, photo.sha256, RemovalAction.RESTORE)
    other, late = another_mosaic(site)
    conduct(site.survey_id, site.tools)
    assert (recorded().mosaic_sha256, recorded().photos) == (other.sha256, 2)
    take(site, late, RemovalAction.REMOVE)
    with writing(site.tools.engine) as connection:
        photos.save(connection, site.survey_id, [make_photo(n, name=f"{n}.jpg") for n in (8, 9)])
    assert recorded().photos == 2  # for the next run, none of these is of this mosaic
