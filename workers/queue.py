"""Ring the bell between the API and the workers: the Celery application and its task names.

A message says only "look at the jobs"; what is to be done stands in the database. It may ring
twice, late or never: ``workers.sweep`` rings again. This module is the only part of ``workers``
that the API may import; Celery and kombu are imported here and in ``workers.tasks`` only.
"""

import uuid
from pathlib import Path

from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from inspection.errors import Unavailable
from inspection.settings import QueueSettings
from inspection.tracing import carrier

LOOK = "tenken.look"
"""Name of the one task: look whether jobs are due, and do them."""

CPU_QUEUE = "cpu"
GPU_QUEUE = "gpu"
QUEUES = (CPU_QUEUE, GPU_QUEUE)

PUBLISH_RETRY = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2}


def make_app(settings: QueueSettings, home: Path) -> Celery:
    """Build the Celery application: over files in ``home``/queue, or over a broker.

    Args:
        settings: which broker, and how often the folder is looked into.
        home: folder of this installation; the queue's folders are made in it.

    Raises:
        Unavailable: when the folders cannot be made.
    """
    app = Celery("tenken", set_as_current=False)
    app.conf.update(
        task_default_queue=CPU_QUEUE,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=False,  # a lost bell is rung again by the sweep
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        task_publish_retry_policy=PUBLISH_RETRY,
        enable_utc=True,
        timezone="UTC",
        **_broker(settings, home),
    )
    return app


def ring(app: Celery, job_id: uuid.UUID, queue: str = CPU_QUEUE) -> None:
    """Tell the workers that a job is due.

    Raises:
        Unavailable: when the message cannot be left; the job is not lost, for the sweep finds it.
    """
    try:
        app.send_task(LOOK, args=[str(job_id)], queue=queue, headers=carrier())
    except (KombuError, OperationalError, OSError) as error:
        raise Unavailable(
            f"the workers could not be told of job {job_id} ({error}); it will be found later"
        ) from error
    except (LookupError, ValueError, ImportError) as error:  # may show a part of the address
        raise Unavailable(
            f"the workers could not be told of job {job_id}: TENKEN_QUEUE_BROKER_URL is no address "
            f"of a broker that this machine can reach ({type(error).__name__}); it will be found "
            "later"
        ) from error


def _broker(settings: QueueSettings, home: Path) -> dict[str, object]:
    if settings.broker_url is not None:
        return {"broker_url": settings.broker_url.get_secret_value()}
    messages, control = home / "queue" / "messages", home / "queue" / "control"
    try:
        messages.mkdir(parents=True, exist_ok=True)
        control.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"queue folder {messages} cannot be made: {error.strerror}") from error
    return {
        "broker_url": "filesystem://localhost//",
        "broker_transport_options": {
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(control),
            "store_processed": False,
            "polling_interval": settings.polling_interval_s,
        },
        # nobody asks this worker anything over the queue, and each question would be a file
        "worker_enable_remote_control": False,
    }
