"""Measure the work: jobs by how they ended, and the time of each step."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)

REGISTRY = CollectorRegistry()
ENDED = Counter(
    "tenken_jobs_ended", "Attempts at jobs by their end", ["kind", "end"], registry=REGISTRY
)
JOB = Histogram(
    "tenken_job_seconds", "Time of an attempt", ["kind"], buckets=SECONDS, registry=REGISTRY
)
STEP = Histogram(
    "tenken_step_seconds", "Time of a step", ["step"], buckets=SECONDS, registry=REGISTRY
)


class StepClock:
    """Time the steps of one job as they follow each other."""

    def __init__(self) -> None:
        self._step: str | None = None
        self._began_s = 0.0

    def begin(self, step: str | None) -> None:
        """End the step at work and begin another; None begins none."""
        now_s = time.monotonic()
        if self._step is not None:
            STEP.labels(self._step).observe(now_s - self._began_s)
        self._step, self._began_s = step, now_s
