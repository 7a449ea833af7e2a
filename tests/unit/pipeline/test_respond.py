"""After an earthquake: who is looked at first, what is told from the spot, how things stand."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine, text

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.emergency import Area, Change, Emergency, Hazard, Signal
from inspection.domain.prioritymodel import Attribute
from inspection.errors import BadInput, Conflict, NotFound
from inspection.pipeline.detour import detour, open_network
from inspection.pipeline.respond import Told, route, situation, tell
from inspection.store import closures, emergencies, schema, sheets
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing

BEGAN = datetime(2024, 1, 1, 7, 10, tzinfo=UTC)
NOTO = Emergency(
    name="noto", hazard=Hazard.EARTHQUAKE, began_at=BEGAN,
    area=Area(lonlat=(136.9, 37.3), radius_km=50),
)  # fmt: skip
START = (136.90, 37.30)


class Clock:
    def __init__(self) -> None:
        self.moment = BEGAN

    def now(self) -> datetime:
        self.moment += timedelta(minutes=5)
        return self.moment


CLOCK = Clock()


def entry(asset_id: str, x: float | None, **attributes: Attribute) -> LedgerEntry:
    place = {} if x is None else {"lon_deg": 136.9 + x, "lat_deg": 37.3}
    return LedgerEntry(
        asset=Asset(asset_id=asset_id, name=f"橋{asset_id}", kind=AssetKind.BRIDGE,
                    attributes=attributes),
        sheet=AssetSheet(asset_id=asset_id, **place),
    )  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 't.sqlite'}"
    schema.upgrade(url)
    made = create_engine(url)
    with writing(made) as connection:
        sheets.save(
            connection,
            [
                entry("near", 0.01, soundness="I", emergency_route="none", detour_min=0.0),
                entry("first", 0.10, soundness="III", emergency_route="1", detour_min=40.0,
                      inspection_fiscal_year=2022),
                entry("second", 0.05, soundness="II", emergency_route="2", detour_min=0.0),
                entry("away", 2.0, soundness="III", emergency_route="1"),
                entry("lost", None, soundness="III"),
                entry("odd", 0.02, soundness="III", emergency_route="9"),
            ],
        )  # fmt: skip
        emergencies.begin(connection, NOTO)
    yield made
    made.dispose()


def photo(path: Path, lonlat: tuple[float, float] | None = None) -> Path:
    """Draw a photo, with a GPS position when one is given."""
    image = Image.effect_noise((640, 480), 60).convert("RGB")
    exif = Image.Exif()
    if lonlat is not None:
        gps = exif.get_ifd(0x8825)
        for key, reference, degrees in ((1, "N", lonlat[1]), (3, "E", lonlat[0])):
            gps[key] = reference
            gps[key + 1] = (int(degrees), round(degrees % 1 * 60, 6), 0.0)
    image.save(path, exif=exif)
    return path


def told(engine: Engine, tmp_path: Path, asset_id: str, signal: Signal, **more: object) -> Told:
    with writing(engine) as connection:
        return tell(
            connection, FolderBlobs(tmp_path / "blobs"),
            **{"emergency": "noto", "asset_id": asset_id, "signal": signal, "by": "山田",
               "photos": (), "lonlat": None, "note": "", "clock": CLOCK, **more},  # type: ignore[arg-type]
        )  # fmt: skip


def test_the_most_urgent_wave_comes_first_and_the_rest_is_named(engine: Engine) -> None:
    with reading(engine) as connection:
        plan = route(connection, NOTO, start_lonlat=START, fiscal_year=2024)
    order = [plan.stops[row - 1] for row in plan.tours[0].stops]
    assert [(s.asset_id, s.wave) for s in order] == [("first", 1), ("second", 2), ("near", 3)]
    assert order[0].points == sum(item.points for item in order[0].items)
    assert plan.without_position == ("lost",)
    assert list(plan.refused) == ["odd"]
    assert plan.unreachable == ()


def test_what_is_reported_needs_no_second_look(engine: Engine, tmp_path: Path) -> None:
    told(engine, tmp_path, "first", Signal.RED)
    with reading(engine) as connection:
        plan = route(connection, NOTO, start_lonlat=START, fiscal_year=2024, crews=2)
        assert {s.asset_id for s in plan.stops} == {"second", "near"}
        assert len(plan.tours) == 2
    for asset_id in ("second", "near", "odd"):
        told(engine, tmp_path, asset_id, Signal.GREEN)
    with reading(engine) as connection, pytest.raises(BadInput, match="nothing is left"):
        route(connection, NOTO, start_lonlat=START, fiscal_year=2024)


def test_a_photo_gives_the_position_and_is_kept(engine: Engine, tmp_path: Path) -> None:
    shot = photo(tmp_path / "a.jpg", (137.0, 37.3))
    found = told(engine, tmp_path, "first", Signal.YELLOW, photos=(shot,), note="段差")
    assert found.report.lonlat == pytest.approx((137.0, 37.3), abs=1e-5)
    assert found.warnings == ()
    (key,) = found.report.photos
    assert FolderBlobs(tmp_path / "blobs").read_bytes(key) == shot.read_bytes()
    with reading(engine) as connection:
        assert emergencies.reports_of(connection, "noto") == (found.report,)


def test_odd_reports_are_kept_and_told(engine: Engine, tmp_path: Path) -> None:
    bare = told(engine, tmp_path, "first", Signal.RED)
    assert [w.split(":")[0] for w in bare.warnings] == ["the report has no position",
                                                        "the report has no photo"]  # fmt: skip
    far = told(engine, tmp_path, "first", Signal.RED, lonlat=(136.0, 37.3))
    assert "km from the asset" in far.warnings[0]


def test_what_cannot_be_kept_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    broken = tmp_path / "b.jpg"
    broken.write_bytes(b"no photo")
    for change, error in (
        ({"photos": (broken,)}, BadInput),
        ({"photos": (tmp_path / "missing.jpg",)}, NotFound),
        ({"emergency": "kobe"}, NotFound),
        ({"asset_id": "ghost"}, NotFound),
        ({"by": " "}, BadInput),
    ):
        values = {"asset_id": "first", **change}
        with pytest.raises(error):
            told(engine, tmp_path, str(values.pop("asset_id")), Signal.RED, **values)
    with reading(engine) as connection:
        assert emergencies.reports_of(connection, "noto") == ()


def test_reports_are_never_changed(engine: Engine, tmp_path: Path) -> None:
    told(engine, tmp_path, "first", Signal.RED)
    for statement in (
        "UPDATE emergency_reports SET signal = 'green'",
        "DELETE FROM emergency_reports",
    ):
        with pytest.raises(Exception, match="never changed"), writing(engine) as connection:
            connection.execute(text(statement))


def test_the_newest_judgement_stands_beside_the_last_inspection(
    engine: Engine, tmp_path: Path
) -> None:
    told(engine, tmp_path, "first", Signal.GREEN)
    told(engine, tmp_path, "first", Signal.YELLOW)
    told(engine, tmp_path, "second", Signal.RED)
    with reading(engine) as connection:
        found = situation(connection, NOTO, fiscal_year=2024)
    assert [(s.asset_id, s.change) for s in found.standings] == [
        ("second", Change.WORSE), ("first", Change.AS_EXPECTED),
    ]  # fmt: skip
    assert found.standings[1].inspection_fiscal_year == 2022
    assert set(found.waiting) == {"near", "odd"}
    assert found.cut_off is None


def files(tmp_path: Path) -> tuple[Path, Path]:
    """Draw one road from west to east with a loop in its middle, and two places."""

    def line(*points: tuple[float, float]) -> dict[str, object]:
        at = [[136.9 + x, 37.3 + y] for x, y in points]
        return {"type": "Feature", "properties": {},
                "geometry": {"type": "LineString", "coordinates": at}}  # fmt: skip

    def place(name: str, x: float, people: int, hub: bool) -> dict[str, object]:
        return {"type": "Feature", "properties": {"name": name, "people": people, "hub": hub},
                "geometry": {"type": "Point", "coordinates": [136.9 + x, 37.3]}}  # fmt: skip

    roads, places = tmp_path / "r.geojson", tmp_path / "p.geojson"
    for path, features in (
        (roads, [line((-0.02, 0), (0.04, 0)), line((0.04, 0), (0.06, 0)), line((0.06, 0), (0.2, 0)),
                 line((0.04, 0), (0.05, 0.03), (0.06, 0))]),
        (places, [place("base", -0.01, 0, True), place("end", 0.19, 77, False)]),
    ):  # fmt: skip
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return roads, places


def test_with_a_network_closed_assets_are_not_driven_over(engine: Engine, tmp_path: Path) -> None:
    roads, places = files(tmp_path)
    told(engine, tmp_path, "near", Signal.RED)
    with reading(engine) as connection:
        network = open_network(connection, roads, places=places)
        plan = route(
            connection, NOTO, start_lonlat=(136.88, 37.3), fiscal_year=2024, network=network
        )
        assert set(plan.unreachable) == {"first", "second"}
        lost = situation(connection, NOTO, fiscal_year=2024, network=network).cut_off
    assert lost is not None
    assert ([p.name for p in lost.places], lost.people) == (["end"], 77)


def test_closures_are_kept_for_the_score(engine: Engine, tmp_path: Path) -> None:
    roads, places = files(tmp_path)
    with writing(engine) as connection:
        network = open_network(connection, roads, places=places)
        found = detour(connection, network, clock=CLOCK, write=False)
        assert closures.of_all(connection) == {}
        detour(connection, network, clock=CLOCK)
        kept = closures.of_all(connection)
    assert {c.asset_id: c for c in found} == kept
    assert kept["first"].people == 77
    assert not kept["second"].severs
    assert {"away", "lost"} <= set(network.roads.stray)


def test_a_network_without_assets_is_refused(engine: Engine, tmp_path: Path) -> None:
    roads, _ = files(tmp_path)
    moved = json.loads(roads.read_text())
    for feature in moved["features"]:
        for point in feature["geometry"]["coordinates"]:
            point[1] += 1
    roads.write_text(json.dumps(moved))
    with writing(engine) as connection, pytest.raises(BadInput, match="no asset lies on a road"):
        detour(connection, open_network(connection, roads), clock=CLOCK)


def test_emergencies_are_known_by_their_names(engine: Engine) -> None:
    everywhere = replace(NOTO, name="flood", hazard=Hazard.FLOOD, area=None)
    with writing(engine) as connection:
        emergencies.begin(connection, everywhere)
        assert emergencies.by_name(connection, "flood") == everywhere
        assert emergencies.by_name(connection, "noto") == NOTO
        with pytest.raises(Conflict, match="'noto' already"):
            emergencies.begin(connection, NOTO)
        with pytest.raises(NotFound, match="known: "):
            emergencies.by_name(connection, "kobe")
