"""Two ledgers become a transition matrix: which pairs count, and that nothing else decides."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.codelists.ageing import load_ageing
from inspection.codelists.opendata import load_redaction_rule
from inspection.domain.asset import AssetKind
from inspection.domain.deterioration import IMPROVED, MEASURE, forecast
from inspection.domain.publicrow import redact
from inspection.errors import BadInput
from inspection.pipeline.estimate import SPAN_YEARS, Learned, keep, learn
from inspection.pipeline.rank import know
from inspection.store import sheets, transitions
from tests.support.bookshelf import entry, fresh_store
from tests.support.released import make_record

TODAY = date(2026, 11, 25)
ONLY, SPAN, UNREAD = "only in one ledger", "not five years apart", "rows not read"
LEVELS = ("I", "II", "III", "IV")
Row = tuple[str, str]
"""Identifier and soundness."""


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def ledger(path: Path, rows: Sequence[Row], year: int | str = 2019, **columns: str) -> Path:
    """Write a ledger; further columns have the same value in every row."""
    heading = ",".join(["施設番号", "橋梁名", "健全性", "点検年度", *columns])
    lines = [f"{name},橋,{grade},{year}," + ",".join(columns.values()) for name, grade in rows]
    path.write_text("\n".join([heading, *(line.rstrip(",") for line in lines)]), encoding="utf-8")
    return path


def learned(
    store: Connection,
    folder: Path,
    before: Sequence[Row],
    after: Sequence[Row],
    *,
    years: tuple[int | str, int | str] = (2019, 2024),
    **columns: str,
) -> Learned:
    first = ledger(folder / "a.csv", before, years[0], **columns)
    return learn(store, first, ledger(folder / "b.csv", after, years[1]), today=TODAY)


class TestGolden:
    def test_the_formula_of_the_specification(self, store: Connection, tmp_path: Path) -> None:
        """§5.5: p_ij = (n_ij + α·p⁰_ij)/(Σ_j n_ij + α), α = 20; by hand for 30 pairs."""
        before = [(f"B{n}", "I") for n in range(20)] + [(f"C{n}", "III") for n in range(10)]
        after = [(f"B{n}", "I" if n < 15 else "II") for n in range(20)]
        after += [(f"C{n}", "III" if n < 8 else "IV") for n in range(10)]
        found = learned(store, tmp_path, before, after).estimate
        assert found.pairs == 30
        assert found.counts.tolist() == [[15, 5, 0, 0], [0] * 4, [0, 0, 8, 2], [0] * 4]
        assert found.matrix[0].tolist() == pytest.approx(
            [(15 + 17.6) / 40, (5 + 2.2) / 40, 0.2 / 40, 0]
        )
        assert found.matrix[1].tolist() == pytest.approx([0, 0.95, 0.049, 0.001])
        assert found.matrix[2].tolist() == pytest.approx([0, 0, 27.2 / 30, 2.8 / 30])
        assert found.matrix[3].tolist() == [0, 0, 0, 1]

    def test_the_default_chain_after_fifty_years(self) -> None:
        """§5.5: from I after 50 years 0.2785, 0.5032, 0.1854, 0.0329."""
        last = forecast([1, 0, 0, 0], load_ageing().transition, steps=10)[-1]
        assert last.round(4).tolist() == [0.2785, 0.5032, 0.1854, 0.0329]

    @pytest.mark.parametrize("shrinkage", [1e-9, 5.0, 20.0, 1e9])
    def test_shrinkage_leads_from_the_counts_to_the_default(
        self, store: Connection, tmp_path: Path, shrinkage: float
    ) -> None:
        before = [(f"B{n}", "II") for n in range(10)]
        after = [(f"B{n}", "III" if n < 4 else "II") for n in range(10)]
        files = ledger(tmp_path / "a.csv", before), ledger(tmp_path / "b.csv", after, 2024)
        found = learn(store, *files, today=TODAY, shrinkage=shrinkage).estimate
        expected = (4 + shrinkage * 0.049) / (10 + shrinkage)
        assert found.matrix[1, 2] == pytest.approx(expected)
        assert found.low[1, 2] <= expected <= found.high[1, 2]


class TestWhichPairsCount:
    @pytest.mark.parametrize(
        ("years", "counts"),
        [
            ((2019, 2024), True),
            ((2019, 2019 + SPAN_YEARS[0]), True),
            ((2018, 2018 + SPAN_YEARS[1]), True),
            ((2020, 2020 + SPAN_YEARS[0] - 1), False),
            ((2016, 2016 + SPAN_YEARS[1] + 1), False),
            ((2024, 2019), False),
            ((2024, 2024), False),
            (("H31", "R6"), True),
            (("平成31年度", "令和6年度"), True),
            (("Ｈ３１", "２０２４"), True),
        ],
    )
    def test_inspections_are_about_five_years_apart(
        self, store: Connection, tmp_path: Path, years: tuple[int | str, int | str], counts: bool
    ) -> None:
        rows = [("A", "II")]
        if counts:
            assert learned(store, tmp_path, rows, rows, years=years).estimate.pairs == 1
            return
        with pytest.raises(BadInput, match="about five years apart"):
            learned(store, tmp_path, rows, rows, years=years)

    def test_a_bridge_whose_year_nobody_knows_counts(
        self, store: Connection, tmp_path: Path
    ) -> None:
        rows = [("A", "II")]
        assert learned(store, tmp_path, rows, rows, years=("不明", 2024)).estimate.pairs == 1

    def test_every_bridge_is_in_one_count_and_no_more(
        self, store: Connection, tmp_path: Path
    ) -> None:
        before = [("same", "II"), ("better", "III"), ("gone", "I"), ("undiagnosed", "")]
        after = [("same", "III"), ("better", "I"), ("new", "I"), ("undiagnosed", "II")]
        found = learned(store, tmp_path, before, after)
        plain = found.plain()
        assert plain["pairs"] == 1
        assert plain["left_out"] == {MEASURE: 0, IMPROVED: 1, ONLY: 3, SPAN: 0, UNREAD: 0}

    @pytest.mark.parametrize(
        ("columns", "measure"),
        [
            ({}, 0),
            ({"措置状況": "措置完了"}, 1),
            ({"措置状況": "措置未完了"}, 0),
            ({"措置完了": "有"}, 1),
            ({"措置完了": "無"}, 0),
            ({"措置状況": "措置完了", "措置完了": "無"}, 0),
            ({"措置状況": "未措置", "措置完了": "有"}, 1),
        ],
    )
    def test_what_the_owner_states_of_the_measure_wins_over_the_words(
        self, store: Connection, tmp_path: Path, columns: dict[str, str], measure: int
    ) -> None:
        rows = [("A", "II"), ("B", "II")]
        path = ledger(tmp_path / "a.csv", rows[:1], 2019, **columns)
        with path.open("a", encoding="utf-8") as file:
            file.write("\nB,橋,Ⅱ,2019" + "," * len(columns))
        found = learn(store, path, ledger(tmp_path / "b.csv", rows, 2024), today=TODAY)
        assert found.plain()["left_out"][MEASURE] == measure
        assert found.estimate.pairs == 2 - measure

    def test_rows_that_cannot_be_read_are_counted_on_both_sides(
        self, store: Connection, tmp_path: Path
    ) -> None:
        before = [("A", "II"), ("B", "V"), ("", "II")]
        after = [("A", "II"), ("B", "II"), ("C", "７")]
        found = learned(store, tmp_path, before, after).plain()
        assert found["left_out"][UNREAD] == 3
        assert found["pairs"] == 1

    def test_the_store_is_the_second_cycle_when_none_is_given(
        self, store: Connection, tmp_path: Path
    ) -> None:
        known: dict[str, Any] = {"diagnosis_fiscal_year": 2024}
        sheets.save(
            store,
            [
                entry("A", soundness="III", **known),
                entry("B", **known),
                entry("C", soundness="V", **known),
                entry("R", kind=AssetKind.PAVEMENT_SECTION, soundness="II", **known),
            ],
        )
        before = [("A", "II"), ("B", "II"), ("C", "II"), ("R", "II")]
        found = learn(store, ledger(tmp_path / "a.csv", before), None, today=TODAY)
        assert found.estimate.counts[1].tolist() == [0, 0, 1, 0]
        assert (found.estimate.pairs, found.unpaired) == (1, 3)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_an_estimate_is_a_chain_and_the_order_of_rows_decides_nothing(
    store: Connection, tmp_path: Path, pairs: list[tuple[str, str]], random: Any
) -> None:
    before = [(f"B{n:02}", one) for n, (one, _) in enumerate(pairs)]
    after = [(f"B{n:02}", other) for n, (_, other) in enumerate(pairs)]
    found = learned(store, tmp_path, before, after).estimate
    assert np.allclose(found.matrix.sum(axis=1), 1)
    assert np.all(np.tril(found.matrix, -1) == 0)
    assert np.all((found.low <= found.matrix + 1e-12) & (found.matrix <= found.high + 1e-12))
    worse = sum(LEVELS.index(a) <= LEVELS.index(b) for a, b in pairs)
    assert found.pairs == worse
    assert found.left_out[IMPROVED] == len(pairs) - worse
    random.shuffle(before)
    random.shuffle(after)
    assert learned(store, tmp_path, before, after).estimate.matrix.tolist() == found.matrix.tolist()


class TestKeeping:
    def test_a_name_is_taken_by_the_newest_estimate(
        self, store: Connection, tmp_path: Path
    ) -> None:
        rows = [("A", "II")]
        one = learned(store, tmp_path, rows, rows)
        two = learned(store, tmp_path, rows, [("A", "III")])
        for found in (one, two):
            keep(store, "県の橋", found, source="a.csv, b.csv", clock=Clock())
        kept = transitions.by_name(store, "県の橋")
        assert kept.matrix == two.estimate.matrix.tolist()
        assert kept.evidence["source"] == "a.csv, b.csv"
        assert kept.evidence["pairs"] == 1
        assert kept.evidence["prior"] == load_ageing().name
        assert kept.made_at == Clock().now()

    @pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a\tb", "\u3000", "x" * 101, "a\x00"])
    def test_a_name_that_is_none_keeps_nothing(
        self, store: Connection, tmp_path: Path, name: str
    ) -> None:
        rows = [("A", "II")]
        found = learned(store, tmp_path, rows, rows)
        with pytest.raises(BadInput, match="1 to 100 printable characters"):
            keep(store, name, found, source="", clock=Clock())


@pytest.mark.parametrize("stated", [None, True, False])
@pytest.mark.parametrize("words", ["", "措置完了", "措置未完了", "R9完了予定"])
def test_programmes_and_publications_agree_on_what_is_done(
    store: Connection, stated: bool | None, words: str
) -> None:
    """A bridge that is repaired for one of them must not be unrepaired for the other."""
    attributes: dict[str, Any] = {} if stated is None else {"measure_done": stated}
    sheets.save(store, [entry("A", sheet={"repair_status": words}, soundness="III", **attributes)])
    planned = know(store, fiscal_year=2026).case("A").attributes.get("measure_done") is True
    record = make_record(
        attributes=attributes, sheet={**make_record().sheet, "repair_status": words}
    )
    shown = redact(record, rule=load_redaction_rule(), published_on="2026-05-01")
    expected = words == "措置完了" if stated is None else stated
    assert (planned, shown.measure_done) == (expected, expected)
