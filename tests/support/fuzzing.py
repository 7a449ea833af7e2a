"""Let schemathesis talk to the whole application, and hold the answers to the committed document.

What is checked of every answer: no 5xx, a status that is documented for this address, a media type
and headers that are, a body of the shape that is, 405 where a method is not, and that what the
document forbids is refused.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

import api
from inspection.export.catalogue import Publisher
from tests.support.seed import Seeded

COMMITTED = Path(api.__file__).with_name("openapi.json")
BASE_URL = "http://127.0.0.1:8000"
PUBLISHER = Publisher(
    name="市", name_en="City", uri="https://city.example/", email="open@city.example"
)
LEFT_OUT = ("positive_data_acceptance", "allow_header_conformance")
"""A document cannot say all that the rules of the trade refuse; and Allow names what a path with a
parameter answers to as well (`GET /api/programmes/drafts` is the programme of that name)."""

MORE_HEADERS = "in header - object with unexpected properties"
"""No document can forbid headers that it does not name: every browser sends some."""

ALONE = "^/(?!api/people)"
"""What is asked while nobody has an account: the first one that is made shuts the gate."""

REFUSED = [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429, 460]
"""Answers that refuse."""


@dataclass(kw_only=True)
class Tally:
    """Count what was sent and answered, and keep each kind of fault once with an example."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, example: str) -> None:
        """Keep a fault."""
        self.faults.setdefault(name, example)
        self.counts[name] += 1

    def told(self) -> str:
        """Say all in words."""
        lines = [f"{self.requests} requests to {len(self.operations)} operations"]
        lines += [", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))]
        lines += [f"{self.counts[name]} x {name}: {text}" for name, text in self.faults.items()]
        return "\n".join(lines)


def committed() -> dict[str, Any]:
    """Read the committed document."""
    document: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return document


def things(seeded: Seeded) -> dict[str, Sequence[str]]:
    """Name things that are there, by the parameter that names one."""
    surveys = (seeded.mapped, seeded.local)
    ids = [str(survey.survey_id) for survey in surveys]
    defects = [str(survey.defects[0].defect_id) for survey in surveys]
    return {
        "path.survey_id": ids,
        "query.survey_id": ids,
        "path.asset_id": [survey.asset_id for survey in surveys],
        "query.asset_id": [survey.asset_id for survey in surveys],
        "path.defect_id": defects,
        "path.feature_id": [*defects, *ids],
        "path.sha256": [survey.photo_sha256 for survey in surveys],
        "path.collection_id": ["defects", "surveys"],
        "path.kind": ["not-found", "http"],
        "query.bbox": ["136.6,36.5,136.7,36.6", "nan,0,1,inf", "1e999,0,0,0"],
        "query.datetime": ["2026-04-01/..", "2026-04-01T00:00:00Z"],
    }


def fuzz(
    app: FastAPI,
    known: Mapping[str, Sequence[str]],
    *,
    examples: int,
    seed: int = 1,
    headers: Mapping[str, str] | None = None,
    phases: Sequence[str] = ("coverage", "fuzzing"),
    operations: str | None = None,
    document: Mapping[str, Any] | None = None,
) -> Tally:
    """Send what the document allows and what it forbids, to every operation.

    Args:
        app: the application; its services are what is there.
        known: values by parameter, drawn half of the time.
        examples: how many requests for each operation, in the random phase.
        seed: equal seeds send equal requests.
        headers: sent with each request, to be signed in.
        phases: of schemathesis; coverage walks the borders of every field, one after the other.
        operations: only those whose path matches this expression.
        document: what is promised; the committed document unless given.
    """
    schema = schemathesis.openapi.from_dict(
        dict(document or committed()),
        config=_config(known, examples, seed, headers or {}, phases),
    )
    schema.app = app
    if operations is not None:
        schema = schema.include(path_regex=operations)
    tally = Tally()
    for event in from_schema(schema).execute():
        _note(tally, event)
    return tally


def _config(
    known: Mapping[str, Sequence[str]],
    examples: int,
    seed: int,
    headers: Mapping[str, str],
    phases: Sequence[str],
) -> SchemathesisConfig:
    names = {key: key.replace(".", "_") for key in known}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": BASE_URL,
            "headers": dict(headers),
            "continue-on-failure": True,
            "suppress-health-check": ["too_slow"],
            "dictionaries": {names[key]: {"values": list(values)} for key, values in known.items()},
            "parameters": {
                key: {"dictionary": name, "probability": 0.5} for key, name in names.items()
            },
            "generation": {"max-examples": examples, "deterministic": seed == 1, "no-shrink": True},
            "phases": {
                name: {"enabled": name in phases}
                for name in ("examples", "coverage", "fuzzing", "stateful")
            },
            "checks": {
                **{name: {"enabled": False} for name in LEFT_OUT},
                "negative_data_rejection": {"expected-statuses": REFUSED},
                "missing_required_header": {"expected-statuses": REFUSED},
            },
        }
    )


def _note(tally: Tally, event: events.EngineEvent) -> None:
    if isinstance(event, events.FatalError):
        tally.add("schemathesis itself", repr(event.exception))
    elif isinstance(event, events.NonFatalError):
        tally.add(f"{event.label} cannot be sent", repr(event.value)[:400])
    elif isinstance(event, events.ScenarioFinished) and event.label is not None:
        answers = [node.response for node in event.recorder.interactions.values() if node.response]
        tally.requests += len(answers)
        tally.operations[event.label] += len(answers)
        tally.statuses.update(answer.status_code for answer in answers)
        for name, example in _faults(event):
            tally.add(name, example)


def _faults(event: events.ScenarioFinished) -> Iterator[tuple[str, str]]:
    recorder = event.recorder
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status is Status.SUCCESS:
                continue
            node = recorder.interactions[case_id]
            failure = check.failure_info.failure if check.failure_info else None
            if failure is not None and MORE_HEADERS in failure.message:
                continue
            if check.name == "unsupported_method" and _is_another(node.request.uri):
                continue
            body = (node.request.body or b"")[:300]
            sent = f"{node.request.method} {node.request.uri[:300]} {body!r}"
            got = node.response
            answered = "nothing" if got is None else f"{got.status_code} {got.content[:300]!r}"
            words = "" if failure is None else f"{failure.title}: {failure.message}"
            yield f"{check.name} at {event.label}", f"{words}\n    {sent}\n    {answered}"


def _is_another(uri: str) -> bool:
    """Tell whether an address is one of several: ``/a/merge`` is ``/a/{b}`` as well."""
    path = urlsplit(uri).path
    patterns = (re.sub(r"{[^}]+}", "[^/]+", shown) for shown in committed()["paths"])
    return sum(re.fullmatch(pattern, path) is not None for pattern in patterns) > 1


@schemathesis.serializer("application/offset+octet-stream")
def _piece(context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send a piece of a file as it was drawn."""
    del context
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
