"""Verdicts change: a set that is gathered again says what stands now, and of every tile why.

The laws of its labels hold for any outlines: a ring of known width, nothing outside it.
"""

import json
import math
import random
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
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Connection

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, LABEL_NAMES, class_index
from datasets.feedback import (
    BORDER_PX,
    RING_PX,
    FeedbackSummary,
    gather,
    group_of,
    paint,
    set_file,
)
from datasets.sources import read_source
from inspection.domain.defect import Defect
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.store import reviews
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.seed import Seeded, seed
from tests.support.spoken import run_tenken

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


def decide(connection: Connection, defect: Defect, action: Action) -> Defect:
    """Record a verdict."""
    return reviews.record(
        connection,
        Verdict(
            verdict_id=uuid.uuid5(defect.defect_id, f"{action} {defect.version}"),
            defect_id=defect.defect_id,
            action=action,
            reviewer="検査員花子",
            decided_at=NOW + timedelta(minutes=defect.version),
            expected_version=defect.version,
            reason=RejectReason.JOINT if action is Action.REJECT else None,
        ),
    )


def collect(connection: Connection, seeded: Seeded, out: Path) -> FeedbackSummary:
    """Gather all verdicts."""
    return gather(
        connection, FolderBlobs(seeded.home / "blobs"), out, name="f", licence="CC-BY-4.0"
    )


def content(out: Path) -> dict[str, bytes]:
    """Give all files of a set."""
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


class TestAgain:
    """The folder is what the verdicts say now, not what they once said."""

    def test_what_was_reopened_teaches_nothing_any_more(
        self, seeded: Seeded, connection: Connection, tmp_path: Path
    ) -> None:
        kept, reopened = seeded.mapped.defects[0], seeded.mapped.defects[1]
        decide(connection, kept, Action.CONFIRM)
        alone = collect(connection, seeded, tmp_path / "alone")
        confirmed = decide(connection, reopened, Action.CONFIRM)
        both = collect(connection, seeded, tmp_path / "set")
        assert both.tiles > alone.tiles
        decide(connection, confirmed, Action.REOPEN)
        again = collect(connection, seeded, tmp_path / "set")
        assert (again.tiles, again.confirmed) == (alone.tiles, 1)
        assert content(tmp_path / "set") == content(tmp_path / "alone")

    def test_a_changed_mind_changes_the_label_and_not_the_tile(
        self, seeded: Seeded, connection: Connection, tmp_path: Path
    ) -> None:
        defect = seeded.mapped.defects[0]
        confirmed = decide(connection, defect, Action.CONFIRM)
        collect(connection, seeded, tmp_path)
        before = content(tmp_path)
        decide(connection, decide(connection, confirmed, Action.REOPEN), Action.REJECT)
        found = collect(connection, seeded, tmp_path)
        after = content(tmp_path)
        assert (found.confirmed, found.rejected) == (0, 1)
        assert before.keys() == after.keys()
        pictures = [name for name in before if name.startswith("images/")]
        assert pictures and all(before[name] == after[name] for name in pictures)
        masks = [cv2.imread(str(path), -1) for path in (tmp_path / "labels").iterdir()]
        assert not any((mask == CRACK).any() for mask in masks)

    def test_files_that_somebody_else_put_there_stay(
        self, seeded: Seeded, connection: Connection, tmp_path: Path
    ) -> None:
        decide(connection, seeded.mapped.defects[0], Action.CONFIRM)
        collect(connection, seeded, tmp_path)
        for name in ("notes.txt", "own_photo.png", "0123456789_0123456789_00000_00000.jpg"):
            (tmp_path / "images" / name).write_bytes(b"mine")
        collect(connection, seeded, tmp_path)
        assert (tmp_path / "images/own_photo.png").read_bytes() == b"mine"
        assert len(list((tmp_path / "images").glob("*.txt"))) == 1

    def test_every_tile_has_its_line_of_provenance_and_no_name_of_a_person(
        self, seeded: Seeded, connection: Connection, tmp_path: Path
    ) -> None:
        for defect in seeded.mapped.defects:
            decide(connection, defect, Action.CONFIRM)
        for defect in seeded.local.defects[:2]:
            decide(connection, defect, Action.REJECT)
        found = collect(connection, seeded, tmp_path)
        lines = [*map(json.loads, (tmp_path / "provenance.jsonl").read_text().splitlines())]
        images = {path.name for path in (tmp_path / "images").iterdir()}
        assert {line["image"] for line in lines} == images
        assert images == {path.name for path in (tmp_path / "labels").iterdir()}
        assert len(images) == found.tiles == len(lines)
        assert {line["mosaic_sha256"] for line in lines} == {
            seeded.mapped.mosaic.sha256,
            seeded.local.mosaic.sha256,
        }
        verdicts = [verdict for line in lines for verdict in line["verdicts"]]
        assert {verdict["class"] for verdict in verdicts} == {"crack", "spall", "background"}
        assert "花子".encode() not in b"".join(content(tmp_path).values())

    def test_two_structures_never_share_a_side(
        self, seeded: Seeded, connection: Connection, tmp_path: Path
    ) -> None:
        for survey in (seeded.mapped, seeded.local):
            decide(connection, survey.defects[0], Action.CONFIRM)
        collect(connection, seeded, tmp_path)
        sides: dict[str, set[str]] = {}
        for sample in read_source(str(tmp_path / "set.yaml"), tmp_path):
            sides.setdefault(sample.group, set()).add(sample.split.value)
        assert set(sides) == {group_of("bridge-12"), group_of("quay-3")}
        assert sorted(map(sorted, sides.values())) == [["train"], ["val"]]


class TestTheCommand:
    """``tenken datasets feedback``."""

    @pytest.fixture
    def home(self, seeded: Seeded) -> Path:
        engine = create_engine(seeded.database_url)
        with writing(engine) as opened:
            decide(opened, seeded.mapped.defects[0], Action.CONFIRM)
            decide(opened, seeded.local.defects[1], Action.REJECT)
        engine.dispose()
        return seeded.home

    def test_one_asset_is_told_to_programs(self, home: Path, tmp_path: Path) -> None:
        said = run_tenken(
            *("datasets", "feedback", "--home", home, "--out", tmp_path / "set", "--json"),
            *("--licence", "CC-BY-4.0", "--asset", "quay-3", "--name", "quay"),
        )
        assert said.code == 0, said.err
        assert (said.data["confirmed"], said.data["rejected"]) == (0, 1)
        assert yaml.safe_load((tmp_path / "set/set.yaml").read_text())["name"] == "quay"

    def test_people_hear_what_comes_next(self, home: Path, tmp_path: Path) -> None:
        said = run_tenken(
            *("datasets", "feedback", "--home", home, "--out", tmp_path / "set"),
            *("--licence", "LicenseRef-closed"),
        )
        assert "1 confirmed, 1 rejected sightings; `tenken datasets build --source" in said.out

    @pytest.mark.parametrize(
        ("more", "code", "words"),
        [
            (("--asset", "bridge-99"), 2, "no defect has been confirmed or rejected"),
            (("--home", "nowhere"), 2, "does not exist"),
            (("--out", "FILE"), 2, "is a file"),
        ],
    )
    def test_what_cannot_be_is_told(
        self, home: Path, tmp_path: Path, more: tuple[str, str], code: int, words: str
    ) -> None:
        (tmp_path / "file").write_text("")
        option, value = more
        said = run_tenken(
            *("datasets", "feedback", "--home", home, "--out", tmp_path / "set"),
            *("--licence", "x", option, tmp_path / "file" if value == "FILE" else value),
        )
        assert said.code == code
        assert words in said.err


def square(x0: float, y0: float, side: float) -> list[NDArray[np.int32]]:
    """Give the ring of a square in the 1/256 px that OpenCV fills."""
    corners = np.array([[x0, y0], [x0 + side, y0], [x0 + side, y0 + side], [x0, y0 + side]])
    return [np.rint((corners - 0.5) * 256).astype(np.int32)]


class TestLabels:
    """What is painted where, for any outlines."""

    @settings(max_examples=40, deadline=None)
    @given(side=st.integers(4, 40), index=st.sampled_from([0, 1, 6, 8]))
    def test_around_a_square_lies_a_ring_of_known_area(self, side: int, index: int) -> None:
        label = paint((160, 160), [(square(60, 60, side), index)], [])
        ring = int((label == BACKGROUND).sum()) - (0 if index else (side + 1) ** 2)
        # a square whose rim grew by r: its sides and a circle at the corners
        grown = [4 * side * r + math.pi * r * r for r in (RING_PX, BORDER_PX)]
        assert ring == pytest.approx(grown[0] - grown[1], rel=0.06)
        away = cv2.distanceTransform((label == IGNORE_INDEX).astype(np.uint8), cv2.DIST_L2, 5)
        assert label[0, 0] == label[-1, -1] == IGNORE_INDEX
        assert away.max() > 20

    @settings(max_examples=30, deadline=None)
    @given(
        places=st.lists(
            st.tuples(st.integers(5, 60), st.integers(5, 60), st.sampled_from([0, 1, 6])),
            min_size=1,
            max_size=5,
        ),
        turn=st.randoms(use_true_random=False),
    )
    def test_the_order_of_verdicts_does_not_matter(
        self, places: list[tuple[int, int, int]], turn: random.Random
    ) -> None:
        judged = [(square(x, y, 12), index) for x, y, index in places]
        shuffled = list(judged)
        turn.shuffle(shuffled)
        one, two = paint((90, 90), judged, []), paint((90, 90), shuffled, [])
        assert np.array_equal(one, two)

    @settings(max_examples=30, deadline=None)
    @given(x=st.integers(0, 70), y=st.integers(0, 70))
    def test_an_open_place_never_becomes_background(self, x: int, y: int) -> None:
        label = paint((90, 90), [(square(40, 40, 8), CRACK)], [square(x, y, 10)])
        inside = np.zeros((90, 90), dtype=bool)
        inside[y : y + 10, x : x + 10] = True
        judged = np.zeros((90, 90), dtype=bool)
        judged[40:49, 40:49] = True
        assert (label[inside & ~judged] == IGNORE_INDEX).all()
        assert (label[40:48, 40:48] == CRACK).all()

    def test_without_any_verdict_nothing_is_known(self) -> None:
        label = paint((20, 30), [], [square(5, 5, 9)])
        assert label.shape == (20, 30)
        assert (label == IGNORE_INDEX).all()


class TestSetFile:
    """The file that ``tenken datasets build --source`` reads."""

    @settings(deadline=None)
    @given(st.sets(st.text("0123456789abcdef", min_size=10, max_size=10), min_size=1, max_size=30))
    def test_both_sides_have_structures_and_none_has_all(self, groups: set[str]) -> None:
        fields = yaml.safe_load(set_file("f", "CC-BY-4.0", groups))
        if len(groups) == 1:
            assert "val" not in fields
            return
        judging = set(map(str, fields["val"]))
        assert judging < groups and judging

    @settings(deadline=None)
    @given(
        st.sets(st.text("0123456789abcdef", min_size=10, max_size=10), min_size=8, max_size=30),
        st.text("0123456789abcdef", min_size=10, max_size=10),
    )
    def test_a_structure_does_not_change_sides_when_others_come(
        self, groups: set[str], new: str
    ) -> None:
        judging = [group for group in groups if int(group, 16) % 5 == 0]
        before = yaml.safe_load(set_file("f", "x", groups))["val"]
        after = yaml.safe_load(set_file("f", "x", groups | {new}))["val"]
        if judging and len(judging) < len(groups):
            assert set(map(str, before)) == set(judging)
            assert set(map(str, before)) <= set(map(str, after))

    def test_grey_values_are_the_indices_of_the_labels(self) -> None:
        classes = yaml.safe_load(set_file("f", "x", ["0123456789"]))["classes"]
        assert classes[255] == "ignore" and classes[0] == "background"
        assert {int(key): class_index(name) for key, name in classes.items() if key != 255} == {
            index: index for index in range(len(LABEL_NAMES))
        }

    @pytest.mark.parametrize("name", ["bridge-12", "橋梁 第12号", "a" * 5000, ""])
    def test_a_group_tells_nothing_of_its_structure(self, name: str) -> None:
        group = group_of(name)
        assert len(group) == 10 and set(group) <= set("0123456789abcdef")
        assert group == group_of(name) != group_of(name + " ")
