"""After a power cut everything starts at once, and PostgreSQL answers last."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from inspection.store.engine import create_engine, reading
from inspection.store.model_tables import worker_models
from tests.support.cluster import Cluster, running_cluster
from tests.support.surviving import prepare

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]

WITHIN_S = 300.0


def until(true: Callable[[], bool], cluster: Cluster) -> None:
    """Wait until something holds."""
    ends_s = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < ends_s, f"{cluster.log('api')}\n{cluster.log('worker')}"
        time.sleep(0.1)


def workers_there(cluster: Cluster) -> int:
    engine = create_engine(cluster.database_url)
    with reading(engine) as connection:
        found = connection.execute(select(worker_models.c.worker).distinct()).all()
    engine.dispose()
    return len(found)


def test_service_and_worker_wait_for_the_database() -> None:
    with running_cluster(names=("redis",)) as cluster:
        prepare(cluster, 1)
        cluster.kill("postgresql")
        for name in ("api", "worker"):
            cluster.start(name)
        until(lambda: all("asking again" in cluster.log(one) for one in ("api", "worker")), cluster)
        assert {cluster.processes[name].poll() for name in ("api", "worker")} == {None}
        cluster.start("postgresql")
        assert cluster.ask("GET", "/readyz")["status"] == "ready"
        until(lambda: workers_there(cluster) == 1, cluster)
        for name in ("api", "worker"):
            assert cluster.log(name).count("asking again") <= 3, cluster.log(name)
