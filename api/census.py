"""Offer the counts of the rows to Prometheus, asked when it asks."""

import shutil
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.deps import Services
from inspection import __version__
from inspection.errors import TenkenError
from inspection.store import schema
from inspection.store.census import count
from inspection.store.engine import reading


class CensusCollector(Collector):
    """Count the rows anew for each scrape; a database that is away shows as 0 in ``tenken_up``."""

    def __init__(self, services: Callable[[], Services]) -> None:
        """Prepare."""
        self._services = services

    def describe(self) -> list[Metric]:
        """Name no metric before it is asked: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the metrics."""
        info = GaugeMetricFamily("tenken_build", "Version", labels=["version", "tables"])
        info.add_metric([__version__, schema.head()], 1)
        yield info
        up = GaugeMetricFamily("tenken_up", "Whether the database answers")
        try:
            yield from self._counted()
            up.add_metric([], 1)
        except TenkenError:
            up.add_metric([], 0)
        yield up

    def _counted(self) -> Iterator[Metric]:
        services = self._services()
        with reading(services.engine) as connection:
            census = count(connection, services.clock.now())
        states = GaugeMetricFamily("tenken_jobs", "Jobs by state", labels=["state"])
        for state, number in census.jobs.items():
            states.add_metric([state.value], number)
        yield states
        for name, words, value in (
            (
                "tenken_job_longest_wait_seconds",
                "Time for which a job is due",
                census.longest_wait_s,
            ),
            ("tenken_uploads_unfinished", "Uploads on their way", census.uploads),
            ("tenken_uploads_unfinished_bytes", "Bytes they reserve", census.upload_bytes),
        ):
            yield GaugeMetricFamily(name, words, value=value)
        there = services.scratch.parent
        if there.is_dir():
            free = shutil.disk_usage(there).free
            yield GaugeMetricFamily("tenken_disk_free_bytes", "Room in the home folder", value=free)


def register(registry: CollectorRegistry, services: Callable[[], Services]) -> None:
    """Add the counts to the metrics of a service."""
    registry.register(CensusCollector(services))
