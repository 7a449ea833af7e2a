"""A run that is killed in any stage and started again gives what an unbroken one gives."""

from pathlib import Path

import pytest

from datasets.synth.capture import Flight
from datasets.synth.deck import Deck
from datasets.synth.render import RenderedDeck, render_deck
from tests.support.road import account, lasting, result_bytes, row_counts, run, run_until_killed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

STAGES = (
    "ingest: begins",
    "find features: begins",
    "reconstruct: begins",
    "paint mosaic: begins",
    "detect: begins",
    "measure: begins",
)


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> RenderedDeck:
    """Render a small deck: few and small photos, so that the road is short."""
    return render_deck(
        tmp_path_factory.mktemp("deck"),
        deck=Deck(length_m=5.0, width_m=4.0, approach_m=1.0),
        flight=Flight(width_px=1600, height_px=1200).at_gsd(3.3),
    )


def command(deck: RenderedDeck, out: Path) -> list[str | Path]:
    return ["run", deck.photos_dir, "--asset", deck.asset_path, "--out", out]


@pytest.fixture(scope="module")
def unbroken(deck: RenderedDeck, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "out"
    run(command(deck, out))
    return out


def test_the_small_road_finds_something_to_compare(unbroken: Path) -> None:
    facts = account(unbroken)
    assert facts["photos"]["registered"] == facts["photos"]["accepted"] >= 4
    assert facts["defects"] >= 1
    assert facts["work_list_rows"] == facts["defects"]


def test_killed_in_every_stage_and_started_again(
    deck: RenderedDeck, unbroken: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for stage in STAGES:
        assert run_until_killed(command(deck, out), at=stage), f"never reached {stage!r}"
        assert not (out / "run.json").exists(), "a killed run must not look finished"
    run(command(deck, out))
    assert lasting(out) == lasting(unbroken)
    assert result_bytes(out) == result_bytes(unbroken)
    assert row_counts(out) == row_counts(unbroken)
    litter = [entry for entry in (out / "store" / "work").iterdir() if entry.is_dir()]
    assert litter == []


def test_running_twice_changes_no_id_and_adds_no_row(deck: RenderedDeck, unbroken: Path) -> None:
    rows, files, facts = row_counts(unbroken), result_bytes(unbroken), lasting(unbroken)
    run(command(deck, unbroken))
    assert row_counts(unbroken) == rows
    assert result_bytes(unbroken) == files
    assert lasting(unbroken) == facts
    reused = {stage["name"]: stage["reused"] for stage in account(unbroken)["stages"]}
    assert reused == dict.fromkeys(reused, True)


def test_bad_files_change_nothing_but_rejection_rows(
    deck: RenderedDeck, unbroken: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for path in sorted(deck.photos_dir.iterdir()):
        (photos / path.name).write_bytes(path.read_bytes())
    first = sorted(photos.iterdir())[0].read_bytes()
    (photos / "zz_short.JPG").write_bytes(first[: len(first) // 2])
    (photos / "zz_notes.jpg").write_text("notes of the crew, no picture")
    (photos / "zz_empty.jpg").touch()
    (photos / "zz_again.jpg").write_bytes(first)
    out = tmp_path / "out"
    run(["run", photos, "--asset", deck.asset_path, "--out", out])
    assert result_bytes(out) == result_bytes(unbroken)
    rejected = {r["file"]: r["reason"] for r in account(out)["photos"]["rejected"]}
    assert rejected == {
        "zz_short.JPG": "truncated",
        "zz_notes.jpg": "not_an_image",
        "zz_empty.jpg": "empty",
        "zz_again.jpg": "duplicate",
    }


def test_a_run_without_a_usable_photo_says_why_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    _, err = run(["run", tmp_path / "a.jpg", "--out", tmp_path / "out"], expect=2)
    assert "a.jpg" in err
    assert "not_an_image" in err


def test_a_strip_without_a_scale_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    arguments = ["run", tmp_path, "--surface", "strip", "--out", tmp_path / "out"]
    _, err = run(arguments, expect=2)
    assert "--gsd-mm-per-px" in err
