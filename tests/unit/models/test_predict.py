"""A folder of images becomes a folder of answers, one bad image does not stop the rest."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from datasets.classes import CLASS_NAMES
from inspection.cli import tenken
from inspection.errors import BadInput, Unavailable
from models.detector import load_detector
from models.predict import Predictor, images_in, objects_of, predict_folder, predict_image
from models.registry import sha256_of
from models.scoring import detector_scorer
from tests.support.tiny_network import write_tiny_network


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("weights")
    entry = write_tiny_network(folder)
    detector = load_detector("tiny", weights_dir=folder)
    return Predictor(
        scorer=detector_scorer(detector),
        model_id=detector.model_id,
        classes=entry.classes,
        rule=entry.rule,
    )


def photo(height: int = 90, width: int = 130) -> np.ndarray:
    """Return a light surface with a dark bar of 4 x 60 px and a dark spot of 6 x 6 px."""
    image = np.full((height, width, 3), 200, dtype=np.uint8)
    image[20:24, 10:70] = 10
    image[60:66, 100:106] = 10
    return image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    made.mkdir()
    cv2.imwrite(str(made / "a.png"), photo())
    cv2.imwrite(str(made / "b.PNG"), photo(33, 1000)[:, ::-1])
    (made / "notes.txt").write_text("not an image")
    return made


def test_pixels_are_decided_at_native_resolution(predictor: Predictor) -> None:
    found = predict_image(predictor, photo())
    assert found.classes.shape == (90, 130)
    dark = photo()[..., 0] < 100
    assert np.array_equal(found.classes == 1, dark)
    assert found.damage[dark].min() > 0.9
    assert found.damage[~dark].max() < 0.1


def test_objects_come_largest_first_with_their_size_on_the_surface(predictor: Predictor) -> None:
    bar, spot = objects_of(predict_image(predictor, photo()), CLASS_NAMES, 0.002)
    assert bar["class"] == "crack"
    assert bar["box_px"] == [10, 20, 70, 24]
    assert (bar["area_px"], spot["area_px"]) == (240, 36)
    assert bar["area_m2"] == pytest.approx(240 * 4e-6)
    assert 0.9 < bar["confidence"] <= 1
    assert "area_m2" not in objects_of(predict_image(predictor, photo()), CLASS_NAMES, None)[0]


def test_each_image_has_its_answers(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcomes = list(predict_folder(predictor, folder, out, probabilities=True, gsd_mm_per_px=2))
    assert [(o.image, o.reason) for o in outcomes] == [("a.png", None), ("b.PNG", None)]
    assert {path.name for path in out.iterdir()} == {
        f"{stem}{ending}" for stem in "ab" for ending in (".png", ".prob.png", ".json")
    }
    classes = cv2.imread(str(out / "a.png"), cv2.IMREAD_UNCHANGED)
    assert classes.dtype == np.uint8
    assert np.array_equal(classes == 1, photo()[..., 0] < 100)
    told = json.loads((out / "a.json").read_text(encoding="utf-8"))
    assert told["sha256"] == sha256_of(folder / "a.png")
    assert told["size_px"] == [130, 90]
    assert told["pixels"]["crack"] == 276
    assert sum(told["pixels"].values()) == 130 * 90
    assert len(told["objects"]) == outcomes[0].objects == 2
    assert told["model"].startswith("tiny@")


def test_without_a_wish_there_are_no_probabilities(
    predictor: Predictor, folder: Path, tmp_path: Path
) -> None:
    list(predict_folder(predictor, folder, tmp_path / "out"))
    assert not list((tmp_path / "out").glob("*.prob.png"))


def test_a_broken_image_is_set_aside_and_the_rest_goes_on(
    predictor: Predictor, folder: Path, tmp_path: Path
) -> None:
    (folder / "a0.jpg").write_bytes(b"\xff\xd8 cut off")
    first, broken, last = predict_folder(predictor, folder, tmp_path / "out")
    assert (first.image, broken.image, last.image) == ("a.png", "a0.jpg", "b.PNG")
    assert broken.reason is not None
    assert "a0.jpg cannot be decoded" in broken.reason
    assert not (tmp_path / "out" / "a0.json").exists()
    assert (tmp_path / "out" / "b.json").exists()


def test_two_images_of_one_stem_are_refused(folder: Path) -> None:
    cv2.imwrite(str(folder / "a.jpg"), photo())
    with pytest.raises(BadInput, match=r"a\.png and a\.jpg would both be answered in a\.png"):
        images_in(folder)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no image"):
        images_in(tmp_path)


def test_images_are_never_overwritten(predictor: Predictor, folder: Path) -> None:
    before = (folder / "a.png").read_bytes()
    with pytest.raises(BadInput, match="overwrite the images"):
        list(predict_folder(predictor, folder, folder / ".." / folder.name))
    assert (folder / "a.png").read_bytes() == before


def test_an_answer_that_cannot_be_written_stops(
    predictor: Predictor, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / "a.png").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"a\.png cannot be written"):
        list(predict_folder(predictor, folder, tmp_path / "out"))


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "registered"
    own.mkdir()
    write_tiny_network(own)
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(own))


@pytest.mark.usefixtures("registered")
class TestCommand:
    def test_programs_get_json(self, folder: Path, tmp_path: Path) -> None:
        words = ["models", "predict", str(folder), "--out", str(tmp_path / "o"), "--model", "tiny"]
        result = CliRunner().invoke(tenken, [*words, "--json"], catch_exceptions=False)
        assert result.exit_code == 0
        assert json.loads(result.stdout)[0] == {"image": "a.png", "objects": 2, "reason": None}
        assert "warning" not in result.stderr

    def test_people_get_a_line_an_image_and_a_warning(self, folder: Path, tmp_path: Path) -> None:
        words = ["models", "predict", str(folder), "--out", str(tmp_path / "o"), "--model", "tiny"]
        result = CliRunner().invoke(
            tenken, [*words, "--gsd-mm-per-px", "40"], catch_exceptions=False
        )
        assert "a.png: 2 objects" in result.stdout
        assert "40 mm/px is outside the 0.5–5 mm/px" in result.stderr

    def test_images_set_aside_end_in_an_error(self, folder: Path, tmp_path: Path) -> None:
        (folder / "c.jpg").write_bytes(b"nothing")
        words = ["models", "predict", str(folder), "--out", str(tmp_path / "o"), "--model", "tiny"]
        with pytest.raises(BadInput, match="1 of 3 images could not be read"):
            CliRunner().invoke(tenken, words, catch_exceptions=False)
