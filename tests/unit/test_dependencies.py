"""Each dependency has a line that says why; every version that is installed is pinned."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs/decisions/0045-why-each-dependency.md"
LINE = re.compile(r"^\| ([A-Za-z0-9._-]+) \| (.+) \|$", re.MULTILINE)
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+]+)")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def name_of(requirement: str) -> str:
    found = NAME.match(requirement)
    assert found is not None, requirement
    return found[0]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def groups(project: dict[str, Any]) -> dict[str, list[str]]:
    """Give the names of what is depended on, by the heading that they stand under."""
    extras = project["optional-dependencies"]
    asked = {"Always": project["dependencies"], **{f"`[{key}]`": extras[key] for key in extras}}
    return {heading: [name_of(one) for one in wanted] for heading, wanted in asked.items()}


def recorded() -> dict[str, list[tuple[str, str]]]:
    parts = re.split(r"^## (.+)$", RECORD.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = zip(parts[1::2], parts[2::2], strict=True)
    return {
        heading: [line for line in LINE.findall(text) if line[0] != "package"]
        for heading, text in found
    }


def test_the_record_has_a_line_for_each_dependency_and_no_other(project: dict[str, Any]) -> None:
    told = {heading: [name for name, _ in lines] for heading, lines in recorded().items()}
    assert told == groups(project), "add a line that says why, or take the old one out"


def test_each_line_says_something() -> None:
    for lines in recorded().values():
        for name, why in lines:
            assert len(why) >= 5, name
            assert name.lower() not in why.lower().split()[:1], name


def test_every_dependency_is_pinned_but_the_network_of_torch(project: dict[str, Any]) -> None:
    pins = {
        found[1].lower().replace("_", "-")
        for file in ("base.txt", "cpu.txt")
        for line in (ROOT / "constraints" / file).read_text().splitlines()
        if (found := PIN.fullmatch(line.strip()))
    }
    asked = {name.lower().replace("_", "-") for names in groups(project).values() for name in names}
    assert asked <= pins, f"pin in constraints/base.txt: {sorted(asked - pins)}"


def test_the_list_of_pins_can_be_read_as_requirements() -> None:
    """See that the command of docs/security.md gets a file that it understands."""
    lines = (ROOT / "constraints/base.txt").read_text().splitlines()
    names = []
    for line in lines:
        if not line.startswith("#"):
            found = PIN.fullmatch(line)
            assert found is not None, line
            names.append(found[1].lower())
    assert len(names) == len(set(names)) > 100
    assert "constraints/base.txt" in (ROOT / "docs/security.md").read_text()
