"""Laws of grade candidates and work lists; routes after a disaster; a folder for the web."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import RDF, Graph, Namespace
from sqlalchemy import Connection

from inspection.codelists.grades import load_crack_grade_rule
from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.emergency import Area, Change, Emergency, Hazard, Signal
from inspection.domain.grade import GradeCandidate, Subject, crack_grade_candidate
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass, is_defect
from inspection.errors import BadInput, NotFound
from inspection.export.catalogue import Publisher
from inspection.pipeline.approve import approve
from inspection.pipeline.cataloguing import data_sets, write_folder
from inspection.pipeline.grade import grade, worst_of
from inspection.pipeline.issue import appraise, issue
from inspection.pipeline.publish import publish
from inspection.pipeline.respond import route, situation, tell
from inspection.pipeline.snapshot import freeze
from inspection.store import emergencies, sheets
from inspection.store.blobs import FolderBlobs
from tests.support.bookshelf import entry, fresh_store
from tests.support.damage import area, below, crack, defect, quantity
from tests.support.released import AtNoon

BRIDGE = Asset(asset_id="bridge", name="橋", kind=AssetKind.BRIDGE, member="Mg0101")
AREAS = sorted(c for c in DamageClass if is_defect(c) and c not in LINEAR_CLASSES)
DCAT = Namespace("http://www.w3.org/ns/dcat#")

WIDTH = st.one_of(
    st.floats(0.05, 0.6).map(lambda limit: below(round(limit, 2))),
    st.tuples(st.floats(0.01, 1.0), st.floats(0.0, 0.3)).map(
        lambda pair: quantity(round(pair[0], 3), round(pair[1], 3), 0.05)
    ),
)


@st.composite
def damages(draw: st.DrawFn, most: int = 7) -> list[Defect]:
    """Make a few damages side by side on one mosaic."""
    made = []
    for n in range(draw(st.integers(0, most))):
        x = 0.35 * n
        if draw(st.booleans()):
            width = draw(WIDTH)
            seen = crack([(x, 0), (x, 1.0)], width=width, seed=str(n))
        else:
            shape = shapely.box(x, 2, x + 0.2, 2.3)
            seen = area(shape, draw(st.sampled_from(AREAS)), seed=str(n))
        made.append(defect(seen, state=draw(st.sampled_from(ReviewState))))
    return made


class TestGradeLaws:
    @settings(max_examples=60, deadline=None)
    @given(damages(), st.sampled_from(Concrete), st.randoms())
    def test_a_candidate_is_whole_and_the_order_of_damages_decides_nothing(
        self, found: list[Defect], concrete: Concrete, random: Any
    ) -> None:
        asset = replace(BRIDGE, concrete=concrete)
        grades = grade(found, asset=asset)
        every = [*grades.of_defects.values(), *grades.of_member, *grades.of_asset]
        for one in every:
            assert one.candidates
            assert list(one.candidates) == sorted(set(one.candidates), key=one.candidates.index)
            assert one.best is None or one.best in one.candidates
            assert not (one.unresolved and one.best is not None)
            assert all(reason.ja and reason.en for reason in one.reasons)
            assert not one.record or len(one.candidates) == 1
        shuffled = list(found)
        random.shuffle(shuffled)
        assert grade(shuffled, asset=asset) == grades

    @settings(max_examples=60, deadline=None)
    @given(damages(5))
    def test_one_more_damage_never_makes_a_member_better(self, found: list[Defect]) -> None:
        for number in range(len(found)):
            fewer = grade(found[:number], asset=BRIDGE).worst or ""
            assert (grade(found[: number + 1], asset=BRIDGE).worst or "") >= fewer

    @pytest.mark.parametrize(
        ("width", "spacing", "concrete", "letter"),
        [
            (0.15, 1.0, "RC", "b"), (0.15, 0.3, "RC", "c"), (0.20, 1.0, "RC", "c"),
            (0.25, 0.4, "RC", "d"), (0.30, 0.5, "RC", "d"), (0.30, 0.49, "RC", "e"),
            (0.10, 2.0, "PC", "c"), (0.20, 0.2, "PC", "e"), (0.09, 0.2, "PC", "d"),
            (0.07, 0.2, "PC", "c"), (0.175, 1.0, "RC", "c"), (0.174, 1.0, "RC", "b"),
        ],
    )  # fmt: skip
    def test_the_golden_letters_as_read_on_a_gauge(
        self, width: float, spacing: float, concrete: str, letter: str
    ) -> None:
        """§1.5.1; widths are rounded to 0.05 mm half up, so that PC 0.09 mm reads 0.10."""
        found = crack_grade_candidate(
            quantity(width, 0.0), spacing, Concrete(concrete), rule=load_crack_grade_rule(),
            subject=Subject.DEFECT, subject_id="x",
        )  # fmt: skip
        assert found.best == letter

    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=1, max_size=5
        )
    )
    def test_the_worst_of_several_keeps_what_each_allows(
        self, spans: list[tuple[int, int, bool]]
    ) -> None:
        made = []
        for number, (one, other, settled) in enumerate(spans):
            low, high = sorted((one, other))
            letters = tuple("abcde"[low : high + 1])
            best = letters[-1] if settled or len(letters) == 1 else None
            made.append(
                GradeCandidate(
                    scheme="s/1", subject=Subject.DEFECT, subject_id=str(number),
                    candidates=letters, best=best, borderline=len(letters) > 1,
                    unresolved=best is None,
                )
            )  # fmt: skip
        found = worst_of(made, BRIDGE)
        assert found.candidates[0] == max(one.candidates[0] for one in made)
        assert found.worst == max(str(one.worst) for one in made)
        assert found.best is None or found.best in found.candidates
        assert found.subject_id == "bridge/Mg0101"


class TestListLaws:
    @settings(max_examples=40, deadline=None)
    @given(damages(), st.randoms())
    def test_a_list_ranks_every_open_damage_once(self, found: list[Defect], random: Any) -> None:
        work_list = issue([appraise(BRIDGE, found)])
        closed = (ReviewState.REJECTED, ReviewState.SUPERSEDED)
        open_ones = {d.defect_id for d in found if d.state not in closed}
        assert {row.defect_id for row in work_list.rows} == open_ones
        assert sum(work_list.left_out.values()) == len(found) - len(open_ones)
        keys = [(row.tier, -round(row.score, 6)) for row in work_list.rows]
        assert keys == sorted(keys)
        for row in work_list.rows:
            assert 0 <= row.severity <= 10
            assert sum(item.points for item in row.reasons) == pytest.approx(row.score)
        shuffled = list(found)
        random.shuffle(shuffled)
        assert issue([appraise(BRIDGE, shuffled)]).rows == work_list.rows


NOTO = Emergency(
    name="noto", hazard=Hazard.EARTHQUAKE, began_at=datetime(2024, 1, 1, 7, 10, tzinfo=UTC),
    area=Area(lonlat=(136.9, 37.3), radius_km=20),
)  # fmt: skip
START = (136.9, 37.3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


@pytest.fixture
def shaken(store: Connection) -> Connection:
    places = {"near": 0.01, "far": 0.15, "away": 1.0}
    bridges = [
        entry(name, sheet={"lon_deg": 136.9 + x, "lat_deg": 37.3}, soundness="III")
        for name, x in places.items()
    ]
    sheets.save(store, [*bridges, entry("lost", soundness="III")])
    emergencies.begin(store, NOTO)
    return store


def told(store: Connection, folder: Path, asset_id: str, signal: Signal, minute: int = 0) -> None:
    moment = datetime(2024, 1, 1, 8, minute, tzinfo=UTC)
    tell(
        store, FolderBlobs(folder / "blobs"), emergency="noto", asset_id=asset_id, signal=signal,
        by="山田", photos=(), lonlat=None, note="", clock=AtNoon(moment),
    )  # fmt: skip


class TestRoutes:
    @pytest.mark.parametrize("speed", [0.0, -30.0, float("nan"), float("inf")])
    def test_a_speed_is_above_nothing(self, shaken: Connection, speed: float) -> None:
        with pytest.raises(BadInput, match="speed above 0 km/h"):
            route(shaken, NOTO, start_lonlat=START, fiscal_year=2024, speed_kmh=speed)

    @pytest.mark.parametrize(
        ("options", "says"),
        [({"crews": 0}, "1 to 100 crews"), ({"crews": 101}, "1 to 100 crews"),
         ({"stop_min": -1}, "minutes a stop")],
    )  # fmt: skip
    def test_crews_and_minutes_have_bounds(
        self, shaken: Connection, options: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(BadInput, match=says):
            route(shaken, NOTO, start_lonlat=START, fiscal_year=2024, **options)

    @pytest.mark.parametrize(
        "place",
        [(37.3, 136.9), (181.0, 0.0), (0.0, -90.1), (float("nan"), 0.0), (0.0, float("inf"))],
    )
    def test_a_place_that_is_none_is_refused_before_anything_is_kept(
        self, shaken: Connection, tmp_path: Path, place: tuple[float, float]
    ) -> None:
        with pytest.raises(BadInput, match="is no position"):
            route(shaken, NOTO, start_lonlat=place, fiscal_year=2024)
        with pytest.raises(BadInput, match="is no position"):
            tell(
                shaken, FolderBlobs(tmp_path / "b"), emergency="noto", asset_id="near",
                signal=Signal.RED, by="山田", photos=(), lonlat=place, note="", clock=AtNoon(),
            )  # fmt: skip
        assert situation(shaken, NOTO, fiscal_year=2024).standings == ()

    @pytest.mark.parametrize(("speed", "crews"), [(10.0, 1), (30.0, 1), (30.0, 2), (60.0, 3)])
    def test_every_asset_of_the_area_is_on_one_tour_and_the_rest_is_named(
        self, shaken: Connection, speed: float, crews: int
    ) -> None:
        plan = route(
            shaken, NOTO, start_lonlat=START, fiscal_year=2024, speed_kmh=speed, crews=crews
        )
        rows = [row for tour in plan.tours for row in tour.stops]
        assert sorted(rows) == list(range(1, len(plan.stops) + 1))
        assert {stop.asset_id for stop in plan.stops} == {"near", "far"}
        assert (plan.without_position, plan.unreachable) == (("lost",), ())
        far = next(n for n, stop in enumerate(plan.stops, 1) if stop.asset_id == "far")
        (tour,) = [t for t in plan.tours if far in t.stops]
        arrival = tour.arrival_min[tour.stops.index(far)]
        straight = 0.15 * 111.2 * 0.7955 * 1.3 / speed * 60
        assert arrival >= straight * 0.99

    def test_what_is_reported_is_left_out_until_nothing_is_left(
        self, shaken: Connection, tmp_path: Path
    ) -> None:
        told(shaken, tmp_path, "near", Signal.GREEN)
        plan = route(shaken, NOTO, start_lonlat=START, fiscal_year=2024)
        assert [stop.asset_id for stop in plan.stops] == ["far"]
        told(shaken, tmp_path, "far", Signal.RED)
        with pytest.raises(BadInput, match=r"nothing is left .*2 assets have a report, 1 have no"):
            route(shaken, NOTO, start_lonlat=START, fiscal_year=2024)

    def test_the_newest_report_stands_and_closed_ones_come_first(
        self, shaken: Connection, tmp_path: Path
    ) -> None:
        told(shaken, tmp_path, "near", Signal.RED, minute=1)
        told(shaken, tmp_path, "far", Signal.RED, minute=2)
        told(shaken, tmp_path, "near", Signal.GREEN, minute=3)
        found = situation(shaken, NOTO, fiscal_year=2024)
        assert [(s.asset_id, s.report.signal) for s in found.standings] == [
            ("far", Signal.RED),
            ("near", Signal.GREEN),
        ]
        assert found.waiting == ()
        assert {s.change for s in found.standings} <= set(Change)
        assert found.cut_off is None
        with pytest.raises(NotFound):
            told(shaken, tmp_path, "ghost", Signal.RED)


class TestFolder:
    def test_a_folder_has_every_month_and_a_catalogue_that_leads_to_every_file(
        self, store: Connection, tmp_path: Path
    ) -> None:
        blobs, clock = FolderBlobs(tmp_path / "blobs"), AtNoon()
        known: dict[str, Any] = {"soundness": "II", "inspection_fiscal_year": 2026}
        sheets.save(store, [entry("A", sheet={"lon_deg": 136.6, "lat_deg": 36.6}, **known)])
        approve(store, "A", 2026, by="課長", why="x", clock=clock)
        for month in (5, 6):
            clock.moment = datetime(2026, month, 10, tzinfo=UTC)
            if month == 6:
                publish(store, "A", 2026, by="課長", why="x", clock=clock)
            freeze(store, blobs, month=None, clock=clock)
        who = Publisher(name="石川県", name_en="", uri="https://x.jp/", email="a@x.jp")
        for base in ("https://data.x.jp", "https://data.x.jp/"):
            written = write_folder(store, blobs, tmp_path / "site", publisher=who, base_url=base)
        assert sorted(written) == sorted(
            str(p.relative_to(tmp_path / "site"))
            for p in (tmp_path / "site").rglob("*")
            if p.is_file()
        )
        assert len(written) == 2 * 13 + 2
        graph = Graph().parse(tmp_path / "site" / "catalog.ttl", format="turtle")
        assert len(list(graph.subjects(RDF.type, DCAT.Dataset))) == 3
        for address in graph.objects(None, DCAT.downloadURL):
            assert str(address).removeprefix("https://data.x.jp/") in written
        plain = json.loads((tmp_path / "site" / "catalog.jsonld").read_text(encoding="utf-8"))
        boxes = ["dct:spatial" in one for one in plain["dcat:dataset"]]
        assert boxes == [True, True, False]  # in May nothing was published yet

    @pytest.mark.parametrize("base", ["", "x", "ftp://x.jp", "https://", "https://a b/"])
    def test_a_base_that_is_no_address_writes_nothing(
        self, store: Connection, tmp_path: Path, base: str
    ) -> None:
        who = Publisher(name="石川県", name_en="", uri="https://x.jp/", email="a@x.jp")
        with pytest.raises(BadInput, match="the base URL must be a web address"):
            write_folder(
                store, FolderBlobs(tmp_path / "b"), tmp_path / "s", publisher=who, base_url=base
            )
        assert not (tmp_path / "s").exists()
        with pytest.raises(NotFound, match="freeze a month with 'tenken publish snapshot'"):
            data_sets(store, lambda month, name: f"{month}/{name}")
