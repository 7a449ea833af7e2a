"""Whoever types --help gets a sentence, readable examples and every option explained."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from inspection.cli import tenken


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
