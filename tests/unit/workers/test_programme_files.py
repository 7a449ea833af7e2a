"""``tenken programme`` with files of every kind: prices, judgements, models, networks,
estimates."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from inspection.cli import main
from inspection.codelists.codelist import load_codelist
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.store import prices, sheets
from inspection.store.engine import create_engine, writing
from tests.support.prefecture import PRICES, invent_bridges
from workers.programme.cli import programme

assert programme.commands  # slow to import: not the time of the first test
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Give the command line over a store with twelve made-up bridges, in a folder of its own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tenken.sqlite").write_bytes(empty_database)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    engine = create_engine(f"sqlite:///{tmp_path / 'home' / 'tenken.sqlite'}")
    lost = LedgerEntry(
        asset=Asset(asset_id="Y-1", name="位置不明橋", kind=AssetKind.BRIDGE),
        sheet=AssetSheet(asset_id="Y-1"),
    )
    with writing(engine) as connection:
        sheets.save(connection, [*invent_bridges(12), lost])
        prices.replace_list(connection, "default", PRICES)
    engine.dispose()

    def ran(*words: object) -> tuple[int, str, str]:
        code = 0
        try:
            main(["programme", *map(str, words)])
        except SystemExit as left:
            code = int(str(left.code))
        told = capsys.readouterr()
        return code, told.out, told.err

    return ran


def read(run: Run, *words: object) -> Any:
    code, out, err = run(*words, "--json")
    assert code == 0, err
    return json.loads(out, parse_constant=pytest.fail)


def refused(run: Run, *words: object, code: int = 2) -> str:
    ended, out, err = run(*words)
    assert (ended, out) == (code, ""), err
    assert any(line.startswith(("tenken: ", "Error: ")) for line in err.splitlines())
    return err


# prices


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_price_list_in_every_encoding(run: Run, tmp_path: Path, encoding: str) -> None:
    text = "工種,区分,単位,単価（千円）,対象健全性,対象構造,諸経費率(%),最低額（円）\r\n"
    text += '塗替え～部分,予防保全,㎡,４５,Ⅱ・Ⅲ,鋼,６０％,"1,000,000円"\r\n'
    (tmp_path / "p.csv").write_bytes(text.encode(encoding))
    code, out, err = run("costs", "import", "p.csv", "--list", "2026")
    assert code == 0, err
    assert out.splitlines()[-1] == "stored: 1 prices as '2026'; 0 refused"
    assert run("costs", "show", "2026")[1] == (
        "preventive  塗替え～部分  45,000 yen/m2 +60 %, at least 1,000,000 yen  "
        "(bridge, II/III, 鋼)\n"
    )


def test_rows_that_cannot_be_read_are_named_and_the_others_go_in(run: Run, tmp_path: Path) -> None:
    rows = ["工種,区分,単位,単価", "a,更新,m2,5", "b,塗装,m2,5", "c,更新,m2,5,余分", 'd,更新,"m2,5']
    (tmp_path / "p.csv").write_text("\n".join(rows), encoding="utf-8")
    code, out, _ = run("costs", "import", "p.csv", "--list", "x")
    assert code == 0
    assert "line 3: 区分: '塗装' is none of" in out
    assert "line 4: the line has 5 cells, the heading 4: cells have shifted" in out
    assert "line 5: the line is no CSV" in out
    assert out.splitlines()[-1] == "stored: 1 prices as 'x'; 3 refused"
    found = read(run, "costs", "import", "p.csv", "--list", "y", "--dry-run")
    assert [problem["line"] for problem in found["problems"]] == [3, 4, 5]
    assert not found["stored"]
    assert run("costs", "list")[1] == "default  8 prices\nx  1 prices\n"


def test_importing_again_replaces_a_list_as_a_whole_and_a_failure_keeps_it(
    run: Run, tmp_path: Path
) -> None:
    head = "工種,区分,単位,単価\n"
    (tmp_path / "p.csv").write_text(head + "a,更新,m2,5\nb,更新,m,6\n", encoding="utf-8")
    (tmp_path / "q.csv").write_text(head + "c,更新,m2,7\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text(head + "c,更新,m2,\n", encoding="utf-8")
    for name, prices_of in (("p", ["a", "b"]), ("p", ["a", "b"]), ("q", ["c"])):
        run("costs", "import", f"{name}.csv", "--list", "x")
        assert [row["name"] for row in read(run, "costs", "show", "x")] == prices_of
    assert "nothing was stored" in refused(run, "costs", "import", "bad.csv", "--list", "x")
    assert [row["name"] for row in read(run, "costs", "show", "x")] == ["c"]


def test_columns_are_chosen_by_people(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("何,種類,量,いくら\nx,更新,m2,5\n", encoding="utf-8")
    assert "say which with --map COLUMN=FIELD" in refused(run, "costs", "import", "p.csv")
    maps = [word for pair in ("何=name", "種類=work", "量=unit", "いくら=price_yen")
            for word in ("--map", pair)]  # fmt: skip
    assert "columns: 何 → name, 種類 → work, 量 → unit, いくら → price_yen" in run(
        "costs", "import", "p.csv", *maps
    )[1]  # fmt: skip
    assert "no field 'cost'" in refused(run, "costs", "import", "p.csv", "--map", "何=cost")


def test_a_sheet_of_a_workbook_is_chosen_by_name(run: Run, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["表紙"])
    sheet = book.create_sheet("単価")
    for row in (["工種", "区分", "単位", "単価"], ["x", "更新", "m2", 5]):
        sheet.append(row)
    book.save(tmp_path / "p.xlsx")
    assert run("costs", "import", "p.xlsx", "--sheet", "単価", "--list", "w")[0] == 0
    assert "no sheet '見積'" in refused(run, "costs", "import", "p.xlsx", "--sheet", "見積")
    assert "no column for work" in refused(run, "costs", "import", "p.xlsx")
    (tmp_path / "p.xlsx").write_bytes((tmp_path / "p.xlsx").read_bytes()[:900])
    assert "XLSX workbook" in refused(run, "costs", "import", "p.xlsx")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("costs", "show", "2099"), "no price list '2099' (known: default"),
        (("costs", "import", "no.csv"), "there is no file no.csv"),
        (("costs", "import", "p.pdf"), ".pdf is none of"),
        (("model", "ahp", "no.csv"), "there is no file no.csv"),
        (("model", "add", "no.yaml", "--by", "x"), "there is no file no.yaml"),
        (("model", "show", "ghost"), "no priority model 'ghost'"),
        (("model", "show", "priority_v1/9"), "ships in version"),
        (("model", "weights", "x", "L=1,C=1,T=1", "--by", "y"), "1"),
        (("model", "weights", "x", "L=0.4,L=0.1,C=0.5,T=0.1", "--by", "y"), "two weights of L"),
        (("model", "weights", "x", "L=nan,C=0.5,T=0.5", "--by", "y"), "L"),
        (("model", "weights", "", "L=0.4,C=0.5,T=0.1", "--by", "y"), "cannot name a model"),
        (("model", "weights", "a/b", "L=0.4,C=0.5,T=0.1", "--by", "y"), "'a/b' cannot name"),
        (("model", "weights", "a", "L=1,C=0,T=0", "--by", "y", "--version", "1/2"), "no '/'"),
        (("model", "weights", "a\nb", "L=1,C=0,T=0", "--by", "y"), "printable"),
        (("model", "weights", "a", "L=1,C=0,T=0", "--by", " "), "say who makes the model"),
        (("rank", "--kind", "tunnel"), "'tunnel'"),
        (("rank", "--top", "0"), "--top"),
        (("explain", "ghost"), "ghost"),
        (("forecast", "ghost"), "no programme 'ghost' (known: none yet)"),
        (("show", "ghost"), "no programme 'ghost'"),
        (("estimate", "no.csv"), "there is no file no.csv"),
        (("network", "no.gpkg"), "there is no file no.gpkg"),
        (
            ("plan", "P", "--first-year", "2027", "--budget", "5M", "--share", "七尾市=30-10"),
            "low ≤ high",
        ),
        (("plan", " P", "--first-year", "2027", "--budget", "5M"), "printable characters"),
        (("plan", "P", "--first-year", "1999", "--budget", "5M"), "--first-year"),
        (
            ("plan", "P", "--first-year", "2027", "--budget", "5M", "--prices", "no"),
            "no price list",
        ),
        (
            ("plan", "P", "--first-year", "2027", "--budget", "5M", "--ageing", "no"),
            "no estimate 'no'",
        ),
        (
            ("plan", "P", "--first-year", "2027", "--budget", "5M", "--bundle", "ghost,X-00001"),
            "ghost",
        ),
    ],
)
def test_refusals_name_the_thing_and_keep_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "p.pdf").write_bytes(b"%PDF")
    assert says in refused(run, *words)
    assert read(run, "list") == []


# judgements and models

MATRIX = ",L,C,T\nL,1,2,5\nC,,1,4\nT,,,1\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (MATRIX.replace("L,1,2,5", "橋,1,2,5").encode("cp932"), "is not in UTF-8"),
        (b"\xff\xfe,\x00", "is not in UTF-8"),
        (b"", "a row and a column for each criterion, got 0 rows and 0 columns"),
        (b",L\nL,1\n", "got 1 rows and 1 columns"),
        (MATRIX.replace("4", "0").encode(), "judgements are above 0"),
        (MATRIX.replace("4", "1/0").encode(), "no number or fraction"),
        (MATRIX.replace("4", "x").encode(), "no number or fraction"),
        (MATRIX.replace("C,,1,4", "D,,1,4").encode(), "row 3 must be 'C'"),
        (MATRIX.replace("C,,1,4", "C,,1").encode(), "row 3 must be 'C' with 3 cells"),
    ],
)
def test_judgements_that_are_none(run: Run, tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "j.csv").write_bytes(content)
    assert says in refused(run, "model", "ahp", "j.csv")


def test_several_people_judge_together_and_who_contradicts_is_not_applied(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(MATRIX)
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbf" + MATRIX.replace("5", "1/5").encode())
    (tmp_path / "c.csv").write_text(",L,C,T\nL,1,9,1/9\nC,,1,9\nT,,,1\n")
    found = read(run, "model", "ahp", "a.csv")
    assert found["cr"] == pytest.approx(0.0212, abs=5e-5)  # domain specification §5.3
    assert sum(found["weights"].values()) == pytest.approx(1)
    same = read(run, "model", "ahp", "a.csv", "a.csv")
    assert (same["respondents"], same["weights"]) == (2, pytest.approx(found["weights"]))
    code, out, err = run("model", "ahp", "c.csv", "--save", "bad", "--by", "山田")
    assert code == 3  # a limit that is never overridden silently
    assert "CR" in out and "0.10" in err
    assert "no priority model" in refused(run, "model", "show", "bad")


def test_a_model_of_one_s_own_from_a_file(run: Run, tmp_path: Path) -> None:
    shipped = load_codelist("priority_v1")
    plain = {"id": "ours", "version": "1", "source": "府県", "needs_review": False}
    plain |= dict(shipped.fields)
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    code, out, err = run("model", "add", "m.yaml", "--by", "山田", "--note", "試行")
    assert code == 0, err
    assert out.startswith("ours/1  L ")
    assert run("model", "add", "m.yaml", "--by", "山田")[0] == 0  # twice is once
    plain["weights"] = {"L": 0.2, "C": 0.2, "T": 0.6}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    assert "never changed" in refused(run, "model", "add", "m.yaml", "--by", "山田")
    assert "ours/1" in run("model", "list")[1] and "山田: 試行" in run("model", "list")[1]
    nan = yaml.safe_dump(
        plain | {"version": "2", "weights": {"L": float("nan"), "C": 0.5, "T": 0.5}}
    )
    for text in ("[", "id: x", "", "- 1", nan):
        (tmp_path / "bad.yaml").write_text(text)
        refused(run, "model", "add", "bad.yaml", "--by", "山田")
    (tmp_path / "bad.yaml").write_bytes("id: 橋".encode("cp932"))
    assert "not in UTF-8" in refused(run, "model", "add", "bad.yaml", "--by", "山田")


# networks


def test_a_network_says_who_is_on_no_road_and_json_has_no_infinity(
    run: Run, tmp_path: Path
) -> None:
    first = invent_bridges(12)[0].sheet
    assert first.lon_deg is not None and first.lat_deg is not None
    x, y = first.lon_deg, first.lat_deg
    collection = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"橋梁番号": "Ｘ-00001"},
         "geometry": {"type": "LineString", "coordinates": [[x - 0.01, y], [x + 0.01, y]]}},
        {"type": "Feature", "properties": {},
         "geometry": {"type": "LineString", "coordinates": [[x, y], [x, y]]}},
    ]}  # fmt: skip
    (tmp_path / "r.geojson").write_text(json.dumps(collection))
    found = read(run, "network", "r.geojson", "--dry-run")
    assert [one["asset_id"] for one in found["closures"]] == ["X-00001"]
    assert found["stray"]["Y-1"] is None  # it has no position
    assert found["stray"]["X-00002"] > 0
    assert [p["reason"] for p in found["problems"]] == ["the line has no length"]
    out = run("network", "r.geojson")[1]
    assert "on no road: Y-1 has no position" in out
    assert "feature 2: the line has no length" in out
    assert out.splitlines()[-1] == "stored: 1 closures in r.geojson"
    assert "X-00001  no way around" in out
