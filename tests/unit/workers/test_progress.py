"""Progress is told in bars to people and in plain lines to logs, never too often."""

import pytest

from workers.progress import PlainProgress, TerminalProgress, progress_for_stderr


class Watch:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_plain_lines_name_the_step_and_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainProgress() as progress:
        progress.start("detect", 40)
        progress.start("issue", 0)
    assert capsys.readouterr().err.splitlines() == ["detect: begins, 40 units", "issue: begins"]


def test_plain_progress_speaks_at_most_every_five_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch = Watch()
    progress = PlainProgress(watch)
    progress.start("detect", 400)
    for _ in range(100):
        watch.now_s += 0.125
        progress.advance()
    said = capsys.readouterr().err.splitlines()[1:]
    assert said == ["detect: 40 of 400", "detect: 80 of 400"]


def test_unknown_totals_are_not_invented(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    progress = PlainProgress(watch)
    progress.start("ingest", 0)
    watch.now_s += 6
    progress.advance(3)
    assert capsys.readouterr().err.splitlines()[-1] == "ingest: 3"


def test_bars_take_the_same_calls(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        progress.advance()  # before any step: nothing to move
        progress.start("mosaic", 3)
        progress.advance(2)
        progress.say("height differs by 4.2 % [not markup]")
        progress.start("detect", 0)
        progress.advance()
    said = capsys.readouterr().err
    assert "height differs by 4.2 % [not markup]" in said
    assert "mosaic" in said
    assert "detect" in said


def test_a_pipe_gets_plain_lines() -> None:
    assert isinstance(progress_for_stderr(), PlainProgress)  # pytest captures: no terminal
