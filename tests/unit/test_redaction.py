"""What a secret or a folder looks like never reaches a log line or an answer."""

import io
import logging
import sys
from pathlib import Path

import pytest

from api.errors import answer_to
from inspection.errors import Unavailable
from inspection.redaction import ScrubbingFormatter, name_folder, scrubbed
from inspection.store.sessions import new_secret

TOKEN = "tk_0123456789ab_" + "A" * 43


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token {TOKEN} failed", "A" * 43),
        (f"Authorization: Bearer {TOKEN}", "A" * 43),
        ("authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz"),
        ("cookie: tenken_session=abc-DEF_123; other=1", "abc-DEF_123"),
        ("Set-Cookie: __Host-tenken_flow=abc-DEF_123; Path=/", "abc-DEF_123"),
        ("x-tenken-csrf: " + "0f" * 32, "0f" * 32),
        ("postgresql://tenken:s3cret-word@db.example/tenken", "s3cret-word"),
        ("amqp://guest:s3cret-word@broker//", "s3cret-word"),
        ("{'password': 'long secret words'}", "long secret words"),
        ('{"client_secret":"abc"}', '"abc"'),
        ("POST body password=hunter2&x=1", "hunter2"),
        ("GET /api/oidc/callback?code=c0de-1&state=st4te", "c0de-1"),
        ("GET /api/oidc/callback?code=c0de-1&state=st4te", "st4te"),
        ("hash $argon2id$v=19$m=47104,t=1,p=1$abc$def", "$abc$def"),
        ("id eyJhbGciOi.eyJzdWIiOi.c2lnbmF0", "eyJzdWIiOi"),
    ],
)
def test_secrets_are_dots(text: str, secret: str) -> None:
    assert secret in text
    shown = scrubbed(text)
    assert secret not in shown
    assert "…" in shown or "<token>" in shown


@pytest.mark.parametrize(
    "text",
    [
        "query.state: Input should be 'candidate'",
        "survey 6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e has no photo; upload photos first",
        "the worker ended with code 3; another starts in 1.0 s",
        "a password has 15 to 1000 characters, this has 5",
        "file a.jpg is 200.1 MB; at most 200 MB",
        "see /api/defects/1/chip.png and docs/run-it-for-many.md",
        "deck 3.5 m, http://127.0.0.1:8000/",
    ],
)
def test_words_for_people_stay_as_they_are(text: str) -> None:
    assert scrubbed(text) == text


def test_folders_are_called_what_they_are(tmp_path: Path) -> None:
    name_folder(tmp_path / "home", "home")
    shown = scrubbed(f"{tmp_path / 'home' / 'blobs' / 'x'} cannot be written")
    assert shown == "<home>/blobs/x cannot be written"
    assert scrubbed(f"{tmp_path / 'homeless'}").count("<home>") == 0
    assert str(Path(sys.prefix)) not in scrubbed(str(Path(sys.prefix) / "lib"))
    assert scrubbed(str(Path(__file__).parents[2] / "api" / "app.py")) == "<tenken>/api/app.py"


def test_an_answer_tells_no_folder(tmp_path: Path) -> None:
    name_folder(tmp_path, "home")
    answer = answer_to(Unavailable(f"{tmp_path}/blobs/a cannot be written"), path="/api/x")
    assert str(tmp_path).encode() not in answer.body
    assert "<home>/blobs/a" in bytes(answer.body).decode()


def test_a_traceback_in_the_log_is_scrubbed_too() -> None:
    secret = new_secret()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ScrubbingFormatter("%(message)s"))
    log = logging.getLogger("tenken.test-redaction")
    log.propagate = False
    log.addHandler(handler)
    try:
        raise ValueError(f"cookie tenken_session={secret}")
    except ValueError:
        log.exception("it failed with %s", f"Bearer {secret}")
    finally:
        log.removeHandler(handler)
    written = stream.getvalue()
    assert "Traceback" in written and "ValueError" in written
    assert secret not in written
    assert str(Path(__file__).parents[2]) not in written
