"""The page of scores says what was measured, variant by variant, and draws right and wrong."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from datasets.classes import CLASS_NAMES
from datasets.manifest import Split
from datasets.sources import find_source, read_source
from models.backends import openvino
from models.cli import models as commands
from models.judging.evaluate import SourceScores
from models.judging.gallery import (
    GAP_PX,
    HIT,
    INVENTED,
    MISSED,
    SIDE_PX,
    Example,
    choose,
    fitted,
    judge_image,
    sheet,
    write_sheet,
)
from models.judging.matrix import Variant, loss_rows, measure, page, pixel_rows, site_rows
from models.judging.metrics import PixelCounts
from models.registry import ModelEntry, write_entry
from tests.support.tiny_network import write_tiny_network
from tests.unit.models.judging.test_evaluate import HALF, Oracle
from tests.unit.models.test_card_and_commands import EVALUATION

PAVEMENT = find_source("cracksc")


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    return write_tiny_network(tmp_path)


def variant(entry: ModelEntry, both: int, precision: str = "f32") -> Variant:
    """Make a variant whose cracks on uav75 have F1 = both / 100."""
    crack = PixelCounts(predicted=100, labelled=100, both=both, predicted_near=90, labelled_near=90)
    pixels = (SourceScores(source="uav75", split="val", images=9, counts={"crack": crack}),)
    evaluation = replace(EVALUATION, pixels=pixels)
    return Variant(entry=entry, precision=precision, evaluation=evaluation)


def test_variants_stand_side_by_side(entry: ModelEntry) -> None:
    text = pixel_rows([variant(entry, 50), variant(entry, 45, "bf16")])
    assert "| source | class | tiny f32 | tiny bf16 |" in text
    assert "| uav75 | crack | 0.500 / 0.900 | 0.450 / 0.900 |" in text


def test_what_a_variant_was_not_asked_is_a_dash(entry: ModelEntry) -> None:
    other = replace(variant(entry, 45, "bf16"), evaluation=replace(EVALUATION, pixels=()))
    assert "| uav75 | crack | 0.500 / 0.900 | – |" in pixel_rows([variant(entry, 50), other])


def test_losses_are_told_against_the_same_weights(entry: ModelEntry) -> None:
    eight = replace(entry, name="tiny-int8", training={"int8_copy_of": f"tiny@{entry.sha256[:12]}"})
    stranger = replace(entry, name="stranger")
    variants = [
        variant(entry, 50),
        variant(entry, 49, "bf16"),
        variant(eight, 46),
        variant(stranger, 10),
    ]
    text = loss_rows(variants)
    assert "| tiny bf16 | tiny f32 | uav75 -0.0100 |" in text
    assert "| tiny-int8 f32 | tiny f32 | uav75 -0.0400 |" in text
    assert "stranger" not in text


def test_the_unseen_site_has_a_row_for_each_variant(entry: ModelEntry) -> None:
    text = site_rows([variant(entry, 50), variant(entry, 50, "bf16")])
    assert text.count("| tiny ") == 2
    assert "boxes hit" in text


def test_the_page_says_what_it_is_about(entry: ModelEntry) -> None:
    text = page([variant(entry, 50)], {"uav75": "p.jpg"})
    assert "Written by `tenken models matrix`" in text
    assert "![Rows: best, worst, most invented](pictures/p.jpg)" in text
    assert "GPL-3.0-only" in text and "Benz" in text  # whose pictures they are
    assert "| uav75 | crack | 0.333 | 0.500 | 0.900 |" in text
    assert "Not measured; `tenken models leave-out`" in text


def test_without_pictures_the_page_says_where_they_are(entry: ModelEntry) -> None:
    text = page([variant(entry, 50)], {})
    assert "![" not in text and "not copied into\nthe repository" in text
    assert text.endswith("beside the page.\n")


def test_a_model_with_the_network_of_another_has_no_recipe(entry: ModelEntry) -> None:
    looks = replace(entry, name="tiny-thorough", training={"network_of": "tiny"})
    text = page([variant(entry, 50), variant(looks, 60)], {})
    assert text.count("Not measured; `tenken models leave-out`") == 1
    assert "### tiny-thorough" not in text


def test_found_missed_and_invented_have_their_colours(tiny_sets: Path) -> None:
    sample = next(s for s in read_source("cracksc", tiny_sets) if s.split is Split.VAL)
    oracle = Oracle(tiny_sets, sureness=0.9)
    right = judge_image(oracle, PAVEMENT, sample, HALF, CLASS_NAMES)
    assert right.score == 1 and right.invented == 0
    colours = {tuple(pixel) for pixel in right.picture[:, SIDE_PX:].reshape(-1, 3).tolist()}
    assert HIT in colours and MISSED not in colours and INVENTED not in colours

    def blind(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = np.zeros((len(CLASS_NAMES), *rgb.shape[:2]), dtype=np.float32)
        scores[0] = 1
        return scores

    def everywhere(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(np.roll(blind(rgb), 1, axis=0))

    missed = judge_image(blind, PAVEMENT, sample, HALF, CLASS_NAMES)
    assert missed.score == 0 and missed.invented == 0
    assert MISSED in {tuple(p) for p in missed.picture[:, SIDE_PX:].reshape(-1, 3).tolist()}
    wild = judge_image(everywhere, PAVEMENT, sample, HALF, CLASS_NAMES)
    assert wild.invented > 0.5
    assert INVENTED in {tuple(p) for p in wild.picture[:, SIDE_PX:].reshape(-1, 3).tolist()}


def example(name: str, score: float, invented: float, grey: int = 0) -> Example:
    picture = np.full((SIDE_PX, 2 * SIDE_PX, 3), grey, dtype=np.uint8)
    return Example(name=name, score=score, invented=invented, picture=picture)


def test_no_image_is_shown_twice() -> None:
    examples = [example(str(i), i / 10, (7 * i % 10) / 100) for i in range(10)]
    best, worst, false = choose(examples, of_each=2)
    assert [e.name for e in best] == ["9", "8"]
    assert [e.name for e in worst] == ["0", "1"]
    assert [e.name for e in false] == ["7", "4"]  # 0.09 and 0.08 of those that are left
    assert not {e.name for e in false} & {"0", "1", "8", "9"}


def test_few_images_leave_rows_short() -> None:
    best, worst, false = choose([example("a", 0.5, 0)], of_each=3)
    assert [e.name for e in best] == [e.name for e in worst] == ["a"]
    assert false == []
    page = sheet([best, worst, false])
    assert page.shape == (2 * SIDE_PX + GAP_PX, 2 * SIDE_PX, 3)


@pytest.mark.parametrize("shape", [(100, 300), (700, 300), (300, 300)])
def test_an_image_of_any_shape_shows_its_middle(shape: tuple[int, int]) -> None:
    image = np.zeros((*shape, 3), dtype=np.uint8)
    middle = shape[0] // 2, shape[1] // 2
    image[middle[0] - 20 : middle[0] + 20, middle[1] - 20 : middle[1] + 20] = 200
    small = fitted(image)
    assert small.shape == (SIDE_PX, SIDE_PX, 3)
    assert small[SIDE_PX // 2, SIDE_PX // 2].tolist() == [200, 200, 200]
    assert small[2, 2].tolist() == [0, 0, 0]


def test_the_sheet_is_a_picture_with_white_between(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s.jpg"
    write_sheet(path, [[example("a", 1, 0), example("b", 1, 0)], [example("c", 0, 0)]])
    image = cv2.imread(str(path))
    assert image.shape == (2 * SIDE_PX + GAP_PX, 4 * SIDE_PX + GAP_PX, 3)
    assert image[10, 2 * SIDE_PX + GAP_PX // 2].min() > 200
    assert image[-10, -10].min() > 240  # the cell that is missing
    assert b"Exif" not in path.read_bytes()


def test_an_int8_copy_is_computed_in_one_way_only(
    tiny_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "processor_abilities", lambda: ["FP32", "BF16"])
    write_tiny_network(tmp_path)
    eight = write_tiny_network(tmp_path, name="eight")
    write_entry(replace(eight, training={"int8_copy_of": "tiny@0"}))
    lines: list[str] = []
    found = measure(
        ["tiny", "eight"],
        tiny_sets,
        own_dir=tmp_path,
        precisions=("f32", "bf16"),
        report=lines.append,
    )
    assert [v.label for v in found] == ["tiny f32", "tiny bf16", "eight f32"]
    monkeypatch.setattr(openvino, "processor_abilities", lambda: ["FP32"])
    lines.clear()
    found = measure(
        ["tiny"], tiny_sets, own_dir=tmp_path, precisions=("f32", "bf16"), report=lines.append
    )
    assert [v.label for v in found] == ["tiny f32"]
    assert lines[-1].startswith("tiny, bf16 left out: this processor does not compute bf16")


def test_the_command_writes_page_and_pictures(
    tiny_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path))
    write_tiny_network(tmp_path)
    path = tmp_path / "page.md"
    arguments = ["matrix", "tiny", "--precision", "f32", "--out", str(path)]
    arguments += ["--data-dir", str(tiny_sets)]
    done = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    assert done.exit_code == 0 and "wrote" in done.stdout
    text = path.read_text(encoding="utf-8")
    for source in ("uav_concrete", "uav75", "cracksc"):
        assert (tmp_path / "pictures" / f"finds-and-misses-{source}.jpg").is_file()
        assert f"pictures/finds-and-misses-{source}.jpg" in text
    assert "tiny f32" in text and "bf16 |" not in text
