"""``tenken serve`` and ``tenken worklist``: what they write, print and refuse, by exit code."""

import csv
import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from api.cli import address, listen
from api.worklist_file import FileFormat, format_of
from inspection.cli import main
from inspection.errors import BadInput, Unavailable
from inspection.store import schema
from tests.support.seed import Seeded


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test write into the home folder of whoever runs it."""
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "own-home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)


def tenken(*argv: str | Path) -> int:
    """Run a command; give its exit code."""
    try:
        main([str(word) for word in argv])
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code
    return 0


def export(seeded: Seeded, out: Path, *more: str) -> int:
    return tenken("worklist", "export", "--home", seeded.home, "--out", out, *more)


@pytest.mark.parametrize("kind", list(FileFormat))
def test_the_suffix_chooses_the_format(
    seeded: Seeded, tmp_path: Path, kind: FileFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"list.{kind.value}"
    assert export(seeded, out, "--asset", "bridge-12") == 0
    said = capsys.readouterr()
    assert said.out == f"{out}: 4 lines\n"
    assert said.err == ""
    magic = {
        FileFormat.CSV: b"\xef\xbb\xbf",
        FileFormat.XLSX: b"PK",
        FileFormat.GEOJSON: b"{",
        FileFormat.GPKG: b"SQLite format 3\x00",
        FileFormat.DXF: b"  0\n",
        FileFormat.PDF: b"%PDF-",
    }
    assert out.read_bytes().startswith(magic[kind])


def test_the_option_wins_over_the_suffix(seeded: Seeded, tmp_path: Path) -> None:
    out = tmp_path / "list.txt"
    assert export(seeded, out, "--asset", "bridge-12", "--format", "geojson") == 0
    assert len(json.loads(out.read_text(encoding="utf-8"))["features"]) == 4


def test_a_list_of_one_survey_has_what_that_survey_saw(seeded: Seeded, tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    assert export(seeded, out, "--survey", str(seeded.local.survey_id)) == 0
    _, *lines = csv.reader(out.read_text(encoding="utf-8-sig").splitlines())
    ids = {str(defect.defect_id) for defect in seeded.local.defects}
    assert len(lines) == len(ids)
    assert all(ids & set(line) for line in lines)


def test_headings_speak_the_language_that_was_asked_for(seeded: Seeded, tmp_path: Path) -> None:
    titles = {}
    for language in ("ja", "en"):
        out = tmp_path / f"{language}.xlsx"
        assert export(seeded, out, "--asset", "bridge-12", "--lang", language) == 0
        sheet = openpyxl.load_workbook(out).worksheets[0]
        cells = [
            str(cell.value) for row in sheet.iter_rows(max_row=8) for cell in row if cell.value
        ]
        titles[language] = " ".join(cells)
    assert "順位" in titles["ja"]
    assert "Rank" in titles["en"] and "順位" not in titles["en"]


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_geopackage_is_a_database_with_the_lines(
    seeded: Seeded, tmp_path: Path, lang: str
) -> None:
    out = tmp_path / "list.gpkg"
    assert export(seeded, out, "--asset", "bridge-12", "--lang", lang) == 0
    with sqlite3.connect(out) as database:
        (table,) = database.execute("SELECT table_name FROM gpkg_contents").fetchone()
        (count,) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()
    database.close()
    assert count == 4


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "--out"),
        (["--out", "list.csv"], "asset"),
        (["--out", "list.docx", "--asset", "bridge-12"], "'docx'"),
        (["--out", "list", "--asset", "bridge-12"], "choose csv"),
        (["--out", "list.csv", "--asset", "bridge-12", "--format", "dwg"], "dwg"),
        (["--out", "list.csv", "--asset", "bridge-12", "--lang", "de"], "de"),
        (["--out", "list.csv", "--survey", "seven"], "seven"),
        (["--out", "list.csv", "--asset", "nowhere"], "nowhere"),
        (["--out", "list.csv", "--survey", "6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e"], "6d1f3f5e"),
    ],
)
def test_what_cannot_be_drawn_up_is_named_and_no_file_is_made(
    *,
    seeded: Seeded,
    tmp_path: Path,
    argv: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    assert tenken("worklist", "export", "--home", seeded.home, *argv) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert (said.out, list(place.iterdir())) == ("", [])


def test_a_store_that_was_never_set_up_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    code = tenken(
        "worklist", "export", "--home", tmp_path / "empty", "--asset", "a", "--out", "x.csv"
    )
    assert code == 4
    assert "tenken db upgrade" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_not_made_in_silence(
    seeded: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Either the folder is made and the list lies in it, or the command says that it cannot."""
    out = tmp_path / "deep" / "er" / "list.csv"
    code = export(seeded, out, "--asset", "bridge-12")
    assert (code == 0) is out.is_file()
    if code:
        assert code == 4
        assert "deep" in capsys.readouterr().err


def test_writing_again_replaces_the_file_and_leaves_no_litter(
    seeded: Seeded, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    out = place / "list.csv"
    out.write_text("an older list", encoding="utf-8")
    assert export(seeded, out, "--asset", "bridge-12") == 0
    first = out.read_bytes()
    assert export(seeded, out, "--asset", "bridge-12") == 0
    assert out.read_bytes() == first
    assert list(place.iterdir()) == [out]


@pytest.mark.parametrize("name", ["csv", "CSV", "Xlsx", "geojson", "GPKG"])
def test_formats_are_known_in_any_case(name: str) -> None:
    assert format_of(name).value == name.lower()


@pytest.mark.parametrize("name", ["", "shp", ".csv", "csv "])
def test_other_formats_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(BadInput, match="choose csv, xlsx, geojson, gpkg"):
        format_of(name)


@pytest.fixture
def taken() -> Iterator[int]:
    """Hold a port of this machine."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_port_zero_is_any_port_that_is_free() -> None:
    with listen("127.0.0.1", 0) as one, listen("127.0.0.1", 0) as other:
        ports = {address(opened) for opened in (one, other)}
        assert len(ports) == 2
        assert all(name.startswith("http://127.0.0.1:") and name.endswith("/") for name in ports)


def test_an_address_of_the_sixth_version_stands_in_brackets() -> None:
    try:
        opened = listen("::1", 0)
    except Unavailable:
        pytest.skip("this machine has no IPv6 loopback")
    with opened:
        assert address(opened).startswith("http://[::1]:")


def test_a_taken_port_says_what_to_do(taken: int) -> None:
    with pytest.raises(Unavailable, match=f"port {taken}: .*--port"):
        listen("127.0.0.1", taken)


def test_serving_on_a_taken_port_is_exit_code_4(
    seeded: Seeded, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    code = tenken("serve", "--home", seeded.home, "--port", str(taken), "--no-worker")
    assert code == 4
    assert "choose another with --port" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "example.org"])
def test_serving_to_others_is_refused_for_safety(
    seeded: Seeded, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenken("serve", "--home", seeded.home, "--host", host, "--no-worker") == 3
    assert "SSH tunnel" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_does_not_exist_is_bad_input(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenken("serve", "--port", port) == 2
    assert "--port" in capsys.readouterr().err


def test_a_home_that_is_a_file_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "home"
    file.write_text("mine", encoding="utf-8")
    assert tenken("serve", "--home", file, "--no-worker") == 2
    assert "is a file" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "mine"


def test_in_an_empty_store_an_asset_is_not_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema.upgrade(f"sqlite:///{tmp_path / 'tenken.sqlite'}")
    code = tenken("worklist", "export", "--home", tmp_path, "--asset", "a", "--out", "x.csv")
    assert code == 2
    assert "no asset 'a'" in capsys.readouterr().err
