"""Read a code-list that ships with Tenken: one YAML mapping with a head and its own fields."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from inspection.codelists.yamltext import read_yaml
from inspection.errors import BadCodelist


@dataclass(frozen=True, slots=True, kw_only=True)
class Codelist:
    """Carry one code-list.

    Attributes:
        id: its name, stable.
        version: changes with every change of the content.
        source: where the content comes from, with provenance tags.
        needs_review: some of it is not yet checked against the official text.
        fields: the rest.
    """

    id: str
    version: str
    source: str
    needs_review: bool
    fields: Mapping[str, Any]

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 a field may be anything YAML knows
        """Give a field.

        Raises:
            BadCodelist: when the code-list does not have it.
        """
        if field not in self.fields:
            raise BadCodelist(f"code-list {self.id!r} lacks the field {field!r}")
        return self.fields[field]

    def rows(self) -> list[Mapping[str, Any]]:
        """Give the list ``rows``.

        Raises:
            BadCodelist: when it is missing or holds something else than mappings.
        """
        rows = self["rows"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadCodelist(f"code-list {self.id!r}: 'rows' must be a list of mappings")
        return rows


@lru_cache(maxsize=32)
def load_codelist(name: str) -> Codelist:
    """Read a code-list that ships with Tenken by its name.

    Raises:
        BadCodelist: when there is none, or it breaks the rules of every code-list.
    """
    file = resources.files(__package__).joinpath(f"{name}.yaml")
    if not file.is_file():
        raise BadCodelist(f"there is no code-list {name!r}")
    return read_codelist(file.read_text(encoding="utf-8"), name)


def read_codelist(text: str, name: str) -> Codelist:
    """Read a code-list from its text and check its head.

    Raises:
        BadCodelist: when it is no YAML mapping, its head is incomplete or it has another name.
    """
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        raise BadCodelist(f"code-list {name!r} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise BadCodelist(f"code-list {name!r} must be one mapping")
    for field, kind in (("id", str), ("version", str), ("source", str), ("needs_review", bool)):
        if not isinstance(content.get(field), kind):
            raise BadCodelist(f"code-list {name!r} needs {field!r} ({kind.__name__})")
    if content["id"] != name:
        raise BadCodelist(f"code-list {name!r} calls itself {content['id']!r}")
    head = ("id", "version", "source", "needs_review")
    return Codelist(
        **{field: content[field] for field in head},
        fields={key: value for key, value in content.items() if key not in head},
    )


def number(value: object) -> float:
    """Give a value that must be a finite number; what is none, or has no end, orders nothing.

    Raises:
        ValueError: when it is none.

    >>> number("0.3")
    0.3
    """
    found = float(str(value))
    if not math.isfinite(found):
        raise ValueError(f"{value!r} is no finite number")
    return found


def whole(value: object) -> int:
    """Give a value that must be a whole number.

    Raises:
        ValueError: when it is none.

    >>> whole(7)
    7
    """
    found = number(value)
    if found != int(found):
        raise ValueError(f"{value!r} is no whole number")
    return int(found)
