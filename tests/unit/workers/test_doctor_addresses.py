"""``tenken doctor`` with addresses, folders and jobs at the edge of what is right."""

import sqlite3
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import workers.doctor
from inspection.domain.account import Account, Membership, Role
from inspection.settings import (
    DetectSettings,
    OidcSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
)
from inspection.store import accounts, assets, jobs, schema, surveys
from inspection.store.engine import create_engine, writing
from inspection.store.job import JobState
from inspection.store.scope import HOME
from tests.support.records import make_asset, make_survey
from workers.doctor import CHECKS, WAIT_MAX, Setup, examine


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment of whoever runs the tests say nothing."""
    for name in ("HOME", "DATABASE_URL", "HOST", "PORT", "PUBLIC_URL", "OIDC_ISSUER",
                 "OIDC_CLIENT_ID", "QUEUE_BROKER_URL"):  # fmt: skip
        monkeypatch.delenv(f"TENKEN_{name}", raising=False)


@pytest.fixture
def home(tmp_path: Path, empty_database: bytes) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "tenken.sqlite").write_bytes(empty_database)
    return folder


def secret(text: str | None) -> SecretStr | None:
    return None if text is None else SecretStr(text)


def made(
    home: Path, *, database: str | None = None, broker: str | None = None, **serve: Any
) -> Setup:
    oidc = {k: serve.pop(k) for k in ("issuer", "client_id") if k in serve}
    return Setup(
        store=StoreSettings(home=home, database_url=secret(database)),
        queue=QueueSettings(broker_url=secret(broker)),
        serve=ServeSettings(**({"port": 0} | serve)),
        oidc=OidcSettings(**oidc),
        detect=DetectSettings(),
    )


class told(dict[str, tuple[bool, str]]):  # noqa: N801 reads as a verb
    """Make each check when it is asked for; the network alone takes a while to be looked at."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def __missing__(self, check: str) -> tuple[bool, str]:
        one = workers.doctor._made(check, CHECKS[check], self.setup)
        self[check] = (one.good, one.words)
        return self[check]


# addresses that are none


def test_addresses_that_are_none_keep_no_other_check_from_being_made(home: Path) -> None:
    findings = examine(
        made(home, database="postgresql://u:sesame@h:port/x", broker="redis://:sesame@[x",
             public_url="https://[::1")
    )  # fmt: skip
    found = {one.check: (one.good, one.words) for one in findings}
    assert list(found) == list(CHECKS)
    assert found["broker"] == (
        False, "TENKEN_QUEUE_BROKER_URL is no address; write it as scheme://host:port",
    )  # fmt: skip
    assert "TENKEN_PUBLIC_URL is no address" in found["door"][1]
    for check in ("database", "tables", "worker", "log"):
        assert not found[check][0]
        assert "the database URL cannot be parsed" in found[check][1]
    assert "sesame" not in str(found)
    assert found["home"][0] and found["disk"][0]


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("mysql://h/x", "'mysql' is not supported"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("nonsense", "cannot be parsed"),
        ("postgresql://u:sesame@[bad/x", "cannot be reached"),
    ],
)
def test_databases_that_cannot_be_used(home: Path, database: str, says: str) -> None:
    good, words = told(made(home, database=database))["database"]
    assert not good or "made on first use" in words
    if not database.startswith("sqlite"):
        assert says in words
    assert "sesame" not in words


def test_a_sqlite_file_elsewhere_is_not_made_by_looking(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other" / "x.sqlite"
    found = told(made(home, database=f"sqlite:///{elsewhere}"))
    assert found["database"] == (True, "none yet; it is made on first use")
    assert found["tables"][0] and found["worker"] == (True, "no job yet")
    assert not elsewhere.parent.exists()
    schema.upgrade(f"sqlite:///{elsewhere}")
    found = told(made(home, database=f"sqlite+pysqlite:///{elsewhere}"))
    assert found["database"] == (True, "sqlite")
    assert found["tables"] == (True, f"version {schema.head()}")


def test_a_file_that_is_no_database_is_said_in_every_check_that_needs_it(home: Path) -> None:
    (home / "tenken.sqlite").write_bytes(b"mine, and no database at all" * 40)
    found = told(made(home))
    for check in ("database", "tables", "worker", "log"):
        assert not found[check][0], check
        assert "no SQLite database" in found[check][1]
    assert (home / "tenken.sqlite").read_bytes().startswith(b"mine")


def test_an_empty_database_is_told_to_upgrade(home: Path) -> None:
    (home / "tenken.sqlite").unlink()
    sqlite3.connect(home / "tenken.sqlite").close()
    (home / "tenken.sqlite").write_bytes(b"")
    found = told(made(home))
    assert found["database"][0]
    for check in ("tables", "worker", "log"):
        assert "tenken db upgrade" in found[check][1]


# folders


def test_a_home_deep_below_what_is_there(tmp_path: Path) -> None:
    found = told(made(tmp_path / "a" / "b" / "c"))
    assert found["home"] == (True, f"{tmp_path / 'a' / 'b' / 'c'} will be made on first use")
    assert found["blobs"] == (True, "none yet")
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    good, words = told(made(tmp_path / "file" / "home"))["home"]
    assert not good
    assert "cannot be written to (Not a directory)" in words and "TENKEN_HOME" in words


def test_blobs_that_are_a_file(home: Path) -> None:
    (home / "blobs").write_bytes(b"")
    good, words = told(made(home))["blobs"]
    assert not good
    assert "cannot be written to" in words


def test_probes_are_removed(home: Path) -> None:
    (home / "blobs").mkdir()
    before = sorted(home.rglob("*"))
    assert told(made(home))["blobs"] == (True, str(home / "blobs"))
    assert [p for p in sorted(home.rglob("*")) if "doctor" in p.name] == []
    assert before[0] in sorted(home.rglob("*"))


@pytest.mark.parametrize("spare", [-0.001, 0.001])
def test_the_disk_is_full_below_its_bound(
    home: Path, monkeypatch: pytest.MonkeyPatch, spare: float
) -> None:
    import shutil

    usage = shutil.disk_usage(home)
    monkeypatch.setattr(
        shutil, "disk_usage",
        lambda _folder: usage._replace(free=int((workers.doctor.DISK_MIN_GB + spare) * 1e9)),
    )  # fmt: skip
    good, words = told(made(home))["disk"]
    assert good is (spare > 0)
    assert ("a survey needs 5" in words) is not good


# jobs


@pytest.mark.parametrize(("late_s", "good"), [(-5, True), (60, False), (3600, False)])
@pytest.mark.parametrize(
    "state", [JobState.QUEUED, JobState.FAILED, JobState.RUNNING, JobState.DEAD]
)
def test_a_job_waits_too_long_after_two_minutes(
    home: Path, late_s: float, good: bool, state: JobState
) -> None:
    due = datetime.now(UTC) - WAIT_MAX - timedelta(seconds=late_s)
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        job = jobs.enqueue(
            connection, surveys.save(connection, make_survey()).survey_id, "conduct", due
        )
        if state is not JobState.QUEUED:
            held = jobs.claim(connection, job.job_id, "w", due, 3600 * 24)
            assert held is not None
            if state is JobState.FAILED:
                jobs.fail(connection, held, "x", due - timedelta(seconds=5), retryable=True)
            if state is JobState.DEAD:
                jobs.fail(connection, held, "x", due, retryable=False)
    engine.dispose()
    waits = state in (JobState.QUEUED, JobState.FAILED) and not good
    found, words = told(made(home))["worker"]
    assert found is not waits, words
    if waits:
        assert words.startswith(f"1 jobs wait, the first for {(120 + late_s) / 60:.0f} minutes")


# the door


def add_admin(home: Path, *, active: bool = True, role: Role = Role.ADMIN) -> None:
    account = Account(account_id=uuid.uuid4(), name="root", display_name="root")
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    with writing(engine) as connection:
        accounts.add(connection, account, password_hash="argon2", now=datetime.now(UTC))
        accounts.join(
            connection, Membership(account_id=account.account_id, organisation_id=HOME, role=role)
        )
        accounts.set_active(connection, account.account_id, active=active)
    engine.dispose()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_only(home: Path, host: str) -> None:
    assert told(made(home, host=host))["door"] == (True, "this machine only")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "tenken.example.jp", ""])
def test_a_host_that_others_reach_needs_an_address(home: Path, host: str) -> None:
    good, words = told(made(home, host=host))["door"]
    assert not good
    assert f"TENKEN_HOST is {host}, which others reach" in words


@pytest.mark.parametrize("url", ["http://x.jp", "tenken.example.jp", "ftp://x.jp", "", "//x.jp"])
def test_an_address_that_is_not_https(home: Path, url: str) -> None:
    add_admin(home)
    good, words = told(made(home, public_url=url))["door"]
    assert not good
    assert "is not https" in words


@pytest.mark.parametrize(
    ("active", "role", "good"),
    [(True, Role.ADMIN, True), (False, Role.ADMIN, False), (True, Role.PLANNER, False),
     (True, Role.VIEWER, False)],
)  # fmt: skip
def test_somebody_must_be_able_to_let_others_in(
    home: Path, active: bool, role: Role, good: bool
) -> None:
    add_admin(home, active=active, role=role)
    found, words = told(made(home, public_url="https://tenken.example.jp/app"))["door"]
    assert found is good
    assert words == "https://tenken.example.jp/app" if good else "users add NAME" in words


@pytest.mark.parametrize("half", [{"issuer": "https://i"}, {"client_id": "tenken"}])
def test_an_issuer_and_its_client_come_together(home: Path, half: dict[str, str]) -> None:
    assert "both, or neither" in told(made(home, **half))["door"][1]
    whole = made(home, issuer="https://i", client_id="tenken")
    assert told(whole)["door"][0]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".x", "999.1.1.1", "."])
def test_a_host_that_is_none_has_no_port(home: Path, host: str) -> None:
    good, words = told(made(home, host=host))["port"]
    assert not good
    assert words.startswith(f"{host} port 0: ")
    assert "TENKEN_PORT" in words
