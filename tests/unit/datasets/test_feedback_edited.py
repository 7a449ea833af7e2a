"""What engineers drew is what is learned: one outline for a defect and mosaic, the standing one."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from shapely import affinity
from sqlalchemy import Connection

from datasets.classes import CRACK, IGNORE_INDEX
from datasets.feedback import gather
from inspection.domain.defect import HAND, Defect, Observation
from inspection.domain.edit import Edit, Edited, EditKind, draw, redraw, undo
from inspection.domain.mission import Survey
from inspection.domain.review import Action, Verdict
from inspection.pipeline.consolidate import defect_id as new_id
from inspection.store import defects, edits, observations, orthomosaics, reviews, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.seed import Seeded, seed

NOW = datetime(2026, 4, 2, tzinfo=UTC)
MOVED_PX = 40


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture
def seeded(template: Seeded, tmp_path: Path) -> Seeded:
    return replace(template, home=Path(shutil.copytree(template.home, tmp_path / "home")))


@pytest.fixture
def connection(seeded: Seeded) -> Iterator[Connection]:
    engine = create_engine(seeded.database_url)
    with writing(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def confirmed(seeded: Seeded, connection: Connection) -> Defect:
    verdict = Verdict(
        verdict_id=uuid.uuid4(),
        defect_id=seeded.mapped.defects[0].defect_id,
        action=Action.CONFIRM,
        reviewer="山田",
        decided_at=NOW,
        expected_version=1,
    )
    return reviews.record(connection, verdict)


def moved(seeded: Seeded, seen: Observation, **changes: Any) -> Observation:
    """Draw a damage further down on the mosaic than the machine saw it."""
    down_m = -MOVED_PX * seeded.mapped.mosaic.grid.gsd_m_per_px
    x0, y0, x1, y1 = seen.box_px
    values: dict[str, Any] = {
        "observation_id": uuid.uuid4(),
        "outline_surface_m": affinity.translate(seen.outline_surface_m, 0, down_m),
        "box_px": (x0, y0 + MOVED_PX, x1, y1 + MOVED_PX),
        "model_id": HAND,
    }
    return replace(seen, **(values | changes))


def edited(
    connection: Connection,
    kind: EditKind,
    compose: Callable[[Edit], Edited],
    *seen: Observation,
    of: Defect | None = None,
    undoes: uuid.UUID | None = None,
) -> tuple[Edit, Defect]:
    edit = Edit(
        edit_id=uuid.uuid4(),
        kind=kind,
        asset_id="bridge-12",
        editor="山田",
        edited_at=NOW,
        expected_versions={} if of is None else {of.defect_id: of.version},
        undoes=undoes,
    )
    done = compose(edit)
    edits.record(connection, edit, done, seen)
    return edit, done.defects[0]


def redrawn(connection: Connection, defect: Defect, seen: Observation) -> tuple[Edit, Defect]:
    return edited(
        connection, EditKind.REDRAW, lambda edit: redraw(defect, seen, edit), seen, of=defect
    )


def taken_back(connection: Connection, edit: Edit) -> Defect:
    shares = edits.by_id(connection, edit.edit_id).shares
    now = {s.defect_id: defects.by_id(connection, s.defect_id) for s in shares}
    seen = observations.by_ids(connection, [s.before.observation_id for s in shares])
    return edited(
        connection, EditKind.UNDO, lambda _: undo(shares, now, seen), undoes=edit.edit_id
    )[1]


def a_later_survey_sees(connection: Connection, seeded: Seeded, defect: Defect) -> None:
    """Renew a defect by a sighting of next year, on a mosaic of its own."""
    later = Survey(survey_id=uuid.uuid4(), asset_id="bridge-12", created_at=NOW)
    mosaic = replace(seeded.mapped.mosaic, survey_id=later.survey_id, sha256="e" * 64)
    surveys.save(connection, later)
    orthomosaics.save(connection, mosaic)
    seen = replace(
        defect.latest,
        observation_id=uuid.uuid4(),
        survey_id=later.survey_id,
        mosaic_sha256=mosaic.sha256,
        model_id="later@1",
    )
    ids = (*defect.observation_ids, seen.observation_id)
    defects.save(connection, [replace(defect, latest=seen, observation_ids=ids)], now=NOW)


def another_run_sees(connection: Connection, defect: Defect, seen: Observation) -> None:
    """Tie a machine's sighting to a drawing that holds its place."""
    again = replace(seen, observation_id=uuid.uuid4(), model_id="other@1")
    observations.save(connection, [again])
    ids = (*defect.observation_ids, again.observation_id)
    defects.save(connection, [replace(defect, observation_ids=ids)], now=NOW)


def whole_label(connection: Connection, seeded: Seeded, out: Path) -> np.ndarray:
    """Gather, and put the labels of the first mosaic together, (H, W)."""
    gather(connection, FolderBlobs(seeded.home / "blobs"), out, name="f", licence="CC-BY-4.0")
    grid = seeded.mapped.mosaic.grid
    whole = np.full((grid.height_px, grid.width_px), IGNORE_INDEX, np.uint8)
    for path in (out / "labels").glob(f"*_{seeded.mapped.mosaic.sha256[:10]}_*.png"):
        row, col = (int(number) * 512 for number in path.stem.split("_")[2:])
        tile = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert tile is not None
        whole[row : row + tile.shape[0], col : col + tile.shape[1]] = tile
    return whole


def taught(seeded: Seeded, label: np.ndarray, seen: Observation) -> set[int]:
    """Give what a place within an outline teaches, and the pixels around it."""
    point = seen.outline_surface_m.representative_point()
    x, y = seeded.mapped.mosaic.grid.to_px([(point.x, point.y)])[0]
    rows, cols = slice(int(y) - 2, int(y) + 3), slice(int(x) - 2, int(x) + 3)
    return set(np.unique(label[rows, cols]).tolist())


@pytest.mark.parametrize("later", [False, True])
def test_a_redrawn_defect_teaches_its_drawing_and_not_what_it_replaced(
    seeded: Seeded, connection: Connection, confirmed: Defect, tmp_path: Path, later: bool
) -> None:
    drawing = moved(seeded, confirmed.latest)
    _, shown = redrawn(connection, confirmed, drawing)
    another_run_sees(connection, shown, confirmed.latest)
    if later:
        known = defects.by_id(connection, shown.defect_id)
        a_later_survey_sees(connection, seeded, known)
    label = whole_label(connection, seeded, tmp_path / "set")
    assert CRACK in taught(seeded, label, drawing)
    assert taught(seeded, label, confirmed.latest).isdisjoint({CRACK})
    assert IGNORE_INDEX in taught(seeded, label, confirmed.latest)


@pytest.mark.parametrize("later", [False, True])
def test_a_drawing_that_was_taken_back_teaches_nothing(
    seeded: Seeded, connection: Connection, confirmed: Defect, tmp_path: Path, later: bool
) -> None:
    drawing = moved(seeded, confirmed.latest)
    edit, _ = redrawn(connection, confirmed, drawing)
    back = taken_back(connection, edit)
    if later:
        a_later_survey_sees(connection, seeded, back)
    label = whole_label(connection, seeded, tmp_path / "set")
    assert CRACK in taught(seeded, label, confirmed.latest)
    assert taught(seeded, label, drawing).isdisjoint({CRACK})


def test_a_defect_that_nobody_but_its_drawer_judged_names_its_edit(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    missed = moved(seeded, seeded.mapped.defects[0].latest)
    edit, made = edited(
        connection, EditKind.DRAW, lambda _: draw(missed, "bridge-12", new_id), missed
    )
    label = whole_label(connection, seeded, tmp_path / "set")
    assert CRACK in taught(seeded, label, missed)
    for line in (tmp_path / "set" / "provenance.jsonl").read_text(encoding="utf-8").splitlines():
        (told,) = json.loads(line)["verdicts"]
        assert told["defect_id"] == str(made.defect_id)
        assert told["edit_id"] == str(edit.edit_id) and "verdict_id" not in told
        assert told["decided_at"] == NOW.isoformat()
