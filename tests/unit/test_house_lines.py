"""The house keeps its rules: no module above 400 lines, tests as long as the source."""

import pytest

from tests.benchmarks.house_lines import PACKAGES, code_lines, count, modules

MOST_LINES = 400


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_no_module_is_longer_than_a_reader_holds(package: str) -> None:
    long = {
        str(path): lines
        for path in modules(package)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_the_tests_are_at_least_as_long_as_what_they_test() -> None:
    for counted in count():
        assert counted["tests"] >= sum(counted[package] for package in PACKAGES)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", 0),
        ('"""Only words."""\n', 0),
        ("# only words\n\n\n", 0),
        ('"""Doc."""\n\nx = 1  # a word\n', 1),
        ('def f():\n    """Doc\n    of two lines."""\n    return (\n        1\n    )\n', 4),
        ('TEXT = """a\nb\nc"""\n', 3),
        ('class A:\n    x = 1\n    """What x is."""\n', 3),
    ],
)
def test_a_line_of_code_is_one_that_does_something(source: str, lines: int) -> None:
    assert code_lines(source) == lines
