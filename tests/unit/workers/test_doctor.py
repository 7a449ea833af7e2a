"""``tenken doctor`` finds each of the commonest faults, says the cure, and changes nothing."""

import json
import socket
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import models.registry
import workers.doctor
from inspection.cli import main
from inspection.domain.account import Account, Membership, Role
from inspection.settings import (
    DetectSettings,
    OidcSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
)
from inspection.store import accounts, audit, jobs, schema, surveys
from inspection.store.audit import Event
from inspection.store.engine import create_engine, writing
from inspection.store.scope import HOME
from models.backends import openvino
from tests.support.records import NOON, make_asset, make_survey
from workers.doctor import CHECKS, Finding, Setup, examine


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the environment of whoever runs the tests say nothing."""
    for name in ("HOME", "DATABASE_URL", "HOST", "PUBLIC_URL", "OIDC_ISSUER", "OIDC_CLIENT_ID"):
        monkeypatch.delenv(f"TENKEN_{name}", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a home folder with our tables."""
    folder = tmp_path / "home"
    schema.upgrade(f"sqlite:///{folder / 'tenken.sqlite'}")
    return folder


def setup_of(home: Path, **serve: Any) -> Setup:
    return Setup(
        store=StoreSettings(home=home),
        queue=QueueSettings(broker_url=None),
        serve=ServeSettings(port=0, **serve),
        oidc=OidcSettings(),
        detect=DetectSettings(),
    )


def found(setup: Setup, check: str) -> Finding:
    (one,) = [finding for finding in examine(setup) if finding.check == check]
    return one


def wrong(setup: Setup, check: str) -> str:
    finding = found(setup, check)
    assert not finding.good, finding
    return finding.words


def test_a_new_installation_is_in_order_and_nothing_is_made(tmp_path: Path) -> None:
    findings = examine(setup_of(tmp_path / "deep" / "home"))
    assert [one.check for one in findings] == list(CHECKS)
    assert len(findings) >= 10
    assert {one.check for one in findings if not one.good} <= {"pages"}
    assert list(tmp_path.iterdir()) == []


def test_a_working_installation_is_in_order(home: Path) -> None:
    before = sorted(path.name for path in home.iterdir() if "-" not in path.name)
    findings = examine(setup_of(home))
    assert {one.check for one in findings if not one.good} <= {"pages"}
    assert sorted(path.name for path in home.iterdir() if "-" not in path.name) == before


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine", encoding="utf-8")
    assert "set TENKEN_HOME" in wrong(setup_of(tmp_path / "home"), "home")


def test_a_folder_that_cannot_be_written_to() -> None:
    assert "cannot be written to" in wrong(setup_of(Path("/proc/1")), "home")


def test_a_disk_that_is_nearly_full(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.doctor, "DISK_MIN_GB", 1e9)
    assert "a survey needs 1000000000" in wrong(setup_of(home), "disk")


def test_a_database_that_does_not_answer(home: Path) -> None:
    away = Setup(
        store=StoreSettings(
            home=home, database_url=SecretStr("postgresql://u:secret-word@127.0.0.1:9/x")
        ),
        queue=QueueSettings(broker_url=None),
        serve=ServeSettings(port=0),
        oidc=OidcSettings(),
        detect=DetectSettings(),
    )
    words = wrong(away, "database")
    assert "cannot be reached" in words and "secret-word" not in words
    assert not found(away, "tables").good and not found(away, "log").good


def test_tables_of_another_version(home: Path) -> None:
    with sqlite3.connect(home / "tenken.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    assert "tenken db upgrade" in wrong(setup_of(home), "tables")


def test_a_broker_that_does_not_answer(home: Path) -> None:
    away = Setup(
        store=StoreSettings(home=home),
        queue=QueueSettings(broker_url=SecretStr("amqp://guest:secret-word@127.0.0.1:9//")),
        serve=ServeSettings(port=0),
        oidc=OidcSettings(),
        detect=DetectSettings(),
    )
    words = wrong(away, "broker")
    assert "TENKEN_QUEUE_BROKER_URL" in words and "secret-word" not in words


@pytest.mark.parametrize(("age", "good"), [(timedelta(0), True), (timedelta(hours=1), False)])
def test_jobs_that_nobody_takes(home: Path, age: timedelta, good: bool) -> None:
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    from inspection.store import assets

    with writing(engine) as connection:
        assets.save(connection, make_asset())
        survey = surveys.save(connection, make_survey())
        jobs.enqueue(connection, survey.survey_id, "conduct", datetime.now(UTC) - age)
    engine.dispose()
    finding = found(setup_of(home), "worker")
    assert finding.good is good
    assert good or "the first for 60 minutes: start 'tenken worker'" in finding.words


def test_a_network_that_is_damaged(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = models.registry.load_entry()
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / entry.onnx_path.name).write_bytes(b"version https://git-lfs")
    card = entry.onnx_path.with_suffix(".json")
    (folder / card.name).write_bytes(card.read_bytes())
    original = models.registry.load_entry
    monkeypatch.setattr(
        workers.doctor, "load_entry", lambda name: original(name, weights_dir=folder)
    )
    assert "damaged or was replaced" in wrong(setup_of(home), "weights")


def test_arithmetic_that_the_processor_does_not_have(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(setup_of(home), "engine").words == "openvino in f32"
    monkeypatch.setattr(openvino, "processor_abilities", lambda: ["FP32"])
    asked = replace(setup_of(home), detect=DetectSettings(precision="bf16"))
    assert "TENKEN_DETECT_PRECISION=f32" in wrong(asked, "engine")


def test_pages_that_are_not_built(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        submodule_search_locations = (str(home),)

    monkeypatch.setattr(workers.doctor, "find_spec", lambda _name: Elsewhere())
    assert "make web" in wrong(setup_of(home), "pages")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_a_port_that_is_taken(home: Path, taken: int) -> None:
    setup = Setup(
        store=StoreSettings(home=home),
        queue=QueueSettings(broker_url=None),
        serve=ServeSettings(port=taken),
        oidc=OidcSettings(),
        detect=DetectSettings(),
    )
    assert "TENKEN_PORT" in wrong(setup, "port")


def add_admin(home: Path) -> None:
    account = Account(account_id=uuid.uuid4(), name="root", display_name="root")
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    with writing(engine) as connection:
        accounts.add(connection, account, password_hash="argon2", now=NOON)
        membership = Membership(
            account_id=account.account_id, organisation_id=HOME, role=Role.ADMIN
        )
        accounts.join(connection, membership)
    engine.dispose()


def test_a_door_that_is_open_to_everybody(home: Path) -> None:
    assert "TENKEN_PUBLIC_URL" in wrong(setup_of(home, host="0.0.0.0"), "door")
    clear = "http://tenken.example.jp"
    assert "not https" in wrong(setup_of(home, public_url=clear), "door")
    public = setup_of(home, public_url="https://tenken.example.jp")
    assert "users add NAME --role admin" in wrong(public, "door")
    add_admin(home)
    assert found(public, "door").good


def test_half_an_issuer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENKEN_OIDC_ISSUER", "https://issuer.example")
    assert "both, or neither" in wrong(setup_of(home), "door")


def test_an_audit_log_that_was_cut(home: Path) -> None:
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    event = Event(at=NOON, actor="a", organisation_id="", action="t", subject="s")
    with writing(engine) as connection:
        audit.append(connection, [event, event])
    engine.dispose()
    assert found(setup_of(home), "log").words == "2 entries"
    with sqlite3.connect(home / "tenken.sqlite") as database:
        database.execute("DROP TRIGGER audit_log_refuse_delete")
        database.execute("DELETE FROM audit_log WHERE seq = 1")
    database.close()
    assert "first at entry 1" in wrong(setup_of(home), "log")


def run(*argv: str) -> int:
    try:
        main(["doctor", *argv])
    except SystemExit as left:
        return int(str(left.code))
    return 0


def test_the_command_prints_each_check_and_ends_with_4_when_one_is_wrong(
    home: Path, tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("TENKEN_PORT", str(taken))
    assert run("--home", str(home)) == 4
    printed = capsys.readouterr().out
    assert printed.count("\n") == len(CHECKS)
    assert "WRONG  port " in printed and "ok     home " in printed
    assert run("--json", "--home", str(home)) == 4
    read = {one["check"]: one["good"] for one in json.loads(capsys.readouterr().out)}
    assert read["port"] is False and read["home"] is True
