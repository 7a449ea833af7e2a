"""Draw the programme of 300 made-up bridges for the documentation.

Run ``python -m tests.benchmarks.programme_picture --out docs/pictures/programme.png``.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner

from inspection.cli import tenken
from inspection.store import prices, schema, sheets
from inspection.store.engine import create_engine, writing
from tests.support.prefecture import PRICES, invent_bridges

BRIDGES = 300


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the picture; 1 when the programme or the picture fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--lang", choices=("ja", "en"), default="en")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'tenken.sqlite'}"
        schema.upgrade(url)
        engine = create_engine(url)
        with writing(engine) as connection:
            sheets.save(connection, invent_bridges(BRIDGES))
            prices.replace_list(connection, "default", PRICES)
        engine.dispose()
        out = given.out or home / "programme.png"
        for words in (
            ["plan", "FY2027-31", "--first-year", "2027", "--budget", "400M",
             "--today", "2026-11-25"],
            ["picture", "FY2027-31", "--out", str(out), "--lang", given.lang],
        ):  # fmt: skip
            command = ["programme", words[0], *words[1:], "--home", str(home)]
            found = CliRunner().invoke(tenken, command, catch_exceptions=False)
            print("\n".join(found.stdout.splitlines()[:8]))
            if found.exit_code:
                print(found.stderr, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
