"""Bodies that are good but for one value: what JSON can carry and no program sends."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import schemathesis
from schemathesis import GenerationMode

from tests.support.fuzzing import committed

RAW = {
    "nan": "NaN",
    "infinity": "-Infinity",
    "too-far": "1e999",
    "many-digits": "9" * 400,
    "more-digits-than-python-reads": "9" * 5000,
    "past-64-bit": "9223372036854775808",
    "nul": r'"a\u0000b"',
    "half-a-character": r'"\ud800"',
    "turned-writing": r'"\u202eabc"',
    "key-half": r'{"\ud800": 1}',
    "key-nul": r'{"\u0000": "\u0000"}',
    "long": '"' + "x" * 20_000 + '"',
    "deep": "[" * 400 + "]" * 400,
    "deeper-than-python-reads": "[" * 100_000,
    "null": "null",
    "true": "true",
    "empty": '""',
    "negative-zero": "-0.0",
    "tiny": "5e-324",
    "object": "{}",
}
"""Pieces of JSON by what is wrong with them."""

_MARK = "\u2603here\u2603"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Name an operation that takes JSON, with one body that fits the document."""

    method: str
    path: str
    body: Any


def takers() -> Iterator[Taker]:
    """Find every operation that takes JSON in the committed document."""
    schema = schemathesis.openapi.from_dict(committed())
    for result in schema.get_all_operations():
        operation = result.ok()
        taken = operation.definition.raw.get("requestBody", {}).get("content", {})
        if "application/json" not in taken:
            continue
        cases = schema.iter_coverage_cases(
            operation,
            generation_modes=[GenerationMode.POSITIVE],
            generation_config=schema.config.generation_for(operation=operation),
        )
        body = max((next(cases).body for _ in range(3)), key=lambda body: len(json.dumps(body)))
        yield Taker(method=operation.method.upper(), path=operation.path, body=body)


def spoilt(body: Any, raw: str) -> Iterator[bytes]:
    """Give a body as often as it has values, each time with another one replaced."""
    for marked in _marked(body):
        yield json.dumps(marked).replace(json.dumps(_MARK), raw).encode()


def _marked(value: Any) -> Iterator[Any]:
    yield _MARK
    if isinstance(value, dict):
        for key, inner in value.items():
            for marked in _marked(inner):
                yield {**value, key: marked}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for marked in _marked(inner):
                yield [*value[:index], marked, *value[index + 1 :]]
