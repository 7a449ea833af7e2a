"""A year of an office at the command line: ledger in, programme and records out, exit codes."""

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import ezdxf
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from rdflib import RDF, Graph, Namespace

from inspection.cli import main
from inspection.store import prices, schema
from inspection.store.engine import create_engine, writing
from tests.support.prefecture import PRICES

DCAT = Namespace("http://www.w3.org/ns/dcat#")
DECIDED = ("--by", "課長", "--why", "照査済")
HEADING = "施設番号,橋梁名,健全性,点検年度,橋長(m),幅員(m),市区町村名,緯度,経度,措置状況,所在地\r\n"
ROWS = (
    "ISK-1,犀川大橋,Ⅲ,R8,６２．３,21.5,金沢市,36.594606,136.625669,未措置,片町二丁目\r\n"
    "ISK-2,髙﨑橋～,Ⅱ,令和8年度,12,4,七尾市,37.043,136.967,,\r\n"
    "ISK-3,橋,Ⅰ,2026,30ｍ,4,,,,,\r\n"
    "ISK-4,橋,Ⅴ,2026,30,4,,,,,\r\n"
    "ISK-5,橋,Ⅳ,2026,8,4,輪島市,37.39,136.90,措置完了,\r\n"
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the store of an office once in three states: empty, imported, approved."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "ledger.csv").write_bytes((HEADING + ROWS).encode("cp932"))
    home, database = folder / "home", folder / "home" / "tenken.sqlite"
    home.mkdir()
    schema.upgrade(f"sqlite:///{database}")
    engine = create_engine(f"sqlite:///{database}")
    with writing(engine) as connection:
        prices.replace_list(connection, "default", PRICES)
    engine.dispose()
    steps = {
        "empty": ("assets", "preview", folder / "ledger.csv"),
        "imported": ("assets", "import", folder / "ledger.csv"),
        "approved": ("record", "approve", "ISK-1", *DECIDED),
    }
    for state, argv in steps.items():
        with pytest.raises(SystemExit) as left, pytest.MonkeyPatch.context() as patch:
            patch.delenv("TENKEN_DATABASE_URL", raising=False)
            main([str(word) for word in (*argv, "--home", home)])
            raise SystemExit(0)
        assert not left.value.code
        with closing(sqlite3.connect(database)) as opened:
            (folder / state).write_bytes(opened.serialize())
    return folder


@pytest.fixture
def home(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an office with an empty store, prices and a ledger of five rows in Shift_JIS."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TENKEN_HOME", str(folder))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_PUBLISHER_NAME", "石川県")
    monkeypatch.setenv("TENKEN_PUBLISHER_URI", "https://www.example.jp/")
    monkeypatch.setenv("TENKEN_PUBLISHER_EMAIL", "a@example.jp")
    monkeypatch.chdir(tmp_path)
    folder.mkdir()
    shutil.copyfile(shelf / "empty", folder / "tenken.sqlite")
    shutil.copyfile(shelf / "ledger.csv", tmp_path / "ledger.csv")
    return tmp_path


class Office:
    """Run commands and remember what they said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys, self.out, self.err = capsys, "", ""

    def __call__(self, *argv: str | Path) -> int:
        code = 0
        try:
            main([str(word) for word in argv])
        except SystemExit as left:
            assert isinstance(left.code, int | None)
            code = left.code or 0
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *argv: str | Path) -> Any:
        assert self(*argv, "--json") == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def office(home: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    del home
    return Office(capsys)


@pytest.fixture
def imported(office: Office, home: Path, shelf: Path) -> Office:
    shutil.copyfile(shelf / "imported", home / "home" / "tenken.sqlite")
    return office


@pytest.fixture
def approved(office: Office, home: Path, shelf: Path) -> Office:
    shutil.copyfile(shelf / "approved", home / "home" / "tenken.sqlite")
    return office


class TestLedger:
    def test_a_preview_stores_nothing_and_names_the_broken_row(self, office: Office) -> None:
        told = office.json("assets", "preview", "ledger.csv")
        assert "ISK-4" in json.dumps(told, ensure_ascii=False) or "Ⅴ" in office.out
        assert office("assets", "show", "ISK-1") == 2
        assert "ISK-1" in office.err

    def test_the_good_rows_go_in_and_twice_is_once(self, office: Office) -> None:
        imported = office
        assert imported("assets", "import", "ledger.csv") == 0
        assert "Ⅴ" in imported.out + imported.err
        assert imported("assets", "show", "ISK-1", "--json") == 0
        first = imported.out
        assert "犀川大橋" in first and "62.3" in first
        assert imported("assets", "import", "ledger.csv") == 0
        assert imported("assets", "show", "ISK-1", "--json") == 0
        assert imported.out == first
        assert imported("assets", "show", "ISK-4") == 2

    @pytest.mark.parametrize(
        "argv", [("assets", "import", "none.csv"), ("assets", "preview", "."), ("assets", "import")]
    )
    def test_a_file_that_is_not_there_is_named(self, office: Office, argv: tuple[str, ...]) -> None:
        assert office(*argv) == 2
        assert office.err
        assert "Traceback" not in office.err


class TestProgramme:
    def test_from_a_ledger_to_files_that_agree(self, imported: Office, home: Path) -> None:
        plan = ("programme", "plan", "R9", "--first-year", "2027", "--budget", "400M")
        made = imported.json(*plan, "--today", "2026-11-25")
        lines = {(line["asset_id"], line["task"]): line for line in made["lines"]}
        assert ("ISK-5", "repair") in lines  # IV is an emergency whatever the words say
        assert ("ISK-3", "repair") not in lines
        for name in ("p.csv", "p.xlsx"):
            assert imported("programme", "export", "R9", "--out", name, "--lang", "ja") == 0
            assert f"{len(made['lines'])} lines" in imported.out
        text = (home / "p.csv").read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
        pages = load_workbook(home / "p.xlsx").worksheets
        assert [page.title for page in pages] == ["概要", "計画", "計画外"]
        written = sum(page.max_row - 1 for page in pages[1:])
        assert written == len(rows) == len(made["lines"])

    @pytest.mark.parametrize(
        ("argv", "code", "says"),
        [
            (("programme", "export", "none", "--out", "a.csv"), 2, "none"),
            (("programme", "show", "none"), 2, "none"),
            (("programme", "plan", "A", "--first-year", "2027", "--budget", "-1"), 2, ""),
            (("programme", "plan", "A\tB", "--first-year", "2027", "--budget", "1M"), 2, "name"),
            (("programme", "rank", "--weights", "L=nan,C=0.5,T=0.5"), 2, ""),
        ],
    )
    def test_refusals_have_codes_and_words(
        self, imported: Office, argv: tuple[str, ...], code: int, says: str
    ) -> None:
        assert imported(*argv) == code
        assert says in imported.err
        assert "Traceback" not in imported.err

    def test_a_folder_that_is_a_file_is_unavailable(self, imported: Office, home: Path) -> None:
        plan = ("programme", "plan", "R9", "--first-year", "2027", "--budget", "9M")
        assert imported(*plan, "--today", "2026-11-25") == 0
        assert imported("programme", "export", "R9", "--out", home / "ledger.csv" / "p.csv") == 4
        assert "check folder and disk" in imported.err


class TestRecord:
    def test_every_format_opens_and_speaks_of_the_bridge(
        self, approved: Office, home: Path
    ) -> None:
        for name in ("r.xlsx", "r.pdf", "r.csv", "r.json", "r.geojson", "r.gpkg"):
            assert approved("record", "export", "ISK-1", "--out", name) == 0, approved.err
        cells = [
            str(cell)
            for page in load_workbook(home / "r.xlsx").worksheets
            for row in page.iter_rows(values_only=True)
            for cell in row
            if cell is not None
        ]
        assert "犀川大橋" in cells and "III" in cells
        words = "".join(page.extract_text() for page in PdfReader(home / "r.pdf").pages)
        assert "犀川大橋" in words.replace("\n", "")
        told = json.loads((home / "r.json").read_text(encoding="utf-8"))
        canonical = json.dumps(
            told["record"], sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        assert hashlib.sha256(canonical.encode()).hexdigest() == told["sha256"]
        assert told["record"]["diagnosis"]["value"] == "III"
        with closing(sqlite3.connect(home / "r.gpkg")) as opened:
            assert opened.execute("SELECT name FROM assets").fetchall() == [("犀川大橋",)]

    def test_without_a_survey_there_is_no_drawing(self, approved: Office, home: Path) -> None:
        assert approved("record", "export", "ISK-1", "--out", "r.dxf") == 2
        assert "has none" in approved.err
        assert not (home / "r.dxf").exists()
        with pytest.raises(OSError, match=r"r\.dxf"):
            ezdxf.readfile(home / "r.dxf")

    @pytest.mark.parametrize(
        ("argv", "says"),
        [
            (("record", "approve", "ISK-1", *DECIDED), "approved"),
            (("record", "approve", "none", *DECIDED), "none"),
            (("record", "export", "ISK-2", "--out", "r.pdf"), "only approved"),
            (("record", "export", "ISK-1", "--fiscal-year", "2020", "--out", "r.pdf"), "2020"),
            (("publish", "withdraw", "ISK-1", *DECIDED), "withdraw"),
            (("publish", "verify", "--month", "2020-01"), "2020-01"),
        ],
    )
    def test_what_cannot_be_done_is_said(
        self, approved: Office, argv: tuple[str, ...], says: str
    ) -> None:
        assert approved(*argv) == 2
        assert says in approved.err


class TestPublication:
    def test_a_month_goes_out_is_verified_and_is_read_by_others(
        self, approved: Office, home: Path
    ) -> None:
        assert approved("publish", "release", "ISK-1", *DECIDED) == 0, approved.err
        assert approved("publish", "snapshot") == 0, approved.err
        assert approved("publish", "snapshot") == 2
        assert approved("publish", "verify") == 0
        folder = ("publish", "folder", "--out", "site", "--base-url", "https://data.example.jp")
        assert approved(*folder) == 0, approved.err
        graph = Graph().parse(home / "site" / "catalog.ttl", format="turtle")
        sets = list(graph.subjects(RDF.type, DCAT.Dataset))
        assert len(sets) == 2
        for address in map(str, graph.objects(None, DCAT.downloadURL)):
            path = home / "site" / address.removeprefix("https://data.example.jp/")
            assert path.is_file(), address
        (table,) = (home / "site").rglob("assets.csv")
        text = table.read_bytes().decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text, newline=""))
        assert (row["施設番号"], row["健全性判定区分"], row["措置状況"]) == (
            "ISK-1",
            "III",
            "未措置",
        )
        other = home / "other"
        assert approved("assets", "import", table, "--home", other) == 0, approved.err
        assert approved("assets", "show", "ISK-1", "--home", other, "--json") == 0
        assert "犀川大橋" in approved.out

    @pytest.mark.parametrize(
        "words", ["℡０７６－２２５－１１１１", "担当者：山田", "(076)225-1111"]
    )
    def test_a_person_in_any_width_is_refused_for_safety(
        self, imported: Office, home: Path, words: str
    ) -> None:
        text = f"施設番号,橋梁名,所在地\r\nISK-2,橋,{words}\r\n"
        (home / "more.csv").write_bytes(text.encode("utf-8-sig"))
        assert imported("assets", "import", "more.csv") == 0
        assert imported("record", "approve", "ISK-2", *DECIDED) == 0
        assert imported("publish", "release", "ISK-2", *DECIDED) == 3
        assert "its address has what looks like" in imported.err
        assert imported.json("record", "status", "ISK-2")["state"] == "approved"

    def test_a_damaged_file_is_our_fault_and_named(self, approved: Office, home: Path) -> None:
        assert approved("publish", "snapshot") == 0
        (damaged,) = (home / "home" / "blobs" / "opendata").rglob("*-assets.csv")
        damaged.write_bytes(b"x")
        assert approved("publish", "verify") == 5
        assert "assets.csv" in approved.out
