"""Programs beside each other, long lists, and histories: who waits, what is never changed."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select, text

from inspection.domain.asset import Concrete
from inspection.domain.bridge import Element, Material, Span
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.elementnumber import ElementNumber
from inspection.domain.emergency import Area, Emergency, Hazard, QuickReport, Signal
from inspection.domain.grade import GradeCandidate, Reason, Subject
from inspection.errors import Conflict, NotFound, TenkenError
from inspection.store import (
    assets,
    elements,
    emergencies,
    grades,
    prioritymodels,
    schema,
    steps,
    workorders,
)
from inspection.store.engine import create_engine, ensure_folder, reading, writing
from inspection.store.grades import GradeDecision
from inspection.store.prioritymodels import KeptModel
from inspection.store.tables import work_orders
from inspection.store.workorders import WorkList, WorkOrderRow
from tests.support.records import NOON, Scene, make_asset, named

# programs beside each other


def test_a_command_that_starts_while_another_writes_does_not_wait(
    engine: Engine, database_url: str
) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset())
        begun = time.monotonic()
        schema.upgrade(database_url)  # the tables are up to date: no lock is needed to see that
        other = create_engine(database_url)
        with reading(other) as beside:
            assert beside.execute(select(func.count()).select_from(work_orders)).scalar_one() == 0
        other.dispose()
        assert time.monotonic() - begun < 25  # whoever waits for a lock waits for 30 s
    schema.check(engine)


def test_the_version_of_the_tables_is_told(engine: Engine, empty_database_url: str) -> None:
    assert schema.current(engine) == schema.head()
    ensure_folder(empty_database_url)
    bare = create_engine(empty_database_url)
    assert schema.current(bare) is None
    bare.dispose()


def test_a_reader_sees_the_moment_at_which_it_began(engine: Engine) -> None:
    with reading(engine) as connection:
        assert assets.find(connection).total == 0
        with writing(engine) as other:
            assets.save(other, make_asset())
        assert assets.find(connection).total == 0
    with reading(engine) as connection:
        assert assets.find(connection).total == 1


def test_writers_queue_and_every_one_of_them_writes(engine: Engine) -> None:
    gate = threading.Barrier(4)

    def write(n: int) -> None:
        gate.wait(timeout=30)
        for k in range(5):
            with writing(engine) as connection:
                seen = assets.find(connection).total
                assets.save(connection, make_asset(f"{n}-{k}"))
                assert assets.find(connection).total >= seen + 1

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(write, range(4)))
    with reading(engine) as connection:
        assert assets.find(connection).total == 20


# long lists


def element(asset_id: str, number: str = "0101") -> Element:
    return Element(
        asset_id=asset_id, span=1, number=ElementNumber(symbol="Mg", number=number),
        material=Material.CONCRETE, concrete=Concrete.RC,
    )  # fmt: skip


def test_more_bridges_than_a_statement_bears_are_read_in_order(engine: Engine) -> None:
    kept = ["A-1", "B-2", "Z-9"]
    with writing(engine) as connection:
        assets.save_all(connection, map(make_asset, kept))
        elements.save_spans(connection, [Span(asset_id=a, span=1, length_m=9.5) for a in kept])
        elements.save_elements(connection, [element(a, n) for a in kept for n in ("0201", "0101")])
        record = DamageRecord(number=None, grade="a")
        elements.save_damages(
            connection,
            [ElementDamage(element=element(a), fiscal_year=year, record=record)
             for a in kept for year in (2024, 2019)],
        )  # fmt: skip
        many = 33_000 if engine.dialect.name == "sqlite" else 1_200
        asked = [*(f"N-{n}" for n in range(many)), *reversed(kept), "A-1"]
        spans = elements.spans_of(connection, asked)
        found = elements.elements_of(connection, asked)
        damages = elements.damages_of(connection, asked)
        assert elements.spans_of(connection, []) == ()
    assert [span.asset_id for span in spans] == kept
    assert [(e.asset_id, str(e.number)) for e in found] == [
        (a, n) for a in kept for n in ("Mg0101", "Mg0201")
    ]
    assert [(d.element.asset_id, d.fiscal_year) for d in damages] == [
        (a, year) for a in kept for year in (2019, 2024)
    ]


# emergencies

QUAKE = Emergency(
    name="能登 2024", hazard=Hazard.EARTHQUAKE, began_at=NOON, note="M7.6",
    area=Area(lonlat=(137.27, 37.5), radius_km=0.1),
)  # fmt: skip


def told(asset_id: str, minute: int, **changes: Any) -> QuickReport:
    plain = QuickReport(
        report_id=named(asset_id, minute, str(changes)), emergency=QUAKE.name, asset_id=asset_id,
        signal=Signal.RED, reported_by="山田", reported_at=NOON + minute * timedelta(minutes=1),
    )  # fmt: skip
    return replace(plain, **changes)


def test_emergencies_and_their_reports_come_back_in_the_order_of_time(engine: Engine) -> None:
    rain = Emergency(name="rain", hazard=Hazard.FLOOD, began_at=NOON - timedelta(days=1))
    reports = [
        told("B", 2, lonlat=(0.0, 0.0), photos=("photos/a.jpg",
        "photos/b.jpg"), note="段差\n40 cm"),
        told("A", 1), told("A", 2, signal=Signal.GREEN), told("A", 0, lonlat=(-180.0, -90.0)),
    ]  # fmt: skip
    with writing(engine) as connection:
        assets.save_all(connection, map(make_asset, "AB"))
        for one in (QUAKE, rain):
            emergencies.begin(connection, one)
        for report in reports:
            emergencies.report(connection, report)
        assert emergencies.all_of_them(connection) == (rain, QUAKE)
        assert emergencies.by_name(connection, QUAKE.name) == QUAKE
        assert emergencies.reports_of(connection, QUAKE.name) == (
            reports[3], reports[1], reports[2], reports[0],
        )  # fmt: skip
        assert emergencies.reports_of(connection, "rain") == ()
        with pytest.raises(NotFound, match="known: rain, 能登 2024"):
            emergencies.by_name(connection, "能登")


def test_a_report_is_of_something_that_is_there_and_counts_once(engine: Engine) -> None:
    with writing(engine) as connection:
        assets.save(connection, make_asset("A"))
        emergencies.begin(connection, QUAKE)
        emergencies.report(connection, told("A", 1))
    for wrong in (told("ghost", 1), told("A", 2, emergency="ghost"), told("A", 1)):
        with pytest.raises(Conflict), writing(engine) as connection:
            emergencies.report(connection, wrong)
    with pytest.raises(Conflict, match="already"), writing(engine) as connection:
        emergencies.begin(connection, replace(QUAKE, hazard=Hazard.FLOOD))
    with reading(engine) as connection:
        assert len(emergencies.reports_of(connection, QUAKE.name)) == 1


# models: the newest by the moment it was made, not by the letters of its version


def test_the_newest_version_is_the_one_made_last(engine: Engine) -> None:
    plain = KeptModel(
        model_id="ours", version="9", content={}, note="", made_by="山田", made_at=NOON
    )
    with writing(engine) as connection:
        for n, version in enumerate(("9", "10", "2")):
            prioritymodels.save(
                connection, replace(plain, version=version, made_at=NOON + n * timedelta(days=1))
            )
        assert prioritymodels.by_name(connection, "ours").version == "2"
        assert [m.version for m in prioritymodels.versions(connection)] == ["9", "10", "2"]
        with pytest.raises(NotFound, match="'ours/3'"):
            prioritymodels.by_name(connection, "ours", "3")


# work lists, grades, steps


def issue(scene: Scene, count: int = 2, **changes: Any) -> WorkList:
    rows = tuple(
        WorkOrderRow(rank=n, asset_id=scene.asset.asset_id, score=100.0 - n, reasons=[{"k": n}])
        for n in range(1, count + 1)
    )
    plain = WorkList(
        work_list_id=named("list"), model="m", issued_at=NOON, parameters={"b": 1}, rows=rows
    )
    return replace(plain, **changes)


def test_of_two_who_issue_a_list_together_one_list_comes_out(engine: Engine, scene: Scene) -> None:
    def save(_: int) -> str:
        try:
            with writing(engine) as connection:
                workorders.save(connection, issue(scene))
        except TenkenError as error:
            return type(error).__name__
        return "saved"

    with ThreadPoolExecutor(3) as crowd:
        ends = list(crowd.map(save, range(3)))
    assert set(ends) <= {"saved", "Conflict", "Unavailable"} and "saved" in ends
    with reading(engine) as connection:
        assert workorders.by_id(connection, named("list")) == issue(scene)
        assert workorders.find(connection).total == 1


@pytest.mark.parametrize("change", ["model", "parameters", "rows"])
def test_a_list_that_says_something_else_is_another_list(
    engine: Engine, scene: Scene, change: str
) -> None:
    other: dict[str, Any] = {"model": "n", "parameters": {"b": 2}, "rows": issue(scene, 1).rows}
    with writing(engine) as connection:
        workorders.save(connection, issue(scene))
        with pytest.raises(Conflict, match=r"was issued at 2026-05-01T03:00:00\.123456\+00:00"):
            workorders.save(connection, issue(scene, **{change: other[change]}))


def test_of_two_who_decide_on_one_version_one_decides(engine: Engine, scene: Scene) -> None:
    candidate = GradeCandidate(
        scheme="jp/1", subject=Subject.DEFECT, subject_id="d", candidates=("c", "d"), best="d",
        borderline=False, unresolved=False, values={}, reasons=(Reason(code="x", ja="幅",
        en="width"),),
    )  # fmt: skip
    with writing(engine) as connection:
        grades.save(connection, scene.survey.survey_id, [candidate, candidate])

    def decide(n: int) -> str:
        decision = GradeDecision(
            decision_id=uuid.uuid4(), survey_id=scene.survey.survey_id, scheme="jp/1",
            subject=Subject.DEFECT, subject_id="d", decided="cd"[n % 2], decided_by=f"技師{n}",
            decided_at=NOON, expected_version=1,
        )  # fmt: skip
        try:
            with writing(engine) as connection:
                return grades.decide(connection, decision).decided_by or ""
        except Conflict:
            return "late"

    with ThreadPoolExecutor(3) as crowd:
        ends = list(crowd.map(decide, range(3)))
    (winner,) = [end for end in ends if end != "late"]
    with reading(engine) as connection:
        (row,) = grades.of_survey(connection, scene.survey.survey_id)
        (one,) = grades.history(connection, scene.survey.survey_id, "jp/1", Subject.DEFECT, "d")
    assert (row.version, row.decided_by, one.decided_by) == (2, winner, winner)


def test_a_step_that_two_finish_is_the_first_one_s(engine: Engine, scene: Scene) -> None:
    def finish(n: int) -> int:
        with writing(engine) as connection:
            row = steps.commit(
                connection, scene.survey.survey_id, "mosaic", "d", result={"by": n}, seconds=n,
                peak_rss_mb=1, now=NOON,
            )  # fmt: skip
        return int(row.result["by"])

    with ThreadPoolExecutor(3) as crowd:
        assert len(set(crowd.map(finish, range(3)))) == 1
    with writing(engine) as connection:
        assert steps.forget(connection, scene.survey.survey_id, "mosaic") == 1
        assert steps.forget(connection, scene.survey.survey_id, "mosaic") == 0
        assert steps.done(connection, scene.survey.survey_id, "mosaic", "d") is None


def test_an_asset_on_which_something_rests_stays(engine: Engine, scene: Scene) -> None:
    for table in ("assets", "surveys", "orthomosaics"):
        with pytest.raises(Conflict), writing(engine) as connection:
            connection.execute(text(f"DELETE FROM {table}"))
    with pytest.raises(NotFound, match="no asset 'ghost'"), writing(engine) as connection:
        assets.lock(connection, "ghost")
    with reading(engine) as connection, pytest.raises(TenkenError):
        connection.execute(delete(work_orders))  # a view cannot write
    assert scene.asset.asset_id
