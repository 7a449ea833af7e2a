"""The named values of a record: days in Japan, worst letters, photos under their own numbers."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from typing import Any

import ezdxf
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.eradate import day_in_japan, fiscal_year
from inspection.domain.inspectionrecord import Diagnosis, InspectionRecord, digest, to_plain
from inspection.export.dxf import write_dxf
from inspection.export.formvalues import (
    MARK,
    MOST_OF_A_MEMBER,
    day_of,
    form_tables,
    form_values,
    size_words,
)
from inspection.export.recordfiles import (
    DEFECT_FIELDS,
    ELEMENT_COLUMNS,
    record_features,
    record_json,
    record_map,
    write_elements_csv,
    write_record_gpkg,
)
from inspection.export.recordform import fill_form, shipped_template
from tests.support.released import make_confirmed, make_damage, make_record, with_sheet

LETTERS = "abcde"


def values(record: InspectionRecord | None = None, approved_at: str = "2026-05-01") -> Any:
    return form_values(record or make_record(), approved_by="課長", approved_at=approved_at)


class TestDays:
    @pytest.mark.parametrize(
        ("moment", "day"),
        [
            ("2026-04-30T14:59:59+00:00", "2026-04-30"),
            ("2026-04-30T15:00:00+00:00", "2026-05-01"),
            ("2026-04-30T15:00:00.123456+00:00", "2026-05-01"),
            ("2026-12-31T23:30:00Z", "2027-01-01"),
            ("2024-02-28T15:00:00+00:00", "2024-02-29"),
            ("2026-05-01T00:30:00+09:00", "2026-05-01"),
            ("2026-04-30T20:00:00-05:00", "2026-05-01"),
            ("2026-05-01", "2026-05-01"),
            ("2026-05-01T23:00:00", "2026-05-01"),
            ("", ""),
        ],
    )
    def test_an_official_form_bears_the_day_in_japan(self, moment: str, day: str) -> None:
        assert day_of(moment) == day
        assert values(approved_at=moment)["approved_at"] == day

    @settings(max_examples=100, deadline=None)
    @given(
        st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),
        st.integers(-14 * 60, 14 * 60),
    )
    def test_a_day_does_not_depend_on_the_zone_in_which_a_moment_is_told(
        self, naive: datetime, minutes: int
    ) -> None:
        moment = naive.replace(tzinfo=UTC)
        other = moment.astimezone(timezone(timedelta(minutes=minutes)))
        assert day_in_japan(other) == day_in_japan(moment) == (naive + timedelta(hours=9)).date()
        assert day_of(other.isoformat()) == str(day_in_japan(moment))

    @pytest.mark.parametrize(
        ("moment", "year"),
        [
            ("2026-03-31T14:59:59+00:00", 2025),
            ("2026-03-31T15:00:00+00:00", 2026),
            ("2027-03-31T14:59:59+00:00", 2026),
        ],
    )
    def test_the_fiscal_year_turns_at_midnight_in_japan(self, moment: str, year: int) -> None:
        assert fiscal_year(day_in_japan(datetime.fromisoformat(moment))) == year


class TestSingleValues:
    @pytest.mark.parametrize(
        ("letters", "worst"),
        [
            ({}, ""),
            ({"bridge": {"flood": "A"}}, f"A{MARK}"),
            ({"bridge": {"flood": "A"}, "substructure": {"flood": "C"}}, f"C{MARK}"),
            ({"bridge": {"flood": "B", "other": "A"}}, f"B{MARK}"),
            ({"bridge": {}}, ""),
        ],
    )
    def test_c_is_worse_than_b_and_b_than_a(self, letters: dict[str, Any], worst: str) -> None:
        """§1.8: worst-of aggregation C > B > A."""
        record = make_record(findings={"evaluation": letters})
        assert values(record)["evaluation_worst"] == worst

    def test_every_cell_of_the_evaluation_has_a_name(self) -> None:
        structures = ("bridge", "superstructure", "connection", "substructure", "failsafe")
        situations = ("live_load", "earthquake", "flood", "other")
        names = {f"evaluation_{a}_{b}" for a, b in product(structures, situations)}
        assert names < set(values())
        assert sum(name.startswith("evaluation_") for name in values()) == 6 * 4 + 1

    @pytest.mark.parametrize(
        ("route", "shown"),
        [("1", "第1次"), ("2", "第2次"), ("3", "第3次"), ("none", "指定なし"), ("", ""), ("x", "")],
    )
    def test_emergency_routes_in_words(self, route: str, shown: str) -> None:
        record = make_record(attributes={"emergency_route": route})
        assert values(record)["emergency_route"] == shown

    @pytest.mark.parametrize("value", ["62.3", True, None])
    def test_what_is_no_length_is_left_empty(self, value: Any) -> None:
        attributes = {} if value is None else {"length_m": value}
        found = values(make_record(attributes=attributes))["length_m"]
        assert found == ""

    @pytest.mark.parametrize(
        ("lat", "lon", "shown"),
        [
            (36.5946061234, 136.6256691234, "36.59461, 136.62567"),
            (0.0, 0.0, "0.00000, 0.00000"),
            (-12.5, -170.0, "-12.50000, -170.00000"),
            (None, None, ""),
            (36.5, None, ""),
        ],
    )
    def test_a_position_in_words(self, lat: float | None, lon: float | None, shown: str) -> None:
        record = with_sheet(make_record(), lat_deg=lat, lon_deg=lon)
        assert values(record)["position"] == shown

    def test_what_nobody_said_is_empty_and_never_the_word_none(self) -> None:
        bare = make_record(
            sheet={}, attributes={}, findings={}, damages=(), defects=(), groups=(), unverified=()
        )
        found = values(bare)
        said = {"asset_id", "name", "fiscal_year", "guideline", "diagnosis", "diagnosis_by"}
        said |= {"diagnosis_note", "approved_by", "approved_at"}
        assert {name for name, value in found.items() if value != ""} == said
        assert "None" not in map(str, found.values())

    def test_names_are_the_same_for_every_record(self) -> None:
        """A cell map of an agency must work for each of its bridges."""
        bare = make_record(sheet={}, attributes={}, findings={}, damages=(), defects=())
        assert set(values(bare)) == set(values())


class TestTables:
    @pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 1, 2), (7,), (2, 9)])
    def test_each_damage_keeps_its_own_photo_number(self, numbers: tuple[int, ...]) -> None:
        defects = tuple(
            make_confirmed(n, damage_ja=f"型{n}", photos=(f"DJI_{n}.JPG",)) for n in numbers
        )
        rows = form_tables(make_record(defects=defects))["photos"]
        assert [row["number"] for row in rows] == list(numbers)
        assert [row["damage"] for row in rows] == [f"型{n}" for n in numbers]
        assert [row["photo"] for row in rows] == [f"DJI_{n}.JPG" for n in numbers]
        assert [str(row["caption"]).split(" / ")[0] for row in rows] == [str(n) for n in numbers]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({}, "w=0.40 ± 0.10 mm L=1.25 ± 0.02 m"),
            ({"width": "< 0.20"}, "w< 0.20 mm L=1.25 ± 0.02 m"),
            ({"width": ""}, "L=1.25 ± 0.02 m"),
            ({"width": "", "length": ""}, "A=0.003 m²"),
            ({"length": ""}, "w=0.40 ± 0.10 mm A=0.003 m²"),
        ],
    )
    def test_sizes_in_words(self, changes: dict[str, Any], words: str) -> None:
        assert size_words(make_confirmed(**changes)) == words

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(1, 12), st.sampled_from(LETTERS), st.sampled_from(["", *LETTERS])
            ),
            min_size=1,
            max_size=14,
        ),
        st.randoms(use_true_random=False),
    )
    def test_the_summary_has_the_worst_letter_of_each_type_in_whatever_order(
        self, found: list[tuple[int, str, str]], random: Any
    ) -> None:
        damages = [
            make_damage(damage_no=number, damage_ja=f"型{number}", grade=grade, previous=previous)
            for number, grade, previous in found
        ]
        rows = form_tables(make_record(damages=tuple(damages)))["summary"]
        worst: dict[int, str] = {}
        before: dict[int, str] = {}
        for number, grade, previous in found:
            worst[number] = max(worst.get(number, "a"), grade)
            if previous:
                before[number] = max(before.get(number, "a"), previous)
        shown = [
            (row[f"damage_{i}"], row[f"grade_{i}"], row[f"previous_{i}"])
            for row in rows
            for i in range(1, MOST_OF_A_MEMBER + 1)
            if f"damage_{i}" in row
        ]
        assert [letter for _, letter, _ in shown] == [worst[n] for n in sorted(worst)]
        assert [letter for _, _, letter in shown] == [before.get(n, "") for n in sorted(worst)]
        assert len(rows) == -(-len(worst) // MOST_OF_A_MEMBER)
        random.shuffle(damages)
        assert form_tables(make_record(damages=tuple(damages)))["summary"] == rows

    def test_members_spans_and_materials_have_rows_of_their_own(self) -> None:
        damages = (
            make_damage("Mg0101"),
            make_damage("Mg0201"),
            make_damage("Mg0101", span=2),
            make_damage("Mg0101", material="S"),
            make_damage("Mg0102"),
        )
        rows = form_tables(make_record(damages=damages))["summary"]
        keys = [(row["span"], row["material"], row["member_no"]) for row in rows]
        assert keys == [(1, "C", "01"), (1, "C", "02"), (1, "S", "01"), (2, "C", "01")]

    def test_an_element_is_split_into_symbol_and_number(self) -> None:
        damages = (make_damage("Mg0101"), make_damage("Ds1234", damage_no=0, pattern=0))
        one, two = form_tables(make_record(damages=damages))["elements"]
        assert (one["symbol"], one["element"], one["pattern"]) == ("Mg", "0101", "②")
        assert (two["symbol"], two["element"], two["damage"]) == ("Ds", "1234", "NON")
        assert two["pattern"] == ""
        assert one["countermeasures"] == "C1+S1"


class TestFiles:
    def test_the_element_sheet_has_every_record_once(self, tmp_path: Path) -> None:
        damages = tuple(make_damage(f"Mg01{n:02}", grade=g) for n, g in enumerate("abcde", 1))
        report = write_elements_csv(make_record(damages=damages), tmp_path / "e.csv")
        text = (tmp_path / "e.csv").read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert report.rows == len(rows) == 5
        assert list(rows[0]) == [ja for _, ja in ELEMENT_COLUMNS]
        assert [row["要素番号"] for row in rows] == [f"Mg01{n:02}" for n in range(1, 6)]
        assert {row["点検年度"] for row in rows} == {"2026"}

    def test_the_digest_can_be_checked_by_anybody_with_json_and_sha256(self) -> None:
        import hashlib

        record = make_record()
        told = json.loads(json.dumps(record_json(record, digest(to_plain(record)))))
        canonical = json.dumps(
            told["record"], sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        assert hashlib.sha256(canonical.encode()).hexdigest() == told["sha256"]

    @pytest.mark.parametrize("place", [{}, {"lon_deg": None, "lat_deg": None}])
    def test_a_geopackage_without_a_position_keeps_all_else(
        self, tmp_path: Path, place: dict[str, None]
    ) -> None:
        sheet = {k: v for k, v in make_record().sheet.items() if k not in ("lon_deg", "lat_deg")}
        write_record_gpkg(make_record(sheet={**sheet, **place}), tmp_path / "r.gpkg")
        with closing(sqlite3.connect(tmp_path / "r.gpkg")) as opened:
            counts = {
                name: opened.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                for name in ("assets", "damages", "spans", "elements", "images")
            }
        assert counts == {"assets": 0, "damages": 1, "spans": 2, "elements": 1, "images": 1}

    def test_photos_in_the_package_prove_themselves(self, tmp_path: Path) -> None:
        photos = make_confirmed(photos=("a.JPG", "b.JPG"), photo_sha256s=("1" * 64, "2" * 64))
        write_record_gpkg(make_record(defects=(photos,)), tmp_path / "r.gpkg")
        with closing(sqlite3.connect(tmp_path / "r.gpkg")) as opened:
            rows = opened.execute("SELECT number, photo, sha256 FROM images").fetchall()
        assert rows == [(1, "a.JPG", "1" * 64), (1, "b.JPG", "2" * 64)]

    def test_features_carry_what_the_record_says_and_no_more(self) -> None:
        (feature,) = record_features(make_record())["features"]
        assert set(feature["properties"]) == {"asset_id", "fiscal_year", *DEFECT_FIELDS}
        json.dumps(feature, allow_nan=False)

    @pytest.mark.parametrize("name", ["橋", "", 'a<>/\\":;?*|=`,', "%%d\\P^M\n0\nEOF", "名" * 300])
    def test_a_drawing_opens_whatever_the_names(self, tmp_path: Path, name: str) -> None:
        record = make_record(
            asset={"name": name, "kind": "bridge"}, defects=(make_confirmed(damage_ja=name),)
        )
        drawn = record_map(record, {"crack": "#112233"}, survey_id=None, language="ja")
        write_dxf(drawn, tmp_path / "r.dxf")
        document = ezdxf.readfile(tmp_path / "r.dxf")
        assert not document.audit().errors
        (line,) = document.modelspace().query("LWPOLYLINE[layer ? 'DMG_.*']")
        assert document.layers.get(line.dxf.layer).rgb == (0x11, 0x22, 0x33)
        (tag,) = line.get_xdata("TENKEN")
        assert tag.value == record.defects[0].defect_id

    def test_the_shipped_form_takes_a_record_of_a_big_bridge(self, tmp_path: Path) -> None:
        damages = tuple(
            make_damage(f"Mg{a:02}{b:02}", span=a) for a in range(1, 9) for b in range(1, 16)
        )
        defects = tuple(make_confirmed(n) for n in range(1, 22))
        record = make_record(damages=damages, defects=defects)
        from inspection.export.recordform import Filling

        filling = Filling(values=values(record), tables=form_tables(record), pictures={})
        template, cell_map = shipped_template()
        path = tmp_path / "f.xlsx"
        report = fill_form(filling, path, template=template, cell_map=cell_map)
        assert report.copies >= 3 + 5
        assert len(set(report.sheets)) == len(report.sheets)


def test_the_worst_letter_of_a_record_is_that_of_its_damages_and_defects() -> None:
    for recorded, confirmed in product(["", *LETTERS], repeat=2):
        record = make_record(
            damages=(make_damage(grade=recorded),) if recorded else (),
            defects=(make_confirmed(grade=confirmed),),
        )
        assert record.worst_grade == max(recorded, confirmed)
        assert values(record)["worst_grade"] == max(recorded, confirmed)


def test_a_pavement_class_is_a_diagnosis_too() -> None:
    record = replace(make_record(), diagnosis=Diagnosis(subject="R", value="III-2", by="技師"))
    assert values(record)["diagnosis"] == "III-2"
    assert shapely.from_wkt(record.defects[0].outline_lonlat).is_valid
