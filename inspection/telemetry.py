"""Tell operators what a process does: structured logs and metrics.

Every line of a log carries what it is about: the survey and the job at work, the request. They are
*bound* once (``about``) and stand in every line that is written inside, whichever module writes it.
Metrics count and measure; they carry no name of a person, an asset, a survey or a file.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from inspection.errors import BadInput, Unavailable
from inspection.redaction import ScrubbingFormatter, scrubbed

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

ACCESS = "tenken.access"
"""Logger of the requests."""

SUBJECTS = ("survey_id", "job_id", "request_id")
"""What a line may be about."""

_about: ContextVar[Mapping[str, str]] = ContextVar("tenken_about", default={})  # noqa: B039 never changed


@contextmanager
def about(**subjects: object) -> Iterator[None]:
    """Say what the lines are about that are written inside; None says nothing.

    Raises:
        BadInput: when a subject is none of those that operators may search for.
    """
    unknown = set(subjects) - set(SUBJECTS)
    if unknown:
        raise BadInput(f"a log line cannot be about {sorted(unknown)}; one of {SUBJECTS}")
    said = {name: str(value) for name, value in subjects.items() if value is not None}
    token = _about.set({**_about.get(), **said})
    try:
        yield
    finally:
        _about.reset(token)


def subjects() -> Mapping[str, str]:
    """Give what the lines are about that are written now."""
    return _about.get()


class TextFormatter(ScrubbingFormatter):
    """Write a line for people, what it is about at its end."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line of the log."""
        line = super().format(record)
        said = " ".join(f"{name}={value}" for name, value in subjects().items())
        return f"{line} [{said}]" if said else line


class JsonFormatter(logging.Formatter):
    """Write one JSON object a line, without secrets and folders in any of its values."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line of the log."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            **subjects(),
        }
        for name in ("method", "route", "status", "milliseconds"):
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info:
            line["exception"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure_logging(log_format: str = "text", level: str = "INFO") -> None:
    """Send the log of this process to the standard error output, scrubbed.

    Args:
        log_format: ``text`` for people, ``json`` for programs.
        level: name of the least important level that is written.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = TextFormatter(TEXT_FORMAT)
    formatter.converter = time.gmtime
    handler.setFormatter(JsonFormatter() if log_format == "json" else formatter)
    logging.basicConfig(level=level, handlers=[handler])
    if log_format == "text":  # a line for each request is for programs; a person sees the failures
        logging.getLogger(ACCESS).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)  # they name folders of this machine too


def serve_metrics(listen: str | None, registry: CollectorRegistry) -> WSGIServer | None:
    """Offer the metrics of this process to Prometheus; None where nobody asked for it.

    Args:
        listen: ``host:port``, reached by operators only; port 0 takes any that is free.
        registry: the metrics.

    Raises:
        BadInput: when the address is none.
        Unavailable: when it is taken.
    """
    if listen is None:
        return None
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise BadInput(f"TENKEN_METRICS_LISTEN {listen!r} must be like 127.0.0.1:9464")
    try:
        server, _ = start_http_server(int(port), addr=host.strip("[]"), registry=registry)
    except OSError as error:
        raise Unavailable(f"metrics cannot be served at {listen}: {error.strerror}") from error
    return server
