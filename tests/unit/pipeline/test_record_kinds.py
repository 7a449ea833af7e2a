"""Records of every kind of asset in every format: each opens, says the same, and hides nothing."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import Connection

from inspection.codelists.findings import read_findings
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.errors import BadInput, IllegalTransition, Unavailable
from inspection.export.recordform import shipped_template
from inspection.pipeline.approve import approve
from inspection.pipeline.recordfile import RecordFormat, Wanted, stamp_of, write_record
from inspection.store import sheets
from inspection.store.blobs import FolderBlobs
from inspection.store.releases import Approval
from tests.support.bookshelf import entry, fresh_store
from tests.support.released import AtNoon

YEAR: dict[str, Any] = {"inspection_fiscal_year": 2026}
CLOCK = AtNoon()
KINDS: dict[str, LedgerEntry] = {
    "bridge": entry("A", name="犀川大橋", soundness="II", length_m=62.3, **YEAR),
    "road": entry(
        "R", name="区間1", kind=AssetKind.PAVEMENT_SECTION, pavement_class="III-1", **YEAR
    ),
    "other": entry("O", name="擁壁", kind=AssetKind.OTHER, soundness="I", **YEAR),
    "path": entry("../A/B\\..", name="橋/\\:*?", soundness="II", **YEAR),
    "long": entry("L", name="橋" * 3000, sheet={"address": "あ" * 40_000}, soundness="III", **YEAR),
    "lines": entry("N", name="橋\r\n<b>\t&", sheet={"address": "a\nb"}, soundness="IV", **YEAR),
    "odd": entry("X", soundness="II", length_m=True, built_fiscal_year="S46", **YEAR),
    "formula": entry("=1+1", name="=HYPERLINK(1)", soundness="II", **YEAR),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def approved(store: Connection, one: LedgerEntry, **more: Any) -> Approval:
    sheets.save(store, [one])
    return approve(store, one.asset.asset_id, 2026, by="課長", why="照査済", clock=CLOCK, **more)


def written(store: Connection, kept: Approval, path: Path, **more: Any) -> list[str]:
    template, cell_map = shipped_template()
    wanted = Wanted(
        file_format=RecordFormat(path.suffix[1:]), template=template, cell_map=cell_map, **more
    )
    return write_record(store, FolderBlobs(path.parent / "blobs"), kept, path, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_opens_in_its_own_reader(store: Connection, tmp_path: Path, kind: str) -> None:
    one = KINDS[kind]
    asset = one.asset
    kept = approved(store, one)
    said = {}
    for name in ("xlsx", "pdf", "csv", "json", "geojson", "gpkg"):
        said[name] = written(store, kept, tmp_path / f"r.{name}")
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert told["sha256"] == kept.sha256
    assert told["record"]["asset"]["name"] == asset.name
    assert json.loads((tmp_path / "r.geojson").read_text(encoding="utf-8"))["features"] == []
    text = (tmp_path / "r.csv").read_bytes().decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == []
    with closing(sqlite3.connect(tmp_path / "r.gpkg")) as opened:
        tables = {row[0] for row in opened.execute("SELECT table_name FROM gpkg_contents")}
    assert tables == {"assets", "damages", "spans", "elements", "images"}
    book = load_workbook(tmp_path / "r.xlsx")
    assert all(c.data_type != "f" for s in book.worksheets for row in s.iter_rows() for c in row)
    cells = {str(c) for s in book.worksheets for r in s.iter_rows(values_only=True) for c in r}
    assert asset.asset_id in cells
    assert kept.record.diagnosis.value in cells
    pages = PdfReader(tmp_path / "r.pdf").pages
    words = "".join("".join(page.extract_text() for page in pages).split())
    assert kept.sha256 in words
    assert kept.record.diagnosis.value in words
    assert all(any("unverified rules" in line for line in lines) for lines in said.values())
    with pytest.raises(BadInput, match="has none; name one with --survey"):
        written(store, kept, tmp_path / "r.dxf")


def test_the_form_says_what_nobody_said(store: Connection, tmp_path: Path) -> None:
    findings = read_findings("remarks: 所見\nevaluation: {bridge: {flood: B}}".encode())
    kept = approved(store, KINDS["bridge"], findings=findings)
    (sheets_line, empty, _) = written(store, kept, tmp_path / "r.xlsx")
    assert sheets_line.startswith("sheets: 様式-1")
    assert "23 cells of the technical evaluation" in empty
    assert "remarks" not in empty
    assert "kana" in empty


def test_a_stamp_names_who_when_why_and_which_content(store: Connection) -> None:
    kept = approved(store, KINDS["bridge"])
    stamp = stamp_of(store, kept)
    assert (stamp.approved_by, stamp.why, stamp.sha256) == ("課長", "照査済", kept.sha256)
    assert stamp.approved_at == f"{CLOCK.moment:%Y-%m-%d %H:%M} UTC"


def test_a_folder_that_cannot_be_written_leaves_nothing(store: Connection, tmp_path: Path) -> None:
    kept = approved(store, KINDS["bridge"])
    (tmp_path / "file").write_text("x")
    for name in ("xlsx", "csv", "json", "gpkg"):
        with pytest.raises(Unavailable, match="check folder and disk"):
            written(store, kept, tmp_path / "file" / f"r.{name}")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("soundness", ["V", "良", "0", "not_inspected", ""])
def test_a_word_that_is_no_soundness_is_never_approved(store: Connection, soundness: str) -> None:
    with pytest.raises(IllegalTransition, match="nobody has decided the soundness"):
        approved(store, entry("A", soundness=soundness, **YEAR))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("events: x", "'events' must be a mapping"),
        ("evaluation: [1]", "'evaluation' must be a mapping"),
        ("evaluation: {bridge: {flood: a}}", "evaluation.bridge.flood is 'a'"),
        ("evaluation: {橋: {flood: A}}", "'evaluation' has '橋'"),
        ("events: {scour: yes}", "events.scour is 'yes'"),
        ("remarks: [a]", "'remarks' must be a text"),
        (f"remarks: {'x' * 4001}", "has 4001 characters; a form holds 4000"),
        ("nothing: 1", "unknown keys"),
        ("- a", "must be a mapping"),
        ("a: [", "no YAML"),
    ],
)
def test_findings_are_checked_by_key_and_value(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_findings(text.encode())
