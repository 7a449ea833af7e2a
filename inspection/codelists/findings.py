"""Read what a person wrote for the 2024 forms, checked against the code-list of its fields."""

from collections.abc import Mapping
from typing import Any

import yaml

from inspection.codelists.codelist import load_codelist
from inspection.codelists.yamltext import read_yaml
from inspection.errors import BadInput

FORM = "jp_r6_form"
TEXT_MAX = 4000
"""Most characters of one field of a form."""

FILE_MAX = 200_000
"""Most bytes of a sheet of findings."""


def read_findings(content: bytes) -> dict[str, Any]:
    r"""Read a sheet of findings (YAML or JSON) with the keys of ``jp_r6_form``.

    ::

        evaluation: {superstructure: {live_load: B, earthquake: A}}
        events: {salt: 有, scour: 無}
        remarks: 主桁端部に塩害による剥離・鉄筋露出が見られる。

    Raises:
        BadInput: when it is no such sheet; the message names the key and what is allowed.

    >>> read_findings(b"events: {scour: \xe7\x84\xa1}")
    {'events': {'scour': '無'}}
    """
    if len(content) > FILE_MAX:
        raise BadInput(f"the findings have {len(content)} bytes, more than {FILE_MAX}")
    try:
        sheet = read_yaml(content.decode("utf-8-sig"), words=True)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"the findings are no YAML in UTF-8: {error}") from error
    if sheet is None:
        return {}
    if not isinstance(sheet, dict):
        raise BadInput("the findings must be a mapping such as 'remarks: …'")
    form = load_codelist(FORM)
    words = {row["code"] for row in form["words"]}
    allowed = {"evaluation", "events", *words}
    unknown = sorted(str(key) for key in sheet if key not in allowed)
    if unknown:
        raise BadInput(f"the findings have unknown keys {unknown}; there are {sorted(allowed)}")
    found: dict[str, Any] = {key: _text(key, sheet[key]) for key in sheet if key in words}
    if "evaluation" in sheet:
        found["evaluation"] = _evaluation(sheet["evaluation"], form.fields)
    if "events" in sheet:
        found["events"] = _events(sheet["events"], form.fields)
    return found


def _text(key: str, value: object) -> str:
    """Check one field of free words."""
    text = value.strip() if isinstance(value, str) else ""
    if isinstance(value, dict | list) or "\0" in text:
        raise BadInput(f"{key!r} must be a text, got {type(value).__name__}")
    if len(text) > TEXT_MAX:
        raise BadInput(f"{key!r} has {len(text)} characters; a form holds {TEXT_MAX}")
    return text


def _evaluation(given: object, form: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Check the matrix structure × situation of A, B, C."""
    letters = _codes(form["evaluations"])
    found: dict[str, dict[str, str]] = {}
    for structure, cells in _mapping("evaluation", given, _codes(form["structures"])).items():
        where = f"evaluation.{structure}"
        for situation, letter in _mapping(where, cells, _codes(form["situations"])).items():
            if letter not in letters:
                raise BadInput(
                    f"{where}.{situation} is {letter!r}; the technical evaluation is one of "
                    f"{', '.join(letters)}"
                )
            found.setdefault(structure, {})[situation] = str(letter)
    return found


def _events(given: object, form: Mapping[str, Any]) -> dict[str, str]:
    """Check the special events."""
    allowed = [str(value) for value in form["event_values"]]
    found = {}
    for event, value in _mapping("events", given, _codes(form["events"])).items():
        if value not in allowed:
            raise BadInput(f"events.{event} is {value!r}; it is one of {', '.join(allowed)}")
        found[event] = str(value)
    return found


def _mapping(where: str, given: object, allowed: list[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadInput(f"{where!r} must be a mapping with some of {', '.join(allowed)}")
    for key in given:
        if key not in allowed:
            raise BadInput(f"{where!r} has {key!r}; it knows {', '.join(allowed)}")
    return given


def _codes(rows: object) -> list[str]:
    assert isinstance(rows, list)
    return [str(row["code"]) for row in rows]
