"""Whoever types --help gets a sentence, readable examples and every option explained."""

import gc
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from inspection.cli import tenken
from inspection.finite import FINITE, FiniteRange


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command below a group with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{' '.join((*path, name))} is announced but cannot be loaded"
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(tenken))


@pytest.mark.parametrize("wanted", [True, False])
def test_loading_a_command_leaves_the_search_for_garbage_as_it_was(wanted: bool) -> None:
    before = gc.isenabled()
    (gc.enable if wanted else gc.disable)()
    try:
        assert tenken.get_command(click.Context(tenken), "flight") is not None
        assert gc.isenabled() is wanted
    finally:
        (gc.enable if before else gc.disable)()


def test_the_tree_holds_the_main_road() -> None:
    assert {("run",), ("demo",), ("serve",), ("worklist", "export"), ("models", "train")} <= set(
        ALL
    )


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_is_readable(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(tenken, [*path, "--help"])
    assert result.exit_code == 0, result.output
    assert "\\b" not in result.output
    assert "\b" not in result.output
    examples = [line for line in result.output.splitlines() if line.strip().startswith("tenken ")]
    assert all(line.startswith("  ") for line in examples)


@pytest.mark.parametrize(
    "path", [p for p, command in ALL.items() if not isinstance(command, click.Group)], ids=" ".join
)
def test_every_option_says_what_it_is(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert (command.help or "").strip()
    silent = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]
    assert not silent, f"tenken {' '.join(path)}: options without help: {silent}"


def types_of(parameter: click.Parameter) -> Iterator[click.ParamType]:
    """Yield the type of a parameter, or those of its parts."""
    kind = parameter.type
    yield from kind.types if isinstance(kind, click.Tuple) else (kind,)


# Flights check their numbers where they are used, and name them with their unit and bounds:
# tests/unit/flight/test_impossible_numbers.py.
@pytest.mark.parametrize("path", [p for p in ALL if p[0] != "flight"], ids=" ".join)
def test_every_number_of_the_command_line_is_finite(path: tuple[str, ...]) -> None:
    loose = [
        parameter.name
        for parameter in ALL[path].params
        for kind in types_of(parameter)
        if isinstance(kind, click.types.FloatParamType) and not isinstance(kind, FiniteRange)
    ]
    assert not loose, f"tenken {' '.join(path)}: NaN would pass {loose}; use inspection.finite"


@pytest.mark.parametrize("word", ["nan", "-nan", "inf", "-inf", "infinity", "1e999"])
@pytest.mark.parametrize("kind", [FINITE, FiniteRange(0.0), FiniteRange(-1, 1, clamp=True)])
def test_what_is_no_finite_number_is_refused(word: str, kind: FiniteRange) -> None:
    if kind.clamp and "nan" not in word:
        assert kind.convert(word, None, None) in {-1, 1}  # a bound was asked to hold
        return
    with pytest.raises(click.BadParameter, match=r"finite number|not in the range"):
        kind.convert(word, None, None)


@pytest.mark.parametrize("word", ["1", "-2.5", "1e3", " 7 "])
def test_what_is_a_finite_number_is_taken(word: str) -> None:
    assert FINITE.convert(word, None, None) == float(word)
    assert FINITE.name == "float"
    assert FiniteRange(0, 1).convert("0.25", None, None) == 0.25
    with pytest.raises(click.BadParameter, match="0<=x<=1"):
        FiniteRange(0, 1).convert("2", None, None)
