"""The embedded worker ends with its parent, and ending it the usual way is clean."""

import subprocess
import sys

WATCH = "import threading\nfrom workers.embedded import end_with\n"


def run(code: str, *, keep_open: bool) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", WATCH + code], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    if not keep_open:
        process.stdin.close()
    return process


def test_the_end_of_the_pipe_is_the_end_of_the_process() -> None:
    with run("end_with(0)\nraise SystemExit(7)", keep_open=False) as process:
        assert process.wait(120) == 0


def test_words_on_the_pipe_are_not_its_end() -> None:
    with run("end_with(0)", keep_open=True) as process:
        assert process.stdin is not None
        process.stdin.write(b"still here")
        process.stdin.flush()
        try:
            process.wait(1)
            raise AssertionError("it ended although its parent lives")
        except subprocess.TimeoutExpired:
            process.stdin.close()
        assert process.wait(120) == 0


def test_a_process_that_watches_may_end_by_itself() -> None:
    code = "threading.Thread(target=end_with, args=(0,), daemon=True).start()"
    with run(code, keep_open=True) as process:
        assert process.wait(120) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
