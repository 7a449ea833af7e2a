"""Run ``tenken`` as its entry point does, in this process: exit code and what was printed."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from inspection.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Hold how a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Give what a program reads."""
        return json.loads(self.out)


def run_tenken(*argv: object, typed: str = "") -> Said:
    """Run a command line; a traceback is never an answer."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin, code = io.StringIO(typed), 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main([str(word) for word in argv])
    except SystemExit as left:
        code = int(str(left.code or 0))
    finally:
        sys.stdin = before
    return Said(code=code, out=out.getvalue(), err=err.getvalue())
