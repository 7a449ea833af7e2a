"""Approvals, publications and frozen months: every walk of steps, against a small model."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from inspection.domain.asset import AssetKind
from inspection.domain.figures import FrozenAsset, cycle_of, figures_of, percent
from inspection.domain.inspectionrecord import digest, to_plain
from inspection.domain.mission import Survey
from inspection.domain.release import Evidence, InspectionState, ReleaseAction, state_of, step
from inspection.errors import BadInput, Conflict, IllegalTransition, NotFound
from inspection.pipeline.approve import approve, approved_record, revoke
from inspection.pipeline.examine import missing, newest_year, progress
from inspection.pipeline.publish import changes, publish, withdraw
from inspection.pipeline.snapshot import check_month, figures_today, freeze, rows_now, verify
from inspection.store import releases, sheets, snapshots, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import reading, writing
from tests.support.bookshelf import entry, fresh_engine, fresh_store
from tests.support.released import AtNoon
from tests.support.sendbacks import resubmit_as_read, send_back_as_read

YEAR = 2026
NOON = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)
STEPS = {
    "approve": approve,
    "revoke": revoke,
    "publish": publish,
    "withdraw": withdraw,
    "send_back": send_back_as_read,
    "resubmit": resubmit_as_read,
}
NEXT = {
    ("diagnosed", "approve"): "approved",
    ("approved", "revoke"): "diagnosed",
    ("approved", "publish"): "published",
    ("published", "withdraw"): "approved",
    ("diagnosed", "send_back"): "sent_back",
    ("sent_back", "resubmit"): "diagnosed",
}
"""The life of an inspection as the specification (§8) has it, written down a second time."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with fresh_engine(tmp_path) as opened:
        yield opened


def add(connection: Connection, asset_id: str, *, year: int = YEAR, **more: Any) -> None:
    sheet = {"municipality": "金沢市", **more.pop("sheet", {})}
    known = {"soundness": "II", "inspection_fiscal_year": year, **more}
    sheets.save(connection, [entry(asset_id, sheet=sheet, **known)])


def do(connection: Connection, action: str, asset_id: str = "A", **more: Any) -> Any:
    words = {"by": "課長", "why": "照査済", "clock": AtNoon(NOON), **more}
    return STEPS[action](connection, asset_id, YEAR, **words)


class TestWalks:
    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(st.sampled_from(sorted(STEPS)), max_size=10))
    def test_every_walk_ends_where_the_model_ends(self, tmp_path: Path, actions: list[str]) -> None:
        state, done = "diagnosed", []
        with fresh_store(tmp_path) as connection:
            add(connection, "A")
            for action in actions:
                after = NEXT.get((state, action))
                if after is None:
                    with pytest.raises((IllegalTransition, NotFound)):
                        do(connection, action)
                else:
                    do(connection, action)
                    state = after
                    done.append(action)
                assert progress(connection, "A", YEAR).state.value == state
            assert [e.decision.action.value for e in releases.history(connection)] == done
            assert bool(releases.published(connection)) is (state == "published")
            public = [a for a in done if a in ("publish", "withdraw")]
            assert [change.action for change in changes(connection)] == public
            if state in ("approved", "published"):
                kept = approved_record(connection, "A")
                assert kept.sha256 == digest(to_plain(kept.record))
            else:
                with pytest.raises(NotFound, match="only approved results reach records"):
                    approved_record(connection, "A")

    def test_the_table_of_the_code_is_the_one_above(self) -> None:
        for state in InspectionState:
            for action in ReleaseAction:
                after = NEXT.get((state.value, action.value))
                if after is None:
                    with pytest.raises(IllegalTransition, match=f"the inspection is {state.value}"):
                        step(state, action)
                else:
                    assert step(state, action).value == after

    @pytest.mark.parametrize("action", sorted(STEPS))
    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ({"by": ""}, "needs the name"),
            ({"by": " \u3000"}, "needs the name"),
            ({"by": "x" * 201}, "1 to 200"),
            ({"by": "課長\n部長"}, "name"),
            ({"why": ""}, "needs a reason"),
            ({"why": "x" * 2001}, "at most 2000"),
            ({"why": "a\0b"}, "no NUL"),
            ({"clock": AtNoon(NOON.replace(tzinfo=None))}, "time zone"),
        ],
    )
    def test_nobody_decides_without_name_reason_and_time(
        self, tmp_path: Path, action: str, words: dict[str, Any], says: str
    ) -> None:
        way = {
            "approve": [], "send_back": [], "resubmit": ["send_back"],
            "revoke": ["approve"], "publish": ["approve"],
        }  # fmt: skip
        with fresh_store(tmp_path) as connection:
            add(connection, "A")
            for before in way.get(action, ["approve", "publish"]):
                do(connection, before)
            history = releases.history(connection)
            with pytest.raises(BadInput, match=says):
                do(connection, action, **words)
            assert releases.history(connection) == history

    def test_of_two_people_one_is_told(self, engine: Engine) -> None:
        with writing(engine) as connection:
            add(connection, "A")
            do(connection, "approve")
            release = releases.find(connection, "A", YEAR)
            assert release is not None
        with writing(engine) as connection:
            do(connection, "publish")
        event = releases_event(engine)
        with pytest.raises(Conflict, match="decided on by somebody else"), writing(engine) as c:
            releases.write(c, event, expected_version=release.version)
        with reading(engine) as connection:
            assert progress(connection, "A", YEAR).state is InspectionState.PUBLISHED


def releases_event(engine: Engine) -> releases.ReleaseEvent:
    with reading(engine) as connection:
        return releases.history(connection)[-1]


class TestProgress:
    @pytest.mark.parametrize(
        ("evidence", "state"),
        [
            (Evidence(), "planned"),
            (Evidence(surveys=1), "captured"),
            (Evidence(surveys=2, with_mosaic=1), "captured"),
            (Evidence(surveys=2, with_mosaic=2, searched=1), "processed"),
            (Evidence(surveys=1, with_mosaic=1, searched=1, unreviewed=1), "ai_reviewed"),
            (Evidence(surveys=1, with_mosaic=1, searched=1), "engineer_confirmed"),
            (Evidence(records=1), "engineer_confirmed"),
            (Evidence(diagnosed=True), "diagnosed"),
            (Evidence(surveys=1, diagnosed=True), "captured"),
            (
                Evidence(surveys=1, with_mosaic=1, searched=1, unreviewed=1, diagnosed=True),
                "ai_reviewed",
            ),
        ],
    )
    def test_how_far_follows_from_what_is_there(self, evidence: Evidence, state: str) -> None:
        assert state_of(evidence).value == state
        lacks = missing(evidence, YEAR)
        assert (lacks == ()) is (state == "diagnosed")

    def test_years_stay_apart(self, tmp_path: Path) -> None:
        with fresh_store(tmp_path) as connection:
            add(connection, "A")
            do(connection, "approve")
            assert progress(connection, "A", YEAR - 1).state is InspectionState.PLANNED
            assert newest_year(connection, "A") == YEAR
            with pytest.raises(NotFound, match="fiscal year 2025 is approved"):
                approved_record(connection, "A", YEAR - 1)
            sheets.save(connection, [entry("bare")])
            with pytest.raises(NotFound, match="nothing is known of any inspection of bare"):
                newest_year(connection, "bare")

    @pytest.mark.parametrize(
        "changed",
        [{"soundness": "III"}, {"length_m": 9.0}, {"inspection_fiscal_year": 2025}],
    )
    def test_a_change_of_the_data_after_an_approval_is_seen(
        self, tmp_path: Path, changed: dict[str, Any]
    ) -> None:
        with fresh_store(tmp_path) as connection:
            add(connection, "A", length_m=8.0)
            do(connection, "approve")
            assert not progress(connection, "A", YEAR).changed
            add(connection, "A", **{"length_m": 8.0, **changed})
            assert progress(connection, "A", YEAR).changed

    @pytest.mark.parametrize("action", ["approve", "publish"])
    def test_a_new_flight_after_an_approval_is_a_change_and_no_error(
        self, tmp_path: Path, action: str
    ) -> None:
        with fresh_store(tmp_path) as connection:
            add(connection, "A")
            do(connection, "approve")
            if action == "publish":
                do(connection, "publish")
            flown = datetime(2026, 6, 1, tzinfo=UTC)
            survey = Survey(survey_id=uuid.uuid4(), asset_id="A", created_at=flown)
            surveys.save(connection, survey)
            found = progress(connection, "A", YEAR)
            assert (found.changed, found.missing, found.evidence.surveys) == (True, (), 1)
            assert found.state in (InspectionState.APPROVED, InspectionState.PUBLISHED)
            assert progress(connection, "A", YEAR + 1).state is InspectionState.PLANNED
            assert approved_record(connection, "A").record.surveys == ()


def frozen(number: int, **changes: Any) -> FrozenAsset:
    values = {"asset_id": f"A{number:03}", "kind": "bridge", "municipality": "金沢市"}
    return FrozenAsset(**{**values, "published": False, **changes})


class TestFigures:
    @pytest.mark.parametrize(
        ("year", "cycle"),
        [
            (2014, (2014, 2018)), (2018, (2014, 2018)), (2019, (2019, 2023)),
            (2023, (2019, 2023)), (2024, (2024, 2028)), (2029, (2029, 2033)),
        ],
    )  # fmt: skip
    def test_cycles_of_the_law(self, year: int, cycle: tuple[int, int]) -> None:
        """§1.1: FY2014–18, FY2019–23, FY2024–28."""
        assert cycle_of(year) == cycle

    @pytest.mark.parametrize(
        ("part", "whole", "share"),
        [(0, 0, None), (0, 3, 0.0), (1, 3, 33.3), (2, 3, 66.7), (3, 3, 100.0), (1, 2000, 0.1)],
    )
    def test_shares(self, part: int, whole: int, share: float | None) -> None:
        assert percent(part, whole) == share

    def test_by_hand(self) -> None:
        rows = [
            frozen(1),
            frozen(2, published=True, soundness=3, inspected_fiscal_year=2024, measure_done=True),
            frozen(3, published=True, soundness=4, inspected_fiscal_year=2023, measure_done=False),
            frozen(4, published=True, soundness=1, inspected_fiscal_year=2026, measure_done=True),
            frozen(5, municipality="", soundness=4),
        ]
        told = figures_of(rows, fiscal_year=2026)
        assert told["kinds"]["bridge"] == {
            "assets": 5, "published": 3, "inspected_in_cycle": 2, "inspected_percent": 40.0,
            "soundness": {"I": 1, "II": 0, "III": 1, "IV": 1},
            "urgent": 2, "urgent_done": 1, "urgent_done_percent": 50.0,
        }  # fmt: skip
        assert [town["municipality"] for town in told["municipalities"]] == ["", "金沢市"]


class TestFrozenMonths:
    def fill(self, connection: Connection, seed: int) -> None:
        rng = random.Random(seed)
        for number in range(12):
            name = f"A{number:02}"
            words = rng.choice(["", "措置完了", "未措置"])
            add(
                connection, name,
                soundness=rng.choice(["I", "II", "III", "IV"]),
                sheet={
                    "municipality": rng.choice(["金沢市", "七尾市", ""]), "repair_status": words,
                    "lon_deg": 136.6 + number / 1000, "lat_deg": 36.6,
                },
            )  # fmt: skip
            if rng.random() < 0.7:
                do(connection, "approve", name)
                if rng.random() < 0.8:
                    do(connection, "publish", name)
        road = entry("R", kind=AssetKind.PAVEMENT_SECTION, pavement_class="III-1")
        sheets.save(connection, [road])

    @pytest.mark.parametrize("seed", range(3))
    def test_figures_are_those_that_sql_counts_and_files_those_that_were_frozen(
        self, engine: Engine, tmp_path: Path, seed: int
    ) -> None:
        """§9: a figure equals SQL on the frozen snapshot."""
        blobs = FolderBlobs(tmp_path / "blobs")
        with writing(engine) as connection:
            self.fill(connection, seed)
            now = rows_now(connection)
            kept, files = freeze(connection, blobs, month=None, clock=AtNoon(NOON))
        with reading(engine) as connection:
            found = verify(connection, blobs, kept.month)
            assert (found.differences, found.damaged) == ((), ())
            assert snapshots.frozen_rows(connection, "2026-05") == now
        told = json.loads(
            next(blobs.read_bytes(f.blob_key) for f in files if f.name == "figures.json")
        )
        assert told == kept.figures
        assert sum(kind["assets"] for kind in told["kinds"].values()) == 13
        assert len({file.blob_key for file in files}) == len(files) == 13

    def test_a_figure_or_a_file_that_somebody_touched_is_named(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        blobs = FolderBlobs(tmp_path / "blobs")
        with writing(engine) as connection:
            self.fill(connection, 1)
            kept, files = freeze(connection, blobs, month="2026-05", clock=AtNoon(NOON))
        by_name = {file.name: file for file in files}
        blobs.put_bytes(by_name["assets.csv"].blob_key, b"changed")
        blobs.delete(by_name["figures.json"].blob_key)
        with writing(engine) as connection:
            for (trigger,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f'DROP TRIGGER "{trigger}"'))
            connection.execute(text("UPDATE snapshot_assets SET published = 1 - published"))
        with reading(engine) as connection:
            found = verify(connection, blobs, kept.month)
        assert sorted(found.damaged) == ["assets.csv", "figures.json"]
        assert any(line.startswith("kinds.bridge.published: kept ") for line in found.differences)
        assert all("SQL counts" in line for line in found.differences)

    @pytest.mark.parametrize(
        ("moment", "month"),
        [
            ("2026-04-30T14:59:59+00:00", "2026-04"),
            ("2026-04-30T15:00:00+00:00", "2026-05"),
            ("2026-12-31T15:00:00+00:00", "2027-01"),
        ],
    )
    def test_the_present_month_is_that_of_japan(self, moment: str, month: str) -> None:
        assert check_month(month, datetime.fromisoformat(moment)) == month
        other = "2026-11"
        with pytest.raises(BadInput, match=f"only the present month {month} can be frozen"):
            check_month(other, datetime.fromisoformat(moment))

    @pytest.mark.parametrize(
        "month", ["", "2026", "2026-13", "2026-00", "2026-5", "26-05", "2026-05-01", "R8-05",
                  "2026/05", "２０２６-０５", "1999-12", " 2026-05"],
    )  # fmt: skip
    def test_what_is_no_month_is_refused(self, month: str) -> None:
        with pytest.raises(BadInput, match="month"):
            check_month(month, NOON)

    def test_the_figures_of_a_day_are_those_of_its_last_hour_in_japan(self, engine: Engine) -> None:
        clock = AtNoon(datetime(2026, 3, 31, 14, 0, tzinfo=UTC))
        with writing(engine) as connection:
            add(connection, "A")
            first = figures_today(connection, clock=clock)
            add(connection, "B")
            clock.moment += timedelta(minutes=59)
            again = figures_today(connection, clock=clock)
            clock.moment += timedelta(minutes=1)
            add(connection, "C")
            later = figures_today(connection, clock=clock)
            days = snapshots.daily(connection)
        assert [first[0], again[0], later[0]] == ["2026-03-31", "2026-03-31", "2026-04-01"]
        assert [(day, f["kinds"]["bridge"]["assets"]) for day, f in days] == [
            ("2026-04-01", 3),
            ("2026-03-31", 2),
        ]
