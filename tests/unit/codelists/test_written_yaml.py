"""YAML that people write: findings, assets, models. Nothing grows, vanishes or changes its kind."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.asset_file import load_asset
from inspection.codelists.cameras import read_cameras
from inspection.codelists.codelist import load_codelist, read_codelist
from inspection.codelists.findings import FILE_MAX, FORM, TEXT_MAX, read_findings
from inspection.codelists.yamltext import read_yaml
from inspection.errors import BadCodelist, BadInput

LAW = settings(max_examples=40, deadline=None, derandomize=True)

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
"""Half a kilobyte that stands for 9¹² words."""

HEAD = "id: x\nversion: '1'\nsource: s\nneeds_review: true\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "asset.yaml"
    path.write_text(text, encoding="utf-8")
    return path


HOSTILE = {
    "a bomb of aliases": (BOMB + "{field}: *a11", "aliases are not read"),
    "one harmless alias": ("x: &x [1]\n{field}: *x", "aliases are not read"),
    "brackets without end": ("{field}: " + "[" * 600, "nested too deep"),
    "braces without end": ("{field}: " + "{{a: " * 9_000, "nested too deep"),
    "a key twice": ("{field}: one\n{field}: two", "stands there twice"),
    "a Python object": ("{field}: !!python/object/apply:os.system [echo]", "python/object"),
    "an unknown tag": ("{field}: !secret x", "!secret"),
    "a tab for an indent": ("{field}:\n\t- x", "cannot start any token"),
    "two documents": ("{field}: x\n---\n{field}: y", "single document"),
    "an open quote": ("{field}: 'x", "end of stream"),
    "half a character": ('{{"{field}": "\\ud842"}}', "surrogate|truncated|utf-16"),
    "a control character": ("{field}: \x07", "not allowed"),
}


@pytest.mark.parametrize(("text", "says"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_yaml_is_refused_at_once_by_every_reader(
    tmp_path: Path, text: str, says: str
) -> None:
    begun = time.process_time()
    with pytest.raises(BadInput, match=f"the findings are no YAML(.|\n)*{says}"):
        read_findings(text.format(field="remarks").encode())
    with pytest.raises(BadCodelist, match=rf"asset\.yaml is no YAML(.|\n)*{says}"):
        load_asset(written(tmp_path, text.format(field="name")))
    with pytest.raises(BadCodelist, match=f"'x' is not YAML(.|\n)*{says}"):
        read_codelist(text.format(field="rows"), "x")
    with pytest.raises(BadCodelist, match=f"camera code-list is not YAML(.|\n)*{says}"):
        read_cameras(text.format(field="cameras"))
    assert time.process_time() - begun < 30  # what is read in full takes hours, and all memory


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@LAW
@given(PLAIN)
def test_what_pyyaml_and_json_write_comes_back(value: Any) -> None:
    assert read_yaml(yaml.safe_dump(value, allow_unicode=True)) == value
    assert read_yaml(yaml.safe_dump(value)) == value
    assert read_yaml(json.dumps(value)) == value


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "0123", "1_000", "1:30", "2024-05-31", "2024-02-30", "1.10", ".nan", "1e3",
     "0x1F", "true", "有", "R6.5.31", "=", "12:30:45", "𠮷田橋"],
)  # fmt: skip
def test_a_word_of_a_form_is_kept_as_it_was_written(word: str) -> None:
    # YAML 1.1 would print "False" for no, 83 for 0123, 90 for 1:30 and 1.1 for 1.10 in the form
    assert read_findings(f"remarks: {word}".encode()) == {"remarks": word}
    assert read_findings(f"{{remarks: '{word}'}}".encode()) == {"remarks": word}


def test_a_rare_kanji_escaped_as_json_does_is_one_character(tmp_path: Path) -> None:
    asset = {"asset_id": "ISK-1", "name": "𠮷野橋🌉", "attributes": {"owner": "𠮷"}}
    found = load_asset(written(tmp_path, json.dumps(asset)))
    assert (found.name, found.attributes["owner"]) == ("𠮷野橋🌉", "𠮷")
    assert (
        read_findings(json.dumps({"remarks": "𠮷"}).encode())["remarks"].encode() == "𠮷".encode()
    )


@pytest.mark.parametrize("nothing", ["", "~", "null", "''", "'  '"])
def test_an_empty_field_of_a_form_is_an_empty_text(nothing: str) -> None:
    assert read_findings(f"remarks: {nothing}".encode()) == {"remarks": ""}


WORDS = [row["code"] for row in load_codelist(FORM)["words"]]
STRUCTURES = [row["code"] for row in load_codelist(FORM)["structures"]]
SITUATIONS = [row["code"] for row in load_codelist(FORM)["situations"]]
EVENTS = [row["code"] for row in load_codelist(FORM)["events"]]
SHEETS = st.fixed_dictionaries(
    {},
    optional={
        **{
            word: st.text(
                st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"),
                max_size=20,
            ).map(str.strip)
            for word in WORDS
        },
        "evaluation": st.dictionaries(
            st.sampled_from(STRUCTURES),
            st.dictionaries(st.sampled_from(SITUATIONS), st.sampled_from("ABC"), min_size=1),
        ).filter(bool),
        "events": st.dictionaries(st.sampled_from(EVENTS), st.sampled_from(["有", "無", "–"])),
    },
)


@LAW
@given(SHEETS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_a_sheet_comes_back_from_yaml_and_json_with_any_line_ends(
    sheet: dict[str, Any], ends: str, mark: bool, as_json: bool
) -> None:
    text = (
        json.dumps(sheet, ensure_ascii=False, indent=1)
        if as_json
        else yaml.safe_dump(sheet, allow_unicode=True, width=1000)
    )
    content = (b"\xef\xbb\xbf" if mark else b"") + text.replace("\n", ends).encode()
    assert read_findings(content) == sheet


@pytest.mark.parametrize(
    ("sheet", "says"),
    [
        ("remarks: [a, b]", "'remarks' must be a text, got list"),
        ("notes: {a: b}", "'notes' must be a text, got dict"),
        ('remarks: "a\\0b"', "'remarks' must be a text"),
        (f"remarks: {'あ' * (TEXT_MAX + 1)}", f"{TEXT_MAX + 1} characters.* holds {TEXT_MAX}"),
        ("remark: x", r"unknown keys \['remark'\].*'remarks'"),
        ("~: x", "unknown keys"),
        ("- remarks", "must be a mapping such as 'remarks: …'"),
        ("remarks", "must be a mapping"),
        ("evaluation: [A]", "'evaluation' must be a mapping with some of bridge"),
        ("evaluation: {deck: {flood: A}}", "'deck'; it knows bridge, superstructure"),
        ("evaluation: {bridge: A}", "'evaluation.bridge' must be a mapping with some of live_load"),
        ("evaluation: {bridge: {wind: A}}", "'evaluation.bridge' has 'wind'; it knows live_load"),
        ("evaluation: {bridge: {flood: D}}", "evaluation.bridge.flood is 'D'.*A, B, C"),
        ("evaluation: {bridge: {flood: a}}", "'a'.*A, B, C"),
        ("evaluation: {bridge: {flood: [A]}}", "one of A, B, C"),
        ("evaluation: {bridge: {flood: Ａ}}", "one of A, B, C"),
        ("events: {rust: 有}", "'rust'; it knows fatigue"),
        ("events: {salt: yes}", "events.salt is 'yes'; it is one of 有, 無, –"),
        ("events: {salt: }", "events.salt is None"),
        ("events: 有", "'events' must be a mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_sheet_is_named_with_its_place(sheet: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_findings(sheet.encode())


@pytest.mark.parametrize("encoding", ["cp932", "euc-jp", "utf-16"])
def test_a_sheet_in_another_encoding_is_refused_not_garbled(encoding: str) -> None:
    with pytest.raises(BadInput, match="no YAML in UTF-8"):
        read_findings("remarks: 主桁端部に塩害".encode(encoding))


def test_the_longest_sheet_and_field_are_read_and_one_more_is_not() -> None:
    longest = "あ" * TEXT_MAX
    assert read_findings(f"remarks: {longest}".encode()) == {"remarks": longest}
    comment = b"remarks: x\n#"
    assert read_findings(comment + b" " * (FILE_MAX - len(comment))) == {"remarks": "x"}
    with pytest.raises(BadInput, match=f"{FILE_MAX + 1} bytes, more than {FILE_MAX}"):
        read_findings(comment + b" " * (FILE_MAX + 1 - len(comment)))


# assets: numbers of the priority model stay numbers
@pytest.mark.parametrize(
    ("written_value", "value"),
    [("12000", 12000), ("1.5", 1.5), ("true", True), ("'0123'", "0123"), ("first", "first")],
)
def test_attributes_keep_their_kind(tmp_path: Path, written_value: str, value: object) -> None:
    text = f"asset_id: B\nname: 橋\nattributes: {{x: {written_value}}}"
    found = load_asset(written(tmp_path, text)).attributes["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{x: .nan}", "attribute 'x'.*nan"), ("{x: .inf}", "attribute 'x'.*inf"),
        ("{x: ~}", "attribute 'x'.*None"), ("{x: 2024-05-31}", "attribute 'x'.*2024"),
        ("{1: a}", "attribute 1"), ("{x: {y: 1}}", "attribute 'x'"), ("text", "must be a mapping"),
    ],
)  # fmt: skip
def test_an_attribute_that_is_no_value_is_named(tmp_path: Path, value: str, says: str) -> None:
    with pytest.raises(BadCodelist, match=says):
        load_asset(written(tmp_path, f"asset_id: B\nname: 橋\nattributes: {value}"))


@pytest.mark.parametrize("field", ["asset_id", "name", "member"])
@pytest.mark.parametrize("value", ["12", "1.5", "true", "[a]", "{a: b}", "2024-05-31"])
def test_a_name_that_yaml_takes_for_something_else_is_refused(
    tmp_path: Path, field: str, value: str
) -> None:
    fields = {"asset_id": "B", "name": "橋", field: value}
    text = "\n".join(f"{name}: {given}" for name, given in fields.items())
    with pytest.raises(BadCodelist, match=f"{field} must be text, got"):
        load_asset(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "must be one mapping"), ("", "must be one mapping"), ("7", "must be one mapping"),
        (HEAD.replace("'1'", "1.0"), r"needs 'version' \(str\)"),
        (HEAD.replace("true", "maybe"), r"needs 'needs_review' \(bool\)"),
        (HEAD.replace("id: x", "id: y"), "'x' calls itself 'y'"),
    ],
)  # fmt: skip
def test_a_code_list_of_a_broken_head_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadCodelist, match=says):
        read_codelist(text, "x")


def test_fields_and_rows_of_a_code_list_that_are_missing_are_named() -> None:
    some = read_codelist(HEAD + "rows: [{a: 1}, 2]\nz: 3", "x")
    assert some["z"] == 3
    with pytest.raises(BadCodelist, match="'x': 'rows' must be a list of mappings"):
        some.rows()
    with pytest.raises(BadCodelist, match="'x' lacks the field 'y'"):
        some["y"]
    with pytest.raises(BadCodelist, match=r"there is no code-list '\.\./secret'"):
        load_codelist("../secret")
