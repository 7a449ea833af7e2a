"""Where ``tenken measure`` writes: folders that are files, files that are folders, new folders."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inspection.errors import BadGeometry, BadInput, TenkenError, Unavailable
from tests.support.seed import Seeded, seed
from tests.unit.workers.test_measure_shape import _keep_views
from workers.measure.cli import measure


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seeded]:
    """Make one finished survey with its views."""
    out = tmp_path_factory.mktemp("made") / "run"
    seeded = seed(out / "store")
    (out / "run.json").write_text(json.dumps({"survey_id": str(seeded.local.survey_id)}))
    _keep_views(out, seeded.local)
    return out, seeded


@pytest.fixture
def run_dir(made: tuple[Path, Seeded]) -> Path:
    return made[0]


def call(*words: object) -> Result:
    done = CliRunner().invoke(measure, [str(word) for word in words])
    if isinstance(done.exception, TenkenError):
        raise done.exception
    return done


def test_a_result_folder_that_is_a_file_is_refused_before_the_work(
    run_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    done = call("capability", run_dir, "--cell-m", 0.5, "--out", tmp_path / "file")
    assert done.exit_code == 2
    assert "begins" not in done.stderr and "is a file" in done.stderr
    with pytest.raises(Unavailable, match="cannot be made: Not a directory"):
        call("capability", run_dir, "--cell-m", 0.5, "--out", tmp_path / "file" / "deep")
    assert (tmp_path / "file").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_results_go_into_a_new_folder_and_again_into_the_same(
    run_dir: Path, tmp_path: Path
) -> None:
    words = ("capability", run_dir, "--cell-m", 0.5, "--out", tmp_path / "new" / "deep", "--json")
    first, second = call(*words), call(*words)
    assert first.exit_code == second.exit_code == 0
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert sorted(p.name for p in (tmp_path / "new" / "deep").iterdir()) == [
        "capability.json", "capability.tif", "gaps.geojson", "inspected.tif",
    ]  # fmt: skip


@pytest.mark.parametrize("out", ["folder", "file/below.json"])
def test_growth_that_cannot_be_written_leaves_what_was_there(
    run_dir: Path, tmp_path: Path, out: str
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unavailable, match="cannot write"):
        call("growth", run_dir, run_dir, "--out", tmp_path / out)
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == []


POLYGON = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


@pytest.mark.parametrize(
    "plain",
    [
        [], {}, 5, None, {"features": []}, {"features": [5]}, {"features": [{"geometry": None}]},
        {"features": [{"geometry": {"type": "Point", "coordinates": [0, 0]}}]},
        {"features": [{"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}]},
        {"features": [{"geometry": {"type": "Polygon",
                                    "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}}]},
        {"features": [{"geometry": POLYGON}], "tenken:crs": None},
    ],
)  # fmt: skip
def test_panels_that_are_none_are_refused_in_words(
    run_dir: Path, tmp_path: Path, plain: Any
) -> None:
    if isinstance(plain, dict):
        plain = {"tenken:crs": "LOCAL"} | plain
    (tmp_path / "e.geojson").write_text(json.dumps(plain))
    with pytest.raises((BadInput, BadGeometry), match=r"e\.geojson"):
        call("pattern", run_dir, "--elements", tmp_path / "e.geojson")


def test_a_panel_without_a_crack_says_nothing_and_the_parts_add_up(
    run_dir: Path, tmp_path: Path
) -> None:
    def box(x0: float, x1: float, name: str) -> dict[str, Any]:
        ring = [[x0, -100], [x1, -100], [x1, 100], [x0, 100], [x0, -100]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "geometry": geometry, "properties": {"name": name}}

    path = tmp_path / "e.geojson"
    features = [box(-100, 1, "left"), box(1, 100, "right"), box(200, 201, "空")]
    path.write_text(json.dumps({"tenken:crs": "LOCAL", "features": features}, ensure_ascii=False))
    whole = json.loads(call("pattern", run_dir, "--json").stdout)["elements"][0]
    parts = json.loads(call("pattern", run_dir, "--elements", path, "--json").stdout)["elements"]
    assert [part["element"] for part in parts] == ["left", "right", "空"]
    assert sum(part["length_m"] for part in parts) == pytest.approx(whole["length_m"])
    assert (parts[2]["count"], parts[2]["length_m"], parts[2]["density_m_per_m2"]) == (0, 0, 0)
    assert parts[2]["spacing_min_m"] is None  # infinity, for which JSON has no word
