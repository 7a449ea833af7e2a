"""Root command ``tenken``: finds the packages' commands by entry point, imports none of them."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points

import click

from inspection import __version__
from inspection.errors import EXIT_CODES, BadInput, TenkenError, exit_code

GROUP = "tenken.commands"


class EntryPointGroup(click.Group):
    """Offer every command that an installed package announces, loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, without importing them."""
        return sorted(point.name for point in entry_points(group=GROUP))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command by its name."""
        for point in entry_points(group=GROUP, name=cmd_name):
            with _no_garbage():
                command = point.load()
            if isinstance(command, click.Command):
                return command
        return None


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no garbage while modules are imported: they stay, and looking takes a sixth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@click.group(cls=EntryPointGroup)
@click.version_option(__version__, prog_name="tenken")
def tenken() -> None:
    """Inspect bridges and roads with drones and AI: photos in, a ranked work list out.

    \b
    Examples:
      tenken demo --no-serve
      tenken run photos/ --out out/bridge-12
      tenken serve
    """  # noqa: D301


def main(argv: list[str] | None = None) -> None:
    """Run the command line and turn Tenken's errors into words and exit codes."""
    try:
        code = tenken.main(args=argv, prog_name="tenken", standalone_mode=False)
    except TenkenError as error:
        click.echo(f"tenken: {error}", err=True)
        sys.exit(exit_code(error))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        click.echo(f"tenken: {error.filename}: {error.strerror}", err=True)
        sys.exit(EXIT_CODES[BadInput])
    except click.exceptions.Abort:
        click.echo("tenken: stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ValueError as error:
        _refuse_settings(error)
        raise
    if isinstance(code, int) and code:  # click gives what a command handed to its exit()
        sys.exit(code)


def _refuse_settings(error: ValueError) -> None:
    """End when an error is about a variable of the environment."""
    from inspection.settings import unusable  # noqa: PLC0415  # pydantic is slow to import

    words = unusable(error)
    if words:
        click.echo(f"tenken: {words}", err=True)
        sys.exit(EXIT_CODES[BadInput])
