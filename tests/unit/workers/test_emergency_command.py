"""``tenken emergency`` on a coast road with three bridges: order, reports, who is cut off."""

import csv
import io
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inspection.cli import main
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.prioritymodel import Attribute
from inspection.errors import BadInput
from inspection.store import sheets
from inspection.store.engine import create_engine, writing
from workers.emergency.cli import read_moment

TODAY = ("--today", "2026-11-25")
FROM = ("--from", "37.3,136.90")


def entry(asset_id: str, lon: float | None, **attributes: Attribute) -> LedgerEntry:
    place: dict[str, Any] = {} if lon is None else {"lon_deg": lon, "lat_deg": 37.3}
    asset = Asset(
        asset_id=asset_id, name=f"橋{asset_id}", kind=AssetKind.BRIDGE, attributes=attributes
    )
    return LedgerEntry(asset=asset, sheet=AssetSheet(asset_id=asset_id, **place))


BRIDGES = [
    entry("A", 136.905, emergency_route="2", soundness="II", length_m=20.0),
    entry("B", 136.915, emergency_route="1", soundness="III", length_m=120.0, detour_min=5.0,
          inspection_fiscal_year=2023, diagnosis_fiscal_year=2023, special_structure=True),
    entry("C", 136.925, soundness="I", length_m=5.0, detour_min=0.0, pre_1980_seismic=False),
    entry("D", None),
]  # fmt: skip


def collection(*features: tuple[str, Any, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": c}}
        for kind, c, properties in features
    ]})  # fmt: skip


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Give the command line over a store with four bridges, and files of its roads and places."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tenken.sqlite").write_bytes(empty_database)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    engine = create_engine(f"sqlite:///{tmp_path / 'home' / 'tenken.sqlite'}")
    with writing(engine) as connection:
        sheets.save(connection, BRIDGES)
    engine.dispose()
    roads = [("LineString", [[136.90 + i / 100, 37.3], [136.91 + i / 100, 37.3]], {"asset_id": a})
             for i, a in enumerate("ABC")]  # fmt: skip
    (tmp_path / "roads.geojson").write_text(collection(*roads))
    (tmp_path / "places.geojson").write_text(
        collection(
            ("Point", [136.90, 37.3], {"name": "七尾", "hub": "有", "people": 50_000}),
            ("Point", [136.92, 37.3], {"name": "名舟", "people": 30}),
            ("Point", [136.93, 37.3], {"name": "白米", "people": 120}),
        )
    )

    def ran(*words: object) -> tuple[int, str, str]:
        code = 0
        try:
            main(["emergency", *map(str, words)])
        except SystemExit as left:
            code = int(str(left.code))
        told = capsys.readouterr()
        return code, told.out, told.err

    assert ran("start", "noto", "--hazard", "earthquake", "--at", "2024-01-01T16:10+09:00")[0] == 0
    return ran


def read(run: Run, *words: object) -> Any:
    code, out, err = run(*words, "--json")
    assert code == 0, err
    return json.loads(out)


# beginning


def test_moments_are_told_in_utc(run: Run) -> None:
    code, out, _ = run("start", "e", "--hazard", "flood", "--at", "2025-04-01T00:30+09:00",
                       "--centre", "37.3,136.9", "--radius-km", "12.5")  # fmt: skip
    assert (code, out) == (0, "e: flood since 2025-03-31 15:30 UTC, within 12.5 km\n")
    lines = run("list")[1].splitlines()
    assert lines == [
        "noto  earthquake  2024-01-01 07:10 UTC  0 reports",
        "e  flood  2025-03-31 15:30 UTC  0 reports",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [("0001-01-01T00:00+09:00", "beyond the calendar"), ("9999-12-31T23:59-09:00", "beyond the"),
     ("2024-01-01", "has no zone"), ("2024-01-01T16:10", "has no zone"), ("", "is no time"),
     ("令和6年1月1日", "is no time"), ("2024-02-30T00:00Z", "is no time"),
     ("2024-01-01T24:00+09:00", "is no time")],
)  # fmt: skip
def test_moments_that_are_none(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        read_moment(text)
    assert "2024-01-01T16:10+09:00" in str(refused.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("start", "noto", "--hazard", "flood"), "already; choose another name"),
        (("start", "x", "--hazard", "flood", "--radius-km", "5"), "both --centre and --radius-km"),
        (("start", "x", "--hazard", "flood", "--centre", "137,37", "--radius-km", "5"), "latitude"),
        (("start", "x", "--hazard", "flood", "--centre", "37,137", "--radius-km", "nan"), "finite"),
        (("start", "x", "--hazard", "fire"), "'fire'"),
        (("start", "a\nb", "--hazard", "flood"), "printable characters"),
        (("start", " x", "--hazard", "flood"), "printable characters"),
        (("route", "ghost", *FROM), "no emergency 'ghost' (known: noto)"),
        (("route", "noto", "--from", "north"), "'north' is no position"),
        (("route", "noto", *FROM, "--crews", "0"), "--crews"),
        (("report", "noto", "Z", "red", "--by", "山田"), "no asset 'Z'"),
        (("report", "ghost", "A", "red", "--by", "山田"), "no emergency 'ghost'"),
        (("report", "noto", "A", "red", "--by", "　"), "name of the person"),
        (("report", "noto", "A", "blue", "--by", "山田"), "'blue'"),
        (("report", "noto", "A", "red", "--by", "x", "--photo", "no.jpg"), "no.jpg"),
        (("status", "noto", "--places", "places.geojson"), "--places needs --roads"),
        (("status", "noto", "--roads", "no.gpkg"), "there is no file no.gpkg"),
        (("status", "noto", "--out", "x.xlsx"), "as .geojson or .csv"),
    ],
)
def test_refusals_say_what_and_end_with_2(run: Run, words: tuple[str, ...], says: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert read(run, "status", "noto")["standings"] == []


# the order; points of the code-list emergency_order, added by hand


def test_the_most_urgent_wave_is_looked_at_first(run: Run) -> None:
    """B: route 1 40, detour 0, III 15, 120 m 6, unknown seismic 5, special 5 = 71: wave 1.

    A: route 2 25, detour unknown 5, II 5, 20 m 3, seismic 5 = 43: wave 2. C: nothing at all = 0.
    """
    found = read(run, "route", "noto", *FROM, *TODAY)
    (crew,) = found["crews"]
    assert [(s["asset_id"], s["points"], s["wave"]) for s in crew] == [
        ("B", 71.0, 1), ("A", 43.0, 2), ("C", 0.0, 3),
    ]  # fmt: skip
    assert found["without_position"] == ["D"]
    arrivals = [s["arrival_min"] for s in crew]
    assert arrivals == sorted(arrivals)
    assert arrivals[1] - arrivals[0] >= 15


def test_a_flood_asks_for_other_things_than_an_earthquake(run: Run) -> None:
    run("start", "rain", "--hazard", "flood", "--at", "2025-08-07T03:00+09:00")
    (crew,) = read(run, "route", "rain", *FROM, *TODAY)["crews"]
    points = {s["asset_id"]: s["points"] for s in crew}
    assert points == {"B": 66.0, "A": 43.0, "C": 5.0}  # scour unknown: 5 each


def test_words_of_a_route_in_both_languages(run: Run) -> None:
    out = run("route", "noto", *FROM, *TODAY)[1]
    assert out.startswith("crew 1:\n  +0:0")
    assert "wave 1  B 橋B  71 points: Emergency transport route" in out
    assert "without a position: D" in out
    ja = run("route", "noto", *FROM, "--lang", "ja", *TODAY)[1]
    assert "緊急輸送道路" in ja and "Emergency transport route" not in ja


def test_two_crews_share_and_nobody_is_visited_twice(run: Run) -> None:
    found = read(run, "route", "noto", *FROM, "--crews", "2", *TODAY)
    seen = [s["asset_id"] for crew in found["crews"] for s in crew]
    assert sorted(seen) == ["A", "B", "C"]
    assert len(found["crews"]) == 2


def test_faster_crews_arrive_sooner_and_stops_take_their_time(run: Run) -> None:
    def last(*words: str) -> float:
        found = read(run, "route", "noto", *FROM, *words, *TODAY)
        return float(found["crews"][0][-1]["arrival_min"])

    assert last("--speed-kmh", "60", "--stop-min", "0") == pytest.approx(
        last("--speed-kmh", "30", "--stop-min", "0") / 2, abs=0.11
    )
    assert last("--stop-min", "60") == pytest.approx(last("--stop-min", "0") + 120, abs=0.11)


def test_an_area_leaves_out_what_lies_beyond_it(run: Run) -> None:
    run("start", "near", "--hazard", "flood", "--centre", "37.3,136.905", "--radius-km", "0.5")
    (crew,) = read(run, "route", "near", *FROM, *TODAY)["crews"]
    assert [s["asset_id"] for s in crew] == ["A"]
    assert read(run, "status", "near")["waiting"] == ["A"]
    run("report", "near", "A", "green", "--by", "山田")
    code, _, err = run("route", "near", *FROM, *TODAY)
    assert code == 2
    assert "nothing is left to look at in 'near': 1 assets have a report" in err


# roads


def test_what_is_closed_is_not_driven_over(run: Run) -> None:
    roads = ("--roads", "roads.geojson")
    assert len(read(run, "route", "noto", *FROM, *roads, *TODAY)["crews"][0]) == 3
    run("report", "noto", "B", "red", "--by", "山田")
    found = read(run, "route", "noto", *FROM, *roads, *TODAY)
    assert [s["asset_id"] for s in found["crews"][0]] == ["A"]
    assert found["unreachable"] == ["C"]
    assert "no open road leads to: C" in run("route", "noto", *FROM, *roads, *TODAY)[1]


def test_the_only_road_may_be_closed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.geojson").write_text(
        collection(("LineString", [[136.90, 37.3], [136.91, 37.3]], {"asset_id": "A"}))
    )
    run("report", "noto", "A", "red", "--by", "山田")
    found = read(run, "route", "noto", *FROM, "--roads", "one.geojson", *TODAY)
    assert (found["crews"], found["unreachable"]) == ([[]], ["B", "C"])


def test_who_is_cut_off_follows_what_is_closed(run: Run) -> None:
    words = ("status", "noto", "--roads", "roads.geojson", "--places", "places.geojson")
    assert "places cut off: 0" in run(*words)[1].splitlines()
    run("report", "noto", "C", "red", "--by", "山田")
    assert "places cut off: 1 (白米 120)" in run(*words)[1]
    run("report", "noto", "A", "red", "--by", "山田")
    cut = read(run, *words)["cut_off"]["places"]
    assert sorted(place["name"] for place in cut) == ["名舟", "白米"]
    run("report", "noto", "A", "green", "--by", "佐藤")
    run("report", "noto", "C", "yellow", "--by", "佐藤")
    assert "places cut off: 0" in run(*words)[1]


# reports and how things stand


def photo(path: Path) -> Path:
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, "JPEG")
    return path


def test_a_report_keeps_its_photo_and_says_what_is_odd(run: Run, tmp_path: Path) -> None:
    picture = photo(tmp_path / "段差.JPG")
    code, out, _ = run("report", "noto", "A", "red", "--photo", picture, "--by", "山田",
                       "--position", "37.4,136.905", "--note", "段差40cm", "--lang",
                       "ja")  # fmt: skip
    assert code == 0
    assert out.splitlines()[0] == "A: red (通行不可) at 37.40000, 136.90500, 1 photos, by 山田"
    assert "look: the position is 11.1 km from the asset" in out
    kept = list((tmp_path / "home" / "blobs").rglob("*.jpg"))
    assert [file.read_bytes() for file in kept] == [picture.read_bytes()]
    told = read(run, "report", "noto", "B", "green", "--by", "山田")
    assert uuid.UUID(told["report"]["report_id"])
    assert [w.split(":")[0] for w in told["warnings"]] == [
        "the report has no position", "the report has no photo",
    ]  # fmt: skip


def test_a_photo_that_is_none_keeps_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("no picture")
    code, _, err = run("report", "noto", "A", "red", "--photo", "x.jpg", "--by", "山田")
    assert code == 2
    assert "x.jpg" in err and "nothing was kept" in err
    assert read(run, "status", "noto")["standings"] == []
    assert not list((tmp_path / "home").rglob("*.jpg"))


def test_the_newest_report_counts_and_the_older_one_stays(run: Run) -> None:
    for signal in ("green", "red", "yellow"):
        run("report", "noto", "B", signal, "--by", "山田")
    (standing,) = read(run, "status", "noto")["standings"]
    assert standing["report"]["signal"] == "yellow"
    assert "noto  earthquake  2024-01-01 07:10 UTC  3 reports" in run("list")[1]
    told = run("status", "noto", "--lang", "ja", *TODAY)[1].splitlines()
    assert told[0].startswith("  yellow  B 橋B  注意・条件付き, ")
    assert "(III FY2023)" in told[0]
    assert told[-1] == "0 red, 1 yellow, 0 green; 3 still to be looked at"


def test_files_of_how_things_stand(run: Run, tmp_path: Path) -> None:
    run(
        "report",
        "noto",
        "D",
        "red",
        "--by",
        "=cmd",
        "--position",
        "37.31,136.9",
        "--note",
        'a,"b"\nc',
    )
    run("report", "noto", "A", "green", "--by", "佐藤")
    assert run("status", "noto", "--out", "out/s.CSV", "--lang", "ja")[0] == 0
    raw = (tmp_path / "out" / "s.CSV").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [(r["asset_id"], r["words"]) for r in rows] == [("D", "通行不可"), ("A", "通行可")]
    assert rows[0]["reported_by"] == "'=cmd"  # no formula
    assert rows[0]["note"] == 'a,"b"\nc'
    assert (rows[0]["lat_deg"], rows[1]["lat_deg"]) == ("37.31", "")
    run("status", "noto", "--out", "s.geojson")
    plain = json.loads((tmp_path / "s.geojson").read_text(encoding="utf-8"))
    places = {f["properties"]["asset_id"]: f["geometry"] for f in plain["features"]}
    assert sorted(places) == ["A", "B", "C", "D"]
    assert places["D"]["coordinates"] == [136.9, 37.31]  # that of the report
    signals = {f["properties"]["asset_id"]: f["properties"]["signal"] for f in plain["features"]}
    assert signals == {"A": "green", "B": None, "C": None, "D": "red"}
