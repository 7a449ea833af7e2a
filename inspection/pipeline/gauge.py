"""Measure what a step costs: seconds on the wall and peak memory of the process."""

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


@dataclass(slots=True)
class Gauge:
    """Measure the block it guards.

    Attributes:
        seconds: wall-clock time, s, set when the block ends.
        peak_rss_mb: peak resident memory while the block ran, MB (10⁶ bytes). Where the kernel
            cannot reset its high-water mark this is the peak of the process so far.
    """

    seconds: float = 0.0
    peak_rss_mb: float = 0.0
    _began: float = 0.0

    def __enter__(self) -> Self:
        """Begin measuring."""
        reset_peak()
        self._began = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop measuring."""
        self.seconds = time.monotonic() - self._began
        self.peak_rss_mb = peak_rss_mb()


def reset_peak() -> bool:
    """Reset the kernel's memory high-water mark; tell whether it could.

    Source: proc(5), ``/proc/[pid]/clear_refs``, value 5.
    """
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def peak_rss_mb() -> float:
    """Give the peak resident memory of this process since the last reset, in MB."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
