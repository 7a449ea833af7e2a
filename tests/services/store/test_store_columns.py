"""What columns promise on both engines: moments, plain values, text, numbers at their limits."""

import json
import math
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.defect import ReviewState
from inspection.domain.grade import Subject
from inspection.domain.programme import Work
from inspection.errors import BadInput, Broken, TenkenError
from inspection.store import assets, programmes, rows, sheets, transitions
from inspection.store.engine import reading, writing
from inspection.store.programme_tables import programme_works
from inspection.store.programme_tables import transitions as table
from inspection.store.programmes import KeptProgramme, WorkLine
from inspection.store.transitions import KeptTransition
from tests.support.records import NOON, make_asset

ON_BOTH = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda offset: timezone(timedelta(seconds=round(offset.total_seconds())))
)
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)
JST = timezone(timedelta(hours=9))


def kept(name: str = "x", made_at: datetime = NOON, **evidence: Any) -> KeptTransition:
    return KeptTransition(name=name, matrix=[[1.0]], evidence=evidence, made_at=made_at)


def through(engine: Engine, one: KeptTransition) -> KeptTransition:
    with writing(engine) as connection:
        transitions.save(connection, one)
        return transitions.by_name(connection, one.name)


# moments


@given(MOMENTS)
@example(datetime(2, 1, 1, tzinfo=UTC))
@example(datetime(2025, 3, 31, 23, 59, 59, 999999, tzinfo=JST))
@ON_BOTH
def test_a_moment_comes_back_in_utc_to_the_microsecond(engine: Engine, moment: datetime) -> None:
    back = through(engine, kept(made_at=moment)).made_at
    assert back == moment
    assert back.utcoffset() == timedelta(0)


@given(st.lists(MOMENTS, min_size=2, max_size=5, unique=True))
@ON_BOTH
def test_the_database_sorts_and_compares_moments_as_time_does(
    engine: Engine, moments: list[datetime]
) -> None:
    with writing(engine) as connection:
        connection.execute(table.delete())
        for number, moment in enumerate(moments):
            transitions.save(connection, kept(str(number), moment))
        ordered = (
            connection.execute(select(table.c.made_at).order_by(table.c.made_at)).scalars().all()
        )
        assert ordered == sorted(moments)
        for moment in moments:
            before = select(func.count()).select_from(table).where(table.c.made_at <= moment)
            found = connection.execute(before).scalar_one()
            assert found == sum(other <= moment for other in moments)


def test_one_moment_in_two_zones_is_one_moment(engine: Engine) -> None:
    tokyo = datetime(2025, 4, 1, 0, 0, tzinfo=JST)
    assert through(engine, kept(made_at=tokyo)) == through(
        engine, kept(made_at=datetime(2025, 3, 31, 15, 0, tzinfo=UTC))
    )


@pytest.mark.parametrize(
    ("moment", "family", "says"),
    [
        (datetime(2026, 5, 1), Broken, "a time without a zone cannot be stored: 2026-05-01"),
        (datetime(1, 1, 1, tzinfo=JST), BadInput, "too large"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=9))), BadInput, "too large"),
    ],
)
def test_moments_that_are_none_are_refused(
    engine: Engine, moment: datetime, family: type[TenkenError], says: str
) -> None:
    with pytest.raises(family, match=says):
        through(engine, kept(made_at=moment))


# plain values

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner,
    max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(PLAIN)
@example({"橋": [0.1 + 0.2, 2.766099606837545e16, -0.0, 5e-324, sys.float_info.max]})
@example({"": "\u0000", "b": "\u2028\U0001f309", "c": "ｶﾞ", "d": "'; DROP TABLE assets; --"})
@ON_BOTH
def test_plain_values_come_back_exactly(engine: Engine, value: Any) -> None:
    back = through(engine, kept(value=value)).evidence["value"]
    assert json.dumps(back) == json.dumps(value)  # tells 1 from 1.0 and 0.0 from -0.0


def test_what_is_no_json_is_refused_and_nothing_is_written(engine: Engine) -> None:
    for number in (math.nan, math.inf, -math.inf):
        with pytest.raises(Broken, match="cannot be written"):
            through(engine, kept(deep=[{"x": number}]))
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


# text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
@example("が")
@example("か\u3099")
@example(" 先頭と末尾の空白\u3000")
@example("𠮷野家 👩‍👩‍👧 \r\n\t")
@ON_BOTH
def test_text_comes_back_as_it_is_neither_folded_nor_trimmed(engine: Engine, name: str) -> None:
    one = kept(name)
    assert through(engine, one) == one


def test_half_a_character_is_refused(engine: Engine) -> None:
    for name in ("\ud83c", "a\udcffb"):
        with pytest.raises(BadInput, match="half of a character"):
            through(engine, kept(name))
        with pytest.raises(BadInput, match="half of a character"):
            through(engine, kept(deep=[{"x": name}]))


def test_names_that_only_look_alike_are_two(engine: Engine) -> None:
    pairs = [("が", "か\u3099"), ("ISK", "isk"), ("Ａ", "A"), ("橋", "橋 "), ("①", "1")]
    for first, second in pairs:
        through(engine, kept(first, of=1))
        through(engine, kept(second, of=2))
        assert through(engine, kept(first, of=3)).evidence == {"of": 3}
        with reading(engine) as connection:
            assert transitions.by_name(connection, second).evidence == {"of": 2}


# words are found on both engines in the same way


def ledger(engine: Engine, *names: str) -> None:
    entries = [
        LedgerEntry(asset=replace(make_asset(f"ISK-{n}"), name=name),
                    sheet=AssetSheet(asset_id=f"ISK-{n}", kana=f"カナ{n}"))
        for n, name in enumerate(names)
    ]  # fmt: skip
    with writing(engine) as connection:
        sheets.save(connection, entries)


WORDS: list[tuple[str, set[int]]] = [
        ("isk-1", {1}), ("ISK-1", {1}), ("Isk", {0, 1, 2, 3, 4}), ("大橋", {0, 1}), ("bridge", {2}),
        ("BRIDGE", {2}), ("100%", {3}), ("%", {3}), ("_", {4}), ("カナ4", {4}), ("\\", set()),
        ("isk_1", set()), ("'", set()), ("大_", set()), ("", {0, 1, 2, 3, 4}),
]  # fmt: skip


def test_words_are_found_in_either_case_and_wild_cards_are_letters(engine: Engine) -> None:
    ledger(engine, "犀川大橋", "浅野川大橋", "North Bridge", "100%橋", "a_b")
    for words, wanted in WORDS:
        with reading(engine) as connection:
            page = sheets.find(connection, text=words)
        assert {int(entry.asset.asset_id[-1]) for entry in page.rows} == wanted, words
        assert page.total == len(wanted)


# numbers at their limits


def line(**changes: Any) -> WorkLine:
    plain: dict[str, Any] = {
        "asset_id": "A", "task": "repair", "rank": 1, "tier": 0, "score": 1.0, "fiscal_year": 2027,
        "work": Work.MAJOR.value, "cost_yen": 1, "benefit": 0.5, "reason": {"en": "x"},
    }  # fmt: skip
    return WorkLine(**(plain | changes))


def save_line(engine: Engine, one: WorkLine) -> WorkLine:
    kept_programme = KeptProgramme(
        name="P", model="m", request={}, outcome={}, made_at=NOON, lines=(one,)
    )
    with writing(engine) as connection:
        assets.save(connection, make_asset("A"))
        programmes.save(connection, kept_programme, replace=True)
        return programmes.by_name(connection, "P").lines[0]


def test_money_is_kept_to_the_yen(engine: Engine) -> None:
    for yen in (0, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), None):
        assert save_line(engine, line(cost_yen=yen)).cost_yen == yen


def test_money_beyond_every_column_is_refused_on_both(engine: Engine) -> None:
    for yen in (2**63, -(2**63) - 1, 10**30):
        with pytest.raises(BadInput):
            save_line(engine, line(cost_yen=yen))
    with reading(engine) as connection:
        assert (
            connection.execute(select(func.count()).select_from(programme_works)).scalar_one() == 0
        )


@given(st.floats(allow_nan=False, allow_infinity=False))
@ON_BOTH
def test_scores_are_kept_to_the_last_bit(engine: Engine, score: float) -> None:
    back = save_line(engine, line(score=score, benefit=score))
    assert (back.score, back.benefit) == (score, score)


# rows


def test_nothing_to_write_is_no_statement(engine: Engine) -> None:
    with writing(engine) as connection:
        rows.add_missing(connection, table, [])
        rows.add_or_replace(connection, table, iter(()), key=["name"])


def test_what_is_there_stays_or_is_replaced_as_asked(engine: Engine) -> None:
    plain = {"name": "x", "matrix": [], "evidence": {}, "made_at": NOON}
    with writing(engine) as connection:
        rows.add_missing(connection, table, [plain | {"matrix": [[1]]}, plain | {"matrix": [[2]]}])
        rows.add_missing(connection, table, [plain | {"matrix": [[3]]}])
        assert transitions.by_name(connection, "x").matrix == [[1]]
        later = NOON + timedelta(days=1)
        for matrix in ([[4]], [[5]]):
            fresh = {k: v for k, v in plain.items() if k != "made_at"} | {"matrix": matrix}
            for name in ("x", "y"):
                rows.add_or_replace(
                    connection, table, [fresh | {"name": name}], key=["name"],
                    first={"made_at": later},
                )  # fmt: skip
        old, new = (transitions.by_name(connection, name) for name in "xy")
    assert (old.matrix, old.made_at) == ([[5]], NOON)
    assert (new.matrix, new.made_at) == ([[5]], later)


@pytest.mark.parametrize("kind", [ReviewState, Subject, Work])
def test_choices_come_back_and_what_is_none_is_named(kind: Any) -> None:
    for one in kind:
        assert rows.choice(kind, one.value) is one
    for wrong in ("", "CONFIRMED", " confirmed", "橋"):
        with pytest.raises(Broken, match=f"{kind.__name__} {wrong!r}.*newer version"):
            rows.choice(kind, wrong)
