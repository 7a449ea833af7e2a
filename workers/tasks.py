"""Answer the bell: the Celery task, and the worker process that listens for it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from celery import Celery, Task
from celery.signals import worker_ready, worker_shutting_down

from inspection.pipeline.ports import Silence
from inspection.pipeline.tools import LEASE_S, Tools
from inspection.pipeline.workshop import premises
from inspection.redaction import name_folder
from inspection.settings import (
    DetectSettings,
    MosaicSettings,
    QueueSettings,
    StoreSettings,
    TelemetrySettings,
)
from inspection.store.reach import await_database
from inspection.telemetry import configure_logging, serve_metrics
from inspection.tracing import configure_tracing, continued
from workers import queue, runtime
from workers.errand import errand_kinds
from workers.metrics import REGISTRY
from workers.outfit import node_of, outfit
from workers.rack import Publisher, Rack
from workers.sweep import Sweep


def make_worker(
    app: Celery,
    tools: Tools,
    *,
    lease_s: float = LEASE_S,
    rack: Rack | None = None,
    publisher: Publisher | None = None,
) -> None:
    """Teach a Celery application what to do when the bell rings, and to sweep.

    Args:
        app: the application that listens.
        tools: what the work needs; shared by all jobs of this process.
        lease_s: silence after which this worker is taken for dead.
        rack: the models that it can load; without it, it takes no model in and tries none.
        publisher: says which models these are.
    """
    kinds = errand_kinds(rack.equip, publisher.once) if rack and publisher else None

    def ring(job_id: UUID) -> None:
        queue.ring(app, job_id)

    @app.task(name=queue.LOOK, bind=True)  # type: ignore[untyped-decorator]  # Celery has no types
    def look(task: Task, job_id: str) -> None:
        with continued(task.request.headers):
            runtime.answer(tools, UUID(job_id), ring=ring, lease_s=lease_s, kinds=kinds)

    stop = threading.Event()
    sweep = Sweep(tools.engine, tools.clock, ring)
    thread = threading.Thread(target=sweep.run, args=(stop,), name="sweep", daemon=True)
    worker_ready.connect(lambda **_: thread.start(), weak=False)
    if publisher is not None:
        telling = threading.Thread(target=publisher.run, args=(stop,), name="models", daemon=True)
        worker_ready.connect(lambda **_: telling.start(), weak=False)
    worker_shutting_down.connect(lambda **_: stop.set(), weak=False)


def run_worker(
    store: StoreSettings,
    bell: QueueSettings,
    detection: DetectSettings,
    telemetry: TelemetrySettings,
    queues: Sequence[str] = (queue.CPU_QUEUE,),
) -> None:
    """Listen for the bell and work, until the process is told to end.

    One process does one job at a time: a mosaic fills the machine by itself.
    """
    configure_logging(telemetry.log_format, telemetry.log_level)
    configure_tracing("tenken-worker")
    name_folder(store.home, "home")
    serve_metrics(telemetry.metrics_listen, REGISTRY)
    app = queue.make_app(bell, store.home)
    node = node_of(MosaicSettings())
    rack = Rack(detection)
    await_database(store.resolved_database_url())
    tools = outfit(store, detection, progress=Silence(), lease_s=bell.lease_s, node=node, rack=rack)
    tools = replace(tools, work_dir=premises(tools.work_dir))
    publisher = Publisher(
        tools.engine,
        tools.blobs,
        tools.clock,
        worker=tools.taker.worker,
        models_dir=detection.models_dir,
        work_dir=tools.work_dir,
    )
    publisher.now()
    make_worker(app, tools, lease_s=bell.lease_s, rack=rack, publisher=publisher)
    app.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=solo",
            f"--queues={','.join(queues)}",
            f"--hostname={runtime.worker_name().replace(':', '-')}@tenken",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=WARNING",
        ]
    )
