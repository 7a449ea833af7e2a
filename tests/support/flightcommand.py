"""Run ``tenken flight …`` as a person does, and keep exit code, output and error apart."""

from dataclasses import dataclass

from click.testing import CliRunner

from inspection.cli import tenken
from inspection.errors import TenkenError, exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Carry how a command ended.

    Attributes:
        code: exit code of the command line.
        out: standard output.
        said: what a person reads when it failed, else nothing.
    """

    code: int
    out: str
    said: str


def fly(*words: object) -> Ran:
    """Run a command of the group; an error that is none of ours is raised."""
    ran = CliRunner().invoke(tenken, ["flight", *map(str, words)])
    error = ran.exception
    if isinstance(error, TenkenError):
        return Ran(code=exit_code(error), out=ran.stdout, said=str(error))
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return Ran(code=ran.exit_code, out=ran.stdout, said=ran.stderr)
