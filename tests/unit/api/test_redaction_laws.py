"""Whatever a secret is and wherever it stands, nothing of it is left; what is none stays."""

import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspection.redaction import ScrubbingFormatter, name_folder, scrubbed
from inspection.store.sessions import new_secret

WORD = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'<>\\"),
    min_size=8,
    max_size=30,
).filter(lambda word: not word.endswith("@"))

BROKERS = [
    "redis://:{0}@127.0.0.1:6379/0",
    "rediss://:{0}@redis.example.jp",
    "redis://tenken:{0}@redis/1",
    "postgresql+psycopg://tenken:{0}@db.example.jp:5432/tenken",
    "postgresql://:{0}@/tenken?host=/run/postgresql",
    "amqp://guest:{0}@broker//",
    "s3://key:{0}@minio:9000/blobs",
]


@pytest.mark.parametrize("form", BROKERS)
@settings(deadline=None)
@given(word=WORD)
@example(word="p@ss/word:8@x")
@example(word="12345678")
def test_the_word_of_a_database_or_broker_never_shows(form: str, word: str) -> None:
    address = form.format(word)
    shown = scrubbed(f"cannot reach {address}, try again")
    assert word not in shown
    assert shown.startswith("cannot reach ") and shown.endswith(", try again")
    assert form.rpartition("@")[2] in shown, "where it is may be read"
    assert form.partition("{")[0] in shown


FORMS = [
    "TENKEN_OIDC_CLIENT_SECRET={0}",
    "client_secret={0}&x=1",
    "new_password={0}; old_password={0}",
    "PGPASSWORD={0} psql",
    "password='{0}'",
    'password = "{0}"',
    "Account(name='a', password=\"{0}\")",
    "GET /x?token={0}#top",
    "GET /api/oidc/callback?state={0}&code={0}",
    "cookie: tenken_session={0}",
    "Set-Cookie: __Host-tenken_session={0}; Path=/",
    "refresh_token={0}, access_token={0}",
]


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None)
@given(word=st.text("abcdefXYZ0123456789-_.~", min_size=6, max_size=40))
def test_a_secret_behind_its_name_never_shows(form: str, word: str) -> None:
    shown = scrubbed(form.format(word))
    assert word not in shown
    assert "…" in shown


@settings(max_examples=40, deadline=None)
@given(
    word=st.text(min_size=6, max_size=30).filter(lambda word: word.isprintable()),
    field=st.sampled_from(
        ["password", "new_password", "client_secret", "id_token", "oidc_client_secret"]
    ),
)
def test_json_of_a_request_never_shows_its_secret(word: str, field: str) -> None:
    body = json.dumps({"name": "hanako", field: word, "note": "橋"}, ensure_ascii=False)
    shown = scrubbed(f"body {body}")
    assert json.dumps(word, ensure_ascii=False) not in shown
    assert '"name": "hanako"' in shown and '"note": "橋"' in shown
    assert repr({field: word}) not in scrubbed(repr({field: word}))


@settings(deadline=None)
@given(st.text(max_size=80))
def test_scrubbing_again_changes_nothing(text: str) -> None:
    once = scrubbed(text)
    assert scrubbed(once) == once


@pytest.mark.parametrize("form", [*BROKERS, *FORMS])
def test_scrubbed_twice_is_scrubbed_once(form: str) -> None:
    once = scrubbed(form.format("s3cret-word-99"))
    assert scrubbed(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/users/a@b",
        "https://tenken.example.jp:8443/app?x=1",
        "the password has 5 characters",
        "grade=d, state=confirmed",
        "mail to yamada@example.jp: done",
        "scheme://host/path@1.2.3",
        "ratio 3:4@2x",
        "s3://bucket/key@v1",
        "数 1:2 と 3:4",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert scrubbed(text) == text


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BASIC", "Basic"])
def test_what_opens_the_service_never_shows(kind: str) -> None:
    for secret in (new_secret(), f"tk_0123456789ab_{new_secret()}"):
        shown = scrubbed(f"Authorization: {kind} {secret}")
        assert secret[-20:] not in shown
    assert scrubbed("tk_0123456789ab_" + "x" * 43) == "tk_0123456789ab_…", "which one may be read"


class TestFolders:
    """A folder of the machine is called what it is."""

    @pytest.mark.parametrize("name", ["点検 home", "a+b", "a.b", "x(1)", "[x]", "$HOME"])
    def test_any_name_of_a_folder(self, tmp_path: Path, name: str) -> None:
        folder = tmp_path / name
        name_folder(folder, "home")
        assert scrubbed(f"{folder}/blobs/1 is gone") == "<home>/blobs/1 is gone"
        assert scrubbed(str(folder)) == "<home>"
        assert scrubbed(f"'{folder}'") == "'<home>'"

    def test_the_innermost_name_says_the_most(self, tmp_path: Path) -> None:
        name_folder(tmp_path / "outer", "outer")
        name_folder(tmp_path / "outer/inner", "inner")
        shown = scrubbed(f"{tmp_path}/outer/inner/x {tmp_path}/outer/innermost {tmp_path}/outer")
        assert shown == "<inner>/x <outer>/innermost <outer>"

    def test_another_folder_that_begins_alike_keeps_its_name(self, tmp_path: Path) -> None:
        name_folder(tmp_path / "home", "home")
        for other in ("home2", "home-old", "home.bak", "homes"):
            assert "<home>" not in scrubbed(str(tmp_path / other / "x"))


def test_arguments_of_a_log_line_are_scrubbed_too() -> None:
    record = logging.LogRecord(
        "x", logging.ERROR, "f.py", 1, "cannot reach %s as %r",
        ("redis://:hunter2hunter2@h/0", {"password": "hunter3"}), None,
    )  # fmt: skip
    shown = ScrubbingFormatter("%(levelname)s %(message)s").format(record)
    assert shown == "ERROR cannot reach redis://:…@h/0 as {'password': …}"


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_words_in_an_address_are_not_lost(text: str) -> None:
    """Only the values of code, state and token are secrets of an address."""
    address = f"/collections/defects/items?asset_id={quote(text, safe='')}&limit=5"
    assert scrubbed(address) == address
