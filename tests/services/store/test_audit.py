"""The audit log: chained, refused by the database, and honest when somebody got around that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from inspection.errors import BadInput, Conflict, TenkenError
from inspection.store import assets, audit
from inspection.store.audit import Event, Head
from inspection.store.engine import reading, writing
from inspection.store.identity_tables import audit_head, audit_log
from inspection.store.scope import Scope, scoped
from tests.support.records import NOON, make_asset

COUNT = 7
GUARDS = {
    "audit_log": ["audit_log_refuse_update", "audit_log_refuse_delete", "audit_log_refuse"],
    "audit_head": [
        "audit_head_refuse_update",
        "audit_head_refuse_delete",
        "audit_head_refuse",
        "audit_head_only_grow",
    ],
}


def event(number: int) -> Event:
    return Event(
        at=NOON + timedelta(seconds=number),
        actor=f"account-{number % 3}",
        organisation_id="home",
        action="test",
        subject=f"assets a-{number}",
        after_sha256=f"{number:064x}",
    )


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Write some entries, in two transactions."""
    for numbers in (range(1, 4), range(4, COUNT + 1)):
        with writing(engine) as connection:
            audit.append(connection, map(event, numbers))
    return engine


def faults(engine: Engine, *noted: Head) -> dict[int, str]:
    with reading(engine) as connection:
        return {fault.seq: fault.reason for fault in audit.verify(connection, noted)}


def head(engine: Engine) -> Head:
    with reading(engine) as connection:
        return audit.head(connection)


def disarm(connection: Connection) -> None:
    """Take the guards away, as whoever owns the database can."""
    for table, names in GUARDS.items():
        for name in names:
            suffix = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}{suffix}"))


def test_an_untouched_log_has_no_fault(filled: Engine) -> None:
    assert faults(filled) == {}
    assert faults(filled, head(filled), Head(entries=0, entry_sha256=audit.FIRST_DIGEST)) == {}
    with reading(filled) as connection:
        assert audit.find(connection) == tuple(map(event, range(1, COUNT + 1)))
        assert audit.find(connection, after=5) == (event(6), event(7))


def test_an_empty_log_is_whole(engine: Engine) -> None:
    assert faults(engine) == {}
    assert str(head(engine)) == "0:" + "0" * 64


def test_the_database_refuses_every_change(filled: Engine) -> None:
    for statement in (
        sa.update(audit_log).values(actor="nobody"),
        sa.delete(audit_log),
        sa.delete(audit_log).where(audit_log.c.seq == COUNT),
        sa.update(audit_head).values(entries=COUNT - 1),
        sa.update(audit_head).values(entry_sha256="0" * 64),
        sa.delete(audit_head),
    ):
        with pytest.raises(Conflict), writing(filled) as connection:
            connection.execute(statement)
    assert faults(filled) == {}


TAMPERED: dict[str, tuple[Callable[[Connection], object], set[int]]] = {
    "actor": (
        lambda c: c.execute(sa.update(audit_log).where(audit_log.c.seq == 3).values(actor="x")),
        {3},
    ),
    "moment": (
        lambda c: c.execute(
            sa.update(audit_log)
            .where(audit_log.c.seq == 3)
            .values(at=NOON + timedelta(microseconds=1))
        ),
        {3},
    ),
    "every column": (
        lambda c: [
            c.execute(sa.update(audit_log).where(audit_log.c.seq == seq).values({name: "x"}))
            for seq, name in enumerate(
                ["organisation_id", "action", "subject", "before_sha256", "after_sha256"], 1
            )
        ],
        {1, 2, 3, 4, 5},
    ),
    "one removed": (lambda c: c.execute(sa.delete(audit_log).where(audit_log.c.seq == 4)), {4, 5}),
    "first removed": (
        lambda c: c.execute(sa.delete(audit_log).where(audit_log.c.seq == 1)),
        {1, 2},
    ),
    "last removed": (
        lambda c: c.execute(sa.delete(audit_log).where(audit_log.c.seq == COUNT)),
        {COUNT},
    ),
    "all removed": (lambda c: c.execute(sa.delete(audit_log)), {1}),
    "swapped": (
        lambda c: [
            c.execute(sa.update(audit_log).where(audit_log.c.seq == old).values(seq=new))
            for old, new in ((2, 99), (3, 2), (99, 3))
        ],
        {2, 3, 4},
    ),
    "one put in": (
        lambda c: c.execute(
            sa.insert(audit_log).from_select(
                [column.name for column in audit_log.c],
                sa.select(sa.literal(COUNT + 1), *list(list(audit_log.c)[1:])).where(
                    audit_log.c.seq == COUNT
                ),
            )
        ),
        {COUNT + 1},
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_whatever_was_done_to_the_log_is_found(filled: Engine, kind: str) -> None:
    tamper, wanted = TAMPERED[kind]
    with writing(filled) as connection:
        disarm(connection)
        tamper(connection)
    assert wanted <= set(faults(filled)) and faults(filled)
    assert set(faults(filled)) <= wanted | {COUNT + 1, COUNT + 2}


def test_a_chain_that_was_rebuilt_is_found_by_a_noted_head(filled: Engine) -> None:
    noted = head(filled)
    with writing(filled) as connection:
        disarm(connection)
        connection.execute(sa.delete(audit_log))
        connection.execute(sa.update(audit_head).values(entries=0, entry_sha256="0" * 64))
        audit.append(
            connection, [replace(event(n), actor="somebody else") for n in range(1, COUNT + 2)]
        )
    assert faults(filled) == {}, "the chain alone cannot know"
    assert set(faults(filled, noted)) == {COUNT}


def test_a_log_that_was_cut_and_its_head_too_is_found_by_a_noted_head(filled: Engine) -> None:
    noted = head(filled)
    with writing(filled) as connection:
        disarm(connection)
        connection.execute(sa.delete(audit_log))
        connection.execute(sa.update(audit_head).values(entries=0, entry_sha256="0" * 64))
    assert faults(filled) == {}
    assert set(faults(filled, noted)) == {COUNT}


@pytest.mark.parametrize("text", ["", "7", "x:" + "0" * 64, "7:abc", "-1:" + "0" * 64])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="COUNT:SHA256"):
        audit.parse_head(text)


def test_a_head_is_read_as_it_is_written() -> None:
    one = Head(entries=12, entry_sha256="ab" * 32)
    assert audit.parse_head(str(one)) == one


def test_changes_are_told_with_what_was_before_and_after(engine: Engine) -> None:
    scope = Scope(actor="me", action="save", at=NOON, own="home", visible=None)
    for name in ("first", "second", "second"):
        with writing(scoped(engine, scope)) as connection:
            assets.save(connection, replace(make_asset("a-1"), name=name))
    with reading(engine) as connection:
        made, changed = audit.find(connection)
    assert (made.actor, made.action, made.subject, made.at) == ("me", "save", "assets a-1", NOON)
    assert made.before_sha256 == "" and made.after_sha256 == changed.before_sha256
    assert changed.after_sha256 not in ("", changed.before_sha256)


def test_writers_at_the_same_moment_make_one_chain(engine: Engine) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(number: int) -> None:
        with writing(engine) as connection:
            audit.append(connection, [event(number), event(number)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    assert faults(engine) == {}
    assert head(engine).entries == 24


def test_no_content_and_no_name_is_in_the_log(engine: Engine) -> None:
    scope = Scope(actor="me", action="save", at=NOON, own="home", visible=None)
    with writing(scoped(engine, scope)) as connection:
        assets.save(connection, replace(make_asset("a-1"), name="a name of somebody"))
    with reading(engine) as connection:
        (row,) = connection.execute(sa.select(audit_log)).all()
    assert "somebody" not in str(row)


def test_a_log_without_its_head_stops_every_change(engine: Engine) -> None:
    with writing(engine) as connection:
        disarm(connection)
        connection.execute(sa.delete(audit_head))
    with pytest.raises(TenkenError, match="lost its head"), writing(engine) as connection:
        audit.append(connection, [event(1)])
