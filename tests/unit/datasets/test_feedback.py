"""Verdicts become labels: confirmed is damage, rejected is background, the rest is undecided."""

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import Connection

from datasets.classes import CRACK, IGNORE_INDEX, LABEL_NAMES
from datasets.convert import build_chips
from datasets.feedback import (
    BORDER_PX,
    RING_PX,
    FeedbackSummary,
    gather,
    group_of,
    paint,
    set_file,
)
from inspection.cli import tenken
from inspection.domain.defect import Defect
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.errors import NotFound, Unavailable
from inspection.store import reviews
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from tests.support.seed import Seeded, seed

NOW = datetime(2026, 4, 2, tzinfo=UTC)


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


def decide(connection: Connection, defect: Defect, action: Action, **more: object) -> Defect:
    verdict = Verdict(
        verdict_id=uuid.uuid4(),
        defect_id=defect.defect_id,
        action=action,
        reviewer="山田",
        decided_at=NOW + timedelta(minutes=defect.version),
        expected_version=defect.version,
        **more,
    )
    return reviews.record(connection, verdict)


def collect(connection: Connection, seeded: Seeded, out: Path) -> FeedbackSummary:
    blobs = FolderBlobs(seeded.home / "blobs")
    return gather(connection, blobs, out, name="f", licence="CC-BY-4.0")


def labels(out: Path) -> dict[str, np.ndarray]:
    return {
        path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        for path in sorted((out / "labels").iterdir())
    }


def test_confirmed_and_rejected_defects_become_labels(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    crack, other = seeded.mapped.defects[0], seeded.mapped.defects[1]
    decide(connection, crack, Action.CONFIRM)
    decide(connection, other, Action.REJECT, reason=RejectReason.JOINT)
    found = collect(connection, seeded, tmp_path / "set")
    assert (found.confirmed, found.rejected, found.left_out) == (1, 1, ())
    masks = labels(tmp_path / "set")
    assert len(masks) == found.tiles >= 3
    values = set(np.concatenate([np.unique(mask) for mask in masks.values()]).tolist())
    assert values == {0, CRACK, IGNORE_INDEX}
    painted = sum(int((mask == CRACK).sum()) for mask in masks.values())
    gsd_m2 = seeded.mapped.mosaic.grid.gsd_m_per_px**2
    assert painted == pytest.approx(crack.latest.outline_surface_m.area / gsd_m2, rel=0.25)


def test_images_are_the_mosaic_in_native_pixels_and_in_their_colours(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    decide(connection, seeded.mapped.defects[0], Action.CONFIRM)
    collect(connection, seeded, tmp_path / "set")
    for path in (tmp_path / "set" / "images").iterdir():
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        label = cv2.imread(str(tmp_path / "set" / "labels" / path.name), cv2.IMREAD_UNCHANGED)
        assert image.shape[:2] == label.shape
        blue, _, red = image[label == CRACK].astype(float).mean(axis=0)
        assert red < 120  # dark
        assert red > blue  # (52, 48, 46): the channels are not exchanged


def test_transparent_pixels_teach_nothing(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    decide(connection, seeded.mapped.defects[0], Action.CONFIRM)
    collect(connection, seeded, tmp_path / "set")
    (first,) = [mask for name, mask in labels(tmp_path / "set").items() if "_00000_00000" in name]
    assert (first[:, :40] == IGNORE_INDEX).all()


def test_a_changed_class_is_what_is_learned(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    changed = decide(
        connection,
        seeded.mapped.defects[0],
        Action.RECLASSIFY,
        damage_class=DamageClass.SPALL,
    )
    decide(connection, changed, Action.CONFIRM)
    collect(connection, seeded, tmp_path / "set")
    spall = LABEL_NAMES.index("spall")
    assert any((mask == spall).any() for mask in labels(tmp_path / "set").values())
    told = (tmp_path / "set" / "provenance.jsonl").read_text(encoding="utf-8").splitlines()
    (verdict,) = json.loads(told[0])["verdicts"]
    assert (verdict["class"], verdict["machine_class"]) == ("spall", "crack")
    assert "山田" not in "".join(told)  # people stay in the database


def test_a_class_that_no_network_learns_is_named(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    changed = decide(
        connection, seeded.mapped.defects[0], Action.RECLASSIFY, damage_class=DamageClass.RUT
    )
    decide(connection, changed, Action.CONFIRM)
    decide(connection, seeded.mapped.defects[1], Action.CONFIRM)
    (reason,) = collect(connection, seeded, tmp_path / "set").left_out
    assert "no network learns the class rut" in reason


def test_the_same_verdicts_give_the_same_files(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    decide(connection, seeded.mapped.defects[0], Action.CONFIRM)
    decide(connection, seeded.local.defects[0], Action.CONFIRM)

    def contents() -> dict[str, bytes]:
        collect(connection, seeded, tmp_path / "set")
        files = [path for path in (tmp_path / "set").rglob("*") if path.is_file()]
        return {path.name + path.parent.name: path.read_bytes() for path in files}

    assert contents() == contents()


def test_without_a_verdict_there_is_no_set(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="review some first"):
        collect(connection, seeded, tmp_path / "set")
    assert not (tmp_path / "set" / "set.yaml").exists()


def test_a_reopened_defect_is_undecided_again(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    confirmed = decide(connection, seeded.mapped.defects[0], Action.CONFIRM)
    decide(connection, confirmed, Action.REOPEN)
    with pytest.raises(NotFound):
        collect(connection, seeded, tmp_path / "set")


def test_a_tile_that_cannot_be_written_stops(
    seeded: Seeded, connection: Connection, tmp_path: Path
) -> None:
    decide(connection, seeded.mapped.defects[0], Action.CONFIRM)
    collect(connection, seeded, tmp_path / "set")
    first = sorted((tmp_path / "set" / "images").iterdir())[0]
    first.unlink()
    first.mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        collect(connection, seeded, tmp_path / "set")


def test_the_command_closes_the_loop_to_chips(seeded: Seeded, tmp_path: Path) -> None:
    engine = create_engine(seeded.database_url)
    with writing(engine) as opened:
        decide(opened, seeded.mapped.defects[0], Action.CONFIRM)
        decide(opened, seeded.local.defects[0], Action.REJECT, reason=RejectReason.SHADOW)
    out = tmp_path / "set"
    words = ["datasets", "feedback", "--out", str(out), "--home", str(seeded.home)]
    result = CliRunner().invoke(
        tenken, [*words, "--licence", "CC-BY-4.0", "--json"], catch_exceptions=False
    )
    assert json.loads(result.stdout)["confirmed"] == 1
    summaries = build_chips([str(out / "set.yaml")], tmp_path, tmp_path / "chips")
    assert sum(summary.chips for summary in summaries) == json.loads(result.stdout)["tiles"]
    assert {summary.split for summary in summaries} == {"train", "val"}
    with reading(engine) as opened:
        assert (
            gather(
                opened,
                FolderBlobs(seeded.home / "blobs"),
                tmp_path / "one",
                name="one",
                licence="x",
                asset_id=seeded.local.asset_id,
            ).confirmed
            == 0
        )
    engine.dispose()


class TestSetFile:
    def test_structures_stay_together_and_some_judge(self) -> None:
        groups = {group_of(f"bridge-{number}") for number in range(40)}
        fields = yaml.safe_load(set_file("f", "x", groups))
        assert 2 <= len(fields["val"]) <= 16
        assert set(fields["val"]) < groups
        more = yaml.safe_load(set_file("f", "x", groups | {group_of("another")}))
        assert set(fields["val"]) <= set(more["val"])  # a structure never changes sides

    def test_a_single_structure_is_judged_by_its_own_blocks(self) -> None:
        assert "val" not in yaml.safe_load(set_file("f", "x", {"0" * 10}))

    def test_two_structures_that_would_both_judge_do_not(self) -> None:
        fields = yaml.safe_load(set_file("f", "x", {"0" * 10, "0000000005"}))
        assert fields["val"] == ["0" * 10]

    def test_grey_values_are_the_taxonomys(self) -> None:
        classes = yaml.safe_load(set_file("f", "x", {"a" * 10}))["classes"]
        assert classes[CRACK] == "crack"
        assert classes[255] == "ignore"


def square(left: float, top: float, side: float) -> list[np.ndarray]:
    ring = np.array([[0, 0], [side, 0], [side, side], [0, side]]) + np.array([left, top])
    return [np.rint((ring - 0.5) * 256).astype(np.int32)]


class TestPaint:
    def test_a_ring_around_what_was_judged_is_background(self) -> None:
        label = paint((100, 100), [(square(40, 40, 20), CRACK)], [])
        assert (label[42:58, 42:58] == CRACK).all()
        assert label[50, 40 - BORDER_PX] == IGNORE_INDEX
        assert label[50, 40 - RING_PX + 2] == 0
        assert label[50, 40 - RING_PX - 3] == IGNORE_INDEX

    def test_what_nobody_judged_stays_open_inside_the_ring(self) -> None:
        label = paint((100, 100), [(square(40, 40, 20), CRACK)], [square(70, 45, 6)])
        assert (label[45:51, 70:76] == IGNORE_INDEX).all()

    def test_damage_outranks_a_rejected_outline_that_overlaps(self) -> None:
        judged = [(square(40, 40, 20), CRACK), (square(30, 30, 40), 0)]
        label = paint((100, 100), judged, [])
        assert (label[42:58, 42:58] == CRACK).all()
        assert label[33, 33] == 0

    def test_holes_stay_holes(self) -> None:
        label = paint((100, 100), [([*square(20, 20, 60), *square(40, 40, 20)], CRACK)], [])
        assert label[30, 50] == CRACK
        assert label[50, 50] == 0  # inside the hole, within the ring

    def test_nothing_judged_is_all_undecided(self) -> None:
        assert (paint((9, 9), [], [square(1, 1, 3)]) == IGNORE_INDEX).all()
