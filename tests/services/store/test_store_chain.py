"""The audit chain under any damage, what a witness digests, and whose each table's rows are."""

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from inspection.errors import BadInput, Broken, Conflict
from inspection.store import assets, audit, ownership, witness
from inspection.store.audit import FIRST_DIGEST, Event, Head, entry_digest, parse_head
from inspection.store.engine import reading, writing
from inspection.store.identity_tables import audit_log
from inspection.store.scope import HOME, Scope, scoped
from inspection.store.tables import metadata
from tests.support.records import NOON, make_asset

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
EVENTS = st.builds(
    Event, at=MOMENTS, actor=WORDS, organisation_id=WORDS, action=WORDS, subject=WORDS,
    before_sha256=WORDS, after_sha256=WORDS,
)  # fmt: skip
FIELDS = ("actor", "organisation_id", "action", "subject", "before_sha256", "after_sha256")
ON_BOTH = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def event(number: int, **changes: Any) -> Event:
    made = Event(
        at=NOON + timedelta(seconds=number), actor="a", organisation_id="home", action="t",
        subject=f"assets {number}",
    )  # fmt: skip
    return replace(made, **changes)


def faults(engine: Engine, *noted: Head) -> list[tuple[int, str]]:
    with reading(engine) as connection:
        return [(fault.seq, fault.reason) for fault in audit.verify(connection, noted)]


# digests


@given(EVENTS, st.sampled_from(FIELDS), WORDS, st.integers(1, 2**40))
def test_a_digest_is_of_every_field_its_place_and_what_came_before(
    one: Event, name: str, word: str, seq: int
) -> None:
    plain = entry_digest(seq, one, FIRST_DIGEST)
    assert re.fullmatch(r"[0-9a-f]{64}", plain)
    assert plain == entry_digest(seq, one, FIRST_DIGEST)
    assert plain != entry_digest(seq + 1, one, FIRST_DIGEST)
    assert plain != entry_digest(seq, one, plain)
    other = replace(one, **{name: word})  # type: ignore[arg-type]
    if other != one:
        assert plain != entry_digest(seq, other, FIRST_DIGEST)
    assert plain != entry_digest(
        seq, replace(one, at=one.at + timedelta(microseconds=1)), FIRST_DIGEST
    )


def test_a_digest_does_not_depend_on_the_zone_in_which_a_moment_is_told() -> None:
    tokyo = event(1, at=datetime(2026, 4, 1, 0, 0, tzinfo=timezone(timedelta(hours=9))))
    utc = event(1, at=datetime(2026, 3, 31, 15, 0, tzinfo=UTC))
    assert entry_digest(1, tokyo, FIRST_DIGEST) == entry_digest(1, utc, FIRST_DIGEST)


def test_words_that_move_from_one_field_to_the_next_change_the_digest() -> None:
    one, other = event(1, action="ab", subject="c"), event(1, action="a", subject="bc")
    assert entry_digest(1, one, FIRST_DIGEST) != entry_digest(1, other, FIRST_DIGEST)


@given(st.lists(EVENTS, max_size=4), st.lists(EVENTS, max_size=4))
@ON_BOTH
def test_any_events_are_chained_and_read_back(
    engine: Engine, first: list[Event], second: list[Event]
) -> None:
    with reading(engine) as connection:
        before = audit.head(connection)
    for batch in (first, second):
        with writing(engine) as connection:
            audit.append(connection, iter(batch))
    assert faults(engine, before) == []
    with reading(engine) as connection:
        assert audit.head(connection).entries == before.entries + len(first) + len(second)
        found = audit.find(connection, after=before.entries)
    assert found == (*first, *second)


# noted heads


def heads(engine: Engine, count: int = 4) -> list[Head]:
    noted = []
    for number in range(1, count + 1):
        with writing(engine) as connection:
            audit.append(connection, [event(number)])
            noted.append(audit.head(connection))
    return noted


def test_every_noted_head_is_looked_for_in_any_order(engine: Engine) -> None:
    noted = heads(engine, 3)
    false = [Head(entries=2, entry_sha256="f" * 64), Head(entries=9, entry_sha256="9" * 64)]
    for order in permutations([noted[1], *false]):
        found = faults(engine, *order)
        assert found == [
            (2, "it is not the entry that was noted: chain rebuilt"),
            (9, "an entry that was noted is not there"),
        ]
    assert faults(engine, *noted, *noted[::-1]) == []
    assert faults(engine, Head(entries=0, entry_sha256="1" * 64)) == [
        (0, "an entry that was noted is not there")
    ]


@pytest.mark.parametrize(
    "text",
    ["1:" + "z" * 64, "1:" + "A" * 64, "１:" + "0" * 64, "9" * 5000 + ":" + "0" * 64,
    "+1:" + "0" * 64,
     "1:" + "0" * 63, "1:" + "0" * 65, "1 :" + "0" * 64, "1:" + "0" * 63 + "\n0", ":" * 66],
)  # fmt: skip
def test_heads_that_are_none_are_no_false_alarm(text: str) -> None:
    with pytest.raises(BadInput, match="COUNT:SHA256 as 'tenken audit head' prints it"):
        parse_head(text)


@given(st.integers(0, 10**18 - 1), st.binary(min_size=32, max_size=32))
def test_a_head_is_read_as_it_was_noted(entries: int, digest: bytes) -> None:
    one = Head(entries=entries, entry_sha256=digest.hex())
    assert parse_head(str(one)) == parse_head(f"  {one}\r\n") == one


def test_a_long_log_is_read_in_pieces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = heads(engine, 7)
    for chunk in (1, 2, 3, 7, 8):
        monkeypatch.setattr(audit, "CHUNK", chunk)
        assert faults(engine, *noted) == []
        assert faults(engine, Head(entries=5, entry_sha256="0" * 64))[0][0] == 5


# a scope


def test_a_transaction_that_fails_tells_nothing_and_the_next_one_only_its_own(
    engine: Engine,
) -> None:
    scope = Scope(actor="me", action="save", at=NOON, own=HOME, visible=frozenset({HOME}))
    mine = scoped(engine, scope)
    with pytest.raises(RuntimeError), writing(mine) as connection:
        assets.save(connection, make_asset("lost"))
        raise RuntimeError("stop")
    with writing(mine) as connection:
        assets.save(connection, make_asset("kept"))
        assets.save(connection, make_asset("kept"))  # changes nothing, tells nothing
        with pytest.raises(Conflict), connection.begin_nested():
            raise Conflict("a part that fails")
    with reading(engine) as connection:
        (told,) = audit.find(connection)
    assert (told.actor, told.action, told.subject) == ("me", "save", "assets kept")
    assert (told.organisation_id, told.before_sha256) == (HOME, "")
    assert faults(engine) == []


@pytest.mark.parametrize(
    ("own", "visible", "changeable"),
    [
        ("a", frozenset({"a", "b"}), frozenset({"a"})), (None, frozenset({"a"}), frozenset()),
        ("a", None, None), (None, None, None), (None, frozenset(), frozenset()),
    ],
)  # fmt: skip
def test_what_a_scope_may_change(own: str | None, visible: Any, changeable: Any) -> None:
    scope = Scope(actor="x", action="y", at=NOON, own=own, visible=visible)
    assert scope.changeable == changeable


# what a witness digests


def test_a_digest_of_a_row_is_of_its_values_whatever_their_order() -> None:
    values = {"b": b"\x00\xff", "g": shapely.Point(1, 2), "t": NOON, "u": uuid.UUID(int=7),
              "j": {"z": [1, None], "a": "橋"}, "n": None, "f": 0.1}  # fmt: skip
    plain = witness.digest(values)
    assert plain == witness.digest(dict(reversed(values.items())))
    for name, other in (
        ("b", b"\x00"), ("g", shapely.Point(1, 2.000000001)),
        ("t", NOON + timedelta(microseconds=1)),
        ("u", uuid.UUID(int=8)), ("j", {"z": [1, 0], "a": "橋"}), ("n", ""), ("f", 0.1 + 1e-17 * 3),
    ):  # fmt: skip
        changed = witness.digest(values | {name: other})
        assert (changed != plain) is (other != values[name]), name


def test_events_tell_of_rows_that_changed_and_of_no_other() -> None:
    scope = Scope(actor="me", action="do", at=NOON, own="home", visible=None)
    table = metadata.tables["survey_photos"]
    before = {("s", "1"): "a", ("s", "2"): "b", ("s", "3"): "c"}
    after = {("s", "2"): "b", ("s", "3"): "x", ("s", "4"): "d"}
    told = witness.events(scope, table, before, after)
    assert [(one.subject, one.before_sha256, one.after_sha256) for one in told] == [
        ("survey_photos s 1", "a", ""), ("survey_photos s 3", "c", "x"),
        ("survey_photos s 4", "", "d"),
    ]  # fmt: skip


def test_an_insert_says_its_keys_each_once() -> None:
    table = metadata.tables["survey_photos"]
    rows = [{"survey_id": 1, "sha256": n, "name": "x"} for n in "aab"]
    assert witness.keys_of_insert(table, sa.insert(table), rows) == [(1, "a"), (1, "b")]
    one = sa.insert(table).values(survey_id="s", sha256="c", name="x")
    assert witness.keys_of_insert(table, one, []) == [("s", "c")]
    with pytest.raises(Broken, match="'survey_photos' does not say 'sha256'"):
        witness.keys_of_insert(table, sa.insert(table), [{"survey_id": 1}])


def test_an_update_in_several_ways_at_once_has_no_witness(engine: Engine) -> None:
    table = metadata.tables["assets"]
    statement = sa.update(table).where(table.c.asset_id == sa.bindparam("which"))
    with writing(engine) as connection, pytest.raises(Broken, match="'assets' in several ways"):
        witness.keys_of_change(connection, statement, [{"which": "a"}, {"which": "b"}])


# whose rows


def test_every_table_has_a_key_by_which_its_rows_are_told() -> None:
    for table in metadata.tables.values():
        if table.name in (*ownership.OWNED, ownership.LISTS):
            key = ownership.natural_key(table)
            assert key and set(key) <= set(table.c.keys()), table.name
            assert "seq" not in key
    stray = sa.Table("stray", sa.MetaData(), sa.Column("seq", sa.Integer, primary_key=True))
    with pytest.raises(Broken, match="'stray' has no key but its row number"):
        ownership.natural_key(stray)


def test_every_way_ends_at_the_root_without_a_circle() -> None:
    for name, start in ownership.OWNED.items():
        way, steps = start, 0
        while way is not None:
            way, steps = ownership.OWNED[way.parent], steps + 1
            assert steps <= 3, name
    kinds = [set(ownership.OWNED), {ownership.LISTS}, set(ownership.SHARED), set(ownership.CLOSED)]
    assert sum(map(len, kinds)) == len(set().union(*kinds)), "a table has one owner"


def test_the_name_behind_an_alias_is_the_table_s() -> None:
    table = metadata.tables["defects"]
    assert {
        ownership.named_table(one) for one in (table, table.alias(), table.alias("x").alias())
    } == {"defects"}


def test_nothing_is_owned_by_nobody(engine: Engine) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        for name in ownership.OWNED:
            table = metadata.tables[name]
            for owners, rows in ((frozenset(), 0), (frozenset({HOME}), name == "assets")):
                belongs = ownership.owned_by(table, owners)
                assert belongs is not None
                query = sa.select(sa.func.count()).select_from(table).where(belongs)
                assert connection.execute(query).scalar_one() == rows, name
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one() == 0
        )
