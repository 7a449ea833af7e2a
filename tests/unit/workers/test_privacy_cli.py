"""``tenken privacy``: a detector looks, a person looks, adds, clears, keeps back; own detectors."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspection.cli import main, tenken
from inspection.errors import BadInput
from tests.support.private_network import write_box_network
from tests.support.released import main as fill
from workers.privacy.cli import read_box

BY = "--by 公開担当"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path / "models"))
    fill(tmp_path / "home")
    run("record approve bridge-12 --by 課長 --why 照査済")
    return tmp_path


def made_folder(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    (path / "notes.txt").write_text("somebody else's")
    return path


def run(line: str) -> str:
    done = CliRunner().invoke(tenken, shlex.split(line), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(shlex.split(line))
    return int(left.value.code or 0), capsys.readouterr().err


def let_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Screen, look, add, look again, clear and publish; give the line that clears."""
    network = write_box_network(home / "plates.onnx", [[200, 100, 400, 200, 0.9, 1]])
    made = run(f"privacy register {network} --name plates --kinds face,plate --threshold 0.3")
    assert made.startswith("plates@") and "TENKEN_PRIVACY_DETECTOR=plates" in made
    monkeypatch.setenv("TENKEN_PRIVACY_DETECTOR", "plates")
    monkeypatch.setenv("TENKEN_PUBLISHER_NAME", "石川県")
    monkeypatch.setenv("TENKEN_PUBLISHER_URI", "https://www.example.jp/")
    monkeypatch.setenv("TENKEN_PUBLISHER_EMAIL", "a@example.jp")
    assert "0 of 1 pictures may be published" in run("privacy status bridge-12")
    nothing = run(f"privacy look bridge-12 --out {home / 'seen'}")
    assert "no picture: no detector" in nothing and "0 pictures" in nothing
    unseen = run(f"privacy clear bridge-12 --looked {made_folder(home / 'seen')} {BY}")
    assert "not cleared" in unseen and "has no picture of it" in unseen
    assert "0 of 1 pictures cleared" in unseen
    screened = run("privacy screen bridge-12")
    assert "damage 1, 2, 3: 1 plate" in screened and "1 of 1 photos screened" in screened
    assert "1 areas blurred" in run(f"privacy look bridge-12 --out {home / 'seen'}")
    run(f"privacy blur bridge-12 bridge-12_0001.JPG --box 10,20,60,50 --kind face {BY}")
    early = run(f"privacy clear bridge-12 --looked {home / 'seen'} {BY}")
    assert "blurred otherwise than in the picture that you looked at" in early
    assert "0 of 1 pictures cleared" in early
    looked = run(f"privacy look bridge-12 --out {home / 'seen'}")
    assert "2 areas blurred" in looked
    pictures = list((home / "seen").glob("001-*.jpg"))
    assert len(pictures) == 2, "what was looked at before is another picture"
    assert pictures[0].read_bytes().startswith(b"\xff\xd8\xff")
    clear = f"privacy clear bridge-12 --looked {home / 'seen'} {BY}"
    assert "1 of 1 pictures cleared by 公開担当" in run(clear)
    (told,) = json.loads(run("privacy status bridge-12 --json"))
    assert told["obstacle"] is None and told["damages"] == [1, 2, 3]
    assert [area["kind"] for area in told["areas"]] == ["plate", "face"]
    line = f"publish release bridge-12 {BY} --why 定例 --pictures"
    assert "gate: 1 pictures, encoded anew" in run(line)
    assert "photo_" in run("publish snapshot")
    return clear


def test_the_whole_way_out_and_back(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clear = let_out(home, monkeypatch)
    to_folder = f"publish folder --out {home / 'site'} --base-url https://a.example/"
    run(to_folder)
    assert len(list((home / "site").rglob("photo_*.jpg"))) == 1
    missed = run(f"privacy blur bridge-12 bridge-12_0001.JPG --box 70,20,90,50 {BY}")
    assert "was published without it; 'tenken privacy withhold' takes it back" in missed
    run(f"publish withdraw bridge-12 {BY} --why x")
    run(f"record revoke bridge-12 {BY} --why x")
    (told,) = json.loads(run("privacy status bridge-12 --json"))
    (name,) = told["published_as"]
    assert told["damages"] == [] and name.startswith("photo_")
    assert f"published as {name}: 1 face, 1 other, 1 plate" in run("privacy status bridge-12")
    kept = run(f"privacy withhold bridge-12 {name} {BY} --why 本人からの申出")
    assert f"{name} is taken back from open data" in kept
    again = run(f"privacy withhold bridge-12 bridge-12_0001.JPG {BY} --why 再確認")
    assert f"{name} is taken back from open data" in again
    assert "stays inside: somebody keeps it back" in run("privacy status bridge-12")
    assert "files are whole" in run("publish verify")
    assert "files" in run(to_folder)
    assert not list((home / "site").rglob("photo_*.jpg")), "nor from what was written before"
    for line in (
        "withhold bridge-12 nothing.jpg --why x",
        "blur bridge-12 nothing.jpg --box 1,1,2,2",
    ):
        code, words = refused(f"privacy {line} {BY}", capsys)
        assert code == 2 and "bridge-12 has no photo 'nothing.jpg'" in words
    code, words = refused(clear, capsys)
    assert code == 2 and "only approved" in words


def test_what_is_no_detector_is_not_registered(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_box_network(home / "good.onnx", [[0, 0, 9, 9, 0.9, 0]])
    seven = write_box_network(home / "seven.onnx", [[0] * 7], columns=7)
    other = write_box_network(home / "other.onnx", [[0, 0, 9, 9, 0.9, 3]])
    (home / "text.onnx").write_text("no network")
    for words, said in {
        f"{seven} --name a --kinds face": "nms=True",
        f"{other} --name a --kinds face": "answers kind 3",
        f"{home / 'text.onnx'} --name a --kinds face": "cannot be read",
        f"{good} --name a --kinds nose": "there is no kind 'nose'",
        f"{good} --name ../a --kinds face": "letters a–z",
        f"{good} --name tenken-private-n --kinds face": "already",
        f"{good} --name a --kinds face,face": "once",
    }.items():
        code, err = refused(f"privacy register {words}", capsys)
        assert code == 2 and said in err, words
    assert not (home / "models").exists()


def test_an_unknown_detector_and_an_unapproved_asset_are_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TENKEN_PRIVACY_DETECTOR", "faces")
    code, words = refused("privacy screen bridge-12", capsys)
    assert code == 2 and "no detector 'faces'" in words and "tenken-private-n" in words
    code, words = refused("privacy status quay-3", capsys)
    assert code == 2


def test_an_area_is_four_whole_numbers() -> None:
    assert read_box("1,2,3,4") == (1, 2, 3, 4)
    for text in ("1,2,3", "1,2,3,4,5", "a,b,c,d", "1.5,2,3,4", ""):
        with pytest.raises(BadInput, match="is no area"):
            read_box(text)
