"""Code-lists of records and open data: what ships is sound, slips are named with their place."""

from typing import Any

import pytest

from inspection.codelists.codelist import Codelist, load_codelist
from inspection.codelists.columns import heading_key, load_fields
from inspection.codelists.findings import FILE_MAX, TEXT_MAX, read_findings
from inspection.codelists.opendata import (
    load_open_columns,
    load_redaction_rule,
    open_columns,
    redaction_rule,
)
from inspection.errors import BadCodelist, BadInput


def changed(name: str, **fields: Any) -> Codelist:
    shipped = load_codelist(name)
    return Codelist(
        id=shipped.id,
        version=shipped.version,
        source=shipped.source,
        needs_review=shipped.needs_review,
        fields={**shipped.fields, **fields},
    )


class TestColumns:
    def test_the_first_columns_follow_the_common_rules(self) -> None:
        names = [column.ja for column in load_open_columns()]
        assert names[:2] == ["全国地方公共団体コード", "施設番号"]
        assert names[-1] == "備考"
        assert {
            "施設ID",
            "橋梁名",
            "橋梁名_カナ",
            "路線名",
            "緯度",
            "経度",
            "橋長(m)",
            "幅員(m)",
            "架設年度(西暦)",
            "上部構造形式",
            "管理者",
            "点検年度",
            "健全性判定区分",
            "措置状況",
        } <= set(names)

    def test_every_xroad_path_is_one_that_the_importer_knows(self) -> None:
        known = {alias for field in load_fields().values() for alias in field.aliases}
        for column in load_open_columns():
            if column.xroad:
                assert heading_key(column.xroad) in known, column.name

    @pytest.mark.parametrize("field", ["name", "ja", "en", "xroad"])
    def test_nothing_stands_twice(self, field: str) -> None:
        rows = [dict(row) for row in load_codelist("open_data_column").rows()]
        rows[1][field] = rows[0][field]
        with pytest.raises(BadCodelist, match=f"has a {field} twice"):
            open_columns(changed("open_data_column", rows=rows))

    def test_slips_are_refused(self) -> None:
        rows = [dict(row) for row in load_codelist("open_data_column").rows()]
        rows[0]["type"] = "blob"
        with pytest.raises(BadCodelist, match="municipality_code"):
            open_columns(changed("open_data_column", rows=rows))
        del rows[0]["about_ja"]
        with pytest.raises(BadCodelist, match="about_ja"):
            open_columns(changed("open_data_column", rows=rows))


class TestRedactionRule:
    def test_the_numbers_of_the_specification(self) -> None:
        rule = load_redaction_rule()
        assert rule.position_decimals == 5
        assert rule.least_assets_per_mesh == 3
        assert rule.withhold_damage_of == {"III", "IV"}

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"position_decimals": 9}, "decimals"),
            ({"withhold_damage_of": ["V"]}, "soundness I to IV"),
            ({"least_assets_per_mesh": 0}, "at least one"),
            ({"forbidden": [{"code": "x", "en": "x", "pattern": "("}]}, "redaction_rule"),
            ({"forbidden": [{"code": "x"}]}, "redaction_rule"),
        ],
    )
    def test_slips_are_refused(self, fields: dict[str, Any], words: str) -> None:
        with pytest.raises(BadCodelist, match=words):
            redaction_rule(changed("redaction_rule", **fields))


class TestCatalogue:
    def test_every_file_has_words_in_both_languages_and_a_known_format(self) -> None:
        listed = load_codelist("open_data_catalogue")
        for name, words in listed["files"].items():
            assert words["ja"] and words["en"]
            assert name.rpartition(".")[2] in listed["formats"]


class TestFindings:
    def test_a_whole_sheet_is_read(self) -> None:
        sheet = """
        evaluation: {superstructure: {live_load: B, earthquake: A}, bridge: {flood: C}}
        events: {salt: 有, scour: 無, other: –}
        inspected_on: 2026-10-15
        remarks: |
          床版に剥離。
        """
        found = read_findings(sheet.encode())
        assert found["evaluation"]["bridge"] == {"flood": "C"}
        assert found["inspected_on"] == "2026-10-15"
        assert found["remarks"] == "床版に剥離。"
        assert read_findings(b"") == {}
        assert read_findings(b"\xef\xbb\xbfremarks: x") == {"remarks": "x"}

    @pytest.mark.parametrize(
        ("sheet", "words"),
        [
            ("[1, 2]", "must be a mapping"),
            ("a: [", "no YAML"),
            ("soundness: III", r"unknown keys \['soundness'\]"),
            ("evaluation: {pier: {flood: A}}", "'pier'"),
            ("evaluation: {bridge: {wind: A}}", "'wind'"),
            ("evaluation: {bridge: {flood: D}}", "'D'; the technical evaluation is one of A, B, C"),
            ("evaluation: {bridge: B}", "must be a mapping"),
            ("events: {salt: maybe}", "'maybe'; it is one of 有, 無"),
            ("events: {rust: 有}", "'rust'"),
            ("remarks: {a: 1}", "must be a text"),
            (f"remarks: {'x' * (TEXT_MAX + 1)}", str(TEXT_MAX)),
        ],
    )
    def test_a_slip_is_named_with_what_is_allowed(self, sheet: str, words: str) -> None:
        with pytest.raises(BadInput, match=words):
            read_findings(sheet.encode())

    def test_bytes_that_are_no_text_and_huge_files_are_refused(self) -> None:
        with pytest.raises(BadInput, match="UTF-8"):
            read_findings(b"\xff\xfe\x00")
        with pytest.raises(BadInput, match="bytes"):
            read_findings(b"#" * (FILE_MAX + 1))
