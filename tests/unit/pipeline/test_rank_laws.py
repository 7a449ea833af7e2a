"""From a ledger file to a score that can be defended: golden numbers, bounds, orders, digests."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import AssetKind
from inspection.domain.bridge import Span
from inspection.domain.priority import Falling
from inspection.domain.roadnetwork import Closure
from inspection.errors import BadInput, NotFound
from inspection.pipeline.enrol import enrol, open_ledger
from inspection.pipeline.prioritise import SALT_ZONES_M, complete
from inspection.pipeline.rank import Known, data_version, explained, know
from inspection.store import closures, elements, sheets
from tests.support.bookshelf import damage, entry, fresh_store
from tests.support.prefecture import invent_bridges
from tests.support.released import APPROVED_AT

MODEL = load_priority_model()
YEAR = 2026
GOLDEN: dict[str, Any] = {
    "soundness": "III", "main_grade": "d", "countermeasures": "C2", "age_years": 55,
    "salt_zone": "II", "deicing": "moderate", "emergency_route": "1", "under_bridge": "road",
    "adt": 12000, "detour_min": 20, "length_m": 30, "years_since_diagnosis": 2,
}  # fmt: skip
"""The bridge of the example of §5.2; what it does not say there is left unknown."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def known(store: Connection, **attributes: Any) -> Known:
    sheets.save(store, [entry("A", **attributes)])
    return know(store, fiscal_year=YEAR)


def part(found: dict[str, Any], key: str) -> dict[str, Any]:
    (one,) = [p for p in found["parts"] if p["k"] == key]
    return dict(one)


class TestGolden:
    def test_likelihood_and_timing_of_the_example(self, store: Connection) -> None:
        """§5.2: 75 + 5 + 8 + 5 + 4 + 2 capped at 98; III two years after its diagnosis is 40."""
        found = explained(known(store, **GOLDEN), "A", MODEL)
        assert part(found, "L")["value"] == 98
        assert part(found, "L")["points"] == 49.0
        assert part(found, "T")["value"] == 40
        assert part(found, "T")["points"] == 4.0
        points = {item["code"]: item["pts"] for item in part(found, "C")["items"]}
        by_points = sorted(points.values(), reverse=True)
        assert by_points[:5] == [20, 12, 8, 6, 5]
        total = sum(p["points"] for p in found["parts"])
        assert found["score"] == pytest.approx(total, abs=0.011)
        assert found["risk"] == pytest.approx(98 * part(found, "C")["value"] / 100, abs=0.006)

    def test_what_nobody_knows_costs_two_hundredths_of_confidence_each(
        self, store: Connection
    ) -> None:
        found = explained(known(store, **GOLDEN), "A", MODEL)
        assert found["missing"]
        assert found["confidence"] == pytest.approx(1 - 0.02 * len(found["missing"]))

    def test_a_ledger_in_japanese_gives_the_same_score(
        self, store: Connection, tmp_path: Path
    ) -> None:
        text = (
            "施設番号,橋梁名,健全性,架設年度,診断年度,対策区分,塩害対策区分,凍結防止剤,緊急輸送道路,"
            "路下条件,日交通量(台/日),迂回時間(分),橋長(m)\n"
            'A,橋,Ⅲ,昭和46年度,R6,C2,Ⅱ,少,第1次,市道,"12,000",20分,３０ｍ\n'
        )
        (tmp_path / "l.csv").write_text(text, encoding="utf-8")
        read = enrol(store, open_ledger(tmp_path / "l.csv"), today=date(2026, 11, 1), write=True)
        assert read.problems == ()
        sheets_known = know(store, fiscal_year=YEAR)
        table = explained(sheets_known, "A", MODEL)
        plain = {k: v for k, v in GOLDEN.items() if k not in ("main_grade", "inspection")}
        sheets.save(store, [entry("Z", **plain, diagnosis_fiscal_year=2024)])
        other = explained(know(store, fiscal_year=YEAR), "Z", MODEL)
        assert table["score"] == other["score"]
        assert part(table, "C")["items"] == part(other, "C")["items"]


class TestWhatFollows:
    @pytest.mark.parametrize(
        ("distance", "zone"),
        [
            (0, "S"), (99.9, "S"), (100, "S"), (100.1, "I"), (300, "I"), (300.1, "II"),
            (500, "II"), (500.1, "III"), (700, "III"), (700.1, "none"), (1e6, "none"),
        ],
    )  # fmt: skip
    def test_salt_zones_of_region_b(self, distance: float, zone: str) -> None:
        """§5.2: ≤ 100 m S, 100–300 m I, 300–500 m II, 500–700 m III."""
        assert complete({"coast_distance_m": distance}, None)["salt_zone"] == zone
        assert [bound for bound, _ in SALT_ZONES_M] == [100, 300, 500, 700]

    @pytest.mark.parametrize(
        ("attributes", "name", "value"),
        [
            ({"built_fiscal_year": 1971}, "age_years", 55.0),
            ({"built_fiscal_year": 2027}, "age_years", 0.0),
            ({"built_fiscal_year": 1971, "age_years": 12}, "age_years", 12),
            ({"diagnosis_fiscal_year": 2024}, "years_since_diagnosis", 2.0),
            ({"inspection_fiscal_year": 2021}, "overdue_years", 0.0),
            ({"inspection_fiscal_year": 2020}, "overdue_years", 1.0),
            ({"inspection_fiscal_year": 2026}, "overdue_years", 0.0),
            ({"inspection_fiscal_year": 2019, "overdue_years": 0}, "overdue_years", 0),
            ({"built_fiscal_year": True}, "age_years", None),
            ({"built_fiscal_year": "S46"}, "age_years", None),
            ({"coast_distance_m": "near"}, "salt_zone", None),
            ({"coast_distance_m": 50, "salt_zone": "none"}, "salt_zone", "none"),
        ],
    )
    def test_what_is_stated_stays_and_what_is_no_number_gives_nothing(
        self, attributes: dict[str, Any], name: str, value: Any
    ) -> None:
        assert complete(attributes, YEAR).get(name) == value

    def test_without_a_year_nothing_ages(self) -> None:
        assert complete({"built_fiscal_year": 1971}, None) == {"built_fiscal_year": 1971}


class TestRecords:
    def test_the_worst_main_member_and_the_largest_step_count(self, store: Connection) -> None:
        made = [
            damage("Mg0101", asset_id="A", grade="c", previous="b"),
            damage("Mg0102", asset_id="A", grade="d", previous="b", countermeasures=("S1", "C2")),
            damage("Ra0101", asset_id="A", number=23, grade="e", countermeasures=("C2",)),
        ]
        put(store, *made)
        case = known(store).case("A")
        assert case.attributes["main_grade"] == "d"
        assert case.attributes["worsened_steps"] == 2
        assert case.attributes["countermeasures"] == "C2,S1"
        assert {"main_grade", "worsened_steps", "countermeasures"} <= case.evidence.derived

    def test_records_of_an_older_inspection_say_nothing(self, store: Connection) -> None:
        put(
            store,
            damage("Mg0101", asset_id="A", fiscal_year=2019, grade="e"),
            damage("Mg0101", asset_id="A", fiscal_year=2024, grade="b"),
        )
        assert known(store).case("A").attributes["main_grade"] == "b"

    @pytest.mark.parametrize(
        ("number", "grade", "falling"),
        [
            (7, "c", Falling.CONFIRMED), (12, "e", Falling.CONFIRMED), (7, "a", Falling.NONE),
            (12, "a", Falling.NONE), (6, "e", Falling.NONE), (None, "a", Falling.NONE),
        ],
    )  # fmt: skip
    def test_only_spalls_and_hollow_places_can_fall(
        self, store: Connection, number: int | None, grade: str, falling: Falling
    ) -> None:
        """R2: うき (12) and 剥離 (7) over road, rail or path."""
        put(store, damage("Mg0101", asset_id="A", number=number, grade=grade))
        found = known(store, under_bridge="road")
        assert found.case("A").evidence.falling is falling
        tier = found.table(MODEL).tier.tolist()
        assert (tier == [0]) is (falling is Falling.CONFIRMED)

    def test_what_the_owner_states_wins_over_records(self, store: Connection) -> None:
        put(store, damage("Mg0101", asset_id="A", grade="e", countermeasures=("E1",)))
        case = known(store, main_grade="b", countermeasures="B").case("A")
        assert (case.attributes["main_grade"], case.attributes["countermeasures"]) == ("b", "B")
        assert "main_grade" not in case.evidence.derived


def put(store: Connection, *damages: Any) -> None:
    sheets.save(store, [entry("A")])
    elements.save_spans(store, [Span(asset_id="A", span=1)])
    elements.save_elements(store, {d.element.subject_id: d.element for d in damages}.values())
    elements.save_damages(store, damages)


class TestTables:
    @pytest.mark.parametrize("seed", range(3))
    def test_a_table_says_what_each_explanation_says(self, store: Connection, seed: int) -> None:
        sheets.save(store, invent_bridges(60, seed=seed))
        found = know(store, fiscal_year=YEAR)
        table = found.table(MODEL)
        for row, case in enumerate(table.cases):
            one = case.explain(MODEL)
            assert table.score[row] == pytest.approx(one.score, abs=1e-9)
            assert table.tier[row] == one.tier
            assert table.confidence[row] == pytest.approx(one.confidence)
        assert np.all((table.score >= 0) & (table.score <= 100))

    def test_a_value_that_the_model_does_not_know_sets_one_asset_aside(
        self, store: Connection
    ) -> None:
        sheets.save(store, [entry("A", soundness="V"), entry("B", soundness="II")])
        found = know(store, fiscal_year=YEAR)
        table = found.table(MODEL)
        assert [case.asset_id for case in table.cases] == ["B"]
        assert set(table.refused) == {"A"}
        assert "V" in table.refused["A"]
        with pytest.raises(BadInput, match="V"):
            explained(found, "A", MODEL)

    def test_some_assets_one_kind_and_none(self, store: Connection) -> None:
        road = entry("R", kind=AssetKind.PAVEMENT_SECTION)
        sheets.save(store, [entry("B"), entry("A"), road])
        assert list(know(store, fiscal_year=YEAR).cases) == ["A", "B", "R"]
        assert list(know(store, fiscal_year=YEAR, kind=AssetKind.PAVEMENT_SECTION).cases) == ["R"]
        assert list(know(store, fiscal_year=YEAR, asset_ids=["B", "ghost", "B"]).cases) == ["B"]
        assert know(store, fiscal_year=YEAR, asset_ids=[]).cases == {}
        with pytest.raises(NotFound, match="no asset 'ghost'"):
            know(store, fiscal_year=YEAR).case("ghost")

    def test_explanations_are_in_two_languages_and_are_json(self, store: Connection) -> None:
        found = explained(known(store, **GOLDEN), "A", MODEL)
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        for one in found["parts"]:
            for item in one["items"]:
                assert item["ja"] and item["en"] and item["ja"] != item["en"]


class TestDigests:
    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.permutations(range(6)))
    def test_the_order_in_which_assets_were_learned_does_not_matter(
        self, tmp_path: Path, order: list[int]
    ) -> None:
        bridges = invent_bridges(6)
        digests = set()
        for places in (range(6), order):
            with fresh_store(tmp_path) as connection:
                for place in places:
                    sheets.save(connection, [bridges[place]])
                digests.add(know(connection, fiscal_year=YEAR).digest)
        assert len(digests) == 1

    def test_what_changes_the_digest_and_what_does_not(self, store: Connection) -> None:
        sheets.save(store, [entry("A", soundness="II"), entry("B", soundness="II")])
        first = know(store, fiscal_year=YEAR)
        sheets.save(store, [entry("A", name="another name", soundness="II")])
        assert know(store, fiscal_year=YEAR).digest == first.digest
        closure = Closure(
            asset_id="B", detour_m=None, detour_min=None, severs=True, people=1.0, places=("p",),
            road_m=10.0,
        )  # fmt: skip
        closures.save(store, [closure], network="n", now=APPROVED_AT)
        closed = know(store, fiscal_year=YEAR)
        assert closed.digest != first.digest
        assert data_version(closed.case("A")) == data_version(first.case("A"))
        assert data_version(closed.case("B")) != data_version(first.case("B"))
        assert know(store, fiscal_year=YEAR + 1).digest == closed.digest
        sheets.save(store, [entry("A", soundness="III")])
        assert know(store, fiscal_year=YEAR).digest != closed.digest
