"""Run every benchmark in this folder and print its figures: ``make bench``.

A benchmark is a module with ``main(argv) -> int``; what it answers other than 0 means that a
promise of the documentation does not hold.
"""

import importlib
import pkgutil
import sys

from tests import benchmarks


def main() -> int:
    """Run them in the order of their names; 1 when one does not hold."""
    failed = []
    for module in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda m: m.name):
        if module.name.startswith("_"):
            continue
        print(f"== {module.name}", flush=True)
        if importlib.import_module(f"tests.benchmarks.{module.name}").main([]):
            failed.append(module.name)
    print(f"does not hold: {', '.join(failed)}" if failed else "all hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
