"""``tenken programme`` and ``tenken emergency``: JSON, refusals, options, files."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from inspection.cli import main, tenken
from inspection.domain.gradeforecast import GradeForecast
from inspection.errors import BadInput, Unavailable
from inspection.export import programmepicture
from inspection.store import prices, schema, sheets
from inspection.store.engine import create_engine, writing
from tests.support.prefecture import PRICES, invent_bridges
from workers.emergency.cli import read_moment
from workers.planner_options import read_lonlat, read_weights
from workers.programme.plan import read_budgets, read_shares

TODAY = ("--today", "2026-11-25")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a store with forty made-up bridges and prices, and a working folder."""
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'home' / 'tenken.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        sheets.save(connection, invent_bridges(40))
        prices.replace_list(connection, "default", PRICES)
    engine.dispose()
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(tenken, words, catch_exceptions=False)


def run_json(*words: str) -> Any:
    found = run(*words, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def plan(*more: str, name: str = "P") -> Any:
    words = ("programme", "plan", name, "--first-year", "2027", "--budget", "150M", *TODAY)
    return run_json(*words, *more)


def test_rank_and_explain_say_the_same(home: Path) -> None:
    ranked = run_json("programme", "rank", "--top", "3", "--stability", *TODAY)
    assert ranked["assets"] == 40
    assert [row["rank"] for row in ranked["rows"]] == [1, 2, 3]
    assert all(0 <= row["stability"] <= 1 for row in ranked["rows"])
    assert sum(map(sum, ranked["risk_matrix"])) == 40
    first = ranked["rows"][0]
    found = run_json("programme", "explain", first["asset"], *TODAY)
    assert found["score"] == pytest.approx(first["score"], abs=0.01)
    assert len(found["data_version"]) == 12
    assert all(item["ja"] and item["en"] for part in found["parts"] for item in part["items"])
    words = run("programme", "rank", "--matrix", "--stability", *TODAY).stdout
    assert "stays in its decile" in words
    assert "likelihood 80-100" in words
    told = run("programme", "explain", first["asset"], "--lang", "ja", *TODAY).stdout
    assert "橋長" in told
    assert "Length" not in told
    del home


def test_a_plan_is_kept_shown_and_not_overwritten(home: Path) -> None:
    made = plan()
    assert made["outcome"]["gap"] < 0.01
    assert run_json("programme", "show", "P")["lines"] == made["lines"]
    assert "P  FY2027 to FY2031  750.0 million yen" in run("programme", "list").stdout
    assert run_json("programme", "list")[0]["name"] == "P"
    with pytest.raises(Exception, match="already"):
        plan()
    again = plan("--replace", "--bundle", "X-00003,X-00005")
    assert again["request"]["terms"]["bundles"] == [["X-00003", "X-00005"]]
    del home


def test_one_line_can_be_asked_for(home: Path) -> None:
    made = plan()
    asset_id = made["lines"][0]["asset_id"]
    assert asset_id in run("programme", "show", "P", "--why", asset_id, "--lang", "ja").stdout
    with pytest.raises(Exception, match="is no candidate of 'P'"):
        run("programme", "show", "P", "--why", "ghost")
    del home


def test_what_if_keeps_other_years_and_can_be_saved(home: Path) -> None:
    plan()
    found = run_json("programme", "whatif", "P", "--budget", "2028=10M", "--save", "Q")
    kept = run_json("programme", "show", "Q")
    assert kept["request"]["terms"]["budgets_yen"] == [
        150_000_000,
        10_000_000,
        *([150_000_000] * 3),
    ]
    assert found["after"] == kept["outcome"]
    assert not found["ledger_changed"]
    engine = create_engine(f"sqlite:///{home / 'home' / 'tenken.sqlite'}")
    with writing(engine) as connection:
        sheets.save(connection, invent_bridges(41))
    engine.dispose()
    assert run_json("programme", "whatif", "P")["ledger_changed"]
    words = run("programme", "whatif", "P", "--weights", "L=0.2,C=0.7,T=0.1", "--lang", "ja").stdout
    assert "the ledger has changed since" in words
    assert "+L0.2,C0.7,T0.1" in words


def test_smoothing_shares_and_methods(home: Path) -> None:
    smooth = plan("--smooth", "5M", name="S")["outcome"]["spend_yen"]
    mean = sum(smooth) / 5
    assert all(abs(one - mean) <= 5e6 + 1 for one in smooth)
    greedy = plan("--method", "greedy", name="G")
    assert greedy["outcome"]["method"] == "greedy"
    fair = plan("--share", "七尾市=0-5", name="F")
    towns = {e.asset.asset_id: e.sheet.municipality for e in invent_bridges(40)}
    spent = [(towns[one["asset_id"]], one["cost_yen"] or 0) for one in fair["lines"]]
    ours = sum(yen for town, yen in spent if town == "七尾市")
    assert ours <= 0.05 * sum(yen for _, yen in spent) + 1
    del home


def test_files_of_a_programme(home: Path) -> None:
    lines = plan()["lines"]
    run("programme", "export", "P", "--out", "p.csv", "--lang", "ja")
    raw = (home / "p.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row["asset_id"] for row in rows] == [line["asset_id"] for line in lines]
    assert all(row["reason"] for row in rows)
    run("programme", "export", "P", "--out", "p.xlsx")
    book = openpyxl.load_workbook(home / "p.xlsx")
    assert book.sheetnames == ["Summary", "Programme", "Not selected"]
    chosen = [line for line in lines if line["fiscal_year"]]
    assert book["Programme"].max_row == len(chosen) + 1
    costs = [row[9].value for row in book["Programme"].iter_rows(min_row=2)]
    assert sum(costs) == sum(line["cost_yen"] for line in chosen)
    with pytest.raises(BadInput, match=r"\.csv or \.xlsx"):
        run("programme", "export", "P", "--out", "p.pdf")
    for suffix in ("svg", "pdf"):
        run("programme", "picture", "P", "--out", f"p.{suffix}")
        assert (home / f"p.{suffix}").stat().st_size > 5000
    with pytest.raises(BadInput, match="a picture is"):
        run("programme", "picture", "P", "--out", "p.bmp")


def test_a_picture_in_japanese_needs_a_font_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    empty = GradeForecast(
        states=("I", "II", "III", "IV"), years=(0,), without=np.ones((1, 4)),
        programme=np.ones((1, 4)), left_out={},
    )  # fmt: skip
    monkeypatch.setattr(programmepicture, "FONTS", ("No such font",))
    with pytest.raises(Unavailable, match="no font with Japanese"):
        programmepicture.draw_programme(
            tmp_path / "x.png", title="x", money=[], grades=empty, first_year=2027, japanese=True
        )
    assert not (tmp_path / "x.png").exists()


def test_forecast_and_estimate_as_json(home: Path) -> None:
    plan()
    found = run_json("programme", "forecast", "P", "--cycles", "2")
    assert found["fiscal_years"] == [2027, 2032, 2037]
    assert sum(found["without"][2]) == pytest.approx(40)
    rows = "".join(f"X-{i:05d},橋,Ⅰ,{2016 + i % 3}\n" for i in range(1, 41))
    (home / "old.csv").write_text("施設番号,橋梁名,健全性,点検年度\n" + rows, encoding="utf-8")
    learned = run_json("programme", "estimate", "old.csv", "--save", "ours", *TODAY)
    assert learned["pairs"] > 0
    assert learned["pairs"] + learned["left_out"]["not five years apart"] == 40
    other = run_json("programme", "forecast", "P", "--cycles", "2", "--ageing", "ours")
    assert other["without"] != found["without"]


def test_models_from_the_command_line(home: Path) -> None:
    (home / "j.csv").write_text(",L,C,T\nL,1,2,5\nC,,1,4\nT,,,1\n")
    assert run_json("programme", "model", "ahp", "j.csv")["cr"] == pytest.approx(0.0212, abs=5e-5)
    run(
        "programme",
        "model",
        "weights",
        "ours",
        "L=0.4,C=0.5,T=0.1",
        "--by",
        "山田",
        "--note",
        "孤立",
    )
    assert "ours/1  L 0.4 C 0.5 T 0.1" in run("programme", "model", "show", "ours").stdout
    assert [m["model"] for m in run_json("programme", "model", "list")] == [
        "priority_v1/1.0.0", "ours/1",
    ]  # fmt: skip
    ranked = run_json("programme", "rank", "--model", "ours", *TODAY)
    assert ranked["weights"] == {"L": 0.4, "C": 0.5, "T": 0.1}
    (home / "j2.csv").write_text(",safety,cost\nsafety,1,3\ncost,,1\n")
    with pytest.raises(BadInput, match="weighs L, C and T"):
        run("programme", "model", "ahp", "j2.csv", "--save", "x", "--by", "山田")


def test_a_price_list_is_looked_at_before_it_is_stored(home: Path) -> None:
    (home / "p.csv").write_text("工種,区分,単位,単価\nx,更新,m2,5\ny,更新,m2,\n", encoding="utf-8")
    dry = run_json("programme", "costs", "import", "p.csv", "--list", "new", "--dry-run")
    assert not dry["stored"]
    assert len(dry["rows"]) == len(dry["problems"]) == 1
    assert "new" not in run("programme", "costs", "list").stdout
    run("programme", "costs", "import", "p.csv", "--list", "new")
    assert "new  1 prices" in run("programme", "costs", "list").stdout
    assert run_json("programme", "costs", "show", "new")[0]["yen"] == 5
    assert "replacement  x  5 yen/m2" in run("programme", "costs", "show", "new").stdout
    (home / "bad.csv").write_text("工種,区分,単位,単価\ny,更新,m2,\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no price that can be read"):
        run("programme", "costs", "import", "bad.csv", "--list", "new")


def test_an_emergency_from_start_to_files(home: Path) -> None:
    run("emergency", "start", "e", "--hazard", "flood", "--note", "線状降水帯")
    assert "e  flood" in run("emergency", "list").stdout
    found = run_json("emergency", "route", "e", "--from", "37.2,137.0", "--crews", "2", *TODAY)
    assert sum(len(crew) for crew in found["crews"]) == 40
    stop = found["crews"][0][0]
    told = run_json(
        "emergency", "report", "e", stop["asset_id"], "red", "--by", "山田", "--note", "=1+1"
    )
    assert told["report"]["signal"] == "red"
    run("emergency", "status", "e", "--out", "s.csv", "--lang", "ja")
    ((row,),) = [list(csv.DictReader(io.StringIO((home / "s.csv").read_text("utf-8-sig"))))]
    assert row["words"] == "通行不可"
    assert row["note"].startswith("'=")  # no formula
    assert len(run_json("emergency", "status", "e")["waiting"]) == 39
    for words, says in (
        (("status", "e", "--out", "s.pdf"), "geojson or"),
        (("status", "e", "--places", "x.geojson"), "--places needs --roads"),
        (("start", "f", "--hazard", "flood", "--centre", "37,137"), "both --centre and"),
        (("route", "ghost", "--from", "37.2,137.0"), "no emergency 'ghost'"),
    ):
        with pytest.raises(Exception, match=says):
            run("emergency", *words)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["programme", "plan", "P", "--first-year", "2027", "--budget", "much"], 2, "no amount"),
        (
            ["programme", "plan", "P", "--first-year", "2027", "--budget", "2040=1M"],
            2,
            "2027 to 2031",
        ),
        (["programme", "show", "ghost"], 2, "no programme 'ghost'"),
        (["programme", "explain", "ghost"], 2, "no asset 'ghost'"),
        (["programme", "network", "ghost.gpkg"], 2, "no file"),
        (["programme", "model", "ahp", "circle.csv"], 3, "CR"),
    ],
)
def test_refusals_have_exit_codes(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    (home / "circle.csv").write_text(",L,C,T\nL,1,9,1/9\nC,,1,9\nT,,,1\n")
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == code
    assert says in capsys.readouterr().err


GROUPS = ("programme", "emergency")


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_has_help_with_an_example(group: str) -> None:
    found = run(group, "--help").output
    assert "  Examples:\n    tenken " in found
    command = tenken.get_command(None, group)  # type: ignore[arg-type]
    todo = [(group, command)]
    while todo:
        path, one = todo.pop()
        inner = getattr(one, "commands", {})
        todo += [(f"{path} {name}", sub) for name, sub in inner.items()]
        if not inner:
            told = run(*path.split(), "--help").output
            assert f"    tenken {path}" in told, path
            assert "\\b" not in told


@pytest.mark.parametrize(
    ("text", "yen"),
    [
        ("120000000", 120_000_000),
        ("1,200,000円", 1_200_000),
        ("0.5億", 50_000_000),
        ("30百万", 30_000_000),
        ("7千", 7000),
        ("3万", 30_000),
    ],
)
def test_amounts(text: str, yen: int) -> None:
    assert read_budgets((text,), first_year=2027, years=2) == (yen, yen)


def test_small_readers_refuse_what_they_cannot_read() -> None:
    assert read_shares(()) == {}
    for reader, wrong in (
        (read_lonlat, "136.6"), (read_lonlat, "136.6,36.5"), (read_weights, "L:0.4"),
        (read_moment, "yesterday"), (read_moment, "2024-01-01T16:10"),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            reader(wrong)  # type: ignore[operator]
    with pytest.raises(BadInput, match="percent"):
        read_shares(("七尾市",))
