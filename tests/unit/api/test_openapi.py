"""The committed description of the API is the one that the code has."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import api
from api.openapi import described

COMMITTED = Path(api.__file__).parent / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(described())
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_committed_document_is_current(document: dict[str, Any]) -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == document, "the API changed: run 'make openapi' and commit api/openapi.json"


def test_the_document_is_written_the_same_way_each_time() -> None:
    assert described() == COMMITTED.read_text(encoding="utf-8")


def test_every_operation_is_named_once_and_described(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 25
    for path, method, operation in operations(document):
        assert operation.get("description"), f"{method} {path} has no description"
        assert operation["tags"]


def test_every_json_answer_has_a_named_shape(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {})
            if status.startswith("2") and list(content) == ["application/json"]:
                schema = content["application/json"]["schema"]
                assert "$ref" in schema, f"{method} {path} answers {status} without a shape"


def test_errors_are_described_as_problem_details(document: dict[str, Any]) -> None:
    shared = document["components"]["responses"]
    for path, method, operation in operations(document):
        answers = operation["responses"]
        assert "default" not in answers, f"{method} {path} hides what is not documented"
        assert {"421", "500", "503"} <= set(answers), f"{method} {path}"
        for status, answer in answers.items():
            if status[0] in "45":
                named = answer.get("$ref", "").removeprefix("#/components/responses/")
                content = answer["content"] if "content" in answer else shared[named]["content"]
                schema = content["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, f"{method} {path}"


def test_no_path_of_a_machine_is_published(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for piece in (*(f"/{folder}/" for folder in ("home", "root", "tmp")), "C:\\\\"):
        assert piece not in text


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert len(references) > 20
    for reference in references:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]
