"""Print how long the house is and how long its tests are, by package; nothing is imported.

``python -m tests.benchmarks.house_lines`` prints the figures of the README.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("inspection", "flight", "models", "datasets", "api", "workers")
SKIPPED = {"node_modules", ".venv", "__pycache__"}
TEXTS = (ast.Constant, ast.JoinedStr)


def modules(package: str) -> Iterator[Path]:
    """List the Python modules of a top-level folder."""
    for path in sorted((ROOT / package).rglob("*.py")):
        if not SKIPPED & set(path.parts):
            yield path


def code_lines(source: str) -> int:
    """Count lines that do something: no blanks, no comments, no docstrings."""
    described: set[int] = set()
    used = {
        number
        for number, line in enumerate(source.splitlines(), start=1)
        if not line.lstrip().startswith("#") and line.strip()
    }
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        words = first.value if isinstance(first, ast.Expr) else None
        if isinstance(words, ast.Constant) and isinstance(words.value, str):
            described.update(range(words.lineno, (words.end_lineno or words.lineno) + 1))
        elif (
            isinstance(node, TEXTS) and node.end_lineno != node.lineno
        ):  # blank lines of a text count
            used.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(used - described)


def count() -> tuple[Counter[str], Counter[str]]:
    """Count all lines, and lines of code, by top-level folder."""
    lines: Counter[str] = Counter()
    code: Counter[str] = Counter()
    for package in (*PACKAGES, "tests"):
        for path in modules(package):
            source = path.read_text(encoding="utf-8")
            lines[package] += len(source.splitlines())
            code[package] += code_lines(source)
    return lines, code


def main() -> None:
    """Print a table."""
    lines, code = count()
    print(f"{'':12}{'lines':>9}{'code':>9}")
    for package in PACKAGES:
        print(f"{package:12}{lines[package]:9}{code[package]:9}")
    for name, total in (("source", PACKAGES), ("tests", ("tests",))):
        print(f"{name:12}{sum(lines[p] for p in total):9}{sum(code[p] for p in total):9}")


if __name__ == "__main__":
    main()
