"""From photos with boxes to a registered model and its answers, by the command line."""

import copy
import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
import yaml
from onnx import TensorProto

from datasets.manifest import Split
from inspection.errors import Conflict, Refused
from models.boxes.card import write_box_card
from models.boxes.config import BoxConfig
from models.boxes.detect import Boxes, Network, SeenBox, find_boxes_in, open_boxes
from models.boxes.export import register_boxes
from models.boxes.judge import judged, look_at_all
from models.boxes.network import BoxNetwork
from models.boxes.photos import photo_files
from models.boxes.predict import draw_boxes
from models.boxes.registry import load_boxes
from models.boxes.train import train_boxes as run_boxes
from models.commands.register import check_name
from models.registry import BOXES_FOLDER, DEFAULT_MODEL, WEIGHTS_DIR
from models.training.loop import TrainState, to_tensor
from tests.support.drawn_road import damage_of, draw, write_drawn_road, write_photo
from tests.support.spoken import run_tenken
from tests.support.tiny_boxes import register_rows, tiny_config, write_start_weights
from tests.support.tiny_network import write_tiny_network

ROWS = [[8.0, 16.0, 48.0, 96.0, 0.8, 0.0], [80.0, 80.0, 140.0, 140.0, 0.6, 1.0]]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_drawn_road(tmp_path_factory.mktemp("sets"))
    config = tiny_config(root / "layout")
    write_start_weights(config, root / "weights")
    return root


@pytest.fixture(scope="module")
def config(sets: Path) -> BoxConfig:
    return tiny_config(sets / "layout")


@pytest.fixture(scope="module")
def config_path(config: BoxConfig, sets: Path) -> Path:
    values = asdict(config)
    values["labels"] = {name: list(labels) for name, labels in values["labels"].items()}
    values["classes"] = list(values["classes"])
    path = sets / "tiny-boxes.yaml"
    path.write_text(yaml.safe_dump({"form": "boxes", **values}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(config: BoxConfig, sets: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainState:
    return run_boxes(
        config,
        data_dir=sets,
        start_weights=sets / "weights" / config.start_weights,
        out_dir=tmp_path_factory.mktemp("trained"),
        budget_min=5,
        report=lambda line: None,
    )


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(folder))
    return folder


def test_the_whole_road_by_commands(
    sets: Path, config: BoxConfig, config_path: Path, own: Path, tmp_path: Path
) -> None:
    data = ("--data-dir", sets)
    said = run_tenken(
        *("models", "train", "--config", config_path, "--out", tmp_path / "run"), *data
    )
    assert said.code == 0, said.err
    assert "6 steps" in said.out
    said = run_tenken(
        *("models", "export", tmp_path / "run", "--config", config_path, "--json"),
        *("--weights-dir", own, *data),
    )
    assert said.code == 0, said.err
    assert (said.data["form"], said.data["photo_px"]) == ("boxes", config.photo_px)
    assert "half that answers many: mAP50" in said.err
    listed = run_tenken("models", "list", "--json").data
    assert listed[-1]["name"] == config.name
    assert "boxes in road photos, 160 px" in run_tenken("models", "list").out
    said = run_tenken("models", "evaluate", config.name, "--json", *data)
    assert said.code == 0, said.err
    assert said.data["photos"] == 2
    assert [score["labelled"] for score in said.data["classes"]] == [2, 2]
    card = (own / BOXES_FOLDER / f"{config.name}.md").read_text(encoding="utf-8")
    assert "| longitudinal_crack | crack | 2 | 2 |" in card
    assert "rdd_motorbike | 100% | CC-BY-SA-4.0" in card
    assert "- longitudinal_crack: D00, D01" in card
    said = run_tenken("models", "evaluate", config.name, "--no-card", *data)
    assert said.out.splitlines()[-1].startswith("mAP50 0.")


def awake(state: TrainState) -> TrainState:
    """Return a run whose network is sure of more than background, however little it learned."""
    average = copy.deepcopy(state.average)
    for name, values in average.named_parameters():
        if "cv3" in name and name.endswith(".2.bias"):
            values.zero_()
    return replace(state, average=average)


def test_both_engines_and_torch_give_the_same_boxes(
    trained: TrainState, config: BoxConfig, sets: Path, tmp_path: Path
) -> None:
    state = awake(trained)
    photos = photo_files(config.sampling, config.label_indices, sets, Split.VAL)
    entry = register_boxes(
        state, config, photos, weights_dir=tmp_path, cards_dir=tmp_path, report=lambda line: None
    )
    rgb = np.ascontiguousarray(draw(99, damage_of(99))[:, :140])
    every = replace(entry, overlap=1.0)  # who stays may hang on a hair
    seen = [
        open_boxes(every, engine=engine, threads=1).look(rgb)
        for engine in ("openvino", "onnxruntime")
    ]
    network = BoxNetwork(state.average, entry.training["half_of_the_head"])
    exact = find_boxes_in(
        torch_answers(network), rgb, photo_px=config.photo_px, overlap=1.0, count=2
    )
    assert same_boxes(*seen, px=0.5, score=1e-3) > 40
    assert same_boxes(seen[0], exact, px=1.0, score=0.01) > 40  # the file's weights are halves


def torch_answers(network: BoxNetwork) -> Network:
    """Return what asks a torch network."""

    def ask(shown: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(network(to_tensor([shown]))[0].numpy(), dtype=np.float32)

    return ask


def same_boxes(one: Boxes, other: Boxes, *, px: float, score: float) -> int:
    """Count boxes after checking that the fifty surest of each have their like in the other.

    Equal scores may change places.
    """
    for each, its in ((one, other), (other, one)):
        for corners, told, kind in zip(
            each.corners[:50], each.scores[:50], each.classes[:50], strict=True
        ):
            near = np.abs(its.corners - corners).max(axis=1) < px
            near &= np.abs(its.scores - told) < score
            assert (near & (its.classes == kind)).any()
    return min(len(one.scores), len(other.scores))


def test_the_file_is_half_precision_names_its_licence_and_takes_any_size(
    trained: TrainState, config: BoxConfig, sets: Path, tmp_path: Path
) -> None:
    photos = photo_files(config.sampling, config.label_indices, sets, Split.VAL)
    entry = register_boxes(
        trained, config, photos, weights_dir=tmp_path, cards_dir=tmp_path, report=lambda line: None
    )
    assert load_boxes(config.name, weights_dir=tmp_path, cards_dir=tmp_path) == entry
    model = onnx.load(entry.onnx_path)
    words = {each.key: each.value for each in model.metadata_props}
    assert words == {"licence": config.licence, "classes": "longitudinal_crack,pothole"}
    big = [each for each in model.graph.initializer if np.prod(each.dims) >= 16]
    floats = {each.data_type for each in big} & {TensorProto.FLOAT, TensorProto.FLOAT16}
    assert floats == {TensorProto.FLOAT16}
    assert entry.training["half_of_the_head"] in ("many", "one")
    assert entry.overlap == {"many": 0.6, "one": 1.0}[entry.training["half_of_the_head"]]
    detector = open_boxes(entry, engine="onnxruntime", threads=1)
    for size in ((160, 160), (90, 400), (700, 300)):
        detector.look(np.zeros((*size, 3), dtype=np.uint8))


def test_weights_that_may_not_be_shipped_are_not(
    trained: TrainState, config: BoxConfig, sets: Path, tmp_path: Path
) -> None:
    trained.unshippable = ("secret",)
    try:
        with pytest.raises(Refused, match="learned from secret may not be shipped"):
            register_boxes(trained, config, [], weights_dir=WEIGHTS_DIR, cards_dir=tmp_path)
    finally:
        trained.unshippable = ()


def test_a_name_is_a_model_of_one_form(
    trained: TrainState, config: BoxConfig, own: Path, tmp_path: Path
) -> None:
    register_rows(own, ROWS)
    with pytest.raises(Conflict, match="seen is a model of yours that gives boxes"):
        check_name("seen", own, replace=True)
    for name in (DEFAULT_MODEL, "pixels-of-mine"):
        write_tiny_network(tmp_path, name="pixels-of-mine")
        with pytest.raises(Conflict, match=f"{name} is a model of pixels already"):
            register_boxes(
                trained, replace(config, name=name), [], weights_dir=tmp_path, cards_dir=tmp_path
            )


def test_chips_are_for_pixels_and_photos_for_boxes(
    sets: Path, config_path: Path, tmp_path: Path
) -> None:
    said = run_tenken(
        *("models", "train", tmp_path, "--config", config_path, "--out", tmp_path / "a"),
        *("--data-dir", sets),
    )
    assert (said.code, "leave the folder of chips out" in said.err) == (2, True)
    said = run_tenken("models", "train", "--out", tmp_path / "b", "--data-dir", sets)
    assert (said.code, "name the folder of chips" in said.err) == (2, True)
    assert not (tmp_path / "a").exists()


def test_options_of_the_other_form_are_refused(
    sets: Path, config_path: Path, own: Path, tmp_path: Path
) -> None:
    register_rows(own, ROWS)
    write_photo(tmp_path / "photos/a.png", draw(0, damage_of(0)))
    predict = ("models", "predict", tmp_path / "photos", "--out", tmp_path / "seen")
    for words, told in (
        ((*predict, "--model", "seen", "--prob"), "leave --prob"),
        ((*predict, "--model", "seen", "--gsd-mm-per-px", 1), "leave --prob"),
        ((*predict, "--overlay"), "--overlay draws boxes"),
        (("models", "evaluate", "seen", "--precision", "bf16", "--data-dir", sets), "f32 only"),
        (("models", "bench", "--model", "seen"), "seen puts boxes into road photos"),
        (
            (
                *("models", "export", tmp_path, "--config", config_path, "--data-dir", sets),
                *("--torch-file", "x.pt"),
            ),
            "--torch-file is for networks of pixels",
        ),
        (
            (
                *("models", "export", tmp_path, "--config", config_path, "--data-dir", sets),
                *("--set", config_path),
            ),
            "--set is for networks of pixels",
        ),
        (
            ("models", "evaluate", "seen", "--set", config_path, "--data-dir", sets),
            "--set is for networks of pixels",
        ),
    ):
        said = run_tenken(*words)
        assert (said.code, told in said.err) == (2, True), said.err
    assert not (tmp_path / "seen").exists()


class TestPredict:
    """What is written about a folder of photos."""

    def test_boxes_with_class_confidence_and_pixels(self, own: Path, tmp_path: Path) -> None:
        entry = register_rows(own, ROWS)
        path = write_photo(tmp_path / "photos/a.png", draw(0, damage_of(0), 320))
        (tmp_path / "photos/broken.jpg").write_bytes(b"no photo")
        said = run_tenken(
            *("models", "predict", tmp_path / "photos", "--out", tmp_path / "seen"),
            *("--model", "seen", "--json"),
        )
        assert said.code == 2
        assert "1 of 2 images could not be read" in said.err
        assert [row["objects"] for row in said.data] == [2, 0]
        answer = json.loads((tmp_path / "seen/a.json").read_text(encoding="utf-8"))
        assert answer["model"] == entry.model_id
        assert answer["image"] == path.name
        assert answer["size_px"] == [320, 320]
        assert answer["objects"] == [
            {
                "class": "longitudinal_crack",
                "damage": "crack",
                "confidence": 0.8,
                "box_px": [16.0, 32.0, 96.0, 192.0],
            },
            {
                "class": "pothole",
                "damage": "pothole",
                "confidence": 0.6,
                "box_px": [160.0, 160.0, 280.0, 280.0],
            },
        ]
        assert sorted(each.name for each in (tmp_path / "seen").iterdir()) == ["a.json"]

    def test_a_picture_on_request(self, own: Path, tmp_path: Path) -> None:
        register_rows(own, ROWS)
        write_photo(tmp_path / "photos/a.png", draw(0, [], 320))
        said = run_tenken(
            *("models", "predict", tmp_path / "photos", "--out", tmp_path / "seen"),
            *("--model", "seen", "--overlay"),
        )
        assert (said.code, said.out.strip()) == (0, "a.png: 2 objects")
        bgr = cv2.imread(str(tmp_path / "seen/a.boxes.jpg"))
        assert bgr is not None
        assert bgr.shape == (320, 320, 3)
        red = (bgr[..., 2].astype(int) - bgr[..., 0]) > 90
        assert red[100:190, 14:20].any(axis=1).mean() > 0.9  # the left edge of the crack's box
        assert not red[60:180, 40:90].any()  # nothing inside

    def test_answers_never_lie_among_the_photos(self, own: Path, tmp_path: Path) -> None:
        register_rows(own, ROWS)
        write_photo(tmp_path / "photos/a.png", draw(0, []))
        said = run_tenken(
            *("models", "predict", tmp_path / "photos", "--out", tmp_path / "photos"),
            *("--model", "seen"),
        )
        assert (said.code, "would lie among the photos" in said.err) == (2, True)

    def test_words_stay_in_the_picture_and_the_photo_as_it_was(self, own: Path) -> None:
        entry = register_rows(own, ROWS)
        rgb = np.full((120, 160, 3), 90, dtype=np.uint8)
        corners = ((150.0, 0.0, 160.0, 20.0), (0.0, 100.0, 160.0, 120.0))
        seen = [
            SeenBox(
                class_name="pothole",
                damage=entry.damage["pothole"],
                confidence=0.5,
                box_px=box,
            )
            for box in corners
        ]
        drawn = draw_boxes(rgb, seen)
        assert drawn.shape == rgb.shape
        assert (rgb == 90).all()
        assert (drawn[:12, :130] != 90).any()


def test_a_card_says_what_is_not_labelled(own: Path, sets: Path) -> None:
    entry = register_rows(own, ROWS)
    photos = photo_files(["rdd_motorbike"], {"D00": 0}, sets, Split.VAL)
    matched = look_at_all(open_boxes(entry, threads=1).look, photos)
    write_box_card(entry, judged(matched, [0.5, 0.5]))
    text = entry.card_path.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| pothole |"))
    assert row.count("no label") == 5
    assert "not used on orthomosaics" in text
    assert "mean" in text


def test_a_description_without_its_labels_cannot_be_judged(own: Path, sets: Path) -> None:
    entry = register_rows(own, ROWS)
    path = entry.onnx_path.with_suffix(".json")
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(told | {"training": {}}), encoding="utf-8")
    said = run_tenken("models", "evaluate", "seen", "--data-dir", sets)
    assert (said.code, "does not say from which boxes it learned" in said.err) == (2, True)
