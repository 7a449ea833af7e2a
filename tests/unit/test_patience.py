"""Tests of pages wait for what they assert: what is read at once depends on the machine's speed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "e2e").glob("test_*.py"))
AT_ONCE = {
    "count", "inner_text", "all_inner_texts", "text_content", "input_value", "is_visible",
    "is_hidden", "is_enabled", "is_disabled", "is_checked",
}  # fmt: skip
"""What Playwright answers without waiting for a state; ``expect`` and ``until`` wait."""

PAUSES = {"test_upload_page.py": 1}
"""Fixed waits: one, to see that nothing is sent while sending is paused."""


def hurried(source: str) -> Iterator[str]:
    """Find assertions about what a page shows just now."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            patient = {
                inner
                for call in ast.walk(node.test)
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "until"
                for inner in ast.walk(call)
            }
            for call in ast.walk(node.test):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr in AT_ONCE
                    and not call.args
                    and call not in patient
                ):
                    yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_are_waited_for(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert list(hurried(source)) == [], "use expect(...), or until(...) of tests/support/browser.py"
    assert source.count(".wait_for_timeout(") == PAUSES.get(path.name, 0)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("assert rows.count() > 200", 1),
        ("assert page.locator('b').inner_text() == 'x'", 1),
        ("assert not (a and b.is_visible())", 1),
        ("assert until(page, lambda: rows.count(), bool) > 2", 0),
        ("expect(rows).to_have_count(3)", 0),
        ("total = rows.count()", 0),
        ("assert 'abab'.count('a') == 2", 0),
    ],
)
def test_what_is_read_at_once_is_found(source: str, found: int) -> None:
    assert len(list(hurried(source))) == found
