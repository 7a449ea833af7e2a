"""``tenken assets`` and ``tenken grades``: words, JSON, exit codes, decisions with reasons."""

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result

from inspection.cli import main, tenken
from inspection.domain.grade import GradeCandidate, Subject
from inspection.errors import BadInput, Conflict, NotFound
from inspection.pipeline.decide import Judgement, decide, history_of, legal_values
from inspection.pipeline.grade import grade
from inspection.pipeline.tools import SystemClock
from inspection.store import grades, schema
from inspection.store.engine import create_engine, writing
from tests.support.damage import area, defect
from tests.support.records import make_asset, make_scene, make_survey, save_scene

DAYS = ("2026-01-01", "2026-11-25", "2027-04-01")
LEDGER = """施設番号,橋梁名,橋長,健全性,備考
A-1,犀川大橋,62.3,Ⅱ,x
A-2,熊木川橋,1.2km,Ⅲ,
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    (tmp_path / "ledger.csv").write_text(LEDGER, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def run(*words: str) -> Result:
    return CliRunner().invoke(tenken, words, catch_exceptions=False)


def run_json(*words: str) -> dict[str, object]:
    found = json.loads(run(*words, "--json").output)
    assert isinstance(found, dict)
    return found


def test_a_preview_as_json_has_everything(home: Path) -> None:
    found = run_json("assets", "preview", "ledger.csv")
    assert found["columns"] == {
        "asset_id": "施設番号", "name": "橋梁名", "length_m": "橋長", "soundness": "健全性",
    }  # fmt: skip
    assert found["unused"] == ["備考"]
    assert found["counts"] == {"added": 1, "changed": 0, "unchanged": 0}
    assert found["problems"] == [
        {"line": 3, "column": "橋長", "value": "1.2km",
         "reason": "'1.2km' has the unit 'km'; allowed: m, メートル"}
    ]  # fmt: skip
    assert found["stored"] is False
    assert run_json("assets", "list")["number_matched"] == 0
    assert (home / "tenken.sqlite").is_file()


def test_import_list_and_show(home: Path) -> None:
    del home
    assert "stored: 1 added" in run("assets", "import", "ledger.csv").output
    assert "1 unchanged; 1 refused" in run("assets", "import", "ledger.csv").output
    assert "A-1  bridge  犀川大橋  II" in run("assets", "list", "--find", "犀川").output
    assert "0 of 0 assets" in run("assets", "list", "--kind", "pavement_section").output
    shown = run_json("assets", "show", "A-1")
    assert shown["asset"]["attributes"] == {"length_m": 62.3, "soundness": "II"}  # type: ignore[index]
    assert "no damage records" in run("assets", "show", "A-1").output


def test_due_dates_and_pavement_classes_are_shown(home: Path, tmp_path: Path) -> None:
    del home
    (tmp_path / "b.csv").write_text("施設番号,橋梁名,点検年度\nB-1,橋,R3\n", encoding="utf-8")
    run("assets", "import", "b.csv")
    told = [run("assets", "show", "B-1", "--today", day).output for day in DAYS]
    assert all("next inspection: due in fiscal year 2026, until 2027-03-31" in one for one in told)
    assert ["months left" in one for one in told] == [False, True, False]
    assert ["overdue" in one for one in told] == [False, False, True]
    road = "区間番号,区間名,ひび割れ率,わだち掘れ量\nR-1,県道,45,12\n"
    (tmp_path / "r.csv").write_text(road, encoding="utf-8")
    run("assets", "import", "r.csv", "--kind", "pavement_section")
    shown = run("assets", "show", "R-1").output
    assert "candidate for the section: III-1/III-2, MCI 3.01" in shown
    assert "judged without IRI" in shown


def test_a_home_on_the_command_line_wins(home: Path, tmp_path: Path) -> None:
    run("assets", "import", "ledger.csv", "--home", str(tmp_path / "other"))
    assert (tmp_path / "other" / "tenken.sqlite").is_file()
    assert not home.exists()


def test_columns_are_mapped_by_hand(home: Path, tmp_path: Path) -> None:
    del home
    (tmp_path / "odd.csv").write_text("整理番号,橋,長さ\nA-1,犀川大橋,12\n", encoding="cp932")
    words = ("--map", "整理番号=asset_id", "--map", "橋=name", "--map", "長さ=length_m")
    found = run("assets", "import", "odd.csv", *words)
    assert "CP932" in found.output
    assert "stored: 1 added" in found.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["assets", "import", "missing.csv"], "there is no file"),
        (["assets", "import", "ledger.csv", "--map", "x=asset_id"], "no column 'x'"),
        (["assets", "show", "A-9"], "no asset 'A-9'"),
        (["assets", "import", "ledger.csv", "--as", "elements"], "no column for element"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    del home
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("words", [["assets", "import"], ["assets", "show"], ["grades", "decide"]])
def test_help_shows_examples_line_by_line(words: list[str]) -> None:
    found = run(*words, "--help").output
    assert "  Examples:\n    tenken " in found
    assert "\\b" not in found


def test_geojson_geopackage_and_xroad_say_the_same(home: Path, tmp_path: Path) -> None:
    del home
    point = shapely.Point(136.625669, 36.594606)
    feature = {
        "type": "Feature", "geometry": json.loads(shapely.to_geojson(point)),
        "properties": {"施設番号": "BR0-1", "橋梁名": "鞍月橋", "橋長": 24, "健全性": "Ⅱ"},
    }  # fmt: skip
    collection = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "a.geojson").write_text(json.dumps(collection), encoding="utf-8")
    pyogrio.raw.write(
        tmp_path / "a.gpkg", geometry=np.array([shapely.to_wkb(point)], dtype=object),
        field_data=[
            np.array(["BR0-1"], dtype=object), np.array(["鞍月橋"], dtype=object),
            np.array([24.0]), np.array([2]),
        ],
        fields=["施設番号", "橋梁名", "橋長", "健全性"], layer="bridges", driver="GPKG",
        geometry_type="Point", crs="EPSG:4326",
    )  # fmt: skip
    xroad = {
        "shisetsu_id": "36.594606, 136.625669", "shisetsu_bango": "BR0-1",
        "shogen": {"shisetsu": {"meisho": "鞍月橋"}, "kyocho": "24.0"},
        "tenken": {"kiroku": {"hantei_kubun": 2}},
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"result": [xroad]}), encoding="utf-8")
    assert "1 added" in run("assets", "import", "a.geojson").output
    assert "1 unchanged" in run("assets", "import", "a.gpkg").output
    # xROAD also knows its own identifier, which the others did not say
    told = run("assets", "import", "a.json").output
    assert "1 changed" in told
    assert "  BR0-1 xroad_id: unknown → 36.594606, 136.625669\n" in told
    assert "1 unchanged" in run("assets", "import", "a.json").output
    sheet = run_json("assets", "show", "BR0-1")["sheet"]
    assert (sheet["lat_deg"], sheet["lon_deg"]) == (36.594606, 136.625669)  # type: ignore[index]


@pytest.fixture
def graded(home: Path) -> tuple[str, str]:
    """Store a survey with a spall on a deck panel and its candidates; give survey and asset."""
    url = f"sqlite:///{home / 'tenken.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    asset, survey = make_asset(), make_survey()
    found = grade([defect(area(shapely.box(0, 0, 1, 1)))], asset=asset)
    with writing(engine) as connection:
        save_scene(connection, make_scene())
        grades.save(connection, survey.survey_id, [*found.of_member, *found.of_asset])
    engine.dispose()
    return str(survey.survey_id), asset.asset_id


def test_candidates_and_decisions_stand_side_by_side(graded: tuple[str, str]) -> None:
    survey, asset = graded
    listed = run("grades", "list", survey).output
    assert f"asset {asset}: II  open  unverified rule" in listed
    assert "no official formula" in listed
    words = ("grades", "decide", survey, "soundness_candidate", asset)
    told = run(*words, "III", "--by", "山田", "--note", "桁端の腐食が著しい").output
    assert f"asset {asset}: II  decided III by 山田" in told
    assert "山田  III: 桁端の腐食が著しい" in told
    again = run(*words, "II", "--by", "佐藤").output
    assert again.index("山田  III") < again.index("佐藤  II")
    rows = json.loads(run("grades", "list", survey, "--json").output)
    bridge = next(row for row in rows if row["candidate"]["subject"] == "asset")
    assert bridge["candidate"]["candidates"] == ["II"]
    assert (bridge["decided"], bridge["decided_by"], bridge["version"]) == ("II", "佐藤", 3)


def test_a_decision_needs_a_value_a_reason_and_the_version_that_was_read(
    graded: tuple[str, str], home: Path
) -> None:
    survey, asset = graded
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")

    def judge(decided: str, **more: object) -> Judgement:
        return Judgement(
            **{
                "survey_id": make_survey().survey_id, "scheme": "soundness_candidate",
                "subject_id": asset, "decided": decided, "by": "山田", **more,
            }  # type: ignore[arg-type]
        )  # fmt: skip

    assert str(make_survey().survey_id) == survey
    with writing(engine) as connection:
        for wrong, error, says in (
            (judge("V"), BadInput, "it has I, II, III, IV"),
            (judge("IV"), BadInput, "departs from the candidate II; say why"),
            (judge("II", subject_id="nobody"), NotFound, "no candidate"),
            (judge("II", expected_version=7), Conflict, "version 1"),
            (judge("II", by=" "), BadInput, "name of the person"),
        ):
            with pytest.raises(error, match=says):
                decide(connection, wrong, clock=SystemClock())
        row = decide(connection, judge("II"), clock=SystemClock())
        assert (row.decided, row.candidate.candidates) == ("II", ("II",))
        assert [one.decided for one in history_of(connection, judge("II"))] == ["II"]
    engine.dispose()


@pytest.mark.parametrize(
    ("scheme", "values"),
    [
        ("jp_crack_grade/1.0.0", "a b c d e"), ("jp_deck_crack/1.0.0", "a b c d e"),
        ("appearance:7/1.0.0", "a c d e"), ("soundness_candidate/1.0.0", "I II III IV"),
        ("pavement_crack_ratio/1.0.0", "I II III"), ("pavement_class/1.0.0", "I II III-1 III-2"),
    ],
)  # fmt: skip
def test_a_person_may_say_what_the_scheme_has(scheme: str, values: str) -> None:
    assert " ".join(legal_values(scheme)) == values


def test_nobody_decides_on_an_unknown_scheme() -> None:
    with pytest.raises(BadInput, match="nobody decides"):
        legal_values("horoscope/1.0.0")


def test_two_versions_of_a_scheme_must_be_told_apart(graded: tuple[str, str], home: Path) -> None:
    _, asset = graded
    survey_id = make_survey().survey_id
    newer = GradeCandidate(
        scheme="soundness_candidate/9.0.0", subject=Subject.ASSET, subject_id=asset,
        candidates=("III",), best="III", borderline=False, unresolved=False,
    )  # fmt: skip
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    with writing(engine) as connection:
        grades.save(connection, survey_id, [newer])
        short = Judgement(
            survey_id=survey_id, scheme="soundness_candidate", subject_id=asset, decided="III",
            by="山田",
        )  # fmt: skip
        with pytest.raises(BadInput, match="several candidates fit"):
            decide(connection, short, clock=SystemClock())
    engine.dispose()
