"""Photos with boxes are found by their blocks, and batches are drawn from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.box_views import BoxedPhoto
from datasets.manifest import Split
from inspection.errors import BadInput, NotFound
from models.boxes.photos import BoxBatches, PhotoFile, chances, photo_files, to_batch
from tests.support.drawn_road import SIDE_PX, damage_of, write_drawn_road
from tests.support.tiny_boxes import tiny_config

LABELS = {"D00": 0, "D40": 1}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_road(tmp_path_factory.mktemp("sets"))


def photo(*classes: int) -> PhotoFile:
    """Return a photo that shows classes."""
    return PhotoFile(
        source="rdd_motorbike",
        path=Path("none.jpg"),
        boxes=np.tile(np.array([[1, 1, 9, 9]], dtype=np.float32), (len(classes), 1)),
        classes=np.array(classes, dtype=np.int64),
    )


def test_boxes_come_back_as_they_were_drawn(sets: Path) -> None:
    found = photo_files(["rdd_motorbike"], LABELS, sets, Split.TRAIN)
    assert [int(each.path.stem[-2:]) for each in found] == [0, 1, 2, 4, 5, 6, 8, 9]
    for each in found:
        drawn = damage_of(int(each.path.stem[-2:]))
        assert each.boxes.tolist() == [list(map(float, one.box)) for one in drawn]
        assert each.classes.tolist() == [0, 1]
        read = each.read()
        assert read.rgb.shape == (SIDE_PX, SIDE_PX, 3)
        x0, y0, x1, y1 = drawn[0].box
        assert read.rgb[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].mean() < 60


def test_validation_is_whole_blocks_that_training_never_sees(sets: Path) -> None:
    held = photo_files(["rdd_motorbike"], LABELS, sets, Split.VAL)
    assert [int(each.path.stem[-2:]) for each in held] == [3, 7]


def test_boxes_that_are_not_named_are_left_out(sets: Path) -> None:
    found = photo_files(["rdd_motorbike"], {"D40": 0}, sets, Split.VAL)
    assert [each.classes.tolist() for each in found] == [[0], [0]]
    nothing = photo_files(["rdd_motorbike"], {"D20": 0}, sets, Split.VAL)
    assert [each.boxes.shape for each in nothing] == [(0, 4), (0, 4)]


def test_yolo_boxes_are_shares_of_the_photo(tiny_sets: Path) -> None:
    found = photo_files(["quaywall"], {"0": 0}, tiny_sets, Split.TRAIN)
    with_box = [each for each in found if len(each.boxes)]
    assert with_box
    assert with_box[0].boxes.tolist() == [[24.0, 16.0, 40.0, 48.0]]


def test_absent_and_empty_sources_are_named(sets: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="rdd_motorbike"):
        photo_files(["rdd_motorbike"], LABELS, tmp_path, Split.TRAIN)
    with pytest.raises(BadInput, match="rdd_motorbike has no photo for test"):
        photo_files(["rdd_motorbike"], LABELS, sets, Split.TEST)


def test_rare_classes_are_drawn_more_often() -> None:
    photos = [photo(0)] * 8 + [photo(0, 1)] + [photo()]
    share = chances(photos, 2)
    assert share.sum() == pytest.approx(1)
    # class 0 is on nine of ten photos, class 1 on one
    assert share[8] / share[9] == pytest.approx(np.sqrt(10))
    assert share[0] / share[9] == pytest.approx(np.sqrt(10 / 9))


def test_without_any_box_all_are_alike() -> None:
    assert chances([photo(), photo()], 3).tolist() == [0.5, 0.5]


def test_a_batch_is_in_the_terms_of_the_loss() -> None:
    road = np.full((64, 128, 3), 255, dtype=np.uint8)
    first = BoxedPhoto(
        rgb=road,
        boxes=np.array([[0, 0, 64, 32], [32, 16, 96, 48]], dtype=np.float32),
        classes=np.array([4, 1]),
    )
    empty = BoxedPhoto(rgb=road, boxes=np.zeros((0, 4), np.float32), classes=np.zeros(0, np.int64))
    images, targets = to_batch([first, empty, first])
    assert images.shape == (3, 3, 64, 128)
    assert images.eq(1).all()
    assert targets["batch_idx"].tolist() == [0, 0, 2, 2]
    assert targets["cls"].tolist() == [4, 1, 4, 1]
    assert targets["bboxes"][:2].tolist() == [[0.25, 0.25, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]]
    assert {part.dtype for part in targets.values()} == {torch.float32}


def test_a_batch_without_any_box_is_one_too() -> None:
    road = np.zeros((32, 32, 3), dtype=np.uint8)
    empty = BoxedPhoto(rgb=road, boxes=np.zeros((0, 4), np.float32), classes=np.zeros(0, np.int64))
    _, targets = to_batch([empty])
    assert targets["bboxes"].shape == (0, 4)


class TestBatches:
    """The step alone decides a batch."""

    @pytest.fixture
    def batches(self, sets: Path, tmp_path: Path) -> BoxBatches:
        config = tiny_config(tmp_path)
        photos = photo_files(config.sampling, config.label_indices, sets, Split.TRAIN)
        return BoxBatches(photos, config)

    def test_the_same_step_is_the_same_batch(self, batches: BoxBatches) -> None:
        first, again, other = (batches.draw(step) for step in (7, 7, 8))
        assert torch.equal(first[0], again[0])
        assert all(torch.equal(first[1][name], again[1][name]) for name in first[1])
        assert not torch.equal(first[0], other[0])

    def test_views_have_the_size_and_shares_lie_inside(self, batches: BoxBatches) -> None:
        for step in range(6):
            images, targets = batches.draw(step)
            assert images.shape == (4, 3, 160, 160)
            assert targets["batch_idx"].max() <= 3
            half = targets["bboxes"][:, 2:] / 2
            assert (targets["bboxes"][:, :2] - half >= -1e-5).all()
            assert (targets["bboxes"][:, :2] + half <= 1 + 1e-5).all()
            assert (targets["bboxes"][:, 2:] > 0).all()

    def test_late_views_show_one_photo(self, sets: Path, tmp_path: Path) -> None:
        config = tiny_config(tmp_path, four_together=1.0, four_until=0.5, steps=10, batch=8)
        photos = photo_files(config.sampling, config.label_indices, sets, Split.TRAIN)
        batches = BoxBatches(photos, config)
        most = {
            step: int(batches.draw(step)[1]["batch_idx"].long().bincount().max())
            for step in (0, 1, 8, 9)
        }
        assert min(most[0], most[1]) > 2
        assert max(most[8], most[9]) <= 2

    def test_sources_without_photos_are_named(self, sets: Path, tmp_path: Path) -> None:
        config = tiny_config(tmp_path, sampling={"rdd_motorbike": 1.0, "rdd2022": 1.0})
        photos = photo_files(["rdd_motorbike"], config.label_indices, sets, Split.TRAIN)
        with pytest.raises(BadInput, match="no training photos of rdd2022"):
            BoxBatches(photos, config)

    def test_shares_of_sources_need_not_sum_to_one(self, sets: Path, tmp_path: Path) -> None:
        config = replace(tiny_config(tmp_path), sampling={"rdd_motorbike": 7.0})
        photos = photo_files(config.sampling, config.label_indices, sets, Split.TRAIN)
        assert BoxBatches(photos, config).draw(0)[0].shape[0] == 4


@pytest.mark.data
def test_the_real_photos_have_the_boxes_that_their_readme_counts(data_dir: Path) -> None:
    labels = {"D00": 0, "D10": 1, "D20": 2, "D40": 3, "Repair": 4}
    both = [
        photo_files(["rdd_motorbike"], labels, data_dir, split)
        for split in (Split.TRAIN, Split.VAL)
    ]
    assert [len(part) for part in both] == [239, 60]
    counts = [
        np.bincount(np.concatenate([each.classes for each in part]), minlength=5) for part in both
    ]
    assert (counts[0] + counts[1]).tolist() == [381, 161, 145, 55, 49]
    assert counts[1].min() > 0
