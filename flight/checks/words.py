"""Say findings in Japanese or English: the table ``words.yaml``."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from flight.checks.finding import Finding
from inspection.errors import Broken


class Language(StrEnum):
    """Say in which language to speak."""

    EN = "en"
    JA = "ja"


def title(finding: Finding, language: Language) -> str:
    """Name the check of a finding."""
    if finding.title is not None:
        return str(getattr(finding.title, language.value))
    return _entry("titles", finding.check)[language.value]


def reason(finding: Finding, language: Language) -> str:
    """Say why, with the figures.

    >>> from flight.checks.finding import Outcome
    >>> facts = {"wind_m_s": 4.0, "limit_m_s": 5.0}
    >>> wind = Finding(
    ...     check="wind", outcome=Outcome.PASS, reason="wind.below", source="s", facts=facts)
    >>> reason(wind, Language.EN)
    'wind 4 m/s, limit 5 m/s'
    """
    return _filled("reasons", finding.reason, language, finding.facts)


def phrase(key: str, language: Language, **facts: Any) -> str:  # noqa: ANN401 any fact
    """Give a phrase of the report itself."""
    return _filled("report", key, language, facts)


def _filled(table: str, key: str, language: Language, facts: Mapping[str, Any]) -> str:
    """Fill the figures into a wording."""
    template = _entry(table, key)[language.value]
    try:
        return template.format(**facts)
    except (KeyError, ValueError) as error:
        raise Broken(
            f"words.yaml: {table} {key!r} asks for {error}, got {sorted(facts)}"
        ) from error


def _entry(table: str, key: str) -> Mapping[str, str]:
    """Look a wording up."""
    found = load_words()[table].get(key)
    if found is None:
        raise Broken(f"words.yaml has no {table} for {key!r}")
    return found


@lru_cache(maxsize=1)
def load_words() -> dict[str, dict[str, dict[str, str]]]:
    """Read the table.

    Raises:
        Broken: when a wording lacks a language.
    """
    text = resources.files("flight.checks").joinpath("words.yaml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(text)
    for name, table in tables.items():
        for key, entry in table.items():
            if set(entry) != {language.value for language in Language}:
                raise Broken(f"words.yaml: {name} {key!r} must have en and ja")
    return tables
