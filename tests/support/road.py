"""Run ``tenken run`` as its own process, as a crew does, and read what it left."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

TENKEN = "import sys; from inspection.cli import main; main(sys.argv[1:])"
RESULTS = ("orthomosaic.tif", "sources.tif", "defects.geojson", "widths.geojson", "worklist.csv")


def start(arguments: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start ``tenken`` with arguments; its progress comes as plain lines on standard error."""
    return subprocess.Popen(
        [sys.executable, "-c", TENKEN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def run(arguments: Sequence[str | Path], *, expect: int = 0) -> tuple[str, str]:
    """Run ``tenken`` to its end; give standard output and standard error."""
    process = start(arguments)
    out, err = process.communicate(timeout=3600)
    assert process.returncode == expect, f"exit {process.returncode}\n{out}\n{err}"
    return out, err


def run_until_killed(arguments: Sequence[str | Path], *, at: str) -> bool:
    """Run ``tenken`` and kill it (SIGKILL) when a line begins with ``at``; tell whether it did."""
    process = start(arguments)
    assert process.stderr is not None
    killed = False
    for line in process.stderr:
        if line.startswith(at):
            process.send_signal(signal.SIGKILL)
            killed = True
            break
    process.communicate()
    return killed


def account(out: Path) -> dict[str, Any]:
    """Read ``run.json``."""
    content: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return content


def lasting(out: Path) -> dict[str, Any]:
    """Read ``run.json`` without what may differ between two equal runs: times and memory."""
    content = account(out)
    for stage in content["stages"]:
        for cost in ("seconds", "peak_rss_mb", "reused"):
            del stage[cost]
    return content


def row_counts(out: Path) -> dict[str, int]:
    """Count the rows of every table of the store."""
    path = out / "store" / "tenken.sqlite"
    with closing(sqlite3.connect(path)) as database:
        names = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        )
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in names.fetchall()
        }


def result_bytes(out: Path) -> dict[str, bytes]:
    """Read the result files that must not differ between two equal runs."""
    return {name: (out / name).read_bytes() for name in RESULTS}
