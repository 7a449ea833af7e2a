"""What an agency publishes, another imports: every format says the same and comes back whole."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely

from inspection.codelists.columns import LEDGER, load_fields
from inspection.codelists.opendata import load_open_columns
from inspection.domain.assetsheet import LedgerEntry
from inspection.export.opendata import DAMAGE_COLUMNS, DataFile, OpenData, data_files, xroad_rows
from inspection.intake.cells import read_cell
from inspection.pipeline.approve import approve
from inspection.pipeline.enrol import Change, enrol, open_ledger
from inspection.pipeline.publish import Gate, changes, publish, withdraw
from inspection.pipeline.snapshot import data_of, rows_now
from inspection.store import sheets
from tests.support.bookshelf import entry, fresh_store
from tests.support.released import AtNoon, make_record

TODAY = date(2026, 5, 1)
CLOCK = AtNoon(datetime(2026, 5, 1, 0, 0, tzinfo=UTC))
CARRIED = ("kana", "route_name", "prefecture", "municipality", "address", "administrator")
NUMBERS = ("length_m", "width_m", "built_fiscal_year")


def bridges() -> list[LedgerEntry]:
    """Make bridges with everything that a ledger can say, with nothing, and with odd words."""
    full: dict[str, Any] = {
        "kana": "サイガワオオハシ", "route_name": "国道１５７号", "prefecture": "石川県",
        "municipality": "金沢市", "municipality_code": "172014", "address": "片町二丁目\n1, \"角\"",
        "administrator": "石川県", "structure": "鋼トラス橋", "repair_status": "未措置",
        "lon_deg": 136.6256691234, "lat_deg": 36.5946061234,
    }  # fmt: skip
    year: dict[str, Any] = {"inspection_fiscal_year": 2026}
    sized: dict[str, Any] = {"length_m": 62.3, "width_m": 21.5, "built_fiscal_year": 1924, **year}
    return [
        entry("ISK-0001", name="犀川大橋", sheet=full, soundness="II", **sized),
        entry("ISK-0002", name="橋 A, 「B」", soundness="I", **year),
        entry(
            "ISK-0003", name="髙﨑〜①橋", soundness="III", length_m=2.0, **year,
            sheet={"municipality": "七尾市", "lon_deg": 137.0, "lat_deg": 37.0},
        ),
        entry("ISK-0004", name="Bridge", soundness="IV", built_fiscal_year=1988.0, **year),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> OpenData:
    with fresh_store(tmp_path_factory.mktemp("first")) as connection:
        sheets.save(connection, [*bridges(), entry("not-published", soundness="II")])
        for one in bridges():
            name = one.asset.asset_id
            approve(connection, name, 2026, by="課長", why="照査済", clock=CLOCK)
            gate = Gate(blur=name == "ISK-0003")
            publish(connection, name, 2026, by="課長", why="定例", gate=gate, clock=CLOCK)
        withdraw(connection, "ISK-0002", 2026, by="課長", why="x", clock=CLOCK)
        publish(connection, "ISK-0002", 2026, by="課長", why="x", clock=CLOCK)
        from inspection.domain.figures import figures_of

        rows = rows_now(connection)
        return data_of(rows, figures_of(rows, fiscal_year=2026), changes(connection), "2026-05")


@pytest.fixture(scope="module")
def files(data: OpenData) -> dict[str, DataFile]:
    return {file.name: file for file in data_files(data)}


def table(file: DataFile, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.content.decode(encoding), newline="")))


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Any]:
    with fresh_store(tmp_path) as connection:
        yield connection


class TestReturn:
    @pytest.mark.parametrize(
        "name", ["assets.csv", "assets_cp932.csv", "assets_xroad.json", "assets.geojson"]
    )
    def test_another_agency_reads_what_was_published(
        self, files: dict[str, DataFile], other: Any, tmp_path: Path, name: str
    ) -> None:
        """§9: the same asset exported and imported comes back whole."""
        path = tmp_path / name
        path.write_bytes(files[name].content)
        found = enrol(other, open_ledger(path), today=TODAY, write=True)
        assert found.problems == ()
        known = sheets.by_ids(other, sorted(sheets.all_ids(other)))
        for one in bridges():
            again = known[one.asset.asset_id]
            assert again.asset.attributes["soundness"] == one.asset.attributes["soundness"]
            assert again.asset.name == one.asset.name.replace("〜", "～")
            hidden = {"address"} if one.asset.asset_id == "ISK-0003" else set()
            unsaid = {"address"} if "xroad" in name else set()
            for field in set(CARRIED) - hidden - unsaid:
                assert getattr(again.sheet, field) == getattr(one.sheet, field), field
            for field in NUMBERS:
                assert again.asset.attributes.get(field) == one.asset.attributes.get(field), field
            assert again.asset.attributes["inspection_fiscal_year"] == 2026

    def test_reading_it_twice_changes_nothing(
        self, files: dict[str, DataFile], other: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "assets.csv"
        path.write_bytes(files["assets.csv"].content)
        first = enrol(other, open_ledger(path), today=TODAY, write=True)
        again = enrol(other, open_ledger(path), today=TODAY, write=True)
        assert first.counts == {Change.ADDED: 4, Change.CHANGED: 0, Change.UNCHANGED: 0}
        assert again.counts == {Change.ADDED: 0, Change.CHANGED: 0, Change.UNCHANGED: 4}

    def test_csv_json_and_xroad_give_one_and_the_same_asset(
        self, files: dict[str, DataFile], tmp_path: Path
    ) -> None:
        seen = []
        for number, name in enumerate(("assets.csv", "assets.geojson")):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / name).write_bytes(files[name].content)
            with fresh_store(folder) as connection:
                enrol(connection, open_ledger(folder / name), today=TODAY, write=True)
                seen.append(sheets.by_ids(connection, sorted(sheets.all_ids(connection))))
        for name, one in seen[0].items():
            assert one.sheet == seen[1][name].sheet
            assert dict(one.asset.attributes) == dict(seen[1][name].asset.attributes)
        assert seen[0] == seen[1]

    def test_the_package_returns_what_has_a_place_and_what_has_none(
        self, files: dict[str, DataFile], other: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "opendata.gpkg"
        path.write_bytes(files["opendata.gpkg"].content)
        found = enrol(other, open_ledger(path, sheet="assets"), today=TODAY, write=True)
        assert (found.problems, found.accepted) == ((), 4)
        assert sheets.by_id(other, "ISK-0004").sheet.lonlat is None
        first = sheets.by_id(other, "ISK-0001")
        assert first.asset.attributes["inspection_fiscal_year"] == 2026
        assert first.sheet.lonlat == (136.62567, 36.59461)

    def test_every_code_of_the_ledger_is_read_as_it_is_written(self) -> None:
        """What an export writes is the code itself, and a refusal lists the codes as allowed."""
        for field in load_fields(LEDGER).values():
            for value in set(field.choices.values()):
                assert read_cell(value, field) == value, field.name


class TestFiles:
    def test_every_file_counts_the_same_assets(self, files: dict[str, DataFile]) -> None:
        ids = {"ISK-0001", "ISK-0002", "ISK-0003", "ISK-0004"}
        assert {row["施設番号"] for row in table(files["assets.csv"])} == ids
        assert {row["施設番号"] for row in table(files["assets_cp932.csv"], "cp932")} == ids
        features = json.loads(files["assets.geojson"].content)["features"]
        assert {feature["id"] for feature in features} == ids
        told = json.loads(files["assets_xroad.json"].content)["result"]
        assert {row["shisetsu_bangou"] for row in told} == ids
        towns = table(files["municipalities.csv"])
        assert sum(int(row["公開施設数"]) for row in towns) == 4
        assert sum(int(row["施設数"]) for row in towns) == 5

    def test_what_is_not_published_is_nowhere_but_in_a_count(
        self, files: dict[str, DataFile]
    ) -> None:
        for file in files.values():
            assert b"not-published" not in file.content, file.name

    def test_a_sensitive_place_is_the_same_cell_in_every_file(
        self, files: dict[str, DataFile]
    ) -> None:
        (row,) = [r for r in table(files["assets.csv"]) if r["施設番号"] == "ISK-0003"]
        features = json.loads(files["assets.geojson"].content)["features"]
        (feature,) = [f for f in features if f["id"] == "ISK-0003"]
        place = feature["geometry"]["coordinates"]
        assert place == [float(row["経度"]), float(row["緯度"])]
        assert place != [137.0, 37.0]
        assert (row["位置の精度"], row["所在地_連結表記"]) == ("mesh", "")

    @pytest.mark.parametrize("name", ["assets", "damages", "meshes"])
    def test_geojson_has_identifiers_boxes_and_no_nan(
        self, files: dict[str, DataFile], name: str
    ) -> None:
        def refuse(word: str) -> float:
            raise AssertionError(word)

        told = json.loads(files[f"{name}.geojson"].content, parse_constant=refuse)
        ids = [feature["id"] for feature in told["features"]]
        assert len(ids) == len(set(ids))
        for feature in told["features"]:
            assert ("bbox" in feature) is (feature["geometry"] is not None)
            if feature["geometry"] is not None:
                assert shapely.geometry.shape(feature["geometry"]).is_valid

    def test_columns_explain_every_column_of_the_assets(self, files: dict[str, DataFile]) -> None:
        explained = table(files["columns.csv"])
        assert [row["項目名"] for row in explained] == list(table(files["assets.csv"])[0])
        assert all(row["説明"] and row["説明（英）"] for row in explained)

    def test_values_are_of_the_type_that_their_column_says(
        self, files: dict[str, DataFile]
    ) -> None:
        kinds = {row["項目名"]: row["型"] for row in table(files["columns.csv"])}
        for row in table(files["assets.csv"]):
            for name, value in row.items():
                if not value:
                    continue
                if kinds[name] == "integer":
                    assert str(int(value)) == value, name
                elif kinds[name] == "number":
                    float(value)
                elif kinds[name] == "date":
                    assert date.fromisoformat(value).isoformat() == value

    def test_the_package_says_what_the_csv_says(
        self, files: dict[str, DataFile], tmp_path: Path
    ) -> None:
        (tmp_path / "o.gpkg").write_bytes(files["opendata.gpkg"].content)
        with closing(sqlite3.connect(tmp_path / "o.gpkg")) as opened:
            opened.row_factory = sqlite3.Row
            rows = {r["asset_id"]: dict(r) for r in opened.execute("SELECT * FROM assets")}
            towns = [dict(r) for r in opened.execute("SELECT * FROM municipalities")]
        ja = {column.ja: column.name for column in load_open_columns()}
        written = table(files["assets.csv"])
        assert len(rows) == len(written) == 4
        assert sum(row["geom"] is None for row in rows.values()) == 2
        for row in written:
            for heading, value in row.items():
                other = rows[row["施設番号"]][ja[heading]]
                assert value in (
                    "" if other is None else str(other),
                    f"{other:g}" if isinstance(other, float) else None,
                ), heading
        assert sum(town["published"] for town in towns) == 4

    def test_the_change_log_has_a_line_for_every_step(self, files: dict[str, DataFile]) -> None:
        log = table(files["changes.csv"])
        steps = [(row["種別"], row["施設番号"]) for row in log]
        assert steps.count(("publish", "ISK-0002")) == 2
        assert steps.count(("withdraw", "ISK-0002")) == 1
        assert {row["日付"] for row in log} == {"2026-05-01"}

    def test_writing_again_gives_the_same_bytes(self, data: OpenData) -> None:
        first, again = data_files(data), data_files(data)
        for one, other in zip(first, again, strict=True):
            if one.name != "opendata.gpkg":  # which carries the moment of its last change
                assert one == other, one.name


class TestXroad:
    @pytest.mark.parametrize(
        ("soundness", "level"),
        [("I", 1), ("II", 2), ("III", 3), ("IV", 4), ("III-1", 3), ("III-2", 3)],
    )
    def test_soundness_is_a_number_there(self, data: OpenData, soundness: str, level: int) -> None:
        """§7.1: ``tenken.kiroku.hantei_kubun`` is 1 to 4."""
        row = {**data.assets[0], "soundness": soundness}
        (told,) = xroad_rows(replace(data, assets=[row]))
        assert told["tenken"]["kiroku"]["hantei_kubun"] == level

    def test_what_is_unknown_is_left_out_and_not_null(self, data: OpenData) -> None:
        rows = {row["shisetsu_bangou"]: row for row in xroad_rows(data)}
        assert "kyouchou" not in rows["ISK-0002"]["syogen"]
        assert "null" not in json.dumps(rows)

    def test_no_path_of_xroad_is_the_beginning_of_another(self) -> None:
        paths = [column.xroad for column in load_open_columns() if column.xroad]
        for one in paths:
            assert not [other for other in paths if other.startswith(f"{one}.")], one


def test_columns_of_damages_are_unlike_and_in_every_row(data: OpenData) -> None:
    names = [name for name, _, _ in DAMAGE_COLUMNS]
    headings = [ja for _, ja, _ in DAMAGE_COLUMNS]
    assert len(set(names)) == len(set(headings)) == len(DAMAGE_COLUMNS)
    from inspection.codelists.opendata import load_redaction_rule
    from inspection.domain.publicrow import redact

    shown = redact(make_record(), rule=load_redaction_rule(), published_on="2026-05-01")
    assert set(names) <= set(shown.damages[0])
