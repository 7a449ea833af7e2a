"""What a ledger says of a measure: a bridge that is not repaired must stay in every programme."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.codelists.opendata import load_redaction_rule
from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import NOT_YET, AssetSheet, LedgerEntry, says_done
from inspection.domain.deterioration import MEASURE
from inspection.pipeline.estimate import learn
from inspection.pipeline.rank import DONE_WORDS, know
from inspection.store import schema, sheets
from inspection.store.engine import create_engine, writing

OPEN = (
    "", "未措置", "未完了", "措置未完了", "未措置済", "R9完了予定", "令和9年度 措置完了見込み",
    "一部完了", "設計完了", "補修設計完了（R6）", "前回措置完了、再劣化で工事中",
    "not completed 完了",
)  # fmt: skip
CLOSED = ("完了", "措置完了", "措置済", "修繕済（R6）", "対策済 2024", "R6 措置完了")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path / 't.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def waiting(asset_id: str, status: str, **attributes: str | float | bool) -> LedgerEntry:
    """Give a bridge of soundness III that has waited long enough for rule R3."""
    known = {"soundness": "III", "diagnosis_fiscal_year": 2021, **attributes}
    return LedgerEntry(
        asset=Asset(asset_id=asset_id, name="橋", kind=AssetKind.BRIDGE, attributes=known),
        sheet=AssetSheet(asset_id=asset_id, repair_status=status),
    )


def test_only_a_finished_measure_lifts_the_hard_rule(store: Connection) -> None:
    told = {f"B-{i:02}": status for i, status in enumerate((*OPEN, *CLOSED))}
    sheets.save(store, [waiting(asset_id, status) for asset_id, status in told.items()])
    table = know(store, fiscal_year=2026).table(load_priority_model())
    tiers = {case.asset_id: int(tier) for case, tier in zip(table.cases, table.tier, strict=True)}
    assert {told[a]: tier for a, tier in tiers.items()} == {
        **dict.fromkeys(OPEN, 1),
        **dict.fromkeys(CLOSED, 2),
    }


@pytest.mark.parametrize(("stated", "tier"), [(True, 2), (False, 1)])
def test_what_the_owner_states_wins_over_the_words(
    store: Connection, stated: bool, tier: int
) -> None:
    words = "未完了" if stated else "措置完了"
    sheets.save(store, [waiting("B", words, measure_done=stated)])
    assert know(store, fiscal_year=2026).table(load_priority_model()).tier.tolist() == [tier]


@pytest.mark.parametrize("status", ["措置未完了", "R9完了予定", "設計完了", "措置完了"])
def test_an_estimate_leaves_out_only_bridges_with_a_finished_measure(
    store: Connection, tmp_path: Path, status: str
) -> None:
    heading = "施設番号,橋梁名,健全性,点検年度,措置状況\n"
    for name, year, rest in (("a.csv", 2019, status), ("b.csv", 2024, "")):
        rows = f"X,橋,Ⅱ,{year},{rest}\nY,橋,Ⅰ,{year},\n"
        (tmp_path / name).write_text(heading + rows, encoding="utf-8")
    found = learn(store, tmp_path / "a.csv", tmp_path / "b.csv", today=date(2026, 11, 25))
    assert found.plain()["left_out"][MEASURE] == (status in CLOSED)
    assert found.estimate.pairs == 2 - (status in CLOSED)


@pytest.mark.parametrize("status", [*OPEN, *CLOSED])
def test_what_is_published_follows_the_same_words(status: str) -> None:
    assert load_redaction_rule().measure_done(status) is (status in CLOSED)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from(CLOSED),
    st.sampled_from(NOT_YET),
    st.integers(0, 12),
    st.sampled_from(["", " ", "、", "（"]),
)
def test_a_word_of_doubt_anywhere_reopens_a_measure(
    status: str, doubt: str, at: int, mark: str
) -> None:
    assert says_done(status, DONE_WORDS)
    for told in (f"{doubt}{mark}{status}", f"{status}{mark}{doubt}"):
        assert not says_done(told, DONE_WORDS), told
    assert not says_done(status[:at] + mark + doubt, DONE_WORDS)
