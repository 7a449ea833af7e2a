"""Run a program in a process of its own: its memory is that of no test before it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LONG_S = 600.0


def apart(program: str, *arguments: str | Path) -> Any:
    """Run Python code that prints JSON as its last line; give what it printed.

    What a process has used before, and the pages that it keeps for the next time, hide how much
    memory something needs. A new process has neither.
    """
    ended = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG_S,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])
