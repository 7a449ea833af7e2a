"""Plain lines of progress on standard error."""

import pytest

from flight.counting import Counting
from inspection.pipeline.ports import Progress


def test_beginning_and_end_are_told_and_little_between(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress: Progress = Counting(interval_s=1000)
    progress.start("ingest", 50)
    for _ in range(50):
        progress.advance()
    progress.say("done")
    told = capsys.readouterr()
    assert told.err.splitlines() == ["ingest 0/50", "ingest 50/50", "done"] and not told.out


def test_slow_work_is_told_in_between(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Counting(interval_s=0.0)
    progress.start("ingest", 0)
    progress.advance(3)
    assert capsys.readouterr().err.splitlines() == ["ingest 0", "ingest 3"]
