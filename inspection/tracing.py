"""Tell a collector of traces what belongs together: request → job → step (OpenTelemetry).

Off unless the standard variables name a collector (``OTEL_EXPORTER_OTLP_ENDPOINT``, or
``OTEL_TRACES_EXPORTER=console``) and the extra ``otel`` is installed; then nothing is imported and
nothing costs time. Spans carry survey, job and request, as the lines of the log do, and nothing
else that could name somebody: routes, not addresses; kinds of errors, not their words.

The only module that imports OpenTelemetry.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from inspection.telemetry import subjects

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVER_ERROR = 500

log = logging.getLogger("tenken.tracing")


class _State:
    """Hold the tracer of this process; None while nobody asked for traces."""

    tracer: Any = None


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the environment asks for traces.

    >>> wanted({}), wanted({"OTEL_TRACES_EXPORTER": "console"})
    (False, True)
    >>> wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"})
    False
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none":
        return False
    return exporter == "console" or any(environment.get(name) for name in ENDPOINTS)


def configure_tracing(service: str) -> bool:
    """Send spans where the environment says, under the name of a service; tell whether it does.

    A collector that does not answer costs spans, never work: they are sent by a thread of its own.
    """
    if not wanted():
        return False
    try:
        from opentelemetry.sdk.trace.export import (  # noqa: PLC0415 extra otel
            BatchSpanProcessor,
            ConsoleSpanExporter,
        )

        if os.environ.get("OTEL_TRACES_EXPORTER") == "console":
            exporter: Any = ConsoleSpanExporter()
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )

            exporter = OTLPSpanExporter()
    except ImportError:
        log.warning("traces are asked for and cannot be sent: pip install 'tenken[otel]'")
        return False
    trace_to(BatchSpanProcessor(exporter), service)
    return True


def trace_to(processor: Any, service: str) -> None:  # noqa: ANN401 of an extra
    """Hand spans to a processor from now on; ``None`` hands them to nobody.

    ``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES`` and ``OTEL_TRACES_SAMPLER`` are read by
    OpenTelemetry itself.
    """
    if processor is None:
        _State.tracer = None
        return
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 extra otel
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(processor)
    _State.tracer = provider.get_tracer("tenken")


@contextmanager
def span(name: str, **attributes: str | int | float) -> Iterator[None]:
    """Measure what is done inside as one span, about what the log's lines are about."""
    if _State.tracer is None:
        yield
        return
    with _begun(name, None, **attributes) as begun, _judged(begun):
        yield


class Served:
    """Take what became of a request; the one of a process without traces forgets it."""

    def __init__(self, begun: Any = None) -> None:  # noqa: ANN401 a span, or None
        self._begun = begun

    def answered(self, route: str, status: int) -> None:
        """Say by which route a request was answered, and with which status."""
        if self._begun is None:
            return
        self._begun.update_name(route)
        method, _, path = route.partition(" ")
        self._begun.set_attributes(
            {
                "http.request.method": method,
                "http.route": path,
                "http.response.status_code": status,
            }
        )
        if status >= SERVER_ERROR:
            self._begun.set_status(_error())


@contextmanager
def serving(headers: Mapping[str, str]) -> Iterator[Served]:
    """Measure one request, as a part of the trace that its sender names in ``traceparent``."""
    if _State.tracer is None:
        yield Served()
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 extra otel

    with _begun("request", _context(headers), kind=SpanKind.SERVER) as begun:
        yield Served(begun)


def carrier() -> dict[str, str]:
    """Give what a message carries so that its receiver goes on with this trace; often nothing."""
    if _State.tracer is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 extra otel
        TraceContextTextMapPropagator,
    )

    carried: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carried)
    return carried


@contextmanager
def continued(carried: Mapping[str, Any] | None) -> Iterator[None]:
    """Go on with the trace of a message; one without a trace, or with nonsense, begins its own."""
    if _State.tracer is None or not carried:
        yield
        return
    from opentelemetry import context  # noqa: PLC0415 extra otel

    token = context.attach(_context(carried))
    try:
        yield
    finally:
        context.detach(token)


def _context(carried: Mapping[str, Any]) -> Any:  # noqa: ANN401 of an extra
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 extra otel
        TraceContextTextMapPropagator,
    )

    known = ("traceparent", "tracestate")
    words = {name: str(carried[name]) for name in known if carried.get(name)}
    return TraceContextTextMapPropagator().extract(words)


@contextmanager
def _begun(
    name: str,
    context: Any,  # noqa: ANN401 of an extra
    **attributes: Any,  # noqa: ANN401 plain values
) -> Iterator[Any]:
    """Begin a span that is about what the log's lines are about, and make it the present one."""
    options = {"kind": attributes.pop("kind")} if "kind" in attributes else {}
    about = {f"tenken.{key}": value for key, value in {**subjects(), **attributes}.items()}
    with _State.tracer.start_as_current_span(
        name,
        context=context,
        attributes=about,
        record_exception=False,  # its words may hold a path or a name
        set_status_on_exception=False,
        **options,
    ) as begun:
        yield begun


@contextmanager
def _judged(begun: Any) -> Iterator[None]:  # noqa: ANN401 a span
    """Say of a span that an error ended it, by the kind of the error."""
    try:
        yield
    except BaseException as error:
        begun.set_attribute("error.type", type(error).__name__)
        begun.set_status(_error())
        raise


def _error() -> Any:  # noqa: ANN401 of an extra
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 extra otel

    return Status(StatusCode.ERROR)
