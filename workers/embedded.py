"""The worker that ``tenken serve`` starts beside itself: ``python -m workers.embedded``.

It ends with its parent, however the parent ends: its standard input is a pipe that the parent holds
open and never writes to, so the end of the pipe is the end of the parent. Ending in the middle of a
job loses at most the step at work; the next worker goes on from there.
"""

import os
import threading

from inspection.settings import DetectSettings, QueueSettings, StoreSettings, TelemetrySettings

STDIN_FD = 0


def end_with(pipe_fd: int) -> None:
    """End this process at once when the other end of a pipe is closed.

    The pipe is read below Python's own buffer: the lock of that buffer would be held for ever, and
    whatever closes standard input, such as the end of the interpreter, would wait for it.
    """
    while os.read(pipe_fd, 64):
        pass
    os._exit(0)


def main() -> None:
    """Work until the parent is gone."""
    threading.Thread(target=end_with, args=(STDIN_FD,), daemon=True).start()
    from workers.tasks import run_worker  # noqa: PLC0415  # after the watch: importing takes seconds

    # the port for metrics is the parent's
    telemetry = TelemetrySettings().model_copy(update={"metrics_listen": None})
    run_worker(StoreSettings(), QueueSettings(), DetectSettings(), telemetry)


if __name__ == "__main__":
    main()
