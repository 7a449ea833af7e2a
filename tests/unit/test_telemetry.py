"""Lines of the log say what they are about and never a secret; metrics are offered where asked."""

import io
import json
import logging
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter

from inspection.errors import BadInput, Unavailable
from inspection.redaction import name_folder
from inspection.telemetry import (
    TEXT_FORMAT,
    JsonFormatter,
    TextFormatter,
    about,
    serve_metrics,
    subjects,
)

SECRETS = {
    "token": ("sent Bearer tk_0123456789ab_" + "A" * 43, "A" * 43),
    "basic": ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
    "url": ("redis://x:s3cret-word@broker/0", "s3cret-word"),
    "json": ('{"password": "long secret words"}', "long secret words"),
    "nested json": (json.dumps({"body": {"client_secret": "abc-def"}}), "abc-def"),
    "cookie": ("tenken_session=abc-DEF_123; x", "abc-DEF_123"),
    "hash": ("$argon2id$v=19$m=47104,t=1,p=1$abc$defghi", "defghi"),
}


@pytest.fixture
def lines() -> Iterator[tuple[logging.Logger, io.StringIO, io.StringIO]]:
    log, as_json, as_text = logging.getLogger("tenken.test-telemetry"), io.StringIO(), io.StringIO()
    handlers = []
    for stream, formatter in ((as_json, JsonFormatter()), (as_text, TextFormatter(TEXT_FORMAT))):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        log.addHandler(handler)
        handlers.append(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    yield log, as_json, as_text
    for handler in handlers:
        log.removeHandler(handler)


Lines = tuple[logging.Logger, io.StringIO, io.StringIO]


def test_a_line_says_which_survey_and_job_it_is_about(lines: Lines) -> None:
    log, as_json, as_text = lines
    log.info("before")
    with about(survey_id="s-1"), about(job_id="j-1", request_id=None):
        log.info("step %s begins", "mosaic")
    log.info("after")
    before, inside, after = map(json.loads, as_json.getvalue().splitlines())
    assert (inside["survey_id"], inside["job_id"]) == ("s-1", "j-1")
    assert inside["message"] == "step mosaic begins" and inside["level"] == "INFO"
    assert "request_id" not in inside
    assert "survey_id" not in before and "survey_id" not in after
    assert "step mosaic begins [survey_id=s-1 job_id=j-1]" in as_text.getvalue()


def test_a_thread_that_takes_the_context_along_is_about_the_same() -> None:
    seen = []
    with about(job_id="j-2"):
        thread = threading.Thread(
            target=copy_context().run, args=(lambda: seen.append(dict(subjects())),)
        )
        thread.start()
        thread.join()
    assert seen == [{"job_id": "j-2"}]
    assert dict(subjects()) == {}


def test_a_line_is_about_nothing_else(lines: Lines) -> None:
    with pytest.raises(BadInput, match="cannot be about"), about(person="hanako"):
        pass


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS)
def test_no_secret_is_in_a_line_of_either_kind(lines: Lines, text: str, secret: str) -> None:
    log, as_json, as_text = lines
    log.info("got %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed with %s", {"text": text})
    for written in (as_json.getvalue(), as_text.getvalue()):
        assert secret not in written
    for line in as_json.getvalue().splitlines():
        assert json.loads(line)["message"]


def test_folders_are_called_what_they_are(lines: Lines, tmp_path: Path) -> None:
    log, as_json, as_text = lines
    name_folder(tmp_path, "home")
    try:
        (tmp_path / "photo.jpg").read_bytes()
    except OSError:
        log.exception("cannot read %s", tmp_path / "photo.jpg")
    for written in (as_json.getvalue(), as_text.getvalue()):
        assert str(tmp_path) not in written and str(Path.home()) + "/" not in written
        assert "<home>/photo.jpg" in written


@given(message=st.text(max_size=80))
def test_any_message_is_one_line_of_json(message: str) -> None:
    record = logging.LogRecord("tenken", logging.INFO, "f", 1, message, None, None)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert isinstance(json.loads(line)["message"], str)


def test_metrics_are_offered_where_asked_and_nowhere_else() -> None:
    registry = CollectorRegistry()
    Counter("tenken_test", "A test", registry=registry).inc(3)
    assert serve_metrics(None, registry) is None
    server = serve_metrics("127.0.0.1:0", registry)
    assert server is not None
    try:
        port = server.server_port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"tenken_test_total 3.0" in answer.read()
        with pytest.raises(Unavailable, match="cannot be served"):
            serve_metrics(f"127.0.0.1:{port}", registry)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("listen", ["", "9464", ":9464", "127.0.0.1", "host:99999", "host:x"])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    with pytest.raises(BadInput, match=r"like 127\.0\.0\.1:9464"):
        serve_metrics(listen, CollectorRegistry())


CHOSEN = """
import logging, sys
from inspection.telemetry import ACCESS, configure_logging
configure_logging(sys.argv[1])
logging.getLogger(ACCESS).info("answered")
logging.getLogger(ACCESS).warning("failed")
logging.getLogger("tenken.api").info("began")
"""


@pytest.mark.parametrize(("log_format", "expected"), [("text", 2), ("json", 3)])
def test_a_person_sees_only_the_requests_that_failed(log_format: str, expected: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHOSEN, log_format], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert len(lines) == expected
    assert ("answered" in done.stderr) is (log_format == "json")
    assert all(line.startswith("{") for line in lines) is (log_format == "json")
