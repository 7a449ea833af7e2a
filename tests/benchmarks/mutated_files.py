"""Spoil thousands of files of every kind that comes in from outside, and read them.

None may end the process that reads it, raise anything but a documented error, tell a folder or what
stands in another file, leave a descriptor or a temporary file, or make the process grow.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.edge import kinds
from tests.support.mutants import Count, Job, run

EACH = 300
GROWN_MAX_BYTES = 128 << 20
"""Large pictures leave up to 80 MB with the allocator, to which reading them again adds nothing."""
SLOW_S = 20.0
HARMLESS = {"used", "refused"}


def bad(count: Count) -> bool:
    """Tell whether anything happened that must not."""
    return bool(
        set(count.outcomes) - HARMLESS
        or count.grown_bytes > GROWN_MAX_BYTES
        or count.left
        or count.slowest_s > SLOW_S
    )


def told(name: str, count: Count) -> str:
    """Say what became of the files of one kind."""
    outcomes = ", ".join(f"{number} {what}" for what, number in sorted(count.outcomes.items()))
    lines = [
        f"{name:18} {count.total:6} files: {outcomes}; grew {count.grown_bytes / 1e6:.0f} MB, "
        f"left {count.left}, slowest {count.slowest_s:.2f} s"
    ]
    return "\n".join([*lines, *(f"    {what}: {words}" for what, words in count.faults.items())])


def main(argv: Sequence[str]) -> int:
    """Run it; 1 when anything happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=EACH, help="files of each kind")
    parser.add_argument("--seed", default="1", help="equal seeds spoil equally")
    parser.add_argument("--kind", action="append", help="only this one; may be given again")
    chosen = parser.parse_args(argv)
    names = chosen.kind or list(kinds())
    total: dict[str, Count] = {name: Count() for name in names}
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        jobs = [Job(name=name, first=0, count=chosen.each) for name in names]
        for name, count in run(jobs, Path(folder), chosen.seed):
            total[name].add(count)
            print(told(name, total[name]), flush=True)
    wrong = [name for name, count in total.items() if bad(count)]
    files = sum(count.total for count in total.values())
    print(
        f"{files} files of {len(names)} kinds in {time.monotonic() - began_s:.0f} s; "
        f"{'wrong: ' + ', '.join(wrong) if wrong else 'nothing crashed, leaked or told'}"
    )
    return 1 if wrong or any(count.total != chosen.each for count in total.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
