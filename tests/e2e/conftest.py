"""One browser for all the pages of a file of tests."""

from collections.abc import Iterator

import pytest

from tests.support.browser import one_browser


@pytest.fixture(scope="module", autouse=True)
def browser() -> Iterator[None]:
    """Start a browser once for each file: that takes longer than most pages do."""
    with one_browser():
        yield
