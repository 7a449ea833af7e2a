"""A trial counts what is there, in its window only, and leaves every defect alone."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, Engine, func, select

from inspection.domain.comparison import Agreement, Outline
from inspection.domain.measurement import Quantity
from inspection.domain.modelref import ModelRef
from inspection.errors import Broken, Conflict, NotFound
from inspection.pipeline.detect import Cut
from inspection.pipeline.ports import Silence, Unconditional
from inspection.pipeline.tools import Tools
from inspection.pipeline.tryout import (
    compare,
    largest,
    outline_to_plain,
    read_outlines,
    try_out,
)
from inspection.store import trials
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from inspection.store.tables import defects, observations, steps
from inspection.store.trials import Trial, Window
from tests.support.darkness import DarknessDetector
from tests.support.records import make_measurement, make_observation
from tests.support.seed import (
    CRACKS_PX,
    GSD_M_PER_PX,
    HEIGHT_PX,
    WIDTH_PX,
    SeededSurvey,
    database_url,
    seed_mosaic,
)

WHOLE: Window = (0, 0, WIDTH_PX, HEIGHT_PX)
LEFT_HALF: Window = (0, 0, 768, HEIGHT_PX)
BLIND_PX = 40
"""Columns at the left edge of the mosaic that show nothing."""


class Ticking:
    """Tell a time that goes on by two seconds whenever it is asked."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 2, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=2)
        return self.moment


@dataclass
class Site:
    """Hold a mosaic that nobody has searched, and tools with a detector of darkness."""

    survey: SeededSurvey
    tools: Tools

    def ask(self, window: Window) -> uuid.UUID:
        trial = Trial(
            trial_id=uuid.uuid4(),
            survey_id=self.survey.survey_id,
            mosaic_sha256=self.survey.mosaic.sha256,
            window_px=window,
            whole=window == WHOLE,
            ref=ModelRef(name="darkness", sha256="0" * 64),
            asked_by="山田",
            asked_at=datetime(2026, 5, 2, tzinfo=UTC),
        )
        with writing(self.tools.engine) as connection:
            trials.add(connection, trial)
        return trial.trial_id

    def tried(self, window: Window) -> tuple[dict[str, Any], tuple[Outline, ...]]:
        trial_id = self.ask(window)
        try_out(trial_id, self.tools)
        with reading(self.tools.engine) as connection:
            done = trials.by_id(connection, trial_id)
        assert done.figures is not None and done.outlines_key is not None
        return dict(done.figures), read_outlines(self.tools.blobs.read_bytes(done.outlines_key))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("trial") / "home"
    survey = seed_mosaic(home)
    engine: Engine = create_engine(database_url(home))
    tools = Tools(
        engine=engine,
        blobs=FolderBlobs(home / "blobs"),
        load_detector=DarknessDetector,
        model_id="darkness@000000000000",
        clock=Ticking(),
        progress=Silence(),
        work_dir=Path(home / "work"),
        cut=Cut(chip_px=320, margin_px=32),
    )
    yield Site(survey=survey, tools=tools)
    engine.dispose()


def rows(site: Site) -> list[int]:
    with reading(site.tools.engine) as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (defects, observations, steps)
        ]


def test_the_whole_mosaic_is_counted_by_class(site: Site) -> None:
    figures, outlines = site.tried(WHOLE)
    cracks = figures["classes"]["crack"]
    # three lines were drawn, one of them a single pixel wide: it may fall apart, the others not
    drawn_m = [shapely.LineString(line).length * GSD_M_PER_PX for line in CRACKS_PX]
    assert cracks["count"] >= 2
    assert sum(drawn_m[:2]) * 0.95 < cracks["length_m"] < sum(drawn_m) * 1.1
    surface_m2 = (WIDTH_PX - BLIND_PX) * HEIGHT_PX * GSD_M_PER_PX**2
    # EPSG:6675 is 0.99995 true to the ground at most here
    assert figures["surface_m2"] == pytest.approx(surface_m2, rel=1e-3)
    assert cracks["share"] == pytest.approx(cracks["area_m2"] / figures["surface_m2"], rel=1e-4)
    assert figures["found"] == figures["outlines"] == len(outlines)
    assert figures["found"] == sum(one["count"] for one in figures["classes"].values())
    assert figures["model"] == "darkness@000000000000"
    assert figures["seconds"] == 2.0 and figures["warnings"] == []
    areas = [one.area_m2 for one in outlines]
    assert areas == sorted(areas, reverse=True)
    drawn = shapely.MultiLineString([shapely.LineString(line) for line in CRACKS_PX[:2]])
    seen = shapely.union_all([one.shape for one in outlines])
    found = shapely.transform(drawn, site.survey.mosaic.grid.to_surface)
    assert found.intersection(seen.buffer(0.004)).length > 0.95 * found.length


def test_a_window_shows_what_lies_in_it_and_nothing_else(site: Site) -> None:
    figures, outlines = site.tried(LEFT_HALF)
    whole, _ = site.tried(WHOLE)
    assert 0 < figures["found"] < whole["found"]
    expected = (LEFT_HALF[2] - BLIND_PX) * HEIGHT_PX * GSD_M_PER_PX**2
    assert figures["surface_m2"] == pytest.approx(expected, rel=1e-3)
    corners = np.array([[0, 0], [LEFT_HALF[2], HEIGHT_PX]], dtype=float)
    (x0, y0), (x1, y1) = site.survey.mosaic.grid.to_surface(corners)
    frame = shapely.box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)).buffer(1e-3)
    assert all(frame.contains(one.shape) for one in outlines)


def test_a_trial_touches_nothing_of_the_survey_and_twice_gives_the_same(site: Site) -> None:
    before = rows(site)
    first, second = site.tried(LEFT_HALF), site.tried(LEFT_HALF)
    assert rows(site) == before
    assert first[0] == second[0]
    assert first[1] == second[1]


def test_a_blind_window_has_no_surface_and_no_share(site: Site) -> None:
    figures, outlines = site.tried((0, 0, 40, 512))
    assert (figures["surface_m2"], figures["chips_read"], figures["classes"]) == (0.0, 0, {})
    assert outlines == ()


def test_a_cancelled_trial_keeps_nothing(site: Site) -> None:
    class Lost(Unconditional):
        def commit(self, connection: Connection) -> None:
            raise Conflict("the job was cancelled")

    trial_id = site.ask(LEFT_HALF)
    with pytest.raises(Conflict, match="was cancelled"):
        try_out(trial_id, replace(site.tools, warrant=Lost()))
    with reading(site.tools.engine) as connection:
        assert trials.by_id(connection, trial_id).figures is None
    with pytest.raises(NotFound, match="no trial"):
        try_out(uuid.uuid4(), site.tools)


def test_two_trials_are_compared_by_what_each_found(site: Site) -> None:
    """A blunter detector finds the wide cracks only: both have them, the fine one is ours alone."""
    _, ours = site.tried(WHOLE)
    blunt = [one for one in ours if one.area_m2 > ours[-1].area_m2]
    compared = compare(ours, tuple(blunt), gsd_m_per_px=GSD_M_PER_PX)
    assert compared.tolerance_m == pytest.approx(3 * GSD_M_PER_PX)
    assert set(compared.second.agreements) == {Agreement.BOTH}
    alone = [
        one
        for one, agreement in zip(ours, compared.first.agreements, strict=True)
        if agreement is not Agreement.BOTH
    ]
    assert alone and all(one not in blunt for one in alone)
    figures = compared.first.figures(10.0)
    counted = sum(part.count for parts in figures.values() for part in parts.values())
    assert counted == len(ours)
    for parts in figures.values():
        for part in parts.values():
            assert part.share == pytest.approx(part.area_m2 / 10.0)


def test_outlines_come_back_as_they_were_and_damaged_ones_are_said(site: Site) -> None:
    square = shapely.box(-48404.1234, 66110.0, -48404.0, 66110.2)
    outline = Outline(
        damage_class="spall", confidence=0.75, area_m2=0.5, length_m=None, shape=square
    )
    content = json.dumps([outline_to_plain(outline)]).encode()
    (back,) = read_outlines(content)
    assert replace(back, shape=square) == outline
    assert back.shape.symmetric_difference(square).area < 1e-9
    for damaged in (b"", b"[1]", b'[{"class": "crack"}]', content.replace(b"POLYGON", b"POLYGOON")):
        with pytest.raises(Broken, match="outlines of a trial are damaged"):
            read_outlines(damaged)


def test_only_the_largest_are_kept_for_the_map(site: Site) -> None:
    seen = [
        make_observation(
            site.survey.mosaic,
            number,
            measurement=replace(
                make_measurement(),
                area_m2=Quantity(value=area_m2, expanded_uncertainty=0.01),
            ),
        )
        for number, area_m2 in enumerate((0.2, 0.5, 0.1, 0.4))
    ]
    assert [one.area_m2 for one in largest(seen, most=2)] == [0.5, 0.4]
    assert len(largest(seen)) == 4
