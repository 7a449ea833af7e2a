"""Approvals, publications and frozen months on both engines: kept whole, never changed."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import DatabaseError

from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.figures import figures_of
from inspection.domain.release import InspectionState, ReleaseAction
from inspection.errors import (
    BadInput,
    Broken,
    Conflict,
    IllegalTransition,
    NotFound,
    TenkenError,
)
from inspection.pipeline import snapshot as freezing
from inspection.pipeline.approve import approve, approved_record, revoke
from inspection.pipeline.cataloguing import data_sets
from inspection.pipeline.examine import progress
from inspection.pipeline.publish import Gate, changes, preview, publish, withdraw
from inspection.store import releases, sheets, snapshots
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from inspection.store.release_tables import (
    approvals,
    release_events,
    snapshot_assets,
    snapshot_files,
)
from inspection.store.release_tables import (
    snapshots as snapshot_table,
)
from tests.support.records import make_asset
from tests.support.released import AtNoon, with_sheet

CLOCK = AtNoon()
YEAR = 2026


def add(
    engine: Engine,
    asset_id: str,
    *,
    soundness: str = "II",
    year: int = YEAR,
    kind: AssetKind = AssetKind.BRIDGE,
    **sheet: Any,
) -> None:
    """Add an asset whose ledger says its soundness."""
    asset = replace(
        make_asset(asset_id),
        kind=kind,
        attributes={"soundness": soundness, "inspection_fiscal_year": year},
    )
    values = {"municipality": "金沢市", "lon_deg": 136.625669, "lat_deg": 36.594606} | sheet
    with writing(engine) as connection:
        entry = LedgerEntry(asset=asset, sheet=AssetSheet(asset_id=asset_id, **values))
        sheets.save(connection, [entry])


def release(engine: Engine, asset_id: str, *, year: int = YEAR, gate: Gate | None = None) -> None:
    """Approve and publish an inspection."""
    with writing(engine) as connection:
        approve(connection, asset_id, year, by="課長", why="照査済", clock=CLOCK)
        publish(connection, asset_id, year, by="担当", why="定例", gate=gate or Gate(), clock=CLOCK)


class TestApproval:
    def test_it_is_kept_whole_and_read_back(self, engine: Engine) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            kept = approve(
                connection,
                "A",
                YEAR,
                by="課長",
                why="照査済",
                findings={"remarks": "所見"},
                clock=CLOCK,
            )
        with reading(engine) as connection:
            assert approved_record(connection, "A") == kept
            assert progress(connection, "A", YEAR).state is InspectionState.APPROVED

    def test_later_changes_of_the_data_change_no_record_and_are_seen(self, engine: Engine) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            approve(connection, "A", YEAR, by="課長", why="照査済", clock=CLOCK)
        with reading(engine) as connection:
            assert not progress(connection, "A", YEAR).changed
        add(engine, "A", soundness="IV")
        with reading(engine) as connection:
            assert approved_record(connection, "A").record.diagnosis.value == "II"
            assert progress(connection, "A", YEAR).changed

    def test_nothing_is_approved_twice_or_undiagnosed(self, engine: Engine) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            with pytest.raises(IllegalTransition, match="nobody has decided the soundness"):
                approve(connection, "A", 2025, by="課長", why="x", clock=CLOCK)
            approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
            with pytest.raises(IllegalTransition, match="is approved"):
                approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
            with pytest.raises(NotFound):
                approve(connection, "none", YEAR, by="課長", why="x", clock=CLOCK)

    def test_a_revocation_leaves_the_history_and_a_new_approval_is_possible(
        self, engine: Engine
    ) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            first = approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
            stands = revoke(connection, "A", YEAR, by="課長", why="誤記", clock=CLOCK)
            assert (stands.state, stands.approval_id) == (InspectionState.DIAGNOSED, None)
            with pytest.raises(NotFound, match="only approved results reach records"):
                approved_record(connection, "A")
            second = approve(connection, "A", YEAR, by="部長", why="再照査", clock=CLOCK)
        with reading(engine) as connection:
            assert releases.approval(connection, first.approval_id) == first
            assert approved_record(connection, "A") == second
            events = releases.history(connection, asset_id="A")
        assert [event.decision.action.value for event in events] == ["approve", "revoke", "approve"]
        assert [event.decision.why for event in events] == ["x", "誤記", "再照査"]

    def test_two_people_at_once_are_told(self, engine: Engine) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
            (event,) = releases.history(connection, asset_id="A")
            late = replace(event, decision=replace(event.decision, event_id=uuid.uuid4()))
            for version in (0, 5):
                with pytest.raises(Conflict, match="somebody else"):
                    releases.write(connection, late, expected_version=version)

    def test_the_newest_year_wins_and_an_older_one_can_be_named(self, engine: Engine) -> None:
        add(engine, "A", year=2021)
        with writing(engine) as connection:
            approve(connection, "A", 2021, by="課長", why="x", clock=CLOCK)
        add(engine, "A", soundness="III")
        with writing(engine) as connection:
            approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
        with reading(engine) as connection:
            assert approved_record(connection, "A").record.fiscal_year == YEAR
            old = approved_record(connection, "A", 2021).record
        assert (old.diagnosis.value, old.guideline) == ("II", "jp_bridge_2019")


class TestPublication:
    def test_only_what_is_approved_can_be_published(self, engine: Engine) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            with pytest.raises(NotFound, match="is approved"):
                publish(connection, "A", YEAR, by="担当", why="x", clock=CLOCK)
            approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
            preview(connection, "A", None, Gate(), clock=CLOCK)
            assert releases.published(connection) == ()
            publish(connection, "A", YEAR, by="担当", why="x", clock=CLOCK)
            with pytest.raises(IllegalTransition, match="published already"):
                publish(connection, "A", YEAR, by="担当", why="x", clock=CLOCK)
            with pytest.raises(IllegalTransition, match="is published"):
                revoke(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)

    def test_a_withdrawal_takes_it_out(self, engine: Engine) -> None:
        add(engine, "A")
        release(engine, "A")
        with writing(engine) as connection:
            withdraw(connection, "A", YEAR, by="担当", why="誤り", clock=CLOCK)
            assert releases.published(connection) == ()
            assert progress(connection, "A", YEAR).state is InspectionState.APPROVED
            with pytest.raises(IllegalTransition):
                withdraw(connection, "A", YEAR, by="担当", why="x", clock=CLOCK)
            with pytest.raises(NotFound):
                withdraw(connection, "A", 2020, by="担当", why="x", clock=CLOCK)

    def test_the_change_log_tells_what_changed(self, engine: Engine) -> None:
        add(engine, "A", year=2021)
        release(engine, "A", year=2021)
        add(engine, "A", soundness="III")
        release(engine, "A")
        with reading(engine) as connection:
            first, second = changes(connection)
            (newest,) = releases.published(connection)
        assert first.columns == {}
        assert second.columns["soundness"] == ["II", "III"]
        assert second.columns["inspected_fiscal_year"] == [2021, YEAR]
        assert newest.fiscal_year == YEAR
        assert "担当" not in json.dumps([first.columns, second.columns], ensure_ascii=False)

    def test_what_the_gate_stops_changes_nothing(self, engine: Engine) -> None:
        add(engine, "A", administrator="担当：山田 076-225-1111")
        with writing(engine) as connection:
            approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
        with pytest.raises(TenkenError, match="looks like"), writing(engine) as connection:
            publish(connection, "A", YEAR, by="担当", why="x", clock=CLOCK)
        with reading(engine) as connection:
            assert progress(connection, "A", YEAR).state is InspectionState.APPROVED


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def frozen(engine: Engine, blobs: FolderBlobs) -> str:
    """Freeze a month with bridges of every soundness, published and not, and a road section."""
    for number, (soundness, status) in enumerate(
        [("I", ""), ("II", ""), ("III", "措置済"), ("III", "未措置"), ("IV", "")]
    ):
        add(engine, f"A{number}", soundness=soundness, repair_status=status)
        release(engine, f"A{number}")
    add(engine, "B", municipality="小松市", lon_deg=136.4453, lat_deg=36.4019, year=2022)
    release(engine, "B", year=2022)
    add(engine, "C", municipality="小松市")
    add(engine, "R", kind=AssetKind.PAVEMENT_SECTION, soundness="III", municipality="")
    release(engine, "R")
    with writing(engine) as connection:
        kept, _ = freezing.freeze(connection, blobs, month=None, clock=CLOCK)
    return kept.month


class TestSnapshot:
    def test_its_figures_equal_the_sql_on_the_frozen_tables(
        self, engine: Engine, blobs: FolderBlobs, frozen: str
    ) -> None:
        with reading(engine) as connection:
            kept = snapshots.by_month(connection, frozen).figures
            counted = snapshots.counted_by_sql(connection, frozen, first_year=2024, last_year=2028)
            assert counted == kept
            assert freezing.verify(connection, blobs, frozen) == freezing.Verified(
                month=frozen, differences=(), damaged=()
            )
            # the same once more, in SQL as somebody would write it by hand
            row = connection.execute(
                text(
                    "SELECT count(*), sum(CASE WHEN published THEN 1 ELSE 0 END), "
                    "sum(CASE WHEN published AND soundness >= 3 THEN 1 ELSE 0 END), "
                    "sum(CASE WHEN published AND soundness >= 3 AND measure_done THEN 1 ELSE 0 END)"
                    " FROM snapshot_assets WHERE month = :month AND kind = 'bridge'"
                ),
                {"month": frozen},
            ).one()
        bridges = kept["kinds"]["bridge"]
        assert tuple(row) == (7, 6, 3, 1)
        assert tuple(row) == tuple(
            bridges[name] for name in ("assets", "published", "urgent", "urgent_done")
        )
        assert bridges["inspected_in_cycle"] == 5
        assert kept["kinds"]["pavement_section"]["soundness"]["III"] == 1

    def test_rows_come_back_as_they_were_frozen(self, engine: Engine, frozen: str) -> None:
        with reading(engine) as connection:
            rows = snapshots.frozen_rows(connection, frozen)
            kept = snapshots.by_month(connection, frozen)
        assert [row.asset_id for row in rows] == [*(f"A{n}" for n in range(5)), "B", "C", "R"]
        assert figures_of(rows, fiscal_year=YEAR) == kept.figures
        assert rows[6].published is False
        assert (rows[6].soundness, rows[6].public_row, rows[6].mesh_code) == (None, None, None)

    def test_a_later_withdrawal_changes_no_frozen_month(
        self, engine: Engine, blobs: FolderBlobs, frozen: str
    ) -> None:
        with writing(engine) as connection:
            withdraw(connection, "A4", YEAR, by="担当", why="誤り", clock=CLOCK)
            assert freezing.verify(connection, blobs, frozen).differences == ()
            _, today = freezing.figures_today(connection, clock=CLOCK)
        assert today["kinds"]["bridge"]["published"] == 5

    def test_the_database_refuses_to_change_what_is_frozen(
        self, engine: Engine, frozen: str
    ) -> None:
        for table in (approvals, release_events, snapshot_table, snapshot_assets, snapshot_files):
            column = next(iter(table.c))
            for statement in (update(table).values({column.name: column}), delete(table)):
                with (
                    pytest.raises((TenkenError, DatabaseError), match="never changed or removed"),
                    writing(engine) as connection,
                ):
                    connection.execute(statement)

    def test_a_month_is_frozen_once_and_only_while_it_lasts(
        self, engine: Engine, blobs: FolderBlobs, frozen: str
    ) -> None:
        with writing(engine) as connection:
            with pytest.raises(Conflict, match="never changed"):
                freezing.freeze(connection, blobs, month=None, clock=CLOCK)
            for month in ("2026-04", "2026-06"):
                with pytest.raises(BadInput, match="only the present month 2026-05"):
                    freezing.freeze(connection, blobs, month=month, clock=CLOCK)
            for month in ("2026-13", "May", "2026-5", "../x"):
                with pytest.raises(BadInput, match="YYYY-MM"):
                    freezing.freeze(connection, blobs, month=month, clock=CLOCK)

    def test_the_month_is_that_of_japan(self, engine: Engine, blobs: FolderBlobs) -> None:
        late = AtNoon(datetime(2026, 5, 31, 15, 30, tzinfo=UTC))
        with writing(engine) as connection:
            kept, _ = freezing.freeze(connection, blobs, month=None, clock=late)
        assert kept.month == "2026-06"

    def test_damage_is_found(self, engine: Engine, blobs: FolderBlobs, frozen: str) -> None:
        with reading(engine) as connection:
            file = snapshots.file_of(connection, frozen, "assets.csv")
            with pytest.raises(NotFound, match=r"no\.csv"):
                snapshots.file_of(connection, frozen, "no.csv")
        blobs.put_bytes(file.blob_key, b"changed")
        with reading(engine) as connection:
            assert freezing.verify(connection, blobs, frozen).damaged == ("assets.csv",)
            with pytest.raises(NotFound, match="2020-01"):
                freezing.verify(connection, blobs, "2020-01")

    def test_months_become_data_sets(self, engine: Engine, blobs: FolderBlobs, frozen: str) -> None:
        with writing(engine) as connection:
            later = AtNoon(CLOCK.now() + timedelta(days=40))
            freezing.freeze(connection, blobs, month=None, clock=later)
            sets = data_sets(connection, lambda month, name: f"https://x/{month}/{name}")
        assert [one.month for one in sets] == ["2026-06", "2026-06", "2026-05"]
        assert [one.frozen for one in sets] == [False, True, True]
        assert sets[0].bbox == pytest.approx((136.4453, 36.4019, 136.62567, 36.59461), abs=1e-5)
        assert sets[0].issued < sets[0].modified
        assert {file.url.rpartition("/")[0] for file in sets[2].files} == {"https://x/2026-05"}

    def test_a_sensitive_place_is_nowhere_in_the_frozen_files(
        self, engine: Engine, blobs: FolderBlobs
    ) -> None:
        add(engine, "S", xroad_id="36.594606, 136.625669", address="片町二丁目")
        release(engine, "S", gate=Gate(blur=True))
        with writing(engine) as connection:
            _, files = freezing.freeze(connection, blobs, month=None, clock=CLOCK)
        for file in files:
            content = blobs.read_bytes(file.blob_key)
            assert b"36.5946" not in content, file.name
            assert "片町".encode() not in content, file.name


class TestDaily:
    def test_the_last_figures_of_a_day_stand(self, engine: Engine) -> None:
        add(engine, "A")
        with writing(engine) as connection:
            freezing.figures_today(connection, clock=CLOCK)
        release(engine, "A")
        with writing(engine) as connection:
            day, figures = freezing.figures_today(connection, clock=CLOCK)
        with reading(engine) as connection:
            assert list(snapshots.daily(connection)) == [(day, figures)]
        assert day == "2026-05-01"
        assert figures["kinds"]["bridge"]["published"] == 1

    def test_days_are_listed_newest_first(self, engine: Engine) -> None:
        for days in (0, 2, 1):
            with writing(engine) as connection:
                freezing.figures_today(connection, clock=AtNoon(CLOCK.now() + timedelta(days=days)))
        with reading(engine) as connection:
            found = [day for day, _ in snapshots.daily(connection, limit=2)]
        assert found == ["2026-05-03", "2026-05-02"]


def test_a_record_that_somebody_changed_behind_the_database_is_found(engine: Engine) -> None:
    add(engine, "A")
    with writing(engine) as connection:
        kept = approve(connection, "A", YEAR, by="課長", why="x", clock=CLOCK)
        assert with_sheet(kept.record, kana="x") != kept.record
    trigger = (
        "DROP TRIGGER approvals_refuse_update"
        if engine.dialect.name == "sqlite"
        else "DROP TRIGGER approvals_refuse ON approvals"
    )
    with writing(engine) as connection:
        connection.exec_driver_sql(trigger)
        connection.execute(update(approvals).values(record={**{"x": 1}}))
    with (
        reading(engine) as connection,
        pytest.raises(Broken, match="not the one that was approved"),
    ):
        approved_record(connection, "A")


def test_actions_can_be_chosen(engine: Engine) -> None:
    add(engine, "A")
    release(engine, "A")
    with reading(engine) as connection:
        found = releases.history(connection, actions=[ReleaseAction.PUBLISH])
    assert [event.decision.action for event in found] == [ReleaseAction.PUBLISH]
    assert found[0].redactions[0].startswith("position rounded")
