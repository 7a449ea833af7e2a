"""Frozen months: SQL counts what the rule counts, by hand and by law; nothing frozen changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.figures import FrozenAsset, cycle_of, figures_of
from inspection.errors import Conflict, NotFound
from inspection.store import assets, sheets, snapshots
from inspection.store.engine import reading, writing
from inspection.store.release_tables import snapshot_assets, snapshot_files
from inspection.store.release_tables import snapshots as snapshot_table
from inspection.store.snapshots import Snapshot, SnapshotFile
from tests.support.records import NOON, make_asset

MONTH = Snapshot(month="2026-04", taken_at=NOON, figures={"cycle": [2024, 2028]})
FY = 2026


def frozen(asset_id: str, **changes: Any) -> FrozenAsset:
    plain = FrozenAsset(asset_id=asset_id, kind="bridge", municipality="輪島市", published=False)
    return replace(plain, **changes)


def published(
    asset_id: str, soundness: int, year: int, *, done: bool | None = None, **changes: Any
) -> FrozenAsset:
    return frozen(
        asset_id, published=True, soundness=soundness, inspected_fiscal_year=year,
        measure_done=done, **changes,
    )  # fmt: skip


def freeze(
    engine: Engine, rows: list[FrozenAsset], month: Snapshot = MONTH, *files: SnapshotFile
) -> None:
    with writing(engine) as connection:
        snapshots.save(connection, month, rows, files)


def counted(engine: Engine, month: str = MONTH.month, year: int = FY) -> dict[str, Any]:
    first, last = cycle_of(year)
    with reading(engine) as connection:
        return snapshots.counted_by_sql(connection, month, first_year=first, last_year=last)


# counted by hand

ROWS = [
    published("B1", 1, 2024),
    published("B2", 2, 2023),  # of the cycle before
    published("B3", 3, 2026, done=True),
    published("B4", 3, 2028, done=False),
    published("B5", 4, 2025, municipality="珠洲市"),
    frozen("B6", soundness=4, measure_done=True),  # not published: counts as an asset only
    frozen("B7", municipality=""),
    published("R1", 2, 2026, kind="pavement_section"),
]


def test_a_month_counted_by_hand(engine: Engine) -> None:
    freeze(engine, ROWS)
    found = counted(engine)
    assert found["cycle"] == [2024, 2028]
    assert found["kinds"]["bridge"] == {
        "assets": 7, "published": 5, "inspected_in_cycle": 4, "inspected_percent": 57.1,
        "soundness": {"I": 1, "II": 1, "III": 2, "IV": 1},
        "urgent": 3, "urgent_done": 1, "urgent_done_percent": 33.3,
    }  # fmt: skip
    assert found["kinds"]["pavement_section"]["urgent_done_percent"] is None
    assert [(m["kind"], m["municipality"], m["assets"]) for m in found["municipalities"]] == [
        ("bridge", "", 1), ("bridge", "珠洲市", 1), ("bridge", "輪島市", 5),
        ("pavement_section", "輪島市", 1),
    ]  # fmt: skip
    assert found == figures_of(ROWS, fiscal_year=FY)


@pytest.mark.parametrize(
    ("year", "cycle"),
    [(2013, (2009, 2013)), (2014, (2014, 2018)), (2018, (2014, 2018)), (2019, (2019, 2023)),
     (2023, (2019, 2023)), (2024, (2024, 2028)), (2028, (2024, 2028)), (2029, (2029, 2033))],
)  # fmt: skip
def test_cycles_of_five_years(year: int, cycle: tuple[int, int]) -> None:
    """Domain specification §1.1: FY2014–18, FY2019–23, FY2024–28."""
    assert cycle_of(year) == cycle


ASSETS = st.lists(
    st.builds(
        frozen, st.uuids().map(str), kind=st.sampled_from(["bridge", "pavement_section", "other"]),
        municipality=st.sampled_from(["", "輪島市", "珠洲市", "Ａ町",
        "a町"]), published=st.booleans(),
        soundness=st.none() | st.integers(1, 4), measure_done=st.none() | st.booleans(),
        inspected_fiscal_year=st.none() | st.integers(2017, 2030),
    ), max_size=15,
)  # fmt: skip


@given(ASSETS, st.integers(2018, 2030))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_sql_and_the_rule_count_the_same(
    engine: Engine, rows: list[FrozenAsset], year: int
) -> None:
    with writing(engine) as connection:
        month = f"{len(snapshots.find(connection)):04}-01"  # what is frozen cannot make room
        snapshots.save(connection, replace(MONTH, month=month), rows, [])
    assert counted(engine, month, year) == figures_of(rows, fiscal_year=year)
    with reading(engine) as connection:
        kept = snapshots.frozen_rows(connection, month)
    assert kept == tuple(sorted(rows, key=lambda row: row.asset_id))


def test_a_month_of_nothing_and_a_month_that_is_not_there(engine: Engine) -> None:
    freeze(engine, [])
    for month in (MONTH.month, "1999-01"):
        assert counted(engine, month) == {"cycle": [2024, 2028], "kinds": {}, "municipalities": []}


# frozen is frozen


def test_a_month_is_frozen_once(engine: Engine) -> None:
    freeze(engine, ROWS)
    with pytest.raises(Conflict, match=r"2026-04 was frozen at 2026-05-01 03:00 UTC and is never"):
        freeze(engine, [])
    assert counted(engine)["kinds"]["bridge"]["assets"] == 7
    with reading(engine) as connection:
        assert snapshots.by_month(connection, "2026-04") == MONTH
        with pytest.raises(NotFound, match="2026-05 is not frozen"):
            snapshots.by_month(connection, "2026-05")


def test_what_is_frozen_cannot_be_changed_in_the_database(engine: Engine) -> None:
    freeze(engine, ROWS, MONTH, a_file("a.csv"))
    for table in (snapshot_assets, snapshot_table, snapshot_files):
        for statement in (delete(table), table.update().values(month="2000-01")):
            with pytest.raises(Conflict), writing(engine) as connection:
                connection.execute(statement)
    assert counted(engine)["kinds"]["bridge"]["assets"] == 7


def test_a_month_whose_rows_fail_is_not_there(engine: Engine) -> None:
    with pytest.raises(Conflict):
        freeze(engine, [*ROWS, ROWS[0]])  # the same asset twice
    with reading(engine) as connection:
        assert snapshots.find(connection) == ()
        assert snapshots.frozen_rows(connection, MONTH.month) == ()


def test_months_stand_newest_first(engine: Engine) -> None:
    for month in ("2025-12", "2026-04", "2026-01"):
        freeze(engine, ROWS[:1], replace(MONTH, month=month, taken_at=NOON + timedelta(days=1)))
    with reading(engine) as connection:
        assert [one.month for one in snapshots.find(connection)] == [
            "2026-04", "2026-01", "2025-12",
        ]  # fmt: skip


# files and days


def a_file(name: str, month: str = MONTH.month) -> SnapshotFile:
    return SnapshotFile(
        month=month, name=name, media_type="text/csv", byte_size=2**40, sha256="a" * 64,
        blob_key=f"open/{month}/{name}",
    )  # fmt: skip


def test_files_of_a_month_by_name(engine: Engine) -> None:
    freeze(engine, [], MONTH, a_file("b.csv"), a_file("a.csv"), a_file("資産.csv"))
    with reading(engine) as connection:
        names = [file.name for file in snapshots.files_of(connection, MONTH.month)]
        assert names == ["a.csv", "b.csv", "資産.csv"]
        assert snapshots.file_of(connection, MONTH.month, "資産.csv") == a_file("資産.csv")
        for month, name in (
            (MONTH.month, "c.csv"),
            ("2026-05", "a.csv"),
            (MONTH.month, "../a.csv"),
        ):
            with pytest.raises(NotFound, match="there is no file"):
                snapshots.file_of(connection, month, name)


def test_the_last_figures_of_a_day_stand_and_days_stand_newest_first(engine: Engine) -> None:
    with writing(engine) as connection:
        for day, n in (("2026-04-30", 1), ("2026-05-01", 2), ("2026-04-30", 3)):
            snapshots.save_daily(connection, day, {"n": n}, now=NOON)
        assert snapshots.daily(connection) == [("2026-05-01", {"n": 2}), ("2026-04-30", {"n": 3})]
        assert snapshots.daily(connection, limit=1) == [("2026-05-01", {"n": 2})]


def test_the_register_names_every_asset_with_or_without_a_sheet(engine: Engine) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset("B"))
        sheets.save(
            connection,
            [
                LedgerEntry(
                    asset=make_asset("A"), sheet=AssetSheet(asset_id="A", municipality="輪島市")
                )
            ],
        )
        assert snapshots.register(connection) == (("A", "bridge", "輪島市"), ("B", "bridge", ""))
