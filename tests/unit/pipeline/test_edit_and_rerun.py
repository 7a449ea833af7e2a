"""An engineer edits, the machine runs again: the road, the queue and the list respect the edits."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.detection import ChipScores
from inspection.domain.mission import Survey
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadGeometry, Conflict, Overtaken
from inspection.pipeline.conduct import conduct
from inspection.pipeline.consolidate import consolidate
from inspection.pipeline.dossier import open_dossier
from inspection.pipeline.edit import Desk, Order, draw, merge, redraw, split, undo
from inspection.pipeline.ports import Detector
from inspection.pipeline.regrade import regrade
from inspection.store import (
    defects,
    edits,
    grades,
    observations,
    orthomosaics,
    reviewqueue,
    surveys,
)
from inspection.store.engine import reading, writing
from tests.support.conducted import BrittleBlobs, Site, keep_views
from tests.support.darkness import DarknessDetector
from tests.support.seed import SeededSurvey


@pytest.fixture
def desk(site: Site, photographed: tuple[Path, SeededSurvey]) -> Desk:
    """Conduct the survey once, and give what an engineer edits with."""
    keep_views(site, photographed[1])
    conduct(site.survey_id, site.tools)
    return Desk(engine=site.tools.engine, blobs=site.blobs, clock=site.tools.clock)


def order(**changes: Any) -> Order:
    return Order(**({"edit_id": uuid.uuid4(), "editor": "佐藤"} | changes))


def standing(desk: Desk) -> dict[uuid.UUID, Defect]:
    with reading(desk.engine) as connection:
        return {d.defect_id: d for d in defects.standing(connection, "bridge-12")}


def longest(desk: Desk) -> Defect:
    """Find the crack of three corners that lies highest; its middle is at 420 px."""
    return max(
        standing(desk).values(),
        key=lambda d: d.latest.axis_surface_m.length,  # type: ignore[union-attr]
    )


def px(desk: Desk, site: Site, points: list[tuple[float, float]]) -> Any:
    with reading(desk.engine) as connection:
        return orthomosaics.of_survey(connection, site.survey_id).grid.to_surface(points)


def cut(desk: Desk, site: Site, x_px: float = 560.0) -> tuple[Defect, list[Defect]]:
    """Split the longest crack; give it and the parts."""
    whole = longest(desk)
    blade = shapely.LineString(px(desk, site, [(x_px, 60), (x_px, 260)]))
    done = split(desk, order(), defect_id=whole.defect_id, version=whole.version, blade=blade)
    return whole, list(done.edited.defects[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedDetector:
    """See the same cracks three pixels lower, and so from other pixels on: another model."""

    model_id: str = "shifted@000000000001"
    classes: tuple[DamageClass, ...] = DarknessDetector().classes
    thresholds: tuple[float, ...] = DarknessDetector().thresholds
    continuation_ratio: float = DarknessDetector().continuation_ratio
    gsd_range_mm_per_px: tuple[float, float] = DarknessDetector().gsd_range_mm_per_px

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        lower = np.concatenate([chips[:, :1].repeat(3, axis=1), chips[:, :-3]], axis=1)
        return DarknessDetector().score(lower)


def run_again(site: Site, detector: Detector | None = None) -> dict[str, Any]:
    """Process the survey with another model; give what consolidating said."""
    entries = conduct(site.survey_id, site.with_detector(detector or ShiftedDetector())).entries
    (said,) = (entry for entry in entries if entry.step == "consolidate")
    assert not said.reused
    return dict(said.result)


def test_a_machine_s_crack_is_cut_and_both_parts_are_measured_in_the_photo(
    desk: Desk, site: Site
) -> None:
    whole, parts = cut(desk, site)
    length = sum(p.latest.measurement.length_m.value or 0 for p in parts)  # type: ignore[union-attr]
    before = whole.latest.measurement.length_m
    assert before is not None and before.value is not None
    assert length == pytest.approx(before.value, rel=0.01)
    for part in parts:
        width = part.latest.measurement.width_mm
        assert width is not None and width.value is not None
        assert abs(width.value - 8.0) < 2.5
        assert part.latest.photo_sha256s == whole.latest.photo_sha256s


def test_another_model_brings_nothing_back_and_replaces_no_drawing(desk: Desk, site: Site) -> None:
    whole, parts = cut(desk, site)
    nowhere = shapely.LineString(px(desk, site, [(300, 400), (600, 420)]))
    with reading(desk.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, site.survey_id)
        machine = observations.by_ids(connection, [whole.latest.observation_id])
    missed = draw(
        desk,
        order(),
        survey_id=site.survey_id,
        mosaic_sha256=mosaic.sha256,
        drawn=nowhere,
        damage_class=DamageClass.CRACK,
    ).edited.defects[0]
    before = standing(desk)
    said = run_again(site)
    after = standing(desk)
    assert after.keys() == before.keys()
    assert said["new"] == 0
    # one of the three cracks was edited and holds its place
    assert (said["matched"], said["held"]) == (2, 1)
    for part in (*parts, missed):
        kept = after[part.defect_id]
        assert (kept.latest, kept.state, kept.version) == (part.latest, part.state, part.version)
    with reading(desk.engine) as connection:
        closed = defects.by_id(connection, whole.defect_id)
        counts = reviewqueue.counts(connection, site.survey_id)
        listed = reviewqueue.page(connection, site.survey_id)
    assert closed.state is ReviewState.SUPERSEDED
    assert counts.total == len(after) == len(listed)
    assert counts.by_state[ReviewState.SUPERSEDED] == 1
    assert machine.keys() == {whole.latest.observation_id}


def test_what_is_taken_back_after_another_run_is_as_it_was(desk: Desk, site: Site) -> None:
    before = standing(desk)
    whole, _ = cut(desk, site)
    run_again(site)
    with reading(desk.engine) as connection:
        (record,) = edits.history(connection, whole.defect_id)
    undo(desk, order(), edit_id=record.edit.edit_id)
    after = standing(desk)
    assert after.keys() == before.keys()
    assert after[whole.defect_id].latest.observation_id == whole.latest.observation_id
    assert after[whole.defect_id].version == whole.version + 2


def test_a_redrawn_crack_keeps_its_drawing_when_the_machine_runs_again(
    desk: Desk, site: Site
) -> None:
    crack = longest(desk)
    drawn = shapely.LineString(px(desk, site, [(150, 120), (420, 180), (640, 149)]))
    done = redraw(desk, order(), defect_id=crack.defect_id, version=crack.version, drawn=drawn)
    (shown,) = done.edited.defects
    run_again(site)
    kept = standing(desk)[crack.defect_id]
    assert kept.latest == shown.latest
    assert set(kept.observation_ids) >= {crack.latest.observation_id, shown.latest.observation_id}


def test_grades_follow_every_edit(desk: Desk, site: Site) -> None:
    def graded() -> set[str]:
        with reading(desk.engine) as connection:
            rows = grades.of_survey(connection, site.survey_id)
        return {row.candidate.subject_id for row in rows}

    before, (old, parts) = graded(), cut(desk, site)
    assert str(old.defect_id) in before
    assert {str(part.defect_id) for part in parts} <= graded()
    assert str(old.defect_id) not in graded()
    whole = merge(
        desk, order(), versions={part.defect_id: part.version for part in parts}
    ).edited.defects[-1]
    assert str(whole.defect_id) in graded()
    assert not {str(part.defect_id) for part in parts} & graded()


def test_of_a_large_asset_only_the_edited_defects_are_graded(desk: Desk, site: Site) -> None:
    """Drawing up the list of a hundred thousand defects for each cut would take minutes."""
    _, parts = cut(desk, site)
    with reading(desk.engine) as connection:
        small = {
            row.candidate.subject_id: row.candidate
            for row in grades.of_survey(connection, site.survey_id)
        }
    with writing(desk.engine) as connection:
        regrade(connection, parts, clock=desk.clock, ranked_most=1)
        large = {
            row.candidate.subject_id: row.candidate
            for row in grades.of_survey(connection, site.survey_id)
        }
    for part in parts:
        assert large[str(part.defect_id)] == small[str(part.defect_id)]
    assert large.keys() == small.keys()
    gone = [replace(part, state=ReviewState.REJECTED) for part in parts]
    with writing(desk.engine) as connection:
        regrade(connection, gone, clock=desk.clock, ranked_most=1)
        left = {row.candidate.subject_id for row in grades.of_survey(connection, site.survey_id)}
    assert large.keys() - left == {str(part.defect_id) for part in parts}


def test_one_edit_is_one_row_however_often_it_is_sent(desk: Desk, site: Site) -> None:
    whole = longest(desk)
    blade = shapely.LineString(px(desk, site, [(560, 60), (560, 260)]))
    same = order()
    first, second = (
        split(desk, same, defect_id=whole.defect_id, version=whole.version, blade=blade)
        for _ in range(2)
    )
    assert {d.defect_id for d in first.edited.defects} == {
        d.defect_id for d in second.edited.defects
    }
    assert (first.written, second.written) == (True, True)
    with reading(desk.engine) as connection:
        assert len(edits.history(connection, whole.defect_id)) == 1
    elsewhere = shapely.LineString(px(desk, site, [(300, 60), (300, 260)]))
    with pytest.raises(Conflict, match="other contents"):
        split(desk, same, defect_id=whole.defect_id, version=whole.version, blade=elsewhere)
    back = order()
    for _ in range(2):
        undo(desk, back, edit_id=same.edit_id)
    assert longest(desk).defect_id == whole.defect_id


def test_a_scribble_is_no_cut(desk: Desk, site: Site) -> None:
    whole = longest(desk)
    zigzag = [(150 + 5 * i, 60 if i % 2 else 260) for i in range(60)]
    for points, words in ((zigzag, "parts, more than 20"), (zigzag * 2, "corners, at most 100")):
        with pytest.raises(BadGeometry, match=words):
            split(
                desk,
                order(),
                defect_id=whole.defect_id,
                version=whole.version,
                blade=shapely.LineString(px(desk, site, points)),
            )
    assert longest(desk).version == whole.version


def a_later_survey_sees(desk: Desk, site: Site, found: Sequence[Defect]) -> tuple[Defect, ...]:
    """Let next year's survey see defects where they are; give them as they stand then."""
    later = Survey(
        survey_id=uuid.uuid4(), asset_id="bridge-12", created_at=datetime(2027, 5, 2, tzinfo=UTC)
    )
    with writing(desk.engine) as connection:
        mosaic = orthomosaics.of_survey(connection, site.survey_id)
        surveys.save(connection, later)
        other = replace(mosaic, survey_id=later.survey_id, sha256=uuid.uuid4().hex * 2)
        orthomosaics.save(connection, other)
        seen = [
            replace(
                d.latest,
                observation_id=uuid.uuid4(),
                survey_id=later.survey_id,
                mosaic_sha256=other.sha256,
                model_id="later@1",
            )
            for d in found
        ]
        known = defects.known(connection, "bridge-12")
        said = consolidate(seen, known=known, asset_id="bridge-12")
        assert set(said.matched) == {d.defect_id for d in found}
        observations.save(connection, seen)
        defects.save(connection, said.defects, now=desk.clock.now())
    return said.defects


@dataclass
class BlobsMeanwhile(BrittleBlobs):
    """Blobs while whose first reading something happens elsewhere."""

    happens: Callable[[], object] = field(kw_only=True)

    def _call(self, name: str) -> None:
        super()._call(name)
        if len(self.calls) == 1:
            self.happens()


def everything(desk: Desk) -> dict[uuid.UUID, Defect]:
    with reading(desk.engine) as connection:
        return {d.defect_id: d for d in defects.known(connection, "bridge-12")}


@pytest.mark.parametrize("kind", ["split", "redraw"])
def test_an_edit_is_not_taken_back_once_a_later_survey_saw_what_it_left(
    desk: Desk, site: Site, kind: str
) -> None:
    whole = longest(desk)
    if kind == "split":
        _, left = cut(desk, site)
    else:
        drawn = shapely.LineString(px(desk, site, [(150, 120), (420, 180), (640, 149)]))
        done = redraw(desk, order(), defect_id=whole.defect_id, version=whole.version, drawn=drawn)
        left = list(done.edited.defects)
    a_later_survey_sees(desk, site, left)
    before = everything(desk)
    assert all(before[d.defect_id].latest.model_id == "later@1" for d in left)
    with reading(desk.engine) as connection:
        (record,) = edits.history(connection, whole.defect_id)
    with pytest.raises(Overtaken, match="a later survey has seen it since") as refused:
        undo(desk, order(), edit_id=record.edit.edit_id)
    (told,) = refused.value.meanwhile
    assert (told["who"], told["what"]) == ("later@1", "see_later")
    assert told["when"].startswith("2027-05-02")
    assert everything(desk) == before
    with reading(desk.engine) as connection:
        assert edits.by_id(connection, record.edit.edit_id).undone_by is None


def test_what_the_machine_saw_anew_in_the_same_survey_is_not_undone_either(
    desk: Desk, site: Site
) -> None:
    whole, _ = cut(desk, site)
    with reading(desk.engine) as connection:
        (record,) = edits.history(connection, whole.defect_id)
    back = undo(desk, order(), edit_id=record.edit.edit_id).edit
    run_again(site)
    before = everything(desk)
    assert before[whole.defect_id].latest.observation_id != whole.latest.observation_id
    with pytest.raises(Overtaken, match="another run of its survey has seen it since"):
        undo(desk, order(), edit_id=back.edit_id)
    assert everything(desk) == before


@pytest.mark.parametrize("kind", ["split", "redraw"])
def test_an_edit_is_refused_when_a_survey_sees_the_defect_while_it_is_measured(
    desk: Desk, site: Site, kind: str
) -> None:
    whole = longest(desk)
    blobs = BlobsMeanwhile(
        site.blobs.kept, happens=lambda: a_later_survey_sees(desk, site, [whole])
    )
    busy = replace(desk, blobs=blobs)
    with pytest.raises(Overtaken, match="a later survey has seen it since"):
        if kind == "split":
            cut(busy, site)
        else:
            drawn = shapely.LineString(px(desk, site, [(150, 120), (420, 180), (640, 149)]))
            redraw(busy, order(), defect_id=whole.defect_id, version=whole.version, drawn=drawn)
    assert blobs.calls
    now = everything(desk)[whole.defect_id]
    assert (now.latest.model_id, now.version, now.state) == ("later@1", whole.version, whole.state)
    with reading(desk.engine) as connection:
        assert edits.history(connection, whole.defect_id) == ()


def test_a_drawing_is_filed_under_the_survey_whose_defect_it_shows(desk: Desk, site: Site) -> None:
    """The same photos, uploaded again as another survey, have the same mosaic."""
    crack = longest(desk)
    with writing(desk.engine) as connection:
        first = surveys.by_id(connection, site.survey_id)
        mosaic = orthomosaics.of_survey(connection, site.survey_id)
        again = surveys.save(connection, replace(first, survey_id=uuid.uuid4()))
        orthomosaics.save(connection, replace(mosaic, survey_id=again.survey_id))
    drawn = shapely.LineString(px(desk, site, [(150, 120), (420, 180), (640, 149)]))
    done = redraw(desk, order(), defect_id=crack.defect_id, version=crack.version, drawn=drawn)
    (shown,) = done.edited.defects
    assert shown.latest.survey_id == site.survey_id
    opened = open_dossier(desk.engine, site.blobs, crack.defect_id, site.survey_id)
    assert (opened.mosaic.survey_id, opened.seen) == (site.survey_id, shown.latest)
