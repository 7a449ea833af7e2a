"""``tenken record`` and ``tenken publish``: what they write, print and refuse, by exit code."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ezdxf
import pyogrio
import pytest
from openpyxl import Workbook, load_workbook
from pypdf import PdfReader
from sqlalchemy import Engine

from inspection.cli import main
from inspection.domain.release import InspectionState
from inspection.pipeline.approve import approve
from inspection.pipeline.compile import compile_record, gather
from inspection.pipeline.examine import progress
from inspection.pipeline.recordfile import RecordFormat
from inspection.store import sheets
from inspection.store.engine import create_engine, reading, writing
from tests.support.released import FISCAL_YEAR, SECRETS, AtNoon, settle
from tests.support.seed import Seeded, database_url

DECIDED = ("--by", SECRETS[1], "--why", "照査済")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test write into the home folder of whoever runs it."""
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "own-home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    for name in ("NAME", "NAME_EN", "URI", "EMAIL"):
        monkeypatch.delenv(f"TENKEN_PUBLISHER_{name}", raising=False)


@pytest.fixture
def engine(seeded: Seeded) -> Iterator[Engine]:
    opened = create_engine(database_url(seeded.home))
    yield opened
    opened.dispose()


@pytest.fixture
def settled(seeded: Seeded, engine: Engine) -> Seeded:
    """Give a home folder in which people have reviewed and diagnosed the mapped survey."""
    with writing(engine) as connection:
        settle(connection, seeded.mapped)
    return seeded


def tenken(*argv: str | Path) -> int:
    """Run a command; give its exit code."""
    try:
        main([str(word) for word in argv])
    except SystemExit as left:
        assert isinstance(left.code, int)
        return left.code
    return 0


def approved(settled: Seeded) -> None:
    assert tenken("record", "approve", "bridge-12", *DECIDED, "--home", settled.home) == 0


class TestApproval:
    def test_the_way_from_detections_to_an_approval(
        self, seeded: Seeded, engine: Engine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        home = ("--home", seeded.home)
        assert tenken("record", "status", "bridge-12", *home) == 0
        said = capsys.readouterr().out
        assert "2026: ai_reviewed" in said
        assert "4 detections are neither confirmed nor rejected" in said
        assert tenken("record", "approve", "bridge-12", *DECIDED, *home) == 2
        assert "4 detections" in capsys.readouterr().err
        with writing(engine) as connection:
            settle(connection, seeded.mapped)
        assert tenken("record", "status", "bridge-12", *home, "--json") == 0
        assert json.loads(capsys.readouterr().out)["state"] == "diagnosed"
        assert tenken("record", "approve", "bridge-12", *DECIDED, *home) == 0
        said = capsys.readouterr().out
        assert "soundness II, 1 element records, 3 confirmed defects" in said
        assert "未確認 / unverified rules:" in said
        assert tenken("record", "revoke", "bridge-12", *DECIDED, *home) == 0
        capsys.readouterr()
        assert tenken("record", "history", "bridge-12", *home) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[3] for line in lines[:-1]] == ["approve", "revoke"]
        assert lines[0].endswith(f"diagnosed → approved  {SECRETS[1]}: 照査済")

    def test_a_survey_that_nobody_processed_to_the_end_is_named(
        self, seeded: Seeded, engine: Engine
    ) -> None:
        with reading(engine) as connection:
            stands = progress(connection, "bridge-12", FISCAL_YEAR)
        assert stands.state is InspectionState.AI_REVIEWED
        assert stands.evidence.surveys == stands.evidence.with_mosaic == 1

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (("record", "status", "none"), "no asset 'none'"),
            (("record", "approve", "bridge-12", "--by", " ", "--why", "x"), "needs the name"),
            (("record", "approve", "bridge-12", "--by", "a", "--why", ""), "needs a reason"),
            (("record", "revoke", "bridge-12", *DECIDED), "nobody has approved"),
            (("record", "export", "bridge-12", "--out", "r.pdf"), "only approved"),
            (("record", "export", "bridge-12", "--out", "r.docx"), "'docx'"),
            (("record", "export", "bridge-12", "--out", "r.xlsx", "--template", "x"), "both"),
            (("publish", "release", "bridge-12", *DECIDED), "only approved"),
            (("publish", "verify", "--month", "2020-01"), "2020-01 is not frozen"),
            (("publish", "snapshot", "--month", "2020-01"), "only the present month"),
        ],
    )
    def test_what_is_refused_says_why(
        self,
        settled: Seeded,
        argv: tuple[str, ...],
        words: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert tenken(*argv, "--home", settled.home) == 2
        assert words in capsys.readouterr().err

    def test_findings_are_checked_before_anything_is_approved(
        self, settled: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sheet = tmp_path / "f.yaml"
        sheet.write_text("evaluation: {bridge: {flood: D}}", encoding="utf-8")
        argv = ("record", "approve", "bridge-12", *DECIDED, "--home", settled.home)
        assert tenken(*argv, "--findings", sheet) == 2
        assert "'D'" in capsys.readouterr().err
        assert tenken(*argv, "--findings", tmp_path / "none.yaml") == 2
        assert "cannot be read" in capsys.readouterr().err
        assert tenken("record", "history", "bridge-12", "--home", settled.home) == 0
        assert capsys.readouterr().out == "0 decisions\n"


class TestCompiling:
    def test_only_human_values_come_in(self, settled: Seeded, engine: Engine) -> None:
        with reading(engine) as connection:
            record = compile_record(connection, gather(connection, "bridge-12", FISCAL_YEAR), {})
        confirmed = {str(d.defect_id) for d in settled.mapped.defects[:-1]}
        assert {defect.defect_id for defect in record.defects} == confirmed
        assert {defect.grade for defect in record.defects} == {""}  # nobody has decided a letter
        assert {defect.confirmed_by for defect in record.defects} == {SECRETS[5]}
        assert [defect.number for defect in record.defects] == [1, 2, 3]
        assert any(defect.width.startswith("<") for defect in record.defects)
        assert record.diagnosis.source == "ledger"
        assert [(group.subject, group.value) for group in record.groups] == [("1/Mg", "II")]
        assert record.damages[0].line == "⑦剥離・鉄筋露出-c→e"
        assert record.surveys[0].models == ("seed@000000000000",)
        assert "jp_member/1.0.0" in record.unverified

    def test_a_ledger_of_another_year_diagnoses_nothing(
        self, settled: Seeded, engine: Engine
    ) -> None:
        with writing(engine) as connection:
            entry = sheets.by_id(connection, "bridge-12")
            older = {**entry.asset.attributes, "inspection_fiscal_year": 2021}
            changed = replace(entry, asset=replace(entry.asset, attributes=older))
            sheets.save(connection, [changed])
            stands = progress(connection, "bridge-12", FISCAL_YEAR)
        assert stands.state is InspectionState.ENGINEER_CONFIRMED
        assert stands.missing == ("nobody has decided the soundness in fiscal year 2026",)

    def test_the_local_survey_has_a_record_without_places(
        self, seeded: Seeded, engine: Engine
    ) -> None:
        with writing(engine) as connection:
            settle(connection, seeded.local)
            kept = approve(connection, "quay-3", FISCAL_YEAR, by="a", why="b", clock=AtNoon())
        assert {defect.outline_lonlat for defect in kept.record.defects} == {""}
        assert {defect.surface_crs for defect in kept.record.defects} == {"LOCAL"}


class TestExport:
    @pytest.mark.parametrize("kind", list(RecordFormat))
    def test_every_format_opens_in_its_own_reader(
        self, settled: Seeded, tmp_path: Path, kind: RecordFormat
    ) -> None:
        approved(settled)
        out = tmp_path / f"r.{kind.value}"
        assert tenken("record", "export", "bridge-12", "--out", out, "--home", settled.home) == 0
        if kind is RecordFormat.XLSX:
            book = load_workbook(out)
            assert book["様式-1"]["C3"].value == "犀川大橋"
            assert len(book["様式-2"]._images) == 3
            assert len(book["様式-1"]._images) == 1
        elif kind is RecordFormat.PDF:
            pages = PdfReader(out).pages
            text = "".join("".join(page.extract_text().split()) for page in pages)
            assert "犀川大橋" in text and "<3.00mm" in text and "画像なし" not in text
            assert len({image.data for page in pages for image in page.images}) == 4
        elif kind is RecordFormat.DXF:
            layers = {e.dxf.layer for e in ezdxf.readfile(out).modelspace()}
            assert "DMG_ひびわれ" in layers
        elif kind in (RecordFormat.GPKG, RecordFormat.GEOJSON):
            layer = "damages" if kind is RecordFormat.GPKG else None
            assert pyogrio.read_info(out, layer=layer)["features"] == 3
        elif kind is RecordFormat.JSON:
            assert json.loads(out.read_text(encoding="utf-8"))["record"]["asset_id"] == "bridge-12"
        else:
            assert "⑦剥離・鉄筋露出-c→e" in out.read_text(encoding="utf-8-sig")

    def test_a_record_survives_the_loss_of_its_pixels(
        self, settled: Seeded, tmp_path: Path
    ) -> None:
        approved(settled)
        for cog in (settled.home / "blobs").rglob("*.tif"):
            cog.unlink()
        out = tmp_path / "r.pdf"
        assert tenken("record", "export", "bridge-12", "--out", out, "--home", settled.home) == 0
        text = "".join(page.extract_text() for page in PdfReader(out).pages)
        assert "画像なし" in text

    def test_an_official_form_is_filled_by_its_map(self, settled: Seeded, tmp_path: Path) -> None:
        approved(settled)
        book = Workbook()
        book.active.title = "様式"
        book.save(tmp_path / "t.xlsx")
        (tmp_path / "m.json").write_text(
            json.dumps({"sheets": [{"sheet": "様式", "cells": {"D4": "diagnosis"}}]}),
            encoding="utf-8",
        )
        out = tmp_path / "r.xlsx"
        argv = ("record", "export", "bridge-12", "--out", out, "--home", settled.home)
        given = ("--template", tmp_path / "t.xlsx", "--cell-map", tmp_path / "m.json")
        assert tenken(*argv, *given) == 0
        assert load_workbook(out)["様式"]["D4"].value == "II"
        assert tenken(*argv, *given[:3], tmp_path / "none.json") == 2

    def test_cp932_says_what_it_replaced(
        self, settled: Seeded, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        approved(settled)
        out = tmp_path / "r.csv"
        argv = ("record", "export", "bridge-12", "--out", out, "--home", settled.home)
        assert tenken(*argv, "--encoding", "cp932") == 0
        assert "⑦" in out.read_bytes().decode("cp932")
        assert "became" not in capsys.readouterr().out


class TestPublish:
    def test_from_a_preview_to_a_folder(
        self,
        settled: Seeded,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        approved(settled)
        home = ("--home", settled.home)
        assert tenken("publish", "preview", "bridge-12", *home) == 0
        said = capsys.readouterr().out
        assert "lat_deg: 36.59461" in said
        assert "gate: position rounded to 5 decimals" in said
        assert tenken("publish", "release", "bridge-12", *DECIDED, "--hide-damage", *home) == 0
        assert "3 damages withheld" in capsys.readouterr().out
        assert tenken("publish", "daily", *home, "--json") == 0
        figures = json.loads(capsys.readouterr().out)["figures"]
        assert figures["kinds"]["bridge"]["published"] == 1
        assert tenken("publish", "daily", *home) == 0
        assert tenken("publish", "snapshot", *home) == 0
        assert "frozen, 13 files" in capsys.readouterr().out
        assert tenken("publish", "snapshot", *home) == 2
        assert "never changed" in capsys.readouterr().err
        assert tenken("publish", "verify", *home) == 0
        assert "agrees with SQL, files are whole" in capsys.readouterr().out
        assert tenken("publish", "changes", *home) == 0
        assert "publish  bridge-12 2026" in capsys.readouterr().out
        folder = (
            "publish",
            "folder",
            "--out",
            tmp_path / "site",
            "--base-url",
            "https://x.jp",
            *home,
        )
        assert tenken(*folder) == 2
        assert "TENKEN_PUBLISHER_NAME" in capsys.readouterr().err
        monkeypatch.setenv("TENKEN_PUBLISHER_NAME", "石川県")
        monkeypatch.setenv("TENKEN_PUBLISHER_URI", "https://www.example.jp/")
        monkeypatch.setenv("TENKEN_PUBLISHER_EMAIL", "a@example.jp")
        assert tenken(*folder) == 0
        files = sorted(path.name for path in (tmp_path / "site").rglob("*") if path.is_file())
        assert len(files) == 15
        catalogue = json.loads((tmp_path / "site" / "catalog.jsonld").read_text(encoding="utf-8"))
        assert catalogue["@id"] == "https://x.jp/catalog"
        assert tenken("publish", "withdraw", "bridge-12", *DECIDED, *home) == 0
        assert tenken("publish", "changes", "--json", *home) == 0
        capsys.readouterr()

    def test_damaged_files_are_our_fault(
        self, settled: Seeded, capsys: pytest.CaptureFixture[str]
    ) -> None:
        home = ("--home", settled.home)
        assert tenken("publish", "snapshot", *home) == 0
        for path in (settled.home / "blobs" / "opendata").rglob("*figures.json"):
            path.write_bytes(b"{}")
        assert tenken("publish", "verify", *home) == 5
        said = capsys.readouterr()
        assert "figures.json is damaged or gone" in said.out
        assert "not what was frozen" in said.err

    def test_a_folder_of_nothing_says_what_to_do(
        self, settled: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TENKEN_PUBLISHER_NAME", "石川県")
        monkeypatch.setenv("TENKEN_PUBLISHER_URI", "https://www.example.jp/")
        monkeypatch.setenv("TENKEN_PUBLISHER_EMAIL", "a@example.jp")
        argv = ("publish", "folder", "--out", tmp_path / "s", "--base-url", "https://x.jp/")
        assert tenken(*argv, "--home", settled.home) == 2
        assert tenken(*argv[:-1], "file:///x", "--home", settled.home) == 2

    def test_what_looks_like_a_person_is_refused_for_safety(
        self, settled: Seeded, engine: Engine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with writing(engine) as connection:
            entry = sheets.by_id(connection, "bridge-12")
            sheet = replace(entry.sheet, administrator="担当：山田 076-225-1111")
            sheets.save(connection, [replace(entry, sheet=sheet)])
        approved(settled)
        capsys.readouterr()
        argv = ("publish", "release", "bridge-12", *DECIDED, "--home", settled.home)
        assert tenken(*argv) == 3
        assert "its administrator has what looks like" in capsys.readouterr().err
