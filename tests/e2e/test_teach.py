"""An engineer's verdicts teach a shipped model a class it did not know, by the commands shown."""

import json
import shlex
import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from inspection.cli import tenken
from inspection.domain.defect import Defect
from inspection.domain.review import Action, RejectReason, Verdict
from inspection.domain.taxonomy import DamageClass
from inspection.store import reviews
from inspection.store.engine import create_engine, writing
from models.registry import DEFAULT_MODEL, load_entry
from tests.support.seed import Seeded, seed

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seeded:
    """Give a folder of reviewed surveys, and a place to work in without any published set."""
    seeded = seed(tmp_path / "home")
    monkeypatch.setenv("TENKEN_HOME", str(seeded.home))
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path / "home" / "models"))
    (tmp_path / "published").mkdir()
    monkeypatch.setenv("TENKEN_DATA_DIR", str(tmp_path / "published"))
    monkeypatch.chdir(tmp_path)
    engine = create_engine(seeded.database_url)
    with writing(engine) as connection:
        for survey in (seeded.mapped, seeded.local):
            stain, *_, spall = survey.defects
            reject = verdict(stain, Action.REJECT, reason=RejectReason.STAIN)
            reviews.record(connection, reject)
            named = verdict(spall, Action.RECLASSIFY, damage_class=DamageClass.SPALL)
            confirm = verdict(reviews.record(connection, named), Action.CONFIRM)
            reviews.record(connection, confirm)
    engine.dispose()
    return seeded


def verdict(defect: Defect, action: Action, **more: Any) -> Verdict:
    return Verdict(
        verdict_id=uuid.uuid4(),
        defect_id=defect.defect_id,
        action=action,
        reviewer="山田",
        decided_at=NOW + timedelta(minutes=defect.version),
        expected_version=defect.version,
        **more,
    )


def said(*words: str) -> str:
    result = CliRunner().invoke(tenken, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.timeout(600)
def test_verdicts_teach_a_class(home: Seeded, tmp_path: Path) -> None:
    said("datasets", "feedback", "--out", "sets/2026", "--name", "noto", "--licence", "CC-BY-4.0")
    assert "spall" in said("datasets", "check", "sets/2026/set.yaml")
    told = json.loads(
        said("models", "recipe", "sets/2026/set.yaml", "--name", "noto-damage",
             "--out", "runs/noto.yaml", "--json")
    )  # fmt: skip
    shipped = load_entry(DEFAULT_MODEL)
    assert told["classes"] == [*shipped.classes, "spall"]
    recipe = yaml.safe_load(Path("runs/noto.yaml").read_text(encoding="utf-8"))
    assert recipe["sampling"] == {"procedural": 0.5, "noto": 0.5}  # nothing published is here
    assert recipe["thresholds_from"] == ["noto"]
    recipe |= {"chip_px": 64, "batch": 2, "steps": 2}  # a walk, not a lesson
    Path("runs/noto.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

    build, train, export, evaluate = (shlex.split(step)[1:] for step in told["next"])
    said(*build, "--procedural", "2")
    assert f"begins with {DEFAULT_MODEL}" in said(*train)
    said(*export)
    own = json.loads(said("models", "list", "--json"))
    (row,) = [one for one in own if one["name"] == "noto-damage"]
    assert row["training"]["begun_with"][-1].startswith(f"{DEFAULT_MODEL} ({shipped.sha256[:12]})")
    assert set(row["thresholds"]) == {*shipped.classes[1:], "spall"}
    lines = said(*evaluate)
    assert "noto val spall: IoU" in lines
    card = (tmp_path / "home" / "models" / "noto-damage.md").read_text(encoding="utf-8")
    assert "| noto | val |" in card and "| spall |" in card
    assert "Not measured: the photos were not here." in card
    assert "for exposed rebar, efflorescence, leakage or corrosion" in card

    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(next(Path("sets/2026/images").glob("*.png")), photos / "one.png")
    said("models", "predict", "photos", "--out", "seen", "--model", "noto-damage")
    assert json.loads(Path("seen/one.json").read_text())["classes"][-1] == "spall"


def test_what_it_learned_is_not_shipped(home: Seeded, tmp_path: Path) -> None:
    """A name that comes along is refused before anything is computed."""
    result = CliRunner().invoke(
        tenken, ["models", "recipe", "sets/2026/set.yaml", "--name", DEFAULT_MODEL, "--out", "a"]
    )
    assert result.exit_code == 2  # there is no such set yet
    said("datasets", "feedback", "--out", "sets/2026", "--name", "noto", "--licence", "CC-BY-4.0")
    for words, reason in (
        (("--name", DEFAULT_MODEL, "--out", "a.yaml"), "comes with Tenken"),
        (("--name", "noto damage", "--out", "a.yaml"), "small letters"),
    ):
        result = CliRunner().invoke(tenken, ["models", "recipe", "sets/2026/set.yaml", *words])
        assert result.exit_code != 0
        assert reason in str(result.exception or result.output)
    assert not Path("a.yaml").exists()
